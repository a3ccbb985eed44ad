package steps

import (
	"context"

	"github.com/sentsim/sentsim/scenarios/driver"
	"github.com/sentsim/sentsim/scenarios/rule"
)

// manyCopies is how many copies CountCopies sends: more than a receiver has processes, as
// a rule.
const manyCopies = 16

// Copies is how many copies of one event were sent one after another, and how many of them
// had an effect at most.
type Copies struct{ Sent, Counted int }

// CountCopies tells a receiver that knows no duplicates, of which every copy has an effect,
// from one that knows some, as where each process remembers for itself. It is the zero
// Copies where that cannot be seen. Whoever calls it has the turn to send.
func (s *Subject) CountCopies(ctx context.Context) Copies {
	w := NewWorld(s, "how many copies count", s.asked.Add(1))
	if w.needs(rule.MessageEffects) != nil {
		return Copies{}
	}
	m, err := w.show(ctx)
	if err != nil || !w.lastExchange().Outcome.Accepted() {
		return Copies{}
	}
	request := w.lastExchange().Request
	before, err := w.quiet(ctx, m)
	if err != nil || before.Effects == 0 {
		return Copies{}
	}
	for range manyCopies {
		x := w.keep(w.driver().Send(ctx, driver.Planned{What: "a copy of its event", Request: request}))
		if !x.Outcome.Accepted() {
			return Copies{}
		}
	}
	after, err := w.settled(ctx, w.messageState(m.ID), never)
	if err != nil || after.Effects < before.Effects {
		return Copies{}
	}
	return Copies{Sent: manyCopies, Counted: after.Effects - before.Effects}
}
