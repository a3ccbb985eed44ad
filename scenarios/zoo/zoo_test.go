package zoo_test

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/sentsim/sentsim/scenarios"
	"github.com/sentsim/sentsim/scenarios/receiver"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/scenarios/rule"
)

// Every mutant is failed (warned of, where the rule is a SHOULD) on the rules
// that it declares and on no other, and every rule fails some mutant. What
// cannot be seen any more because of the mistake is not checked.
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
					if _, ok := broken[id]; !ok {
						t.Errorf("%s is not seen to be broken: %s", id, said(rep, id))
					}
				}
				for id, r := range broken {
					if !slices.Contains(m.Rules(), id) {
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
	if ran < len(receiver.Mutants()) {
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

type quiet struct{}

func (quiet) Start(report.Header)  {}
func (quiet) RuleDone(report.Rule) {}

func verify(t *testing.T, mutant string) report.Report {
	t.Helper()
	rep, err := scenarios.Run(t.Context(), configOf(t, mutant), "test", quiet{})
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

// A mutant declares what it breaks in the words of the contract.
func TestMutantsQuoteTheContract(t *testing.T) {
	names := map[string]bool{}
	for _, m := range receiver.Mutants() {
		if names[m.Name] || m.Name != strings.ToLower(m.Name) || strings.ContainsAny(m.Name, " _") {
			t.Errorf("%q is not a name of its own in kebab case", m.Name)
		}
		names[m.Name] = true
		if len(m.Breaks) == 0 || !strings.HasSuffix(m.Mistake, ".") {
			t.Errorf("%s: breaks %v, mistake %q", m.Name, m.Breaks, m.Mistake)
		}
		seen := map[string]bool{}
		for _, b := range m.Breaks {
			r, ok := rule.Get(b.Rule)
			if !ok || b.Phrase == "" || !strings.Contains(r.Title, b.Phrase) {
				t.Errorf("%s: %s does not say %q but %q", m.Name, b.Rule, b.Phrase, r.Title)
			}
			if seen[b.Rule] {
				t.Errorf("%s declares %s twice", m.Name, b.Rule)
			}
			seen[b.Rule] = true
		}
	}
	if len(names) < 40 {
		t.Errorf("only %d mutants", len(names))
	}
}
