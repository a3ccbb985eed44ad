package oracle

import (
	"strings"

	"github.com/tidwall/gjson"

	"github.com/sentsim/sentsim/scenarios/check"
	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
)

// ForgedOf names a forged delivery of an event; "" is of any.
func ForgedOf(forgery, kind string) string {
	if kind == "" || event.Type(kind) == event.TypeOf(event.Queued) {
		return "a delivery forged as " + forgery
	}
	return "a " + kind + " delivery forged as " + forgery
}

// Sequence names the events of a message in the order in which they arrived.
func Sequence(statuses []string) string { return "the order " + strings.Join(statuses, ", ") }

// Again names an event that arrives twice.
func Again(kind string) string { return "a " + kind + " event again" }

// Arrives names an event of a family that not every edition has.
func Arrives(kind string) string { return "a " + kind + " event" }

// Signals names a contact's signals in the order in which they arrived, in the
// words of the contract.
func Signals(text string) string { return "the signals " + text }

// Changed names an event with a field too many, missing or null, in the words of the
// scenarios; so do the others.
func Changed(which, change string) string { return which + " with " + change }

// Text names a contact's text with something odd about it.
func Text(content string) string { return "a text with " + content }

// NullText names a text that is none.
const NullText = "nothing: a null text"

// TextOn names a text on a channel; RCS has chips to tap on instead.
func TextOn(ch event.Channel) string {
	switch ch { //nolint:exhaustive // texts come on no others
	case event.WhatsApp:
		return "a text by WhatsApp"
	case event.RCS:
		return "a tap on an RCS chip"
	default:
		return "a text by SMS"
	}
}

// NoObject names a body that is no JSON object.
func NoObject(what string) string { return "a correctly signed body that is " + what }

// Status names an event of a message or a template that may be new to a receiver.
func Status(status string) string { return "an event with the status " + status }

// Field names an event of something that Sent has not sent so far.
func Field(name string) string { return "an event with the unknown field " + name }

// LongOutage names what no run is an occasion for: a plan disables the webhook for seconds.
const LongOutage = "an event after the webhook was disabled for minutes"

// occurred notes what a step was an occasion for. One that nobody answered, or whose
// sender had left by then, is none. The caller holds the lock.
func (o *Oracle) occurred(s chaos.Step, out delivery.Outcome) {
	if out.Kind != delivery.Answered || s.Sender.Leaves() {
		return
	}
	for _, name := range said(s) {
		o.findings.Occasions[name] = true
	}
	kind := ""
	switch s.Subject.Kind {
	case chaos.AboutInbound:
		kind = string(event.TypeOf(event.Received))
	case chaos.AboutTemplate:
		kind = string(event.Templates)
	case chaos.AboutContact:
		kind = string(s.Event.Type)
	case chaos.AboutMessage:
	}
	switch {
	case s.Kind == chaos.KindForge:
		o.findings.Occasions[ForgedOf(s.Forgery, "")] = true
		o.findings.Occasions[ForgedOf(s.Forgery, kind)] = true
	case has(s, chaos.FaultUnknownField), s.Subject.Kind == chaos.AboutContact:
		o.findings.Occasions[Arrives(string(s.Event.Type))] = true
	case s.Attempt > 1 && kind != "":
		o.findings.Occasions[Again(kind)] = true
	}
}

// said is what a genuine delivery says that the scenarios have words for.
func said(s chaos.Step) (names []string) {
	if s.Kind != chaos.KindDeliver {
		return nil
	}
	payload := func(field string) gjson.Result { return gjson.GetBytes(s.Body, "payload."+field) }
	which := "a message event"
	switch {
	case has(s, chaos.FaultNotAnObject):
		return named(chaos.NotObjects(), string(s.Body), NoObject)
	case has(s, chaos.FaultUnknownField):
		field, _, _ := strings.Cut(string(s.Event.Type), ".")
		return []string{Field(field)}
	case s.Subject.Kind == chaos.AboutContact || s.Subject.Kind == "":
		return nil
	case s.Subject.Kind == chaos.AboutTemplate:
		which, names = "a template event", []string{Status(s.Event.Status)}
	case s.Subject.Kind == chaos.AboutInbound:
		which = "an inbound event"
		text := payload("text")
		names = named(chaos.HostileTexts(), text.String(), Text)
		if text.Type == gjson.Null {
			names = append(names, NullText)
		} else {
			names = append(names, TextOn(s.Subject.On))
		}
	case has(s, chaos.FaultUnknownStatus):
		names = []string{Status(s.Event.Status)}
	case s.Event.Status == string(event.Failed):
		which = "a failed event"
	}
	if has(s, chaos.FaultExtraFields) {
		names = append(names, Changed(which, "extra fields"))
	}
	if has(s, chaos.FaultNullFields) {
		for _, field := range []string{"template_id", "outbound_number", "inbound_number", "reason", "whatsapp_template_id", "category", "language", "provider"} {
			switch is := payload(field); {
			case !is.Exists():
				names = append(names, Changed(which, "no "+field))
			case is.Type == gjson.Null:
				names = append(names, Changed(which, "a null "+field))
			}
		}
	}
	return names
}

// named is the name of a text that has one.
func named(all []chaos.Named, text string, name func(string) string) []string {
	for _, n := range all {
		if n.Text == text {
			return []string{name(n.Name)}
		}
	}
	return nil
}

// maxOrder is how many events an order has at most that is noted: those that the
// contract names are short, and a long run must not keep all others.
const maxOrder = 6

// ended notes the order in which the events of a message, or the signals of a
// contact, arrived. The caller holds the lock.
func (o *Oracle) ended(r *Record) {
	if r.Subject.Kind == chaos.AboutContact {
		if all, sure := r.arrived(); sure && len(all) <= maxOrder {
			o.findings.Occasions[Signals(check.TellSignals(all))] = true
		}
	}
	if r.Subject.Kind != chaos.AboutMessage {
		return
	}
	var order []string
	for _, a := range r.genuine() {
		if a.Taken != NotTaken {
			order = append(order, a.Step.Event.Status)
		}
	}
	if o.arranged && len(order) == 1 && order[0] != string(event.Queued) {
		return // no message that the receiver never saw (ORD-5)
	}
	if len(order) > 0 && len(order) <= maxOrder {
		o.findings.Occasions[Sequence(order)] = true
	}
}
