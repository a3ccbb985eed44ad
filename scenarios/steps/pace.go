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

// Where sending again was in vain so often, no more than ShortTime is spent on it: a
// run of hundreds of deliveries would take an hour.
const (
	maxVain   = 2
	ShortTime = 500 * time.Millisecond
)

// SendPaced sends a delivery at the pace that the receiver takes: what it turns away
// for the moment is sent again. control reports whether it takes a plain delivery now.
func (s *Subject) SendPaced(ctx context.Context, d driver.Driver, p driver.Planned, control func(context.Context) bool) Exchange {
	pace := driver.Pace{Limit: TurnedAwayTime, Control: control, Selects: &s.selects, Seen: func(x Exchange) { s.Answered(x.Outcome) }}
	if s.vain.Load() >= maxVain {
		pace.Limit = ShortTime
	}
	x := d.SendPaced(ctx, p, pace)
	switch {
	case driver.Later(x.Outcome):
		s.vain.Add(1)
	case x.Outcome.Kind == delivery.Answered:
		s.vain.Store(0)
	}
	return x
}

// sendPaced is SendPaced in a scenario.
func (w *World) sendPaced(ctx context.Context, p driver.Planned) Exchange {
	return w.s.SendPaced(ctx, w.driver(), p, w.takesPlain)
}

// takesPlain reports whether the receiver takes a plain delivery right now. Before
// anything is known of it, the plain delivery is what is asked about, and an inbound
// text takes its place.
func (w *World) takesPlain(ctx context.Context) bool {
	if !w.s.Traits.Learned {
		side := NewWorld(w.s, "control of "+w.name, w.s.asked.Add(1))
		x := side.driver().Send(ctx, driver.Planned{What: "an inbound text", Request: side.signed(side.inbound(side.newText()))})
		return x.Outcome.Accepted()
	}
	return w.s.takesTogether(ctx, w.name, w.s.asked.Add(1), 1)
}

// Selects reports whether the receiver was seen to turn deliveries away (503) for
// what they are.
func (s *Subject) Selects() bool { return s.selects.Load() }

// TakesTogether reports whether the receiver takes n plain deliveries that come at
// the same instant. Whoever calls it has the turn to send.
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
