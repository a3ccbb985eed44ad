package trace

import (
	"context"
	"slices"

	"github.com/sentsim/sentsim/simulator/chaos"
)

// Reduce reduces the steps of a failing run: first whole messages, contacts and
// templates, then single steps, then what is odd about a step. suspects are whom
// the failure is about, tried alone first; none is no mistake. It keeps the order of
// the steps, their numbers, and the laws of Minimise: the result failed in a
// trial, or is steps itself; the budget bounds all trials together.
func Reduce(ctx context.Context, steps []chaos.Step, suspects []chaos.Subject, budget int, trial Trial[chaos.Step]) (Reduced[chaos.Step], error) {
	r := reduction{steps: slices.Clone(steps), budget: budget}
	r.trial = func(ctx context.Context, part []chaos.Step) (bool, error) {
		r.trials++
		return trial(ctx, tidy(part))
	}
	err := r.run(ctx, suspects)
	return Reduced[chaos.Step]{Items: tidy(r.steps), Minimal: err == nil, Trials: r.trials}, err
}

type reduction struct {
	steps  []chaos.Step
	budget int
	trials int
	trial  Trial[chaos.Step]
}

func (r *reduction) run(ctx context.Context, suspects []chaos.Subject) error {
	if err := r.accuse(ctx, suspects); err != nil {
		return err
	}
	if err := r.leaveOut(ctx, bySubject); err != nil {
		return err
	}
	for {
		if err := r.leaveOut(ctx, byStep); err != nil {
			return err
		}
		simpler, err := r.simplify(ctx)
		if err != nil || !simpler {
			return err
		}
	}
}

// accuse tries those whom the failure is about without all others.
func (r *reduction) accuse(ctx context.Context, suspects []chaos.Subject) error {
	var keys []string
	for _, s := range suspects {
		keys = append(keys, Who(s))
	}
	alone := slices.DeleteFunc(slices.Clone(r.steps), func(s chaos.Step) bool { return !slices.Contains(keys, Who(s.Subject)) })
	if len(alone) == 0 || len(alone) == len(r.steps) {
		return nil
	}
	_, err := r.try(ctx, alone)
	return err
}

// try makes a trial within the budget, and keeps the steps if they fail.
func (r *reduction) try(ctx context.Context, steps []chaos.Step) (bool, error) {
	if ctx.Err() != nil {
		return false, context.Cause(ctx)
	}
	if r.trials >= r.budget {
		return false, ErrBudget
	}
	fails, err := r.trial(ctx, steps)
	if fails && err == nil {
		r.steps = steps
	}
	return fails, err
}

// leaveOut leaves out whatever is not needed, in the units that split makes.
func (r *reduction) leaveOut(ctx context.Context, split func([]chaos.Step) [][]int) error {
	all := r.steps
	join := func(units [][]int) []chaos.Step {
		at := slices.Sorted(slices.Values(slices.Concat(units...)))
		steps := make([]chaos.Step, len(at))
		for i, k := range at {
			steps[i] = all[k]
		}
		return steps
	}
	got, err := Minimise(ctx, split(all), r.budget-r.trials, func(ctx context.Context, units [][]int) (bool, error) {
		return r.trial(ctx, join(units))
	})
	r.steps = join(got.Items)
	return err
}

// bySubject is the positions of each subject's steps. What has none stands alone.
func bySubject(steps []chaos.Step) [][]int {
	return units(steps, func(s chaos.Step) string { return Who(s.Subject) })
}

// byStep is each position by itself.
func byStep(steps []chaos.Step) [][]int {
	return units(steps, func(chaos.Step) string { return "" })
}

