package scenarios

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sentsim/sentsim/scenarios/driver"
	"github.com/sentsim/sentsim/scenarios/gherkin"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/scenarios/rule"
	"github.com/sentsim/sentsim/scenarios/steps"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/contract"
	"github.com/sentsim/sentsim/simulator/delivery"
)

// run executes one scenario and says what it showed. The caller has the turn to send;
// the scenario gives it away only while it waits for state. attempt is 0, or
// more for a scenario that must be repeated: again says so, when somebody else
// took the receiver down while its state settled.
func (s *session) run(ctx context.Context, p *planned, attempt uint64) (out report.Scenario, again bool) {
	out = report.Scenario{
		Name:    p.scenario.Name,
		File:    fmt.Sprintf("%s:%d", p.scenario.File, p.scenario.Line),
		Partial: p.partial,
	}
	closed, plain := s.isClosed()
	if plain.Name != "" && p.rule.ID == plainRule {
		return plain, false
	}
	if ctx.Err() != nil && p.rule.ID == plainRule && s.first.passed.Name == out.Name {
		return s.first.passed, false // it was seen before the run ended
	}
	s.beforeScenario(ctx)
	if reason := s.closedTo(ctx, p, closed); reason != "" {
		out.Reason = reason
		for _, st := range p.scenario.Steps {
			out.Steps = append(out.Steps, report.Step{Text: st.Keyword + " " + st.Text})
		}
		return out, false
	}
	start := clock.Wall()
	if p.partial && !p.rule.State || p.scenario.Tagged("@inbound") {
		// What can be seen from outside, its rule's other scenario sees.
		if err := s.subject.Needs(p.needs()...); err != nil {
			s.verdict(ctx, p, err, nil, &out)
			// That no template shows though they can be read is a part that was looked for.
			out.Partial = p.partial && (!slices.Contains(p.needs(), rule.TemplateStatus) || !s.subject.Given(rule.TemplateStatus))
			return out, false
		}
	}
	s.sends(p)
	res, world := s.attempt(ctx, p, attempt)
	s.takes(p, world)
	out.Steps = reported(res)
	s.verdict(ctx, p, res.Err, world, &out)
	out.Duration = clock.Wall().Sub(start)
	if out.Verdict == report.Failed {
		s.late.follow(ctx, p, world)
	}
	// Once is no proof: a receiver that ends by itself does so in whatever scenario it
	// meets, and of several side by side nobody knows which one took it down.
	down := s.afterScenario(ctx, p, world, res.Err, &out)
	again = down && (s.subject.Wide() || attempt == 0) && s.lost() == ""
	var unseen *steps.NotChecked
	again = again || errors.As(res.Err, &unseen) && unseen.Again || errors.Is(res.Err, steps.ErrRerun) || s.unread(ctx, start, attempt, res.Err) || s.turnedAway(ctx, p, attempt, world, res.Err, &out)
	again = again || !down && s.repeatIfSporadic(ctx, p, attempt, world, res.Err, serverErrors, &out)
	if !again || attempt == maxRepeats { // what is carried out again says nothing of the receiver yet
		s.wonder(ctx, p, res.Err, &out)
		again = again || !down && s.repeatIfSporadic(ctx, p, attempt, world, res.Err, clientErrors, &out)
	}
	return out, again
}

// maxUnread is how many scenarios are carried out again because a reading of the
// state was not answered in time.
const maxUnread = 4

// unread reports whether a scenario is to be carried out again because a reading of
// its state took too long, which happens now and then on a busy machine and each time of
// a probe that hangs, or was cut off, as it is where the receiver falls.
func (s *session) unread(ctx context.Context, from time.Time, attempt uint64, err error) bool {
	var refused *net.OpError
	switch {
	case ctx.Err() != nil:
		return false
	case errors.Is(err, context.DeadlineExceeded):
		s.mu.Lock()
		defer s.mu.Unlock()
		s.hung++
		return s.hung <= maxUnread
	case errors.As(err, &refused), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		s.life.Lock()
		defer s.life.Unlock()
		return s.down == "" && (attempt == 0 || s.risen.After(from))
	}
	return false
}

// sends notes who sends now.
func (s *session) sends(p *planned) {
	s.life.Lock()
	defer s.life.Unlock()
	s.sender = p
}

// lost is why the target is gone for good, or "".
func (s *session) lost() string {
	s.life.Lock()
	defer s.life.Unlock()
	return s.down
}

