package steps

import (
	"context"
	"fmt"
	"time"

	"github.com/sentsim/sentsim/scenarios/driver"
	"github.com/sentsim/sentsim/scenarios/probe"
	"github.com/sentsim/sentsim/scenarios/rule"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
)

// onEveryChannel makes a message on each channel that shows, and its control.
func (w *World) onEveryChannel(ctx context.Context, status string) error {
	w.several = &several{}
	t := w.s.Traits
	for _, ch := range event.Channels() {
		if !t.Takes(ch) {
			continue
		}
		m, err := w.newMessage(ctx, ch)
		if err != nil {
			return err
		}
		w.several.messages = append(w.several.messages, m)
	}
	return w.seeAllUpTo(ctx, w.several.messages, event.Status(status))
}

func (w *World) copiesOfEach(ctx context.Context, n int, status string) error {
	st := event.Status(status)
	for i, m := range w.several.messages {
		m.history = append(m.history, st)
		r := w.signed(m.Event(st))
		requests := make([]delivery.Request, n)
		for i := range requests {
			requests[i] = r
		}
		what := fmt.Sprintf("one of %d copies of its %s event on %s at the same instant", n, st, m.Channel)
		if i > 0 { // all of them together would be a burst, which is ACK-2's
			if err := w.workedOff(ctx, w.several.messages[i-1], st); err != nil {
				return err
			}
		}
		if err := w.sendAll(ctx, what, requests); err != nil {
			return err
		}
	}
	return nil
}

// betweenCopies is how long a receiver whose state cannot be read has to work off
// the copies of one event before those of the next come.
const betweenCopies = 200 * time.Millisecond

// workedOff waits until the receiver has worked off what it got about a message.
func (w *World) workedOff(ctx context.Context, m *message, st event.Status) error {
	if !w.can(rule.MessageStatus) || !w.s.Traits.Words.Kept(st) {
		return clock.Real{}.Sleep(ctx, betweenCopies)
	}
	_, err := w.appears(ctx, w.messageState(m.ID), w.is(st))
	return err
}

// givesUp spreads the moments over the time that an answer takes: a receiver
// that works in several steps, and stops between them when nobody waits any
// more, is met between two of them. Then it waits until nothing is under way,
// for what arrives meanwhile is IDEM-3's.
func (w *World) givesUp(ctx context.Context, status string, n int) error {
	if err := w.needs(rule.MessageEffects); err != nil {
		return err
	}
	st := event.Status(status)
	way := driver.WayTo(st)
	w.several = &several{}
	for range n + 1 {
		m, err := w.newMessage(ctx, event.WhatsApp)
		if err != nil {
			return err
		}
		w.several.messages = append(w.several.messages, m)
	}
	if err := w.seeAllUpTo(ctx, w.several.messages, way[len(way)-2]); err != nil {
		return err
	}
	control := w.several.messages[0]
	w.several.messages = w.several.messages[1:]
	w.several.controls = []*message{control}
	if err := w.see(ctx, control, st); err != nil {
		return err
	}
	usual := w.lastExchange().Outcome.Duration
	var planned []driver.Planned
	for i, m := range w.several.messages {
		m.history = append(m.history, st)
		waits := max(usual*time.Duration(i+1)/time.Duration(n), 50*time.Microsecond)
		planned = append(planned, driver.Planned{
			What:    fmt.Sprintf("its %s event, while the sender waits for %s", st, waits),
			Request: w.signed(m.Event(st)), How: delivery.GiveUp, For: waits,
		})
	}
	if w.s.Wide() {
		_, err := w.sendPlanned(ctx, planned)
		w.pending = nil
		if err != nil {
			return err
		}
	} else {
		for _, p := range planned {
			x := w.driver().Send(ctx, p)
			w.all, w.acked = append(w.all, x), clock.Wall()
			if err := driver.Stopped(ctx, x); err != nil {
				return err
			}
		}
	}
	_, err := w.settled(ctx, w.messageState(control.ID), never)
	return err
}

func (w *World) retriesTheirs(ctx context.Context, status string) error {
	var planned []driver.Planned
	for _, m := range w.several.messages {
		e := m.Event(event.Status(status))
		planned = append(planned, driver.Planned{What: fmt.Sprintf("a retry of its %s event", status), Request: w.later(e, w.body(e))})
	}
	return w.sendEach(ctx, planned)
}

// onceEachOfAll leaves refusals to the scenario that asks for acceptance.
func (w *World) onceEachOfAll(ctx context.Context) error {
	w.pending = nil
	if err := w.needs(rule.MessageEffects); err != nil {
		return err
	}
	history := w.several.messages[0].history
	if w.several.controls == nil {
		for _, m := range w.several.messages {
			t, err := w.newMessage(ctx, m.Channel)
			if err != nil {
				return err
			}
			w.several.controls = append(w.several.controls, t)
		}
		if err := w.seeAllUpTo(ctx, w.several.controls, history[len(history)-1]); err != nil {
			return err
		}
	}
	once, err := w.onceOf(ctx, w.several.controls[0])
	if err != nil {
		return err
	}
	if !once.HasEffects || once.Effects == 0 {
		return notChecked("the probe shows no effect of events that were delivered once: an effect too many could not be seen")
	}
	for i, m := range w.several.messages {
		want := once
		if len(w.several.controls) > i && i > 0 {
			if want, err = w.messageState(w.several.controls[i].ID)(ctx); err != nil {
				return err
			}
		}
		got, err := w.appears(ctx, w.messageState(m.ID), func(st probe.State) bool { return st.HasEffects && st.Effects == want.Effects })
		if err != nil {
			return err
		}
		if got.HasEffects && got.Effects == want.Effects {
			continue
		}
		if mixed, err := w.mixes(ctx, m.history, once.Effects); err != nil || mixed {
			return err
		}
		return &Failure{
			Summary:  fmt.Sprintf("%d effects on a message on %s; each event delivered once has %d", got.Effects, m.Channel, want.Effects),
			Expected: fmt.Sprintf("%d effects, as on a message that got each of %s once", want.Effects, statuses(m.history)),
			Seen:     got.Raw,
			At:       w.lastOf(m),
		}
	}
	return nil
}

// lastOf is the last delivery of a message.
func (w *World) lastOf(m *message) *Exchange {
	body := w.body(m.Event(m.history[len(m.history)-1]))
	for i := len(w.all) - 1; i >= 0; i-- {
		if string(w.all[i].Request.Body) == string(body) {
			return &w.all[i]
		}
	}
	return w.lastExchange()
}

// mixes reports, as an error, a receiver that loses a message's last event to
// another message that got this far in between, although nobody gave up.
func (w *World) mixes(ctx context.Context, history []event.Status, effects int) (bool, error) {
	first, err := w.newMessage(ctx, event.WhatsApp)
	if err != nil {
		return true, err
	}
	between, err := w.newMessage(ctx, event.WhatsApp)
	if err != nil {
		return true, err
	}
	last := len(history) - 1
	for _, m := range []*message{first, between} {
		for _, st := range history[:last] {
			if err := w.see(ctx, m, st); err != nil {
				return true, err
			}
		}
	}
	if err := w.see(ctx, first, history[last]); err != nil {
		return true, err
	}
	st, err := w.appears(ctx, w.messageState(first.ID), func(st probe.State) bool { return st.Effects == effects })
	if err != nil || st.Effects == effects {
		return false, err
	}
	return true, notChecked("messages mix: an event that comes after another message's has its effect elsewhere (ORD-7 says so)")
}
