package capture

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"unicode/utf8"
)

// One text in quotes, as most languages write it.
const literal = `[bu]?(?:'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|` + "`[^`]*`" + `)`

// mostPieces is the size of a text to which what is guessed here is done: each guess
// is another text to read, and a request stands in a small one.
const mostPieces = 1 << 18

// literalsJoined makes one text, as JSON writes it, of those that a program has
// printed in pieces: 'a' + 'b' as Node.js does it for long ones (with + or, in other
// languages, a dot), or two lines with a text each, as Python does it. The latter is
// done for what begins like JSON only: other lines with texts are often lists.
func literalsJoined(text string) (string, bool) {
	if len(text) > mostPieces {
		return "", false
	}
	const operated = `[ \t]*(?:\r?\n[ \t]*)?[+.&][ \t]*\\?(?:\r?\n[ \t]*)?`
	one := regexp.MustCompile(literal)
	raw := languageOf(text) == "Go" // whose texts in backticks have no escapes
	changed := text
	for _, pieces := range []string{
		literal + `(?:` + operated + literal + `)+`,
		`[bu]?(?:'(?:\{[^'\\\n]|\\.)(?:[^'\\\n]|\\.)*'|"(?:\{[^"\\\n]|\{\\.)(?:[^"\\\n]|\\.)*")(?:[ \t]*\\?\r?\n[ \t]*` + literal + `)+`,
	} {
		changed = regexp.MustCompile(pieces).ReplaceAllStringFunc(changed, func(chain string) string {
			var whole strings.Builder
			for _, piece := range one.FindAllString(chain, -1) {
				piece = strings.TrimLeft(piece, "bu")
				inside := piece[1 : len(piece)-1]
				if !raw || piece[0] != '`' {
					inside = Unescape(inside)
				}
				whole.WriteString(inside)
			}
			if !utf8.ValidString(whole.String()) {
				return chain
			}
			var out bytes.Buffer
			e := json.NewEncoder(&out)
			e.SetEscapeHTML(false)
			if e.Encode(whole.String()) != nil {
				return chain
			}
			return strings.TrimSuffix(out.String(), "\n")
		})
	}
	return changed, changed != text
}

// forPowerShell takes away the backslashes before quotes that the older PowerShell
// wants in front of what it gives to a program: it takes them off itself.
func forPowerShell(text string) (string, bool) {
	if !regexp.MustCompile("(?m)`[ \t]*\r?$|curl\\.exe\\b.*'").MatchString(text) || !beginsCommand().MatchString(text) {
		return "", false
	}
	changed := strings.NewReplacer(`\\\"`, `\"`, `\"`, `"`).Replace(text)
	return changed, changed != text
}

// uncoloured takes out how a terminal is told its colours and the title of its
// window. What shows or copies it may have written its first byte in another way,
// or dropped it: then only colours are known from a text.
func uncoloured(text string) (string, bool) {
	const (
		escape = `(?:\x1b|\^\[|␛|\\x1[bB]|\\u001[bB]|\\033|\\e)`
		ends   = `(?:\x07|\x1b\\|\^G)`
	)
	changed := regexp.MustCompile(escape+`(?:\[[0-9;?]*[A-Za-z]|\][^\x07\x1b\n]*`+ends+`|\([A-B0]|[=>])`).ReplaceAllString(text, "")
	if changed == text && len(text) <= mostPieces {
		changed = regexp.MustCompile(`\[(?:\d{1,3}(?:;\d{1,3}){0,5})?m`).ReplaceAllString(text, "")
	}
	return changed, changed != text
}
