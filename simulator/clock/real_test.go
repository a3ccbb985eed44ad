package clock_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sentsim/sentsim/simulator/clock"
)

func TestRealAndScaled(t *testing.T) {
	for _, c := range []struct {
		name  string
		clock func() clock.Clock
		hour  time.Duration // how long an hour of that clock takes
	}{
		{"real", func() clock.Clock { return clock.Real{} }, time.Hour},
		{"scaled by 60", func() clock.Clock { return clock.NewScaled(epoch(), 60) }, time.Minute},
		{"scaled by a half", func() clock.Clock { return clock.NewScaled(epoch(), 0.5) }, 2 * time.Hour},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ck, wall := c.clock(), clock.Wall()
				start := ck.Now()
				release := ck.Hold() // does nothing
				defer release()
				if err := ck.Sleep(t.Context(), time.Hour); err != nil {
					t.Fatal(err)
				}
				if got := clock.Wall().Sub(wall); got != c.hour {
					t.Errorf("an hour took %s, want %s", got, c.hour)
				}
				if got := ck.Now().Sub(start); got != time.Hour {
					t.Errorf("an hour's sleep took %s of its own time", got)
				}

				fired := make(chan struct{})
				ck.At(start.Add(2*time.Hour), func() { close(fired) })
				stopped := ck.At(start.Add(2*time.Hour), func() { t.Error("a cancelled timer fired") })
				if !stopped() {
					t.Error("cancel came too late")
				}
				if err := ck.Wait(t.Context(), fired); err != nil {
					t.Fatal(err)
				}
				if got := ck.Now().Sub(start); got != 2*time.Hour {
					t.Errorf("the timer fired after %s", got)
				}

				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				if err := ck.Sleep(ctx, time.Hour); !errors.Is(err, context.Canceled) {
					t.Errorf("sleep: %v", err)
				}
				if err := ck.Wait(ctx, nil); !errors.Is(err, context.Canceled) {
					t.Errorf("wait: %v", err)
				}
			})
		})
	}
}

// Timers that share one come in the order of their times and never early, whichever
// was set first, and one that is cancelled does not come.
func TestGather(t *testing.T) {
	for _, c := range []struct {
		name  string
		clock func() clock.Clock
	}{
		{"real", func() clock.Clock { return clock.Real{} }},
		{"scaled by 7", func() clock.Clock { return clock.NewScaled(epoch(), 7) }}, // so that nothing divides evenly
		{"scaled by a third", func() clock.Clock { return clock.NewScaled(epoch(), 1.0/3) }},
		{"virtual", func() clock.Clock { return clock.NewVirtual(epoch()) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ck := c.clock()
				release := ck.Hold()
				defer release()
				at, start := clock.Gather(ck), ck.Now()
				var came []int
				note := func(n int) func() {
					return func() {
						late := ck.Now().Sub(start) - time.Duration(n)*time.Second
						if n > 0 && late.Abs() > time.Microsecond {
							t.Errorf("%d came after %s", n, ck.Now().Sub(start))
						}
						came = append(came, n)
					}
				}
				cancels := map[int]func() bool{}
				for _, n := range []int{5, 3, 1, 4, 2, 3, 9} {
					cancels[n] = at(start.Add(time.Duration(n)*time.Second), note(n))
				}
				at(start.Add(2*time.Second), func() { at(start.Add(6*time.Second), note(6)) })
				if !cancels[1]() || !cancels[5]() {
					t.Error("cancel came too late")
				}
				if err := ck.Sleep(t.Context(), 7*time.Second); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				if want := []int{2, 3, 3, 4, 6}; !slices.Equal(came, want) {
					t.Errorf("came %v, want %v", came, want)
				}
				if cancels[2]() {
					t.Error("one that came was cancelled")
				}
				if !cancels[9]() {
					t.Error("the last was not cancelled")
				}
				if err := ck.Sleep(t.Context(), 9*time.Second); err != nil {
					t.Fatal(err)
				}
				at(start, note(0)) // what is past comes at once
				if err := ck.Sleep(t.Context(), time.Second); err != nil {
					t.Fatal(err)
				}
				if synctest.Wait(); came[len(came)-1] != 0 {
					t.Errorf("came %v: what was past did not", came)
				}
			})
		})
	}
}

// late is a context of which the timer is behind.
type late struct{ context.Context } //nolint:containedctx // it is one

func (late) Err() error { return nil }

func TestOver(t *testing.T) {
	t.Parallel()
	passed, cancel := context.WithDeadline(t.Context(), time.Now())
	defer cancel()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	soon, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	for name, tt := range map[string]struct {
		ctx  context.Context //nolint:containedctx // of a test
		want bool
	}{
		"its deadline has passed": {late{passed}, true}, "cancelled": {ended, true},
		"there is time": {soon, false}, "no deadline": {t.Context(), false},
	} {
		if got := clock.Over(tt.ctx); got != tt.want {
			t.Errorf("%s: over is %t", name, got)
		}
	}
}
