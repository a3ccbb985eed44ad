package steps

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/sentsim/sentsim/scenarios/driver"
	"github.com/sentsim/sentsim/scenarios/probe"
	"github.com/sentsim/sentsim/scenarios/rule"
	"github.com/sentsim/sentsim/simulator/event"
)

// contact is who writes in a scenario.
type contact struct {
	number   string
	optedOut bool      // by a signal
	copied   bool      // its text came in several copies
	wrote    time.Time // when its text was acknowledged: of a control
}

// inbound is a text of the scenario's contact; who that is is drawn when first needed.
func (w *World) inbound(text string) event.Event {
	return w.inboundAt(&text, w.s.Traits.InboundChannel(event.SMS), w.at)
}

func (w *World) inboundAt(text *string, ch event.Channel, at time.Time) event.Event {
	if w.contact == nil {
		w.contact = &contact{number: w.newNumber()}
	}
	return driver.Inbound(newID(w.chance), w.account, w.contact.number, text, ch, at)
}

// contactSends sends a text, one with a content that has a name, or one of the kinds that
// a sentence knows; two of them are "".
func (w *World) contactSends(ctx context.Context, text, content, kind string) error {
	ch := event.SMS
	words := &text
	switch kind {
	case "":
		if content != "" {
			return w.contactSendsTextWith(ctx, content)
		}
		return w.sendsText(ctx, text)
	case "a text":
		return w.sendsText(ctx, w.newText())
	case "an ordinary text": // of one that something is known of
		return w.thatContactSends(ctx)
	case "the same text": // as the contact who was answered
		w.contact = nil
		return w.sendsText(ctx, ordinaryText)
	case "a text by SMS":
		text = "I would like to know more"
	case "a text by WhatsApp":
		ch, text = event.WhatsApp, "I would like to know more"
	case "nothing: a null text":
		ch, words = event.WhatsApp, nil
	case "a tap on an RCS chip":
		ch, text = event.RCS, "Show me my order"
	}
	if slices.Contains(w.s.Traits.Refused, ch) {
		return leftOut("the receiver refuses what comes on %s (SIG-1 says so)", ch)
	}
	e := w.inboundAt(words, ch, w.at)
	_, err := w.send(ctx, "an inbound event: "+kind, w.signed(e))
	return err
}

func (w *World) sendsText(ctx context.Context, text string) error {
	_, err := w.send(ctx, fmt.Sprintf("an inbound %q", text), w.signed(w.inbound(text)))
	return err
}

// newText is a text that nobody else in the run sends.
func (w *World) newText() string {
	return fmt.Sprintf("Is order %08d on its way?", w.chance.IntN(100_000_000))
}

// contactSendsTwo dates the first text back by the time between them. Some seconds apart, both
// lie in one minute. In the same second both carry the same times, which is as fine as Sent's
// get.
func (w *World) contactSendsTwo(ctx context.Context, when, second string) error {
	apart, at := time.Minute, w.at
	switch when {
	case "in the same second":
		apart = 0
	case "some seconds later":
		apart, at = 15*time.Second, w.at.Truncate(time.Minute).Add(-20*time.Second)
	}
	text := w.newText()
	for i := range 2 {
		if i == 1 && second == "another text" {
			text = w.newText()
		}
		e := w.inboundAt(&text, w.s.Traits.InboundChannel(event.SMS), at.Add(time.Duration(i-1)*apart))
		if _, err := w.send(ctx, fmt.Sprintf("an inbound %q", text), w.signed(e)); err != nil {
			return err
		}
	}
	return nil
}

func (w *World) twoContactsSend(ctx context.Context) error {
	text := w.newText()
	for range 2 {
		w.contact = nil
		e := w.inbound(text)
		w.contacts = append(w.contacts, w.contact)
		if _, err := w.send(ctx, fmt.Sprintf("an inbound %q from %s", text, w.contact.number), w.signed(e)); err != nil {
			return err
		}
	}
	return nil
}

// oneText is what one inbound text counts for on this receiver.
func (w *World) oneText(ctx context.Context) (int, error) {
	if err := w.needs(rule.InboundCount); err != nil {
		return 0, err
	}
	before := w.contact
	defer func() { w.contact = before }() // "that contact" stays the same
	for range 3 {                         // one may be lost
		w.contact = nil
		control := w.inbound(w.newText())
		if err := w.introduce(ctx, "an inbound text of another contact", w.signed(control)); err != nil {
			return 0, err
		}
		read := w.inboundState(w.form(control.Inbound.From))
		one, err := w.appears(ctx, read, func(st probe.State) bool { return st.Count > 0 })
		if err == nil && one.Count > 0 {
			one, err = w.settled(ctx, read, never)
		}
		if err != nil || one.Count > 0 {
			return one.Count, err
		}
	}
	return 0, notChecked("the probe does not count an inbound text that the receiver accepted")
}

// hasCounted compares with what one inbound text counts for on this receiver, in one wait
// for all contacts that the sentence is about. Whether copies are accepted is another
// scenario's to say.
func (w *World) hasCounted(ctx context.Context, number, whom string) error {
	last, contacts, each := w.lastExchange(), []*contact{w.contact}, whom == "each of them"
	switch {
	case each:
		contacts = w.contacts
	case whom != "that contact":
		n, err := place(whom)
		if err != nil {
			return err
		}
		if n >= len(w.contacts) {
			return fmt.Errorf("the scenario has no contact number %d", n+1)
		}
		contacts = w.contacts[n : n+1]
	}
	if !each || slices.ContainsFunc(contacts, func(c *contact) bool { return c.copied }) {
		w.pending = nil
	}
	if err := w.acceptedSoFar(); err != nil {
		return err
	}
	one, err := w.oneText(ctx)
	if err != nil {
		return err
	}
	want := one
	if texts, err := strconv.Atoi(number); err == nil { // else it is "an"
		want *= texts
	}
	var all []expectation
	for _, c := range contacts {
		all = append(all, expectation{w.inboundState(w.form(c.number)), func(st probe.State) bool { return st.Count == want }})
	}
	got, err := w.allAppear(ctx, all)
	if err != nil || w.allHold(all, got) {
		return err
	}
	wrong, example := 0, probe.State{}
	for i := range got {
		if got[i].Count != want {
			wrong++
			example = got[i]
		}
	}
	f := &Failure{
		Inbound:  true,
		Summary:  fmt.Sprintf("%d inbound messages are counted from that contact, not %d", example.Count, want),
		Expected: fmt.Sprintf("a count of %d", want),
		Seen:     example.Raw,
		At:       last,
	}
	if each {
		f.Sporadic = wrong <= len(got)/2
		f.Summary = fmt.Sprintf("of %d contacts, whose texts were acknowledged, %d are counted wrong: %d inbound messages are counted of one, not %d", len(got), wrong, example.Count, want)
		f.Expected += " for each contact"
	}
	return f
}

// form is a number as the configured deliveries write it.
func (w *World) form(number string) string {
	if w.s.read().Format().Numbers == event.NumbersDigits {
		return number[1:]
	}
	return number
}
