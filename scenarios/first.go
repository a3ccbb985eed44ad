package scenarios

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"github.com/sentsim/sentsim/scenarios/diagnosis"
	"github.com/sentsim/sentsim/scenarios/driver"
	"github.com/sentsim/sentsim/scenarios/learn"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/scenarios/steps"
	"github.com/sentsim/sentsim/scenarios/target"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/delivery"
)

// firstDelivery is whether the receiver takes the plain signed delivery: everything else
// stands on that.
type firstDelivery struct {
	closed      string           // why nothing else can be judged; "" while everything can
	plain       report.Scenario  // how the plain delivery ran, when it is closed
	passed      report.Scenario  // how it ran, when it was accepted
	taken       steps.Exchange   // the plain delivery, if it was
	redirects   bool             // the plain delivery was answered with a redirect
	answer      time.Duration    // how long the plain delivery's took
	deviation   *learn.Deviation // what else than the plain delivery is taken, if that is not
	unready     string           // what was seen of a receiver that listens before it is ready
	knownBefore string           // why the receiver's state cannot be judged; "" while it can
}

// firstAttempt keeps the ids of the first delivery apart from the scenario's.
const firstAttempt = 1000

// knownBefore is why the receiver's state says nothing: it knows already what the first
// delivery is about. "" when it does not.
func (s *session) knownBefore(ctx context.Context) string {
	plans, err := contractScenarios()
	if err != nil {
		return "" // selectScenarios has reported it
	}
	i := slices.IndexFunc(plans, func(p planned) bool { return p.rule.ID == plainRule })
	return steps.KnownBefore(ctx, s.subject, scenarioKey(&plans[i]), firstAttempt)
}

// sendFirst sends the plain delivery and, when it is refused, finds out why.
func (s *session) sendFirst(ctx context.Context) {
	plans, err := contractScenarios()
	if err != nil {
		return // selectScenarios has reported it
	}
	for i := range plans {
		p := &plans[i]
		if p.rule.ID != plainRule {
			continue
		}
		s.subject.TakeTurn()
		defer s.subject.EndTurn()
		out := report.Scenario{Name: p.scenario.Name, File: p.scenario.File}
		s.first.knownBefore = s.knownBefore(ctx)
		res, world := s.attempt(ctx, p, firstAttempt)
		out.Steps = reported(res)
		var away *steps.TurnedAway
		if errors.As(res.Err, &away) { // from the first: it takes nothing
			res.Err = away.Refused()
		}
		s.verdict(ctx, p, res.Err, world, &out)
		down := s.afterScenario(ctx, p, world, res.Err, &out)
		// It is judged by another attempt where the first did not meet it as it is: somebody else
		// had its port, and is gone by now, or it was not ready yet.
		if down && s.lost() == "" && target.PortTaken(s.subject.Target.Log()) || !down && s.getsReady(ctx, res.Err) {
			res, world = s.attempt(ctx, p, firstAttempt+1)
			out.Steps = reported(res)
			s.verdict(ctx, p, res.Err, world, &out)
			s.afterScenario(ctx, p, world, res.Err, &out)
		}
		if out.Verdict == report.Passed && s.takenByDoor(ctx, p, world, out) {
			return
		}
		if out.Verdict == report.Passed {
			s.first.passed, s.first.taken = out, world.Exchanges()[0]
			s.first.answer = s.first.taken.Outcome.Duration
			return
		}
		if found, ok := s.knock(ctx, world); ok {
			s.first.deviation, s.first.answer = found.Deviation, found.Answer
			s.subject.Traits.Plain, s.subject.Traits.Channels, s.subject.Traits.Refused = found.Plain, found.Channels, found.Refused
			s.subject.Traits.RefusedStatuses = found.Statuses
			s.subject.Knobs = found.Knobs
			return
		}
		s.first.plain, s.first.closed = out, notOpen
		var failure *steps.Failure
		if errors.As(res.Err, &failure) && failure.At != nil {
			s.first.redirects = failure.At.Outcome.Kind == delivery.Answered && failure.At.Outcome.Status/100 == 3
			s.diagnosis = s.diagnose(ctx, *failure.At)
		}
		return
	}
}

// takenByDoor ends the judging where not the receiver has accepted the plain delivery
// but something in front of it: then every forged one would seem to be accepted as well.
// Whoever calls it has the turn to send.
func (s *session) takenByDoor(ctx context.Context, p *planned, world *steps.World, out report.Scenario) bool {
	x := world.Exchanges()[0]
	found := diagnosis.AcceptedByDoor(ctx, s.underDiagnosis(), x.Outcome)
	if found == nil {
		return false
	}
	e := s.exchange(p, x)
	e.Expected = "a 2xx of the receiver"
	out.Verdict, out.Evidence = report.Failed, []report.Evidence{e}
	out.Reason = s.redact("something in front of the receiver answered, and not the receiver: " + driver.Quote(x))
	s.first.plain, s.first.closed, s.diagnosis = out, notOpen, found
	return true
}

