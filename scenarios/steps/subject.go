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

	"github.com/sentsim/sentsim/scenarios/driver"
	"github.com/sentsim/sentsim/scenarios/learn"
	"github.com/sentsim/sentsim/scenarios/probe"
	"github.com/sentsim/sentsim/scenarios/sentapi"
	"github.com/sentsim/sentsim/scenarios/target"
	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
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

	// Traits are what was learned of the receiver, before the first scenario.
	Traits learn.Traits
	// Arrange makes the receiver send a message itself, or store one; nil where the
	// configuration does not say how.
	Arrange func(context.Context, driver.Message) (driver.Message, error)
	Pulse   *driver.Pulse // the control of time; nil: none

	answers       answerTimes
	spare         []signing.Secret // secrets of the run besides Env's; guarded by the turn
	lags          atomic.Bool      // one event takes longer than Settle to show
	behind        atomic.Bool      // state comes later than it did: what was sent before is still in its queue
	exact         atomic.Bool      // it takes nothing that is signed a second ahead (SIG-8)
	ignoresForged atomic.Bool      // forged deliveries were accepted and had no effect
	selects       atomic.Bool      // it turns some deliveries away for what they are
	vain          atomic.Int64     // how often in a row a delivery was sent again for nothing
	asked         atomic.Uint64    // how often a plain delivery was sent as a control
	width         atomic.Int64     // how many scenarios may send at the same time
	turn          chan struct{}    // holds width tokens: who has one may send to the target
	others        chan struct{}    // closed once nothing else is under way; nil: nothing is when a scenario restarts the target
	spent         atomic.Int64     // simulated nanoseconds, over all scenarios
	first         *seed.Seed       // with which the run began; nil: Seed
	epoch         atomic.Int64     // how often the target was restarted under running scenarios
}

// NewSubject finishes s: it must be called before the first scenario.
func NewSubject(s *Subject) *Subject {
	s.turn = make(chan struct{}, maxWidth)
	s.turn <- struct{}{}
	s.width.Store(1)
	return s
}

// Driver signs and sends as the receiver is known to take it. Whoever calls it
// has the turn to send, or knows that nobody rotates.
func (s *Subject) Driver() driver.Driver {
	return driver.Driver{
		Sender: s.Sender, URL: s.Target.URL(), Webhook: s.Webhook(), Secret: s.Env.Secret,
		Knobs: s.read(), Headers: s.Headers, Timeout: s.Timeout,
	}
}

// read are the knobs that the receiver reads: those that were learned, or else set.
func (s *Subject) read() simulator.Knobs {
	if s.Traits.Learned {
		return s.Traits.Knobs
	}
	return s.Knobs
}

// Message makes a message, arranged where the configuration says how.
func (s *Subject) Message(ctx context.Context, st *seed.Stream, ch event.Channel, born time.Time) (driver.Message, error) {
	m := driver.NewMessage(st, driver.NewAccount(s.Seed), ch, born)
	if s.Arrange == nil {
		return m, nil
	}
	return s.Arrange(ctx, m)
}

// Answered notes how long an answer took that no scenario has asked for.
func (s *Subject) Answered(o delivery.Outcome) { s.answers.add(o) }

// TakeTurn waits until nobody else sends to the target. Scenarios send one after
// another, so that what one of them does to the receiver is not blamed on
// another; while a scenario only waits for state to settle, the next one may send.
func (s *Subject) TakeTurn() { <-s.turn }

// EndTurn lets the next scenario send.
func (s *Subject) EndTurn() { s.turn <- struct{}{} }

// maxWidth is how many scenarios send at the same time to a receiver that is slow
// but takes deliveries side by side.
const maxWidth = 64

// Wide reports whether several scenarios may send at the same time.
func (s *Subject) Wide() bool { return s.width.Load() > 1 }

// Widen lets so many scenarios send at the same time: a run of hundreds of
// deliveries, each answered after seconds, would not end today. Whoever calls it
// has the turn to send, and calls it once, before the first scenario.
func (s *Subject) Widen(width int) {
	width = min(width, maxWidth)
	for range width - 1 {
		s.turn <- struct{}{}
	}
	s.width.Store(int64(max(1, width)))
}

// Others says when nothing else is under way any more, for a scenario that
// restarts the target and was started earlier, because its receiver is slow. It is
// called before that scenario begins.
func (s *Subject) Others(done chan struct{}) { s.others = done }

// Spent is the simulated time that the scenarios have spent so far.
func (s *Subject) Spent() time.Duration { return time.Duration(s.spent.Load()) }

// Restarted tells the scenarios under way that the target lost what it keeps in memory.
func (s *Subject) Restarted() { s.epoch.Add(1) }

// Webhook is the id of the webhook that the target is registered as, the same
// for all deliveries of the run.
func (s *Subject) Webhook() uuid.UUID { return driver.WebhookID(s.identity()) }

// Secrets are the signing secrets that the target has or had in this run. Whoever
// calls it has the turn to send, or knows that nobody rotates.
func (s *Subject) Secrets() []signing.Secret {
	return append([]signing.Secret{s.Env.Secret}, s.spare...)
}

// Rotated notes that the target has another secret now, that of env. Whoever
// calls it has the turn to send.
func (s *Subject) Rotated(env target.Env) {
	s.spare = append(s.spare, s.Env.Secret)
	s.Env = env
}

// TheAccount is the Sent account of the run and its number.
func (s *Subject) TheAccount() driver.Account { return driver.NewAccount(s.identity()) }

// Reseed gives the run another seed. The webhook and the account stay: a receiver
// may know them.
func (s *Subject) Reseed(next seed.Seed) {
	if s.first == nil {
		before := s.Seed
		s.first = &before
	}
	s.Seed = next
}

func (s *Subject) identity() seed.Seed {
	if s.first != nil {
		return *s.first
	}
	return s.Seed
}

// Account is the id of the run's account, the same for all of it.
func (s *Subject) Account() uuid.UUID { return driver.NewAccount(s.identity()).ID }
