package report

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Chaos is the result of a chaos run, or of a replay.
type Chaos struct {
	Profile       string        `json:"profile"`
	Probabilities []Probability `json:"probabilities"` // every one that decides what happens

	Messages  int     `json:"messages"` // planned
	Begun     int     `json:"begun"`    // of them, those that something was sent about
	Steps     int     `json:"steps"`    // done
	Sent      int     `json:"sent"`     // deliveries
	Accepted  int     `json:"accepted"` // genuine ones that were answered with a 2xx
	Refused   int     `json:"refused"`  // those that had to be, and were, answered with a 4xx
	Failed    int     `json:"failed"`   // whose answer was wrong
	Lost      int     `json:"lost"`     // whose answer nobody waited for
	Skipped   int     `json:"skipped"`  // steps that this target cannot be subjected to
	PerSecond float64 `json:"per_second"`

	LatencyMS LatencyMS `json:"latency_ms"`

	Stopped string   `json:"stopped"`   // why not all was sent, or ""
	Fell    string   `json:"fell_over"` // why the target was given up, or ""
	Trouble []string `json:"trouble"`   // of ours
	Trace   string   `json:"trace"`     // the file that holds the run, or ""

	Violated   int         `json:"violated"`   // violations in all
	Violations []Violation `json:"violations"` // the first of each rule

	Share *Share `json:"share,omitempty"` // of a plan that several processes can carry out together; else null
}

// Share is the part of a plan that one process carried out. The shares of one run
// are put together by sentsim merge.
type Share struct {
	// Done and Missing are iterations, from 0: "0-9,12" and, every third, "20-98/3".
	Done    string          `json:"done"`    // those that were carried out and judged
	Missing string          `json:"missing"` // of all the plan's; of one process the other processes' are among them
	Found   json.RawMessage `json:"found"`   // what was judged, for sentsim merge
}

// Probability is one number of a profile.
type Probability struct {
	Name string  `json:"name"`
	Of   float64 `json:"probability"`
	Per  string  `json:"per"`
	Doc  string  `json:"doc"`
}

// LatencyMS is how long answers took, in milliseconds.
type LatencyMS struct {
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// Violation is one thing that a correct receiver does not do.
type Violation struct {
	Rule     string   `json:"rule"`
	Summary  string   `json:"summary"`
	Expected string   `json:"expected"`
	Seen     string   `json:"seen"`    // the state as it was read, or ""
	Subject  string   `json:"subject"` // message, inbound or template, and which
	Step     int      `json:"step"`    // that was answered wrongly; 0 for a wrong state
	Story    []string `json:"story"`   // what happened to the subject, a line each
}

// StartChaos prints the particulars of a chaos run.
func (t *Terminal) StartChaos(h Header, profile string, messages int) {
	if t.o.Quiet {
		return
	}
	strict := ""
	if h.Strict {
		strict = " · strict"
	}
	t.line("%s", t.paint(bold, "sentsim "+oneLine(h.Version))+
		fmt.Sprintf(" · seed %d · profile %s · %s%s", h.Seed, oneLine(profile), count(messages, "message", "messages"), strict))
	t.target(h)
}

// chaos prints what was sent.
func (t *Terminal) chaos(c *Chaos) {
	if c == nil || t.o.Quiet {
		return
	}
	t.line("%s", t.paint(bold, "CHAOS"))
	for _, f := range chaosFields(c) {
		t.block(f.name, f.text)
	}
	t.line("")
}

// chaosFields are what a chaos run did, in reading order.
func chaosFields(c *Chaos) []field {
	all := []field{
		{"sent", fmt.Sprintf("%s of %s (%.0f/s): %d accepted, %d refused as they had to be, %s, %d lost on purpose",
			count(c.Sent, "delivery", "deliveries"), count(c.Begun, "message", "messages"), c.PerSecond, c.Accepted, c.Refused,
			count(c.Failed, "wrong answer", "wrong answers"), c.Lost)},
		{"answers", fmt.Sprintf("half within %g ms, 95 %% within %g ms, the slowest after %g ms", c.LatencyMS.P50, c.LatencyMS.P95, c.LatencyMS.Max)},
		{"found", count(c.Violated, "violation", "violations")},
		{"profile", oneLine(c.Profile) + ": " + odds(c.Probabilities)},
		{"stopped", c.Stopped},
		{"trouble", strings.Join(c.Trouble, "; ")},
		{"trace", c.Trace},
	}
	if c.Skipped > 0 {
		all = append(all, field{"skipped", count(c.Skipped, "step", "steps") + " that this target cannot be subjected to"})
	}
	return slices.DeleteFunc(all, func(f field) bool { return f.text == "" })
}

// odds is every probability of a profile.
func odds(all []Probability) string {
	texts := make([]string, len(all))
	for i, p := range all {
		texts[i] = fmt.Sprintf("%s %g", strings.TrimPrefix(p.Name, "faults."), p.Of)
	}
	return strings.Join(texts, ", ")
}
