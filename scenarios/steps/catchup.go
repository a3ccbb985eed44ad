package steps

import (
	"context"
	"time"

	"github.com/sentsim/sentsim/scenarios/driver"
	"github.com/sentsim/sentsim/scenarios/probe"
	"github.com/sentsim/sentsim/scenarios/rule"
	"github.com/sentsim/sentsim/simulator/clock"
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
	w := NewWorld(s, "turned away in "+scenario, attempt)
	end := clock.Wall().Add(patience)
	for {
		e, err := w.plain(ctx)
		if err != nil {
			return false, err.Error()
		}
		x := w.keep(w.driver().Send(ctx, driver.Planned{What: "a genuine " + string(e.Type) + " event", Request: w.signed(e)}))
		if err := driver.Stopped(ctx, x); err != nil {
			return false, err.Error()
		}
		if x.Outcome.Accepted() {
			return true, x.Seen()
		}
		pause := min(end.Sub(clock.Wall()), patience/20)
		if pause <= 0 || (clock.Real{}).Sleep(ctx, pause) != nil {
			return false, x.Seen()
		}
	}
}
