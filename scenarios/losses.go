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

// lossRule is the rule that what is acknowledged and lost now and then breaks, be it updates
// or inbound texts.
func lossRule(inbound bool) string {
	if inbound {
		return contract.INB1
	}
	return contract.ORD1
}

// findLosses looks whether plain updates and texts are lost, which few scenarios meet if only
// some are; and longer where the state was not as it should be: then what else it showed says
// nothing. A control that has lost an effect makes what it is compared with look like one too
// many.
func (s *session) findLosses(ctx context.Context, plans []planned) {
	for _, inbound := range []bool{false, true} {
		read := slices.ContainsFunc(plans, func(p planned) bool { return reads(p, inbound) })
		s.mu.Lock()
		wrong := s.losing && (read || !inbound)
		for p, f := range s.state { // what a restart threw away is its own rule's
			wrong = wrong || f.Inbound == inbound && !slices.Contains(p.rule.Needs, rule.Restart)
		}
		s.mu.Unlock()
		if !wrong && !read || ctx.Err() != nil || s.first.closed != "" || s.first.knownBefore != "" || s.lost() != "" {
			continue
		}
		look := s.subject.Losses
		if inbound {
			look = s.subject.LostTexts
		}
		seen := look(ctx, wrong)
		if seen.Lost == 0 || s.lost() != "" {
			continue
		}
		s.mu.Lock()
		s.losses[inbound], s.lossy[inbound] = seen, lossRule(inbound)
		if !inbound {
			before := len(s.subject.Traits.Deviations)
			s.subject.Traits.Deviations = slices.DeleteFunc(slices.Clone(s.subject.Traits.Deviations), func(d learn.Deviation) bool { return d.ID == "statuses" })
			s.mislearned = len(s.subject.Traits.Deviations) < before
		}
		s.mu.Unlock()
	}
}

// reads reports whether a scenario's rule is judged by the state of messages, or by inbound
// texts.
func reads(p planned, inbound bool) bool {
	return slices.ContainsFunc(p.rule.Needs, func(n rule.Need) bool {
		return inbound && n == rule.InboundCount || !inbound && (n == rule.MessageState || n == rule.MessageStatus || n == rule.MessageEffects)
	})
}

// notByLosses leaves the rule unsure that a run has seen broken where a status showed that
// was thought not to be kept, because updates of it were lost while the receiver was learned.
func (s *session) notByLosses(f oracle.Findings, to attribution) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if id := contract.ORD7; s.mislearned && f.Violated[id] > 0 {
		to.unsure[id] = fmt.Sprintf("updates were lost while it was learned which statuses the receiver keeps (%s says so), so a status that shows may be the message's own", lossRule(false))
	}
}

// lostNowAndThen is how a rule fails by what findLosses has seen.
func (s *session) lostNowAndThen(id string) []report.Scenario {
	s.mu.Lock()
	defer s.mu.Unlock()
	inbound := id == lossRule(true)
	seen := s.losses[inbound]
	if seen.Lost == 0 || id != lossRule(inbound) {
		return nil
	}
	name, expected := "no update is lost", "each message to show what was delivered of it"
	reason := fmt.Sprintf("%d events of %d messages were delivered one after another, each once and in order, and acknowledged: %d of the messages do not show all of theirs; %s",
		seen.Events, seen.Messages, seen.Lost, seen.Example)
	if inbound {
		name, expected = "no text is lost", "each text to be counted"
		reason = fmt.Sprintf("%d texts, each of another contact, were delivered one after another, each once, and acknowledged: %d of them are lost; %s", seen.Messages, seen.Lost, seen.Example)
	}
	return []report.Scenario{besideScenarios(name, s.redact(reason), s.stateAfter(seen.At, seen.Seen, expected))}
}

// addLosses adds the rules that losses break, where they were not asked for: without them
// nobody could understand why others were not checked.
func (b *ledger) addLosses() {
	for _, id := range []string{lossRule(false), lossRule(true)} {
		scenarios := b.s.lostNowAndThen(id)
		if _, asked := b.left[id]; asked || len(scenarios) == 0 {
			continue
		}
		r, _ := rule.Get(id)
		done := report.Conclude(r, scenarios, b.s.cfg.Strict)
		b.extra = append(b.extra, done)
		b.watch.RuleDone(done)
	}
}
