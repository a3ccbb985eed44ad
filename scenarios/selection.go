package scenarios

import (
	"context"

	"github.com/sentsim/sentsim/scenarios/rule"
)

// Selected is a rule that a run would judge, and the scenarios that speak for it.
type Selected struct {
	Rule      rule.Rule
	Scenarios []string // their names, in the order in which they would run
}

// Selection is what Run would judge with this configuration, in the order of the
// contract. It sends nothing and starts nothing. The error is ErrNothingSelected,
// or what is wrong with the rules or the tags.
func Selection(ctx context.Context, cfg Config) ([]Selected, error) {
	plans, err := selectScenarios(ctx, cfg)
	if err != nil {
		return nil, err
	}
	named := map[string][]string{}
	for _, p := range plans {
		named[p.rule.ID] = append(named[p.rule.ID], p.scenario.Name)
	}
	var all []Selected
	for _, r := range rule.All() {
		if names := named[r.ID]; len(names) > 0 {
			all = append(all, Selected{Rule: r, Scenarios: names})
		}
	}
	return all, nil
}
