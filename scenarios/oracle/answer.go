package oracle

import (
	"fmt"
	"slices"
	"time"

	"github.com/sentsim/sentsim/scenarios/rule"
	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/contract"
	"github.com/sentsim/sentsim/simulator/delivery"
)

// Answer judges what came back for one step, without the target's state. said is
// the outcome in a few words. ok is false for a violation.
func Answer(s chaos.Step, out delivery.Outcome, said string) (v Violation, ok bool) {
	wrong := func(rule, expected, format string, args ...any) (Violation, bool) {
		return Violation{
			Rule: rule, Subject: s.Subject, Step: s.Number, Expected: expected,
			Summary: fmt.Sprintf(format, args...),
		}, false
	}
	what := describe(s)
	switch {
	case s.Sender.Leaves() || out.Kind == delivery.Cancelled || s.Rule == "":
		return v, true
	case s.Kind == chaos.KindForge:
		if out.Rejected() {
			return v, true
		}
		return wrong(s.Rule, "a rejection: 401, or another 4xx", "%s: %s", what, said)
	case s.Rule == contract.TOL7:
		switch {
		case out.Rejected():
			return v, true
		case out.Kind == delivery.Answered && out.Status < 500:
			return wrong(contract.TOL7, "a 4xx", "%s: %s", what, said)
		}
		return wrong(contract.TOL9, "a 4xx; no 5xx, hang or crash", "%s: %s", what, said)
	case out.Accepted():
		return v, true
	case out.Kind == delivery.Answered && out.Status/100 == 3:
		return wrong(contract.ACK3, "a 2xx from the receiver itself", "%s: %s", what, said)
	}
	return wrong(s.Rule, "a 2xx", "%s: %s", what, said)
}

// burstTime is how long the answers of a burst may take (ACK-2).
const burstTime = 5 * time.Second

// Evidence is an exchange in print.
type Evidence struct{ Said, Request, Response string }

// Answered judges what came back for a step that was sent at now. It must be
// called before Saw, which is told of the same step. ok is false for a violation.
func (o *Oracle) Answered(s chaos.Step, out delivery.Outcome, now time.Time, show func() Evidence) (ok bool) {
	v, ok := Answer(s, out, "")
	if !ok || has(s, chaos.FaultBurst) && out.Duration > burstTime {
		e := show()
		v, ok = Answer(s, out, e.Said)
		v.Request, v.Response = e.Request, e.Response
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if has(s, chaos.FaultBurst) && ok && out.Accepted() && out.Duration > burstTime {
		v.Rule, v.Subject, v.Step, v.Expected = contract.ACK2, s.Subject, s.Number, "a 2xx within "+burstTime.String()
		v.Summary = fmt.Sprintf("%s: answered only after %s", describe(s), out.Duration.Round(time.Millisecond))
		o.findings.broken(v)
		return false
	}
	judged := !s.Sender.Leaves() && out.Kind != delivery.Cancelled
	if !judged || out.Kind == delivery.Refused || out.Kind == delivery.Unreached {
		return true // says nothing, or only that nobody is there
	}
	if s.Kind == chaos.KindForge || s.Rule == contract.TOL7 {
		rules := []string{s.Rule}
		if s.Rule == contract.TOL7 {
			rules = append(rules, contract.TOL9)
		}
		o.settle(v, ok, rules)
		return ok
	}
	if r := o.records[keyOf(s.Subject)]; o.epoch > 0 {
		// Of what came before a restart that the target forgot at, there is no record.
		v.Restarted = r == nil || len(r.Arrivals) == 0 || r.Arrivals[0].Epoch < o.epoch
	}
	features := answerFeatures(s, o.records[keyOf(s.Subject)], Circumstances{Rotated: o.rotated, Enabled: o.enabled, Now: now})
	redirected := !ok && v.Rule == contract.ACK3
	o.answerBlame.add(features, !ok && !redirected)
	switch {
	case redirected:
		o.findings.broken(v)
	case !ok:
		o.suspect(&o.answers, v, features, contract.SIG1)
	default:
		rules := []string{contract.SIG1, contract.ACK3}
		for _, f := range features {
			if !slices.Contains(rules, f.Rule) && !rule.ByProbe(f.Rule) {
				rules = append(rules, f.Rule)
			}
		}
		o.settle(v, true, rules)
	}
	return ok
}

// settle notes a violation, or the rules that were kept. The lock is held.
func (o *Oracle) settle(v Violation, ok bool, rules []string) {
	if !ok {
		o.findings.broken(v)
		return
	}
	for _, rule := range rules {
		o.findings.kept(rule)
	}
}

// describe names a delivery in a sentence.
func describe(s chaos.Step) string {
	what := string(s.Event.Type)
	if s.Subject.Kind == chaos.AboutTemplate {
		what = "a template's " + s.Event.Status
	}
	what += " event"
	switch {
	case s.Kind == chaos.KindForge:
		doc := s.Forgery
		if f, err := chaos.Lookup(s.Forgery); err == nil {
			doc = f.Name + ": " + f.Doc
		}
		return fmt.Sprintf("a forged %s (%s)", what, doc)
	case s.Rule == contract.TOL7:
		return fmt.Sprintf("a signed body that is not an object (%.40q)", string(s.Body))
	case s.Attempt > 1:
		what = fmt.Sprintf("%s, %s (attempt %d)", what, s.Occurrence, s.Attempt)
	}
	for _, f := range s.Faults {
		switch f {
		case chaos.FaultBurst:
			what += ", in a burst"
		case chaos.FaultExtraFields:
			what += ", with fields that are not documented"
		case chaos.FaultNullFields:
			what += ", with an optional field null or missing"
		case chaos.FaultHostileText:
			what += ", with a hostile text"
		case chaos.FaultSlowSender:
			what += ", sent slowly"
		case chaos.FaultSkew:
			what += ", signed by a clock that is off by " + s.Skew.String()
		case chaos.FaultSkip, chaos.FaultUnknownStatus, chaos.FaultUnknownField, chaos.FaultNotAnObject,
			chaos.FaultLateRetry, chaos.FaultLostAck, chaos.FaultHangUp, chaos.FaultReset, chaos.FaultReorder,
			chaos.FaultTogether, chaos.FaultDuplicate, chaos.FaultAtOnce, chaos.FaultLateDuplicate, chaos.FaultResigned, chaos.FaultForgery,
			chaos.FaultPause, chaos.FaultRestart, chaos.FaultRotate, chaos.FaultDisable:
		}
	}
	return what
}
