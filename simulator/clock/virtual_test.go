package clock_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/sentsim/sentsim/simulator/clock"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// epoch is where the virtual clocks of these tests start.
func epoch() time.Time { return time.Date(2025, 10, 31, 10, 0, 0, 0, time.UTC) }

// journal notes what happened and when, in order.
type journal struct {
	mu    sync.Mutex
	clock clock.Clock
	lines []string
}

func (j *journal) note(what string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, fmt.Sprintf("%s@%s", what, j.clock.Now().Sub(epoch())))
}

func (j *journal) want(t *testing.T, want string) {
	t.Helper()
	j.mu.Lock()
	defer j.mu.Unlock()
	if got := strings.Join(j.lines, " "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestTimersFireInOrder(t *testing.T) {
	v := clock.NewVirtual(epoch())
	j := &journal{clock: v}
	release := v.Hold()
	v.At(epoch().Add(2*time.Minute), func() { j.note("c") })
	v.At(epoch().Add(time.Minute), func() { j.note("a") })
	v.At(epoch().Add(time.Minute), func() {
		j.note("b")
		v.At(epoch().Add(time.Minute), func() { j.note("b2") })
		v.At(epoch(), func() { j.note("past") })
	})
	v.At(epoch().Add(time.Minute), func() { j.note("b1") })
	j.want(t, "")
	release()
	release() // a second release does nothing
	j.want(t, "a@1m0s b@1m0s b1@1m0s b2@1m0s past@1m0s c@2m0s")
}

func TestTimersFireInOrderWhateverTheirNumber(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := clock.NewVirtual(epoch())
		release := v.Hold()
		type firing struct{ due, set int }
		var fired, want []firing
		for i, due := range rapid.SliceOfN(rapid.IntRange(0, 5), 1, 40).Draw(t, "due") {
			cancel := v.At(epoch().Add(time.Duration(due)*time.Second), func() {
				fired = append(fired, firing{due, i})
				if got := v.Now().Sub(epoch()); got != time.Duration(due)*time.Second {
					t.Fatalf("timer due after %d s fired after %s", due, got)
				}
			})
			if rapid.IntRange(0, 3).Draw(t, "cancelled") == 0 {
				if !cancel() || cancel() {
					t.Fatal("cancel came in time the first time only")
				}
				continue
			}
			want = append(want, firing{due, i})
		}
		slices.SortStableFunc(want, func(a, b firing) int { return a.due - b.due })
		release()
		if !slices.Equal(fired, want) {
			t.Fatalf("got %v, want %v", fired, want)
		}
	})
}

func TestNoTimerFiresWhileSomebodyIsBusy(t *testing.T) {
	v := clock.NewVirtual(epoch())
	j := &journal{clock: v}
	release := v.Hold()
	var letGo func()
	v.At(epoch().Add(time.Minute), func() {
		j.note("first")
		letGo = v.Hold() // as a delivery does for the attempt that it starts
	})
	v.At(epoch().Add(time.Minute), func() { j.note("second") })
	release()
	j.want(t, "first@1m0s")
	letGo()
	j.want(t, "first@1m0s second@1m0s")
}

func TestNoTimerFiresWhileAnotherDoes(t *testing.T) {
	v := clock.NewVirtual(epoch())
	j := &journal{clock: v}
	release := v.Hold()
	v.At(epoch().Add(time.Minute), func() {
		v.Hold()() // somebody is busy for a moment, and lets go last
		v.At(epoch().Add(time.Hour), func() { j.note("third") })
		j.note("first")
	})
	v.At(epoch().Add(time.Minute), func() { j.note("second") })
	release()
	j.want(t, "first@1m0s second@1m0s third@1h0m0s")
}

func TestTimerOfAnUnheldClockFiresAtOnce(t *testing.T) {
	v := clock.NewVirtual(epoch())
	j := &journal{clock: v}
	cancel := v.At(epoch().Add(time.Hour), func() { j.note("fired") })
	j.want(t, "fired@1h0m0s")
	if cancel() {
		t.Error("cancel of a timer that has fired says it came in time")
	}
}

func TestSleepersWakeAfterEverythingThatIsDue(t *testing.T) {
	v := clock.NewVirtual(epoch())
	j := &journal{clock: v}
	release := v.Hold()
	defer release()
	v.At(epoch(), func() {
		// Set after the sleeper's timer, due at the same instant.
		v.At(epoch().Add(time.Minute), func() {
			j.note("retry")
			v.At(v.Now(), func() { j.note("its consequence") })
		})
	})
	v.At(epoch().Add(time.Minute+1), func() { j.note("too late") })
	if err := v.Sleep(t.Context(), time.Minute); err != nil {
		t.Fatal(err)
	}
	j.want(t, "retry@1m0s its consequence@1m0s")
}

