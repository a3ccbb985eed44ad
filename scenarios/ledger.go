package scenarios

import (
	"fmt"
	"slices"
	"sync"

	"github.com/sentsim/sentsim/scenarios/cause"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/scenarios/rule"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/contract"
)

// ledger counts verdicts: our own, because the Gherkin runner's cannot be
// trusted. It tells the watcher of each rule once its last scenario ran, in the
// order in which the rules come to their end in the plan.
type ledger struct {
	mu    sync.Mutex
	s     *session
	watch Watcher
	plans []planned
	order []rule.Rule    // as announced
	left  map[string]int // scenarios still to come, by rule
	found map[*planned]report.Scenario
	extra []report.Rule // rules that ran although they were not asked for
	told  int
	said  map[string]report.Verdict // of the rules that were told
}

func newLedger(s *session, plans []planned, watch Watcher) *ledger {
	b := &ledger{s: s, watch: watch, plans: plans, left: map[string]int{}, found: map[*planned]report.Scenario{}, said: map[string]report.Verdict{}}
	last := map[string]int{}
	for i, p := range plans {
		b.left[p.rule.ID]++
		last[p.rule.ID] = i
	}
	for i, p := range plans {
		if last[p.rule.ID] == i {
			b.order = append(b.order, p.rule)
		}
	}
	return b
}

// addPlain adds the plain delivery's rule where it failed, at first or since, and was
// not asked for: nobody could understand the report without it.
func (b *ledger) addPlain() {
	g := b.s.first
	scenarios := b.s.unsteady()
	if g.plain.Name != "" {
		scenarios = []report.Scenario{g.plain}
	}
	if _, asked := b.left[plainRule]; asked || len(scenarios) == 0 || len(b.extra) > 0 {
		return
	}
	r, _ := rule.Get(plainRule)
	done := b.s.fixOf(report.Conclude(r, scenarios, b.s.cfg.Strict))
	b.extra = append(b.extra, done)
	b.watch.RuleDone(done)
}

func (b *ledger) add(p *planned, out report.Scenario) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.found[p] = out
	b.left[p.rule.ID]--
	for b.told < len(b.order) && b.left[b.order[b.told].ID] == 0 {
		b.tell(b.conclude(b.order[b.told]))
		b.told++
	}
}

func (b *ledger) tell(r report.Rule) {
	b.said[r.ID] = r.Verdict
	b.watch.RuleDone(r)
}

// correct tells once more of the rules whose verdict was changed by what came later.
func (b *ledger) correct() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.s.blameForged()
	for _, r := range b.order[:b.told] {
		if now := b.conclude(r); now.Verdict != b.said[r.ID] {
			b.tell(now)
		}
	}
}

// doubted are the scenarios whose failure another message may have made: those
// about state, beside others, once messages were seen to mix.
func (b *ledger) doubted() []*planned {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []*planned
	mix := false
	for i := range b.plans {
		p := &b.plans[i]
		switch {
		case b.found[p].Verdict != report.Failed:
		case p.rule.ID == contract.ORD7:
			mix = true
		case p.scenario.Tagged("@state") && !p.alone:
			all = append(all, p)
		}
	}
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	if !mix || b.s.losses[false].Lost > 0 {
		return nil
	}
	return all
}

// failedByState reports whether something failed by what the receiver's state showed.
func (b *ledger) failedByState() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for p, out := range b.found {
		if out.Verdict == report.Failed && p.scenario.Tagged("@state") {
			return true
		}
	}
	return slices.ContainsFunc(b.s.subject.Traits.Deviations, aboutState)
}

// absolve takes a scenario's failure back.
func (b *ledger) absolve(p *planned, reason string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := b.found[p]
	out.Verdict, out.Evidence, out.Reason = report.NotChecked, nil, reason+" ("+out.Reason+")"
	b.found[p] = out
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	if b.s.lossy[false] == p.rule.ID && p.first {
		delete(b.s.lossy, false) // nothing is lost
	}
}

