package oracle

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/sentsim/sentsim/scenarios/probe"
	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/contract"
	"github.com/sentsim/sentsim/simulator/event"
)

// Controls are what events amount to on this receiver, found with subjects that
// got each of them once.
type Controls struct {
	Effects map[string]int // by Order.String
	Text    int            // what one inbound text counts for; 0: not known
}

// Fits reports whether a reading is what was expected, as far as that can be
// told without a control.
func (e Expectation) Fits(st probe.State, r *Record) bool {
	switch {
	case e.Unjudged != "":
		return true
	case e.Absent:
		return !r.hasTrace(st)
	case r.Subject.Kind == chaos.AboutContact && !e.Standing.Fits(st.OptedOut):
		return false
	}
	return e.statusFits(st) && (e.effectsFit(st) || len(e.Orders) == 0) && (r.Subject.Kind != chaos.AboutInbound || e.countFits(st, r, 1))
}

// hasTrace reports whether a refused delivery has left a trace. Of a text, that is a count
// above what was counted of the contact before it.
func (r *Record) hasTrace(st probe.State) bool {
	return st.Known && (r.Subject.Kind != chaos.AboutInbound || !st.HasCount || st.Count > r.Baseline)
}

func (e Expectation) statusFits(st probe.State) bool {
	switch {
	case len(e.Statuses) == 0 || !st.Known && e.Missing:
		return true
	case st.Known && !st.HasStatus:
		return true // the probe reads no status
	}
	return slices.ContainsFunc(e.Statuses, func(status string) bool { return e.words.Is(st, event.Status(status)) })
}

// effectsFit goes by the plainest count: one for each event.
func (e Expectation) effectsFit(st probe.State) bool {
	if !st.HasEffects {
		return true
	}
	return slices.ContainsFunc(e.Orders, func(o Order) bool { return len(o) == st.Effects })
}

func (e Expectation) countFits(st probe.State, r *Record, each int) bool {
	n := st.Count - r.Baseline
	return !st.HasCount || n >= e.Least*each && n <= e.Most*each
}

// Judge compares the last reading of a record with what was expected, and notes
// what that shows. shown tells that the probe has shown an accepted event,
// without which an absence proves nothing.
func (o *Oracle) Judge(r *Record, e Expectation, st probe.State, c Controls, shown bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	v := Violation{Subject: r.Subject, Seen: st.Raw, Story: r.Story(), Restarted: r.readAcrossRestart()}
	switch {
	case e.Unjudged != "":
	case e.Absent && r.hasTrace(st):
		v.Rule, v.Expected = contract.SIG13, "no trace of it"
		v.Summary = fmt.Sprintf("%s left a trace, although the delivery was refused", r.forgedName())
		o.findings.broken(v)
	case e.Absent:
		if shown {
			o.findings.kept(contract.SIG13)
		}
	case r.Subject.Kind == chaos.AboutInbound:
		o.judgeCount(r, e, st, c, v)
	case r.Subject.Kind == chaos.AboutContact:
		o.judgeContact(r, e, st, v)
	case o.judgeStatus(r, e, st, v) && o.judgeEffects(r, e, st, c, v):
		o.shown(r, e, st)
	}
}

func (o *Oracle) shown(r *Record, e Expectation, st probe.State) {
	for _, rule := range r.shows(e, st) {
		o.findings.kept(rule)
	}
}

func (o *Oracle) judgeStatus(r *Record, e Expectation, st probe.State, v Violation) (ok bool) {
	ok = e.statusFits(st)
	features := r.stateFeatures(e, st)
	o.stateBlame.add(features, !ok)
	if ok {
		return true
	}
	want := strings.Join(e.Statuses, " or ")
	v.Expected = fmt.Sprintf("%s to end as %s", name(r.Subject), want)
	v.Summary = fmt.Sprintf("%s is %s in the receiver's state, not %s", name(r.Subject), statusOf(st), want)
	switch {
	case st.Known && !r.told(st) && r.claimed(st): // or another message has been told so
		v.Rule, v.Could = contract.SIG13, []string{contract.SIG13, contract.ORD7}
	case r.Subject.Kind == chaos.AboutTemplate:
		o.suspect(&o.states, v, features, contract.TPL1)
		return false
	case st.Known && !r.told(st):
		v.Rule = contract.ORD7
	default:
		o.suspect(&o.states, v, features, contract.ORD1)
		return false
	}
	o.findings.broken(v)
	return false
}

