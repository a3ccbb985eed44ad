package capture

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

// programs are the clients whose commands are understood, as a command begins:
// after a prompt, sudo and the like, and assignments.
const programs = `(?:(?:sudo|time|env|exec|nohup|command|doas|timeout|proxychains4?)[ \t]+(?:-\S+[ \t]+)*(?:\d+s?[ \t]+)?)*(?:[A-Za-z_]\w*=\S*[ \t]+)*["']?(?:[^\s"']*[/\\])?(?:(?:curl|wget|curlie)(?:\.exe)?["']?(?:[ \t\\^` + "`" + `]|\r?$)|(?:https?|xhs?)[ \t]+(?:-|POST|PUT|post|put|:|\S+[./]))`

// beginsCommand finds the beginning of a line that calls a client.
func beginsCommand() *regexp.Regexp {
	return regexp.MustCompile(`(?m)(?:^[ \t]*(?:[^\n{}]{0,100}?[$%#>❯➜»λ›][ \t]*|[^\n'"{}]{0,100}?[ \t])?|\|[ \t]*)(` + programs + `)`)
}

// prompts are what a shell prints before a command; only those before a word
// that begins one are taken off.
func prompts() *regexp.Regexp {
	return regexp.MustCompile(`(?m)^[ \t]*(?:[^\n'"{}=]{0,100}?[$%#>❯➜»λ›✗][ \t]*|\d{1,5}[ \t]+)(` + programs + `|[A-Za-z_]\w*=|export |cat |echo |printf )`)
}

// parseShell reads the commands of a POSIX shell: one, a script, or what was on
// the screen, with prompts and output.
func (p Parser) parseShell(text string, line int) ([]Request, error) {
	text = prompts().ReplaceAllString(text, "$1")
	start := beginsCommand().FindStringSubmatchIndex(text)
	if start == nil {
		return nil, fmt.Errorf("%w: line %d: there is no command", ErrNothing, line)
	}
	if before := regexp.MustCompile(`(?m)^[ \t]*(?:export |cat |echo |printf |read |[A-Za-z_]\w*=)`).FindStringIndex(text[:start[1]]); before != nil && before[0] < start[2] {
		if requests, err := p.script(text[before[0]:], line+strings.Count(text[:before[0]], "\n")); err == nil {
			return requests, nil
		}
	}
	return p.script(text[start[2]:], line+strings.Count(text[:start[2]], "\n"))
}

// script carries out what can be carried out of a script: assignments, files
// that are written, commands of clients.
func (p Parser) script(text string, line int) ([]Request, error) {
	sh := &script{parser: p, files: map[string][]byte{}}
	s := &scanner{src: text, line: line, vars: map[string]string{}, readFile: sh.readFile}
	for {
		words, err := s.command()
		if errors.Is(err, io.EOF) || err != nil && len(sh.calls) > 0 && len(sh.calls[len(sh.calls)-1]) > 2 {
			break // what follows a command is what it printed
		}
		if err != nil {
			return nil, err
		}
		if !sh.run(words, s) {
			break
		}
	}
	requests, err := sh.requests()
	if err != nil {
		return nil, err
	}
	if len(requests) == 0 {
		return nil, fmt.Errorf("%w: line %d: curl is called with nothing", ErrNothing, line)
	}
	notes := s.notes
	if regexp.MustCompile(`\\[ \t]+\r?\n`).MatchString(text) {
		notes = append(notes, "blanks behind the backslash at the end of a line were taken off")
	}
	if sh.joined {
		notes = append(notes, "a line that begins with an option was joined to the command before it: its backslash is missing")
	}
	for i := range requests {
		requests[i].Notes = append(requests[i].Notes, notes...)
	}
	return requests, nil
}

// script is what a script has done so far.
type script struct {
	parser Parser
	files  map[string][]byte // that it wrote
	calls  [][]word          // of clients, each with its standard input as a stdinWord
	joined bool
}

