package driver

import (
	"context"
	"time"

	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/delivery"
)

// Misbehaviour is how a sender can behave other than well. It is the one list of
// these; the zero value behaves well.
type Misbehaviour struct {
	Kind Kind
	For  time.Duration // Dawdle: between two pieces of the request; GiveUp: how long it waits for the answer
}

// Kind is one way to misbehave.
type Kind string

// The ways.
const (
	Well    Kind = ""
	LoseAck Kind = "lose-ack" // the answer is thrown away: to the sender it is a timeout
	HangUp  Kind = "hang-up"  // the connection is closed as soon as the request is written
	Cut     Kind = "cut"      // the connection breaks in the middle of the request
	Dawdle  Kind = "dawdle"   // the request comes in pieces
	GiveUp  Kind = "give-up"  // the sender stops waiting for the answer
)

// Learns reports whether a sender that behaves like this learns what the receiver answers.
func (k Kind) Learns() bool { return k == Well || k == Dawdle }

func (m Misbehaviour) send(ctx context.Context, s delivery.Sender, r delivery.Request, timeout time.Duration) (delivery.Outcome, *delivery.Outcome) {
	switch m.Kind {
	case HangUp:
		r.HangUp = true
	case Cut:
		r.Cut = true
	case Dawdle:
		r.Dawdle = m.For
	case GiveUp:
		timeout = m.For
	case LoseAck:
		start := clock.Wall()
		answer := s.Send(ctx, r, timeout)
		if answer.Kind != delivery.Answered {
			return answer, nil // there was no answer to lose
		}
		return delivery.Outcome{
			Kind: delivery.Timeout, Err: "the answer was lost (on purpose, by the harness)", Start: start, Duration: timeout,
		}, &answer
	case Well:
	}
	return s.Send(ctx, r, timeout), nil
}