// firstReadyTime is how long a receiver may take that listens before it is ready, where
// its first answer is an error of its server.
const firstReadyTime = 2 * time.Second

// getsReady reports whether a receiver that answered the first delivery with an error of
// its server takes plain ones a little later, and notes it.
func (s *session) getsReady(ctx context.Context, err error) bool {
	var failure *steps.Failure
	if !errors.As(err, &failure) || failure.At == nil || !steps.Unready(failure.At.Outcome) {
		return false
	}
	start := clock.Wall()
	if !s.subject.AwaitReady(ctx, firstReadyTime) {
		return false
	}
	s.first.unready = fmt.Sprintf("the first delivery got %s, and a plain one was taken %s later: it may listen before it is ready (target.ready waits until it is)",
		failure.At.Seen(), clock.Wall().Sub(start).Round(time.Millisecond))
	return true
}

// knock tries what else the receiver takes, when it refuses the plain delivery:
// everything else is then judged on that. A mistake of its signature that spoils
// only some bodies looks like that as well, and is not it. Whoever calls it has
// the turn to send.
func (s *session) knock(ctx context.Context, world *steps.World) (found learn.Taken, ok bool) {
	xs := world.Exchanges()
	if len(xs) == 0 || xs[0].Outcome.Kind != delivery.Answered {
		return found, false
	}
	found, ok = s.learner().Knock(ctx, xs[0])
	return found, ok && diagnosis.Sometimes(ctx, s.underDiagnosis(), xs[0].Outcome) == nil
}

// notOpen is why nothing else is judged where the plain delivery is refused.
const notOpen = plainRule + " did not pass, so nothing that builds on an accepted delivery can be seen"

// takenByChance ends the judging where the plain delivery was accepted by chance
// only, for the tolerance of its timestamp is so tight that another one is refused.
// Whoever calls it has the turn to send.
func (s *session) takenByChance(ctx context.Context, refused steps.Exchange) bool {
	found := s.chance(ctx, plainRule, refused)
	if found == nil {
		return false
	}
	s.shutBy(found, refused)
	return true
}

// shutBy fails the plain delivery's rule, which was accepted by chance only, for
// another genuine delivery that was refused, and ends the judging.
func (s *session) shutBy(found *report.Diagnosis, refused steps.Exchange) {
	plans, err := contractScenarios()
	if err != nil {
		return // selectScenarios has reported it
	}
	i := slices.IndexFunc(plans, func(p planned) bool { return p.rule.ID == plainRule })
	e := s.exchange(&plans[i], refused)
	e.Expected = "a 2xx"
	plain := s.first.passed
	plain.Verdict, plain.Evidence = report.Failed, []report.Evidence{e}
	plain.Reason = s.redact("the first delivery was accepted, and a later one was not, " + refused.What + ": " + driver.Quote(refused))
	s.judgeNoMore(notOpen, &plain)
	s.explain(found, plainRule)
}

// judgeNoMore ends the judging while scenarios run, and returns why: whoever
// comes first has said so. plain is how the plain delivery's scenario ends by it; nil: as
// it did.
func (s *session) judgeNoMore(why string, plain *report.Scenario) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.first.closed == "" {
		s.first.closed = why
		if plain != nil {
			s.first.plain, s.shut = *plain, plain
		}
	}
	return s.first.closed
}

// isClosed is why nothing can be judged any more, "" while everything can, and how the
// plain delivery's scenario ends by it, without a name where it ran by itself.
func (s *session) isClosed() (why string, plain report.Scenario) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.first.closed, s.first.plain
}

// guard keeps hostile traffic away from public addresses that nobody named.
func guard(ctx context.Context, cfg Config) error {
	if cfg.Target.URL == "" {
		return nil
	}
	return target.CheckPublic(ctx, cfg.Target.URL, cfg.AllowPublic)
}

// listenAddress is where the stand-in for Sent's API listens: where a target
// that runs already was told to find it, if that is an address of this machine.
// In a network of containers it is the name of ours.
func listenAddress(ctx context.Context, baseURL string) string {
	u, err := url.Parse(baseURL)
	if err != nil || u.Port() == "" {
		return ""
	}
	if u.Hostname() == "localhost" {
		return u.Host
	}
	within, cancel := context.WithTimeout(ctx, resolveTime)
	defer cancel()
	addresses, err := net.DefaultResolver.LookupNetIP(within, "ip", u.Hostname())
	if err != nil {
		return ""
	}
	ours, err := net.InterfaceAddrs()
	if err != nil {
		return ""
	}
	for _, a := range addresses {
		a = a.Unmap()
		own := slices.ContainsFunc(ours, func(o net.Addr) bool {
			p, err := netip.ParsePrefix(o.String())
			return err == nil && p.Addr() == a
		})
		if own || a.IsLoopback() {
			return net.JoinHostPort(a.String(), u.Port())
		}
	}
	return ""
}

// resolveTime is how long a name may take to resolve.
const resolveTime = 3 * time.Second
