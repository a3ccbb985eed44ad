package shrink

import (
	"context"
	"slices"

	"github.com/sentsim/sentsim/scenarios/oracle"
	"github.com/sentsim/sentsim/scenarios/rule"
	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/contract"
	"github.com/sentsim/sentsim/simulator/trace"
)

// begin is a part that fails, the smallest of those where one expects it. Before
// the whole run is tried, what broke other rules is: it may be the same mistake, and
// show in less.
func (sh *shrinker) begin(ctx context.Context) ([]chaos.Step, error) {
	for _, r := range sh.rules {
		sh.rule = r
		parts, _ := sh.parts()
		if part, err := sh.beginWith(ctx, parts); part != nil || err != nil {
			return part, err
		}
	}
	sh.rule = sh.rules[0]
	_, whole := sh.parts()
	if whole == nil {
		return nil, nil
	}
	return sh.beginWith(ctx, [][]chaos.Step{whole})
}

// beginWith is the first of the parts that fails, in whatever way it is told.
func (sh *shrinker) beginWith(ctx context.Context, parts [][]chaos.Step) ([]chaos.Step, error) {
	type way struct {
		concurrency int
		words       bool
	}
	state := !slices.ContainsFunc(sh.f.Findings.Violations[sh.rule.ID], func(v oracle.Violation) bool { return v.Step > 0 })
	ways := []way{{1, state}}
	if state {
		ways = append(ways, way{1, false})
	}
	if sh.f.Concurrency > 1 {
		ways = append(ways, way{sh.f.Concurrency, state})
	}
	consent := slices.Contains([]contract.ID{contract.INB2, contract.CON1, contract.CON2}, sh.rule.ID)
	for _, w := range ways {
		sh.concurrency, sh.redraw.Words, sh.redraw.Stop = w.concurrency, w.words, w.words && !consent
		for _, part := range parts {
			fails, err := sh.fails(ctx, part, 2)
			if err != nil {
				return nil, err
			}
			if fails {
				return part, nil
			}
		}
	}
	return nil, nil
}

// parts are where the failure may be reproduced: the delivery that was answered
// wrongly, whom the wrong state is about, then with whoever was there at the same
// instant and what was done to the target, then everybody who was hurt. whole is
// all that was done, or nil if that is too much.
func (sh *shrinker) parts() (parts [][]chaos.Step, whole []chaos.Step) {
	accused := map[string]bool{}
	single := map[int]bool{}
	for _, v := range sh.f.Findings.Violations[sh.rule.ID] {
		if name := trace.Who(v.Subject); name != "" {
			accused[name] = true
		}
		if v.Step > 0 {
			single[v.Step] = true
		}
	}
	var all []chaos.Step
	groups := map[int]bool{}
	complete := true
	for st := range sh.f.Steps {
		about := accused[trace.Who(st.Subject)]
		if about && st.Group != 0 {
			groups[st.Group] = true
		}
		if len(all) >= maxWhole {
			complete = false
		}
		if complete || about || single[st.Number] {
			all = append(all, st)
		}
	}
	only := func(keep func(chaos.Step) bool) []chaos.Step {
		return slices.DeleteFunc(slices.Clone(all), func(st chaos.Step) bool { return !keep(st) })
	}
	add := func(part []chaos.Step) {
		same := func(p []chaos.Step) bool {
			return slices.EqualFunc(p, part, func(a, b chaos.Step) bool { return a.Number == b.Number })
		}
		if len(part) > 0 && !slices.ContainsFunc(parts, same) {
			parts = append(parts, part)
		}
	}
	for _, v := range sh.f.Findings.Violations[sh.rule.ID] {
		if v.Step > 0 {
			add(only(func(st chaos.Step) bool { return st.Number == v.Step }))
			break
		}
	}
	var each [][]chaos.Step
	for name := range accused {
		each = append(each, only(func(st chaos.Step) bool { return trace.Who(st.Subject) == name }))
	}
	// What happens at one instant comes in any order: a failure that needs none
	// of it is the same every time, and easier to tell.
	together := func(part []chaos.Step) int {
		if slices.ContainsFunc(part, func(st chaos.Step) bool { return st.Group != 0 }) {
			return 1
		}
		return 0
	}
	slices.SortFunc(each, func(a, b []chaos.Step) int {
		if c := together(a) - together(b); c != 0 {
			return c
		}
		if len(a) != len(b) || len(a) == 0 {
			return len(a) - len(b)
		}
		return a[0].Number - b[0].Number
	})
	control := func(st chaos.Step) bool { return st.Kind != chaos.KindDeliver && st.Kind != chaos.KindForge }
	for i, part := range each {
		if i == 3 || len(part) == 0 {
			break
		}
		add(part)
		name := trace.Who(part[0].Subject)
		if i == 0 {
			add(only(func(st chaos.Step) bool {
				return trace.Who(st.Subject) == name || control(st) ||
					st.Group != 0 && slices.ContainsFunc(part, func(p chaos.Step) bool { return p.Group == st.Group })
			}))
		}
	}
	add(only(func(st chaos.Step) bool { return accused[trace.Who(st.Subject)] || groups[st.Group] || control(st) }))
	if !complete {
		all = nil
	}
	return parts, all
}

// same finds the violation that the reduction is about: of the rule itself, or
// one that the rule could explain. Which of several rules does, a run of hundreds
// can tell, and one of two deliveries cannot.
func (sh *shrinker) same(b oracle.Findings) (oracle.Violation, bool) {
	if of := b.Violations[sh.rule.ID]; len(of) > 0 {
		return of[0], true
	}
	for _, r := range rule.All() {
		for _, v := range b.Violations[r.ID] {
			if slices.Contains(v.Could, sh.rule.ID) {
				return v, true
			}
		}
	}
	return oracle.Violation{}, false
}
