// Package scenarios holds a webhook receiver to Sent's contract: it starts or
// reaches the target, runs the contract's scenarios against it, and gives a
// verdict on every rule, with evidence and the fix.
//
// Run is the whole of it as a value; Verify does the same inside a Go test, each
// rule a subtest.
package scenarios

import (
	"context"
	"errors"

	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/simulator/clock"
)

// ErrNothingSelected is returned when no scenario matches the rules and tags
// that were asked for: a run in which nothing ran is never a success.
var ErrNothingSelected = errors.New("nothing was selected: no scenario has these rules and tags")

// TargetError is returned when the target could not be reached or started.
type TargetError struct {
	Err    error
	Target string   // its name, without secrets
	Log    []string // last lines of its output
}

func (e *TargetError) Error() string { return e.Err.Error() }

func (e *TargetError) Unwrap() error { return e.Err }

// Watcher is told how a run goes, from one goroutine at a time: of each rule once it is
// judged, and once more if what comes later changes its verdict.
type Watcher interface {
	Start(report.Header)
	RuleDone(report.Rule)
}

// LearnWatcher is a Watcher that is also told what was learned, before the first rule.
type LearnWatcher interface{ Learned(report.Learned) }

// Exit statuses of a run, besides those that package report decides.
const (
	ExitUsage       = 2
	ExitTarget      = 3
	ExitInterrupted = 130
	ExitTerminated  = 143
)

// Run holds the target to the contract. The report is complete also when ctx
// ends early (with ctx's cause): what had not run by then is not checked. With a
// *TargetError it has no rules, but says why; with any other error that comes
// before the first delivery it is empty.
//
// Errors: a *TargetError when the target could not be reached or started,
// ErrNothingSelected, or what is wrong with the configuration. The receiver's
// faults are not errors: they are in the report. A panic, which is a mistake of
// ours or the watcher's, goes on to the caller once the target is stopped.
func Run(ctx context.Context, cfg Config, opts ...Option) (report.Report, error) {
	o := optionsOf(opts)
	plans, err := selectScenarios(ctx, cfg)
	if err != nil {
		return report.Report{}, err
	}
	s, err := open(ctx, cfg)
	if err != nil {
		return withoutTarget(cfg, o.version, err), err
	}
	defer func() {
		if bug := recover(); bug != nil {
			_ = s.close() // nothing is left behind
			panic(bug)
		}
	}()
	verdicts := newLedger(s, plans, o.watch)
	o.watch.Start(report.Header{
		Version: o.version, Seed: uint64(s.cfg.Seed), Target: s.subject.Target.Name(),
		Rules: len(verdicts.order), Clock: cfg.Clock, Strict: cfg.Strict, Notes: s.cfg.Notes,
	})
	within := ctx
	if cfg.TimeLimit > 0 {
		limited, done := context.WithTimeoutCause(ctx, cfg.TimeLimit, errTimeLimit)
		defer done()
		within = limited
	}
	s.sendFirst(within)
	s.learn(within)
	verdicts.addPlain()
	if told, ok := o.watch.(LearnWatcher); ok && s.subject.Traits.Learned {
		told.Learned(*s.learned(plans))
	}
	s.carryOut(within, plans, verdicts)
	s.late.end(verdicts.failedByState())
	rep := verdicts.report(o.version)
	if err := s.close(); err != nil && ctx.Err() == nil {
		return rep, err
	}
	if ctx.Err() != nil {
		return rep, context.Cause(ctx)
	}
	return rep, nil
}

// carryOut runs the scenarios.
func (s *session) carryOut(ctx context.Context, plans []planned, ledger *ledger) {
	stop, cancel := context.WithCancelCause(ctx) // fail fast ends what is still to come
	defer cancel(nil)
	defer s.late.begin()()
	round := &round{s: s, ledger: ledger, fail: cancel}
	round.last = round.process(ctx, plans)
	round.all(stop, plans)
	s.subject.TakeTurn()
	s.beforeScenario(ctx)
	s.resign(ctx, plans)
	s.countCopies(ctx)
	s.subject.EndTurn()
	ledger.correct()
	ledger.addPlain()
	ledger.addLosses()
}

// Status is the exit status of a run that ended with this report and error. An error
// with a method ExitStatus() int says it itself, as a signal that ended ctx does.
func Status(rep report.Report, err error) int {
	var unreachable *TargetError
	var ended interface{ ExitStatus() int }
	switch {
	case err == nil:
		return rep.ExitStatus
	case errors.As(err, &ended):
		return ended.ExitStatus()
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

// withoutTarget is the report of a run whose target could not be reached or
// started: without it whoever reads reports would find none, or an old one. For
// any other error it is empty.
func withoutTarget(cfg Config, version string, err error) report.Report {
	var unreachable *TargetError
	if !errors.As(err, &unreachable) {
		return report.Report{}
	}
	rep := opened(cfg, version, "verify", unreachable.Target, clock.Wall())
	rep.ExitStatus, rep.TargetLog = ExitTarget, unreachable.Log
	rep.Diagnosis = &report.Diagnosis{
		Cause:   "target-unreachable",
		Summary: unreachable.Error(),
		Fix:     "Bring the receiver up and run again; nothing was judged.",
	}
	if errors.Is(err, context.Canceled) {
		rep.Diagnosis.Cause = "interrupted"
		rep.Diagnosis.Summary = "the run was interrupted while the target was started or waited for"
		rep.Diagnosis.Fix = "Run again; nothing was judged."
	}
	return rep
}
