// Package steps is the vocabulary of the features: what each sentence does to
// the receiver under test and what it looks at. A step reports what it saw as an
// error: a *Failure is the receiver's, a *NotChecked is nobody's, any other
// error is our own trouble.
package steps

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/scenarios/probe"
	"github.com/sentsim/sentsim/scenarios/sentapi"
	"github.com/sentsim/sentsim/scenarios/target"
	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/seed"
	"github.com/sentsim/sentsim/simulator/signing"
)

// Subject is the receiver under test and all that the scenarios of a run share.
type Subject struct {
	Target target.Target
	Env    target.Env      // what the target runs with now: its secret is the one that signs
	Probe  *probe.Probe    // nil: its state cannot be read
	API    *sentapi.Server // stands in for Sent's API
	Sender delivery.Sender

	Seed    seed.Seed
	Start   time.Time // of the events' clock; zero: the wall clock at the scenario's start
	Clock   string    // virtual, real or scaled=N, for scenarios that spend time
	Knobs   simulator.Knobs
	Headers []delivery.Header // sent with every delivery, besides Sent's own

	Settle    time.Duration // how long state may lag behind the acknowledgement
	Timeout   time.Duration // of an attempt
	AckWithin time.Duration // ACK-1
	Strict    bool
	// Reproduce is how the target is named on the command line: "--target URL".
	Reproduce string

	answers answerTimes
	spare   []signing.Secret // secrets of the run besides Env's; guarded by the wire
	lags    atomic.Bool      // one event takes longer than Settle to show
	wide    atomic.Bool      // several scenarios may send at the same time
	wire    chan struct{}    // holds one token: who has it may send to the target
	spent   atomic.Int64     // simulated nanoseconds, over all scenarios
	epoch   atomic.Int64     // how often the target was restarted under running scenarios
}

// NewSubject finishes s: it must be called before the first scenario.
func NewSubject(s *Subject) *Subject {
	s.wire = make(chan struct{}, width)
	s.wire <- struct{}{}
	return s
}

// TakeWire waits until nobody else sends to the target. Scenarios send one after
// another, so that what one of them does to the receiver is not blamed on
// another; while a scenario only waits for state to settle, the next one may send.
func (s *Subject) TakeWire() { <-s.wire }

// width is how many scenarios send at the same time to a receiver that is slow
// but takes deliveries side by side.
const width = 6

// Wide reports whether several scenarios may send at the same time.
func (s *Subject) Wide() bool { return s.wide.Load() }

// Widen looks whether the receiver takes several deliveries side by side in
// about the time of one, and if so lets as many scenarios send at the same time:
// a run of hundreds of deliveries, each answered after seconds, would not end
// today. Whoever calls it has the wire, and calls it once.
func (s *Subject) Widen(ctx context.Context, scenario string, attempt uint64, one time.Duration) {
	w := NewWorld(s, "side by side after "+scenario, attempt)
	requests := make([]delivery.Request, width)
	for i := range requests {
		requests[i] = w.signed(w.plain())
	}
	if w.sendAll(ctx, "one of several plain deliveries", requests, 0, s.Timeout) != nil {
		return
	}
	for _, x := range w.all {
		if !x.Outcome.Accepted() || x.Outcome.Duration > 2*one {
			return
		}
	}
	s.wide.Store(true)
	for range width - 1 {
		s.wire <- struct{}{}
	}
}

// LeaveWire lets the next scenario send.
func (s *Subject) LeaveWire() { s.wire <- struct{}{} }

// Spent is the simulated time that the scenarios have spent so far.
func (s *Subject) Spent() time.Duration { return time.Duration(s.spent.Load()) }

// Restarted tells the scenarios under way that the target lost what it keeps in memory.
func (s *Subject) Restarted() { s.epoch.Add(1) }

// Webhook is the id of the webhook that the target is registered as, the same
// for all deliveries of the run.
func (s *Subject) Webhook() uuid.UUID { return newID(s.Seed.Stream("webhook of the target")) }

// Secrets are the signing secrets that the target has or had in this run. Whoever
// calls it has the wire, or knows that nobody rotates.
func (s *Subject) Secrets() []signing.Secret {
	return append([]signing.Secret{s.Env.Secret}, s.spare...)
}

// Rotated notes that the target has another secret now, that of env. Whoever
// calls it has the wire.
func (s *Subject) Rotated(env target.Env) {
	s.spare = append(s.spare, s.Env.Secret)
	s.Env = env
}

// Account is the Sent account of the run, the same for all of it.
func (s *Subject) Account() uuid.UUID { return s.account() }

// account is the Sent account of the run, the same for all scenarios.
func (s *Subject) account() uuid.UUID { return newID(s.Seed.Stream("account")) }

func newID(st *seed.Stream) uuid.UUID {
	return uuid.Must(uuid.NewRandomFromReader(st)) // a stream never fails
}
