// Package shrink reduces a failing chaos run to a few deliveries that fail by
// themselves, and writes them as a scenario.
package shrink

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"time"

	"github.com/sentsim/sentsim/scenarios/chaosrun"
	"github.com/sentsim/sentsim/scenarios/learn"
	"github.com/sentsim/sentsim/scenarios/oracle"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/scenarios/rule"
	"github.com/sentsim/sentsim/scenarios/steps"
	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/contract"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/seed"
	"github.com/sentsim/sentsim/simulator/signing"
	"github.com/sentsim/sentsim/simulator/trace"
)

// Failing is a chaos run that failed, to be reduced.
type Failing struct {
	Plan  chaos.Plan
	Steps iter.Seq[chaos.Step] // everything that was done
	// Findings are what the run was found to break. It says where to look, not what is
	// true: everything is seen again before it is believed.
	Findings oracle.Findings
	// Secret is what the target verified with: one that keeps it must meet it
	// again. Zero draws another one, if the configuration names none.
	Secret signing.Secret
	Traits learn.Traits // what was learned of the receiver before the run
	// Rule is the rule that the reduced run must break; "" chooses one.
	Rule string
	// Origin is where the run comes from, for the head of the scenario.
	Origin      string
	Concurrency int            // of the run, in case it does not fail without
	Watch       func(Progress) // told after each trial; nil: nobody
}

// Progress is how far a reduction is.
type Progress struct {
	Rule   string
	Trials int
	Steps  int // of the part that was tried
	Fails  bool
}

// Rate is how often something failed.
type Rate struct{ Failed, Of int }

// Always reports whether it failed every time.
func (r Rate) Always() bool { return r.Failed == r.Of && r.Of > 0 }

func (r Rate) share() float64 { return float64(r.Failed) / float64(max(r.Of, 1)) }

func (r Rate) String() string { return fmt.Sprintf("%d of %d", r.Failed, r.Of) }

// Shrunk is what is left of a failing run.
type Shrunk struct {
	Rule      rule.Rule        // that Steps break
	Found     string           // the rule that it was found by, for it may be another one
	Steps     []chaos.Step     // nil where the failure was not seen again
	Minimal   bool             // nothing can be left out
	Trials    int              // runs of some part, all in all
	Began     Rate             // of the part that the reduction began with
	Ended     Rate             // of Steps
	Violation oracle.Violation // as it was seen last
	Why       string           // it is not minimal, or there is nothing; "" else
	Feature   string           // Steps as a Gherkin scenario; "" where there is none
	NoFeature string           // why there is none
}

const (
	maxTrials  = 250
	shrinkTime = 3 * time.Minute
	maxWhole   = 20_000 // steps of a run that is tried as a whole
	repeats    = 4      // of what is to be told apart from luck
	maxTries   = 10     // of one part, where the failure is flaky
	restartFor = 3 * time.Second
)

// ErrNothing is of a run without a violation that could be reduced.
var ErrNothing = errors.New("there is no violation to shrink")

// Receiver is whose failure is reduced, with what only a run of the contract knows
// to do with it. Nobody else has it meanwhile.
type Receiver struct {
	Subject *steps.Subject
	Seed    seed.Seed
	Headers []delivery.Header // of every delivery, besides Sent's own
	Redact  func(string) string
	// Tell runs a feature of one scenario on it; no two attempts are of the same
	// messages. Reference does the same on the reference receiver.
	Tell, Reference func(ctx context.Context, feature string, attempt uint64) (report.Scenario, error)
}

// Run reduces a failing run to a smallest one that still breaks the same rule, and
// writes it as a scenario. Each trial meets the target restarted, where that can be
// done quickly, and tells of new messages, so nothing of an earlier one matters. It
// makes a bounded number of trials in a bounded time; what it has by then is the
// result. The error is ErrNothing, ctx's cause, or what went wrong with the target.
func Run(ctx context.Context, on Receiver, f Failing) (Shrunk, error) {
	rules := chooseRules(f)
	if len(rules) == 0 {
		return Shrunk{}, ErrNothing
	}
	sh := &shrinker{
		on: on, f: f, rules: rules, rule: rules[0], settle: on.Subject.Settle, concurrency: 1,
		redraw: trace.NewRedraw(on.Seed.Stream("shrink")),
	}
	timed, cancel := context.WithTimeoutCause(ctx, shrinkTime, errShrinkTime)
	defer cancel()
	err := sh.run(timed)
	sh.out.Rule, sh.out.Found = sh.rule, sh.rule.ID
	if err == nil && sh.out.Steps != nil {
		sh.write(ctx)
	}
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return sh.out, err
}

