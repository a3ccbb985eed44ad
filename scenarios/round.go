package scenarios

import (
	"context"
	"sync"

	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/scenarios/rule"
)

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
	bug   any        // what the first scenario's goroutine panicked with
}

// start waits for the wire, and hands it to the scenario.
func (r *round) start(ctx context.Context, p *planned, attempt uint64) {
	leave := r.s.subject.LeaveWire
	if r.s.undisturbed(p) {
		r.s.subject.TakeWholeWire()
		leave = r.s.subject.LeaveWholeWire
	} else {
		r.s.subject.TakeWire()
	}
	r.wg.Go(func() {
		defer r.catch()
		out, again := r.run(ctx, p, attempt, leave)
		if again && attempt < maxRepeats {
			r.mu.Lock()
			r.again = append(r.again, p)
			r.mu.Unlock()
			return
		}
		r.done(p, out)
	})
}

func (r *round) run(ctx context.Context, p *planned, attempt uint64, leave func()) (out report.Scenario, again bool) {
	defer leave() // also in a panic: others wait for it
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
	r.book.add(p, out)
	if r.s.cfg.FailFast && out.Verdict == report.Failed && p.rule.Level == rule.Must {
		r.fail(errFailFast)
	}
}
