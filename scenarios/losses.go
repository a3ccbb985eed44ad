package scenarios

import (
	"context"
	"fmt"
	"slices"

	"github.com/sentsim/sentsim/scenarios/learn"
	"github.com/sentsim/sentsim/scenarios/oracle"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/scenarios/rule"
	"github.com/sentsim/sentsim/simulator/contract"
)

// lossRule is the rule that updates break that are acknowledged and lost now and then.
const lossRule = contract.ORD1

// findLosses looks whether plain updates are lost, which few scenarios meet if only some are;
// and longer where the state was not as it should be: then what else it showed says nothing.
// A control that has lost an effect makes what it is compared with look like one too many.
func (s *session) findLosses(ctx context.Context, plans []planned) {
	s.mu.Lock()
	wrong := s.losing
	for p, f := range s.state { // what a restart threw away is its own rule's
		wrong = wrong || !f.Inbound && !slices.Contains(p.rule.Needs, rule.Restart)
	}
	s.mu.Unlock()
	if !wrong && !slices.ContainsFunc(plans, ofMessages) || ctx.Err() != nil || s.first.closed != "" || s.first.knownBefore != "" || s.lost() != "" {
		return
	}
	seen := s.subject.Losses(ctx, wrong)
	if seen.Lost == 0 || s.lost() != "" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.losses, s.lossy[false] = seen, lossRule
	before := len(s.subject.Traits.Deviations)
	s.subject.Traits.Deviations = slices.DeleteFunc(slices.Clone(s.subject.Traits.Deviations), func(d learn.Deviation) bool { return d.ID == "statuses" })
	s.mislearned = len(s.subject.Traits.Deviations) < before
}

// ofMessages reports whether a scenario's rule is judged by the state of messages.
func ofMessages(p planned) bool {
	return slices.ContainsFunc(p.rule.Needs, func(n rule.Need) bool {
		return n == rule.MessageState || n == rule.MessageStatus || n == rule.MessageEffects
	})
}

// notByLosses leaves the rule unsure that a run has seen broken where a status showed that
// was thought not to be kept, because updates of it were lost while the receiver was learned.
func (s *session) notByLosses(f oracle.Findings, to attribution) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if id := contract.ORD7; s.mislearned && f.Violated[id] > 0 {
		to.unsure[id] = fmt.Sprintf("updates were lost while it was learned which statuses the receiver keeps (%s says so), so a status that shows may be the message's own", lossRule)
	}
}

// lostUpdates is how a rule fails by what findLosses has seen.
func (s *session) lostUpdates() []report.Scenario {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := s.losses
	if seen.Lost == 0 {
		return nil
	}
	reason := s.redact(fmt.Sprintf("%d events of %d messages were delivered one after another, each once and in order, and acknowledged: %d of the messages do not show all of theirs; %s",
		seen.Events, seen.Messages, seen.Lost, seen.Example))
	return []report.Scenario{besideScenarios("no update is lost", reason, s.stateAfter(seen.At, seen.Seen, "each message to show what was delivered of it"))}
}

// addLosses adds the rule that lost updates break, where it was not asked for: without it
// nobody could understand why others were not checked.
func (b *ledger) addLosses() {
	scenarios := b.s.lostUpdates()
	if _, asked := b.left[lossRule]; asked || len(scenarios) == 0 {
		return
	}
	r, _ := rule.Get(lossRule)
	done := report.Conclude(r, scenarios, b.s.cfg.Strict)
	b.extra = append(b.extra, done)
	b.watch.RuleDone(done)
}
