package steps

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tidwall/sjson"

	"github.com/sentsim/sentsim/scenarios/driver"
	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/event"
)

// deliversWithValue is an event with a status or a field that is, or may be, new
// to the receiver. A template's status is neither known nor unknown: it is an
// open set.
func (w *World) deliversWithValue(ctx context.Context, known, where, value, subType string) error {
	switch {
	case where == "field":
		return w.deliversUnknownField(ctx, value)
	case known == "":
		return w.deliversTemplate(ctx, value)
	case subType != "":
		return w.deliversUnknownSubType(ctx, value, subType)
	}
	return w.deliversUnknownStatus(ctx, value)
}

func (w *World) deliversUnknownStatus(ctx context.Context, status string) error {
	m, err := w.addMessage(ctx, event.SMS)
	if err != nil {
		return err
	}
	if err := w.see(ctx, m, w.s.Traits.Opening()); err != nil {
		return err
	}
	e := w.event(m, event.Status(status))
	trigger := []string{"message.queued", "--set", "payload.message_status=" + status}
	switch w.s.Knobs.Envelope {
	case event.EnvelopeEvent:
		trigger = append(trigger, "--set", "event="+string(e.Type))
	case event.EnvelopeCurrent:
		trigger = append(trigger, "--set", "sub_type="+string(e.Type))
	case event.EnvelopeLegacy: // has no name
	}
	_, err = w.send(ctx, "an event with the unknown status "+status, w.signed(e), trigger...)
	return err
}

func (w *World) deliversUnknownSubType(ctx context.Context, status, subType string) error {
	m, err := w.addMessage(ctx, event.SMS)
	if err != nil {
		return err
	}
	for _, st := range driver.Lifecycle() { // up to the one before: a gap is ORD-2's
		if st == event.Status(status) {
			break
		}
		if !w.s.Traits.Travels(st) {
			continue
		}
		if err := w.see(ctx, m, st); err != nil {
			return err
		}
	}
	e := w.event(m, event.Status(status))
	e.Type = event.Type(subType)
	_, err = w.send(ctx, fmt.Sprintf("an event with the status %s under the unknown sub-type %s", status, subType), w.signed(e))
	return err
}

// deliversUnknownField has no sub-type, as template events have none: an unknown
// one is TOL-2's and TOL-1's.
func (w *World) deliversUnknownField(ctx context.Context, field string) error {
	body := fmt.Appendf(nil, `{"field":%q,"timestamp":%q,"payload":{"account_id":%q,"id":%q}}`,
		field, w.at.Format("2006-01-02T15:04:05Z"), w.account.ID, newID(w.chance))
	_, err := w.send(ctx, "an event with the unknown field "+field, w.request(w.foreign(event.Type(field), body), body))
	return err
}

// deliversChanged takes a field away, makes it null, or adds new ones.
func (w *World) deliversChanged(ctx context.Context, which, change string) error {
	e, err := w.eventCalled(ctx, which)
	if err != nil {
		return err
	}
	body := w.body(e)
	set := func(path, raw string) (err error) {
		body, err = sjson.SetRawBytes(body, path, []byte(raw))
		return err
	}
	how, field, _ := strings.Cut(strings.TrimPrefix(change, "a "), " ")
	switch how {
	case "extra":
		for _, f := range extraFields {
			if err == nil {
				err = set(f.path, f.raw)
			}
		}
	case "null":
		err = set("payload."+field, "null")
	case "no":
		body, err = sjson.DeleteBytes(body, "payload."+field)
	}
	if err != nil {
		return err
	}
	_, err = w.send(ctx, which+" with "+change, w.request(e, body))
	return err
}

// extraFields are fields that Sent does not send today, of every JSON kind.
var extraFields = []struct{ path, raw string }{ //nolint:gochecknoglobals // constant
	{"api_version", `"v3"`},
	{"payload.segments", `2`},
	{"payload.price", `{"amount":0.0075,"currency":"USD"}`},
	{"payload.tags", `["a",null,true]`},
}