func TestSleepOfNothingLetsHappenWhatIsDueNow(t *testing.T) {
	for _, d := range []time.Duration{0, -time.Second} {
		v := clock.NewVirtual(epoch())
		j := &journal{clock: v}
		release := v.Hold()
		v.At(epoch(), func() { j.note("now") })
		v.At(epoch().Add(1), func() { j.note("later") })
		if err := v.Sleep(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		j.want(t, "now@0s")
		release()
	}
}

// TestSleepHandsOverTheHold runs two sleepers against many timers: whenever a
// sleeper is awake, time must stand still.
func TestSleepHandsOverTheHold(t *testing.T) {
	v := clock.NewVirtual(epoch())
	j := &journal{clock: v}
	release := v.Hold()
	var sleepers sync.WaitGroup
	for i := range 2 {
		hold := v.Hold()
		sleepers.Go(func() {
			defer hold()
			for n := range 100 {
				due := epoch().Add(time.Duration(n+1) * time.Second)
				if err := v.Sleep(context.Background(), due.Sub(v.Now())); err != nil {
					t.Error(err)
				}
				if got := v.Now(); !got.Equal(due) {
					t.Errorf("sleeper %d woke at %s, want %s", i, got.Sub(epoch()), due.Sub(epoch()))
				}
			}
		})
	}
	fired := 0
	for n := range 1000 {
		v.At(epoch().Add(time.Duration(n)*100*time.Millisecond), func() { fired++ })
	}
	release()
	sleepers.Wait()
	if fired != 1000 {
		t.Errorf("%d of 1000 timers fired", fired)
	}
	if got := v.Now().Sub(epoch()); got != 100*time.Second {
		t.Errorf("the clock stands at %s", got)
	}
	j.want(t, "")
}

func TestSleepEndsWithItsContext(t *testing.T) {
	v := clock.NewVirtual(epoch())
	j := &journal{clock: v}
	release := v.Hold()
	busy := v.Hold() // somebody else keeps time standing still
	v.At(epoch().Add(time.Minute), func() { j.note("timer") })
	ctx, cancel := context.WithCancel(t.Context())
	slept := make(chan error)
	go func() { slept <- v.Sleep(ctx, time.Hour) }()
	cancel()
	if err := <-slept; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	busy()
	j.want(t, "") // the sleeper has its hold back
	release()
	j.want(t, "timer@1m0s") // and its timer is gone: the clock does not go on to an hour
	if got := v.Now().Sub(epoch()); got != time.Minute {
		t.Errorf("the clock stands at %s", got)
	}
	if err := v.Sleep(ctx, time.Second); !errors.Is(err, context.Canceled) {
		t.Errorf("sleep with an ended context: %v", err)
	}
}

func TestWaitLendsTheHold(t *testing.T) {
	v := clock.NewVirtual(epoch())
	j := &journal{clock: v}
	release := v.Hold()
	done := make(chan struct{})
	var handedOver func()
	v.At(epoch().Add(time.Minute), func() {
		j.note("done")
		handedOver = v.Hold()
		close(done)
	})
	v.At(epoch().Add(2*time.Minute), func() { j.note("after") })
	if err := v.Wait(t.Context(), done); err != nil {
		t.Fatal(err)
	}
	handedOver()
	j.want(t, "done@1m0s")
	release()
	j.want(t, "done@1m0s after@2m0s")
}

func TestWaitEndsWithItsContextWhileTimersFire(t *testing.T) {
	v := clock.NewVirtual(epoch())
	_ = v.Hold() // never released: the chain of timers has no end
	ctx, cancel := context.WithCancel(t.Context())
	fired := 0
	var again func()
	again = func() { // an endless chain of timers that hold nothing
		if fired++; fired == 10 {
			cancel()
		}
		v.At(v.Now().Add(time.Second), again)
	}
	v.At(epoch(), again)
	if err := v.Wait(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	stood := v.Now()
	if err := v.Wait(ctx, nil); !errors.Is(err, context.Canceled) || !v.Now().Equal(stood) {
		t.Errorf("wait with an ended context: %v, and time went from %s to %s", err, stood, v.Now())
	}
}

func TestVirtualRunsAreAlike(t *testing.T) {
	run := func() string {
		v := clock.NewVirtual(epoch())
		j := &journal{clock: v}
		release := v.Hold()
		for i := range 3 {
			v.At(epoch().Add(time.Second), func() {
				hold := v.Hold()
				go func() {
					defer hold()
					j.note(fmt.Sprint("worker ", i))
				}()
			})
		}
		if err := v.Sleep(context.Background(), time.Second); err != nil {
			t.Error(err)
		}
		release()
		return strings.Join(j.lines, " ")
	}
	first := run()
	for range 200 {
		if got := run(); got != first {
			t.Fatalf("got %s, first %s", got, first)
		}
	}
}
