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
	"github.com/sentsim/sentsim/simulator/chaos"
)

// Every mutant whose mistake shows in the state is reduced to a handful of
// deliveries that fail by themselves, and to a scenario that fails it and passes
// the receiver without a mistake (Shrink offers no other).
func TestShrink(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var sizes []int
	t.Run("mutants", func(t *testing.T) {
		for _, m := range mutants() {
			if !stateful(m) || unjudged(m) {
				continue
			}
			t.Run(m.Name, func(t *testing.T) {
				t.Parallel()
				cfg := configOf(t, m.Name)
				f := failing(t, cfg)
				got, err := scenarios.Shrink(t.Context(), cfg, f)
				if errors.Is(err, scenarios.ErrNothingToShrink) {
					t.Skipf("the chaos run broke nothing that can be reduced: %v", f.Book.Violated)
				}
				if err != nil {
					t.Fatal(err)
				}
				n := deliveries(got.Steps)
				t.Logf("%s of %v: %d deliveries, %d trials, fails %s\n%s%s", got.Rule.ID, f.Book.Violated, n, got.Trials, got.Ended, got.Feature, got.NoFeature)
				switch {
				case got.Steps == nil:
					t.Errorf("nothing is left: %s", got.Why)
				case got.Feature == "" && n <= 12:
					t.Errorf("no scenario: %s; of %q", got.NoFeature, bodies(got.Steps))
				}
				mu.Lock()
				defer mu.Unlock()
				sizes = append(sizes, n)
			})
		}
	})
	if len(sizes) == 0 {
		t.Fatal("no mutant was reduced")
	}
	slices.Sort(sizes)
	t.Logf("deliveries left, of %d mutants: %v", len(sizes), sizes)
	if median := sizes[len(sizes)/2]; median > 6 {
		t.Errorf("the median is %d deliveries, more than 6", median)
	}
}

// failing is a run on the default seed, and what it broke.
func failing(t *testing.T, cfg config.Config) scenarios.Failing {
	t.Helper()
	plan := planOf(t, cfg)
	f := scenarios.Failing{Plan: plan, Steps: plan.Steps(), Concurrency: 16, Origin: "Reduced by a test."}
	_, err := scenarios.Chaos(t.Context(), cfg, "test", scenarios.ChaosRun{
		Plan: plan, Command: "chaos", Options: chaosrun.Options{Concurrency: 16},
		Found: func(res chaosrun.Result) { f.Book, f.Steps = res.Book, first(plan.Steps(), res.Steps) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func first(steps iter.Seq[chaos.Step], n int) iter.Seq[chaos.Step] {
	return func(yield func(chaos.Step) bool) {
		for s := range steps {
			if s.Number > n || !yield(s) {
				return
			}
		}
	}
}

func deliveries(steps []chaos.Step) (n int) {
	for _, s := range steps {
		if s.Kind == chaos.KindDeliver || s.Kind == chaos.KindForge {
			n++
		}
	}
	return n
}

// bodies are what the steps deliver, for people.
func bodies(steps []chaos.Step) (all []string) {
	for _, s := range steps {
		all = append(all, string(s.Kind)+" "+string(s.Body))
	}
	return all
}
