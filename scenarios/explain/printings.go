package explain

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/sentsim/sentsim/scenarios/capture"
)

// printings are the steps that undo another printing of the same JSON.
func printings(r capture.Request) []step {
	const fix = "Verify the bytes that arrive, and never parse and print JSON before that."
	note := func(cause, said string, undo func([]byte) [][]byte) step {
		return step{change{cause, said, "", true}, false, func(_ capture.Request, body []byte) [][]byte { return undo(body) }}
	}
	return []step{
		note("body-quoted-printable", "the body's quoted-printable, an encoding of mails, was undone", fromQuotedPrintable),
		{change{"body-pretty-printed", "the body was printed anew with blanks and line breaks; it is right for the compact JSON", fix, r.Parsed}, false, func(_ capture.Request, body []byte) [][]byte {
			var out bytes.Buffer
			if compact(body) || json.Compact(&out, body) != nil {
				return nil
			}
			return [][]byte{out.Bytes()}
		}},
		{change{"body-slashes-escaped", `slashes of the body were written as \/`, fix, r.Parsed}, false, func(_ capture.Request, body []byte) [][]byte {
			return [][]byte{bytes.ReplaceAll(body, []byte(`\/`), []byte("/"))}
		}},
		{change{"body-printed-as-dictionary", "the body was printed as a dictionary of a language, not as JSON", fix, true}, false, func(_ capture.Request, body []byte) [][]byte {
			if text := strings.TrimSpace(string(body)); strings.HasPrefix(text, "{") && !json.Valid(body) {
				if converted, ok := capture.FromLiteral(text); ok {
					return [][]byte{converted}
				}
			}
			return nil
		}},
	}
}

// fromEnvelope takes a value out of a JSON that was put around it.
func fromEnvelope(body []byte) [][]byte {
	if !gjson.ValidBytes(body) {
		return nil
	}
	var all [][]byte
	var look func(v gjson.Result, depth int)
	look = func(v gjson.Result, depth int) {
		v.ForEach(func(_, value gjson.Result) bool {
			switch {
			case value.Type == gjson.String && len(value.String()) > 30:
				all = append(all, []byte(value.String()))
			case (value.IsObject() || value.IsArray()) && depth < 3:
				if value.Get("field").Exists() {
					all = append(all, []byte(value.Raw))
				}
				look(value, depth+1)
			}
			return len(all) < 12
		})
	}
	if doc := gjson.ParseBytes(body); doc.IsObject() || doc.IsArray() {
		look(doc, 0)
	}
	return all
}
