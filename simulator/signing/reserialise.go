package signing

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// printer writes a body again the way one language does; false when it is not JSON.
type printer struct {
	name, does string
	print      func(body []byte) ([]byte, bool)
}

// printers are tried in this order, so that of two with the same result the
// likelier one gets the blame.
func printers() []printer {
	return []printer{
		{"reserialised-javascript", "verifies JSON.stringify(body) of the parsed body", javascriptStyle("").print},
		{"reserialised-python", "verifies json.dumps(body) of the parsed body, which puts spaces after ',' and ':'", pythonStyle().print},
		{"reserialised-pretty", "verifies the parsed body printed again with line breaks and indentation", javascriptStyle("  ").print},
		{"reserialised-go", "verifies json.Marshal of a body parsed into a map, which sorts its keys", printGo},
		{"reserialised-php", "verifies json_encode($body) of the parsed body, which escapes '/' and non-ASCII characters", phpStyle().print},
		{"reserialised-dotnet", "verifies JsonSerializer.Serialize of the parsed body, which escapes '+' and other characters", dotnetStyle().print},
	}
}

// reserialisations are the mistakes of verifying parsed and printed JSON. One
// that prints what the body is already, or what one before it prints, is not
// a mistake of its own for that body.
func reserialisations() []twist {
	const fix = "Verify the bytes that arrived, before anything parses them: express.raw({type: 'application/json'}), await request.text(), request.get_data(), io.ReadAll(r.Body), file_get_contents('php://input'), request.raw_post."
	all := printers()
	var twists []twist
	for i, p := range all {
		before := all[:i]
		twists = append(twists, twist{name: p.name, does: p.does, fix: fix, recipe: signsBody(func(body []byte) ([]byte, bool) {
			printed, ok := p.print(body)
			if !ok || bytes.Equal(printed, body) {
				return nil, false
			}
			for _, other := range before {
				if same, ok := other.print(body); ok && bytes.Equal(same, printed) {
					return nil, false
				}
			}
			return printed, true
		})})
	}
	return twists
}

func (st jsonStyle) print(body []byte) ([]byte, bool) {
	n, ok := parseJSON(body)
	if !ok {
		return nil, false
	}
	return st.append(make([]byte, 0, 2*len(body)), n, 0), true
}

func javascriptStyle(indent string) jsonStyle {
	st := jsonStyle{comma: ",", colon: ":", indent: indent, text: appendJSString, number: javascriptNumber, indexFirst: true}
	if indent != "" {
		st.colon = ": "
	}
	return st
}

func pythonStyle() jsonStyle {
	return jsonStyle{comma: ", ", colon: ": ", number: pythonNumber, text: func(dst []byte, s string) []byte {
		return appendEscaped(dst, s, func(r rune) bool { return r >= 0x7F }, "0123456789abcdef")
	}}
}

func phpStyle() jsonStyle {
	return jsonStyle{comma: ",", colon: ":", emptyObject: "[]", number: pythonNumber, text: func(dst []byte, s string) []byte {
		at := len(dst)
		dst = appendEscaped(dst, s, func(r rune) bool { return r > 0x7F }, "0123456789abcdef")
		return append(dst[:at:at], bytes.ReplaceAll(dst[at:], []byte("/"), []byte(`\/`))...)
	}}
}

// dotnetStyle is System.Text.Json with its default encoder.
func dotnetStyle() jsonStyle {
	return jsonStyle{comma: ",", colon: ":", number: func(literal string) string { return literal }, text: func(dst []byte, s string) []byte {
		return appendEscaped(dst, s, func(r rune) bool { return r >= 0x7F || strings.ContainsRune("\"<>&+'`", r) }, "0123456789ABCDEF")
	}}
}

// printGo is json.Marshal of a map.
func printGo(body []byte) ([]byte, bool) {
	var v any
	if json.Unmarshal(body, &v) != nil {
		return nil, false
	}
	printed, err := json.Marshal(v)
	return printed, err == nil
}

// appendJSString is JSON.stringify of a text: only what must be escaped is.
func appendJSString(dst []byte, s string) []byte {
	return appendEscaped(dst, s, func(rune) bool { return false }, "0123456789abcdef")
}

// appendEscaped writes s as a JSON text. What must be escaped is, in its short
// form if it has one; what also names becomes \uXXXX, in UTF-16 and with these digits.
func appendEscaped(dst []byte, s string, also func(rune) bool, digits string) []byte {
	dst = append(dst, '"')
	for _, r := range s {
		short := strings.IndexRune("\b\f\n\r\t\"\\", r)
		switch {
		case short >= 0 && !also(r):
			dst = append(dst, '\\', `bfnrt"\`[short])
		case r < 0x20 || also(r):
			for _, u := range utf16.AppendRune(nil, r) {
				dst = append(dst, '\\', 'u', digits[u>>12], digits[u>>8&15], digits[u>>4&15], digits[u&15])
			}
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return append(dst, '"')
}

// javascriptNumber is a number as JavaScript prints it after reading it as a double.
func javascriptNumber(literal string) string {
	f, err := strconv.ParseFloat(literal, 64)
	if err != nil {
		return "null" // what JSON.stringify makes of Infinity
	}
	if f == 0 {
		return "0" // also for -0
	}
	if a := math.Abs(f); a >= 1e-6 && a < 1e21 {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	return shortExponent(strconv.FormatFloat(f, 'e', -1, 64))
}

// shortExponent takes away the leading zero that Go writes: 1e-07 is 1e-7.
func shortExponent(s string) string {
	if n := len(s); n >= 4 && s[n-2] == '0' && (s[n-3] == '-' || s[n-3] == '+') {
		return s[:n-2] + s[n-1:]
	}
	return s
}

// pythonNumber keeps whole numbers, and writes the shortest digits of others.
func pythonNumber(literal string) string {
	if !strings.ContainsAny(literal, ".eE") {
		if literal == "-0" {
			return "0"
		}
		return literal
	}
	f, err := strconv.ParseFloat(literal, 64)
	if err != nil {
		return "Infinity"
	}
	if a := math.Abs(f); a != 0 && (a < 1e-4 || a >= 1e16) {
		return strconv.FormatFloat(f, 'e', -1, 64)
	}
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if !slices.Contains([]byte(s), '.') {
		s += ".0"
	}
	return s
}
