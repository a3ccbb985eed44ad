package explain

import (
	"bytes"
	"fmt"
	"io"
	"net/http/httputil"
	"regexp"
	"strings"

	"github.com/sentsim/sentsim/scenarios/capture"
)

// Compiled once: they are asked for every body that is tried.
var (
	chunkSize  = regexp.MustCompile(`^\s*[0-9A-Fa-f]{1,8}[^\n{"]*\n`)
	wrapped    = regexp.MustCompile(`\\?\r?\n[ \t]*`)
	blankBreak = regexp.MustCompile(`[ \t]*\r?\n[ \t]*`)
	quoteMarks = regexp.MustCompile(`(?m)^(?:> ?)+`)
)

// matching makes an undo of an expression: what its first group holds, in a body
// that has the text must in it.
func matching(must, pattern string) func(capture.Request, []byte) [][]byte {
	expression := regexp.MustCompile(pattern)
	return func(_ capture.Request, body []byte) [][]byte {
		if !bytes.Contains(body, []byte(must)) {
			return nil
		}
		if m := expression.FindSubmatch(body); m != nil && len(m[1]) > 0 && len(m[1]) < len(body) {
			return [][]byte{m[1]}
		}
		return nil
	}
}

// framing are the steps that find where the body begins and ends in what was
// captured. They are the capture's doing.
func framing() []step {
	note := func(cause, said string) change { return change{cause: cause, said: said, note: true} }
	return []step{
		{note("body-longer", "what follows the bytes that Content-Length says is not part of the body (an editor's line break, the answer, another request); it was left out"), true, func(r capture.Request, body []byte) [][]byte {
			if n := declared(r); n > 0 && n < len(body) {
				return [][]byte{body[:n]}
			}
			return nil
		}},
		{note("body-continue", "100 Continue, which the other side sent before the body, was left out"), true, matching("HTTP/", `(?s)^\s*HTTP/[0-9.]+ 1\d\d[^\n]*\n(?:[^\n]+\n)*?\r?\n(.*)$`)},
		{note("body-answer", "the answer behind the body was left out"), true, matching("HTTP/", `(?s)^(.*?)\r?\n*(?:\r?\n|[}\]"])?HTTP/[0-9.]+ [1-5]\d\d\b`)},
		{note("body-answer", "the answer behind the body was left out"), true, matching("HTTP/", `(?s)^(.*?)\s*\n?(?:< )?HTTP/[0-9.]+ [1-5]\d\d\b`)},
		{note("body-answer", "the answer behind the body was left out"), true, matching("HTTP/", `(?s)^(.*?})\s*HTTP/[0-9.]+ [1-5]\d\d\b`)},
		{note("body-next-request", "the request behind the body was left out"), true, matching("HTTP/", `(?s)^(.*?)\s*(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) \S+ HTTP/[0-9.]+\r?\n`)},
		{note("body-separator", "the separator behind the body (### or ---) was left out"), true, matching("\n", `(?s)^(.*?)\r?\n+(?:#{3}|-{3}|={3}|\* |< )`)},
		{note("body-chunked", "the body's chunks (Transfer-Encoding: chunked) were put together"), true, unchunked},
		{note("body-nul", "NUL bytes around the body were left out"), true, func(_ capture.Request, body []byte) [][]byte {
			return [][]byte{bytes.Trim(body, "\x00")}
		}},
		{note("body-behind", "what stands behind the JSON was left out"), false, func(_ capture.Request, body []byte) [][]byte {
			depth := 0
			for i, c := range body {
				switch c {
				case '{':
					depth++
				case '}':
					// A line break alone is a change of its own.
					if depth--; depth == 0 && len(bytes.TrimSpace(body[i+1:])) > 0 {
						return [][]byte{body[:i+1]}
					}
				}
			}
			return nil
		}},
	}
}

// surroundings is the step that finds the JSON in what stands around it.
func surroundings() step {
	return step{change{cause: "body-around", said: "what stands around the JSON was left out", note: true}, false, matching("{", `(?s)^[^{]*(\{.*\})[^}]*$`)}
}

