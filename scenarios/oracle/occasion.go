package oracle

import (
	"fmt"
	"slices"
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

// Occasion is something that a rule's scenarios send, and how many times.
type Occasion struct {
	Name  string
	Times int
}

// Missing are those of which a run had fewer, as the reason of a rule that was not
// checked names them.
func (b *Findings) Missing(all []Occasion) (names []string) {
	for _, o := range all {
		switch had := b.Occasions[o.Name]; {
		case had >= o.Times:
		case o.Times > 1:
			names = append(names, fmt.Sprintf("%s, %d times (it had %d)", o.Name, o.Times, had))
		default:
			names = append(names, o.Name)
		}
	}
	return names
}

// What races in a receiver: once is no occasion for what is right most of the time.
const (
	Pair      = "the last two statuses of a message at the same instant"
	TextPair  = "two texts of a contact at the same instant"
	InASecond = "two statuses of a message within a second"
	TextAgain = "the same text of a contact again"
	TextOfTwo = "the same text of two contacts"
	AfterMore = "an event again after newer ones of its message"
)

// ForgedBefore names a genuine event that a forged delivery had told of already.
const ForgedBefore = "an event that was forged before it came"

// Burst names so many deliveries at one instant.
func Burst(n int) string { return fmt.Sprintf("a burst of %d deliveries", n) }

// Copies names a copy that comes at the instant of the event itself.
func Copies(kind chaos.SubjectKind) string {
	if kind == chaos.AboutInbound {
		return "a copy of an inbound text at the same instant"
	}
	return fmt.Sprintf("a copy of a %s's event at the same instant", kind)
}

// Unheard names a retry of an event of a message after the sender lost its answer.
func Unheard(how delivery.Misbehaviour) string {
	if how == delivery.HangUp {
		return "a retry after the sender hung up"
	}
	return "a retry after the answer was lost"
}

// Skewed names a delivery that is signed by a clock that is off, by seconds.
func Skewed(seconds string) string { return "a delivery signed " + seconds + " s from now" }

// LongOutage names what no run is an occasion for: a plan disables the webhook for seconds.
const LongOutage = "an event after the webhook was disabled for minutes"

// occurred notes what a step was an occasion for. One that nobody answered, or whose
// sender had left by then, is none. The caller holds the lock.
func (o *Oracle) occurred(s chaos.Step, out delivery.Outcome) {
	if out.Kind != delivery.Answered || s.Sender.Leaves() {
		return
	}
	for _, name := range said(s) {
		o.findings.Occasions[name]++
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
	occasion := func(name string) { o.findings.Occasions[name]++ }
	switch {
	case s.Kind == chaos.KindForge:
		occasion(ForgedOf(s.Forgery, ""))
		if kind != "" {
			occasion(ForgedOf(s.Forgery, kind))
		}
	case has(s, chaos.FaultUnknownField), s.Subject.Kind == chaos.AboutContact:
		occasion(Arrives(string(s.Event.Type)))
	case s.Attempt > 1 && kind != "":
		occasion(Again(kind))
	}
	if s.Kind != chaos.KindDeliver {
		return
	}
	switch {
	case s.Group != 0 && has(s, chaos.FaultAtOnce) && s.Occurrence == chaos.Duplicate:
		occasion(Copies(s.Subject.Kind))
	case s.Group != 0 && has(s, chaos.FaultBurst):
		if o.bursts[s.Group]++; o.bursts[s.Group] == chaos.MaxBurst {
			occasion(Burst(chaos.MaxBurst))
		}
	case s.Attempt > 1 && s.Subject.Kind == chaos.AboutMessage && has(s, chaos.FaultLostAck):
		occasion(Unheard(delivery.LoseAck))
	case s.Attempt > 1 && s.Subject.Kind == chaos.AboutMessage && has(s, chaos.FaultHangUp):
		occasion(Unheard(delivery.HangUp))
	}
	if s.Skew != 0 {
		occasion(Skewed(itoa(int(s.Skew.Seconds()))))
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

// ended notes what all that happened to a subject was an occasion for. The caller holds
// the lock.
func (o *Oracle) ended(r *Record) {
	occasion := func(name string) { o.findings.Occasions[name]++ }
	events, together := r.acknowledged()
	switch r.Subject.Kind {
	case chaos.AboutContact:
		if all, sure := r.arrived(); sure && len(all) <= maxOrder {
			occasion(Signals(check.TellSignals(all)))
		}
	case chaos.AboutInbound:
		if together > 0 {
			occasion(TextPair)
		}
		if r.repeats() {
			occasion(TextAgain)
		}
		if slices.ContainsFunc(events, func(a Arrival) bool { return o.texts[textOf(a.Step)] > 1 }) && !r.repeats() {
			occasion(TextOfTwo)
		}
	case chaos.AboutMessage:
		o.endedMessage(r, events, together, occasion)
	case chaos.AboutTemplate:
	}
}

func (o *Oracle) endedMessage(r *Record, events []Arrival, together int, occasion func(name string)) {
	if together > 0 && events[len(events)-1].Step.Group == together {
		occasion(Pair)
	}
	if r.sameSecond() {
		occasion(InASecond)
	}
	if slices.ContainsFunc(events, func(a Arrival) bool { return r.precursor(a.Step.Event) }) {
		occasion(ForgedBefore)
	}
	var order []string
	for _, a := range r.genuine() {
		if a.Taken != NotTaken {
			order = append(order, a.Step.Event.Status)
		}
	}
	for i := range len(events) - 1 {
		again := func(b Arrival) bool {
			return b.Taken == Acked && b.Step.Event.ID == events[i].Step.Event.ID && b.Step.Number > events[i+1].Step.Number
		}
		if slices.ContainsFunc(r.genuine(), again) {
			occasion(AfterMore)
		}
	}
	if o.arranged && len(order) == 1 && order[0] != string(event.Queued) {
		return // no message that the receiver never saw (ORD-5)
	}
	if len(order) > 0 && len(order) <= maxOrder && together == 0 {
		occasion(Sequence(order))
	}
}

// acknowledged are the first acknowledged deliveries of each event, in their order, and
// the last group in which there are two of them; 0 for none.
func (r *Record) acknowledged() (events []Arrival, together int) {
	for _, a := range r.genuine() {
		same := func(b Arrival) bool { return b.Step.Event.ID == a.Step.Event.ID }
		if a.Taken != Acked || slices.ContainsFunc(events, same) {
			continue
		}
		if n := len(events); n > 0 && a.Step.Group != 0 && events[n-1].Step.Group == a.Step.Group {
			together = a.Step.Group
		}
		events = append(events, a)
	}
	return events, together
}
