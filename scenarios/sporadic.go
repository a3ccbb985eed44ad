package scenarios

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sentsim/sentsim/scenarios/driver"
	"github.com/sentsim/sentsim/scenarios/exchange"
	"github.com/sentsim/sentsim/scenarios/oracle"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/scenarios/steps"
	"github.com/sentsim/sentsim/simulator/delivery"
)

// sporadic is what was seen of refusals that come now and then, whatever is sent: the
// same delivery is answered otherwise a moment later, and its scenario passes when it is
// carried out again, or ends elsewhere. It is one mistake, and of the plain delivery's
// rule. The session's mu is over it.
type sporadic struct {
	met      map[*planned][]sighting     // by scenario: what was refused so, once for each time that it was carried out
	at       []sighting                  // what did not come again
	together map[*planned]steps.Exchange // what was refused beside others, by the scenario that failed by it
}

// sighting is a refusal that was answered otherwise later.
type sighting struct {
	p       *planned
	x       steps.Exchange
	genuine bool // it was accepted later
}

// repeatIfSporadic reports whether a scenario is to be carried out again, because it ended
// with a refusal of that class, of a delivery that is taken now.
func (s *session) repeatIfSporadic(ctx context.Context, p *planned, attempt uint64, world *steps.World, err error, class int, out *report.Scenario) (again bool) {
	x := refusedAlone(err, world, class)
	comes, genuine := s.passes(ctx, p, x, out)
	s.mu.Lock()
	defer s.mu.Unlock()
	if ctx.Err() != nil || s.diagnosis != nil && s.diagnosis.Cause != intermittent || s.first.closed != "" {
		return false
	}
	before := s.sporadic.met[p]
	elsewhere := slices.ContainsFunc(before, func(o sighting) bool { return x == nil || o.x.N != x.N || o.x.What != x.What })
	if comes {
		before = append(before, sighting{p, *x, genuine})
	}
	switch {
	case comes && attempt < maxRepeats:
		s.sporadic.met[p] = before
		delete(s.refused, p)
		return true
	case comes && (elsewhere || s.sporadic.gave(x.Outcome)):
		s.sighted(before)
		delete(s.refused, p)
		out.Verdict, out.Evidence = report.NotChecked, nil
		out.Reason = fmt.Sprintf("deliveries are refused now and then (%s says so), each time that this scenario is carried out: %s", plainRule, out.Reason)
	case out.Verdict == report.Passed && len(before) > 0:
		s.sighted(before)
	}
	return false
}

// refusedAlone is the delivery with which a scenario went wrong, if it was sent alone, and
// refused with a status of that class though it is genuine, or answered with an error of
// the server, or not at all.
func refusedAlone(err error, world *steps.World, class int) *steps.Exchange {
	var failure *steps.Failure
	var unseen *steps.NotChecked
	var x *steps.Exchange
	switch {
	case errors.As(err, &failure) && failure.Seen != "": // a wrong state may have such a reason
		if class != serverErrors { // some are meant to be rejected
			return nil
		}
		all := world.Exchanges()
		if n := slices.IndexFunc(all, func(x steps.Exchange) bool {
			return x.Genuine == nil && ofClass(x, class)
		}); n >= 0 {
			x = &all[n]
		}
	case failure != nil:
		x = failure.At
	case errors.As(err, &unseen):
		x = unseen.At
	}
	if x == nil || !ofClass(*x, class) || x.Genuine != nil && class != serverErrors {
		return nil
	}
	return x
}

// lostTogether is the one of several deliveries at once with which a scenario went wrong:
// what was refused, or, where the state is not as it should be, what was answered with an
// error of the server or not at all.
func lostTogether(failure *steps.Failure, world *steps.World) *steps.Exchange {
	if x := failure.At; failure.Seen == "" {
		if x == nil || !x.Together {
			return nil
		}
		return x
	}
	all := world.Exchanges()
	if n := slices.IndexFunc(all, func(x steps.Exchange) bool {
		return x.Together && x.Genuine == nil && x.How == delivery.Well && (steps.Unready(x.Outcome) || x.Outcome.Kind == delivery.Timeout)
	}); n >= 0 {
		return &all[n]
	}
	return nil
}

// ofClass reports whether a delivery that was sent alone was refused so.
func ofClass(x steps.Exchange, class int) bool {
	o := x.Outcome
	none := (o.Kind == delivery.Reset || o.Kind == delivery.Timeout) && x.How == delivery.Well
	return !x.Together && (none && class == serverErrors || o.Kind == delivery.Answered && o.Status/100 == class && !driver.NotNow(o))
}

// The classes of status.
const (
	clientErrors = 4
	serverErrors = 5
)

// resends is how often a delivery is sent again that was refused.
const resends = 3

