package steps

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/tidwall/gjson"
)

// Other ways to write the same JSON: every one of them is a genuine body, and a
// receiver that verifies what it parsed and printed again gets them wrong (SIG-9).

// spread puts white space where JSON allows it.
func spread(body []byte) []byte {
	var out []byte
	inString := false
	for i, c := range body {
		if c == '"' && (i == 0 || body[i-1] != '\\') {
			inString = !inString
		}
		if !inString && (c == ':' || c == ',' || c == '}') {
			out = append(out, " \t"...)
		}
		out = append(out, c)
		if !inString && (c == '{' || c == ':' || c == ',') {
			out = append(out, "\n  "...)
		}
	}
	return out
}

// escapeStrings writes the first character of every string value as \u00xx, where
// it is a letter: a time that begins with an escaped digit is a text that some
// good decoders do not take for a time.
func escapeStrings(body []byte) []byte {
	var out []byte
	for len(body) > 0 {
		i := bytes.Index(body, []byte(`:"`))
		if i < 0 || i+2 >= len(body) {
			break
		}
		r, size := utf8.DecodeRune(body[i+2:])
		out = append(out, body[:i+2]...)
		if !unicode.IsLetter(r) || r > 0xFFFF {
			size = 0
		} else {
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		body = body[i+2+size:]
	}
	return append(out, body...)
}

// ascii writes what is not ASCII, and what HTML gives a meaning to, as \uxxxx.
func ascii(body []byte) []byte {
	var out []byte
	for _, r := range string(body) {
		switch {
		case r > 0xFFFF:
			high, low := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		case r > 0x7E || strings.ContainsRune("<>&'", r):
			out = fmt.Appendf(out, `\u%04x`, r)
		default:
			out = utf8.AppendRune(out, r)
		}
	}
	return out
}

// duplicateKey writes the first key twice, with its own value.
func duplicateKey(body []byte) []byte {
	end := bytes.IndexByte(body, ',')
	return append(append([]byte("{"), body[1:end+1]...), body[1:]...)
}

// reorder writes the keys of the body, and of its payload, from last to first.
func reorder(body []byte) ([]byte, error) {
	if !gjson.ValidBytes(body) {
		return nil, errors.New("a body that is not JSON has no keys to reorder")
	}
	var pairs [][]byte
	gjson.ParseBytes(body).ForEach(func(k, v gjson.Result) bool {
		value := []byte(v.Raw)
		if v.IsObject() {
			value, _ = reorder(value) // valid, because the whole is
		}
		pairs = append(pairs, slices.Concat([]byte(k.Raw), []byte(":"), value))
		return true
	})
	slices.Reverse(pairs)
	return slices.Concat([]byte("{"), bytes.Join(pairs, []byte(",")), []byte("}")), nil
}
