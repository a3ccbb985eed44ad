package cause

import (
	"slices"
	"testing"

	"github.com/sentsim/sentsim/scenarios/report"
)

// In JavaScript a timestamp beyond 64 bits makes an invalid date, as one does that
// is no number: nothing wraps around.
func TestADateThatIsNoneIsNoOverflow(t *testing.T) {
	const stale = "a stale delivery, or one whose timestamp is no time, is rejected: "
	d := dictionary(t)
	lenient := []Sign{
		{"SIG-6", stale + "a timestamp that is not a number", "2xx"},
		{"SIG-6", stale + `a timestamp of "NaN"`, "2xx"},
		{"SIG-6", stale + "a timestamp beyond 64 bits", "2xx"},
	}
	onlyStrict := []string{"a timestamp with letters behind it", "a timestamp with a fraction", "a timestamp with an exponent"}
	strict := slices.Clone(lenient)
	for _, what := range onlyStrict {
		strict = append(strict, Sign{"SIG-6", stale + what, "2xx"})
	}
	for name, signs := range map[string][]Sign{"lenient": lenient, "strict": strict} {
		rules := rulesOf(d, signs)
		if name == "lenient" { // which does not judge what only --strict judges
			for i := range rules {
				rules[i].Scenarios = slices.DeleteFunc(rules[i].Scenarios, func(s report.Scenario) bool {
					return slices.ContainsFunc(onlyStrict, func(what string) bool { return s.Name == stale+what })
				})
			}
		}
		causes := Explain(Facts{Rules: rules})
		if len(causes) != 1 || causes[0].ID != "no-number-passes" || causes[0].Certainty != "matches" {
			t.Errorf("%s: %+v", name, causes)
		}
	}
}
