package cause

import (
	"cmp"
	"slices"
	"strings"

	"github.com/sentsim/sentsim/scenarios/learn"
	"github.com/sentsim/sentsim/scenarios/report"
)

const (
	// least is the share of a mistake's signs that must be there for it to be named.
	least = 0.6
	// certain is the share of signs, both ways, from which on it matches.
	certain = 0.9
	// near is how close a second candidate may come before neither is certain.
	near = 0.85
	// telling is how much more an answer says that gives a mistake away.
	telling = 1.5
	// vague is how much less the signs of a form say that takes any scenario.
	vague = 0.5
	// altered is what a refusal of another class is worth: 400 instead of 500.
	altered = 0.7
)

// place is a scenario, however it ended.
type place struct{ rule, scenario string }

// evidence is a run as the dictionary sees it.
type evidence struct {
	failed  map[place]*seen
	order   []place        // of what failed
	judged  map[place]bool // failed or passed
	broken  map[string]bool
	weights map[place]float64
}

type seen struct {
	sign      Sign
	answer    string // {answer}
	said      string
	explained bool
}

func gather(rules []report.Rule, all []form) *evidence {
	e := &evidence{failed: map[place]*seen{}, judged: map[place]bool{}, broken: map[string]bool{}, weights: map[place]float64{}}
	for _, r := range rules {
		e.broken[r.ID] = bad(r.Verdict)
		for _, s := range r.Scenarios {
			at := place{r.ID, s.Name}
			if s.Verdict == report.Passed {
				e.judged[at] = true
			}
			if !bad(s.Verdict) || !fromFeature(s) {
				continue
			}
			e.judged[at] = true
			e.failed[at] = &seen{sign: Sign{Rule: r.ID, Scenario: s.Name, Shows: shows(s)}, answer: answered(s), said: said(s)}
			e.order = append(e.order, at)
		}
	}
	// A sign of many mistakes says little of each.
	sharing := map[place]map[*mistake]bool{}
	for _, f := range all {
		for _, s := range f.signs {
			at := place{s.Rule, s.Scenario}
			if sharing[at] == nil {
				sharing[at] = map[*mistake]bool{}
			}
			sharing[at][f.of] = true
		}
	}
	for at, by := range sharing {
		e.weights[at] = 1 / float64(len(by))
	}
	return e
}

func (e *evidence) weight(at place) float64 {
	if w, known := e.weights[at]; known {
		return w
	}
	return 1
}

// fit is how well a form explains a run.
type fit struct {
	form    form
	signs   []place // that it explains
	news    float64 // weight of those that nothing else explains
	covered float64 // share of its signs that are there
	alone   float64 // share of what failed of its rules that it explains
	whole   bool    // most of its signs could be seen
}

// unseen tells whether nothing of the sign's rule was judged, so that it is not known
// to be absent.
func (e *evidence) unseen(s Sign) bool {
	for at := range e.judged {
		if at.rule == s.Rule {
			return false
		}
	}
	return true
}

func (f fit) score() float64 { return f.news * f.covered * f.covered }

func (e *evidence) fits(f form) (fit, bool) {
	failed := func(id string) bool { return e.broken[id] }
	if slices.ContainsFunc(f.of.with, func(id string) bool { return !e.broken[id] }) || slices.ContainsFunc(f.of.without, failed) {
		return fit{}, false
	}
	if slices.ContainsFunc(parseSigns(f.of.needs), func(s Sign) bool { return !e.shown(s) }) {
		return fit{}, false
	}
	absent := parseSigns(f.of.absent)
	if slices.ContainsFunc(e.spread(absent), e.shown) || slices.ContainsFunc(absent, e.unseen) {
		return fit{}, false
	}
	out := fit{form: f}
	if f.said != nil {
		for _, at := range e.order {
			s := e.failed[at]
			if slices.Contains(f.of.on, at.rule) && refusal(s.sign.Shows) && f.said.MatchString(s.said) {
				out.signs = append(out.signs, at)
				if !s.explained {
					out.news += telling * e.weight(at)
				}
			}
		}
		out.covered, out.alone, out.whole = 1, 1, true
		return out, out.news > 0
	}
	var has, can, all float64
	worth := 1.0
	if f.loose() {
		worth = vague
	}
	touched := map[string]bool{}
	for _, s := range e.spread(f.signs) {
		at := place{s.Rule, s.Scenario}
		w := e.weight(at)
		all += w
		if !e.judged[at] {
			continue
		}
		can += w
		touched[at.rule] = true
		got := e.failed[at]
		if got == nil {
			continue
		}
		share := likeness(s.Shows, got.sign.Shows)
		has += w * share
		if share == 0 {
			continue
		}
		out.signs = append(out.signs, at)
		if !got.explained {
			out.news += worth * w * share
		}
	}
	if can == 0 || out.news == 0 || out.news < worth*has/2 {
		return fit{}, false
	}
	var others float64
	for _, at := range e.order {
		if touched[at.rule] && !slices.Contains(f.of.covers, at.rule) && !e.failed[at].explained && !slices.Contains(out.signs, at) {
			others += e.weight(at)
		}
	}
	out.covered, out.alone, out.whole = has/can, has/(has+others), can >= all/2
	return out, out.covered >= least
}

