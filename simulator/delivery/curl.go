package delivery

import (
	"encoding/base64"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// CurlOptions are what a printed command leaves out. The zero value leaves out
// nothing.
type CurlOptions struct {
	// Private are headers whose values are not printed: what the user adds may be
	// a credential.
	Private []Header
	// MaxBody is up to how many bytes of body the command holds; 0 for all.
	MaxBody int
	// Lines puts each option on a line of its own.
	Lines bool
}

// Curl is the exact request as a command for a POSIX shell that knows $'…'. Its
// signature is only good for the five minutes around its timestamp.
func (r Request) Curl(o CurlOptions) string {
	private := map[string]bool{}
	for _, h := range o.Private {
		private[strings.ToLower(h.Name)] = true
	}
	var b strings.Builder
	// No shell word can hold a NUL.
	piped := strings.ContainsRune(string(r.Body), 0)
	if piped && (o.MaxBody == 0 || len(r.Body) <= o.MaxBody) {
		fmt.Fprintf(&b, "echo %s | base64 -d | ", base64.StdEncoding.EncodeToString(r.Body))
	}
	next := " "
	if o.Lines {
		next = " \\\n  "
	}
	fmt.Fprintf(&b, "curl -X POST %s", Quote(r.URL))
	for _, h := range r.Headers {
		value := h.Value
		if private[strings.ToLower(h.Name)] {
			value = "***"
		}
		if value == "" {
			fmt.Fprintf(&b, "%s-H %s", next, Quote(h.Name+";")) // how curl sends an empty header
			continue
		}
		fmt.Fprintf(&b, "%s-H %s", next, Quote(h.Name+": "+value))
	}
	switch {
	case o.MaxBody > 0 && len(r.Body) > o.MaxBody:
		fmt.Fprintf(&b, "%s--data-binary @body # %d bytes that begin with %s", next, len(r.Body), Quote(string(r.Body[:min(60, len(r.Body))])))
	case piped:
		b.WriteString(next + "--data-binary @-")
	default:
		fmt.Fprintf(&b, "%s--data-raw %s", next, Quote(string(r.Body))) // raw: a body may begin with @
	}
	return b.String()
}

// Quote writes a shell word: as it is, in quotes, or as $'…' when it holds what
// a terminal would swallow.
func Quote(word string) string {
	plain := word != ""
	special := !utf8.ValidString(word)
	for _, r := range word {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune("-_./:=@,+%", r):
		case !unicode.IsPrint(r) || r == utf8.RuneError:
			special = true
		default:
			plain = false
		}
	}
	switch {
	case special:
		var b strings.Builder
		b.WriteString("$'")
		for i := range len(word) {
			switch c := word[i]; {
			case c == '\'' || c == '\\':
				b.WriteString(`\` + string(c))
			case c < ' ' || c >= 0x7f:
				fmt.Fprintf(&b, `\x%02x`, c)
			default:
				b.WriteByte(c)
			}
		}
		return b.String() + "'"
	case plain:
		return word
	default:
		return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
}
