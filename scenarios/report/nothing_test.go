package report_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/sentsim/sentsim/scenarios/report"
)

// A run without a verdict must not look like one without a failure.
func TestJUnitOfARunThatJudgedNothing(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	err := report.JUnit(&b, report.Report{
		Command: "verify", ExitStatus: 3,
		Diagnosis: &report.Diagnosis{Cause: "target-unreachable", Summary: "nobody listens"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`errors="1"`, `<error message="no verdict: the target could not be reached or started"`, "nobody listens"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %s in\n%s", want, b.String())
		}
	}
}
