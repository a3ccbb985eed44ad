package scenarios

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/sentsim/sentsim/scenarios/oracle"
	"github.com/sentsim/sentsim/scenarios/report"
)

// unwatched is for a run that nobody follows rule by rule.
type unwatched struct{}

func (unwatched) Start(report.Header)  {}
func (unwatched) RuleDone(report.Rule) {}

// experiment runs the contract's own scenarios after a chaos run that met a
// violation. A chaos run sees that something is wrong; which rule it is, where
// several could be, only deliveries can tell that differ in one thing.
func (s *session) experiment(ctx context.Context) (map[string]report.Rule, error) {
	plans, err := selectScenarios(s.cfg)
	if err != nil {
		return nil, err
	}
	book := newLedger(s, plans, unwatched{})
	s.carryOut(ctx, plans, book)
	judged := map[string]report.Rule{}
	for _, r := range book.report("").Rules {
		judged[r.ID] = r
	}
	return judged, nil
}

// attribution is which rule each violation of a chaos run is put down to.
type attribution struct {
	rule   map[string]string // from the rule that the run's statistics chose
	unsure map[string]string // rules that are neither passed nor failed, and why
}

// attribute decides by what the contract's scenarios showed. A violation stays
// with its rule where a scenario of that rule fails too; else it goes to a rule
// that could explain it and fails. Where only other rules fail, it may be their
// doing: the rule is not checked. Where nothing fails, it shows only in a run
// like this one, and stays.
func attribute(book oracle.Book, judged map[string]report.Rule) attribution {
	a := attribution{rule: map[string]string{}, unsure: map[string]string{}}
	fails := func(id string) bool { v := judged[id].Verdict; return v == report.Failed || v == report.Warned }
	broken := slices.DeleteFunc(slices.Sorted(maps.Keys(judged)), func(id string) bool { return !fails(id) })
	for id := range book.Violated {
		a.rule[id] = id
		if fails(id) || len(broken) == 0 {
			continue
		}
		for _, v := range book.Violations[id] {
			if i := slices.IndexFunc(v.Could, fails); i >= 0 && !fails(a.rule[id]) {
				a.rule[id] = v.Could[i]
			}
		}
		if a.rule[id] == id {
			a.unsure[id] = fmt.Sprintf("%d deliveries or readings of the run look like a violation of it, its own scenarios pass, and %s is broken: that may be why", book.Violated[id], broken[0])
		}
	}
	if len(broken) > 0 {
		return a
	}
	for id := range book.Violated { // nothing tells the explanations apart
		for _, v := range book.Violations[id] {
			for _, other := range v.Could {
				if book.Violated[other] == 0 && judged[other].Verdict != report.Passed {
					a.unsure[other] = fmt.Sprintf("a violation of %s in this run could be one of it as well", id)
				}
			}
		}
	}
	return a
}
