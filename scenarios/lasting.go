package scenarios

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/scenarios/steps"
	"github.com/sentsim/sentsim/simulator/contract"
)

// lastingRule is the rule that a receiver breaks which forgets too soon what it has processed.
const lastingRule = contract.IDEM2

// lasting is an event that was processed before the scenarios, and is retried after them.
type lasting struct {
	s         *session
	ready     chan struct{}    // closed when it has been processed, or will not be
	processed *steps.Processed // nil: its effect cannot be seen
	once      sync.Once
}

// process delivers it, where its rule is judged, and waits for its effect beside the
// scenarios.
func (r *round) process(ctx context.Context, plans []planned) *lasting {
	s, l := r.s, &lasting{s: r.s, ready: make(chan struct{})}
	asked := slices.ContainsFunc(plans, func(p planned) bool { return p.rule.ID == lastingRule })
	if !asked || ctx.Err() != nil || s.first.closed != "" || s.first.knownBefore != "" || s.lost() != "" {
		close(l.ready)
		return l
	}
	s.subject.TakeTurn()
	r.wg.Go(func() {
		defer r.catch()
		defer close(l.ready)
		defer s.subject.EndTurn()
		l.processed = s.subject.Process(ctx)
	})
	return l
}

// retry sends it again, before what restarts the receiver or rotates its secret. finish
// waits for the scenarios that are under way, which is time in which an effect shows.
func (l *lasting) retry(ctx context.Context, finish func()) {
	l.once.Do(func() {
		<-l.ready
		if l.processed == nil || ctx.Err() != nil || l.s.lost() != "" {
			finish()
			return
		}
		l.s.subject.TakeTurn()
		l.processed.Retry(ctx)
		l.s.subject.EndTurn()
		finish()
		l.s.subject.TakeTurn()
		defer l.s.subject.EndTurn()
		if l.s.broken(lastingRule) { // which says why
			return
		}
		if f := l.processed.Forgotten(ctx); f.After > 0 {
			l.s.mu.Lock()
			defer l.s.mu.Unlock()
			l.s.forgotten = f
		}
	})
}

// broken reports whether a scenario of that rule has failed by the receiver's state.
func (s *session) broken(id contract.ID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for p := range s.state {
		if p.rule.ID == id {
			return true
		}
	}
	return false
}

// forgetsTooSoon is how a rule fails by what was seen of the retry.
func (s *session) forgetsTooSoon() []report.Scenario {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.forgotten
	if f.After == 0 {
		return nil
	}
	reason := fmt.Sprintf("a retry %s after its event, with %d other deliveries between them, had its effect once more (%d effects, and %d before); a copy of another event that came at once had none",
		f.After.Round(100*time.Millisecond), f.Others, f.Now, f.Before)
	return []report.Scenario{besideScenarios("a retry after all other scenarios has no second effect", reason, s.stateAfter(f.At, f.Seen, "the retry to add no effect"))}
}
