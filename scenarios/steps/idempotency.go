package steps

import (
	"context"
	"fmt"
	"time"

	"github.com/sentsim/sentsim/scenarios/driver"
	"github.com/sentsim/sentsim/scenarios/probe"
	"github.com/sentsim/sentsim/scenarios/rule"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
)

// Losing is the sender who misbehaves as a sentence of Unanswered says; ok tells if there is one.
func Losing(how string) (as delivery.Misbehaviour, ok bool) {
	switch how {
	case "never gets the answer":
		return delivery.LoseAck, true
	case "hangs up once the request is sent":
		return delivery.HangUp, true
	}
	return "", false
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
	misbehaves, ok := Losing(how)
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

// isRestarted restarts the receiver. once is not "" where restartAddedNothing looks
// for what that has added to the effects.
func (w *World) isRestarted(ctx context.Context, once string) error {
	if once == "" {
		if err := w.needs(rule.Restart); err != nil {
			return err
		}
		return w.restartTarget(ctx, "restart")
	}
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
	if err := w.restartTarget(ctx, "restart"); err != nil {
		return err
	}
	after, err := w.afterRestart(ctx, m, before)
	if err != nil {
		return err
	}
	w.restart = &restartReading{before, after}
	return nil
}

// restartTarget starts the receiver anew, with the secret that signs now.
func (w *World) restartTarget(ctx context.Context, why string) error {
	w.s.Restarted()
	w.epoch = w.s.epoch.Load() // this scenario knows
	if err := w.s.Target.Restart(ctx, w.s.Env); err != nil {
		return fmt.Errorf("%s: %w", why, err)
	}
	w.base = w.s.Target.URL() // a restart may change it
	w.s.AwaitReady(ctx, ReadyTime)
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
