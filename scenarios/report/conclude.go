package report

import (
	"fmt"
	"slices"

	"github.com/sentsim/sentsim/scenarios/rule"
)

// Conclude is the verdict on a rule, given its scenarios as they ran. A failed
// scenario of a SHOULD rule is a warning unless strict. Scenarios that are only
// a part of the rule and could not be checked leave it passed, if others passed,
// with a reason that says what was not seen.
func Conclude(r rule.Rule, scenarios []Scenario, strict bool) Rule {
	out := Rule{
		ID: r.ID, Level: string(r.Level), Title: r.Title, Why: r.Why, Fix: r.Fix,
		Scenarios: append([]Scenario{}, scenarios...),
	}
	var verdicts []Verdict
	var unseen *Scenario // the first state part that was not checked
	for i := range out.Scenarios {
		s := &out.Scenarios[i]
		if s.Verdict == Failed && r.Level == rule.Should && !strict {
			s.Verdict = Warned
		}
		if s.Partial && s.Verdict == NotChecked {
			if unseen == nil {
				unseen = s
			}
			continue
		}
		verdicts = append(verdicts, s.Verdict)
	}
	out.Verdict = Worst(verdicts...)
	switch {
	case len(out.Scenarios) == 0:
		out.Reason = "no scenario of this rule ran"
	case out.Verdict == Passed && unseen != nil:
		out.Reason, out.Remedy = "its state part was not checked", unseen.Remedy
		if r.State {
			out.Reason = "a part of it was not checked"
		}
		if unseen.Reason != "" {
			out.Reason += ": " + unseen.Reason
		}
	case out.Verdict != Passed:
		out.Reason, out.Remedy = reason(out.Scenarios, out.Verdict)
	}
	return out
}

// reason is that of the first scenario with the verdict, and how many others share it.
func reason(scenarios []Scenario, v Verdict) (text, remedy string) {
	others := 0
	for _, partial := range []bool{false, true} { // the state part never speaks first
		for _, s := range scenarios {
			if s.Verdict != v || s.Partial != partial {
				continue
			}
			if text == "" {
				text, remedy = s.Reason, s.Remedy
				if text == "" {
					text = s.Name
				}
			} else if s.Reason != text {
				others++
			}
		}
	}
	if others > 0 && v != NotChecked { // reasons for not checking are grouped by their text
		text += fmt.Sprintf(" (and %s)", count(others, "other scenario", "other scenarios"))
	}
	return text, remedy
}

// Summarise counts the rules by verdict.
func Summarise(rules []Rule) Summary {
	var s Summary
	for _, r := range rules {
		switch r.Verdict {
		case Passed:
			s.Passed++
		case Failed:
			s.Failed++
		case Warned:
			s.Warned++
		case NotChecked:
			s.NotChecked++
		case Errored:
			s.Errored++
		}
	}
	return s
}

// The exit statuses that a report alone decides. The others belong to the
// command: 3 for a target that could not be reached or started, 130 and 143 for
// an interrupted or terminated run.
const (
	ExitKept    = 0
	ExitBroken  = 1
	ExitNothing = 2
	ExitErrored = 4
)

// ExitStatus is the status that the run's rules call for: 1 when a rule failed
// (with strict, SHOULD rules fail too), 4 when one errored and none failed, 1
// when a MUST rule was not checked and the run requires all of them, 2 when no
// MUST rule passed, so nothing was proven, and 0 otherwise. A run of SHOULD rules only
// is about those.
func ExitStatus(rep Report) int {
	s := Summarise(rep.Rules)
	switch {
	case s.Failed > 0:
		return ExitBroken
	case s.Errored > 0:
		return ExitErrored
	case unmet(rep) > 0:
		return ExitBroken
	case ofLevel(rep.Rules, Passed, rule.Must) > 0:
		return ExitKept
	case !slices.ContainsFunc(rep.Rules, func(r Rule) bool { return r.Level == string(rule.Must) }) && s.Passed > 0:
		return ExitKept
	}
	return ExitNothing
}

// unmet is how many MUST rules were not checked of a run that requires all.
func unmet(rep Report) int {
	if !rep.RequireAll {
		return 0
	}
	return ofLevel(rep.Rules, NotChecked, rule.Must)
}

// ofLevel counts the rules of a level that have the verdict.
func ofLevel(rules []Rule, v Verdict, level rule.Level) int {
	n := 0
	for _, r := range rules {
		if r.Verdict == v && r.Level == string(level) {
			n++
		}
	}
	return n
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