func (sh *script) readFile(name string) ([]byte, error) {
	if content, ok := sh.files[name]; ok {
		return content, nil
	}
	if sh.parser.ReadFile == nil {
		return nil, errors.New("it is not read here; put its content into the command (--data-raw '...')")
	}
	return sh.parser.ReadFile(name)
}

// run takes one pipeline; false when it is no command any more.
func (sh *script) run(words []word, s *scanner) bool {
	var stdin *word
	for segment := range splitWords(words) {
		var plain []word
		var file string
		for _, w := range segment {
			switch w.kind {
			case stdinWord:
				stdin = &w
			case fileWord:
				file = w.text
			case plainWord:
				plain = append(plain, w)
			case endWord, pipeWord:
			}
		}
		plain = assign(plain, s.vars)
		if len(plain) == 0 {
			continue
		}
		name := programOf(plain)
		switch {
		case clientNames(name):
			if stdin != nil {
				plain = append(plain, *stdin)
			}
			sh.calls = append(sh.calls, plain)
			return true
		case strings.HasPrefix(plain[0].text, "-") && len(sh.calls) > 0:
			last := len(sh.calls) - 1
			sh.calls[last] = append(sh.calls[last], plain...)
			sh.joined = true
			return true
		case name == "echo" || name == "printf" || name == "cat" || name == "export" || name == "set":
			out := sh.printed(name, plain[1:], stdin, s.vars)
			stdin = &word{text: out, line: plain[0].line, kind: stdinWord}
			if file != "" {
				sh.files[file] = []byte(out)
			}
		case name == "read" && stdin != nil:
			s.vars[plain[len(plain)-1].text] = strings.TrimRight(stdin.text, "\n")
		case len(sh.calls) > 0:
			return false
		default:
			stdin = nil
		}
	}
	return true
}

// printed is what echo, printf or cat prints.
func (sh *script) printed(name string, args []word, stdin *word, vars map[string]string) string {
	var texts []string
	newline := name == "echo"
	for _, a := range args {
		switch {
		case name == "export":
			if key, value, ok := strings.Cut(a.text, "="); ok {
				vars[key] = value
			}
		case name == "echo" && (a.text == "-n" || a.text == "-ne" || a.text == "-en"):
			newline = false
		case strings.HasPrefix(a.text, "-") && len(a.text) <= 3:
		case name == "printf" && (a.text == "%s" || a.text == `%s\n` || a.text == "%b"):
		case name == "cat":
			if content, err := sh.readFile(a.text); err == nil {
				texts = append(texts, string(content))
			}
		default:
			texts = append(texts, a.text)
		}
	}
	if name == "cat" && len(texts) == 0 && stdin != nil {
		return stdin.text
	}
	out := strings.Join(texts, " ")
	if newline {
		out += "\n"
	}
	return out
}

// splitWords are the commands of a pipeline.
func splitWords(words []word) func(yield func([]word) bool) {
	return func(yield func([]word) bool) {
		for {
			i := slices.IndexFunc(words, func(w word) bool { return w.kind == pipeWord })
			if i < 0 {
				yield(words)
				return
			}
			if !yield(words[:i]) {
				return
			}
			words = words[i+1:]
		}
	}
}

// assign carries out the assignments before a command, and passes over what
// runs it: sudo, env, time.
func assign(words []word, vars map[string]string) []word {
	name := regexp.MustCompile(`^[A-Za-z_]\w*=`)
	runner := false
	for len(words) > 0 {
		text := words[0].text
		switch {
		case name.MatchString(text):
			key, value, _ := strings.Cut(text, "=")
			vars[key] = value
		case slices.Contains([]string{"sudo", "time", "env", "exec", "nohup", "command", "doas", "timeout", "proxychains", "proxychains4", "$", "%", "#", ">"}, text):
			runner = true
		case runner && !clientNames(programOf(words)) && slices.ContainsFunc(words[1:], func(w word) bool { return clientNames(programOf([]word{w})) }):
		default:
			return words
		}
		words = words[1:]
	}
	return nil
}

