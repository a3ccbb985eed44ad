package steps

import (
	"context"
	"fmt"
	"slices"

	"github.com/cucumber/godog"

	"github.com/sentsim/sentsim/scenarios/probe"
	"github.com/sentsim/sentsim/scenarios/rule"
	"github.com/sentsim/sentsim/simulator/event"
)

func (w *World) aMessageThatShows(ctx context.Context, st string) error {
	if err := w.needs(rule.MessageState); err != nil {
		return err
	}
	m, err := w.addMessage(ctx, event.WhatsApp)
	if err != nil {
		return err
	}
	last := event.Status(st)
	if !w.s.Traits.Words.Kept(last) {
		last = w.first()
	}
	if err := w.seeUpTo(ctx, m, last); err != nil {
		return err
	}
	got, err := w.appears(ctx, w.messageState(m.ID), w.shows(m))
	if err != nil {
		return err
	}
	if !w.shows(m)(got) {
		return notChecked("the probe does not show a message that the receiver accepted, so it could not show the trace of a rejected one")
	}
	w.shown, err = w.settled(ctx, w.messageState(m.ID), never)
	return err
}

func known(st probe.State) bool { return st.Known }

// forgedDelivery is what a scenario knows of a forged delivery that it sent.
type forgedDelivery struct {
	message *message
	at      Exchange
}

func (w *World) forgedForMessages(ctx context.Context, names *godog.Table) error {
	knownMessage, err := w.the(0)
	if err != nil {
		return err
	}
	for _, row := range names.Rows {
		name := row.Cells[0].Value
		unseen, err := w.newMessage(ctx, event.WhatsApp)
		if err != nil {
			return err
		}
		for _, m := range []*message{knownMessage, unseen} {
			e := w.event(m, event.Delivered)
			if m == knownMessage {
				e = w.event(m, w.claimed())
			}
			x, err := w.sendForged(ctx, article(name)+" delivery", name, e, string(e.Type))
			if err != nil {
				return err
			}
			w.forged = append(w.forged, forgedDelivery{m, x})
		}
	}
	return nil
}

// claimed is what a forgery says of a message that the receiver knows: something
// that it does not show already.
func (w *World) claimed() event.Status {
	if w.is(event.Delivered)(w.shown) {
		return event.Failed
	}
	return event.Delivered
}

// leftNoTrace looks only at what was rejected: what was accepted fails its own
// rule, and of what broke nobody can say.
func (w *World) leftNoTrace(ctx context.Context) error {
	w.pending = nil
	seen, rejected := w.messages[0], 0
	trace := known
	if w.s.Arrange != nil { // the receiver knows the message, but not of this event
		trace = w.is(event.Delivered)
	}
	knownAccepted := false
	for _, f := range w.forged {
		if f.message == seen {
			knownAccepted = knownAccepted || !f.at.Outcome.Rejected()
			continue
		}
		if !f.at.Outcome.Rejected() {
			continue
		}
		rejected++
		// The first one waits for the state to settle, which is long enough for all.
		read := w.messageState(f.message.ID)
		var st probe.State
		var err error
		if rejected == 1 {
			st, err = w.settled(ctx, read, trace)
		} else {
			st, err = read(ctx)
		}
		if err != nil {
			return err
		}
		if trace(st) {
			return &Failure{
				Summary:  f.at.What + " was rejected, but its message is now known: " + status(st),
				Expected: "no trace of a rejected delivery",
				Seen:     st.Raw,
				At:       &f.at,
			}
		}
	}
	if rejected == 0 {
		if err := w.forgedHaveEffect(ctx, trace); err != nil {
			return err
		}
		return notChecked("none of the forged deliveries that this rule sends was rejected (their own rules say so)")
	}
	if knownAccepted {
		return nil
	}
	st, err := w.messageState(seen.ID)(ctx)
	if err != nil {
		return err
	}
	if w.is(w.claimed())(st) {
		return &Failure{
			Summary:  "forged deliveries were rejected, but moved a known message to " + st.Status,
			Expected: "the message still " + string(seen.history[len(seen.history)-1]),
			Seen:     st.Raw,
			At:       &w.forged[0].at,
		}
	}
	if w.shown.HasEffects && st.Effects > w.shown.Effects {
		return &Failure{
			Summary:  fmt.Sprintf("forged deliveries were rejected, but a known message has %d effects now, not %d", st.Effects, w.shown.Effects),
			Expected: "no effect of a rejected delivery",
			Seen:     st.Raw,
			At:       &w.forged[0].at,
		}
	}
	return nil
}

// forgedHaveEffect looks, where forged deliveries were all accepted, whether one of them
// shows in the receiver's state: else it verifies them, and only answers as if it had not.
func (w *World) forgedHaveEffect(ctx context.Context, trace func(probe.State) bool) error {
	looked := false
	for _, f := range w.forged {
		if f.message == w.messages[0] || !f.at.Outcome.Accepted() {
			continue
		}
		looked = true
		st, err := w.settled(ctx, w.messageState(f.message.ID), trace)
		if err != nil || trace(st) {
			return err
		}
	}
	w.s.ignoresForged.Store(looked)
	return nil
}

// IgnoresForged reports whether forged deliveries were seen to be accepted and to have no
// effect.
func (s *Subject) IgnoresForged() bool { return s.ignoresForged.Load() }

// genuineIsProcessed delivers, after forged deliveries of an event were rejected, the
// event itself: a receiver that notes an event's id before it verifies the signature
// takes it for a duplicate, and it is lost. Where the event has no effect, that of
// another message, which nobody forged, tells whether the forgeries are the reason.
func (w *World) genuineIsProcessed(ctx context.Context) error {
	m, st := w.messages[0], w.claimed()
	rejected := func(f forgedDelivery) bool { return f.message == m && f.at.Outcome.Rejected() }
	if !slices.ContainsFunc(w.forged, rejected) {
		return leftOut("none of the forged deliveries was rejected (their own rules say so)")
	}
	if !w.s.Traits.Words.Kept(st) || !w.can(rule.MessageStatus) {
		return leftOut("%s does not show in the receiver's state", st)
	}
	processed := func(m *message) (bool, probe.State, error) {
		if err := w.see(ctx, m, st); err != nil {
			return false, probe.State{}, err
		}
		got, err := w.appears(ctx, w.messageState(m.ID), w.is(st))
		return w.is(st)(got), got, err
	}
	ok, got, err := processed(m)
	if ok || err != nil {
		return err
	}
	like, err := w.addMessage(ctx, m.Channel)
	if err != nil {
		return err
	}
	if err := w.seeAll(ctx, []*message{like}, m.history[:len(m.history)-1]); err != nil {
		return err
	}
	ok, _, err = processed(like)
	switch {
	case err != nil:
		return err
	case !ok:
		return leftOut("the %s event has no effect on a message that nobody forged either (the rules of its state say so)", st)
	}
	return &Failure{
		Summary:  fmt.Sprintf("after forged deliveries of its %s event were rejected, the genuine one was accepted and has no effect: the message is %s; that of another message, which nobody forged, has", st, status(got)),
		Expected: "the genuine event to be processed, for the forged ones were not it",
		Seen:     got.Raw, At: w.lastExchange(),
	}
}