func (w *World) eventCalled(ctx context.Context, which string) (event.Event, error) {
	switch which {
	case "a failed event":
		m, err := w.addMessage(ctx, event.SMS)
		if err != nil {
			return event.Event{}, err
		}
		return w.event(m, event.Failed), w.seeUpTo(ctx, m, event.Sent)
	case "a template event":
		return w.templateEvent(newID(w.chance), event.TemplatePending), nil
	case "an inbound event":
		return w.inbound("hello"), nil
	default:
		return w.plain(ctx)
	}
}

func (w *World) contactSendsTextWith(ctx context.Context, content string) error {
	text, ok := called(chaos.HostileTexts(), content)
	if !ok {
		return fmt.Errorf("no text with %s", content)
	}
	e := w.inbound(text)
	_, err := w.send(ctx, "an inbound text with "+content, w.signed(e))
	return err
}

// deliversAsIn is an event as another edition of Sent writes it, or with the
// header of its id otherwise than in this one.
func (w *World) deliversAsIn(ctx context.Context, which, edition, header string) error {
	e, err := w.eventCalled(ctx, which)
	if err != nil {
		return err
	}
	d := w.driver()
	d.Knobs.EventIDHeader = header == "with"
	what, trigger := fmt.Sprintf("%s %s X-Webhook-Event-ID", which, header), []string{"--knob", fmt.Sprintf("event_id_header=%t", header == "with")}
	if edition != "" {
		other, err := event.LookupEdition(edition)
		if err != nil {
			return err
		}
		d.Knobs = d.Knobs.In(other)
		what, trigger = which+" as in edition "+edition, []string{"--edition", edition}
	}
	_, err = w.send(ctx, what, d.Event(e), append([]string{string(e.Type)}, trigger...)...)
	return err
}

// called is the text of that name.
func called(all []chaos.Named, name string) (text string, ok bool) {
	i := slices.IndexFunc(all, func(n chaos.Named) bool { return n.Name == name })
	if i < 0 {
		return "", false
	}
	return all[i].Text, true
}

func (w *World) deliversBodyThatIs(ctx context.Context, what string) error {
	body, ok := called(chaos.NotObjects(), what)
	if !ok {
		return fmt.Errorf("no body that is %s", what)
	}
	_, err := w.send(ctx, "a correctly signed body that is "+what, w.request(event.Event{Type: event.TypeOf(event.Queued), ID: newID(w.chance)}, []byte(body)))
	return err
}

// deliversLarge pads a genuine body. How depends on the receiver: what it takes
// at a small size is what is made large, so that size alone is judged.
func (w *World) deliversLarge(ctx context.Context, name string, size int) error {
	const small = 1024
	for _, pad := range []func([]byte, int) []byte{padField, padSpace} {
		e, err := w.sample(ctx, name)
		if err != nil {
			return err
		}
		before := len(w.pending)
		x, err := w.send(ctx, "the same padded to 1 KiB", w.request(e, pad(w.body(e), small)))
		if err != nil {
			return err
		}
		w.pending = w.pending[:before]
		if !x.Outcome.Accepted() {
			continue
		}
		if e, err = w.sample(ctx, name); err != nil {
			return err
		}
		_, err = w.send(ctx, fmt.Sprintf("a genuine %s event with a body of %d bytes", name, size), w.request(e, pad(w.body(e), size)))
		return err
	}
	return notChecked("the receiver accepts neither a new field (TOL-4) nor white space (SIG-9): no way to make a body larger")
}

// padField fills a new field at the end of the envelope up to size.
func padField(body []byte, size int) []byte {
	const head, tail = `,"padding":"`, `"}`
	n := max(0, size-len(body)-len(head)-len(tail)+1)
	out := append(bytes.TrimSuffix(body, []byte("}")), head...)
	return append(append(out, bytes.Repeat([]byte("x"), n)...), tail...)
}

// padSpace fills up with white space at the end.
func padSpace(body []byte, size int) []byte {
	return append(body, bytes.Repeat([]byte(" "), max(0, size-len(body)))...)
}
