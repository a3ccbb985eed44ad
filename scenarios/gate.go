package scenarios

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/sentsim/sentsim/scenarios/learn"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/scenarios/steps"
	"github.com/sentsim/sentsim/simulator/delivery"
)

// gate is whether the receiver takes the plain signed delivery: everything else
// stands on that.
type gate struct {
	closed    string           // why nothing else can be judged; "" while everything can
	plain     report.Scenario  // how the plain delivery ran, when it is closed
	passed    report.Scenario  // how it ran, when it was accepted
	redirects bool             // the plain delivery was answered with a redirect
	answer    time.Duration    // how long the plain delivery's took
	deviation *learn.Deviation // what else than the plain delivery is taken, if that is not
	haunted   string           // why the receiver's state cannot be judged; "" while it can
}

// gateAttempt keeps the ids of the gate's own delivery apart from the scenario's.
const gateAttempt = 1000

// haunted is why the receiver's state says nothing: it knows already what the gate
// is about to send. "" when it does not.
func (s *session) haunted(ctx context.Context) string {
	plans, err := contract()
	if err != nil {
		return "" // selectScenarios has reported it
	}
	i := slices.IndexFunc(plans, func(p planned) bool { return p.rule.ID == plainRule })
	return steps.Haunted(ctx, s.subject, scenarioKey(&plans[i]), gateAttempt)
}

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
		s.gate.haunted = s.haunted(ctx)
		res, world := s.attempt(ctx, p, gateAttempt)
		out.Steps = reported(res)
		var away *steps.TurnedAway
		if errors.As(res.Err, &away) { // from the first: it takes nothing
			res.Err = away.Refused()
		}
		s.verdict(ctx, p, res.Err, world, &out)
		s.afterScenario(ctx, p, world, &out)
		if out.Verdict == report.Passed {
			s.gate.passed, s.gate.answer = out, world.Exchanges()[0].Outcome.Duration
			return
		}
		if s.knock(ctx, world) {
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

// knock tries what else the receiver takes, when it refuses the plain delivery:
// everything else is then judged on that. Whoever calls it has the wire.
func (s *session) knock(ctx context.Context, world *steps.World) bool {
	xs := world.Exchanges()
	if len(xs) == 0 || xs[0].Outcome.Kind != delivery.Answered {
		return false
	}
	found, ok := s.learner().Knock(ctx, xs[0])
	if !ok {
		return false
	}
	s.gate.deviation, s.gate.answer = found.Deviation, found.Answer
	s.subject.Traits.Plain, s.subject.Traits.Channels, s.subject.Traits.Refused = found.Plain, found.Channels, found.Refused
	s.subject.Traits.RefusedStatuses = found.Statuses
	s.subject.Knobs = found.Knobs
	return true
}
