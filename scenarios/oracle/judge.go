package oracle

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sentsim/sentsim/scenarios/probe"
	"github.com/sentsim/sentsim/simulator/chaos"
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
	return e.statusFits(st) && (e.effectsFit(st) || len(e.Orders) == 0) && (r.Subject.Kind != chaos.AboutInbound || e.Absent || e.countFits(st, r, 1))
}

func (e Expectation) statusFits(st probe.State) bool {
	switch {
	case e.Unjudged != "":
		return true
	case e.Absent:
		return !st.Known
	case len(e.Statuses) == 0 || !st.Known && e.Missing:
		return true
	case st.Known && !st.HasStatus:
		return true // the probe reads no status
	}
	return slices.ContainsFunc(e.Statuses, st.StatusIs)
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

// Verdict is what a record's state says.
type Verdict struct {
	Kept     []string // rules that it shows to be kept
	Broken   *Violation
	Suspects []string // the rules that Broken may stand for, when its cause is one of several
}

// Judge compares the last reading of a record with what was expected. shown
// tells that the probe has shown an accepted event, without which an absence
// proves nothing.
func (o *Oracle) Judge(r *Record, e Expectation, st probe.State, c Controls, shown bool) Verdict {
	v := Violation{Subject: r.Subject, Seen: st.Raw, Story: r.Story()}
	broken := func(rules []string, expected, summary string) Verdict {
		v.Rule, v.Expected, v.Summary = rules[0], expected, summary
		return Verdict{Broken: &v, Suspects: rules}
	}
	switch {
	case e.Unjudged != "":
		return Verdict{}
	case e.Absent && st.Known:
		return broken([]string{"SIG-13"}, "no trace of it", fmt.Sprintf("%s left a trace, although the delivery was refused", r.forgedName()))
	case e.Absent:
		if !shown {
			return Verdict{}
		}
		return Verdict{Kept: []string{"SIG-13"}}
	case r.Subject.Kind == chaos.AboutInbound:
		return o.judgeCount(r, e, st, c, broken)
	}
	if !e.statusFits(st) {
		rule := r.whyStatus(e, st)
		return broken([]string{rule}, fmt.Sprintf("%s to end as %s", name(r.Subject), strings.Join(e.Statuses, " or ")),
			fmt.Sprintf("%s is %s in the receiver's state, not %s", name(r.Subject), statusOf(st), strings.Join(e.Statuses, " or ")))
	}
	if r.Subject.Kind == chaos.AboutMessage && len(e.Orders) > 0 && st.HasEffects && !e.effectsFit(st) {
		least, most, known := c.bounds(e.Orders)
		switch {
		case !known || most == 0:
		case st.Effects > most:
			return broken(r.whyTooMany(), fmt.Sprintf("%d effects, as on a message that got each of %s once", most, e.Orders[0]),
				fmt.Sprintf("%d effects on %s; each event delivered once has %d", st.Effects, name(r.Subject), most))
		case st.Effects < least:
			return broken([]string{r.whyTooFew()}, fmt.Sprintf("%d effects, as on a message that got each of %s once", least, e.Orders[0]),
				fmt.Sprintf("%d effects on %s; each event delivered once has %d", st.Effects, name(r.Subject), least))
		}
	}
	return Verdict{Kept: r.shows(st)}
}

func (o *Oracle) judgeCount(r *Record, e Expectation, st probe.State, c Controls, broken func([]string, string, string) Verdict) Verdict {
	each := max(1, c.Text)
	if !st.HasCount || e.countFits(st, r, each) {
		return Verdict{Kept: r.shows(st)}
	}
	if c.Text == 0 {
		return Verdict{} // no control: what a text counts for is not known
	}
	n := st.Count - r.Baseline
	want := fmt.Sprintf("%d", e.Most*each)
	if e.Least != e.Most {
		want = fmt.Sprintf("%d to %d", e.Least*each, e.Most*each)
	}
	rules := r.whyTooMany()
	if n < e.Least*each {
		rules = []string{r.whyTooFew()}
	}
	return broken(rules, want+" more inbound messages of the contact", fmt.Sprintf("%d inbound messages are counted of %s, not %s", n, name(r.Subject), want))
}

// bounds are the least and the most effects that the orders amount to.
func (c Controls) bounds(all []Order) (least, most int, known bool) {
	for i, o := range all {
		n, ok := c.Effects[o.String()]
		if !ok {
			return 0, 0, false
		}
		if i == 0 || n < least {
			least = n
		}
		most = max(most, n)
	}
	return least, most, len(all) > 0
}

func name(s chaos.Subject) string {
	switch s.Kind {
	case chaos.AboutInbound:
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
