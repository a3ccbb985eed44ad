package chaos

import (
	"slices"
	"testing"

	"github.com/sentsim/sentsim/simulator/seed"
)

// A run of the usual length tries what races in a receiver as often as the contract's
// scenarios do, whatever the seed.
func TestDrillsTryWhatRaces(t *testing.T) {
	t.Parallel()
	for s := seed.Seed(1); s <= 20; s++ {
		plan := planOf(t, DefaultProfile, 300)
		plan.Seed = s
		groups := map[int][]Step{}
		hungUp, slow, fast := 0, 0, 0
		for step := range plan.Steps() {
			if step.Group != 0 {
				groups[step.Group] = append(groups[step.Group], step)
			}
			if step.Attempt > 1 && step.Subject.Kind == AboutMessage && slices.Contains(step.Faults, FaultHangUp) {
				hungUp++
			}
			switch step.Skew.Seconds() {
			case 240:
				fast++
			case -240:
				slow++
			}
		}
		pairs, texts, burst := 0, 0, 0
		copied := map[SubjectKind]int{}
		for _, all := range groups {
			first := all[0]
			switch {
			case slices.Contains(first.Faults, FaultBurst):
				burst = max(burst, len(all))
			case slices.Contains(first.Faults, FaultAtOnce) && first.Event.ID == all[1].Event.ID:
				copied[first.Subject.Kind] += len(all) - 1
			case first.Subject.Kind == AboutInbound:
				texts++
			case slices.Contains(first.Faults, FaultTogether):
				pairs++
			}
		}
		for _, got := range []struct {
			of      string
			n, want int
		}{
			{"pairs of statuses", pairs, 30},
			{"pairs of texts", texts, 15},
			{"copies of statuses", copied[AboutMessage], 27},
			{"copies of texts", copied[AboutInbound], 54},
			{"deliveries in a burst", burst, MaxBurst},
			{"retries after a sender hung up", hungUp, 8},
			{"fast clocks", fast, 1},
			{"slow clocks", slow, 1},
		} {
			if got.n < got.want {
				t.Errorf("seed %d: %d %s, want %d", s, got.n, got.of, got.want)
			}
		}
	}
}
