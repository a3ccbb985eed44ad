package steps

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sentsim/sentsim/scenarios/probe"
	"github.com/sentsim/sentsim/scenarios/rule"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/event"
)

// appears polls until want holds, at most for the settle time. The last reading
// is returned either way; state that lags is normal. Before a state counts as late
// or lost, a control must have shown at once: an event that is delivered now, and
// a machine that had time for us.
func (w *World) appears(ctx context.Context, read reader, want func(probe.State) bool) (probe.State, error) {
	all, err := w.allAppear(ctx, []expectation{{read, want}})
	return all[0], err
}

// expectation is what one reading is to come to.
type expectation struct {
	read reader
	want func(probe.State) bool
}

// allAppear is appears for several readings in one wait.
func (w *World) allAppear(ctx context.Context, all []expectation) (last []probe.State, err error) {
	err = w.away(func() error {
		last, err = w.poll(ctx, all)
		return err
	})
	busy := errors.Is(err, errBusy)
	if w.awaited = nil; busy || err == nil && !w.allHold(all, last) {
		w.awaited = all
	}
	if w.awaited == nil {
		return last, err
	}
	if !w.witness(ctx) {
		if busy {
			w.awaited, err = nil, Starved("the state settled")
		}
		return last, err
	}
	// What was delivered after it shows: its time is over, however busy this machine is.
	// One more look.
	err = nil
	for i, e := range all {
		if !e.want(last[i]) {
			if last[i], err = e.read(ctx); err != nil {
				return last, err
			}
		}
	}
	if w.allHold(all, last) {
		w.s.behind.Store(true)
		w.awaited = nil
	}
	return last, nil
}

// Awaits reports whether the scenario, which is over, has waited in vain for state.
func (w *World) Awaits() bool { return w.awaited != nil }

// Came looks once more for the state that was waited for in vain, and reports how
// long after the last delivery it was there, or 0. After a restart, which may have
// thrown the state away, nothing has come.
func (w *World) Came(ctx context.Context) time.Duration {
	for _, e := range w.awaited {
		if st, err := e.read(ctx); err != nil || !e.want(st) || w.epoch != w.s.epoch.Load() {
			return 0
		}
	}
	return clock.Wall().Sub(w.acked)
}

func (w *World) allHold(all []expectation, last []probe.State) bool {
	for i, e := range all {
		if !e.want(last[i]) {
			return false
		}
	}
	return true
}

// errBusy is of a wait in which this machine was starved now and then, and in all had as
// much time for the receiver as state may take.
var errBusy = errors.New("this machine was starved now and then")

// starvedRepeats is how often a wait is repeated in which this machine was starved.
const starvedRepeats = 3

// poll reads all until each is as wanted, or until the settle time is over.
func (w *World) poll(ctx context.Context, all []expectation) (last []probe.State, err error) {
	last = make([]probe.State, len(all))
	begin := clock.Wall()
	for range starvedRepeats {
		start := clock.Wall()
		missing := 0
		for i, e := range all {
			left := max(0, w.s.Settle-clock.Wall().Sub(start))
			if last[i], err = probe.Poll(ctx, left, e.read, e.want); err != nil {
				return last, err
			}
			if !e.want(last[i]) {
				missing++
			}
		}
		took := clock.Wall().Sub(start)
		if missing == 0 {
			if took > w.s.Traits.Lag*2+w.s.Settle/4 {
				w.s.behind.Store(true)
			}
			return last, nil
		}
		if w.s.Pulse.Starved(start) < took/8 {
			return last, nil
		}
	}
	if clock.Wall().Sub(begin)-w.s.Pulse.Starved(begin) > w.s.Settle {
		return last, errBusy
	}
	return last, Starved("the state settled")
}

// witness delivers one more event and reports whether that shows, within the
// settle time or, where state was seen to lag, somewhat more. Where no event can show, it reports false.
func (w *World) witness(ctx context.Context) bool {
	if w.s.lags.Load() || w.needs(rule.MessageState) != nil {
		return false
	}
	w.looks++
	side := NewWorld(w.s, fmt.Sprintf("witness %d of %s", w.looks, w.name), w.attempt)
	side.base = w.base
	m, err := side.show(ctx)
	if err != nil {
		return false
	}
	var st probe.State
	err = w.away(func() error {
		patience := w.s.Settle + min(catchUpTime, 5*w.s.Traits.Lag) // it may stand behind a queue
		st, err = probe.Poll(ctx, patience, side.messageState(m.ID), side.shows(m))
		return err
	})
	return err == nil && side.shows(m)(st)
}

// show delivers what makes a new message show in the receiver's state.
func (w *World) show(ctx context.Context) (*message, error) {
	m, err := w.newMessage(ctx, event.SMS)
	if err == nil {
		err = w.seeUpTo(ctx, m, w.first())
	}
	return m, err
}

// shows reports whether a reading shows the message: known, or with the word of
// what was delivered if the receiver knew it before.
func (w *World) shows(m *message) func(probe.State) bool {
	if w.s.Arrange == nil || !w.can(rule.MessageStatus) || len(m.history) == 0 {
		return known
	}
	return w.is(m.history[len(m.history)-1])
}

// settled waits until the settle time after the scenario's last delivery is over
// and takes the last reading: what must not happen may still happen until then. hopeless ends the wait early: no later
// reading can mend such a one.
func (w *World) settled(ctx context.Context, read reader, hopeless func(probe.State) bool) (st probe.State, err error) {
	err = w.away(func() error {
		end := w.acked.Add(w.s.Settle)
		for {
			st, err = read(ctx)
			left := end.Sub(clock.Wall())
			if left <= 0 || ctx.Err() != nil || err == nil && hopeless(st) {
				return err // of the last reading: an endpoint may fail once
			}
			if err := (clock.Real{}).Sleep(ctx, min(left, w.s.Settle/4+time.Millisecond)); err != nil {
				return err
			}
		}
	})
	return st, err
}

func never(probe.State) bool { return false }

// is reports whether a reading shows the status, under the receiver's word for it.
func (w *World) is(st event.Status) func(probe.State) bool {
	return func(s probe.State) bool { return w.s.Traits.Words.Is(s, st) }
}

// word is a status as a sentence writes it: with the receiver's own word, if that differs.
func (w *World) word(st event.Status) string {
	own := w.s.Traits.Words.Of(st)
	if strings.EqualFold(own, string(st)) {
		return string(st)
	}
	return fmt.Sprintf("%s (%q)", st, own)
}
