package clock

import (
	"container/heap"
	"sync"
	"time"
)

// Gather is c's At for whoever sets many timers. Where time moves by itself, they share
// one timer of c's, so that those that are due together are called one after
// another, in the order of their times, instead of each in a goroutine of its own.
func Gather(c Clock) func(t time.Time, f func()) (cancel func() bool) {
	if v, ok := c.(*Virtual); ok {
		return v.At
	}
	return (&gathered{clock: c}).at
}

type gathered struct {
	clock Clock

	mu      sync.Mutex
	timers  queue
	set     uint64
	alarm   func() bool // cancels the timer of the clock
	ringing bool        // somebody calls what is due, and sets the alarm afterwards
}

func (g *gathered) at(t time.Time, f func()) func() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.set++
	tm := &timer{at: t, seq: g.set, f: f}
	heap.Push(&g.timers, tm)
	if tm.index == 0 && !g.ringing {
		g.setAlarm()
	}
	return func() bool {
		g.mu.Lock()
		defer g.mu.Unlock()
		if !g.timers.drop(tm) {
			return false
		}
		if len(g.timers) == 0 && !g.ringing {
			g.setAlarm()
		}
		return true
	}
}

// setAlarm sets the clock's timer for the earliest of ours. The caller has locked mu.
func (g *gathered) setAlarm() {
	if g.alarm != nil {
		g.alarm()
		g.alarm = nil
	}
	if len(g.timers) > 0 {
		first := g.timers[0].at
		g.alarm = g.clock.At(first, func() { g.ring(first) })
	}
}

// ring calls what is due at t, which the clock has reached, and now. An alarm of a
// timer that was cancelled meanwhile finds nothing.
func (g *gathered) ring(t time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.ringing {
		return
	}
	g.ringing = true
	for len(g.timers) > 0 && (!g.timers[0].at.After(t) || !g.timers[0].at.After(g.clock.Now())) {
		tm := heap.Pop(&g.timers).(*timer)
		g.mu.Unlock()
		tm.f()
		g.mu.Lock()
	}
	g.ringing = false
	g.setAlarm()
}
