package main

import (
	"context"
	"fmt"

	"github.com/sentsim/sentsim/scenarios"
	"github.com/sentsim/sentsim/scenarios/chaosrun"
)

// sample is how many messages show how many steps a longer plan has.
const sample = 2_000

// wideBar is from how many columns on a bar has room for all counters.
const wideBar = 120

// stepsOf is how many steps a run has, roughly for a long one.
func stepsOf(run scenarios.ChaosRun) int {
	p, n := run.Plan, 0
	all := p.Messages
	p.Messages = min(all, sample)
	steps := p.Steps()
	if run.Steps != nil {
		steps, all = run.Steps, p.Messages
	}
	for range steps {
		n++
	}
	return int(float64(n) * float64(all) / float64(p.Messages))
}

// watchChaos shows the progress of a chaos run, with what it has counted so far.
// Whoever calls it calls close.
func (a *app) watchChaos(ctx context.Context, run *scenarios.ChaosRun, o verifyOptions) *progress {
	f, tty := isTerminal(a.stderr)
	narrow := tty && columns(f) < wideBar
	p := startProgress(ctx, progressOptions{
		out: a.stderr, plain: !tty || o.output == "plain", quiet: o.quiet,
		what: "chaos", unit: "steps", total: stepsOf(*run),
	})
	run.Options.Watch = func(c chaosrun.Counts) {
		if narrow {
			p.set(c.Steps, fmt.Sprintf("%d failed, %s", c.Failed, counted(c.Violated, "violation")))
			return
		}
		p.set(c.Steps, fmt.Sprintf("%d accepted, %d refused, %d failed, %s", c.Accepted, c.Refused, c.Failed, counted(c.Violated, "violation")))
	}
	return p
}
