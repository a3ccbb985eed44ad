package scenarios

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sentsim/sentsim/scenarios/diagnosis"
	"github.com/sentsim/sentsim/scenarios/driver"
	"github.com/sentsim/sentsim/scenarios/learn"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/scenarios/steps"
	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/contract"
	"github.com/sentsim/sentsim/simulator/event"
)

// diagnose finds out why the plain signed delivery was refused, so that the user
// reads one cause instead of forty failures.
func (s *session) diagnose(ctx context.Context, plain steps.Exchange) *report.Diagnosis {
	d := diagnosis.Of(ctx, s.underDiagnosis(), plain.Outcome)
	return &d
}

// hasSecret says how the target got its signing secret from us: in the environment in
// which it was started, or handed to the function that makes it; else it had one.
func (s *session) hasSecret() (started, handed bool) {
	t := s.cfg.Target
	return t.Exec != "" || t.Image != "" || t.Dockerfile != "", t.Handler != nil
}

// underDiagnosis is the target as the diagnosis wants it.
func (s *session) underDiagnosis() diagnosis.Receiver {
	sub := s.subject
	started, handed := s.hasSecret()
	r := diagnosis.Receiver{
		Driver: sub.Driver(), SentWaits: time.Duration(sub.Knobs.TimeoutSeconds) * time.Second,
		Started: started, Handed: handed, SecretEnv: s.cfg.SecretEnv, Others: variants(sub.Knobs), Seed: sub.Seed,
		Log: sub.Target.Log, Redact: s.redact, Starved: sub.Pulse.Starved,
	}
	if started {
		r.Alive = sub.Target.Alive
	}
	return r
}

// variants are genuine deliveries of other kinds and in other dialects.
func variants(k simulator.Knobs) []diagnosis.Variant {
	all := []diagnosis.Variant{
		{Name: "a message.received event", Type: "message.received", Knobs: k},
		{Name: "a templates event", Type: event.Templates, Knobs: k},
		{Name: "a message.delivered event", Type: "message.delivered", Knobs: k},
	}
	for _, e := range event.Editions() {
		other := k.In(e)
		if other.Format() == k.Format() {
			continue
		}
		all = append(all, diagnosis.Variant{
			Name: "events of edition " + e.Name, Type: "message.queued", Knobs: other,
			Fix: fmt.Sprintf("Read what Sent sends today; if yours is meant for the older form, test with --edition %s.", e.Name),
		})
	}
	return all
}

// wonder looks for the cause behind a genuine delivery that is refused though the
// plain one was accepted: a mistake that spoils only some signatures, a tolerance so
// tight that chance decides, or a change of the body that shows with some bodies only.
// Where one of the first two is found, nothing else is judged by what chance decides.
func (s *session) wonder(ctx context.Context, p *planned, err error, out *report.Scenario) {
	var failure *steps.Failure
	if !errors.As(err, &failure) || failure.At == nil || out.Verdict == report.NotChecked || ctx.Err() != nil {
		return
	}
	x, by := *failure.At, p.rule.ID
	s.mu.Lock()
	known := s.diagnosis != nil
	s.mu.Unlock()
	if known {
		return
	}
	switch by {
	case plainRule:
		if found := diagnosis.Sometimes(ctx, s.underDiagnosis(), x.Outcome); found != nil {
			s.explain(found, by)
			s.closeByChance(by)
		}
	case contract.SIG9, contract.TOL5:
		if found := diagnosis.BodyRefused(ctx, s.underDiagnosis(), x.Request, x.Outcome); found != nil {
			s.explain(found, by)
		}
	default:
		found := s.chance(ctx, by, x)
		switch {
		case found == nil:
		case by == contract.SIG8: // it says so itself
			s.explain(found, by)
			s.closeByChance(by)
		default:
			s.shutBy(found, x)
			out.Verdict, out.Reason, out.Evidence = report.NotChecked, notOpen, nil
		}
	}
}

// chance looks once, and for SIG-8 in any case, whether a genuine delivery was refused
// because the tolerance of its timestamp is so tight that chance decides.
func (s *session) chance(ctx context.Context, by contract.ID, x steps.Exchange) *report.Diagnosis {
	genuine := x.Genuine == nil && x.Outcome.Rejected() && !driver.NotNow(x.Outcome)
	if !genuine || s.first.passed.Name == "" || s.subject.Wide() || s.wondered && by != contract.SIG8 {
		return nil
	}
	s.wondered = true
	return diagnosis.TightTolerance(ctx, s.underDiagnosis(), x.Outcome)
}

// explain keeps the diagnosis of a rule's failure, if there is none yet.
func (s *session) explain(found *report.Diagnosis, by contract.ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.diagnosis == nil {
		s.diagnosis, s.diagnosed = found, by
	}
}

// closeByChance ends the judging of a receiver that takes genuine deliveries by chance.
func (s *session) closeByChance(by contract.ID) {
	if !s.subject.Wide() { // else what others saw meanwhile stands
		s.judgeNoMore(by+" did not pass: some genuine deliveries are refused by one mistake, so nothing that builds on an accepted delivery can be seen", nil)
	}
}

// mostResigned is how many refused deliveries are sent again, signed otherwise.
const mostResigned = 60

