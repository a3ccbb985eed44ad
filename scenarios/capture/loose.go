package capture

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/tidwall/gjson"
)

// looseRequest is the one request in a text. It finds the headers by their names,
// wherever they stand, and the body by how it begins.
func (p Parser) looseRequest(text string) (Request, error) {
	what := languageOf(text)
	headers := looseHeaders(text)
	r := Request{Method: "POST", Headers: headers, Reported: true}
	if !r.signed() {
		if !r.foreign() {
			return Request{}, fmt.Errorf("line 1: this is %s, and no signature was found in it: %s", what, asCurl)
		}
	}
	if m := regexp.MustCompile(`https?://[^\s"'<>^` + "`" + `\\)]+`).FindString(text); m != "" {
		r.URL = m
	}
	note := "the capture is " + what + "; headers and body were taken out of it"
	bodies := looseBodies(text)
	if len(bodies) == 0 {
		r.Lost, r.Remedy = "no body was found in the capture ("+what+")", "Record the body too, to the last byte; "+asCurl
		r.Notes = []string{note}
		return r, nil
	}
	r.Body, r.Parsed, r.Notes = bodies[0].body, bodies[0].parsed, []string{note}
	if bodies[0].note != "" {
		r.Notes = append(r.Notes, bodies[0].note)
	}
	for _, b := range bodies[1:] {
		r.Others = append(r.Others, b.body)
	}
	return r, nil
}

const asCurl = "copy the request as cURL (bash), or record it as raw HTTP"

// looseHeaders are the headers that a text names, in the order of the text.
func looseHeaders(text string) []Header {
	const (
		name  = `(?i)((?:[\w$.-]*?[-_$.])?(?:x[-_ ]?)?(?:webhook|svix)[-_ ]?(?:id|timestamp|signature|event[-_ ]?type|event[-_ ]?id))`
		gap   = `(?:\\*["'” \x60)\]^]|&quot;)*\s*(?:,\s*\\*"[vV]alue\\*"\s*:|=>|:=|->|[:=,|])?\s*(?:\[\]string\{|(?:string|b|u|str)?\((?:\d+|(?:\[\])?string|len=\d+(?: cap=\d+)?)\)\s*|[buf]?\\*["'“\[({ \x60^]|&quot;|,)*`
		value = `(v\d ?, ?(?:[A-Za-z0-9+/_%=-]|\\/|\\u00[0-9a-fA-F]{2})+(?: v\d,[A-Za-z0-9+/_=-]+)*|[^\s"'“”\])};,\\^\x60&<>|]+)`
	)
	var headers []Header
	for _, at := range regexp.MustCompile(name+gap+value).FindAllStringSubmatchIndex(text, 64) {
		m := []string{"", text[at[2]:at[3]], text[at[4]:at[5]]}
		if at[2] > 0 && text[at[2]-1] == '\\' && strings.IndexByte("nrt", m[1][0]) >= 0 { // the letter is that of an escape
			m[1] = m[1][1:]
		}
		// The name of the next column of a table is no value.
		if role, _ := RoleOf(m[1]); role != Other && !strings.EqualFold(m[2], "null") && RoleOfIs(m[2], Other) {
			headers = append(headers, Header{m[1], m[2]})
		}
	}
	headers = withShapes(text, headers)
	for _, m := range regexp.MustCompile(`(?i)\b([a-z0-9]+(?:[-_][a-z0-9]+)*[-_](?:signature|hmac)[a-z0-9_-]*)`+gap+value).FindAllStringSubmatch(text, 16) {
		if role, _ := RoleOf(m[1]); role == Other {
			headers = append(headers, Header{m[1], m[2]})
		}
	}
	return headers
}

// withShapes adds the values that stand without a name, and leaves out what only
// stands where a value should (the name of a type, say).
func withShapes(text string, named []Header) []Header {
	found := byShape(text, named)
	return append(slices.DeleteFunc(named, func(h Header) bool {
		role, _ := RoleOf(h.Name)
		return len(h.Value) < 8 && slices.ContainsFunc(found, func(f Header) bool { return RoleOfIs(f.Name, role) })
	}), found...)
}

