// Package scenarios holds a webhook receiver to Sent's contract: it starts or
// reaches the target, runs the contract's scenarios against it, and gives a
// verdict on every rule, with evidence and the fix.
//
// Run is the whole of it as a value; Verify does the same inside a Go test, each
// rule a subtest.
package scenarios

import (
	"errors"

	"github.com/sentsim/sentsim/scenarios/report"
)

// ErrNothingSelected is returned when no scenario matches the rules and tags
// that were asked for: a run in which nothing ran is never a success.
var ErrNothingSelected = errors.New("nothing was selected: no scenario has these rules and tags")

// TargetError is returned when the target could not be reached or started.
type TargetError struct {
	Err    error
	Target string   // its name, without secrets
	Log    []string // last lines of its output
}

func (e *TargetError) Error() string { return e.Err.Error() }

func (e *TargetError) Unwrap() error { return e.Err }

// Watcher is told how a run goes, from one goroutine at a time.
type Watcher interface {
	Start(report.Header)
	RuleDone(report.Rule)
}

// LearnWatcher is a Watcher that is also told what was learned, before the first rule.
type LearnWatcher interface{ Learned(report.Learned) }

// Exit statuses of a run, besides those that package report decides.
const (
	ExitUsage       = 2
	ExitTarget      = 3
	ExitInterrupted = 130
	ExitTerminated  = 143
)
