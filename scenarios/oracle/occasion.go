package oracle

import (
	"strings"

	"github.com/sentsim/sentsim/scenarios/check"
	"github.com/sentsim/sentsim/simulator/chaos"
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

// LongOutage names what no run is an occasion for: a plan disables the webhook for seconds.
const LongOutage = "an event after the webhook was disabled for minutes"

// occurred notes what a step was an occasion for. The caller holds the lock.
func (o *Oracle) occurred(s chaos.Step) {
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
