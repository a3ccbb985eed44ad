package steps

import (
	"context"
	"time"

	"github.com/sentsim/sentsim/scenarios/driver"
	"github.com/sentsim/sentsim/simulator/delivery"
)

// TurnedAwayTime is how long a receiver that turns deliveries away may take until
// it takes one again.
const TurnedAwayTime = 5 * time.Second

// Where sending again was in vain so often, no more than shortTime is spent on it: a
// run of hundreds of deliveries would take an hour.
const (
	maxVain   = 2
	shortTime = 500 * time.Millisecond
)

// sendPaced sends a delivery at the pace that the receiver takes: what it turns away
// for the moment is sent again.
func (w *World) sendPaced(ctx context.Context, p driver.Planned) Exchange {
	pace := driver.Pace{
		Limit: TurnedAwayTime, Control: w.takesPlain,
		Seen: func(x Exchange) { w.s.answers.add(x.Outcome) },
	}
	if w.s.vain.Load() >= maxVain {
		pace.Limit = shortTime
	}
	x := w.driver().SendPaced(ctx, p, pace)
	switch {
	case driver.Later(x.Outcome):
		w.s.vain.Add(1)
	case x.Outcome.Kind == delivery.Answered:
		w.s.vain.Store(0)
	}
	return x
}

// takesPlain reports whether the receiver takes a plain delivery right now.
func (w *World) takesPlain(ctx context.Context) bool {
	return w.s.takesTogether(ctx, w.name, w.s.asked.Add(1), 1)
}

// TakesTogether reports whether the receiver takes n plain deliveries that come at
// the same instant. Whoever calls it has the wire.
func (s *Subject) TakesTogether(ctx context.Context, scenario string, n int) bool {
	return s.takesTogether(ctx, scenario, s.asked.Add(1), n)
}

func (s *Subject) takesTogether(ctx context.Context, scenario string, attempt uint64, n int) bool {
	w := NewWorld(s, "control of "+scenario, attempt)
	all := make([]driver.Planned, n)
	for i := range all {
		e, err := w.plain(ctx)
		if err != nil {
			return false
		}
		all[i] = driver.Planned{What: "a plain delivery", Request: w.signed(e)}
	}
	for _, x := range w.driver().SendTogether(ctx, all) {
		s.answers.add(x.Outcome)
		if !x.Outcome.Accepted() {
			return false
		}
	}
	return true
}
