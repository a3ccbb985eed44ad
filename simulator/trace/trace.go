// Package trace keeps a chaos run in a file: written while it goes on, read for
// a replay, reduced to what makes it fail.
//
// A trace is JSON lines: one object in each line, UTF-8, "kind" first and "sum"
// last. Sizes and places are in bytes, times in RFC 3339, durations in
// nanoseconds unless their name says otherwise.
//
//	run        the first line: "trace" is the version of this format (1),
//	           "sentsim" the program's version, then the plan, with seed and profile
//	send       a step, written before it is done: deliveries with their exact
//	           body, forgeries by name, restarts; package chaos says what it holds
//	answer     what came of the step of that number
//	violation  what the oracle found: the rule, what was seen, the steps in question
//	end        the last line: how many steps and violations, and the exit status
//
// Lines stand in the order in which things happened; those of steps at the same
// instant as they came. A step without an answer was under way when the run was
// killed.
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

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/delivery"
)

// Schema is the version of the format. It changes whenever an older reader would
// misunderstand a newer trace.
const Schema = 1

// Run is how a run began.
type Run struct {
	Sentsim string     `json:"sentsim"` // the version that wrote the trace
	Command string     `json:"command"` // chaos or replay
	Target  string     `json:"target"`  // its name, without secrets
	Started time.Time  `json:"started"` // wall clock
	Plan    chaos.Plan `json:"plan"`
}

// Answer is what came of a step.
type Answer struct {
	Number     int           `json:"number"` // the step's
	Outcome    delivery.Kind `json:"outcome"`
	Status     int           `json:"status,omitempty"` // of the response
	DurationMS float64       `json:"duration_ms,omitempty"`
	Error      string        `json:"error,omitempty"`
}

// PassedOver is the outcome of a step that the target could not be made to do.
const PassedOver delivery.Kind = "passed over"

// Violation is a rule that the receiver broke.
type Violation struct {
	Rule    string        `json:"rule"`
	Subject chaos.Subject `json:"subject,omitzero"`
	Text    string        `json:"text"`
	Steps   []int         `json:"steps,omitempty"` // numbers of the deliveries in question
}

// End is how a run ended.
type End struct {
	Steps      int    `json:"steps"` // that were sent
	Violations int    `json:"violations"`
	ExitStatus int    `json:"exit_status"`
	Reason     string `json:"reason,omitempty"` // why it ended early
}

// Trace is a run as it was read.
type Trace struct {
	Run        Run
	Steps      []chaos.Step // in the order in which they were sent
	Answers    []Answer
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
	sendLine struct {
		Kind string     `json:"kind"`
		Step chaos.Step `json:"step"`
	}
	answerLine struct {
		Kind string `json:"kind"`
		Answer
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
	kindSend      = "send"
	kindAnswer    = "answer"
	kindViolation = "violation"
	kindEnd       = "end"
)

// Webhook is the id under which the run's deliveries were sent.
func (t *Trace) Webhook() uuid.UUID { return t.Run.Plan.WebhookID }