// resign looks, where genuine deliveries were refused though ordinary ones are
// taken, whether the receiver changes bodies before it verifies them. That is one
// mistake of one rule, SIG-9 where that failed: what else fails by it says nothing
// of its own rule.
func (s *session) resign(ctx context.Context, plans []planned) {
	var of []*planned
	s.mu.Lock()
	for i := range plans {
		if _, ok := s.refused[&plans[i]]; ok {
			of = append(of, &plans[i])
		}
	}
	// Ordinary bodies tell more mistakes apart than those that are odd on purpose.
	odd := func(p *planned) int { return strings.Count(contract.SIG9+" "+contract.TOL5, p.rule.ID) }
	slices.SortStableFunc(of, func(a, b *planned) int { return odd(a) - odd(b) })
	of = of[:min(len(of), mostResigned)]
	refused := make([]steps.Exchange, len(of))
	for n, p := range of {
		refused[n] = s.refused[p]
	}
	s.mu.Unlock()
	devs := &s.subject.Traits.Deviations
	for _, d := range *devs {
		if d.At != nil {
			refused = append(refused, *d.At)
		}
	}
	if len(refused) == 0 || s.first.passed.Name == "" || s.first.closed != "" || ctx.Err() != nil {
		return
	}
	changed, d := diagnosis.Resigned(ctx, s.underDiagnosis(), s.first.taken.Request, refused)
	if d == nil {
		return
	}
	if !slices.ContainsFunc(slices.Collect(maps.Keys(changed)), func(n int) bool { return n < len(of) }) {
		*devs = carriedBy(*devs, *d, func(n int) bool { return changed[len(of)+n] })
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.diagnosis == nil {
		s.diagnosis = d
	}
	carrier := func(id contract.ID) bool {
		return slices.ContainsFunc(of, func(p *planned) bool { return p.rule.ID == id })
	}
	switch {
	case carrier(contract.SIG9):
		s.diagnosed = contract.SIG9
	case s.diagnosed == "":
		for n, p := range slices.Backward(of) {
			if changed[n] {
				s.diagnosed = p.rule.ID
			}
		}
	}
	if s.diagnosed == "" {
		return // no scenario fails by it that could carry it
	}
	n := len(of)
	*devs = slices.DeleteFunc(slices.Clone(*devs), func(d learn.Deviation) bool { // it is no status that is refused
		if d.At == nil {
			return false
		}
		n++
		return changed[n-1]
	})
	for n, p := range of {
		if changed[n] && p.rule.ID != s.diagnosed {
			s.excused[p] = fmt.Sprintf("its body is changed before its signature is verified (%s), which is %s's to say: signed over the changed body it is taken", d.Cause, s.diagnosed)
		}
	}
}

// countCopies looks, where a duplicate had a second effect, whether every copy has one,
// and where only one that came later had, whether what came between was too much. Of two
// statuses at the same instant that end wrong it looks for what their timestamps have to do with it.
func (s *session) countCopies(ctx context.Context) {
	s.mu.Lock()
	lost, doubled := len(s.lossy) > 0, map[contract.ID]bool{}
	for p := range s.state {
		doubled[p.rule.ID] = true
	}
	s.mu.Unlock()
	if lost || ctx.Err() != nil || s.first.closed != "" || s.lost() != "" {
		return
	}
	if doubled[contract.IDEM4] && !doubled[contract.ORD3] {
		s.sameSecond = s.subject.TellSameSecond(ctx)
	}
	switch {
	case doubled[contract.IDEM1] || doubled[contract.IDEM2]: // one copy may come to the process that knows it
		s.copies = s.subject.CountCopies(ctx)
	case doubled[contract.IDEM6]:
		s.forgets = s.subject.Forgets(ctx)
	}
}

// carriedBy gives the first deviation that a changed body explains its name, where no
// scenario can carry it, and leaves the others out: it is no status or channel that is
// refused. changed counts those that have an exchange.
func carriedBy(all []learn.Deviation, d report.Diagnosis, changed func(int) bool) []learn.Deviation {
	var out []learn.Deviation
	n, told := 0, false
	for _, dev := range all {
		explained := dev.At != nil && changed(n)
		if dev.At != nil {
			n++
		}
		switch {
		case !explained:
			out = append(out, dev)
		case !told:
			told = true
			dev.ID, dev.Name, dev.Reason, dev.Fix = d.Cause, "a genuine delivery is accepted, whatever its body", d.Summary, d.Fix
			out = append(out, dev)
		}
	}
	return out
}

// fixOf puts the diagnosis's advice in the place of a rule's own where that is
// about something else: what TOL-5 advises is about storing an unusual body and
// not about its signature, what ACK-3 advises about a redirect is wrong for a
// login.
func (s *session) fixOf(r report.Rule) report.Rule {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.diagnosis == nil || r.Verdict != report.Failed {
		return r
	}
	ofBody := s.diagnosed == contract.SIG9 || s.diagnosed == contract.TOL5
	if ofBody && (r.ID == contract.SIG9 || r.ID == contract.TOL5) || s.diagnosed != "" && r.ID == s.diagnosed || s.diagnosed == "" && r.ID == redirectRule && s.first.redirects {
		r.Fix = s.diagnosis.Fix
	}
	return r
}
