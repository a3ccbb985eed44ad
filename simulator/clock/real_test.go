package clock_test

import (
	"context"
	"errors"
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
