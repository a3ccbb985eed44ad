package scenarios

import (
	"context"
	"errors"
	"sync"

	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/scenarios/rule"
	"github.com/sentsim/sentsim/simulator/clock"
)

// Run holds the target to the contract. The report is complete also when ctx
// ends early (with ctx's cause): what had not run by then is not checked. With a
// *TargetError it has no rules, but says why; with any other error that comes
// before the first delivery it is empty.
//
// Errors: a *TargetError when the target could not be reached or started,
// ErrNothingSelected, or what is wrong with the configuration. The receiver's
// faults are not errors: they are in the report.
func Run(ctx context.Context, cfg Config, version string, watch Watcher) (report.Report, error) {
	plans, err := selectScenarios(cfg)
	if err != nil {
		return report.Report{}, err
	}
	s, err := open(ctx, cfg)
	if err != nil {
		return withoutTarget(cfg, version, err), err
	}
	book := newLedger(s, plans, watch)
	watch.Start(report.Header{
		Version: version, Seed: uint64(cfg.Seed), Target: s.subject.Target.Name(),
		Rules: len(book.order), Clock: cfg.Clock, Strict: cfg.Strict,
	})
	s.openGate(ctx)
	book.addGate()

	stop, cancel := context.WithCancelCause(ctx) // fail fast ends what is still to come
	defer cancel(nil)
	round := &round{s: s, book: book, fail: cancel}
	for i := range plans {
		p := &plans[i]
		if p.alone {
			round.finish(stop)
		}
		round.start(stop, p, 0)
		if p.alone {
			round.finish(stop)
		}
	}
	round.finish(stop)
	s.subject.TakeWire()
	s.beforeScenario(ctx)
	s.subject.LeaveWire()
	rep := book.report(version)
	if err := s.close(); err != nil && ctx.Err() == nil {
		return rep, err
	}
	if ctx.Err() != nil {
		return rep, context.Cause(ctx)
	}
	return rep, nil
}

// maxRepeats is how often a scenario is repeated.
const maxRepeats = 2

// round runs scenarios: one sends while others wait for state to settle.
type round struct {
	s    *session
	book *ledger
	fail context.CancelCauseFunc
	wg   sync.WaitGroup

	mu    sync.Mutex
	again []*planned // whose state was lost when another scenario took the receiver down
}

// start waits for the wire, and hands it to the scenario.
func (r *round) start(ctx context.Context, p *planned, attempt uint64) {
	r.s.subject.TakeWire()
	r.wg.Go(func() {
		out, again := r.s.run(ctx, p, attempt)
		r.s.subject.LeaveWire()
		if again && attempt < maxRepeats {
			r.mu.Lock()
			r.again = append(r.again, p)
			r.mu.Unlock()
			return
		}
		r.done(p, out)
	})
}

// finish waits until nothing is under way and nothing is left to repeat: first
// all together, and what still cannot be seen then alone.
func (r *round) finish(ctx context.Context) {
	r.wg.Wait()
	for attempt := uint64(1); len(r.again) > 0; attempt++ {
		repeat := r.again
		r.again = nil
		for _, p := range repeat {
			r.start(ctx, p, attempt)
			if attempt > 1 {
				r.wg.Wait()
			}
		}
		r.wg.Wait()
		if attempt == maxRepeats {
			break // what is left has its verdict: errored
		}
	}
}

func (r *round) done(p *planned, out report.Scenario) {
	r.book.add(p, out)
	if r.s.cfg.FailFast && out.Verdict == report.Failed && p.rule.Level == rule.Must {
		r.fail(errFailFast)
	}
}

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
}

func newLedger(s *session, plans []planned, watch Watcher) *ledger {
	b := &ledger{s: s, watch: watch, plans: plans, left: map[string]int{}, found: map[*planned]report.Scenario{}}
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

// addGate adds the plain delivery's rule where it failed and was not asked for:
// nobody could understand the report without it.
func (b *ledger) addGate() {
	g := b.s.gate
	if _, asked := b.left[plainRule]; asked || g.closed == "" {
		return
	}
	r, _ := rule.Get(plainRule)
	done := report.Conclude(r, []report.Scenario{g.plain}, b.s.cfg.Strict)
	b.extra = append(b.extra, done)
	b.watch.RuleDone(done)
}

func (b *ledger) add(p *planned, out report.Scenario) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.found[p] = out
	b.left[p.rule.ID]--
	for b.told < len(b.order) && b.left[b.order[b.told].ID] == 0 {
		b.watch.RuleDone(b.conclude(b.order[b.told]))
		b.told++
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
		if reason := b.s.blameOf(p); reason != "" && out.Verdict != report.Failed {
			out.Verdict, out.Reason = report.Failed, reason
		}
		scenarios = append(scenarios, out)
	}
	return report.Conclude(r, scenarios, b.s.cfg.Strict)
}

func (b *ledger) report(version string) report.Report {
	s := b.s
	rep := report.Report{
		Schema: report.Schema, Sentsim: version, Command: "verify",
		Seed: uint64(s.cfg.Seed), Strict: s.cfg.Strict, Target: s.subject.Target.Name(),
		DurationMS: clock.Wall().Sub(s.started).Milliseconds(),
		VirtualMS:  s.subject.Spent().Milliseconds(),
		Diagnosis:  s.diagnosis,
		Rules:      b.extra,
	}
	for _, r := range rule.All() {
		if _, asked := b.left[r.ID]; asked {
			rep.Rules = append(rep.Rules, b.conclude(r))
		}
	}
	rep.Summary = report.Summarise(rep.Rules)
	rep.ExitStatus = report.ExitStatus(rep)
	if rep.ExitStatus != report.ExitKept || rep.Summary.Warned > 0 {
		rep.TargetLog = s.subject.Target.Log()
	}
	return rep
}

// Status is the exit status of a run that ended with this report and error.
// Who knows why ctx ended sets 130 or 143 instead.
func Status(rep report.Report, err error) int {
	var unreachable *TargetError
	switch {
	case err == nil:
		return rep.ExitStatus
	case errors.As(err, &unreachable):
		return ExitTarget
	case len(rep.Rules) > 0 && rep.ExitStatus != report.ExitKept:
		return rep.ExitStatus
	case len(rep.Rules) > 0: // judged, and then something of ours could not be cleaned up
		return report.ExitErrored
	default:
		return ExitUsage
	}
}
