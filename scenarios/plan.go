package scenarios

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/sentsim/sentsim/features"
	"github.com/sentsim/sentsim/scenarios/gherkin"
	"github.com/sentsim/sentsim/scenarios/input"
	"github.com/sentsim/sentsim/scenarios/rule"
	"github.com/sentsim/sentsim/scenarios/steps"
	"github.com/sentsim/sentsim/simulator/contract"
)

// planned is one scenario of the run and the rule that it speaks for.
type planned struct {
	rule     rule.Rule
	scenario gherkin.Scenario
	partial  bool // one part of its rule, which others show too: the state of a rule that is judged from outside, or one of several ways to see it
	alone    bool // nothing else may be under way
	first    bool // the others' verdicts depend on it
}

// place is which part of a run the scenario belongs to: a control, the many, the burst, which
// may leave the receiver busy, and those that need the target for themselves.
func (p *planned) place() int {
	switch {
	case p.alone:
		return 2
	case p.rule.ID == burstRule:
		return 1
	case p.first:
		return -1
	}
	return 0
}

// needs are what the scenario looks at: that of its rule, or the count of inbound
// texts where the rule is about more than those (@inbound).
func (p *planned) needs() []rule.Need {
	if p.scenario.Tagged("@inbound") {
		return []rule.Need{rule.InboundCount}
	}
	return p.rule.Needs
}

// strictOnly reports whether only a strict run judges the scenario. Where a rule
// has no other, the scenario stays, and says that.
func (p *planned) strictOnly() bool { return p.scenario.Tagged("@strict") }

// plainRule is the rule that everything else stands on: when the plain signed
// delivery is refused, nothing else can be seen.
const plainRule = contract.SIG1

// redirectRule is the one rule that a redirect to the plain delivery breaks besides.
const redirectRule = contract.ACK3

// contractScenarios is the scenarios of the receiver's features. An error is a mistake in
// our own features. The caller owns the slice.
func contractScenarios() ([]planned, error) {
	plans, err := parsedContract()
	return slices.Clone(plans), err
}

var parsedContract = sync.OnceValues(func() ([]planned, error) { //nolint:gochecknoglobals // never changes
	all, err := gherkin.Load(features.FS, ".")
	if err != nil {
		return nil, err
	}
	return tie(all)
})

// stories are the scenarios of feature files that the user names.
func stories(ctx context.Context, files []string) ([]planned, error) {
	var all []gherkin.Scenario
	for _, file := range files {
		content, err := input.Read(ctx, file, input.Settings)
		if err != nil {
			return nil, err
		}
		scenarios, err := gherkin.Parse(file, content)
		if err != nil {
			return nil, err
		}
		all = append(all, scenarios...)
	}
	for _, sc := range all {
		for _, st := range sc.Steps {
			if !steps.Knows(st.Text) {
				return nil, fmt.Errorf("%s:%d: scenario %q: there is no step %q", sc.File, sc.Line, sc.Name, st.Text)
			}
		}
	}
	return tie(all)
}

// tie ties each scenario to its rule.
func tie(all []gherkin.Scenario) ([]planned, error) {
	plans := make([]planned, 0, len(all))
	names := map[string]string{}
	rules := rule.All()
	for _, sc := range all {
		p := planned{scenario: sc, alone: sc.Tagged("@alone"), first: sc.Tagged("@first")}
		for _, r := range rules {
			if sc.Tagged("@" + r.ID) {
				if p.rule.ID != "" {
					return nil, fmt.Errorf("%s:%d: scenario tagged with %s and %s", sc.File, sc.Line, p.rule.ID, r.ID)
				}
				p.rule = r
			}
		}
		if p.rule.ID == "" || !sc.Tagged("@"+string(p.rule.Level)) {
			return nil, fmt.Errorf("%s:%d: scenario without the tags of a rule and of its level (@ORD-3 @MUST): %v", sc.File, sc.Line, sc.Tags)
		}
		// A scenario's ids come from its name: two of one name would meet each other's traces.
		place := fmt.Sprintf("%s:%d", sc.File, sc.Line)
		if other, taken := names[scenarioKey(&p)]; taken {
			return nil, fmt.Errorf("%s: scenario %q has the name of the one at %s", place, sc.Name, other)
		}
		names[scenarioKey(&p)] = place
		p.partial = sc.Tagged("@state") && !p.rule.State || sc.Tagged("@part")
		plans = append(plans, p)
	}
	return plans, nil
}

// selectScenarios is what a run does, in the order in which it does it: the
// contract's, but what needs the target for itself comes last.
func selectScenarios(ctx context.Context, cfg Config) ([]planned, error) {
	var plans []planned
	var err error
	if len(cfg.Features) > 0 {
		plans, err = stories(ctx, cfg.Features)
	} else {
		plans, err = contractScenarios()
	}
	if err != nil {
		return nil, err
	}
	rules, err := cfg.Judged()
	if err != nil {
		return nil, err
	}
	tags, err := gherkin.ParseTags(cfg.Tags)
	if err != nil {
		return nil, err
	}
	position := map[string]int{}
	for i, r := range rules {
		position[r.ID] = i
	}
	lenient := map[string]bool{} // rules that have something for a run that is not strict
	for _, p := range plans {
		lenient[p.rule.ID] = lenient[p.rule.ID] || !p.strictOnly()
	}
	plans = slices.DeleteFunc(plans, func(p planned) bool {
		_, chosen := position[p.rule.ID]
		return !chosen || !tags.Match(p.scenario.Tags) || p.strictOnly() && !cfg.Strict && lenient[p.rule.ID]
	})
	slices.SortStableFunc(plans, func(a, b planned) int {
		if byPlace := a.place() - b.place(); byPlace != 0 {
			return byPlace
		}
		if a.alone { // the last one waits for its state: that must not be one after which another restarts the target
			return position[b.rule.ID] - position[a.rule.ID]
		}
		return position[a.rule.ID] - position[b.rule.ID]
	})
	if len(plans) == 0 {
		return nil, ErrNothingSelected
	}
	return plans, nil
}

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
