package report_test

import (
	"slices"
	"testing"

	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/scenarios/rule"
)

// all is a report on which every rule of the contract passed.
func all() report.Report {
	var rules []report.Rule
	for _, r := range rule.All() {
		rules = append(rules, report.Conclude(r, []report.Scenario{{Name: "kept", File: "x.feature:1", Verdict: report.Passed}}, false))
	}
	return sum(report.Report{Schema: report.Schema, Sentsim: "1.2.3", Command: "verify", Edition: "2026-09", Seed: 1, Rules: rules})
}

// with is rep with another verdict on one rule.
func with(rep report.Report, id string, v report.Verdict) report.Report {
	rep.Rules = slices.Clone(rep.Rules)
	for i := range rep.Rules {
		if rep.Rules[i].ID == id {
			rep.Rules[i].Verdict = v
		}
	}
	return sum(rep)
}

func reachedLevels(rep report.Report) []string {
	names := []string{}
	for _, l := range report.Levels(rep) {
		if l.Reached {
			names = append(names, l.Name())
		}
	}
	return names
}

// A level is reached when all of its rules passed, and never by one that was not seen.
func TestLevels(t *testing.T) {
	t.Parallel()
	run := func(messages, begun, violated int, stopped string) report.Report {
		rep := all()
		rep.Chaos = &report.Chaos{Messages: messages, Begun: begun, Violated: violated, Stopped: stopped}
		return rep
	}
	partly := all()
	for i := range partly.Rules {
		if partly.Rules[i].ID == "IDEM-1" {
			partly.Rules[i].Scenarios = append(partly.Rules[i].Scenarios, report.Scenario{Partial: true, Remedy: "a probe"})
		}
	}
	for name, c := range map[string]struct {
		rep  report.Report
		want []string
	}{
		"all passed":                        {all(), []string{"signature-safe", "at-least-once-safe"}},
		"nothing":                           {report.Report{}, []string{}},
		"a SHOULD rule is not asked for":    {with(all(), "SIG-12", report.NotChecked), []string{"signature-safe", "at-least-once-safe"}},
		"a forgery was accepted":            {with(all(), "SIG-2", report.Failed), []string{}},
		"its traces were not looked for":    {with(all(), "SIG-13", report.NotChecked), []string{}},
		"duplicates were not seen":          {with(all(), "IDEM-1", report.NotChecked), []string{"signature-safe"}},
		"only the answers to duplicates":    {partly, []string{"signature-safe"}},
		"a late status moved it":            {with(all(), "ORD-3", report.Failed), []string{"signature-safe"}},
		"chaos":                             {run(300, 300, 0, ""), []string{"signature-safe", "at-least-once-safe", "chaos-safe with 300 messages"}},
		"chaos with a violation":            {run(300, 300, 1, ""), []string{"signature-safe", "at-least-once-safe"}},
		"chaos that ended early":            {run(300, 200, 0, "the time was over"), []string{"signature-safe", "at-least-once-safe"}},
		"chaos that had no odd bytes":       {with(run(1, 1, 0, ""), "SIG-9", report.NotChecked), []string{"chaos-safe with 1 message"}},
		"chaos that could not see messages": {with(run(9, 9, 0, ""), "ORD-1", report.NotChecked), []string{"signature-safe"}},
	} {
		if got := reachedLevels(c.rep); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
