package scenarios_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sentsim/sentsim/scenarios/config"
	"github.com/sentsim/sentsim/scenarios/receiver"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/scenarios/rule"
	"github.com/sentsim/sentsim/scenarios/target"
)

// Every mutant is failed (warned of, where the rule is a SHOULD) on the rules
// that it declares and on no other, and every MUST rule fails some mutant. What
// cannot be seen any more because of the mistake is not checked, never errored.
func TestZoo(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	caught := map[string][]string{}
	mutants := receiver.Mutants()
	slices.SortStableFunc(mutants, func(a, b receiver.Mutant) int { return slow(b) - slow(a) })
	t.Run("mutants", func(t *testing.T) {
		for _, m := range mutants {
			t.Run(m.Name, func(t *testing.T) {
				t.Parallel()
				rep := verify(t, zooConfig(t, m.Name))
				broken := map[string]report.Rule{}
				for _, r := range rep.Rules {
					switch r.Verdict {
					case report.Failed, report.Warned:
						broken[r.ID] = r
					case report.Errored:
						t.Errorf("%s errored: %s", r.ID, r.Reason)
					case report.Passed, report.NotChecked:
					}
				}
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
				for id := range broken {
					caught[id] = append(caught[id], m.Name)
				}
			})
		}
	})
	for _, r := range rule.All() {
		if len(caught[r.ID]) == 0 {
			t.Errorf("no mutant breaks %s (%s): nothing shows that it can fail", r.ID, r.Level)
		}
	}
}

// slow is 1 for mutants that take long to verify, because they answer slowly.
func slow(m receiver.Mutant) int {
	for _, id := range m.Rules() {
		if strings.HasPrefix(id, "ACK-") {
			return 1
		}
	}
	return 0
}

// said is what a report says of a rule.
func said(rep report.Report, id string) string {
	for _, r := range rep.Rules {
		if r.ID == id {
			return strings.TrimSpace(fmt.Sprintf("%s %s", r.Verdict, r.Reason))
		}
	}
	return "no verdict"
}

func zooConfig(t *testing.T, mutant string) config.Config {
	t.Helper()
	cfg := config.Default()
	cfg.Settle = 200 * time.Millisecond
	cfg.Probe = referenceProbe()
	file := filepath.Join(t.TempDir(), "receiver.db")
	if mutant == "header-case" { // it needs a server of its own
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		cfg.Target = target.Spec{
			Name: "mutant " + mutant, Exec: "'" + self + "'", Path: receiver.DefaultPath, StartTimeout: 30 * time.Second,
			Env: map[string]string{"SENTSIM_MUTANT": mutant, "STATE_FILE": file},
		}
		return cfg
	}
	cfg.Target = target.Spec{
		Name: "mutant " + mutant, Path: receiver.DefaultPath,
		Handler: func(env target.Env) (http.Handler, func() error, error) {
			r, err := receiver.New(receiver.Config{
				Secret: env.Secret.Reveal(), File: file, BaseURL: env.BaseURL, APIKey: env.APIKey, Mutant: mutant,
			})
			if err != nil {
				return nil, nil, err
			}
			return r, r.Close, nil
		},
	}
	return cfg
}

// A mutant declares what it breaks in the words of the contract.
func TestMutantsQuoteTheContract(t *testing.T) {
	t.Parallel()
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
