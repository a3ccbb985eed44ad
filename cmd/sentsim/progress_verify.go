package main

import (
	"context"
	"io"

	"github.com/sentsim/sentsim/scenarios/report"
)

// watched is a run's report while it runs, and its progress under it.
type watched struct {
	*report.Terminal
	*progress
	done map[string]bool // rules
}

// watch begins to show the progress of a run that is reported on screen. Where no
// terminal is and screen gets a line for each rule, those lines are the progress.
func (a *app) watch(ctx context.Context, terminal *report.Terminal, screen io.Writer, o verifyOptions) *watched {
	_, tty := isTerminal(a.stderr)
	bar := tty && o.output != "plain"
	return &watched{Terminal: terminal, done: map[string]bool{}, progress: startProgress(ctx, progressOptions{
		out: a.stderr, plain: !bar, what: "checking", unit: "rules",
		quiet: o.quiet || !bar && screen != io.Discard,
	})}
}

// Start implements [scenarios.Watcher].
func (w *watched) Start(h report.Header) {
	w.expect(h.Rules)
	w.above(func() { w.Terminal.Start(h) })
}

// RuleDone implements [scenarios.Watcher].
func (w *watched) RuleDone(r report.Rule) {
	failed := 0
	if r.Verdict == report.Failed {
		failed = 1
	}
	if !w.done[r.ID] {
		w.add(1, failed)
	}
	w.done[r.ID] = true
	w.above(func() { w.Terminal.RuleDone(r) })
}

// Learned implements [scenarios.LearnWatcher].
func (w *watched) Learned(l report.Learned) { w.above(func() { w.Terminal.Learned(l) }) }
