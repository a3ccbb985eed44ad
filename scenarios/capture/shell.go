package capture

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// word is one word of a command line, after quotes were resolved.
type word struct {
	text string
	line int
	end  bool // no word: the command ends here (line break, ; & |)
}

// scanner splits a POSIX or bash command line into words. It expands nothing:
// what a shell would replace is an error.
type scanner struct {
	src  string
	pos  int
	line int
}

func (s *scanner) errorf(line int, format string, args ...any) error {
	return fmt.Errorf("line %d: %s", line, fmt.Sprintf(format, args...))
}

// words are all words of src, each command followed by an end.
func words(src string, line int) ([]word, error) {
	s := scanner{src: src, line: line}
	var all []word
	for {
		s.skipBlank()
		if s.pos == len(s.src) {
			return append(all, word{line: s.line, end: true}), nil
		}
		switch c := s.src[s.pos]; c {
		case '\n', ';', '&':
			all = append(all, word{line: s.line, end: true})
			s.next()
		case '|', '>', '<': // what is done with the output is of no interest
			all = append(all, word{line: s.line, end: true})
			s.skipLine()
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
			all = append(all, w)
		}
	}
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

// continued is the length of the backslash and line end that rest begins with, or 0.
func continued(rest string) int {
	for _, end := range []string{"\\\n", "\\\r\n"} {
		if strings.HasPrefix(rest, end) {
			return len(end)
		}
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
			err = s.expansion(rest)
			out = append(out, s.next())
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

// expansion is an error if a shell would replace what rest begins with.
func (s *scanner) expansion(rest string) error {
	switch {
	case rest[0] == '`':
		return s.errorf(s.line, "a backtick outside single quotes runs a command in a shell (or, in PowerShell, continues a line); put the text itself there")
	case len(rest) > 1 && (isLetter(rest[1]) || strings.IndexByte("({_0123456789$#?!@*-", rest[1]) >= 0):
		return s.errorf(s.line, "%s outside single quotes is for a shell to replace; put its value there", short(upTo(rest, " \t\r\n\"'\\")))
	}
	return nil
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
			if err := s.expansion(rest); err != nil {
				return nil, err
			}
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