// passes reports whether the very same delivery gets another answer now, or once the
// receiver takes a plain one again, and whether it is accepted. An answer that was seen to
// come now and then passes in any case: that it comes still, as after a rotation, shows
// nothing. Where no plain delivery is taken any more, that ends the judging.
func (s *session) passes(ctx context.Context, p *planned, x *steps.Exchange, out *report.Scenario) (passes, accepted bool) {
	if x == nil {
		return false, false
	}
	now := delivery.Outcome{}
	look := func() bool {
		now = s.subject.Driver().Send(ctx, driver.Planned{What: x.What, Request: x.Request}).Outcome
		return now.Kind == delivery.Answered && now.Status/100 != x.Outcome.Status/100 && now.Status/100 != serverErrors && !driver.NotNow(now)
	}
	for range resends {
		if look() {
			return true, now.Accepted()
		}
		if now.Kind == delivery.Refused || now.Kind == delivery.Unreached { // it has taken the receiver down
			return false, false
		}
	}
	s.mu.Lock()
	known := s.sporadic.gave(x.Outcome)
	s.mu.Unlock()
	control := scenarioKey(p) + ", a control"
	if takes, _ := s.subject.TakesAgain(ctx, control, 0, 0); !takes && !known { // it takes nothing for now, or nothing any more
		takes, seen := s.subject.TakesAgain(ctx, control, 1, steps.TurnedAwayTime)
		if !takes && ctx.Err() == nil && p.rule.ID != plainRule {
			s.takesNone(p, seen, "", out)
		}
		if !takes {
			return false, false
		}
	}
	if look() { // what lasted until now is over
		return true, now.Accepted()
	}
	return known, false
}

// intermittent is the cause of refusals that come now and then.
const intermittent = "intermittent"

// sighted notes a refusal that did not come again. The caller has locked mu.
func (s *session) sighted(met []sighting) {
	if slices.ContainsFunc(s.sporadic.at, func(o sighting) bool { return o.p == met[0].p }) {
		return
	}
	s.sporadic.at = append(s.sporadic.at, met[0])
	if met[0].genuine && s.diagnosis == nil {
		s.diagnosis, s.diagnosed = &report.Diagnosis{
			Cause:   intermittent,
			Summary: "genuine deliveries are refused now and then (" + s.redact(driver.Quote(met[0].x)) + "), and accepted when they are sent again: it does not depend on what is sent",
			Fix:     "Look in the receiver's log for what fails now and then: connections or locks of the database that run out or collide, a call of another service, one of several instances with another configuration. Sent sends a refused event again, a few times at most, and disables the webhook after ten events that failed.",
		}, plainRule
	}
}

// genuine are the sightings of genuine deliveries.
func (s sporadic) genuine() []sighting {
	return slices.DeleteFunc(slices.Clone(s.at), func(o sighting) bool { return !o.genuine })
}

// gave reports whether a genuine delivery was answered so now and then.
func (s sporadic) gave(o delivery.Outcome) bool {
	return slices.ContainsFunc(s.genuine(), func(seen sighting) bool {
		return seen.x.Outcome.Kind == o.Kind && seen.x.Outcome.Status == o.Status
	})
}

// excuse is why the answer to one of several deliveries says nothing of them; "" where it
// does.
func (s sporadic) excuse(p *planned) string {
	if x, ok := s.together[p]; !ok || !s.gave(x.Outcome) {
		return ""
	}
	return fmt.Sprintf("a delivery that comes alone gets such an answer now and then as well (%s says so), so what one of several gets says nothing", plainRule)
}

// unsteady is how the plain delivery's rule fails by what comes now and then.
func (s *session) unsteady() []report.Scenario {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.sporadic.genuine()
	if len(all) == 0 {
		return nil
	}
	first := all[0]
	reason := fmt.Sprintf("in %s a genuine delivery was refused that was accepted when it was sent again, and the scenario did not end so when it was carried out again; the first of them is %s: %s",
		counted(len(all), "scenario"), first.x.What, first.x.Seen())
	e := s.exchange(first.p, first.x)
	e.Expected = "a 2xx"
	return []report.Scenario{besideScenarios("a genuine delivery is accepted each time", reason, e)}
}

// blameForged fails the scenarios in which a forged delivery was answered with an error
// now and then, where no genuine one was.
func (s *session) blameForged() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.sporadic.genuine()) > 0 {
		return
	}
	for _, o := range s.sporadic.at {
		s.blamed[o.p] = fmt.Sprintf("%s: %s the first time, and a rejection when it was sent again", o.x.What, o.x.Seen())
	}
}

// sporadicToo leaves the rules unsure that a run has seen broken only by answers that come
// now and then, as the contract's scenarios have shown afterwards.
func (s *session) sporadicToo(f oracle.Findings, judged map[string]report.Rule, to attribution) {
	s.mu.Lock()
	defer s.mu.Unlock()
	comes := func(v oracle.Violation) bool {
		return slices.ContainsFunc(s.sporadic.genuine(), func(o sighting) bool {
			seen := exchange.Seen(o.x.Outcome)
			if o.x.Outcome.Kind == delivery.Timeout {
				seen = exchange.NoAnswer
			}
			return v.Response != "" && strings.HasPrefix(v.Response, seen)
		})
	}
	for id, violations := range f.Violations {
		if judged[id].Verdict == report.Failed || slices.ContainsFunc(violations, func(v oracle.Violation) bool { return !comes(v) }) {
			continue
		}
		to.unsure[id] = fmt.Sprintf("violations of it in the run: %d, all of them answers that a genuine delivery gets now and then (%s says so)", f.Violated[id], plainRule)
	}
}
