package scenarios

import (
	"fmt"
	"slices"

	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/scenarios/rule"
	"github.com/sentsim/sentsim/scenarios/steps"
	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/contract"
)

// bystander reports whether the rule is about what rejections look like and
// leave behind: a receiver that does not survive a forged delivery breaks the
// rule of that forgery, not this one.
func (p *planned) bystander() bool {
	return p.rule.ID == contract.SIG13 || p.rule.ID == contract.SIG14
}

// takes notes the forged deliveries that a bystander's scenario saw accepted.
func (s *session) takes(p *planned, w *steps.World) {
	if !p.bystander() {
		return
	}
	var taken []steps.Exchange
	for _, x := range w.Exchanges() {
		if x.Genuine != nil && x.Outcome.Accepted() {
			taken = append(taken, x)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken[p] = taken
}

// takenElsewhere is how a rule fails by a forgery that was accepted in a bystander's
// scenario, where the rule's own scenarios saw every one refused. The last word of the
// command that sends a forgery is its name.
func (b *ledger) takenElsewhere(r rule.Rule, own []report.Scenario) []report.Scenario {
	if slices.ContainsFunc(own, func(out report.Scenario) bool { return out.Verdict == report.Failed }) {
		return nil
	}
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	for i := range b.plans {
		p := &b.plans[i]
		for _, x := range b.s.taken[p] {
			n := len(x.Trigger) - 1
			if n < 0 {
				continue
			}
			forgery, err := chaos.Lookup(x.Trigger[n])
			if err != nil || forgery.Rule != r.ID {
				continue
			}
			e := b.s.exchange(p, x)
			e.Expected, e.Reproduce = "a rejection", b.s.reproduceRule(p, r.ID) // alone it would be rejected
			reason := fmt.Sprintf("%s was accepted in the scenario %q (%s), though others of its kind were rejected: %s", x.What, p.scenario.Name, p.rule.ID, x.Seen())
			return []report.Scenario{besideScenarios("a forged delivery is rejected whatever it is about", reason, e)}
		}
	}
	return nil
}
