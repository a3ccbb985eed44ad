package zoo_test

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/sentsim/sentsim/scenarios"
	"github.com/sentsim/sentsim/scenarios/chaosrun"
	"github.com/sentsim/sentsim/scenarios/config"
	"github.com/sentsim/sentsim/scenarios/receiver/mutant"
	"github.com/sentsim/sentsim/scenarios/shrink"
	"github.com/sentsim/sentsim/scenarios/zoo"
	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/contract"
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
	tested := slices.DeleteFunc(mutants(), func(m mutant.Mutant) bool {
		return !stateful(m) || !zoo.Whole() && !slices.Contains([]string{"ORD", "TPL"}, family(m))
	})
	ofEach(t, tested, func(t *testing.T, m mutant.Mutant, runs *runs) []string {
		t.Helper()
		run := runs.chaos(t)
		broken, wrong := brokenBy(run.report)
		if !slices.ContainsFunc(m.Rules(), func(id string) bool { _, ok := broken[id]; return ok }) {
			wrong = append(wrong, fmt.Sprintf("none of %v is seen to be broken", m.Rules()))
			for id, r := range broken {
				wrong = append(wrong, fmt.Sprintf("%s is %s: %s", id, r.Verdict, r.Reason))
			}
		}
		if len(wrong) > 0 || !reducible(run.failing) {
			return wrong // or it was learned before the run
		}
		got, err := scenarios.Shrink(t.Context(), configOf(t, m.Name), run.failing)
		switch {
		case errors.Is(err, shrink.ErrNothing):
			return []string{fmt.Sprintf("nothing that was broken can be reduced: %v", run.failing.Findings.Violated)}
		case err != nil:
			t.Fatal(err)
		case got.Steps == nil:
			return []string{"nothing is left: " + got.Why}
		}
		n := deliveries(got.Steps)
		t.Logf("%s of %v: %d deliveries, %d trials, fails %s\n%s%s",
			got.Rule.ID, run.failing.Findings.Violated, n, got.Trials, got.Ended, got.Feature, got.NoFeature)
		mu.Lock()
		defer mu.Unlock()
		left = append(left, n)
		if got.Feature == "" {
			mute = append(mute, m.Name+": "+got.NoFeature)
		}
		return nil
	})
	if len(left) == 0 {
		return // filtered out
	}
	slices.Sort(left)
	t.Logf("deliveries left of the runs of %d mutants: %v", len(left), left)
	if float64(len(mute)) > 1+untold*float64(len(left)) {
		t.Errorf("there are no scenarios of\n%s", strings.Join(mute, "\n"))
	}
	if median := left[len(left)/2]; median > handful {
		t.Errorf("the median is %d deliveries, more than %d", median, handful)
	}
}

// reducible reports whether the run itself has met a violation that deliveries
// alone bring about.
func reducible(f shrink.Failing) bool {
	for id, n := range f.Findings.Violated {
		if n > 0 && id != contract.ACK1 {
			return true
		}
	}
	return false
}

func deliveries(steps []chaos.Step) (n int) {
	for _, s := range steps {
		if s.Kind == chaos.KindDeliver || s.Kind == chaos.KindForge {
			n++
		}
	}
	return n
}

func TestChaosPassesTheReceiverWithoutAMistake(t *testing.T) {
	t.Parallel()
	rep := (&runs{}).chaos(t).report
	broken, wrong := brokenBy(rep)
	for id, r := range broken {
		t.Errorf("%s is %s: %s", id, r.Verdict, r.Reason)
	}
	for _, w := range wrong {
		t.Error(w)
	}
	if rep.Summary.Passed < 30 {
		t.Errorf("only %d rules passed", rep.Summary.Passed)
	}
}

func runChaos(t *testing.T, cfg config.Config) (run chaotic, err error) {
	t.Helper()
	profile, ok := chaos.LookupProfile(chaos.DefaultProfile)
	plan, err := scenarios.ChaosPlan(cfg, profile, messages)
	if err != nil || !ok {
		t.Fatalf("%t %v", ok, err)
	}
	failing := shrink.Failing{Plan: plan, Steps: plan.Steps(), Concurrency: 16, Origin: "Reduced by a test."}
	run.report, err = scenarios.Chaos(t.Context(), cfg, scenarios.ChaosRun{
		Plan: plan, Command: "chaos", Options: chaosrun.Options{Concurrency: failing.Concurrency},
		Found: func(res chaosrun.Result) {
			failing.Plan, failing.Findings, failing.Steps = res.Plan, res.Findings, first(res.Plan.Steps(), res.Steps)
			failing.Secret, failing.Traits = res.Secret, res.Traits
		},
	})
	run.failing = failing
	return run, err
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
