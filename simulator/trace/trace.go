// Package trace keeps a chaos run in a file: written while it goes on, read for
// a replay, reduced to what makes it fail.
//
// A trace is JSON lines: one object in each line, UTF-8, "kind" first and "sum"
// last. Sizes and places are in bytes, times in RFC 3339, durations in
// nanoseconds unless their name says otherwise.
//
//	run        the first line: "trace" is the version of this format (1),
//	           "sentsim" the program's version, then the plan, with seed and profile
//	step       a step that is over, and what came of it: deliveries with their
//	           exact body, forgeries by name, restarts; package chaos says what it holds
//	violation  what the oracle found: the rule, what was seen, the step in question
//	end        the last line: how many steps and violations, and the exit status
//
// Steps stand in the order of the plan. Those that were under way when a run was
// killed are not in its trace.
//
// "sum" holds the line to what was written, and to its place: the first 16 hex
// digits of the SHA-256 of the sum of the line before ("" for the first) and this
// line without its own sum, that is up to the comma before it, and "}". It finds
// mistakes, not forgers: there is no key in it.
//
// No secret is ever written. Signatures are not in a trace either: a replay signs
// anew, with the secret of its own target.
package trace

import (
	"time"

	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/delivery"
)

// Schema is the version of the format. It changes whenever an older reader would
// misunderstand a newer trace.
const Schema = 1

// Run is how a run began.
type Run struct {
	Sentsim string    `json:"sentsim"` // the version that wrote the trace
	Command string    `json:"command"` // chaos or replay
	Target  string    `json:"target"`  // its name, without secrets
	Started time.Time `json:"started"` // wall clock

	// Concurrency is how many deliveries about different messages were under way
	// at a time.
	Concurrency int        `json:"concurrency"`
	Plan        chaos.Plan `json:"plan"`
}

// Step is a step of the plan and what came of it.
type Step struct {
	chaos.Step
	Answer Answer
}

// Answer is what came of a step.
type Answer struct {
	Outcome    delivery.Kind `json:"outcome,omitempty"` // of a delivery
	Status     int           `json:"status,omitempty"`  // of the response
	DurationMS float64       `json:"duration_ms,omitempty"`
	Error      string        `json:"error,omitempty"`   // of the delivery, or of what was done to the target
	Skipped    string        `json:"skipped,omitempty"` // why it was not done
}

// Violation is a rule that the receiver broke.
type Violation struct {
	Rule    string        `json:"rule"`
	Subject chaos.Subject `json:"subject,omitzero"`
	Text    string        `json:"text"`
	Step    int           `json:"step,omitempty"` // of the delivery that was answered wrongly; 0: the state is wrong
}

// End is how a run ended.
type End struct {
	Steps      int    `json:"steps"`
	Violations int    `json:"violations"`
	ExitStatus int    `json:"exit_status"`
	Reason     string `json:"reason,omitempty"` // why it ended early
}

// Trace is a run as it was read.
type Trace struct {
	Run        Run
	Steps      []Step // in the order of the plan
	Violations []Violation
	End        *End // nil: it is cut off
}

// The lines as they stand in the file: "kind" first.
type (
	runLine struct {
		Kind  string `json:"kind"`
		Trace int    `json:"trace"`
		Run
	}
	stepLine struct {
		Kind   string     `json:"kind"`
		Step   chaos.Step `json:"step"`
		Answer Answer     `json:"answer"`
	}
	violationLine struct {
		Kind string `json:"kind"`
		Violation
	}
	endLine struct {
		Kind string `json:"kind"`
		End
	}
)

const (
	kindRun       = "run"
	kindStep      = "step"
	kindViolation = "violation"
	kindEnd       = "end"
)

// Plan is what was done, to be done again.
func (t *Trace) Plan() []chaos.Step {
	steps := make([]chaos.Step, len(t.Steps))
	for i, s := range t.Steps {
		steps[i] = s.Step
	}
	return steps
}
