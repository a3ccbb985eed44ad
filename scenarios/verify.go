package scenarios

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/scenarios/rule"
)

// Verify holds a target to the contract inside a Go test. It watches a Run, which
// begins with the first subtest that is asked for: every rule is a subtest, every
// scenario one of its subtests, and -v shows the steps. A broken rule fails its
// subtest with the evidence and the fix; one that could not be checked is skipped
// with the reason; a broken SHOULD rule only logs, unless cfg is strict. With
// `go test -run` only the rules that it can reach run.
func Verify(t *testing.T, cfg Config) {
	t.Helper()
	if only := reachable(t.Name(), cfg.Rules); only != nil {
		cfg.Rules = only
	}
	plans, err := selectScenarios(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	var rep report.Report
	run := sync.OnceValue(func() (err error) {
		rep, err = Run(t.Context(), cfg, "go test", unwatched{})
		return err
	})
	asked := 0
	for _, r := range ordered(plans) {
		t.Run(r.ID, func(t *testing.T) {
			asked++
			if err := run(); err != nil && len(rep.Rules) == 0 {
				t.Fatal(err)
			}
			tellRule(t, rep, r)
		})
	}
	if asked == 0 {
		t.Error("no scenario ran: nothing was verified")
		return
	}
	about(t, rep, run())
	for _, r := range rep.Rules { // that was not asked for, and without which nothing could be understood
		if !hasRule(plans, r.ID) && (r.Verdict == report.Failed || r.Verdict == report.Errored) {
			known, _ := rule.Get(r.ID)
			for _, out := range r.Scenarios {
				tell(t, known, r, out, cfg.Strict)
			}
		}
	}
}

// unwatched is the watcher of a run that is told once it is over.
type unwatched struct{}

func (unwatched) Start(report.Header)  {}
func (unwatched) RuleDone(report.Rule) {}

// ordered are the rules of a plan, in the order of the contract.
func ordered(plans []planned) []rule.Rule {
	var all []rule.Rule
	for _, r := range rule.All() {
		if hasRule(plans, r.ID) {
			all = append(all, r)
		}
	}
	return all
}

func hasRule(plans []planned, id string) bool {
	for i := range plans {
		if plans[i].rule.ID == id {
			return true
		}
	}
	return false
}

// about logs what goes for the whole run.
func about(t *testing.T, rep report.Report, err error) {
	t.Helper()
	var unreachable *TargetError
	log := rep.TargetLog
	if errors.As(err, &unreachable) {
		log = unreachable.Log
	}
	if len(log) > 0 && t.Failed() {
		t.Logf("last lines of the target's output:\n  %s", strings.Join(log, "\n  "))
	}
	if err != nil {
		t.Error(err)
		return
	}
	t.Logf("seed %d, target %s", rep.Seed, rep.Target)
	if rep.Learned != nil {
		t.Logf("learned: %s", strings.Join(report.LearnedLines(*rep.Learned), "\n  "))
	}
	if d := rep.Diagnosis; d != nil {
		t.Logf("DIAGNOSIS: %s\n%s\nfix: %s\ntried:\n  %s", d.Cause, d.Summary, d.Fix, strings.Join(d.Evidence, "\n  "))
	}
	for _, c := range rep.Causes {
		t.Logf("CAUSE: %s of %s (%s)\n%s\nfix: %s", c.ID, strings.Join(c.Rules, ", "), c.Certainty, c.Summary, c.Fix)
	}
}

// tellRule makes a subtest of each scenario of a rule, and skips a rule of which
// nothing was judged.
func tellRule(t *testing.T, rep report.Report, known rule.Rule) {
	t.Helper()
	for _, r := range rep.Rules {
		if r.ID != known.ID {
			continue
		}
		for _, out := range r.Scenarios {
			t.Run(out.Name, func(t *testing.T) { tell(t, known, r, out, rep.Strict) })
		}
		if r.Verdict == report.NotChecked {
			if rep.RequireAll && r.Level == string(rule.Must) {
				t.Error("not checked, and all MUST rules are required: " + r.Reason)
			}
			t.Skip("not checked: " + r.Reason) // a test that passes is a rule that was seen
		}
		return
	}
	t.Skip("not checked: the run ended before it")
}

// tell turns a scenario's verdict into that of its subtest.
func tell(t *testing.T, known rule.Rule, r report.Rule, out report.Scenario, strict bool) {
	t.Helper()
	for _, st := range out.Steps {
		mark := "ran"
		if !st.Ran {
			mark = "did not run"
		}
		t.Logf("%s (%s)", st.Text, mark)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s) %s\n%s", known.ID, known.Level, known.Title, out.Reason)
	for _, e := range out.Evidence {
		fmt.Fprintf(&b, "\nrequest:   %s\nresponse:  %s\nexpected:  %s", e.Request, strings.ReplaceAll(e.Response, "\n", "\n  "), e.Expected)
		if e.Reproduce != "" {
			fmt.Fprintf(&b, "\nreproduce: %s", e.Reproduce)
		}
	}
	fmt.Fprintf(&b, "\nwhy:       %s\nfix:       %s", r.Why, r.Fix)
	switch out.Verdict {
	case report.Passed:
	case report.NotChecked:
		t.Skip("not checked: " + out.Reason)
	case report.Errored:
		t.Errorf("errored, which says nothing of the receiver: %s", out.Reason)
	case report.Failed, report.Warned:
		if known.Level == rule.Should && !strict {
			t.Log("WARNED " + b.String())
			return
		}
		t.Error(b.String())
	}
}
