// Package clock is the only door to time. Everything that waits asks a Clock,
// so an hour of backoff costs a millisecond on the Virtual one and a run can be
// repeated. It never starts a goroutine of its own.
package clock

import (
	"context"
	"time"
)

// Clock is the only source of time inside simulator/ and scenarios/.
type Clock interface {
	// Now is the simulation's time: event timestamps and backoff use it.
	Now() time.Time
	// Hold keeps time standing still until release is called (once or more
	// often: later calls do nothing). Whoever is busy holds the clock. On the
	// Real and Scaled clocks it does nothing.
	Hold() (release func())
	// Sleep returns nil after d of this clock's time, or ctx's error. The caller
	// must hold the clock: its hold is lent out while it sleeps and taken back
	// before Sleep returns, so no other timer can slip in between.
	Sleep(ctx context.Context, d time.Duration) error
	// Wait lends the caller's hold until done is closed or ctx ends, as Sleep
	// does for a duration. It returns nil or ctx's error.
	Wait(ctx context.Context, done <-chan struct{}) error
	// At calls f once this clock reaches t, with time held while f runs. f must
	// be short: it hands work on, it does not do it. cancel reports whether it
	// came in time to stop the call.
	At(t time.Time, f func()) (cancel func() bool)
}

// Wall is the time on the wall: what a receiver compares a signature's
// timestamp with, and what durations are measured by.
func Wall() time.Time { return time.Now() }

// WallAt is the time on the wall when c shows now. It is read only where c shows
// another time than the wall: reading takes longer than it looks.
func WallAt(c Clock, now time.Time) time.Time {
	if _, same := c.(Real); same {
		return now
	}
	return Wall()
}

// Real is the wall clock as a Clock.
type Real struct{}

// Now is the wall clock's time.
func (Real) Now() time.Time { return time.Now() }

// Hold does nothing: real time cannot be held.
func (Real) Hold() func() { return func() {} }

// Sleep waits for d of wall time or ctx.
func (Real) Sleep(ctx context.Context, d time.Duration) error { return sleep(ctx, d) }

// Wait waits for done or ctx.
func (Real) Wait(ctx context.Context, done <-chan struct{}) error { return wait(ctx, done) }

// Over reports whether ctx has ended or its deadline has passed: what a deadline cuts
// off fails a little before ctx says so.
func Over(ctx context.Context) bool {
	end, limited := ctx.Deadline()
	return ctx.Err() != nil || limited && !Wall().Before(end)
}

// At calls f in its own goroutine at t.
func (Real) At(t time.Time, f func()) func() bool {
	return time.AfterFunc(time.Until(t), f).Stop
}

// Scaled runs factor times as fast as the wall clock, from start.
type Scaled struct {
	start, wall time.Time
	factor      float64
}

// NewScaled starts a clock at start that runs factor (> 0) times as fast as the wall.
func NewScaled(start time.Time, factor float64) *Scaled {
	return &Scaled{start: start, wall: time.Now(), factor: factor}
}

// Factor is how many times as fast as the wall clock it runs.
func (s *Scaled) Factor() float64 { return s.factor }

// Now is start plus factor times the wall time since NewScaled.
func (s *Scaled) Now() time.Time {
	return s.start.Add(time.Duration(float64(time.Since(s.wall)) * s.factor))
}

// Hold does nothing: scaled time follows the wall, which cannot be held.
func (s *Scaled) Hold() func() { return func() {} }

// Sleep waits for d of scaled time or ctx.
func (s *Scaled) Sleep(ctx context.Context, d time.Duration) error { return sleep(ctx, s.Wall(d)) }

// Wait waits for done or ctx.
func (s *Scaled) Wait(ctx context.Context, done <-chan struct{}) error { return wait(ctx, done) }

// At calls f in its own goroutine at scaled time t.
func (s *Scaled) At(t time.Time, f func()) func() bool {
	return time.AfterFunc(s.Wall(t.Sub(s.Now())), f).Stop
}

// Wall is how long d of this clock's time takes on the wall.
func (s *Scaled) Wall(d time.Duration) time.Duration {
	return time.Duration(float64(d) / s.factor)
}

func sleep(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func wait(ctx context.Context, done <-chan struct{}) error {
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
