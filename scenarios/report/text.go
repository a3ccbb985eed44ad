package report

import (
	"bytes"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/sentsim/sentsim/simulator/signing"
)

// shortestSecret is from how many characters on whatever follows whsec_ is
// taken for a secret: long enough to leave the words of an explanation alone.
const shortestSecret = 8

// redact replaces whatever looks like a signing secret. It works on the finished
// output, so no path into a report can lead around it.
func redact(b []byte) []byte {
	prefix := []byte(signing.SecretPrefix)
	if !bytes.Contains(b, prefix) {
		return b
	}
	var out []byte
	for {
		i := bytes.Index(b, prefix)
		if i < 0 {
			return append(out, b...)
		}
		out = append(out, b[:i+len(prefix)]...)
		b = b[i+len(prefix):]
		n := 0
		for n < len(b) && isBase64(b[n]) {
			n++
		}
		if n >= shortestSecret {
			out = append(out, "***"...)
			b = b[n:]
		}
	}
}

func isBase64(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("+/=-_", c) >= 0
}

// visible makes what a receiver sent harmless to show: control characters,
// direction marks and broken UTF-8 become escapes like \x1b, so they neither
// steer a terminal nor break XML, and what a CI runner takes for a command becomes
// text. Line feeds stay, and tabs become spaces.
func visible(s string) string { return string(muted([]byte(escaped(s)))) }

func escaped(s string) string {
	clean := true
	for _, r := range s {
		if hidden(r) || r == utf8.RuneError || r == '\t' {
			clean = false
			break
		}
	}
	if clean {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r == '\t':
			b.WriteString("    ")
		case r == '\r' && strings.HasPrefix(s[i+n:], "\n"):
			// the line ends of HTTP
		case hidden(r) && r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		case hidden(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
		i += n
	}
	return b.String()
}

func hidden(r rune) bool {
	switch {
	case r == '\n':
		return false
	case r >= 0xfdd0 && r <= 0xfdef, r&0xfffe == 0xfffe: // no characters, and illegal in XML
		return true
	}
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || unicode.Is(unicode.Bidi_Control, r)
}

// oneLine is s with line feeds and runs of spaces made one space.
func oneLine(s string) string { return strings.Join(strings.Fields(visible(s)), " ") }

// cut shortens s to width columns, the last of which is then an ellipsis, and
// ends with a whole word unless that is much shorter. A width that leaves no room
// means no limit.
func cut(s string, width int) string {
	if width <= 0 || utf8.RuneCountInString(s) <= width {
		return s
	}
	runes := []rune(s)[:width]
	kept := string(runes[:width-1])
	if i := strings.LastIndexByte(string(runes), ' '); i >= len(kept)*2/3 {
		kept = kept[:i]
	}
	return strings.TrimRight(kept, " ,;:") + "…"
}

// wrap breaks s at spaces into lines of at most width columns; a longer word
// stays whole, so that it can be copied. A width of 0 or less means one line.
func wrap(s string, width int) []string {
	words := strings.Fields(s)
	if len(words) == 0 {
		return nil
	}
	lines := []string{words[0]}
	for _, word := range words[1:] {
		last := lines[len(lines)-1]
		if width > 0 && utf8.RuneCountInString(last)+1+utf8.RuneCountInString(word) > width {
			lines = append(lines, word)
		} else {
			lines[len(lines)-1] = last + " " + word
		}
	}
	return lines
}

// short writes a duration as people say it: 340 ms, 3.2 s, 1h2m5s.
func short(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return d.Round(time.Second).String()
}

// capital is a word with its first letter as a capital.
func capital(word string) string { return strings.ToUpper(word[:1]) + word[1:] }
