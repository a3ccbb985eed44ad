package scenarios

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sentsim/sentsim/scenarios/driver"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/scenarios/rule"
	"github.com/sentsim/sentsim/scenarios/steps"
)

// burstRule is the rule whose scenario fills a receiver's queue.
const burstRule = rule.ACK2

// turnedAwayTime is how long a receiver that turns deliveries away may take until
// it takes one again.
const turnedAwayTime = 5 * time.Second

// turnedAway looks, after a failure that ends in an answer of "not now", whether
// the receiver takes the plain delivery again. If it does, something else had
// filled it up, which is not this scenario's fault: it is to be repeated. If it
// does not, nothing more can be judged; and where forged deliveries have brought
// it about, Sent is locked out by whoever sends those: SIG-1 is broken.
func (s *session) turnedAway(ctx context.Context, p *planned, attempt uint64, err error, out *report.Scenario) (again bool) {
	var failure *steps.Failure
	if out.Verdict != report.Failed || p.rule.ID == burstRule ||
		!errors.As(err, &failure) || failure.At == nil || !driver.NotNow(failure.At.Outcome) {
		return false
	}
	takes, seen := s.subject.TakesAgain(ctx, scenarioKey(p), attempt, turnedAwayTime)
	if takes || ctx.Err() != nil || p.rule.ID == plainRule {
		return takes
	}
	s.gate.closed = fmt.Sprintf("the receiver took the plain delivery at first, and since the scenario %q it takes none (%s)", p.scenario.Name, seen)
	if strings.HasPrefix(p.rule.ID, "SIG-") {
		s.gate.plain = *out
		s.gate.plain.Reason = fmt.Sprintf("taken at first; since the scenario %q no genuine delivery is taken (%s): it seems that whoever sends forged ones locks Sent out", p.scenario.Name, seen)
		shut := s.gate.plain
		s.mu.Lock()
		s.shut = &shut
		s.mu.Unlock()
		out.Verdict, out.Reason, out.Evidence = report.NotChecked, s.gate.closed, nil
	}
	return false
}
