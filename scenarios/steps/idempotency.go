package steps

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sentsim/sentsim/scenarios/driver"
	"github.com/sentsim/sentsim/scenarios/probe"
	"github.com/sentsim/sentsim/scenarios/rule"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
)

func idempotencySentences() []definition {
	return []definition{
		def(`(\d+) copies of its "([^"]+)" event arrive at the same instant`, func(w *World) any { return w.copiesArrive }),
		def(`its events have had the same effect as on a message that got each of them once`, func(w *World) any { return w.onceEach }),
		def(`Sent delivers its "([^"]+)" and "([^"]+)" events at the same instant, with the same timestamps`, func(w *World) any { return w.deliversBothAtOnce }),
		def(`Sent delivers its "([^"]+)" event and then its "([^"]+)" event, with the same timestamps`, func(w *World) any { return w.deliversBothInTurn }),
		def(`the message ends as "([^"]+)", as it does when they arrive one after the other in either order`, func(w *World) any { return w.endsAsInEitherOrder }),
		def(`its "([^"]+)" event is processed but the sender (.+)`, func(w *World) any { return w.losesTheAcknowledgement }),
		def(`the receiver restarts`, func(w *World) any { return w.receiverRestarts }),
		def(`the restart has added no effect`, func(w *World) any { return w.restartAddedNothing }),
	}
}

func (w *World) copiesArrive(ctx context.Context, n int, status string) error {
	m, err := w.the(0)
	if err != nil {
		return err
	}
	st := event.Status(status)
	m.history = append(m.history, st)
	r := w.signed(w.event(m, st))
	requests := make([]delivery.Request, n)
	for i := range requests {
		requests[i] = r
	}
	return w.sendAll(ctx, fmt.Sprintf("one of %d copies of its %s event at the same instant", n, st), requests)
}

// onceEach leaves refusals to the scenario that asks for acceptance.
func (w *World) onceEach(ctx context.Context) error {
	w.pending = nil
	return w.sameEffect(ctx, 0)
}

// twoEvents are two deliveries that differ in nothing but the status: same
// message, same event timestamps, same signature timestamp.
func (w *World) twoEvents(first, second string) ([]delivery.Request, error) {
	m, err := w.the(0)
	if err != nil {
		return nil, err
	}
	if err := w.travels(event.Status(first), event.Status(second)); err != nil {
		return nil, err
	}
	a, b := w.event(m, event.Status(first)), w.event(m, event.Status(second))
	a.CreatedAt, a.Outbound.UpdatedAt = b.CreatedAt, b.Outbound.UpdatedAt
	m.history = append(m.history, event.Status(first), event.Status(second))
	return []delivery.Request{w.signed(a), w.signed(b)}, nil
}

func (w *World) deliversBothAtOnce(ctx context.Context, first, second string) error {
	both, err := w.twoEvents(first, second)
	if err != nil {
		return err
	}
	return w.sendAll(ctx, fmt.Sprintf("its %s and %s events at the same instant", first, second), both)
}

// deliversBothInTurn leaves it to nobody's luck which of the two arrives first.
func (w *World) deliversBothInTurn(ctx context.Context, first, second string) error {
	both, err := w.twoEvents(first, second)
	if err != nil {
		return err
	}
	for i, status := range []string{first, second} {
		if _, err := w.send(ctx, "its "+status+" event", both[i]); err != nil {
			return err
		}
	}
	return nil
}

// endsAsInEitherOrder leaves it to the rules of order what a receiver does with
// the later status first: at the same instant, that is a matter of luck.
func (w *World) endsAsInEitherOrder(ctx context.Context, want string) error {
	err := w.messageEnds(ctx, 0, want)
	var failure *Failure
	if !errors.As(err, &failure) {
		return err
	}
	m := w.messages[0]
	n := len(m.history) - 2
	control, err := w.newMessage(ctx, m.Channel)
	if err != nil {
		return err
	}
	for _, st := range m.history[:n] {
		if err := w.see(ctx, control, st); err != nil {
			return err
		}
	}
	for _, st := range []event.Status{m.history[n+1], m.history[n]} {
		if err := w.deliver(ctx, control, st); err != nil {
			return err
		}
	}
	w.pending = nil
	st, err := w.settled(ctx, w.messageState(control.ID), never)
	if err != nil {
		return err
	}
	if !w.is(event.Status(want))(st) {
		return notChecked("at the same instant either of the two may come first, and a message that gets %s before %s is %s in the receiver's state (ORD-2 and ORD-3 say so)",
			m.history[n+1], m.history[n], status(st))
	}
	return failure
}