// shown reports whether a sign is there.
func (e *evidence) shown(s Sign) bool {
	got := e.failed[place{s.Rule, s.Scenario}]
	return got != nil && likeness(s.Shows, got.sign.Shows) > 0
}

// spread puts what failed in the place of names with a *.
func (e *evidence) spread(signs []Sign) []Sign {
	var all []Sign
	for _, s := range signs {
		if !strings.Contains(s.Scenario, "*") {
			all = append(all, s)
			continue
		}
		for _, at := range e.order {
			if at.rule == s.Rule && likeness(s.Shows, e.failed[at].sign.Shows) == 1 && matches(s.Scenario, at.scenario) {
				all = append(all, Sign{Rule: s.Rule, Scenario: at.scenario, Shows: s.Shows})
			}
		}
	}
	return all
}

// likeness is what one way to fail is worth where another was expected.
func likeness(want, got string) float64 {
	switch {
	case want == got:
		return 1
	case got == tooMany:
		return 0
	case want == "refused" && refusal(got), want == "state" && !refusal(got) && got != "2xx":
		return 1
	case refusal(want) && refusal(got):
		return altered
	}
	return 0
}

func refusal(shows string) bool {
	return !slices.Contains([]string{"2xx", "state", "more", "fewer", "some"}, shows)
}

// matches reports whether a name is what a pattern says, in which * is any text.
func matches(pattern, name string) bool {
	parts := strings.Split(pattern, "*")
	if !strings.HasPrefix(name, parts[0]) || !strings.HasSuffix(name, parts[len(parts)-1]) {
		return false
	}
	for _, part := range parts {
		_, after, found := strings.Cut(name, part)
		if !found {
			return false
		}
		name = after
	}
	return true
}

// recognised are the known mistakes that explain what failed, one after another:
// each time the one that explains most of what is left.
func recognised(f Facts, all []form, causes []report.Cause) []report.Cause {
	e := gather(f.Rules, all)
	for _, at := range e.order {
		e.failed[at].explained = slices.ContainsFunc(causes, func(c report.Cause) bool { return slices.Contains(c.Rules, at.rule) })
	}
	for _, form := range all { // what learning has found explains more than its rule
		found := slices.ContainsFunc(causes, func(c report.Cause) bool { return c.ID == form.of.id })
		if got, ok := e.fits(form); ok && found && form.of.tried {
			causes = e.named(causes, got, true)
			e.explain(got)
		}
	}
	for {
		var best []fit
		for _, form := range all {
			if form.of.tried {
				continue
			}
			if got, ok := e.fits(form); ok {
				best = append(best, got)
			}
		}
		if len(best) == 0 {
			return causes
		}
		slices.SortStableFunc(best, func(a, b fit) int { return cmp.Compare(b.score(), a.score()) })
		first := best[0]
		rivals := slices.DeleteFunc(best[1:], func(r fit) bool {
			return r.form.of == first.form.of || r.score() < near*first.score() || !overlap(r.signs, first.signs)
		})
		sure := first.covered >= certain && first.alone >= certain && first.whole && first.form.proven() && len(rivals) == 0
		causes = e.named(causes, first, sure)
		if len(rivals) > 0 {
			causes = e.named(causes, rivals[0], false)
		}
		e.explain(first)
	}
}

// explain notes what a fit explains.
func (e *evidence) explain(f fit) {
	for _, at := range e.order {
		if slices.Contains(f.signs, at) || slices.Contains(f.form.of.covers, at.rule) {
			e.failed[at].explained = true
		}
	}
}

func overlap(a, b []place) bool {
	return slices.ContainsFunc(a, func(at place) bool { return slices.Contains(b, at) })
}

// named adds a cause, or more rules to one that has been named already.
func (e *evidence) named(causes []report.Cause, f fit, sure bool) []report.Cause {
	m := f.form.of
	certainty := learn.Likely
	if sure {
		certainty = learn.Matches
	}
	answer, what := "", ""
	var rules []string
	for _, at := range f.signs {
		if !slices.Contains(rules, at.rule) {
			rules = append(rules, at.rule)
		}
		if s := e.failed[at]; answer == "" && refusal(s.sign.Shows) {
			answer = s.answer
			_, what, _ = strings.Cut(at.scenario, ": ")
			if what == "" {
				what = strings.TrimSuffix(at.scenario, " is accepted")
			}
		}
	}
	for _, id := range m.covers {
		if e.broken[id] && !slices.Contains(rules, id) {
			rules = append(rules, id)
		}
	}
	if i := slices.IndexFunc(causes, func(c report.Cause) bool { return c.ID == m.id }); i >= 0 {
		for _, id := range rules {
			if !slices.Contains(causes[i].Rules, id) {
				causes[i].Rules = append(causes[i].Rules, id)
			}
		}
		return causes
	}
	return append(causes, report.Cause{
		ID: m.id, Summary: strings.NewReplacer("{answer}", answer, "{what}", what).Replace(m.summary), Fix: m.fix, Rules: rules, Certainty: string(certainty),
	})
}