var errShrinkTime = fmt.Errorf("the time for it was up (%s)", shrinkTime)

// maxRules is how many of the broken rules a reduction looks at.
const maxRules = 3

// chooseRules takes the MUSTs, or the SHOULDs where no MUST was broken, what was
// broken most first. That a plain delivery is refused now and then says less than
// any other rule. How fast answers come (ACK-1) is a matter of the whole run.
func chooseRules(f Failing) []rule.Rule {
	broken := slices.DeleteFunc(rule.All(), func(r rule.Rule) bool {
		return f.Findings.Violated[r.ID] == 0 || f.Rule != "" && r.ID != f.Rule || f.Rule == "" && r.ID == contract.ACK1
	})
	says := func(r rule.Rule) int {
		switch {
		case r.ID == contract.SIG1:
			return 0
		case r.Level == rule.Must:
			return 2
		}
		return 1
	}
	slices.SortStableFunc(broken, func(a, b rule.Rule) int {
		return cmp.Or(says(b)-says(a), f.Findings.Violated[b.ID]-f.Findings.Violated[a.ID])
	})
	less := slices.IndexFunc(broken, func(r rule.Rule) bool { return says(r) < says(broken[0]) })
	if less >= 0 {
		broken = broken[:less]
	}
	return broken[:min(len(broken), maxRules)]
}

// shrinker is one reduction.
type shrinker struct {
	on          Receiver
	f           Failing
	rules       []rule.Rule // that were broken, the first to be looked at first
	rule        rule.Rule   // that is looked at
	redraw      *trace.Redraw
	settle      time.Duration // the configured one
	concurrency int
	noRestart   bool         // it takes too long, or cannot be done
	tries       int          // of one part
	tellings    uint64       // of scenarios
	told        []chaos.Step // the last part that failed, as it was told
	out         Shrunk
}

// run finds a part that fails, and reduces it.
func (sh *shrinker) run(ctx context.Context) error {
	sh.on.Subject.TakeTurn()
	defer sh.on.Subject.EndTurn()
	// A receiver whose state lags more than this is found out at the end, and
	// then everything is done again with all the patience that is configured.
	sh.on.Subject.Settle = max(sh.settle/8, min(sh.settle, 50*time.Millisecond))
	defer func() { sh.on.Subject.Settle = sh.settle }()
	for {
		again, err := sh.attempt(ctx)
		switch {
		case errors.Is(err, errShrinkTime), errors.Is(err, trace.ErrBudget):
			sh.out.Why = "it may not be the smallest: " + err.Error()
			if sh.out.Steps == nil {
				sh.out.Why = "no part was found that fails again: " + err.Error()
			}
			return nil
		case err != nil || !again:
			return err
		}
		sh.on.Subject.Settle, sh.out.Steps = sh.settle, nil
	}
}