func (s *session) attempt(ctx context.Context, p *planned, attempt uint64) (gherkin.Result, *steps.World) {
	if p.scenario.Tagged("@state") {
		s.subject.CatchUp(ctx, scenarioKey(p), attempt)
	}
	world := steps.NewWorld(s.subject, scenarioKey(p), attempt)
	res := p.scenario.Run(ctx, world.Bind)
	var late *steps.Failure
	if attempt < firstAttempt && errors.As(res.Err, &late) && late.At != nil && late.At.Outcome.Kind == delivery.Timeout && starvedSince(s.subject.Pulse, late.At.Sent) {
		res.Err = steps.Starved("the receiver answered")
	}
	if err := world.Close(ctx); err != nil {
		res.Err = err // says more of what comes next than what the scenario found
	}
	return res, world
}

// alone reports whether nothing else may be under way while the scenario is. The
// others send one after another, so that nothing disturbs a burst, unless the
// receiver is slow.
func (s *session) alone(p *planned) bool {
	return p.alone || p.rule.ID == burstRule && s.subject.Wide()
}

// closedTo is why a scenario cannot show anything, or "". closed is why none can.
func (s *session) closedTo(ctx context.Context, p *planned, closed string) string {
	switch {
	case ctx.Err() != nil:
		return whyStopped(ctx)
	case closed != "" && (p.rule.ID != redirectRule || !s.first.redirects):
		return closed
	case p.strictOnly() && !s.cfg.Strict:
		return "this rule is judged only with --strict"
	case s.first.knownBefore != "" && p.scenario.Tagged("@state"):
		return s.first.knownBefore
	}
	return s.lost()
}

// errFailFast is why a run with --fail-fast stops.
var errFailFast = errors.New("a MUST rule had failed (fail-fast)")

// errBug is why a run stops that has met a mistake of ours.
var errBug = errors.New("sentsim made a mistake")

// whyStopped says why a scenario did not run to its end.
func whyStopped(ctx context.Context) string {
	if errors.Is(context.Cause(ctx), errFailFast) {
		return "did not run: " + errFailFast.Error()
	}
	if errors.Is(context.Cause(ctx), errTimeLimit) {
		return "did not run: " + errTimeLimit.Error() + " (--time-limit)"
	}
	return "did not run: the run was interrupted"
}

// scenarioKey names the scenario's own stream of chance. It does not depend on
// where in the file a scenario stands.
func scenarioKey(p *planned) string { return p.rule.ID + " " + p.scenario.Name }

// verdict turns a step's error into what it means.
func (s *session) verdict(ctx context.Context, p *planned, err error, w *steps.World, out *report.Scenario) {
	out.Verdict, out.Reason, out.Remedy, out.Evidence = report.Passed, "", "", nil
	if err == nil {
		return
	}
	var failure *steps.Failure
	var unseen *steps.NotChecked
	var left *steps.LeftOut
	var away *steps.TurnedAway
	switch {
	case ctx.Err() != nil:
		out.Verdict, out.Reason = report.NotChecked, whyStopped(ctx)
	case errors.As(err, &failure):
		out.Verdict, out.Reason = report.Failed, s.redact(failure.Summary)
		out.Evidence = s.evidence(p, failure, w)
		s.mu.Lock()
		if failure.Seen != "" {
			s.state[p] = failure
		}
		delete(s.sporadic.together, p)
		if x := lostTogether(failure, w); x != nil {
			s.sporadic.together[p] = *x
		}
		if x := failure.At; x != nil && x.Genuine == nil && x.Outcome.Kind == delivery.Answered && !x.Outcome.Accepted() {
			s.refused[p] = *x
		}
		if p.first && failure.Sporadic {
			s.lossy[failure.Inbound] = p.rule.ID
		}
		s.mu.Unlock()
	case errors.As(err, &left):
		out.Verdict, out.Reason, out.Partial = report.NotChecked, left.Reason, true
	case errors.As(err, &unseen):
		out.Verdict, out.Reason, out.Remedy = report.NotChecked, unseen.Reason, unseen.Remedy
	case errors.As(err, &away):
		out.Verdict, out.Reason = report.NotChecked, s.redact(away.Error())
	default:
		out.Verdict, out.Reason = report.Errored, err.Error()
	}
}

