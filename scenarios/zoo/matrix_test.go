package zoo_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/sentsim/sentsim/scenarios/receiver/mutant"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/scenarios/zoo"
)

// The two ways to judge a receiver must not contradict each other: what one of
// them passes the other does not fail, a rule that a mutant declares is failed by
// at least one of them, and none fails what a mutant does not break.
func TestVerifyAndChaosAgree(t *testing.T) {
	if !zoo.Whole() {
		t.Skip("takes minutes: make zoo runs it")
	}
	var mu sync.Mutex
	passed, silent := 0, 0
	ofEach(t, mutants(), func(t *testing.T, m mutant.Mutant, runs *runs) (wrong []string) {
		t.Helper()
		complain := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
		whole, rep := runs.verify(t), runs.chaos(t).report
		chaotic := verdicts(rep)
		for id, v := range verdicts(whole) {
			c, judged := chaotic[id]
			declared := slices.Contains(m.Rules(), id)
			if broken(v) && c == report.Passed || v == report.Passed && judged && broken(c) {
				complain("%s: verify says %s (%s), chaos says %s (%s)", id, v, said(whole, id), c, said(rep, id))
			}
			if declared && !broken(v) && !broken(c) {
				complain("%s is declared, and failed by neither: verify says %s, chaos says %s", id, v, c)
			}
			if !declared && !slices.Contains(m.May, id) && broken(c) {
				complain("%s is failed by chaos, which is neither declared nor may be: %s", id, said(rep, id))
			}
			if declared {
				mu.Lock()
				switch c {
				case report.Passed:
					passed++
				case report.NotChecked:
					silent++
				case report.Failed, report.Warned, report.Errored:
				}
				mu.Unlock()
			}
		}
		return wrong
	})
	t.Logf("of the declared rules chaos passes %d and does not check %d", passed, silent)
}

func broken(v report.Verdict) bool { return v == report.Failed || v == report.Warned }

func verdicts(rep report.Report) map[string]report.Verdict {
	all := map[string]report.Verdict{}
	for _, r := range rep.Rules {
		all[r.ID] = r.Verdict
	}
	return all
}
