package zoo_test

import (
	"slices"
	"testing"

	"github.com/sentsim/sentsim/scenarios"
	"github.com/sentsim/sentsim/scenarios/chaosrun"
	"github.com/sentsim/sentsim/scenarios/config"
	"github.com/sentsim/sentsim/scenarios/receiver"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/simulator/chaos"
)

// messages is what `sentsim chaos` sends unless told otherwise.
const messages = 300

// With 300 messages on the default seed, chaos finds every mutant whose mistake
// shows in the receiver's state, and names a rule that it declares.
func TestChaos(t *testing.T) {
	for _, m := range mutants() {
		if !stateful(m) || unjudged(m) {
			continue
		}
		t.Run(m.Name, func(t *testing.T) {
			t.Parallel()
			broken := brokenBy(t, runChaos(t, m.Name))
			if !slices.ContainsFunc(m.Rules(), func(id string) bool { _, ok := broken[id]; return ok }) {
				t.Errorf("none of %v is seen to be broken", m.Rules())
				for id, r := range broken {
					t.Logf("%s is %s: %s", id, r.Verdict, r.Reason)
				}
			}
		})
	}
}

// unjudged reports whether a chaos run looks at none of the rules that a mutant
// breaks: it does not watch for replies.
func unjudged(m receiver.Mutant) bool { return slices.Equal(m.Rules(), []string{"INB-2"}) }

func TestChaosPassesTheReceiverWithoutAMistake(t *testing.T) {
	t.Parallel()
	rep := runChaos(t, "")
	for id, r := range brokenBy(t, rep) {
		t.Errorf("%s is %s: %s", id, r.Verdict, r.Reason)
	}
	if rep.Summary.Passed < 30 {
		t.Errorf("only %d rules passed", rep.Summary.Passed)
	}
}

func runChaos(t *testing.T, mutant string) report.Report {
	t.Helper()
	cfg := configOf(t, mutant)
	rep, err := scenarios.Chaos(t.Context(), cfg, "test", scenarios.ChaosRun{
		Plan: planOf(t, cfg), Command: "chaos", Options: chaosrun.Options{Concurrency: 16},
	})
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

func planOf(t *testing.T, cfg config.Config) chaos.Plan {
	t.Helper()
	profile, ok := chaos.LookupProfile(chaos.DefaultProfile)
	plan, err := scenarios.ChaosPlan(cfg, profile, messages)
	if err != nil || !ok {
		t.Fatalf("%t %v", ok, err)
	}
	return plan
}
