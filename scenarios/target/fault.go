package target

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/delivery"
)

// FaultPoint stands between the simulator and a receiver and breaks the attempts
// that it is told to break: the next ones, in the order in which the faults were
// asked for. All faults are on the sending side, so what the receiver got is
// always a delivery as Sent makes it. It is safe for concurrent use; attempts
// at the same instant take the faults as they come.
type FaultPoint struct {
	next delivery.Sender

	mu     sync.Mutex
	script []fault
	lost   []delivery.Outcome
}

type fault string

const (
	faultRefuse  fault = "refuse"
	faultTimeOut fault = "timeout"
	faultReset   fault = "reset"
	faultLoseAck fault = "lose-ack"
	faultHangUp  fault = "hang-up"
)

// NewFaultPoint sends through next, and breaks nothing yet.
func NewFaultPoint(next delivery.Sender) *FaultPoint { return &FaultPoint{next: next} }

// Refuse makes the next n attempts end as if nobody listened. The receiver sees nothing.
func (f *FaultPoint) Refuse(n int) { f.add(faultRefuse, n) }

// TimeOut makes the next n attempts end in a timeout, without waiting for it.
// The receiver sees nothing.
func (f *FaultPoint) TimeOut(n int) { f.add(faultTimeOut, n) }

// Reset makes the next n attempts end with a broken connection. The receiver sees nothing.
func (f *FaultPoint) Reset(n int) { f.add(faultReset, n) }

// LoseAck makes the next n attempts reach the receiver, and throws its answer
// away: to the sender they are timeouts. Lost has the answers.
func (f *FaultPoint) LoseAck(n int) { f.add(faultLoseAck, n) }

// HangUp makes the sender close the connection of the next n attempts as soon as
// the request is written. Whether the receiver processes it is up to the receiver.
func (f *FaultPoint) HangUp(n int) { f.add(faultHangUp, n) }

func (f *FaultPoint) add(kind fault, n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for range n {
		f.script = append(f.script, kind)
	}
}

// Pending is how many faults wait for an attempt.
func (f *FaultPoint) Pending() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.script)
}

// Clear forgets the faults that wait, and the answers that were lost.
func (f *FaultPoint) Clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.script, f.lost = nil, nil
}

// Lost is what the receiver really answered to the attempts of LoseAck: only one
// that it accepted is a lost acknowledgement.
func (f *FaultPoint) Lost() []delivery.Outcome {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.lost)
}

// Send makes one attempt, broken if a fault waits.
func (f *FaultPoint) Send(ctx context.Context, r delivery.Request, timeout time.Duration) delivery.Outcome {
	start := clock.Wall()
	if err := ctx.Err(); err != nil { // uses up no fault
		return delivery.Outcome{Kind: delivery.Cancelled, Err: err.Error(), Start: start}
	}
	broken := func(kind delivery.Kind, why string) delivery.Outcome {
		return delivery.Outcome{Kind: kind, Err: why + " (on purpose, by the harness)", Start: start}
	}
	switch f.take() {
	case faultRefuse:
		return broken(delivery.Refused, "connection refused")
	case faultTimeOut:
		o := broken(delivery.Timeout, "no answer within the timeout")
		o.Duration = timeout
		return o
	case faultReset:
		return broken(delivery.Reset, "connection reset")
	case faultHangUp:
		r.HangUp = true
	case faultLoseAck:
		answer := f.next.Send(ctx, r, timeout)
		if answer.Kind != delivery.Answered {
			return answer // there was no answer to lose
		}
		f.mu.Lock()
		f.lost = append(f.lost, answer)
		f.mu.Unlock()
		o := broken(delivery.Timeout, "the answer was lost")
		o.Duration = timeout
		return o
	}
	return f.next.Send(ctx, r, timeout)
}

func (f *FaultPoint) take() fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.script) == 0 {
		return ""
	}
	kind := f.script[0]
	f.script = f.script[1:]
	return kind
}
