package probe

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestPollReadsUntilDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start, reads := time.Now(), 0
		s, err := Poll(t.Context(), 2*time.Second, func(context.Context) (State, error) {
			reads++
			return State{Effects: reads}, nil
		}, func(s State) bool { return s.Effects == 3 })
		if err != nil || s.Effects != 3 {
			t.Errorf("got %+v, %v", s, err)
		}
		if took := time.Since(start); took != 15*time.Millisecond { // 5 + 10
			t.Errorf("took %s", took)
		}
	})
}

func TestPollMakesItsLastReadingAtTheDeadline(t *testing.T) {
	for _, settle := range []time.Duration{0, time.Millisecond, 2 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			start, reads := time.Now(), 0
			var last time.Duration
			_, err := Poll(t.Context(), settle, func(context.Context) (State, error) {
				reads++
				last = time.Since(start)
				return State{}, nil
			}, func(State) bool { return false })
			if err != nil || last != settle || time.Since(start) != settle {
				t.Errorf("settle %s: last reading at %s, over at %s, %v", settle, last, time.Since(start), err)
			}
			if reads > 40 {
				t.Errorf("settle %s: %d readings", settle, reads)
			}
		})
	}
}

func TestPollOutlivesAFailedReading(t *testing.T) {
	errDown := errors.New("down")
	synctest.Test(t, func(t *testing.T) {
		reads := 0
		read := func(context.Context) (State, error) {
			if reads++; reads < 4 {
				return State{}, errDown
			}
			return State{Known: true}, nil
		}
		if s, err := Poll(t.Context(), time.Second, read, func(s State) bool { return s.Known }); err != nil || !s.Known {
			t.Errorf("got %+v, %v", s, err)
		}
		down := func(context.Context) (State, error) { return State{}, errDown }
		if _, err := Poll(t.Context(), time.Second, down, func(State) bool { return true }); !errors.Is(err, errDown) {
			t.Errorf("always down: %v", err)
		}
	})
}

func TestPollEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		start := time.Now()
		_, err := Poll(ctx, time.Hour, func(context.Context) (State, error) { return State{}, nil }, func(State) bool { return false })
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 50*time.Millisecond {
			t.Errorf("%v after %s", err, time.Since(start))
		}
	})
}
