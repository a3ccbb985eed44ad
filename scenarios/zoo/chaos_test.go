package zoo_test

import (
	"errors"
	"iter"
	"slices"
	"sync"
	"testing"

	"github.com/sentsim/sentsim/scenarios"
	"github.com/sentsim/sentsim/scenarios/chaosrun"
	"github.com/sentsim/sentsim/scenarios/config"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/scenarios/rule"
	"github.com/sentsim/sentsim/simulator/chaos"
)

const (
	// messages is what `sentsim chaos` sends unless told otherwise.
	messages = 300
	// handful is how many deliveries half of the reduced runs may have at most.
	handful = 6
	// untold is the share of reduced runs that may have no scenario: which of two
	// deliveries at one instant is first, a scenario cannot say.
	untold = 0.1
)

// With 300 messages on the default seed, chaos finds every mutant whose mistake
// shows in the receiver's state, and names a rule that it declares. What it found
// is reduced to a handful of deliveries that fail by themselves, and mostly to a
// scenario, which fails the mutant and passes the reference receiver (Shrink
// offers no other).
func TestChaos(t *testing.T) {
	var mu sync.Mutex
	var left []int
	var mute []string
	t.Run("mutants", func(t *testing.T) {
		for _, m := range mutants() {
			if !stateful(m) || !whole() && !slices.Contains([]string{"ORD", "TPL"}, family(m)) {
				continue
			}
			t.Run(m.Name, func(t *testing.T) {
				t.Parallel()
				cfg := configOf(t, m.Name)
				rep, failing := runChaos(t, cfg)
				broken := brokenBy(t, rep)
				if !slices.ContainsFunc(m.Rules(), func(id string) bool { _, ok := broken[id]; return ok }) {
					t.Errorf("none of %v is seen to be broken", m.Rules())
					for id, r := range broken {
						t.Logf("%s is %s: %s", id, r.Verdict, r.Reason)
					}
				}
				if !reducible(failing) {
					return // it was learned before the run
				}
				n, told := shrink(t, cfg, failing)
				mu.Lock()
				defer mu.Unlock()
				left = append(left, n)
				if !told {
					mute = append(mute, m.Name)
				}
			})
		}
	})
	if len(left) == 0 {
		return // filtered out
	}
	slices.Sort(left)
	t.Logf("deliveries left of the runs of %d mutants: %v", len(left), left)
	if float64(len(mute)) > 1+untold*float64(len(left)) {
		t.Errorf("there are no scenarios of %v", mute)
	}
	if median := left[len(left)/2]; median > handful {
		t.Errorf("the median is %d deliveries, more than %d", median, handful)
	}
}

// reducible reports whether the run itself has met a violation that deliveries
// alone bring about.
func reducible(f scenarios.Failing) bool {
	for id, n := range f.Book.Violated {
		if n > 0 && id != rule.ACK1 {
			return true
		}
	}
	return false
}

// shrink reduces a run and returns how many deliveries are left of it, and
// whether it could be told as a scenario.
func shrink(t *testing.T, cfg config.Config, failing scenarios.Failing) (deliveries int, told bool) {
	t.Helper()
	got, err := scenarios.Shrink(t.Context(), cfg, failing)
	if errors.Is(err, scenarios.ErrNothingToShrink) {
		t.Fatalf("nothing that was broken can be reduced: %v", failing.Book.Violated)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range got.Steps {
		if s.Kind == chaos.KindDeliver || s.Kind == chaos.KindForge {
			deliveries++
		}
	}
	if got.Steps == nil {
		t.Errorf("nothing is left: %s", got.Why)
	}
	t.Logf("%s of %v: %d deliveries, %d trials, fails %s\n%s%s",
		got.Rule.ID, failing.Book.Violated, deliveries, got.Trials, got.Ended, got.Feature, got.NoFeature)
	return deliveries, got.Feature != ""
}

func TestChaosPassesTheReceiverWithoutAMistake(t *testing.T) {
	t.Parallel()
	rep, _ := runChaos(t, configOf(t, ""))
	for id, r := range brokenBy(t, rep) {
		t.Errorf("%s is %s: %s", id, r.Verdict, r.Reason)
	}
	if rep.Summary.Passed < 30 {
		t.Errorf("only %d rules passed", rep.Summary.Passed)
	}
}

func runChaos(t *testing.T, cfg config.Config) (report.Report, scenarios.Failing) {
	t.Helper()
	profile, ok := chaos.LookupProfile(chaos.DefaultProfile)
	plan, err := scenarios.ChaosPlan(cfg, profile, messages)
	if err != nil || !ok {
		t.Fatalf("%t %v", ok, err)
	}
	failing := scenarios.Failing{Plan: plan, Steps: plan.Steps(), Concurrency: 16, Origin: "Reduced by a test."}
	rep, err := scenarios.Chaos(t.Context(), cfg, scenarios.ChaosRun{
		Plan: plan, Command: "chaos", Options: chaosrun.Options{Concurrency: failing.Concurrency},
		Found: func(res chaosrun.Result) {
			failing.Plan, failing.Book, failing.Steps = res.Plan, res.Book, first(res.Plan.Steps(), res.Steps)
			failing.Secret, failing.Traits = res.Secret, res.Traits
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return rep, failing
}

// first is the steps up to that number.
func first(steps iter.Seq[chaos.Step], n int) iter.Seq[chaos.Step] {
	return func(yield func(chaos.Step) bool) {
		for s := range steps {
			if s.Number > n || !yield(s) {
				return
			}
		}
	}
}