// losesTheAcknowledgement makes the receiver process an event without the sender
// learning of it, and waits until it has.
func (w *World) losesTheAcknowledgement(ctx context.Context, status, how string) error {
	m, err := w.the(0)
	if err != nil {
		return err
	}
	e := w.event(m, event.Status(status))
	m.history = append(m.history, event.Status(status))
	r := w.signed(e)
	misbehaves, ok := map[string]delivery.Misbehaviour{
		"never gets the answer": delivery.LoseAck, "hangs up once the request is sent": delivery.HangUp,
	}[how]
	if !ok {
		return fmt.Errorf("no way in which a sender %s", how)
	}
	x := w.driver().Send(ctx, driver.Planned{
		What: fmt.Sprintf("its %s event, while the sender %s", status, how), Request: r, How: misbehaves,
	})
	x.Trigger = []string{string(e.Type)}
	x = w.keep(x)
	if err := driver.Stopped(ctx, x); err != nil {
		return err
	}
	if x.Answer != nil { // an answer that is no acknowledgement cannot be lost
		if err := mustAccept(Exchange{What: x.What, Request: r, Outcome: *x.Answer}); err != nil {
			return err
		}
	}
	w.pending = nil
	if st := event.Status(status); w.can(rule.MessageStatus) && w.s.Traits.Words.Kept(st) {
		_, err = w.appears(ctx, w.messageState(m.ID), w.is(st))
	}
	return err
}

// restartReading is what the state showed around a restart.
type restartReading struct{ before, after probe.State }

func (w *World) receiverRestarts(ctx context.Context) error {
	if err := w.needs(rule.MessageEffects, rule.Restart); err != nil {
		return err
	}
	if err := w.acceptedSoFar(); err != nil {
		return err
	}
	m, err := w.the(0)
	if err != nil {
		return err
	}
	before, err := w.quiet(ctx, m)
	if err != nil {
		return err
	}
	if before.Effects == 0 {
		return notChecked("the probe shows no effect of an event that was delivered: an effect too many could not be seen")
	}
	if err := w.awaitOthers(ctx); err != nil {
		return err
	}
	if err := w.s.Target.Restart(ctx, w.s.Env); err != nil {
		return fmt.Errorf("restart: %w", err)
	}
	w.base = w.s.Target.URL() // a restart may change it
	after, err := w.afterRestart(ctx, m, before)
	if err != nil {
		return err
	}
	w.restart = &restartReading{before, after}
	return nil
}

// awaitOthers waits until nothing else is under way: others would lose what their
// receiver keeps in memory.
func (w *World) awaitOthers(ctx context.Context) error {
	if w.s.others == nil {
		return nil
	}
	return w.away(func() error {
		select {
		case <-w.s.others:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
}

// backUp is how long after a restart the state is looked for: it is there, or it is lost.
const backUp = 500 * time.Millisecond

// afterRestart is what the state shows once the receiver is up again. One that
// has several effects to lose need not be waited for as long as its state may lag:
// if all of them come back late, restartAddedNothing sees that.
func (w *World) afterRestart(ctx context.Context, m *message, before probe.State) (probe.State, error) {
	read := w.messageState(m.ID)
	kept := func(st probe.State) bool { return st.Effects >= before.Effects }
	if before.Effects < 2 || !w.s.Traits.Learned {
		return w.appears(ctx, read, kept)
	}
	return probe.Poll(ctx, min(w.s.Settle, backUp), read, kept)
}

// restartAddedNothing counts what the retry added to what was there after the
// restart: a receiver that forgot its effects has still had them. Whether the
// retry is accepted is IDEM-2's to say.
func (w *World) restartAddedNothing(ctx context.Context) error {
	w.pending = nil
	m, err := w.the(0)
	if err != nil {
		return err
	}
	after := w.restart.after
	got, err := w.settled(ctx, w.messageState(m.ID), func(st probe.State) bool { return st.Effects > max(after.Effects, w.restart.before.Effects) })
	if err != nil {
		return err
	}
	if before := w.restart.before; before.Effects > 1 && got.Effects == before.Effects {
		return nil
	}
	added := got.Effects - after.Effects
	if added <= 0 && after.Effects == w.restart.before.Effects {
		return nil
	}
	f := &Failure{Expected: "the retry to add no effect", Seen: got.Raw, At: w.lastExchange()}
	switch {
	case added > 0:
		f.Summary = fmt.Sprintf("the retry after the restart added to the effects (%d more); before the restart the event had had its effect already", added)
	default:
		f.Summary = fmt.Sprintf("after the restart %d effects are left of %d: what was processed is forgotten", after.Effects, w.restart.before.Effects)
	}
	return f
}
