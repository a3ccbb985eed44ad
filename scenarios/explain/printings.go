package explain

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/sentsim/sentsim/scenarios/capture"
	"github.com/sentsim/sentsim/simulator/signing"
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
			if json.Compact(&out, body) != nil {
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
		{change{"body-keys-sorted", "the keys of the body were sorted: it was parsed and printed anew", fix, r.Parsed}, false, inOrder},
	}
}

// inOrder puts the keys of an envelope into the order in which Sent writes them,
// where a program sorted them.
func inOrder(_ capture.Request, body []byte) [][]byte {
	doc := gjson.ParseBytes(body)
	if !gjson.ValidBytes(body) || !doc.IsObject() {
		return nil
	}
	var all [][]byte
	if bytes.Contains(body, []byte(`\u`)) { // a program that sorts may also escape what is not ASCII
		for _, c := range signing.BodyChanges() {
			if plain, ok := c.Undo(body); ok && c.Cause == "body-reserialised-javascript" && !bytes.Contains(plain, []byte(`\u`)) {
				all = inOrder(capture.Request{}, plain)
			}
		}
	}
	for _, envelope := range []string{"field sub_type event timestamp request_id payload", "field event timestamp request_id payload", "field timestamp sub_type payload", "field event request_id timestamp payload"} {
		payload := doc.Get("payload")
		for _, keys := range []string{
			"account_id message_id message_status channel inbound_number outbound_number template_id agent_id updated_at reason reason_code",
			"account_id message_id message_status channel outbound_number template_id template_name agent_id body updated_at reason reason_code",
			"account_id from to text channel provider received_at",
			"account_id message_id inbound_number outbound_number text channel received_at updated_at media",
			"account_id template_id template_name whatsapp_template_id status language category channel reason",
		} {
			all = append(all, []byte(ordered(doc, envelope, ordered(payload, keys, ""))))
		}
	}
	return all
}

// ordered prints v compactly with keys in this order and the others behind;
// payload takes the place of the value of that name, if it is given.
func ordered(v gjson.Result, keys, payload string) string {
	if !v.IsObject() {
		return v.Raw
	}
	var fields []string
	add := func(key, value string) {
		if key == "payload" && payload != "" {
			value = payload
		}
		fields = append(fields, `"`+key+`":`+value)
	}
	known := strings.Fields(keys)
	for _, key := range known {
		if f := v.Get(key); f.Exists() {
			add(key, gjson.Parse(f.Raw).Get("@ugly").Raw)
		}
	}
	v.ForEach(func(key, value gjson.Result) bool {
		if !slices.Contains(known, key.String()) {
			add(key.String(), value.Get("@ugly").Raw)
		}
		return true
	})
	return "{" + strings.Join(fields, ",") + "}"
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
