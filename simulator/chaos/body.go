package chaos

import (
	"strings"

	"github.com/tidwall/sjson"

	"github.com/sentsim/sentsim/simulator/contract"
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
		{"template_id", true},
		{"template_id", false},
		{"outbound_number", true},
		{"outbound_number", false},
		{"inbound_number", true},
		{"inbound_number", false},
	}
}

// dress changes the body of an event in ways that a receiver lives with (TOL-4).
func (d *drawer) dress(f *fact, n int, fields []optional) {
	if st, ok := d.hit(FaultNullFields, n); ok {
		field := seed.Pick(st, fields)
		f.edits = append(f.edits, func(body Body) Body { return withNull(body, field) })
		f.rule = contract.TOL4
		f.faults = append(f.faults, FaultNullFields)
	}
	if st, ok := d.hit(FaultExtraFields, n); ok {
		inner := seed.Pick(st, []string{`"segments":2`, `"price":{"amount":0.0075,"currency":"USD"}`, `"tags":["a",null,true]`, `"retry":null`})
		f.edits = append(f.edits, func(body Body) Body { return withExtra(body, inner) })
		f.rule = contract.TOL4
		f.faults = append(f.faults, FaultExtraFields)
	}
}

func withNull(body Body, o optional) Body {
	var changed []byte
	var err error
	if o.missing {
		changed, err = sjson.DeleteBytes(body, "payload."+o.field)
	} else {
		changed, err = sjson.SetRawBytes(body, "payload."+o.field, []byte("null"))
	}
	if err != nil { // not for a body of ours
		return body
	}
	return changed
}

// withExtra adds a field to the payload and one to the envelope.
func withExtra(body Body, inner string) Body {
	text := strings.TrimSuffix(string(body), "}}")
	if text == string(body) {
		return body
	}
	return Body(text + "," + inner + `},"api_version":"v3"}`)
}
