package cause_test

import (
	"strings"
	"testing"

	"github.com/sentsim/sentsim/scenarios/cause"
	"github.com/sentsim/sentsim/scenarios/learn"
	"github.com/sentsim/sentsim/scenarios/report"
)

func forged(accepted, rejected int) []report.Rule {
	return forgedAnd(accepted, rejected, "200 OK after 1ms")
}

// forgedAnd is forged with what those got that were not rejected.
func forgedAnd(accepted, rejected int, got string) []report.Rule {
	var all []report.Rule
	for _, id := range []string{"SIG-2", "SIG-3", "SIG-4", "SIG-5", "SIG-6", "SIG-7", "SIG-10"} {
		r := report.Rule{ID: id, Verdict: report.Failed, Fix: "the usual one"}
		for range accepted {
			r.Scenarios = append(r.Scenarios, report.Scenario{Verdict: report.Failed, Evidence: []report.Evidence{{Response: got}}})
		}
		for range rejected {
			r.Scenarios = append(r.Scenarios, report.Scenario{Verdict: report.Passed})
		}
		all = append(all, r)
	}
	return all
}

func TestAReceiverThatVerifiesNothing(t *testing.T) {
	t.Parallel()
	rules := forged(5, 0)
	causes := cause.Explain(cause.Facts{Rules: rules, Started: true, SecretEnv: "SENT_DM_WEBHOOK_SECRET"})
	cause.Assign(rules, causes)
	if len(causes) != 1 || !strings.Contains(causes[0].Summary, "35 of 35") || !strings.Contains(causes[0].Fix, "--secret-env NAME") {
		t.Fatalf("causes %+v", causes)
	}
	for _, r := range rules {
		if r.Cause != causes[0].ID || r.Fix != causes[0].Fix {
			t.Errorf("%s names the cause %q, and the fix %q", r.ID, r.Cause, r.Fix)
		}
	}
	if got := cause.Explain(cause.Facts{Rules: forgedAnd(5, 0, "500 Internal Server Error after 1ms")}); len(got) != 0 {
		t.Errorf("forgeries get an error of the server, and it verifies nothing? %+v", got)
	}
	if got := cause.Explain(cause.Facts{Rules: forged(5, 1)}); len(got) != 0 {
		t.Errorf("one of six is rejected, and it verifies nothing? %+v", got)
	}
}

func TestWhatWasLearnedIsACause(t *testing.T) {
	t.Parallel()
	rules := []report.Rule{{ID: "ORD-1", Verdict: report.Failed}, {ID: "ORD-3", Verdict: report.Failed}}
	causes := cause.Explain(cause.Facts{Rules: rules, Traits: learn.Traits{Deviations: []learn.Deviation{
		{ID: "channels", Rule: "ORD-1", Reason: "SMS only", Fix: "channels: [sms]", Certainty: learn.Tried},
	}}})
	cause.Assign(rules, causes)
	if rules[0].Cause != "channels" || rules[1].Cause != "" {
		t.Errorf("causes %q and %q", rules[0].Cause, rules[1].Cause)
	}
}