// byShape recognises the values that stand without the names: a signature, the
// seconds of these years, a UUID.
func byShape(text string, named []Header) []Header {
	have := func(role Role) bool {
		return slices.ContainsFunc(named, func(h Header) bool { // ts, say, is a column's name and no value
			return RoleOfIs(h.Name, role) && (len(h.Value) >= 8 || strings.ContainsAny(h.Value, "*<[…"))
		})
	}
	signature := regexp.MustCompile(`\bv1,[A-Za-z0-9+/]{42,43}=?`)
	if !have(Signature) && !signature.MatchString(text) {
		return nil
	}
	var headers []Header
	for _, s := range []struct {
		role    Role
		pattern *regexp.Regexp
	}{
		{Signature, signature},
		{Timestamp, regexp.MustCompile(`\b1[5-9]\d{8}\b`)},
		{ID, regexp.MustCompile(`\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b`)},
	} {
		if have(s.role) {
			continue
		}
		for _, value := range s.pattern.FindAllString(text, 12) {
			headers = append(headers, Header{s.role.Name(), value})
		}
	}
	return headers
}

// looseBody is one way to read the body in a text.
type looseBody struct {
	body   []byte
	parsed bool
	note   string
}

// bodyBeginning is how a body begins in a text; its group is the first quote.
func bodyBeginning() *regexp.Regexp {
	const keys = `(?:field|event|sub_type|payload|timestamp|request_id)`
	return regexp.MustCompile(`\{(?:\s|\\+[nrt])*(\^?\\*\^?"{1,2}|` + "`\"" + `|\\*'|:?|&quot;|\\+u0022|\\x22|%22)` + keys)
}

// looseBodies are the ways to read the longest body in a text, the likeliest first.
func looseBodies(text string) []looseBody {
	var spans []looseBody
	longest := 0
	for _, m := range bodyBeginning().FindAllStringSubmatchIndex(text, 40) {
		quote := text[m[2]:m[3]]
		span := text[m[0] : m[0]+spanEnd(text[m[0]:], quote)]
		if len(span) <= longest {
			continue
		}
		longest = len(span)
		var opened byte
		if m[0] > 0 {
			opened = text[m[0]-1]
		}
		spans = readings(span, quote, opened)
		if first := spans[0].body; !spans[0].parsed && json.Valid(first) && strings.Contains(string(first), "\n") {
			spans[0].parsed = true // a program prints it anew
		}
		for _, text := range []string{string(spans[0].body), span} {
			for shell, plain := range map[string]string{`'\''`: "'", "''": "'", `\'`: "'"} {
				if strings.Contains(text, shell) {
					spans = append(spans, looseBody{body: []byte(strings.ReplaceAll(text, shell, plain))})
				}
			}
		}
		spans = append(spans, ofWindows(text, span)...)
	}
	if longest > 0 {
		return spans
	}
	for _, pattern := range []string{
		`%7[Bb]%22[^\s"'<>&]+`, `\b(?:eyJ|ewog|ewoJ|H4sI)[A-Za-z0-9+/_-]{40,}={0,2}`, `\b7[bB]22[0-9a-fA-F]{60,}`, `<Buffer 7b [^>]*>`, `\[\](?:byte|uint8)\{0x7b, ?0x22[^}]*\}`, `\[ ?123,? ?34[0-9, -]*\]`,
	} {
		if m := regexp.MustCompile(pattern).FindString(text); m != "" {
			return []looseBody{{body: []byte(m)}}
		}
	}
	return nil
}

