package zoo_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/sentsim/sentsim/scenarios"
	"github.com/sentsim/sentsim/scenarios/receiver/mutant"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/scenarios/shrink"
)

// runs are those against one mutant, each made when it is first asked for: more
// than one test asks.
type runs struct {
	mutant   string
	verified once[report.Report]
	upset    once[chaotic]
}

// chaotic is what a chaos run came to, and what of it can be shrunk.
type chaotic struct {
	report  report.Report
	failing shrink.Failing
}

// once keeps what was made first.
type once[T any] struct {
	done sync.Once
	made T
	err  error
}

func (o *once[T]) get(t *testing.T, first func() (T, error)) T {
	t.Helper()
	o.done.Do(func() { o.made, o.err = first() })
	if o.err != nil {
		t.Fatal(o.err)
	}
	return o.made
}

func (r *runs) verify(t *testing.T) report.Report {
	t.Helper()
	return r.verified.get(t, func() (report.Report, error) { return scenarios.Run(t.Context(), configOf(t, r.mutant)) })
}

func (r *runs) chaos(t *testing.T) chaotic {
	t.Helper()
	return r.upset.get(t, func() (chaotic, error) { return runChaos(t, configOf(t, r.mutant)) })
}

// beside are the runs of the mutants side by side, by name.
var beside sync.Map

// ofEach judges the mutants side by side, and once more alone whatever that
// complains of: this machine was busy with the others. Only what shows alone as
// well is a failure; the log has both.
func ofEach(t *testing.T, all []mutant.Mutant, judge func(t *testing.T, m mutant.Mutant, r *runs) (wrong []string)) {
	t.Helper()
	var mu sync.Mutex
	complaints := map[string][]string{}
	t.Run("mutants", func(t *testing.T) {
		for _, m := range all {
			t.Run(m.Name, func(t *testing.T) {
				t.Parallel()
				r, _ := beside.LoadOrStore(m.Name, &runs{mutant: m.Name})
				wrong := judge(t, m, r.(*runs)) //nolint:forcetypeassert // nothing else is in it
				mu.Lock()
				defer mu.Unlock()
				complaints[m.Name] = wrong
			})
		}
	})
	for _, m := range all {
		if len(complaints[m.Name]) == 0 {
			continue
		}
		t.Run(m.Name+" alone", func(t *testing.T) {
			t.Logf("beside others: %s", strings.Join(complaints[m.Name], "\n"))
			for _, wrong := range judge(t, m, &runs{mutant: m.Name}) {
				t.Error(wrong)
			}
		})
	}
}
