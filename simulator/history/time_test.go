package history_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/history"
)

// TestTheTimeIsKept: the latest simulation time outlives the process, and a reset
// forgets it with everything else.
func TestTheTimeIsKept(t *testing.T) {
	eachStore(t, 0, func(t *testing.T, s history.Store, again func() history.Store) {
		t.Helper()
		wall := noon().Add(-time.Hour)
		for _, c := range []history.Change{
			{Account: uuid.New(), At: noon(), Wall: wall, Notes: map[string]string{"seed": "5"}},
			{At: noon().Add(time.Minute), Wall: wall.Add(time.Second)},
			{At: noon().Add(time.Second), Wall: wall}, // saved late
		} {
			if err := s.Save(c); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Flush(); err != nil {
			t.Fatal(err)
		}
		s = again()
		state, err := s.Restore()
		at, when := state.Now()
		if err != nil || !at.Equal(noon().Add(time.Minute)) || !when.Equal(wall.Add(time.Second)) {
			t.Errorf("it was %s at %s, %v", at, when, err)
		}
		if err := s.Save(history.Change{Empty: true}); err != nil {
			t.Fatal(err)
		}
		if err := s.Flush(); err != nil {
			t.Fatal(err)
		}
		state, err = s.Restore()
		if at, _ := state.Now(); err != nil || !at.IsZero() || state.Account != uuid.Nil || len(state.Counters) != 0 || len(state.Notes) != 0 {
			t.Errorf("after it was emptied: %+v, %v", state, err)
		}
	})
}
