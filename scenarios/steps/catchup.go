package steps

import (
	"context"
	"time"

	"github.com/sentsim/sentsim/scenarios/driver"
	"github.com/sentsim/sentsim/scenarios/probe"
	"github.com/sentsim/sentsim/scenarios/rule"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/delivery"
)

// catchUpTime is how long a receiver may take to work off what earlier scenarios
// sent it, besides the settle time.
const catchUpTime = 10 * time.Second

// CatchUp waits, where state has come later than it used to, until the receiver
// has worked off what was sent before, so that a queue that is slow but sound is
// not judged by other scenarios' deliveries: it delivers one more event and polls
// until that shows. A receiver on which a single event does not show within the
// settle time is not waited for again. Whoever calls it has the turn to send.
func (s *Subject) CatchUp(ctx context.Context, scenario string, attempt uint64) {
	if !s.behind.Load() || s.lags.Load() || s.Needs(rule.MessageState) != nil {
		return
	}
	w := NewWorld(s, "catching up before "+scenario, attempt)
	for range 2 { // the first may stand behind a queue, the second cannot
		m, err := w.show(ctx)
		if err != nil {
			return // what follows will say so
		}
		start := clock.Wall()
		st, err := probe.Poll(ctx, s.Settle+catchUpTime, w.messageState(m.ID), w.shows(m))
		if err != nil {
			return // a probe that fails is the scenario's to report
		}
		took := clock.Wall().Sub(start)
		if w.shows(m)(st) && took <= s.Settle {
			s.behind.Store(took > s.Traits.Lag*2+s.Settle/4)
			return
		}
		if !st.Known {
			break
		}
	}
	s.lags.Store(true)
}

// TakesAgain reports whether the receiver takes a plain delivery before patience
// is over, and what it answered last. Whoever calls it has the turn to send.
func (s *Subject) TakesAgain(ctx context.Context, scenario string, attempt uint64, patience time.Duration) (takes bool, seen string) {
	x, err := s.plainUntil(ctx, "turned away in "+scenario, attempt, patience, func(x Exchange) bool { return x.Outcome.Accepted() })
	if err != nil {
		return false, err.Error()
	}
	return x.Outcome.Accepted(), x.Seen()
}

// ReadyTime is how long a receiver may take that was just started until it answers with
// something else than an error of its server: some listen before they are ready.
const ReadyTime = 5 * time.Second

// AwaitReady waits for that. It sends plain deliveries, and reports whether the receiver
// takes them now. Of one that is known to answer slowly it asks nothing. Whoever calls it
// has the turn to send.
func (s *Subject) AwaitReady(ctx context.Context, patience time.Duration) (takes bool) {
	if s.Traits.Quickest >= slowAnswer {
		return false
	}
	x, err := s.plainUntil(ctx, "is it ready?", s.asked.Add(1), patience, func(x Exchange) bool { return !Unready(x.Outcome) })
	return err == nil && x.Outcome.Accepted()
}

// Unready reports whether an answer is one of a receiver that listens before it is ready.
func Unready(o delivery.Outcome) bool {
	return o.Kind == delivery.Reset || o.Kind == delivery.Refused || o.Kind == delivery.Answered && o.Status/100 == 5
}

// plainUntil sends plain deliveries until one is answered as asked for or patience is
// over, and returns the last of them.
func (s *Subject) plainUntil(ctx context.Context, why string, attempt uint64, patience time.Duration, enough func(Exchange) bool) (Exchange, error) {
	w := NewWorld(s, why, attempt)
	end := clock.Wall().Add(patience)
	for {
		e, err := w.plain(ctx)
		if err != nil {
			return Exchange{}, err
		}
		x := w.keep(w.driver().Send(ctx, driver.Planned{What: "a genuine " + string(e.Type) + " event", Request: w.signed(e)}))
		if err := driver.Stopped(ctx, x); err != nil {
			return x, err
		}
		if enough(x) {
			return x, nil
		}
		pause := min(end.Sub(clock.Wall()), patience/20)
		if pause <= 0 {
			return x, nil
		}
		if err := (clock.Real{}).Sleep(ctx, pause); err != nil {
			return x, err
		}
	}
}
