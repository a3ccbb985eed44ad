package cause

import (
	"slices"
	"testing"

	"github.com/sentsim/sentsim/scenarios/receiver/mutant"
	"github.com/sentsim/sentsim/scenarios/report"
)

// A mistake whose rule passed was not made, whatever else looks like it: it is not
// named with certainty. The rules of a mistake are the first that its mutants
// declare; where no mutant makes it, that of its first sign.
func TestNoMistakeIsCertainWithoutItsRule(t *testing.T) {
	d := dictionary(t)
	names := scenarioNames(t)
	for _, m := range knownMistakes() {
		var main []string
		for _, made := range mutant.All() {
			if slices.Contains(m.mutants, made.Name) {
				main = append(main, made.Breaks[0].Rule)
			}
		}
		if len(main) == 0 && len(m.like) > 0 {
			main = []string{parseSigns(m.like)[0].Rule}
		}
		for _, f := range forms([]mistake{m}, d) {
			others := slices.DeleteFunc(everyNamed(f.signs, names), func(s Sign) bool { return slices.Contains(main, s.Rule) })
			if len(others) == 0 {
				continue
			}
			rules := rulesOf(d, others)
			for _, id := range main {
				if !slices.ContainsFunc(rules, func(r report.Rule) bool { return r.ID == id }) {
					rules = append(rules, report.Rule{ID: id, Verdict: report.Passed})
				}
			}
			for _, c := range Explain(Facts{Rules: rules}) {
				if c.ID == m.id && c.Certainty != "likely" {
					t.Errorf("%s is named (%s) because of %v, though %v passed", m.id, c.Certainty, c.Rules, main)
				}
			}
		}
	}
}

// everyNamed puts the contract's scenarios in the place of names with a *.
func everyNamed(signs []Sign, names map[string][]string) []Sign {
	var all []Sign
	for _, s := range signs {
		for _, name := range names[s.Rule] {
			if matches(s.Scenario, name) {
				shows := s.Shows
				if shows == "refused" {
					shows = "4xx"
				}
				all = append(all, Sign{Rule: s.Rule, Scenario: name, Shows: shows})
			}
		}
	}
	return all
}