// unchunked takes the framing of chunks away, also where an editor made LF of
// the line ends.
func unchunked(_ capture.Request, body []byte) [][]byte {
	if !chunkSize.Match(body) {
		return nil
	}
	for _, form := range [][]byte{body, bytes.TrimLeft(body, "\r\n")} {
		plain, err := io.ReadAll(httputil.NewChunkedReader(bytes.NewReader(form)))
		if err == nil && len(plain) > 0 {
			return [][]byte{plain}
		}
	}
	var out []byte
	rest := string(bytes.TrimLeft(body, "\r\n"))
	for rest != "" {
		head, tail, ok := strings.Cut(rest, "\n")
		var n int
		if _, err := fmt.Sscanf(strings.TrimSpace(head), "%x", &n); err != nil || !ok || n < 0 || n > len(tail) {
			return nil
		}
		if n == 0 {
			return [][]byte{out}
		}
		out = append(out, tail[:n]...)
		rest = strings.TrimPrefix(strings.TrimPrefix(tail[n:], "\r"), "\n")
	}
	return nil
}

// characters are the steps that undo what editors, mail programs and terminals
// do to characters. They are the capture's doing.
func characters() []step {
	note := func(cause, said string, change1 func(string) string) step {
		return step{change{cause: cause, said: said, note: true}, false, func(_ capture.Request, body []byte) [][]byte {
			if changed := change1(string(body)); changed != string(body) {
				return [][]byte{[]byte(changed)}
			}
			return nil
		}}
	}
	return []step{
		note("body-wrapped-lines", "the line breaks of wrapped lines were taken out of the body", func(s string) string {
			return wrapped.ReplaceAllString(beforeEnd(s), "") + s[len(beforeEnd(s)):]
		}),
		note("body-wrapped-lines", "the line breaks of wrapped lines were taken out of the body", func(s string) string {
			return strings.NewReplacer("\r\n", "", "\n", "").Replace(beforeEnd(s)) + s[len(beforeEnd(s)):]
		}),
		note("body-wrapped-lines", "the line breaks of wrapped lines became blanks", func(s string) string {
			return blankBreak.ReplaceAllString(beforeEnd(s), " ") + s[len(beforeEnd(s)):]
		}),
		note("body-typographic", "typographic (curly) quotes in the body were made straight", func(s string) string {
			return strings.NewReplacer("“", `"`, "”", `"`, "„", `"`, "«", `"`, "»", `"`, "″", `"`).Replace(s)
		}),
		note("body-typographic", "typographic (curly) quotes and dashes in the body were made straight", func(s string) string {
			return strings.NewReplacer("‘", "'", "’", "'", "–", "-", "—", "--", "…", "...").Replace(s)
		}),
		note("body-spaces", "no-break spaces in the body were made plain", func(s string) string {
			return strings.NewReplacer("\u00a0", " ", "\u202f", " ", "\u2007", " ").Replace(s)
		}),
		note("body-zero-width", "zero-width characters were taken out of the body", func(s string) string {
			bom := s[:len(s)-len(strings.TrimPrefix(s, "\ufeff"))] // a change of its own
			return bom + strings.NewReplacer("\u200b", "", "\u200c", "", "\u200d", "", "\u2060", "", "\ufeff", "", "\u00ad", "").Replace(s[len(bom):])
		}),
		note("body-tabs", "blanks in the body were tabs", func(s string) string { return strings.ReplaceAll(s, "    ", "\t") }),
		note("body-doubled-quotes", `doubled quotes ("") in the body were made single`, func(s string) string { return strings.ReplaceAll(s, `""`, `"`) }),
		note("body-quote-marks", "quotation marks (>) before the body's lines were taken off", func(s string) string {
			return quoteMarks.ReplaceAllString(s, "")
		}),
	}
}

// beforeEnd is a text without the blanks and line breaks at its end, if there are
// line breaks in it too. One at the end alone is no wrapped line.
func beforeEnd(s string) string {
	if before := strings.TrimRight(s, " \t\r\n"); strings.Contains(before, "\n") {
		return before
	}
	return ""
}