func (b *ledger) conclude(r rule.Rule) report.Rule {
	var scenarios []report.Scenario
	for i := range b.plans {
		p := &b.plans[i]
		out, ran := b.found[p]
		if p.rule.ID != r.ID || !ran {
			continue
		}
		out = b.s.afterTheEvent(p, out)
		scenarios = append(scenarios, b.s.late.ran(p, out, b.s.subject.Traits))
	}
	for _, d := range b.s.subject.Traits.Deviations {
		if d.Rule != r.ID {
			continue
		}
		scenarios = append(scenarios, b.s.late.learned(b.s.deviation(d), aboutState(d), b.s.subject.Traits))
	}
	if r.ID == plainRule {
		scenarios = append(scenarios, b.s.unsteady()...)
	}
	if r.ID == lastingRule {
		scenarios = append(scenarios, b.s.forgetsTooSoon()...)
	}
	scenarios = append(scenarios, b.s.lostNowAndThen(r.ID)...)
	scenarios = append(scenarios, b.takenElsewhere(r, scenarios)...)
	return b.s.fixOf(report.Conclude(r, scenarios, b.s.cfg.Strict))
}

// fallen fails the plain delivery's rule where the target went down and no MUST rule
// fails by it: whatever ended it, nothing is taken until somebody starts it again.
func (b *ledger) fallen(rep *report.Report) {
	s := b.s
	s.life.Lock()
	in, lost, explained := s.fell, s.down != "", false
	for p, n := range s.fells { // once may be by chance, and is tried again
		explained = explained || p.rule.Level == rule.Must && (n > 1 || lost && !s.subject.Wide())
	}
	s.life.Unlock()
	failed := func(r report.Rule) bool { return r.Level == string(rule.Must) && r.Verdict == report.Failed }
	if in == "" || explained && slices.ContainsFunc(rep.Rules, failed) {
		return
	}
	fell := besideScenarios("the receiver stays up", fmt.Sprintf("the receiver went down, first %s, and no MUST rule's deliveries take it down each time: it ends by itself, or by what a SHOULD rule's scenario sends", in))
	switch {
	case lost && s.subject.Wide():
		fell.Reason = fmt.Sprintf("the receiver went down while several scenarios were under way, %q the last of them, and takes no connections since", in)
	case lost:
		fell.Reason = fmt.Sprintf("the receiver went down in the scenario %q, and takes no connections since", in)
	}
	if last := s.subject.Target.Log(); len(last) > 0 {
		fell.Reason += "; the last line of its output: " + s.redact(last[len(last)-1])
	}
	fell.Remedy = "Look for what ends it: its exit status and the last lines of its output. What Sent delivers until it is started again is retried, and lost after the last retry."
	r, _ := rule.Get(plainRule)
	for i := range rep.Rules {
		if rep.Rules[i].ID == plainRule {
			rep.Rules[i] = s.fixOf(report.Conclude(r, append(rep.Rules[i].Scenarios, fell), s.cfg.Strict))
			return
		}
	}
	rep.Rules = append([]report.Rule{report.Conclude(r, []report.Scenario{fell}, s.cfg.Strict)}, rep.Rules...)
}

func (b *ledger) report(version string) report.Report {
	s := b.s
	rep := s.opened(version, "verify")
	rep.DurationMS = clock.Wall().Sub(s.started).Milliseconds()
	rep.VirtualMS = s.subject.Spent().Milliseconds()
	rep.Diagnosis, rep.Learned = s.diagnosis, s.learned(b.plans)
	rep.Causes, rep.Rules = []report.Cause{}, b.extra
	for _, c := range s.subject.AnswerTimes() {
		rep.Answers = append(rep.Answers, report.Answers{UpToMS: c.UpTo.Milliseconds(), Count: c.N})
	}
	for _, r := range rule.All() {
		if _, asked := b.left[r.ID]; asked {
			rep.Rules = append(rep.Rules, b.conclude(r))
		}
	}
	b.fallen(&rep)
	rep.Causes = append(rep.Causes, cause.Explain(s.facts(rep.Rules))...)
	cause.Assign(rep.Rules, rep.Causes)
	rep.Diagnosis = s.diagnosis
	rep.Summary = report.Summarise(rep.Rules)
	rep.ExitStatus = report.ExitStatus(rep)
	if rep.ExitStatus != report.ExitKept || rep.Summary.Warned > 0 {
		rep.TargetLog = s.subject.Target.Log()
	}
	return rep
}
