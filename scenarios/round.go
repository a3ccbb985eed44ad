package scenarios

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/scenarios/rule"
	"github.com/sentsim/sentsim/simulator/contract"
)

// maxRepeats is how often a scenario is repeated.
const maxRepeats = 2

// round runs scenarios: one sends while others wait for state to settle.
type round struct {
	s      *session
	ledger *ledger
	fail   context.CancelCauseFunc
	last   *lasting
	wg     sync.WaitGroup

	mu    sync.Mutex
	again []*planned // whose state was lost when another scenario took the receiver down
	bug   any        // what the first scenario's goroutine panicked with
}

// longLag is from when on a receiver whose state lags is slow.
const longLag = 200 * time.Millisecond

// all runs the scenarios of a run in their order. To a slow receiver, the one
// that restarts the target sends its setting while the others run, and waits with
// the restart until they are done, but for a rotation, which restarts it as well.
func (r *round) all(ctx context.Context, plans []planned) {
	var early *planned
	endEarly := func() {}
	last := &round{s: r.s, ledger: r.ledger, fail: r.fail}
	for i := range plans {
		if p := &plans[i]; (r.s.subject.Wide() || r.s.subject.Traits.Lag >= longLag) && needsRestart(p) {
			early = p
			others := make(chan struct{})
			r.s.subject.Others(others)
			last.start(ctx, early, 0)
			endEarly = sync.OnceFunc(func() {
				defer r.s.subject.Others(nil)
				r.s.late.catchUp()
				close(others)
				last.finish(ctx)
			})
			defer endEarly()
			break
		}
	}
	for i := range plans {
		p := &plans[i]
		if p == early {
			continue
		}
		if needsRestart(p) || p.alone && slices.Contains(p.rule.Needs, rule.Rotate) {
			r.last.retry(ctx, func() { r.finish(ctx) })
		}
		if r.s.alone(p) {
			r.finish(ctx)
			rotates := slices.Contains(p.rule.Needs, rule.Rotate)
			if rotates || slices.Contains(p.rule.Needs, rule.Restart) {
				r.s.late.catchUp()
			}
			if rotates {
				endEarly()
			}
		}
		r.start(ctx, p, 0)
		if r.s.alone(p) {
			r.finish(ctx)
		}
	}
	r.last.retry(ctx, func() { r.finish(ctx) })
	r.finish(ctx)
	r.confirm(ctx, plans)
}

// maxDoubted is how many failures are looked at again, one after another: a
// receiver that fails more of them does not do so by mixing messages up.
const maxDoubted = 8

// confirm carries out alone what failed beside other scenarios, where messages are
// seen to mix (ORD-7): what was seen may be another message's. What keeps its rule
// alone has not broken it.
func (r *round) confirm(ctx context.Context, plans []planned) {
	r.s.subject.TakeTurn()
	r.s.findLosses(ctx, plans) // what is lost alone does not mix
	r.s.subject.EndTurn()
	doubted := r.ledger.doubted()
	if len(doubted) > maxDoubted {
		return
	}
	for _, p := range doubted {
		r.s.subject.TakeTurn()
		if out, _ := r.run(ctx, p, maxRepeats+1); out.Verdict == report.Passed && ctx.Err() == nil {
			r.ledger.absolve(p, "it failed while other messages were under way, and alone it passes: that messages mix is "+contract.ORD7+"'s")
		}
	}
}

// needsRestart reports whether a scenario restarts the target between its
// deliveries.
func needsRestart(p *planned) bool {
	return p.alone && slices.Contains(p.rule.Needs, rule.Restart)
}

// start waits for the turn to send, and hands it to the scenario.
func (r *round) start(ctx context.Context, p *planned, attempt uint64) {
	r.s.subject.TakeTurn()
	r.wg.Go(func() {
		defer r.catch()
		out, again := r.run(ctx, p, attempt)
		if again && attempt < maxRepeats {
			r.mu.Lock()
			r.again = append(r.again, p)
			r.mu.Unlock()
			return
		}
		r.done(p, out)
	})
}

func (r *round) run(ctx context.Context, p *planned, attempt uint64) (out report.Scenario, again bool) {
	defer r.s.subject.EndTurn() // also in a panic: others wait for it
	return r.s.run(ctx, p, attempt)
}

// catch keeps a panic for whoever waits in wait: it must not end the process
// before the target is stopped.
func (r *round) catch() {
	if bug := recover(); bug != nil {
		r.mu.Lock()
		if r.bug == nil {
			r.bug = bug
		}
		r.mu.Unlock()
		r.fail(errBug)
	}
}

// wait waits until nothing is under way, and goes on with a scenario's panic.
func (r *round) wait() {
	r.wg.Wait()
	if r.bug != nil {
		panic(r.bug)
	}
}

// finish waits until nothing is under way and nothing is left to repeat: first
// all together, and what still cannot be seen then alone.
func (r *round) finish(ctx context.Context) {
	r.wait()
	for attempt := uint64(1); len(r.again) > 0; attempt++ {
		repeat := r.again
		r.again = nil
		for _, p := range repeat {
			r.start(ctx, p, attempt)
			if attempt > 1 || r.s.subject.Wide() {
				r.wait()
			}
		}
		r.wait()
		if attempt == maxRepeats {
			break // what is left has its verdict: errored
		}
	}
}

func (r *round) done(p *planned, out report.Scenario) {
	r.ledger.add(p, out)
	if r.s.cfg.FailFast && out.Verdict == report.Failed && p.rule.Level == rule.Must {
		r.fail(errFailFast)
	}
}
