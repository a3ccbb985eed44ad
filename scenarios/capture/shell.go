package capture

import (
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// word is one word of a command line, after quotes were resolved, or what
// stands between commands.
type word struct {
	text string
	line int
	kind wordKind
}

type wordKind int

const (
	plainWord wordKind = iota
	endWord            // the command ends here: line break, ; &
	pipeWord           // |: what the command prints goes into the next
	stdinWord          // text is what the command reads: of <<EOF, <<< or < FILE
	fileWord           // text is the name of the file that it writes
)

// scanner splits a POSIX or bash command line into words. It expands the
// variables that the same text sets, and nothing else: what a shell would
// replace besides is an error.
type scanner struct {
	src      string
	pos      int
	line     int
	vars     map[string]string
	readFile func(name string) ([]byte, error)
	heredocs []heredoc // their texts begin on the next line
	out      []word
	notes    []string
}

// heredoc is a text that is announced, <<EOF, and where it belongs in the words.
type heredoc struct {
	end    string
	at     int // index of its word
	indent bool
	quoted bool
}

func (s *scanner) errorf(line int, format string, args ...any) error {
	return fmt.Errorf("line %d: %s", line, fmt.Sprintf(format, args...))
}

// command reads the words of the next simple command and of those it is piped
// from; io.EOF when there is none.
func (s *scanner) command() ([]word, error) {
	s.out = nil
	for {
		s.skipBlank()
		if s.pos == len(s.src) {
			if len(s.out) == 0 {
				return nil, io.EOF
			}
			return s.out, nil
		}
		switch c := s.src[s.pos]; c {
		case '\n', ';', '&':
			s.next()
			if c == '\n' {
				s.readHeredocs()
			}
			if len(s.out) > 0 && c == '\n' && s.out[len(s.out)-1].kind == pipeWord {
				continue
			}
			if len(s.out) > 0 {
				if len(s.heredocs) > 0 {
					s.skipLine()
					continue
				}
				return s.out, nil
			}
		case '|':
			s.next()
			s.out = append(s.out, word{line: s.line, kind: pipeWord})
		case '>': // where the output goes is of no interest, but for a file that is read later
			for s.pos < len(s.src) && strings.IndexByte(">&| ", s.src[s.pos]) >= 0 {
				s.next()
			}
			w, err := s.word()
			if err != nil {
				return nil, err
			}
			s.out = append(s.out, word{text: w.text, line: w.line, kind: fileWord})
		case '<':
			if err := s.stdin(); err != nil {
				return nil, err
			}
		case '#':
			s.skipLine()
		default:
			w, err := s.word()
			if err != nil {
				return nil, err
			}
			if rest := s.src[s.pos:]; isNumber(w.text) && strings.HasPrefix(rest, ">") {
				continue // 2>&1: the number belongs to the redirection
			}
			s.out = append(s.out, w)
		}
	}
}

// stdin reads <<EOF, <<< 'text' or < FILE.
func (s *scanner) stdin() error {
	line := s.line
	rest := s.src[s.pos:]
	here, isHere := strings.CutPrefix(rest, "<<")
	isString := strings.HasPrefix(here, "<")
	switch {
	case isString:
		s.pos += 3
	case isHere:
		s.pos += 2
	default:
		s.pos++
	}
	doc := heredoc{at: len(s.out)}
	if isHere && !isString && strings.HasPrefix(s.src[s.pos:], "-") {
		s.pos++
		doc.indent = true
	}
	s.skipBlank()
	doc.quoted = s.pos < len(s.src) && strings.IndexByte("'\"\\", s.src[s.pos]) >= 0
	w, err := s.word()
	switch {
	case err != nil:
		return err
	case isString:
		w.text += "\n"
	case isHere:
		doc.end = w.text
		s.heredocs = append(s.heredocs, doc)
	default:
		if s.readFile == nil {
			return s.errorf(line, "< %s names a file, which is not read here; put its content into the command", w.text)
		}
		content, err := s.readFile(w.text)
		if err != nil {
			return s.errorf(line, "< %s: %v", w.text, err)
		}
		w.text = string(content)
	}
	s.out = append(s.out, word{text: w.text, line: line, kind: stdinWord})
	return nil
}

// readHeredocs reads the texts that were announced on the line before.
func (s *scanner) readHeredocs() {
	for _, doc := range s.heredocs {
		var text strings.Builder
		for s.pos < len(s.src) {
			l := string(firstLine([]byte(s.src[s.pos:])))
			s.pos += len(l)
			s.line++
			if doc.indent {
				l = strings.TrimLeft(l, "\t")
			}
			if strings.TrimSpace(l) == doc.end {
				break
			}
			text.WriteString(l)
		}
		content := text.String()
		if !doc.quoted {
			content = unquotedHeredoc().Replace(content)
		}
		if doc.at < len(s.out) {
			s.out[doc.at].text = content
		}
	}
	s.heredocs = nil
}

// unquotedHeredoc undoes the escapes of a text behind <<EOF.
func unquotedHeredoc() *strings.Replacer {
	return strings.NewReplacer("\\\\", "\\", "\\$", "$", "\\`", "`", "\\\n", "")
}

func isNumber(text string) bool { return len(text) == 1 && text[0] >= '0' && text[0] <= '9' }

// next takes one byte.
func (s *scanner) next() byte {
	c := s.src[s.pos]
	s.pos++
	if c == '\n' {
		s.line++
	}
	return c
}

// skipBlank passes over blanks and continued lines.
func (s *scanner) skipBlank() {
	for s.pos < len(s.src) {
		switch rest := s.src[s.pos:]; {
		case rest[0] == ' ' || rest[0] == '\t' || rest[0] == '\r':
			s.pos++
		case continued(rest) > 0:
			s.pos += continued(rest)
			s.line++
		default:
			return
		}
	}
}

// continued is the length of the backslash and line end that rest begins with,
// or 0. Blanks between the two are what copying leaves there.
func continued(rest string) int {
	if rest == "" || rest[0] != '\\' {
		return 0
	}
	end := strings.TrimLeft(rest[1:], " \t\r")
	if strings.HasPrefix(end, "\n") {
		return len(rest) - len(end) + 1
	}
	return 0
}

// skipLine passes over the rest of a line, and of those that continue it.
func (s *scanner) skipLine() {
	for s.pos < len(s.src) && s.src[s.pos] != '\n' {
		if n := continued(s.src[s.pos:]); n > 0 {
			s.pos += n
			s.line++
			continue
		}
		s.pos++
	}
}

// word reads one word, of any mixture of quoted and bare parts.
func (s *scanner) word() (word, error) {
	w := word{line: s.line}
	var out []byte
	for s.pos < len(s.src) {
		var err error
		switch rest := s.src[s.pos:]; {
		case strings.IndexByte(" \t\r\n;&|<>", rest[0]) >= 0:
			w.text = string(out)
			return w, nil
		case rest[0] == '\'':
			out, err = s.single(out)
		case rest[0] == '"':
			out, err = s.double(out)
		case strings.HasPrefix(rest, "$'"):
			out, err = s.dollar(out)
		case strings.HasPrefix(rest, `$"`):
			s.pos++
		case rest[0] == '^' && (len(rest) == 1 || strings.IndexByte("\"\n\r", rest[1]) >= 0):
			err = s.errorf(s.line, "this command is written for Windows' cmd (^ before quotes or line ends); copy it as cURL (bash)")
		case rest[0] == '$' || rest[0] == '`':
			out = s.expand(out, rest)
		case continued(rest) > 0:
			s.pos += continued(rest)
			s.line++
		case rest == `\`:
			return w, s.errorf(s.line, "the command ends with a backslash: is its next line missing?")
		case rest[0] == '\\':
			s.next()
			out = append(out, s.next())
		default:
			out = append(out, s.next())
		}
		if err != nil {
			return w, err
		}
	}
	w.text = string(out)
	return w, nil
}

// expand appends the value of the variable that rest begins with, or the
// character itself where a shell would replace nothing.
func (s *scanner) expand(out []byte, rest string) []byte {
	if m := variable().FindStringSubmatch(rest); m != nil {
		name := m[1] + m[2]
		if value, ok := s.vars[name]; ok {
			s.pos += len(m[0])
			return append(out, value...)
		}
	}
	// $(cat <<'EOF' …): the command's substitution is the text.
	if m := regexp.MustCompile(`^\$\(\s*cat\s*<<-?\s*(['"\\]?)(\w+)['"]?[ \t]*\r?\n`).FindStringSubmatch(rest); m != nil {
		if end := regexp.MustCompile(`\r?\n[ \t]*` + m[2] + `\s*\)`).FindStringIndex(rest[len(m[0])-1:]); end != nil {
			text := rest[len(m[0])-1:][:end[0]]
			s.line += strings.Count(rest[:len(m[0])-1+end[1]], "\n")
			s.pos += len(m[0]) - 1 + end[1]
			text = strings.TrimPrefix(text, "\n")
			if m[1] == "" {
				text = unquotedHeredoc().Replace(text)
			}
			return append(out, text...)
		}
	}
	if rest[0] == '`' || len(rest) > 1 && (isLetter(rest[1]) || strings.IndexByte("({_0123456789$#?!@*-", rest[1]) >= 0) {
		what := upTo(rest, " \t\r\n\"'\\")
		s.notes = append(s.notes, fmt.Sprintf("line %d: %s stands outside single quotes, where a shell would replace it; it was kept as it is", s.line, short(what)))
	}
	return append(out, s.next())
}

func variable() *regexp.Regexp {
	return regexp.MustCompile(`^\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)\})`)
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

// upTo is text before the first of stops.
func upTo(text, stops string) string {
	if i := strings.IndexAny(text, stops); i > 0 {
		return text[:i]
	}
	return text
}

// single reads '...': nothing is special in it.
func (s *scanner) single(out []byte) ([]byte, error) {
	line := s.line
	s.next()
	for s.pos < len(s.src) {
		c := s.next()
		if c == '\'' {
			return out, nil
		}
		out = append(out, c)
	}
	return nil, s.errorf(line, "a single quote (') is opened and never closed")
}

// double reads "...": a backslash works before \ " $ ` and a line's end only.
func (s *scanner) double(out []byte) ([]byte, error) {
	line := s.line
	s.next()
	for s.pos < len(s.src) {
		rest := s.src[s.pos:]
		if rest[0] == '$' || rest[0] == '`' {
			out = s.expand(out, rest)
			continue
		}
		if n := continued(rest); n > 0 {
			s.pos += n
			s.line++
			continue
		}
		c := s.next()
		switch {
		case c == '"':
			return out, nil
		case c == '\\' && len(rest) > 1 && strings.IndexByte("\\\"$`", rest[1]) >= 0:
			out = append(out, s.next())
		default:
			out = append(out, c)
		}
	}
	return nil, s.errorf(line, "a double quote (\") is opened and never closed")
}

// dollar reads $'...', bash's quotes with the escapes of C.
func (s *scanner) dollar(out []byte) ([]byte, error) {
	line := s.line
	s.pos += 2
	for s.pos < len(s.src) {
		c := s.next()
		switch {
		case c == '\'':
			return out, nil
		case c == '\\' && s.pos < len(s.src):
			out = s.escape(out)
		default:
			out = append(out, c)
		}
	}
	return nil, s.errorf(line, "$' is opened and never closed")
}

// escape reads what follows a backslash within $'...'.
func (s *scanner) escape(out []byte) []byte {
	c := s.next()
	const names, values = `abefnrtvE`, "\a\b\x1b\f\n\r\t\v\x1b"
	if i := strings.IndexByte(names, c); i >= 0 {
		return append(out, values[i])
	}
	switch {
	case c == 'x':
		if n, ok := s.digits(16, 2); ok {
			return append(out, byte(n))
		}
	case c == 'u':
		if n, ok := s.digits(16, 4); ok {
			return utf8.AppendRune(out, s.lowSurrogate(rune(n)))
		}
	case c == 'U':
		if n, ok := s.digits(16, 8); ok {
			return utf8.AppendRune(out, rune(min(n, utf8.MaxRune+1)))
		}
	case c >= '0' && c <= '7':
		s.pos--
		n, _ := s.digits(8, 3)
		return append(out, byte(n))
	case strings.IndexByte(`\'"?`, c) >= 0:
		return append(out, c)
	}
	return append(out, '\\', c) // bash keeps what it does not know
}

// digits reads up to most digits.
func (s *scanner) digits(base, most int) (uint64, bool) {
	n := 0
	for n < most && s.pos+n < len(s.src) {
		if _, err := strconv.ParseUint(s.src[s.pos+n:s.pos+n+1], base, 8); err != nil {
			break
		}
		n++
	}
	v, err := strconv.ParseUint(s.src[s.pos:s.pos+n], base, 64)
	s.pos += n
	return v, err == nil
}

// lowSurrogate joins r with the \uXXXX that follows, if the two are one
// character: that is how Firefox writes emoji.
func (s *scanner) lowSurrogate(r rune) rune {
	if !utf16.IsSurrogate(r) || !strings.HasPrefix(s.src[s.pos:], `\u`) {
		return r
	}
	back := s.pos
	s.pos += 2
	n, _ := s.digits(16, 4)
	if both := utf16.DecodeRune(r, rune(n)); both != utf8.RuneError {
		return both
	}
	s.pos = back
	return r
}