// units groups positions by key. "" stands alone; a pause and its end, and a
// webhook's being disabled and enabled, stay together.
func units(steps []chaos.Step, key func(chaos.Step) string) [][]int {
	var all [][]int
	place := map[string]int{}
	open := map[chaos.Kind]int{}
	for i, s := range steps {
		k := key(s)
		unit, known := place[k]
		begin := map[chaos.Kind]chaos.Kind{chaos.KindResume: chaos.KindPause, chaos.KindEnable: chaos.KindDisable}[s.Kind]
		if at, is := open[begin]; is && begin != "" {
			unit, known = at, true
			delete(open, begin)
		} else if k == "" {
			known = false
		}
		if !known {
			unit = len(all)
			all = append(all, nil)
			if k != "" {
				place[k] = unit
			}
		}
		if s.Kind == chaos.KindPause || s.Kind == chaos.KindDisable {
			open[s.Kind] = unit
		}
		all[unit] = append(all[unit], i)
	}
	return all
}

// Who is a subject's name: all texts of a contact are one's.
func Who(s chaos.Subject) string {
	switch {
	case s.Kind == "":
		return ""
	case s.From != "":
		return s.From
	}
	return s.ID.String()
}

// simplify takes away, one by one, what is odd about how steps are sent.
func (r *reduction) simplify(ctx context.Context) (simpler bool, err error) {
	for i := range r.steps {
		for _, plainer := range plainer(r.steps, i) {
			fails, err := r.try(ctx, plainer)
			if err != nil {
				return simpler, err
			}
			simpler = simpler || fails
			if fails {
				break
			}
		}
	}
	return simpler, nil
}

// plainer are the ways in which step i can be done with less about it, the
// plainest first.
func plainer(steps []chaos.Step, i int) [][]chaos.Step {
	var all [][]chaos.Step
	add := func(change func(steps []chaos.Step)) {
		changed := slices.Clone(steps)
		change(changed)
		all = append(all, changed)
	}
	s := steps[i]
	alone := func(steps []chaos.Step) { steps[i] = alone(steps[i]) }
	well := func(steps []chaos.Step) {
		steps[i].Sender = ""
		for k := range steps { // its retry, too, is one of nothing that was lost
			if steps[k].Event.ID == s.Event.ID {
				steps[k] = without(steps[k], chaos.FaultLostAck, chaos.FaultHangUp, chaos.FaultReset, chaos.FaultSlowSender)
			}
		}
	}
	switch {
	case s.Kind == chaos.KindRotate: // which restarts the target, too
		add(func(steps []chaos.Step) {
			steps[i].Kind, steps[i].Faults = chaos.KindRestart, []chaos.Fault{chaos.FaultRestart}
		})
	case s.Group != 0 && s.Sender != "":
		add(func(steps []chaos.Step) { alone(steps); well(steps) })
		add(alone)
		add(well)
	case s.Group != 0:
		add(alone)
	case s.Sender != "":
		add(well)
	}
	return all
}

// alone is a step that is done at no other's instant.
func alone(s chaos.Step) chaos.Step {
	s.Group = 0
	return without(s, chaos.FaultBurst, chaos.FaultTogether, chaos.FaultAtOnce)
}

// without is a step in which those faults had no part.
func without(s chaos.Step, faults ...chaos.Fault) chaos.Step {
	s.Faults = slices.DeleteFunc(slices.Clone(s.Faults), func(f chaos.Fault) bool { return slices.Contains(faults, f) })
	return s
}

// tidy ends groups that have one step left, or whose steps no longer stand
// together, and takes back what was said of steps because of others that are gone.
func tidy(steps []chaos.Step) []chaos.Step {
	out := slices.Clone(steps)
	paused := slices.ContainsFunc(steps, func(s chaos.Step) bool { return s.Kind == chaos.KindPause })
	for i := range out {
		if !paused {
			out[i] = without(out[i], chaos.FaultPause)
		}
		g := out[i].Group
		if g == 0 {
			continue
		}
		before := i > 0 && steps[i-1].Group == g
		after := i+1 < len(steps) && steps[i+1].Group == g
		if !before && !after {
			out[i] = alone(out[i])
		}
	}
	return out
}
