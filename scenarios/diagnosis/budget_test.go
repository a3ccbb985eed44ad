package diagnosis

import (
	"testing"
	"time"

	"github.com/sentsim/sentsim/simulator/clock"
)

// What this machine had no time for is no experiment's time, within limits.
func TestAStarvedMachineHasMoreTime(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		ago, starved time.Duration
		over         bool
	}{
		{time.Second, 0, true},
		{time.Second, 5 * time.Second, false},
		{time.Minute + time.Second, time.Hour, true},
	} {
		i := &investigation{ctx: t.Context(), until: clock.Wall().Add(-tt.ago), budget: time.Minute}
		i.r.Starved = func(from time.Time) time.Duration {
			if began := i.until.Add(-i.budget); !from.Equal(began) {
				t.Errorf("asked for what was missed since %v; it began at %v", from, began)
			}
			return tt.starved
		}
		if i.over() != tt.over {
			t.Errorf("%v after the end, of which %v were missed: over is %v", tt.ago, tt.starved, !tt.over)
		}
	}
}

// Another secret is still named where the time was up among pairs of mistakes, and not
// where a mistake by itself was left, or something else has ended the experiments.
func TestPairsThatThereWasNoTimeFor(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		timeUp  bool
		untried []string
		want    bool
	}{
		{true, []string{aboutClock + " (begun)"}, true},
		{true, []string{aboutNames + " (begun)", aboutClock}, true},
		{true, []string{"other clocks (begun)", aboutNames, aboutClock}, false},
		{false, []string{aboutClock}, false},
	} {
		i := &investigation{timeUp: tt.timeUp, untried: tt.untried}
		if got := i.onlyPairsLeft(); got != tt.want {
			t.Errorf("%+v: %v", tt, got)
		}
	}
}
