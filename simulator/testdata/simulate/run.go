package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/history"
)

// patience is how long, in real time, a plan may take that needs milliseconds.
const patience = 20 * time.Second

// result is what came of a plan.
type result struct {
	bad                          *violation // nil: everything was as it must be
	simulated                    time.Duration
	requests, phantoms, restarts int
	story                        []string
}

// carryOut carries out a plan, and watches.
func carryOut(ctx context.Context, p plan, patience time.Duration) result {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	w := &world{plan: p, now: start, began: start, asked: map[uint64]uint64{}, bodies: map[uuid.UUID][]byte{}, stamped: map[int64]bool{}}
	for i := range w.moods {
		w.moods[i] = healthy
	}
	w.forget()
	l := w.live(start)
	for _, s := range p.steps {
		if l = w.do(ctx, l, s); w.violation() != nil || ctx.Err() != nil {
			break
		}
	}
	if w.violation() == nil {
		l = w.finish(ctx, l)
	}
	_ = l.sim.Close() // what it says is about a file that is thrown away
	w.mu.Lock()
	defer w.mu.Unlock()
	return result{w.bad, w.now.Sub(start), w.requests, w.phantoms, w.restarts, w.told()}
}

func (w *world) violation() *violation {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.bad
}

// live begins a life: it goes on with what is left of the file.
func (w *world) live(at time.Time) *life {
	l := &life{world: w, clock: clock.NewVirtual(at), memory: history.NewMemory(w.plan.keep), diesIn: -1, end: func() {}}
	for _, c := range w.log {
		_ = l.memory.Save(copied(c)) // it never fails
	}
	w.mu.Lock()
	w.now, w.began = at, at
	w.rebuild()
	w.mu.Unlock()
	sim, err := simulator.New(simulator.Config{
		Seed: w.plan.seed, Start: at, Clock: l.clock, Knobs: w.plan.knobs, Sender: sender{l}, Store: store{l.memory, l},
		Wall: w.wall, Secrets: w.plan.seed.Stream("secrets", uint64(w.restarts)), //nolint:gosec // counted from 0
	})
	if err != nil {
		w.violated(ending, "it does not start again: %v", err)
		sim, _ = simulator.New(simulator.Config{})
	}
	l.sim = sim
	return l
}

// wall gives every attempt a timestamp of its own, by which it is known again.
func (w *world) wall() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stamps++
	return time.Unix(w.stamps, 0)
}

// do lets the time before a step pass and does it; it returns the life that goes on.
func (w *world) do(ctx context.Context, l *life, s step) *life {
	if s.wait > 0 || s.choice%2 == 0 {
		l = w.advance(ctx, l, s.wait)
	}
	if w.violation() != nil || ctx.Err() != nil {
		return l
	}
	l.tell(l.clock.Now(), "%s", s)
	switch s.kind {
	case pass:
	case receiver:
		w.moods[s.number%receivers] = moods()[s.choice%len(moods())]
	case crash:
		w.mu.Lock()
		l.diesIn, l.downtime = s.number%maxWrites, s.downtime()
		w.mu.Unlock()
	case stop:
		if err := l.sim.Close(); err != nil && !l.dead {
			w.violated(lost, "it did not stop in good order: %v", err)
		}
		if !l.dead {
			return w.again(len(w.log), s.downtime())
		}
	case shutdown:
		if l.shutDown(ctx); w.violation() == nil {
			return w.again(len(w.log), s.downtime())
		}
	case reset:
		_ = l.sim.Close()
		if !l.dead {
			w.log, w.safe = nil, 0
			clear(w.bodies)
			return w.again(0, 0)
		}
	case register, send, burst, receive, hear, submit, decide, editTemplate, removeTemplate, rotate, disable, enable, remove, edit, replay, test, expire:
		l.operate(ctx, s)
	}
	if l.died() {
		return w.bury(l)
	}
	l.compare()
	return l
}

// advance lets time pass, through any number of crashes.
func (w *world) advance(ctx context.Context, l *life, d time.Duration) *life {
	return w.letTimePass(ctx, l, func(ctx context.Context, l *life) error {
		before := l.clock.Now()
		err := l.sim.Advance(ctx, d)
		d -= min(d, l.stands().Sub(before))
		return err
	})
}

// letTimePass lets somebody let time pass, and again in the next life if this one ends.
func (w *world) letTimePass(ctx context.Context, l *life, f func(context.Context, *life) error) *life {
	for {
		own, end := context.WithCancel(ctx)
		w.mu.Lock()
		l.end = end
		w.mu.Unlock()
		err := f(own, l)
		end()
		switch {
		case l.died():
			if l = w.bury(l); w.violation() == nil && ctx.Err() == nil {
				continue
			}
			return l
		case ctx.Err() != nil:
			w.violated(ending, "something never ends: it was given up in real time")
		case err != nil:
			w.violated(historyLaw, "time passes with an error: %v", err)
		default:
			l.compare()
		}
		return l
	}
}

func (l *life) died() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.dead
}

// bury ends a life that has died, decides what is left of its file, and begins the next.
func (w *world) bury(l *life) *life {
	_ = l.sim.Close()
	unsafe := len(w.log) - w.safe
	kept := w.safe + w.plan.seed.Stream("crash", uint64(w.restarts)).IntN(unsafe+1) //nolint:gosec // counted from 0
	l.tell(w.now, "it dies; of the last %d writes %d are lost, and it is down for %s", unsafe, len(w.log)-kept, l.downtime)
	return w.again(kept, l.downtime)
}

// again is the next life, with the first changes of the file.
func (w *world) again(kept int, downtime time.Duration) *life {
	w.log = w.log[:kept]
	w.safe = kept
	w.restarts++
	w.goesOn()
	next := w.live(w.now.Add(downtime))
	next.compare()
	return next
}

// goesOn looks whether a simulator on a virtual clock of its own would go on from the
// simulation time at which the file was last written. The lives of a story are on a
// clock that is handed to them, which passes while they are down, as a real one does.
func (w *world) goesOn() {
	memory := history.NewMemory(0)
	var last time.Time
	for _, c := range w.log {
		_ = memory.Save(copied(c)) // it never fails
		if c.At.After(last) {
			last = c.At
		}
	}
	if last.IsZero() {
		return // nothing was written
	}
	sim, err := simulator.New(simulator.Config{Knobs: w.plan.knobs, Store: memory, Wall: w.wall})
	if err != nil {
		w.violated(ending, "it does not start again on a virtual clock: %v", err)
		return
	}
	defer func() { _ = sim.Close() }()
	if now := sim.Now(); !now.Equal(last) {
		w.violated(timeLaw, "the file was last written at %s, and a virtual clock goes on at %s", w.after(last), w.after(now))
	}
}

// line is a line of the story.
type line struct {
	at   time.Time
	text string
}

func (w *world) tell(at time.Time, format string, args ...any) {
	if !w.plan.told || w.bad != nil {
		return
	}
	w.story = append(w.story, line{at, fmt.Sprintf(format, args...)})
}

// after is a time as the story tells it: since the beginning.
func (w *world) after(t time.Time) string {
	return t.Sub(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)).Round(time.Millisecond).String()
}

func (w *world) told() []string {
	slices.SortStableFunc(w.story, func(a, b line) int { return a.at.Compare(b.at) })
	all := make([]string, len(w.story))
	for i, s := range w.story {
		all[i] = fmt.Sprintf("%14s  %s", w.after(s.at), strings.TrimSpace(s.text))
	}
	return all
}
