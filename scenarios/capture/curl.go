package capture

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// transfer is one request that a command describes.
type transfer struct {
	Request
	data     []byte
	hasData  bool
	get      bool
	head     bool
	method   string
	nonEmpty bool
}

// command reads the words of one command.
func (p Parser) command(all []word) ([]Request, error) {
	var requests []Request
	stdin := p.stdin(&all)
	p.stdinText = stdin
	t := transfer{}
	c := cursor{words: all[1:], last: all[0].line}
	for {
		option, w, ok := c.next()
		if !ok {
			break
		}
		var err error
		if option == "--next" {
			requests, t = append(requests, t.request()), transfer{}
			continue
		}
		t.nonEmpty = true
		switch kindOf(option) {
		case unknownOption:
			err = fmt.Errorf("curl option %s is not known here; take it away if it does not matter", short(option))
		case flagOption:
		case ourFlag:
			t.head, t.get = t.head || option == "--head", t.get || option == "--get"
		case valueOption, ourValue:
			value, given := c.value()
			switch {
			case !given:
				err = fmt.Errorf("curl option %s has no value", option)
			case kindOf(option) == ourValue:
				err = p.apply(&t, option, value)
			}
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", w.line, err)
		}
	}
	if t.nonEmpty {
		requests = append(requests, t.request())
	}
	return requests, nil
}

// stdin takes what the command reads, -d @-, out of its words; nil when nothing is given.
func (p Parser) stdin(all *[]word) []byte {
	i := slices.IndexFunc(*all, func(w word) bool { return w.kind == stdinWord })
	if i < 0 {
		return nil
	}
	text := []byte((*all)[i].text)
	*all = slices.Delete(slices.Clone(*all), i, i+1)
	return text
}

// cursor walks over a command's options, with their values joined or apart.
type cursor struct {
	words   []word
	last    int    // line
	cluster string // rest of -sSXPOST
	joined  string // value of --option=value
	isJoin  bool
	plain   bool // after --
}

// next is the next option by its long name, if it has one; --url for a bare word.
func (c *cursor) next() (option string, at word, ok bool) {
	if c.cluster != "" {
		letter := c.cluster[0]
		c.cluster = c.cluster[1:]
		return curlShort(letter), word{line: c.last}, true
	}
	if len(c.words) == 0 {
		return "", word{}, false
	}
	at = c.words[0]
	c.last, c.isJoin = at.line, false
	switch text := at.text; {
	case c.plain || text == "-" || !strings.HasPrefix(text, "-"):
		return "--url", at, true // its value is the word itself
	case text == "--":
		c.plain = true
		c.words = c.words[1:]
		return c.next()
	case strings.HasPrefix(text, "--"):
		c.words = c.words[1:]
		option, c.joined, c.isJoin = strings.Cut(text, "=")
		return option, at, true
	default:
		c.words = c.words[1:]
		c.cluster = text[2:]
		return curlShort(text[1]), at, true
	}
}

// value is the value of the option that next returned.
func (c *cursor) value() (string, bool) {
	if c.cluster != "" {
		v := c.cluster
		c.cluster = ""
		return v, true
	}
	if c.isJoin {
		c.isJoin = false
		return c.joined, true
	}
	if len(c.words) == 0 {
		return "", false
	}
	w := c.words[0]
	c.words = c.words[1:]
	return w.text, true
}

// apply takes an option that says something about the request.
func (p Parser) apply(t *transfer, option, value string) error {
	switch option {
	case "--request":
		t.method = value
	case "--url":
		if value == `\` || value == "^" || value == "`" {
			return nil // the sign of a line that goes on, where the line does not end
		}
		if t.URL != "" {
			return fmt.Errorf("%s is a second URL in one command: is a quote or a backslash missing before it?", short(value))
		}
		t.URL = value
	case "--header":
		return p.header(t, value)
	case "--user-agent":
		t.Headers = append(t.Headers, Header{"User-Agent", value})
	case "--referer":
		t.Headers = append(t.Headers, Header{"Referer", value})
	case "--cookie":
		t.Headers = append(t.Headers, Header{"Cookie", value})
	case "--form", "--form-string":
		return errors.New("--form sends multipart form data, which a delivery never is; use --data-raw")
	case "--upload-file", "--config":
		return fmt.Errorf("%s reads a file that is not given here; use --data-raw", option)
	default:
		return p.addData(t, option, value)
	}
	return nil
}

