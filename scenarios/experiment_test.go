package scenarios

import (
	"reflect"
	"testing"

	"github.com/sentsim/sentsim/scenarios/oracle"
	"github.com/sentsim/sentsim/scenarios/report"
)

// someFindings is a run that met these violations, by rule.
func someFindings(violations map[string][]oracle.Violation) oracle.Findings {
	b := oracle.Findings{Violated: map[string]int{}, Violations: violations}
	for id, all := range violations {
		b.Violated[id] = len(all)
	}
	return b
}

// verdictsOf is what the contract's scenarios showed: the broken rules, and all
// others passed.
func verdictsOf(broken ...string) map[string]report.Rule {
	judged := map[string]report.Rule{}
	for _, id := range []string{"IDEM-3", "IDEM-5", "IDEM-7", "ORD-1", "ORD-3"} {
		judged[id] = report.Rule{ID: id, Verdict: report.Passed}
	}
	for _, id := range broken {
		judged[id] = report.Rule{ID: id, Verdict: report.Failed}
	}
	return judged
}

// A receiver that forgets at a restart (IDEM-7) is excused only where there was one.
func TestARestartExcusesOnlyWhatSawOne(t *testing.T) {
	t.Parallel()
	saw := oracle.Violation{Rule: "IDEM-5", Could: []string{"IDEM-5"}, Restarted: true}
	none := oracle.Violation{Rule: "IDEM-5", Could: []string{"IDEM-5"}}
	for _, tt := range []struct {
		name       string
		violations []oracle.Violation
		broken     []string
		unsure     bool
	}{
		{"every subject was there at a restart", []oracle.Violation{saw, saw}, []string{"IDEM-7"}, true},
		{"no subject was", []oracle.Violation{none}, []string{"IDEM-7"}, false},
		{"one of them was not", []oracle.Violation{saw, none, saw}, []string{"IDEM-7"}, false},
		{"another rule is broken as well", []oracle.Violation{none}, []string{"IDEM-7", "ORD-3"}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := attribute(someFindings(map[string][]oracle.Violation{"IDEM-5": tt.violations}), verdictsOf(tt.broken...))
			if got := a.unsure["IDEM-5"] != ""; got != tt.unsure || a.rule["IDEM-5"] != "IDEM-5" {
				t.Errorf("unsure %t, want %t: %+v", got, tt.unsure, a)
			}
		})
	}
}

// Late answers of a receiver that is in time one at a time are no violation of ACK-1.
func TestLateTogetherIsNotLateAlone(t *testing.T) {
	t.Parallel()
	together := oracle.Violation{Rule: "ACK-1", Could: []string{"ACK-1", "ACK-2"}}
	oneByOne := oracle.Violation{Rule: "ACK-1"}
	for _, tt := range []struct {
		of     oracle.Violation
		alone  report.Verdict // of the scenarios of ACK-1
		unsure bool
	}{
		{together, report.Passed, true},
		{together, report.Failed, false},
		{together, report.NotChecked, false},
		{oneByOne, report.Passed, false},
	} {
		judged := verdictsOf()
		judged["ACK-1"] = report.Rule{ID: "ACK-1", Verdict: tt.alone}
		a := attribute(someFindings(map[string][]oracle.Violation{"ACK-1": {tt.of}}), judged)
		if (a.unsure["ACK-1"] != "") != tt.unsure {
			t.Errorf("%+v, %s alone: %+v", tt.of, tt.alone, a)
		}
	}
}

// Why a rule is not sure does not depend on the order in which a map is read.
func TestAttributionIsTheSameEachTime(t *testing.T) {
	t.Parallel()
	findings := someFindings(map[string][]oracle.Violation{
		"ORD-3":  {{Rule: "ORD-3", Could: []string{"ORD-3", "IDEM-4"}}},
		"IDEM-5": {{Rule: "IDEM-5", Could: []string{"IDEM-5", "IDEM-4"}}},
		"ORD-1":  {{Rule: "ORD-1", Could: []string{"ORD-1", "IDEM-4"}}},
	})
	first := attribute(findings, verdictsOf())
	if want := "a violation of IDEM-5 in this run could be one of it as well"; first.unsure["IDEM-4"] != want {
		t.Errorf("got %q, want %q, the first in order", first.unsure["IDEM-4"], want)
	}
	for range 50 {
		if again := attribute(findings, verdictsOf()); !reflect.DeepEqual(again, first) {
			t.Fatalf("%+v, and then %+v", first, again)
		}
	}
}
