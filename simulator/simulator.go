// Package simulator is Sent's side of a webhook: it makes the events of messages
// and templates, delivers them signed to registered webhooks, retries, disables
// and forgets nothing. The features in features/simulator say all of it in plain
// words. The command line, the scenarios and your own Go tests use this package.
//
// Time stands still but in Advance, Drain and Run. On the virtual clock (the
// default) an hour of backoff takes a millisecond; HTTP requests take as long as
// the receiver takes.
package simulator

import (
	"context"
	crand "crypto/rand"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/history"
	"github.com/sentsim/sentsim/simulator/seed"
)

var (
	// ErrNoWebhook is returned when no webhook has that id.
	ErrNoWebhook = delivery.ErrNoWebhook
	// ErrInactive is returned for a test delivery or a replay to a disabled webhook.
	ErrInactive = delivery.ErrInactive
	// ErrClosed is returned by everything that would start something after Close.
	ErrClosed = delivery.ErrClosed
	// ErrNotFound is returned for a delivery, message or template that is not in the history, or not any more.
	ErrNotFound = history.ErrNotFound
)

// Config is what New needs. The zero value is Sent as documented, with seed 0, on
// a virtual clock that starts at the wall clock's time, with an empty history in memory.
type Config struct {
	Seed  seed.Seed   // of a store that is empty; one that is not goes on with its own
	Start time.Time   // of the virtual clock, when Clock is nil; zero: the wall clock's time, in whole seconds. Never before the store's last
	Clock clock.Clock // nil: a virtual one at Start. New takes a hold of it: keep none of your own while time shall move
	Knobs Knobs       // zero: DefaultKnobs

	Sender  delivery.Sender  // nil: delivery.HTTP
	Store   history.Store    // nil: in memory, without limit; for one simulator at a time
	Wall    func() time.Time // of signature timestamps; nil: clock.Wall
	Secrets io.Reader        // new signing secrets are made from it; nil: crypto/rand

	// Watch is told of every change once it is saved; nil: nobody is. It must
	// return at once, not call the simulator, and keep nothing that the change
	// points to.
	Watch func(history.Change)
}

// Simulator is Sent, for one account. It is safe for concurrent use.
type Simulator struct {
	seed       seed.Seed
	knobs      Knobs
	clock      clock.Clock
	store      history.Store
	secrets    io.Reader
	dispatcher *delivery.Dispatcher
	sender     delivery.Sender
	wall       func() time.Time
	account    uuid.UUID
	answers    []history.Answer // of earlier simulators
	pending    *tally           // planned events and deliveries that are not over
	standstill *standstill

	mu      sync.Mutex
	counts  map[string]uint64 // of what was made so far, by purpose
	planned map[uint64]func() bool
	timers  func(t time.Time, f func()) (cancel func() bool) // the clock's, gathered
	plan    uint64
	closed  bool

	records  sync.Mutex // whoever reads a template's record to change it
	contacts contacts
	courses  map[uuid.UUID]*course // of templates whose review is not over; mu guards it
	cancels  sync.Map              // the planned events that a decision cancels, by its event's id, until both are saved
}

// New is a simulator that goes on with what its store remembers; with an empty
// one it has no webhooks. On a clock that can be held it starts nothing. Close
// it, and then the store.
func New(cfg Config) (*Simulator, error) {
	if cfg.Knobs == (Knobs{}) {
		cfg.Knobs = DefaultKnobs()
	}
	if err := cfg.Knobs.Validate(); err != nil {
		return nil, err
	}
	wall := cfg.Wall
	if cfg.Wall == nil {
		cfg.Wall = clock.Wall
	}
	if cfg.Sender == nil {
		cfg.Sender = delivery.HTTP{}
	}
	if cfg.Store == nil {
		cfg.Store = history.NewMemory(0)
	}
	if cfg.Secrets == nil {
		cfg.Secrets = crand.Reader
	}
	state, err := cfg.Store.Restore()
	if err != nil {
		return nil, fmt.Errorf("history: %w", err)
	}
	if cfg.Clock == nil {
		cfg.Clock = clock.NewVirtual(startOf(cfg, state))
	}
	if cfg.Watch != nil {
		cfg.Store = watched{cfg.Store, cfg.Watch}
	}
	cfg.Store = timed{cfg.Store, cfg.Clock}
	s := &Simulator{
		sender: cfg.Sender, wall: cfg.Wall,
		seed: cfg.Seed, knobs: cfg.Knobs, clock: cfg.Clock, store: cfg.Store, secrets: cfg.Secrets,
		pending: newTally(cfg.Clock), standstill: newStandstill(cfg.Clock),
		counts: map[string]uint64{}, planned: map[uint64]func() bool{}, timers: clock.Gather(cfg.Clock), courses: map[uuid.UUID]*course{},
	}
	if err := s.restore(state, delivery.Config{
		Clock: cfg.Clock, Sender: cfg.Sender, Wall: wall, Journal: journal{cfg.Store, &s.contacts, &s.cancels},
		Rules: cfg.Knobs.rules(), Encode: func(e event.Event) []byte { return e.Encode(cfg.Knobs.Format()) },
		Settled: func() { s.pending.add(-1) },
	}); err != nil {
		s.standstill.end()
		return nil, err
	}
	return s, nil
}

// Account is the id of the account whose events these are.
func (s *Simulator) Account() uuid.UUID { return s.account }

// Seed decides all that is drawn: the store's, which a store that was empty has
// from Config.
func (s *Simulator) Seed() seed.Seed { return s.seed }

// Knobs are the platform's settings.
func (s *Simulator) Knobs() Knobs { return s.knobs }

// Now is the simulation's time.
func (s *Simulator) Now() time.Time { return s.clock.Now() }

// Shutdown is Close in good order: it begins nothing more, but lets the attempts
// that are under way end by themselves until ctx ends.
func (s *Simulator) Shutdown(ctx context.Context) error {
	s.cancelPlanned()
	s.dispatcher.Finish(ctx)
	return s.Close()
}

// Err is the history's first error: what happened since then may be missing in it.
func (s *Simulator) Err() error { return s.dispatcher.Err() }

// Close cancels what is planned or waits, stops the attempts in flight, waits
// for them and lets go of the clock. What was not over stays so in the store, and
// the next simulator goes on with it. It may be called again.
func (s *Simulator) Close() error {
	s.cancelPlanned()
	s.dispatcher.Close()
	s.pending.giveUp()
	s.standstill.end()
	return s.failure()
}

func (s *Simulator) cancelPlanned() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for _, cancel := range s.planned {
		cancel()
	}
	clear(s.planned)
}

func (s *Simulator) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// at plans f for time t. The caller holds the clock. What it returns is for unplan.
func (s *Simulator) at(t time.Time, f func()) (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return 0, ErrClosed
	}
	s.plan++
	n := s.plan
	s.pending.add(1)
	s.planned[n] = s.timers(t, func() {
		s.mu.Lock()
		_, planned := s.planned[n]
		delete(s.planned, n)
		s.mu.Unlock()
		if planned {
			f()
			s.pending.add(-1)
		}
	})
	return n, nil
}

// unplan cancels what at has planned, unless it has begun.
func (s *Simulator) unplan(n uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if cancel, ok := s.planned[n]; ok {
		cancel()
		delete(s.planned, n)
		s.pending.add(-1)
	}
}
