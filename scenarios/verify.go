package scenarios

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/scenarios/rule"
)

// Verify holds a target to the contract inside a Go test: every rule is a
// subtest, every scenario one of its subtests, so that `go test -run` picks
// among them and -v shows the steps. A broken rule fails its subtest with the
// evidence and the fix; one that could not be checked is skipped with the
// reason; a broken SHOULD rule only logs, unless cfg is strict.
func Verify(t *testing.T, cfg Config) {
	t.Helper()
	plans, err := selectScenarios(cfg)
	if err != nil {
		t.Fatal(err)
	}
	s, err := open(t.Context(), cfg)
	if err != nil {
		var unreachable *TargetError
		if errors.As(err, &unreachable) && len(unreachable.Log) > 0 {
			t.Logf("last lines of the target's output:\n  %s", strings.Join(unreachable.Log, "\n  "))
		}
		t.Fatal(err)
	}
	defer func() {
		if log := s.subject.Target.Log(); t.Failed() && len(log) > 0 {
			t.Logf("last lines of the target's output:\n  %s", strings.Join(log, "\n  "))
		}
		if err := s.close(); err != nil {
			t.Error(err)
		}
	}()
	t.Logf("seed %s, target %s", cfg.Seed, s.subject.Target.Name())
	s.openGate(t.Context())
	if d := s.diagnosis; d != nil {
		t.Logf("DIAGNOSIS: %s\n%s\nfix: %s\ntried:\n  %s", d.Cause, d.Summary, d.Fix, strings.Join(d.Evidence, "\n  "))
	}
	ran := 0
	for from := 0; from < len(plans); {
		to := from
		for to < len(plans) && plans[to].rule.ID == plans[from].rule.ID {
			to++
		}
		t.Run(plans[from].rule.ID, func(t *testing.T) {
			var shown []report.Scenario
			for i := from; i < to; i++ {
				t.Run(plans[i].scenario.Name, func(t *testing.T) {
					ran++
					s.subject.TakeWire()
					out, again := s.run(t.Context(), &plans[i], 0)
					for attempt := uint64(1); again && attempt <= maxRepeats; attempt++ {
						out, again = s.run(t.Context(), &plans[i], attempt)
					}
					s.beforeScenario(t.Context())
					s.subject.LeaveWire()
					out = s.afterTheEvent(&plans[i], out)
					shown = append(shown, out)
					tell(t, plans[i].rule, out, cfg.Strict)
				})
			}
			if done := report.Conclude(plans[from].rule, shown, cfg.Strict); done.Verdict == report.NotChecked {
				if cfg.RequireAll && done.Level == string(rule.Must) {
					t.Error("not checked, and all MUST rules are required: " + done.Reason)
				}
				t.Skip("not checked: " + done.Reason) // a test that passes is a rule that was seen
			}
		})
		from = to
	}
	if ran == 0 {
		t.Error("no scenario ran: nothing was verified")
	}
	if s.shut != nil { // its subtest has passed, or was not asked for, and the others are skipped
		r, _ := rule.Get(plainRule)
		tell(t, r, *s.shut, cfg.Strict)
	}
	if t.Failed() {
		if log := s.subject.Target.Log(); len(log) > 0 {
			t.Logf("last lines of the target's output:\n  %s", strings.Join(log, "\n  "))
		}
	}
}

// tell turns a scenario's verdict into that of its subtest.
func tell(t *testing.T, r rule.Rule, out report.Scenario, strict bool) {
	t.Helper()
	for _, st := range out.Steps {
		mark := "ran"
		if !st.Ran {
			mark = "did not run"
		}
		t.Logf("%s (%s)", st.Text, mark)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s) %s\n%s", r.ID, r.Level, r.Title, out.Reason)
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
		if r.Level == rule.Should && !strict {
			t.Log("WARNED " + b.String())
			return
		}
		t.Error(b.String())
	}
}
