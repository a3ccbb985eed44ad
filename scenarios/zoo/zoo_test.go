package zoo_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

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
	ofEach(t, tested, func(t *testing.T, m mutant.Mutant, runs *runs) []string {
		t.Helper()
		rep := runs.verify(t)
		broken, wrong := brokenBy(rep)
		for _, id := range m.Rules() {
			if _, ok := broken[id]; ok {
				continue
			}
			inChaos, _ := brokenBy(runs.chaos(t).report)
			if _, ok := inChaos[id]; !ok {
				wrong = append(wrong, fmt.Sprintf("%s is not seen to be broken: %s", id, said(rep, id)))
			}
		}
		for id, r := range broken {
			if !slices.Contains(m.Rules(), id) && !slices.Contains(m.May, id) {
				wrong = append(wrong, fmt.Sprintf("%s is %s, which the mutant does not declare: %s", id, r.Verdict, r.Reason))
			}
		}
		mu.Lock()
		defer mu.Unlock()
		ran++
		for id := range broken {
			caught[id] = true
		}
		return wrong
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
	rep := (&runs{}).verify(t)
	for _, r := range rep.Rules {
		if r.Verdict != report.Passed {
			t.Errorf("%s is %s: %s", r.ID, r.Verdict, r.Reason)
		}
	}
	if len(rep.Rules) != len(rule.All()) {
		t.Errorf("%d rules of %d", len(rep.Rules), len(rule.All()))
	}
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