// header takes "Name: value"; "Name;" is an empty one, and "Name:" takes one away.
func (p Parser) header(t *transfer, text string) error {
	if name, fromFile := strings.CutPrefix(text, "@"); fromFile {
		content, err := p.read("--header", name)
		if err != nil {
			return err
		}
		for line := range strings.Lines(string(content)) {
			if line = strings.TrimRight(line, "\r\n"); line != "" {
				if err := p.header(t, line); err != nil {
					return err
				}
			}
		}
		return nil
	}
	name, value, ok := strings.Cut(text, ":")
	if !ok {
		if name, ok = strings.CutSuffix(strings.TrimRight(text, " \t"), ";"); !ok {
			return fmt.Errorf("header %s has no colon after its name", short(text))
		}
		value = ""
	} else if strings.TrimSpace(value) == "" {
		return nil
	}
	if !isToken(name) {
		return fmt.Errorf("%s cannot be the name of a header", short(name))
	}
	if strings.ContainsAny(strings.TrimRight(value, "\r\n"), "\r\n") {
		return fmt.Errorf("the value of header %s has a line break in it: is a quote missing?", name)
	}
	t.Headers = append(t.Headers, Header{name, strings.Trim(value, " \t\r\n")})
	return nil
}

// addData takes one of the options that make the body. Several are joined with
// &, those of --json with nothing.
func (p Parser) addData(t *transfer, option, value string) error {
	data := []byte(value)
	name, fromFile := strings.CutPrefix(value, "@")
	switch {
	case option == "--data-urlencode":
		encoded, err := p.urlencode(value)
		if err != nil {
			return err
		}
		data = encoded
	case fromFile && option != "--data-raw":
		content, err := p.read(option, name)
		if err != nil {
			t.Lost = fmt.Sprintf("the command takes its body from @%s, and the body is not in the capture (%v)", name, err)
			t.Remedy = "Run explain in the folder where that file is, or put its content into the command: --data-raw '...'."
			t.hasData = true
			return nil
		}
		data = content
		if option == "--data" || option == "--data-ascii" { // as curl does; --data-binary keeps them
			data = []byte(strings.NewReplacer("\r", "", "\n", "", "\x00", "").Replace(string(content)))
		}
	}
	if t.hasData && option != "--json" {
		t.data = append(t.data, '&')
	}
	if option == "--json" && !t.hasData {
		if t.Get("Content-Type") == "" {
			t.Headers = append(t.Headers, Header{"Content-Type", "application/json"})
		}
		if t.Get("Accept") == "" {
			t.Headers = append(t.Headers, Header{"Accept", "application/json"})
		}
	}
	t.data, t.hasData = append(t.data, data...), true
	return nil
}

// urlencode is --data-urlencode: content, =content, name=content, @file, name@file.
func (p Parser) urlencode(value string) ([]byte, error) {
	at := strings.IndexAny(value, "=@")
	if at < 0 {
		return []byte(escapeURL(value)), nil
	}
	name, content := value[:at], value[at+1:]
	if value[at] == '@' {
		read, err := p.read("--data-urlencode", content)
		if err != nil {
			return nil, err
		}
		content = string(read)
	}
	if name != "" {
		name += "="
	}
	return []byte(name + escapeURL(content)), nil
}

func escapeURL(text string) string {
	const hex = "0123456789ABCDEF"
	var out strings.Builder
	for i := range len(text) {
		c := text[i]
		if isLetter(c) || c >= '0' && c <= '9' || strings.IndexByte("-._~", c) >= 0 {
			out.WriteByte(c)
			continue
		}
		out.Write([]byte{'%', hex[c>>4], hex[c&15]})
	}
	return out.String()
}

// read reads a file that the command names, if that is allowed.
func (p Parser) read(option, name string) ([]byte, error) {
	if name == "-" && p.stdinText != nil {
		return p.stdinText, nil
	}
	if p.ReadFile == nil {
		return nil, fmt.Errorf("%s @%s names a file, which is not read here; put its content into the command (--data-raw '...')", option, name)
	}
	content, err := p.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("%s @%s: %w", option, name, err)
	}
	return content, nil
}

// request is what curl would send.
func (t *transfer) request() Request {
	r := t.Request
	r.Method = "GET"
	switch {
	case t.get:
		if len(t.data) > 0 {
			separator := "?"
			if strings.Contains(r.URL, "?") {
				separator = "&"
			}
			r.URL += separator + string(t.data)
		}
	case t.hasData:
		r.Method, r.Body = "POST", t.data
	default:
		r.Lost, r.Remedy = "the command has no --data: the body is not in it", "Copy the request together with its body (--data-raw '...')."
	}
	if t.head {
		r.Method = "HEAD"
	}
	if t.method != "" {
		r.Method = t.method
	}
	return r
}
