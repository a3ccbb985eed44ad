package capture

import (
	"bytes"
	"encoding/binary"
	"html"
	"io"
	"mime/quotedprintable"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// decodeText makes UTF-8 of a file as an editor or a Windows shell saved it.
// Bytes that are no UTF-16 stay as they are: a body may have any.
func decodeText(data []byte) []byte {
	var order binary.ByteOrder
	zeros := [2]int{} // of even and odd places
	for i, c := range data[:min(len(data), 64)] {
		if c == 0 {
			zeros[i%2]++
		}
	}
	switch {
	case bytes.HasPrefix(data, []byte("\xEF\xBB\xBF")):
		return data[3:]
	case bytes.HasPrefix(data, []byte("\xFF\xFE\x00\x00")):
		return fromUTF32(data[4:])
	case bytes.HasPrefix(data, []byte("\xFF\xFE")):
		order, data = binary.LittleEndian, data[2:]
	case bytes.HasPrefix(data, []byte("\xFE\xFF")):
		order, data = binary.BigEndian, data[2:]
	case zeros[1] > 10 && zeros[0] == 0: //nolint:gosec // an array of two
		order = binary.LittleEndian
	case zeros[0] > 10 && zeros[1] == 0: //nolint:gosec // likewise
		order = binary.BigEndian
	default:
		return data
	}
	units := make([]uint16, 0, len(data)/2)
	for ; len(data) >= 2; data = data[2:] {
		units = append(units, order.Uint16(data))
	}
	return []byte(string(utf16.Decode(units)))
}

func fromUTF32(data []byte) []byte {
	var out []byte
	for ; len(data) >= 4; data = data[4:] {
		out = utf8.AppendRune(out, rune(min(binary.LittleEndian.Uint32(data), utf8.MaxRune+1)))
	}
	return out
}

// variant is the text of a capture, and what was done to it.
type variant struct {
	text  string
	notes []string
}

// variants are the text as it is and then without what stands around or was put
// into it: each is one way to read it, and a signature tells which is right.
func variants(text string) []variant {
	all := []variant{{text: text}}
	if len(text) > largeText {
		return all
	}
	seen := map[string]bool{text: true}
	for _, r := range repairs() {
		for _, v := range all {
			changed, ok := r.repair(v.text)
			if ok && !seen[changed] && len(all) < 12 {
				seen[changed] = true
				all = append(all, variant{changed, append(append([]string(nil), v.notes...), r.note)})
			}
		}
	}
	return all
}

// repair takes away one thing that editors, mail programs, terminals and web
// pages do to a text; false where there is no trace of it.
type repair struct {
	note   string
	repair func(text string) (string, bool)
}

func repairs() []repair {
	return []repair{
		{"the capture was decoded from base64", func(text string) (string, bool) {
			decoded, ok := fromBase64(text)
			return string(decoded), ok && utf8.Valid(decoded) && mentionsSignature(string(decoded))
		}},
		{"the capture was decoded from a URL's encoding (%22)", func(text string) (string, bool) {
			decoded, err := url.PathUnescape(text)
			return decoded, err == nil && strings.Contains(text, "%22") && len(strings.Fields(text)) == 1
		}},
		{"the signs for line ends (␍␊) were taken off", replacing(regexp.MustCompile(`␍?␊|␍`), "")},
		{"the colours of a terminal were taken out", uncoloured},
		{"the HTML around it was taken off (&quot; is \"), as the source of a page has it; a body that arrives like that is refused", fromHTML},
		{"the fence of the Markdown text was taken off", fenced},
		{"the quotation marks (>) before its lines were taken off", unquoted},
		{"the prefix that stands before each line (of a log) was taken off", unprefixed},
		{"the quoted-printable of a mail was undone", fromMail},
		{"a text that a program printed in pieces ('…' + '…') was put together", literalsJoined},
		{"the backslashes before quotes, which PowerShell takes off before it calls a program, were taken off", forPowerShell},
		{"ngrep's dots at the ends of lines were taken off", func(text string) (string, bool) {
			return regexp.MustCompile(`(?m)\.$`).ReplaceAllString(text, ""), regexp.MustCompile(`(?m) HTTP/[0-9.]+\.$`).MatchString(text)
		}},
		{"variables ({{name}}) were filled in with what the capture says of them", filledIn},
		{"the indentation before its lines was taken off", unindented},
		{"no-break and zero-width spaces were made plain", plainSpaces},
		{"typographic (curly) quotes and dashes were made straight", straightened},
		{"the stars and underscores of Markdown were taken off", replacing(regexp.MustCompile("(?m)^[ \\t]*```+\\w*[ \\t\\r]*$|^[ \\t]*(?:[-*+] )?(?:\\*\\*|`)|\\*\\*|(: )`|`$|\\\\([_*\\[\\]`>#-])"), "$1$2")},
	}
}

func replacing(what *regexp.Regexp, by string) func(string) (string, bool) {
	return func(text string) (string, bool) {
		changed := what.ReplaceAllString(text, by)
		return changed, changed != text
	}
}

func fromHTML(text string) (string, bool) {
	if !regexp.MustCompile(`&(quot|#34|#39|#x27|#x22|lt|gt|amp);|</(pre|code|td|p|div|span)>|<br`).MatchString(text) {
		return "", false
	}
	text = regexp.MustCompile(`(?i)<br ?/?>|</(?:p|div|tr|li|h[1-6])>|<pre[^<>]*>`).ReplaceAllString(text, "\n")
	text = regexp.MustCompile(`(?i)</?(html|body|head|pre|code|td|tr|th|table|tbody|p|div|span|b|i|em|strong|a|ul|li|h[1-6])( [^<>]*)?>`).ReplaceAllString(text, "")
	return html.UnescapeString(text), true
}

// fenced is what stands in the fences of a Markdown text: the one that carries
// a signature, or the first.
func fenced(text string) (string, bool) {
	found := regexp.MustCompile("(?ms)^[ \t>]*(?:```+|~~~+)[^\n]*\n(.*?)(?:^[ \t>]*(?:```+|~~~+)[ \t\r]*$|\\z)").FindAllStringSubmatch(text, 50)
	if len(found) == 0 {
		return "", false
	}
	best := found[0][1]
	for _, m := range found {
		if strings.Contains(strings.ToLower(m[1]), "signature") {
			best = m[1]
			break
		}
	}
	best = strings.TrimSuffix(best, "\n")
	return strings.TrimSuffix(best, "\r"), true
}

// encodedAsMail reports whether a text has an equals sign as a mail's has it.
func encodedAsMail(text string) bool { return strings.Contains(text, "=3D") }

// fromMail undoes the encoding in which a mail's text is sent.
func fromMail(text string) (string, bool) {
	if !encodedAsMail(text) {
		return "", false
	}
	plain, err := io.ReadAll(quotedprintable.NewReader(strings.NewReader(text)))
	return string(plain), err == nil
}

// filledIn puts values in the place of variables, which files of HTTP clients
// (@name = value) and collections of Postman (key and value) set.
func filledIn(text string) (string, bool) {
	var pairs []string
	set := regexp.MustCompile(`(?m)^@(\w+)[ \t]*=[ \t]*(.*?)[ \t\r]*$|"key"\s*:\s*"(\w+)"\s*,\s*"value"\s*:\s*"((?:[^"\\]|\\.)*)"`)
	for _, m := range set.FindAllStringSubmatch(text, 100) {
		name := "{{" + m[1] + m[3] + "}}"
		if value := m[2] + m[4]; strings.Contains(text, name) && !strings.Contains(value, "{{") {
			pairs = append(pairs, name, value)
		}
	}
	return strings.NewReplacer(pairs...).Replace(text), len(pairs) > 0
}

var quoteMark = regexp.MustCompile(`^[ \t]*(?:> ?)+`)

// unquoted takes the marks of a quoted mail or a Markdown quote off.
func unquoted(text string) (string, bool) {
	lines := strings.SplitAfter(text, "\n")
	marked := 0
	for i, l := range lines {
		if m := quoteMark.FindString(l); m != "" {
			lines[i] = l[len(m):]
			marked++
		}
	}
	return strings.Join(lines, ""), marked > 0 && !strings.Contains(text, "\n< ") && !strings.Contains(text, "\n* ")
}

// unprefixed takes off what docker compose, kubectl or an editor put before
// every line: "web-1  | ", a number.
func unprefixed(text string) (string, bool) {
	prefix := regexp.MustCompile(`(?m)^[ \t]*(?:[\w.-]+ *\| ?|\d{1,4}(?:[:|] ?| {2}|\t)|\[[\w./-]+\] |\d{4}-\d\d-\d\dT[\d:.]+Z (?:std(?:out|err) [FP] )?)`)
	lines := strings.Count(strings.TrimRight(text, "\r\n"), "\n") + 1
	if n := len(prefix.FindAllStringIndex(text, -1)); lines < 2 || n*10 < lines*8 {
		return "", false
	}
	return prefix.ReplaceAllString(text, ""), true
}

// unindented takes the indentation of the first line off every line.
func unindented(text string) (string, bool) {
	text = strings.TrimLeft(text, "\r\n")
	indent := text[:len(text)-len(strings.TrimLeft(text, " \t"))]
	if indent == "" || strings.TrimSpace(text) == "" {
		return "", false
	}
	lines := strings.SplitAfter(text, "\n")
	for i, l := range lines {
		lines[i] = strings.TrimPrefix(l, indent)
	}
	return strings.Join(lines, ""), true
}

func plainSpaces(text string) (string, bool) {
	changed := strings.Map(func(r rune) rune {
		switch {
		case r == 0xA0 || r >= 0x2000 && r <= 0x200A || r == 0x202F || r == 0x3000:
			return ' '
		case r == 0x200B || r == 0x200C || r == 0x200D || r == 0x2060 || r == 0xFEFF || r == 0xAD:
			return -1
		case r == 0x2028 || r == 0x2029:
			return '\n'
		}
		return r
	}, text)
	return changed, changed != text && utf8.ValidString(text)
}

// straightened undoes what word processors and chats make of quotes and dashes.
func straightened(text string) (string, bool) {
	changed := strings.NewReplacer("‘", "'", "’", "'", "‚", "'", "‛", "'", "′", "'", "“", `"`, "”", `"`, "„", `"`, "‟", `"`, "″", `"`, "«", `"`, "»", `"`,
		" — ", " -- ", " —", " --", "\n—", "\n--", " –-", " --", " –", " -", "\n–", "\n-", "…", "...").Replace(text)
	// A single dash before the long name of an option was two.
	changed = regexp.MustCompile(`(\s)-(data|data-raw|data-binary|header|request|url|json|location|compressed|silent|insecure)(\s)`).ReplaceAllString(changed, "$1--$2$3")
	return changed, changed != text
}
