package learn

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"github.com/sentsim/sentsim/scenarios/driver"
	"github.com/sentsim/sentsim/simulator/contract"
	"github.com/sentsim/sentsim/simulator/event"
)

// refusedFields are fields without which the plain delivery is taken each time, of those
// that an older edition has not: then a closed schema refuses it, and no form of the
// event's name. None where that is not so.
func (l *Learner) refusedFields(ctx context.Context, older driver.Driver) []string {
	m, err := l.Message(ctx, l.Seed.Stream("knock with the fields of"), event.SMS, l.Start)
	if err != nil {
		return nil
	}
	e := m.Event(event.Queued)
	known := fieldsOf(older.Encode(e))
	added := slices.DeleteFunc(fieldsOf(l.Driver.Encode(e)), func(f string) bool {
		return slices.Contains(known, f) || f == "event" || f == "sub_type" // which name the event
	})
	if len(added) == 0 {
		return nil
	}
	for n := range uint64(3) {
		if !l.takesWithout(ctx, n, added) {
			return nil
		}
	}
	refused := slices.DeleteFunc(slices.Clone(added), func(f string) bool {
		return l.takesWithout(ctx, 0, slices.DeleteFunc(slices.Clone(added), func(other string) bool { return other == f }))
	})
	if len(refused) == 0 {
		return added // together only
	}
	return refused
}

// takesWithout reports whether the plain delivery is taken that lacks these fields.
func (l *Learner) takesWithout(ctx context.Context, n uint64, fields []string) bool {
	m, err := l.Message(ctx, l.Seed.Stream("knock without "+strings.Join(fields, " "), n), event.SMS, l.Start)
	if err != nil {
		return false
	}
	e := m.Event(event.Queued)
	body := l.Driver.Encode(e)
	for _, f := range fields {
		if body, err = sjson.DeleteBytes(body, f); err != nil {
			return false
		}
	}
	x := l.Driver.Send(ctx, driver.Planned{What: "a genuine event without " + strings.Join(fields, ", "), Request: l.Driver.Sign(e, body, 0)})
	l.seen(x)
	return x.Outcome.Accepted()
}

// fieldsOf are the fields of a body and of its payload, as paths.
func fieldsOf(body []byte) []string {
	var all []string
	gjson.ParseBytes(body).ForEach(func(key, value gjson.Result) bool {
		if key.Str != "payload" {
			all = append(all, key.Str)
			return true
		}
		value.ForEach(func(inner, _ gjson.Result) bool {
			all = append(all, "payload."+inner.Str)
			return true
		})
		return true
	})
	return all
}

// closedSchema is the deviation of a receiver that refuses those fields.
func closedSchema(sent, taken string, fields []string, refused driver.Exchange) Deviation {
	what := "the field " + list(fields)
	if len(fields) > 1 {
		what = "the fields " + list(fields)
	}
	return Deviation{
		ID: "schema-closed", Rule: contract.SIG1, Certainty: Tried,
		Name: fmt.Sprintf("a correctly signed delivery of edition %s is accepted", sent),
		Reason: fmt.Sprintf("deliveries of edition %s are refused (%s), and taken without %s: everything else is judged in edition %s, which has none of it",
			sent, quoted(refused.Outcome), what, taken),
		Fix: "Let the schema pass fields that it does not name (additionalProperties, extra=\"ignore\", no .strict(), no DisallowUnknownFields): Sent adds some now and then.",
	}
}
