package scenarios_test

import (
	"testing"

	"github.com/sentsim/sentsim/scenarios"
	"github.com/sentsim/sentsim/scenarios/config"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/scenarios/rule"
)

// embedded is a run against the reference receiver inside this process.
func embedded(t *testing.T) scenarios.Config {
	t.Helper()
	cfg := config.Default()
	cfg.Embedded = true
	return cfg
}

func TestTheReferenceReceiverKeepsEveryRule(t *testing.T) {
	cfg := embedded(t)
	cfg.Strict = true
	rep, err := scenarios.Run(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if len(rep.Rules) != len(rule.All()) {
		t.Errorf("%d rules were judged, the contract has %d", len(rep.Rules), len(rule.All()))
	}
	for _, r := range rep.Rules {
		if r.Verdict != report.Passed || r.Reason != "" {
			t.Errorf("%s: %s: %s", r.ID, r.Verdict, r.Reason)
			for _, s := range r.Scenarios {
				if s.Verdict != report.Passed {
					t.Logf("  %s (%s): %s", s.Name, s.File, s.Reason)
				}
			}
		}
	}
	if rep.ExitStatus != 0 {
		t.Errorf("exit status %d", rep.ExitStatus)
	}
	if rep.Sentsim == "" {
		t.Error("the report does not say which version judged")
	}
	if rep.VirtualMS < 3_600_000 {
		t.Errorf("%d ms of virtual time, want more than an hour", rep.VirtualMS)
	}
	t.Logf("%d ms wall, %d ms virtual", rep.DurationMS, rep.VirtualMS)
}
