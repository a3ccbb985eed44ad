package steps

import (
	"context"
	"time"

	"github.com/sentsim/sentsim/scenarios/driver"
	"github.com/sentsim/sentsim/scenarios/rule"
	"github.com/sentsim/sentsim/simulator/delivery"
)

const (
	// manyCopies is how many copies CountCopies sends: more than a receiver has processes, as
	// a rule.
	manyCopies = 16
	// manyOthers is how many events Forgets sends before the retry: more than the scenario
	// whose failure it explains.
	manyOthers = 400
	// quickAnswer is how quick a receiver must be for Forgets to take 20 seconds at most.
	quickAnswer = 50 * time.Millisecond
)

// Copies is how many copies of one event were sent one after another, and how many of them
// had an effect at most.
type Copies struct{ Sent, Counted int }

// CountCopies tells a receiver that knows no duplicates, of which every copy has an effect,
// from one that knows some, as where each process remembers for itself. It is the zero
// Copies where that cannot be seen. Whoever calls it has the turn to send.
func (s *Subject) CountCopies(ctx context.Context) Copies {
	first := s.counted(ctx, "how many copies count")
	if first == nil {
		return Copies{}
	}
	n, ok := first.again(ctx, manyCopies)
	if !ok {
		return Copies{}
	}
	return Copies{Sent: manyCopies, Counted: n}
}

// Forgets tells a receiver that soon forgets what it has processed: it is how many events
// of others came between an event and a copy that had an effect, though one before them had
// none. It is 0 where that was not seen. Whoever calls it has the turn to send.
func (s *Subject) Forgets(ctx context.Context) int {
	if s.Arrange != nil || s.Traits.Quickest > quickAnswer {
		return 0 // hundreds of messages would take their time
	}
	first := s.counted(ctx, "what is remembered")
	if first == nil {
		return 0
	}
	if n, ok := first.again(ctx, 1); n > 0 || !ok {
		return 0
	}
	w := first.w
	for range manyOthers {
		m, err := w.newMessage(ctx, first.m.Channel)
		if err != nil || w.deliver(ctx, m, w.first()) != nil {
			return 0
		}
	}
	if st, err := w.messageState(first.m.ID)(ctx); err != nil || st.Effects != first.effects {
		return 0 // the first copy had one as well, and it showed late
	}
	if n, ok := first.again(ctx, 1); n == 0 || !ok {
		return 0
	}
	return manyOthers
}

// counted is an event that had its effect.
type counted struct {
	w       *World
	m       *message
	request delivery.Request
	effects int // of the message until now
}

// counted delivers one; nil where its effect cannot be seen.
func (s *Subject) counted(ctx context.Context, what string) *counted {
	for range starvedRepeats {
		w := NewWorld(s, what, s.asked.Add(1))
		if w.needs(rule.MessageEffects) != nil || ctx.Err() != nil {
			break
		}
		if c := w.counted(ctx); c != nil {
			return c
		}
	}
	return nil
}

func (w *World) counted(ctx context.Context) *counted {
	m, err := w.show(ctx)
	if err != nil || !w.lastExchange().Outcome.Accepted() {
		return nil
	}
	c := &counted{w: w, m: m, request: w.lastExchange().Request}
	st, err := w.quiet(ctx, m)
	if c.effects = st.Effects; err != nil || c.effects == 0 {
		return nil
	}
	return c
}

// again sends so many copies of it, and is how many had an effect, or not ok.
func (c *counted) again(ctx context.Context, copies int) (n int, ok bool) {
	for range copies {
		x := c.w.keep(c.w.driver().Send(ctx, driver.Planned{What: "a copy of its event", Request: c.request}))
		if !x.Outcome.Accepted() {
			return 0, false
		}
	}
	st, err := c.w.settled(ctx, c.w.messageState(c.m.ID), never)
	if err != nil || st.Effects < c.effects {
		return 0, false
	}
	n, c.effects = st.Effects-c.effects, st.Effects
	return n, true
}