// attempt is the whole reduction with the patience of the moment. again asks for
// another one with more.
func (sh *shrinker) attempt(ctx context.Context) (again bool, err error) {
	patient := sh.on.Subject.Settle == sh.settle
	begin, err := sh.begin(ctx)
	if err != nil {
		return false, err
	}
	if begin == nil {
		if !patient {
			return true, nil
		}
		sh.out.Why = fmt.Sprintf("flaky: %s was broken in the run, and in no repetition of it or of a part", sh.rule.ID)
		return false, nil
	}
	if sh.out.Began, err = sh.rate(ctx, begin, repeats); err != nil {
		return false, err
	}
	if sh.out.Began.Failed == 0 {
		sh.out.Began = Rate{1, repeats + 1} // the one that it was found by
	}
	sh.tries = triesFor(sh.out.Began)
	sh.out.Steps = begin
	reduced, reduceErr := trace.Reduce(ctx, begin, nil, max(maxTrials-sh.out.Trials, 0), func(ctx context.Context, part []chaos.Step) (bool, error) {
		return sh.fails(ctx, part, sh.tries)
	})
	sh.out.Steps, sh.out.Minimal = reduced.Items, reduced.Minimal
	if reduceErr != nil {
		sh.out.Ended = Rate{1, 1}
		return false, reduceErr
	}
	sh.on.Subject.Settle = sh.settle
	n := repeats
	if !sh.out.Began.Always() {
		n = 2 * repeats
	}
	if sh.out.Ended, err = sh.rate(ctx, reduced.Items, n); err != nil {
		return false, err
	}
	if seen := sh.out.Ended; sh.out.Began.Always() && !seen.Always() || seen.Failed == 0 { // not as sure as it seemed
		more, err := sh.rate(ctx, reduced.Items, 2*repeats)
		if err != nil {
			return false, err
		}
		sh.out.Ended.Failed += more.Failed
		sh.out.Ended.Of += more.Of
	}
	if sh.out.Ended.share() >= sh.out.Began.share()/2 {
		return false, nil
	}
	if !patient {
		return true, nil
	}
	sh.out.Minimal, sh.out.Steps = false, begin
	sh.out.Why = fmt.Sprintf("flaky: the smallest part that failed did so in %s runs, the part that it was made of in %s", sh.out.Ended, sh.out.Began)
	sh.out.Ended = sh.out.Began
	return false, nil
}

// triesFor is how often a part is tried before it counts as one that does not
// fail: often enough to be wrong once in twenty times.
func triesFor(r Rate) int {
	if r.Always() {
		return 1
	}
	p := min(max(r.share(), 0.1), 0.9)
	return min(max(int(math.Ceil(math.Log(0.05)/math.Log(1-p))), 2), maxTries)
}

// rate repeats a part.
func (sh *shrinker) rate(ctx context.Context, part []chaos.Step, n int) (Rate, error) {
	r := Rate{Of: n}
	for range n {
		fails, err := sh.fails(ctx, part, 1)
		if err != nil {
			return r, err
		}
		if fails {
			r.Failed++
		}
	}
	return r, nil
}

// fails reports whether one of that many runs of a part breaks the rule.
func (sh *shrinker) fails(ctx context.Context, part []chaos.Step, tries int) (bool, error) {
	for range tries {
		if ctx.Err() != nil {
			return false, context.Cause(ctx)
		}
		if sh.out.Trials >= 2*maxTrials {
			return false, trace.ErrBudget
		}
		v, fails, err := sh.trial(ctx, part)
		if err != nil {
			return false, err
		}
		if sh.f.Watch != nil {
			sh.f.Watch(Progress{Rule: sh.rule.ID, Trials: sh.out.Trials, Steps: len(part), Fails: fails})
		}
		if fails {
			sh.out.Violation = v
			return true, nil
		}
	}
	return false, nil
}

// trial carries a part out once, as a story of others.
func (sh *shrinker) trial(ctx context.Context, part []chaos.Step) (v oracle.Violation, fails bool, err error) {
	sh.out.Trials++
	if len(part) == 0 {
		return v, false, nil
	}
	if err := sh.refresh(ctx); err != nil {
		return v, false, err
	}
	plan := sh.f.Plan
	plan.Seed += trialSeed(sh.out.Trials)    // the controls of a trial are new as well
	plan.Messages = min(plan.Messages, 1000) // everything is judged when all of it is over
	told := sh.redraw.Steps(part)
	res, err := chaosrun.Run(ctx, sh.on.Subject, plan, slices.Values(told), chaosrun.Options{
		Concurrency: sh.concurrency, Redact: sh.on.Redact, Headers: sh.on.Headers,
	})
	if err != nil {
		return v, false, err
	}
	v, fails = sh.same(res.Findings)
	if fails {
		sh.told = told
	}
	return v, fails, nil
}
