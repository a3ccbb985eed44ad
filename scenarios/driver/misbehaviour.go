package driver

import (
	"context"
	"time"

	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/delivery"
)

// send makes one attempt, of a sender that behaves as the plan says.
func (p Planned) send(ctx context.Context, s delivery.Sender, timeout time.Duration) (delivery.Outcome, *delivery.Outcome) {
	r := p.Request
	switch p.How {
	case delivery.HangUp:
		r.HangUp = true
	case delivery.Cut:
		r.Cut = true
	case delivery.Dawdle:
		r.Dawdle = p.For
	case delivery.GiveUp:
		timeout = p.For
	case delivery.LoseAck:
		start := clock.Wall()
		answer := s.Send(ctx, r, timeout)
		if answer.Kind != delivery.Answered {
			return answer, nil // there was no answer to lose
		}
		return delivery.Outcome{
			Kind: delivery.Timeout, Err: "the answer was lost (on purpose, by the harness)", Start: start, Duration: timeout,
		}, &answer
	case delivery.Well:
	}
	return s.Send(ctx, r, timeout), nil
}
