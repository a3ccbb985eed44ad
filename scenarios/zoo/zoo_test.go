package zoo_test

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/sentsim/sentsim/scenarios"
	"github.com/sentsim/sentsim/scenarios/receiver/mutant"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/scenarios/rule"
)

// Every mutant is failed (warned of, where the rule is a SHOULD) on the rules
// that state its mistake, by verify or else by chaos. Rules that may carry it are
// failed or not checked, and no other is failed. Every rule fails some mutant.
func TestVerify(t *testing.T) {
	var mu sync.Mutex
	caught := map[string]bool{}
	tested := mutants()
	ran := 0
	t.Run("mutants", func(t *testing.T) {
		for _, m := range tested {
			t.Run(m.Name, func(t *testing.T) {
				t.Parallel()
				rep := verify(t, m.Name)
				broken := brokenBy(t, rep)
				for _, id := range m.Rules() {
					if _, ok := broken[id]; !ok && !brokenInChaos(t, m.Name, id) {
						t.Errorf("%s is not seen to be broken: %s", id, said(rep, id))
					}
				}
				for id, r := range broken {
					if !slices.Contains(m.Rules(), id) && !slices.Contains(m.May, id) {
						t.Errorf("%s is %s, which the mutant does not declare: %s", id, r.Verdict, r.Reason)
					}
				}
				mu.Lock()
				defer mu.Unlock()
				ran++
				for id := range broken {
					caught[id] = true
				}
			})
		}
	})
	if ran < len(mutant.All()) {
		return // some were filtered out
	}
	for _, r := range rule.All() {
		if !caught[r.ID] {
			t.Errorf("no mutant breaks %s (%s): nothing shows that it can fail", r.ID, r.Level)
		}
	}
}

func TestVerifyPassesTheReceiverWithoutAMistake(t *testing.T) {
	t.Parallel()
	rep := verify(t, "")
	for _, r := range rep.Rules {
		if r.Verdict != report.Passed {
			t.Errorf("%s is %s: %s", r.ID, r.Verdict, r.Reason)
		}
	}
	if len(rep.Rules) != len(rule.All()) {
		t.Errorf("%d rules of %d", len(rep.Rules), len(rule.All()))
	}
}

func brokenInChaos(t *testing.T, name string, id rule.ID) bool {
	t.Helper()
	rep, _ := runChaos(t, configOf(t, name))
	_, ok := brokenBy(t, rep)[id]
	return ok
}

// verified is what verify came to, of each mutant: more than one test asks.
var verified sync.Map

func verify(t *testing.T, mutant string) report.Report {
	t.Helper()
	once, _ := verified.LoadOrStore(mutant, sync.OnceValues(func() (report.Report, error) {
		return scenarios.Run(t.Context(), configOf(t, mutant))
	}))
	rep, err := once.(func() (report.Report, error))() //nolint:forcetypeassert // nothing else is in it
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

// said is what a report says of a rule.
func said(rep report.Report, id string) string {
	for _, r := range rep.Rules {
		if r.ID == id {
			return strings.TrimSpace(r.Verdict.String() + " " + r.Reason)
		}
	}
	return "no verdict"
}