// spanEnd is where the object that text begins with ends. Braces within texts
// would mislead a count where quotes are escaped; they are rare there.
func spanEnd(text, quote string) int {
	if quote == `"` {
		d := json.NewDecoder(strings.NewReader(text))
		var raw json.RawMessage
		if d.Decode(&raw) == nil {
			return int(d.InputOffset())
		}
	}
	depth := 0
	for i := range len(text) {
		switch text[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	if end := strings.IndexAny(text, "\n"); end > 0 {
		return end
	}
	return len(text)
}

// readings undo the quoting of a body: quote is how its first quote is written,
// opened what stands before it.
func readings(span, quote string, opened byte) []looseBody {
	plain := looseBody{body: []byte(span)}
	escaped := func(levels int) looseBody {
		text := span
		for range levels {
			text = Unescape(text)
		}
		return looseBody{body: []byte(text), note: "the escapes of the text that holds the body were undone"}
	}
	slashes := strings.Count(quote, `\`)
	switch {
	case strings.HasPrefix(quote, "^"):
		text := strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(span, "^\r\n", ""), "^\n", ""), "^", "")
		return []looseBody{{body: []byte(strings.ReplaceAll(text, `\"`, `"`)), note: "the carets of Windows' cmd were taken out"}}
	case quote == `""`:
		return []looseBody{{body: []byte(strings.ReplaceAll(span, `""`, `"`)), note: `doubled quotes ("") were made single`}}
	case strings.HasPrefix(quote, "`"):
		return []looseBody{{body: []byte(backticks(span)), note: "the backticks of PowerShell were undone"}}
	case slashes > 0:
		levels := 1
		for n := slashes; n > 1; n /= 2 {
			levels++
		}
		return []looseBody{escaped(levels), plain}
	case quote == "'" || quote == "":
		if converted, ok := FromLiteral(span); ok {
			return []looseBody{{body: converted, parsed: true, note: "the body is printed as a dictionary, not as JSON"}}
		}
	case quote == `"` && strings.IndexByte("'`", opened) >= 0 && opened != 0 && strings.Contains(span, `\`) && !json.Valid([]byte(span)):
		return []looseBody{escaped(1), plain}
	}
	return []looseBody{plain}
}

// Unescape undoes one level of the escapes of C, JSON and most languages.
func Unescape(text string) string {
	s := scanner{src: text}
	var out []byte
	for s.pos < len(s.src) {
		c := s.next()
		if c != '\\' || s.pos == len(s.src) {
			out = append(out, c)
			continue
		}
		if s.src[s.pos] == '/' {
			out = append(out, s.next())
			continue
		}
		out = s.escape(out)
	}
	return string(out)
}

// ofWindows undoes the quoting of PowerShell and of Windows' cmd, where text is
// written in one of them. For cmd, browsers double each backslash and put a
// percent sign in quotes of its own.
func ofWindows(text, span string) []looseBody {
	switch languageOf(text) {
	case powerShell:
		return []looseBody{{body: []byte(backticks(span))}}
	case windowsCmd:
		span = regexp.MustCompile(`\^(?:\r?\n(\r?\n)?|(.))`).ReplaceAllString(span, "$1$2")
		span = strings.NewReplacer(`"%"`, "%", `"!"`, "!", `""`, `\"`).Replace(span)
		return []looseBody{{body: []byte(strings.NewReplacer(`\\`, `\`, `\"`, `"`).Replace(span))}}
	}
	return nil
}

// backticks undoes PowerShell's escapes, and what browsers write for a character
// that is not ASCII: $([char]233).
func backticks(text string) string {
	text = regexp.MustCompile(`(?:\$\(\[char\](?:0x)?[0-9A-Fa-f]+\))+`).ReplaceAllStringFunc(text, func(chars string) string {
		var units []uint16
		for _, n := range regexp.MustCompile(`\](\w+)`).FindAllStringSubmatch(chars, -1) {
			if unit, err := strconv.ParseUint(n[1], 0, 16); err == nil {
				units = append(units, uint16(unit))
			}
		}
		return string(utf16.Decode(units))
	})
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '`' || i+1 == len(text) {
			out.WriteByte(text[i])
			continue
		}
		i++
		switch text[i] {
		case 'n':
			out.WriteByte('\n')
		case 'r':
			out.WriteByte('\r')
		case 't':
			out.WriteByte('\t')
		case '0':
			out.WriteByte(0)
		case '\r', '\n':
		default:
			out.WriteByte(text[i])
		}
	}
	return out.String()
}

// FromLiteral makes JSON of a literal of Python, Ruby, PHP or JavaScript.
func FromLiteral(span string) ([]byte, bool) {
	var out strings.Builder
	bare := regexp.MustCompile(`^(?:(?:None|nil|null|undefined|True|true|False|false)\b|=>|:?[A-Za-z_]\w*\s*(?::|=>))`)
	for i := 0; i < len(span); {
		switch c := span[i]; c {
		case '\'', '"':
			end := i + 1
			for end < len(span) && span[end] != c {
				if span[end] == '\\' {
					end++
				}
				end++
			}
			if end >= len(span) {
				return nil, false
			}
			quoted, err := json.Marshal(Unescape(span[i+1 : end]))
			if err != nil {
				return nil, false
			}
			out.WriteString(strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(quoted)))
			i = end + 1
			continue
		}
		m := bare.FindString(span[i:])
		switch {
		case m == "=>":
			out.WriteByte(':')
		case m == "None" || m == "nil" || m == "undefined":
			out.WriteString("null")
		case m == "True" || m == "False":
			out.WriteString(strings.ToLower(m))
		case m != "" && strings.ContainsAny(m, ":="):
			fmt.Fprintf(&out, "%q:", strings.Trim(m, ":=> \t\r\n"))
		case m != "":
			out.WriteString(m)
		default:
			out.WriteByte(span[i])
			i++
			continue
		}
		i += len(m)
	}
	text := regexp.MustCompile(`,(\s*[}\]])`).ReplaceAllString(out.String(), "$1")
	return []byte(gjson.Parse(text).Get("@ugly").Raw), gjson.Valid(text)
}
