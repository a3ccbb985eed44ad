package scenarios

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/sentsim/sentsim/scenarios/driver"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/scenarios/rule"
	"github.com/sentsim/sentsim/scenarios/steps"
	"github.com/sentsim/sentsim/simulator/clock"
)

// burstRule is the rule whose scenario fills a receiver's queue.
const burstRule = rule.ACK2

// restTime is how long a receiver is left alone before a scenario is repeated that
// sent it more at once than it took: most limits are of so many in a second.
const restTime = 1200 * time.Millisecond

// manyPlain is how many plain deliveries at the same instant show that a receiver
// does not mind how many there are: as many as ACK-2 sends.
const manyPlain = 50

// turnedAway looks, after a scenario that ends in an answer of "not now", whether
// the receiver takes the plain delivery again. If it does, something else had
// filled it up, which is not this scenario's fault: it is to be repeated. If it
// does not, nothing more can be judged; and where forged deliveries have brought
// it about, Sent is locked out by whoever sends those: SIG-1 is broken. Of a
// receiver that says that there are too many requests (429), that cannot be told:
// it may count them all.
func (s *session) turnedAway(ctx context.Context, p *planned, attempt uint64, world *steps.World, err error, out *report.Scenario) (again bool) {
	var failure *steps.Failure
	var away *steps.TurnedAway
	var status int
	switch {
	case errors.As(err, &away):
		status = away.At.Outcome.Status
	case out.Verdict == report.Failed && p.rule.ID != burstRule && errors.As(err, &failure) && failure.At != nil && driver.NotNow(failure.At.Outcome):
		status = failure.At.Outcome.Status
	default:
		return false
	}
	if s.gate.closed != "" { // by another scenario, while this one waited
		out.Verdict, out.Reason, out.Evidence = report.NotChecked, s.gate.closed, nil
		return false
	}
	if away != nil && !away.Paced && (clock.Real{}).Sleep(ctx, restTime) != nil {
		return false
	}
	takes, seen := s.subject.TakesAgain(ctx, scenarioKey(p), attempt, steps.TurnedAwayTime)
	switch {
	case takes && away != nil && attempt < maxRepeats:
		return !away.Paced
	case takes && away != nil:
		s.refusedTogether(ctx, p, world, away, out)
		return false
	case takes && status == http.StatusServiceUnavailable && s.subject.Selects():
		return false // it is about what was sent
	case takes:
		return (clock.Real{}).Sleep(ctx, restTime) == nil // or what is repeated at once is turned away as well
	case ctx.Err() != nil || p.rule.ID == plainRule && away == nil:
		return false
	}
	s.gate.closed = fmt.Sprintf("the receiver took the plain delivery at first, and since the scenario %q it takes none (%s)", p.scenario.Name, seen)
	switch {
	case status == http.StatusTooManyRequests:
		s.gate.closed += ": it limits how many deliveries it takes, or how many it rejects, and Sent sends as many as there are. Take the limit off this route, or raise it, to have everything judged"
		out.Verdict, out.Reason, out.Evidence = report.NotChecked, s.gate.closed, nil
	case strings.HasPrefix(p.rule.ID, "SIG-"):
		s.gate.plain = *out
		s.gate.plain.Verdict = report.Failed
		s.gate.plain.Reason = fmt.Sprintf("taken at first; since the scenario %q no genuine delivery is taken (%s): it seems that whoever sends forged ones locks Sent out", p.scenario.Name, seen)
		if len(s.gate.plain.Evidence) == 0 && away != nil {
			s.gate.plain.Evidence = s.evidence(p, away.Refused(), world)
		}
		shut := s.gate.plain
		s.mu.Lock()
		s.shut = &shut
		s.mu.Unlock()
		out.Verdict, out.Reason, out.Evidence = report.NotChecked, s.gate.closed, nil
	}
	return false
}

// refusedTogether fails a scenario in which one of several deliveries at the same
// instant was turned away each time it was carried out, where many more plain ones are
// all taken: then it is about what was sent, and not about how many there were.
func (s *session) refusedTogether(ctx context.Context, p *planned, world *steps.World, away *steps.TurnedAway, out *report.Scenario) {
	if away.Together == 0 || (clock.Real{}).Sleep(ctx, restTime) != nil {
		return
	}
	takes := s.subject.TakesTogether(ctx, scenarioKey(p), max(manyPlain, 2*away.Together))
	if (clock.Real{}).Sleep(ctx, restTime) != nil || !takes { // so that these turn nothing of the next scenario's away
		return
	}
	s.verdict(ctx, p, away.Refused(), world, out)
}