// afterTheEvent is what a scenario showed, unless something later makes it fail.
func (s *session) afterTheEvent(p *planned, out report.Scenario) report.Scenario {
	s.mu.Lock()
	defer s.mu.Unlock()
	if out.Verdict == report.Failed {
		if why := s.excused[p]; why != "" {
			out.Verdict, out.Evidence = report.NotChecked, nil
			out.Reason = why + " (" + out.Reason + ")"
			return out
		}
		if why := s.sporadic.excuse(p); why != "" {
			out.Verdict, out.Evidence, out.Reason = report.NotChecked, nil, why+" ("+out.Reason+")"
			return out
		}
		if f := s.state[p]; f != nil && p.rule.ID == contract.IDEM6 && s.forgotten.After > 0 {
			out.Verdict, out.Evidence = report.NotChecked, nil
			out.Reason = fmt.Sprintf("what was processed is forgotten too soon (%s says so), so an effect too many here says nothing: %s", lastingRule, out.Reason)
			return out
		}
		if f := s.state[p]; f != nil && !p.first {
			// Where updates are lost, texts are, though the few of their own rule were not.
			if says := cmp.Or(s.lossy[f.Inbound], s.lossy[false]); says != "" {
				out.Verdict, out.Evidence = report.NotChecked, nil
				out.Reason = fmt.Sprintf("what is acknowledged is lost now and then (%s says so), so what the state shows here says nothing: %s", says, out.Reason)
			}
		}
		return out
	}
	if p.rule.ID == plainRule && s.shut != nil {
		out.Verdict, out.Reason, out.Evidence = report.Failed, s.shut.Reason, s.shut.Evidence
	} else if reason := s.blamed[p]; reason != "" {
		out.Verdict, out.Reason = report.Failed, reason
	}
	return out
}

func reported(res gherkin.Result) []report.Step {
	out := make([]report.Step, len(res.Steps))
	for i, st := range res.Steps {
		out[i] = report.Step{Text: st.Keyword + " " + st.Text, Ran: st.Ran}
		if st.Err != nil {
			out[i].Err = st.Err.Error()
		}
	}
	return out
}

// burstRule is the rule whose scenario fills a receiver's queue.
const burstRule = contract.ACK2

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
	var unseen *steps.NotChecked
	var status int
	switch {
	case errors.As(err, &away):
		status = away.At.Outcome.Status
	case errors.As(err, &unseen) && unseen.At != nil && driver.NotNow(unseen.At.Outcome):
		status = unseen.At.Outcome.Status
	case out.Verdict == report.Failed && p.rule.ID != burstRule && errors.As(err, &failure) && failure.At != nil && driver.NotNow(failure.At.Outcome):
		status = failure.At.Outcome.Status
	default:
		return false
	}
	if closed, _ := s.isClosed(); closed != "" { // by another scenario, while this one waited
		out.Verdict, out.Reason, out.Evidence = report.NotChecked, closed, nil
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
	why := sinceThen(p, seen)
	switch {
	case status == http.StatusTooManyRequests:
		why += ": it limits how many deliveries it takes, or how many it rejects, and Sent sends as many as there are. Take the limit off this route, or raise it, to have everything judged"
		out.Verdict, out.Reason, out.Evidence = report.NotChecked, s.judgeNoMore(why, nil), nil
	case strings.HasPrefix(p.rule.ID, "SIG-"):
		if len(out.Evidence) == 0 && away != nil {
			out.Evidence = s.evidence(p, away.Refused(), world)
		}
		s.takesNone(p, seen, ": it seems that whoever sends forged ones locks Sent out", out)
	default:
		s.judgeNoMore(why, nil)
	}
	return false
}

func sinceThen(p *planned, seen string) string {
	return fmt.Sprintf("the receiver took the plain delivery at first, and since the scenario %q it takes none (%s)", p.scenario.Name, seen)
}

// takesNone ends the judging by a scenario since which no genuine delivery is taken: that
// is the plain delivery's failure.
func (s *session) takesNone(p *planned, seen, guess string, out *report.Scenario) {
	plain := *out
	plain.Verdict = report.Failed
	plain.Reason = fmt.Sprintf("taken at first; since the scenario %q no genuine delivery is taken (%s)%s", p.scenario.Name, seen, guess)
	out.Verdict, out.Reason, out.Evidence = report.NotChecked, s.judgeNoMore(sinceThen(p, seen), &plain), nil
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