func programOf(words []word) string {
	name := strings.ToLower(words[0].text)
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	if strings.HasSuffix(name, "curl.exe") { // a path of Windows without its backslashes
		return "curl"
	}
	return strings.TrimSuffix(name, ".exe")
}

func clientNames(name string) bool {
	return slices.Contains([]string{"curl", "curlie", "wget", "http", "https", "xh", "xhs"}, name)
}

// requests are what the commands send.
func (sh *script) requests() ([]Request, error) {
	var all []Request
	p := Parser{ReadFile: sh.readFile}
	for _, words := range sh.calls {
		var made []Request
		var err error
		switch programOf(words) {
		case "curl", "curlie":
			made, err = p.command(words)
		case "wget":
			made, err = p.wget(words[1:])
		default:
			made = p.httpie(words[1:])
		}
		if err != nil {
			return nil, err
		}
		all = append(all, made...)
	}
	return all, nil
}

// wget reads a command of GNU Wget.
func (p Parser) wget(words []word) ([]Request, error) {
	t := transfer{Request: Request{}}
	for i := 0; i < len(words); i++ {
		option, value, joined := strings.Cut(words[i].text, "=")
		if !joined && i+1 < len(words) {
			value = words[i+1].text
		}
		var err error
		taken := true
		switch option {
		case "--header":
			err = p.header(&t, value)
		case "--post-data", "--body-data":
			t.data, t.hasData = []byte(value), true
		case "--post-file", "--body-file":
			err = p.addData(&t, "--data-binary", "@"+value)
		case "--method":
			t.method = value
		default:
			taken = false
			if strings.Contains(words[i].text, "://") {
				t.URL = words[i].text
			}
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", words[i].line, err)
		}
		if taken && !joined {
			i++
		}
	}
	r := t.request()
	if !t.hasData {
		r.Lost, r.Remedy = "the command has no --post-data: the body is not in it", "Copy the request together with its body."
	}
	return []Request{r}, nil
}

// httpie reads a command of HTTPie or xh: METHOD URL Name:value name=value.
func (p Parser) httpie(words []word) []Request {
	r := Request{Method: "POST"}
	var fields []string
	lost := true
	for i := 0; i < len(words); i++ {
		w := words[i]
		text := w.text
		option, value, joined := strings.Cut(text, "=")
		item := regexp.MustCompile(`^([A-Za-z0-9_-]+)(:=|==|=|:)`).FindStringSubmatch(text)
		switch {
		case w.kind == stdinWord:
			r.Body, lost = []byte(text), false
		case option == "--raw":
			if !joined && i+1 < len(words) {
				i++
				value = words[i].text
			}
			r.Body, lost = []byte(value), false
		case strings.HasPrefix(text, "-"):
		case regexp.MustCompile(`(?i)^(?:GET|POST|PUT|PATCH|DELETE)$`).MatchString(text) && r.URL == "":
			r.Method = strings.ToUpper(text)
		case r.URL == "":
			r.URL = text
		case item != nil && item[2] == ":":
			r.Headers = append(r.Headers, Header{item[1], strings.TrimSpace(text[len(item[0]):])})
		case item != nil && item[2] != "==":
			content := []byte(text[len(item[0]):])
			if item[2] == "=" {
				content, _ = json.Marshal(string(content))
			}
			fields = append(fields, fmt.Sprintf("%q:%s", item[1], content))
		}
	}
	if len(fields) > 0 && lost {
		r.Body, lost, r.Parsed = []byte("{"+strings.Join(fields, ",")+"}"), false, true
	}
	if lost {
		r.Lost, r.Remedy = "the command has no body (--raw, or a text piped into it)", "Copy the request together with its body."
	}
	return []Request{r}
}