func (o *Oracle) judgeEffects(r *Record, e Expectation, st probe.State, c Controls, v Violation) (ok bool) {
	if r.Subject.Kind != chaos.AboutMessage || len(e.Orders) == 0 || !st.HasEffects {
		return true
	}
	features := r.effectFeatures()
	least, most, known := c.bounds(e.Orders)
	many, few := known && most > 0 && st.Effects > most, known && st.Effects < least
	if e.effectsFit(st) {
		many, few = false, false
	}
	o.manyBlame.add(features, many)
	fewer := o.tooFewFeatures(r)
	o.fewBlame.add(fewer, few)
	n := most
	if few {
		n = least
	}
	v.Expected = fmt.Sprintf("%d effects, as on a message that got each of %s once", n, e.Orders[0])
	v.Summary = fmt.Sprintf("%d effects on %s; each event delivered once has %d", st.Effects, name(r.Subject), n)
	switch {
	case many:
		v.Restarted = r.deliveredAcrossRestart()
		base := contract.ORD7
		if len(features) > 0 {
			base = features[0].Rule
		}
		o.suspect(&o.many, v, features, base)
	case few:
		o.suspect(&o.few, v, fewer, contract.IDEM4)
	}
	return !many && !few
}

func (o *Oracle) judgeCount(r *Record, e Expectation, st probe.State, c Controls, v Violation) {
	each := max(1, c.Text)
	n := st.Count - r.Baseline
	right := e.countFits(st, r, each) || e.countFits(st, r, 1)
	if !right && c.Text == 0 || !st.HasCount {
		return // no control: what a text counts for is not known
	}
	many, few := !right && n > e.Most*each, !right && n < e.Least*each
	o.manyBlame.add(r.effectFeatures(), many)
	o.fewBlame.add(o.tooFewFeatures(r), few)
	want := itoa(e.Most * each)
	if e.Least != e.Most {
		want = fmt.Sprintf("%d to %d", e.Least*each, e.Most*each)
	}
	v.Expected = want + " more inbound messages of the contact"
	v.Summary = fmt.Sprintf("%d inbound messages are counted of %s, not %s", n, name(r.Subject), want)
	switch {
	case many:
		v.Restarted = r.deliveredAcrossRestart()
		features, base := r.effectFeatures(), contract.IDEM5
		if r.Forged() && features[0].Rule == contract.SIG13 { // nothing came twice
			base = contract.SIG13
		}
		o.suspect(&o.many, v, features, base)
	case few:
		base := contract.IDEM4
		if r.several() {
			base = contract.IDEM5
		}
		o.suspect(&o.few, v, o.tooFewFeatures(r), base)
	default:
		o.shown(r, e, st)
	}
}

// bounds are the least and the most effects that the events amount to: where a
// receiver counts only what moves a message on, they depend on the order, which
// is the receiver's own where several workers take the events.
func (c Controls) bounds(all []Order) (least, most int, known bool) {
	least = math.MaxInt
	for _, o := range all {
		for _, control := range []Order{o.Forward(), o.Backward()} {
			n, ok := c.Effects[control.String()]
			if !ok {
				return 0, 0, false
			}
			least, most = min(least, n), max(most, n)
		}
	}
	return least, most, len(all) > 0
}

func name(s chaos.Subject) string {
	switch s.Kind {
	case chaos.AboutInbound, chaos.AboutContact:
		return "the contact " + s.From
	case chaos.AboutTemplate:
		return "the template " + s.ID.String()
	case chaos.AboutMessage:
	}
	return "the message " + s.ID.String()
}

func (r *Record) forgedName() string {
	for _, a := range r.forged() {
		return describe(a.Step)
	}
	return "a forged delivery"
}

func statusOf(st probe.State) string {
	switch {
	case !st.Known:
		return "unknown"
	case !st.HasStatus:
		return "without a status"
	}
	return st.Status
}
