package scenarios

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"time"

	"github.com/sentsim/sentsim/scenarios/driver"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/scenarios/steps"
	"github.com/sentsim/sentsim/scenarios/target"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/delivery"
)

// beforeScenario blames whoever sent last for a target that is gone, if the same takes
// it down once more.
func (s *session) beforeScenario(ctx context.Context) {
	last := s.gone(ctx)
	switch {
	case last == nil || last.bystander() || s.subject.Wide():
		return
	case s.lost() != "": // it cannot be tried again
		s.blame(last)
		return
	}
	_, _ = s.attempt(ctx, last, againAttempt)
	_ = (clock.Real{}).Sleep(ctx, afterwards)
	if s.gone(ctx) != nil {
		s.blame(last)
	}
}

const (
	againAttempt = 2000                   // keeps the ids of a repeated scenario apart
	afterwards   = 300 * time.Millisecond // what a delivery sets off may take as long
	closing      = 100 * time.Millisecond // the same of a process that ends
)

// gone brings a target back that is gone, and returns who sent last; nil where it is there.
func (s *session) gone(ctx context.Context) *planned {
	s.life.Lock()
	defer s.life.Unlock()
	last := s.sender
	if last == nil || s.down != "" || s.listens(ctx) || !s.revive(ctx) {
		return nil
	}
	return last
}

// blame fails a scenario after the event.
func (s *session) blame(p *planned) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.blamed[p] = "the receiver went down right after it"
}

// broken reports whether a delivery ended without a whole answer, as it does
// when the receiver goes down.
func broken(w *steps.World) bool {
	for _, x := range w.Exchanges() {
		if x.Outcome.Kind != delivery.Answered {
			return true
		}
	}
	return false
}

// afterScenario looks whether the receiver survived. What takes it down fails,
// whatever it answered before.
func (s *session) afterScenario(ctx context.Context, p *planned, w *steps.World, err error, out *report.Scenario) (wentDown bool) {
	if !broken(w) {
		return false
	}
	s.life.Lock()
	defer s.life.Unlock()
	wentDown = s.revive(ctx)
	if !wentDown && metFall(w, clock.Wall()) && !metFall(w, s.risen) {
		// What ends drops its connections a little before its port is closed.
		_ = (clock.Real{}).Sleep(ctx, closing)
		wentDown = s.revive(ctx)
	}
	if s.subject.Wide() {
		s.fells[p]++ // what takes it down does so each time; who only met its fall does not
	}
	if !wentDown && metFall(w, s.risen) {
		return true // it was brought back by another scenario that was under way
	}
	const reason = "the receiver went down"
	if s.down != "" && s.subject.Wide() {
		var failure *steps.Failure
		if unanswered := errors.As(err, &failure) && failure.At != nil && failure.At.Outcome.Kind != delivery.Answered; unanswered || out.Verdict == report.Passed {
			out.Verdict, out.Reason, out.Evidence = report.NotChecked, reason+" while several scenarios were under way, and nobody knows which of them took it down", nil
		}
		return wentDown
	}
	if !wentDown {
		return false
	}
	switch out.Verdict {
	case report.Failed:
		out.Reason += "; " + reason
	case report.Passed, report.NotChecked:
		if p.bystander() {
			out.Verdict, out.Reason = report.NotChecked, reason+" before it had answered; the rule of what took it down says so"
			return true
		}
		out.Verdict, out.Reason = report.Failed, reason
	case report.Warned, report.Errored:
	}
	return true
}

// metFall reports whether a delivery got no answer from a receiver that was down, or seemed
// so, and was brought back afterwards.
func metFall(w *steps.World, risen time.Time) bool {
	return slices.ContainsFunc(w.Exchanges(), func(x steps.Exchange) bool {
		o := x.Outcome
		return (o.Kind == delivery.Reset || o.Kind == delivery.Refused) && x.How == delivery.Well && o.Start.Before(risen)
	})
}

// listens is a cheap look: does the target take a connection?
func (s *session) listens(ctx context.Context) bool {
	u, err := url.Parse(s.subject.Target.URL())
	_, outside := s.subject.Target.(target.Outside) // somebody else takes its connections
	if err != nil || u.Port() == "" || outside {
		return s.subject.Target.Alive(ctx)
	}
	conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", u.Host)
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}

// maxLooks is how often a target is looked at that takes no connections.
const maxLooks = 6

// starvedSince reports whether this machine had no time for us for an eighth of the time since then.
func starvedSince(p *driver.Pulse, start time.Time) bool {
	return p.Starved(start) > clock.Wall().Sub(start)/8
}

// revive looks whether the target still takes connections, and brings it back
// if it does not. It is called by who has the turn to send, with life locked.
func (s *session) revive(ctx context.Context) (wasDown bool) {
	t := s.subject.Target
	// Looked at twice, and more often while this machine is starved: a look may take
	// longer than it should.
	start := clock.Wall()
	for looks := 1; ; looks++ {
		if s.down != "" || t.Alive(ctx) || clock.Over(ctx) {
			return false
		}
		if looks > 1 && !starvedSince(s.subject.Pulse, start) || looks == maxLooks {
			break
		}
	}
	if p := s.sender; p != nil {
		if s.fell == "" {
			s.fell = fmt.Sprintf("in the scenario %q", p.scenario.Name)
		}
		if !s.subject.Wide() { // else who sent last need not be who took it down
			s.fells[p]++
		}
	}
	if !t.CanRestart() {
		s.down = "the receiver no longer takes connections, and sentsim cannot restart it"
		return true
	}
	s.subject.Restarted()
	if err := t.Restart(ctx, s.subject.Env); clock.Over(ctx) {
		return false
	} else if err != nil {
		s.down = fmt.Sprintf("the receiver went down and could not be restarted: %v", err)
		return true
	}
	s.subject.AwaitReady(ctx, steps.ReadyTime)
	s.risen = clock.Wall()
	return true
}
