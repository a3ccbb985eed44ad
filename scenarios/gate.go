package scenarios

import (
	"context"
	"errors"
	"time"

	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/scenarios/steps"
	"github.com/sentsim/sentsim/simulator/delivery"
)

// gate is whether the receiver takes the plain signed delivery: everything else
// stands on that.
type gate struct {
	closed    string          // why nothing else can be judged; "" while everything can
	plain     report.Scenario // how the plain delivery ran, when it is closed
	redirects bool            // the plain delivery was answered with a redirect
	haunted   string          // why the receiver's state cannot be judged; "" while it can
}

// gateAttempt keeps the ids of the gate's own delivery apart from the scenario's.
const gateAttempt = 1000

// slowAnswer is from when on waiting for answers one after another is too long.
const slowAnswer = 150 * time.Millisecond

// openGate sends the plain delivery and, when it is refused, finds out why.
func (s *session) openGate(ctx context.Context) {
	plans, err := contract()
	if err != nil {
		return // selectScenarios has reported it
	}
	for i := range plans {
		p := &plans[i]
		if p.rule.ID != plainRule {
			continue
		}
		s.subject.TakeWire()
		defer s.subject.LeaveWire()
		out := report.Scenario{Name: p.scenario.Name, File: p.scenario.File}
		s.gate.haunted = steps.Haunted(ctx, s.subject, scenarioKey(p), gateAttempt)
		res, world := s.attempt(ctx, p, gateAttempt)
		out.Steps = reported(res)
		s.verdict(ctx, p, res.Err, world, &out)
		s.afterScenario(ctx, p, world, &out)
		if out.Verdict == report.Passed {
			if took := world.Exchanges()[0].Outcome.Duration; took > slowAnswer {
				s.subject.Widen(ctx, scenarioKey(p), gateAttempt, took)
			}
			return
		}
		s.gate.plain = out
		s.gate.closed = plainRule + " did not pass, so nothing that builds on an accepted delivery can be seen"
		var failure *steps.Failure
		if errors.As(res.Err, &failure) && failure.At != nil {
			s.gate.redirects = failure.At.Outcome.Kind == delivery.Answered && failure.At.Outcome.Status/100 == 3
			s.diagnosis = s.diagnose(ctx, *failure.At)
		}
		return
	}
}
