package chaos

import (
	"strings"

	"github.com/tidwall/sjson"

	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/seed"
)

// optional is a field of the payload that may be missing, or else null.
type optional struct {
	field   string
	missing bool
}

func outboundOptional(s event.Status) []optional {
	if s == event.Failed {
		return []optional{{"reason", true}, {"reason", false}}
	}
	return []optional{
		{"template_id", true}, {"template_id", false},
		{"outbound_number", true}, {"outbound_number", false},
		{"inbound_number", true}, {"inbound_number", false},
	}
}

// dress changes the body of an event in ways that a receiver lives with (TOL-4).
func (d *drawer) dress(f *fact, n int, fields []optional) {
	if st, ok := d.hit(FaultNullFields, n); ok {
		field := seed.Pick(st, fields)
		if body, err := withNull(f.body, field); err == nil {
			f.body, f.rule = body, "TOL-4"
			f.faults = append(f.faults, FaultNullFields)
		}
	}
	if st, ok := d.hit(FaultExtraFields, n); ok {
		f.body, f.rule = withExtra(f.body, st), "TOL-4"
		f.faults = append(f.faults, FaultExtraFields)
	}
}

func withNull(body Body, o optional) (Body, error) {
	if o.missing {
		return sjson.DeleteBytes(body, "payload."+o.field)
	}
	return sjson.SetRawBytes(body, "payload."+o.field, []byte("null"))
}

// withExtra adds a field to the payload and one to the envelope.
func withExtra(body Body, st *seed.Stream) Body {
	inner := seed.Pick(st, []string{`"segments":2`, `"price":{"amount":0.0075,"currency":"USD"}`, `"tags":["a",null,true]`, `"retry":null`})
	text := strings.TrimSuffix(string(body), "}}")
	if text == string(body) {
		return body
	}
	return Body(text + "," + inner + `},"api_version":"v3"}`)
}

// notObjects are bodies that are no event at all, correctly signed (TOL-7).
func notObjects() []string {
	return []string{"", "null", "[]", "42", `"message.delivered"`, "\x00\x01{\"field\": message, oops", `{"field":"message"`}
}
