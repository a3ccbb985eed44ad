package clock

import (
	"container/heap"
	"context"
	"sync"
	"time"
)

// Virtual is a clock that jumps to the next due timer as soon as nobody holds
// it. Timers due at the same instant fire in the order they were set, one after
// another: the next one waits until everybody whom the one before woke up has
// let go again. Sleepers come after everything else that is due at that instant
// (and after what it causes at that instant), so whoever sleeps for a minute
// wakes up to a world in which that minute is over. A run therefore depends on
// nothing but its timers.
//
// It has no goroutine: whoever lets go last advances it.
type Virtual struct {
	mu        sync.Mutex
	now       time.Time
	holds     int
	advancing bool
	timers    queue
	set       uint64 // timers set so far; breaks ties
}

// NewVirtual is a virtual clock that stands at start.
func NewVirtual(start time.Time) *Virtual { return &Virtual{now: start} }

// Now is the virtual time.
func (v *Virtual) Now() time.Time {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.now
}

// Hold keeps virtual time standing still until release is called.
func (v *Virtual) Hold() func() {
	v.take()
	var once sync.Once
	return func() { once.Do(v.letGo) }
}

// Sleep lends the caller's hold for d of virtual time. With d = 0 it lets
// everything happen that is due now.
func (v *Virtual) Sleep(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	woken := make(chan struct{})
	takeBack := sync.OnceFunc(v.take)
	cancel := v.setTimer(v.Now().Add(max(d, 0)), true, func() {
		takeBack()
		close(woken)
	})
	defer cancel()
	return v.lend(ctx, woken, takeBack)
}

// Wait lends the caller's hold until done is closed. Time may move on between
// the closing and Wait's return, unless whoever closes done takes a hold for the
// waiter first.
func (v *Virtual) Wait(ctx context.Context, done <-chan struct{}) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return v.lend(ctx, done, sync.OnceFunc(v.take))
}

// lend lets go of the caller's hold until done is closed or ctx ends. takeBack
// takes it back once: when ctx ends at once (timers may be firing on this very
// goroutine), else at the latest on the way out.
func (v *Virtual) lend(ctx context.Context, done <-chan struct{}, takeBack func()) error {
	stop := context.AfterFunc(ctx, takeBack)
	v.letGo()
	err := wait(ctx, done)
	stop()
	takeBack()
	return err
}

// At calls f when virtual time reaches t; at the next advance, after what is due
// by then, if t is past.
func (v *Virtual) At(t time.Time, f func()) func() bool { return v.setTimer(t, false, f) }

// setTimer sets a timer; last puts it behind all others that are due at t.
func (v *Virtual) setTimer(t time.Time, last bool, f func()) func() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.set++
	if t.Before(v.now) {
		t = v.now
	}
	tm := &timer{at: t, last: last, seq: v.set, f: f}
	heap.Push(&v.timers, tm)
	if v.holds == 0 && !v.advancing {
		// Nobody holds the clock, so nobody would come to advance it.
		v.advance()
	}
	return func() bool {
		v.mu.Lock()
		defer v.mu.Unlock()
		return v.timers.drop(tm)
	}
}

func (v *Virtual) take() {
	v.mu.Lock()
	v.holds++
	v.mu.Unlock()
}

func (v *Virtual) letGo() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.holds--
	if v.holds == 0 && !v.advancing {
		v.advance()
	}
}

// advance fires due timers until somebody holds the clock or none is left.
// It is called, and returns, with mu locked.
func (v *Virtual) advance() {
	v.advancing = true
	for v.holds == 0 && len(v.timers) > 0 {
		tm := heap.Pop(&v.timers).(*timer)
		v.now = tm.at
		v.mu.Unlock()
		tm.f()
		v.mu.Lock()
	}
	v.advancing = false
}

type timer struct {
	at    time.Time
	last  bool // a sleeper's
	seq   uint64
	f     func()
	index int // in the queue; -1 once fired or cancelled
}

// queue is a heap of timers by due time, sleepers last, then by the order they were set.
type queue []*timer

// drop takes a timer out of the queue. It reports false where it is not in it any more.
func (q *queue) drop(tm *timer) bool {
	if tm.index < 0 {
		return false
	}
	heap.Remove(q, tm.index)
	return true
}

func (q queue) Len() int { return len(q) }

func (q queue) Less(i, j int) bool {
	switch a, b := q[i], q[j]; {
	case !a.at.Equal(b.at):
		return a.at.Before(b.at)
	case a.last != b.last:
		return b.last
	default:
		return a.seq < b.seq
	}
}

func (q queue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].index, q[j].index = i, j
}

// Push implements heap.Interface.
func (q *queue) Push(x any) {
	tm := x.(*timer)
	tm.index = len(*q)
	*q = append(*q, tm)
}

// Pop implements heap.Interface.
func (q *queue) Pop() any {
	old := *q
	tm := old[len(old)-1]
	old[len(old)-1] = nil
	*q = old[:len(old)-1]
	tm.index = -1
	return tm
}
