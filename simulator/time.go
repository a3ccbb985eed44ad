package simulator

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/history"
)

// Advance lets d of simulation time pass, with everything that happens until
// then: what is due at its very end has happened when it returns, attempts and
// all. Advance(ctx, 0) does what is due now. It returns ctx's error, or the
// history's.
func (s *Simulator) Advance(ctx context.Context, d time.Duration) error {
	return s.letTimePass(func() error { return s.clock.Sleep(ctx, d) })
}

// Drain lets time pass until nothing is planned and no delivery waits.
func (s *Simulator) Drain(ctx context.Context) error {
	return s.letTimePass(func() error { return s.pending.drain(ctx) })
}

// Run lets time pass until ctx ends, which is no error. Others may use the
// simulator meanwhile: on the virtual clock, things happen as soon as they are made.
func (s *Simulator) Run(ctx context.Context) error {
	return s.letTimePass(func() error {
		_ = s.clock.Wait(ctx, nil) // ends with ctx
		return nil
	})
}

func (s *Simulator) letTimePass(lend func() error) error {
	defer s.standstill.lift()()
	if s.pending.ended() {
		return ErrClosed
	}
	before := s.clock.Now()
	if err := lend(); err != nil {
		return err
	}
	if s.clock.Now().After(before) {
		if err := s.store.Save(history.Change{}); err != nil { // what time it is
			return fmt.Errorf("history: %w", err)
		}
	}
	return s.failure()
}

// standstill holds the clock unless somebody lets time pass.
type standstill struct {
	clock   clock.Clock
	mu      sync.Mutex
	movers  int
	release func()
	ended   bool
}

func newStandstill(c clock.Clock) *standstill { return &standstill{clock: c, release: c.Hold()} }

// lift gives the caller a hold of its own, to lend out, instead of the common
// one. back undoes it: time then stands still again, without a gap.
func (s *standstill) lift() (back func()) {
	own := s.clock.Hold()
	s.mu.Lock()
	s.movers++
	release := s.release
	s.release = func() {}
	s.mu.Unlock()
	release() // never advances the clock: the caller holds it
	return func() {
		s.mu.Lock()
		if s.movers--; s.movers == 0 && !s.ended {
			s.release = s.clock.Hold()
		}
		s.mu.Unlock()
		own()
	}
}

// end lets go of the clock for good.
func (s *standstill) end() {
	s.mu.Lock()
	s.ended = true
	release := s.release
	s.release = func() {}
	s.mu.Unlock()
	release()
}

// tally counts what is not over, and knows who waits for that.
type tally struct {
	clock   clock.Clock
	mu      sync.Mutex
	n       int
	over    bool
	waiters []*waiter
}

type waiter struct {
	done  chan struct{}
	letGo func() // a hold taken for the waiter, so that no time passes before it is awake
}

func newTally(c clock.Clock) *tally { return &tally{clock: c} }

func (t *tally) add(n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.n += n
	if t.n == 0 {
		t.wake()
	}
}

// giveUp wakes everybody up, now and in future.
func (t *tally) giveUp() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.over = true
	t.wake()
}

func (t *tally) wake() {
	for _, w := range t.waiters {
		w.letGo = t.clock.Hold()
		close(w.done)
	}
	t.waiters = nil
}

// drain lends the caller's hold until nothing is left. The end of the simulator
// ends it too, with ErrClosed.
func (t *tally) drain(ctx context.Context) error {
	w := t.join()
	err := t.clock.Wait(ctx, w.done)
	t.leave(w)
	if err == nil && t.ended() {
		return ErrClosed
	}
	return err
}

func (t *tally) ended() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.over
}

func (t *tally) join() *waiter {
	t.mu.Lock()
	defer t.mu.Unlock()
	w := &waiter{done: make(chan struct{})}
	t.waiters = append(t.waiters, w)
	if t.n == 0 || t.over {
		t.wake()
	}
	return w
}

// leave drops the hold that was taken for w, if any: by now w has its own back.
func (t *tally) leave(w *waiter) {
	t.mu.Lock()
	t.waiters = slices.DeleteFunc(t.waiters, func(other *waiter) bool { return other == w })
	letGo := w.letGo
	t.mu.Unlock()
	if letGo != nil {
		letGo()
	}
}
