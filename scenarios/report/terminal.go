package report

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// TerminalOptions are the settings of a Terminal. The zero value of each is the
// plain choice.
type TerminalOptions struct {
	Out     io.Writer
	Color   bool // the caller knows about terminals and NO_COLOR
	Quiet   bool // only what is wrong, and the last line
	Verbose bool // scenarios and steps as well, and evidence in full
	Width   int  // columns to fit lines into; 0 for no limit
	NoExit  bool // the report's exit status is not the program's
}

// Header is what is known when a run starts.
type Header struct {
	Version string
	Seed    uint64
	Target  string // without secrets
	Rules   int    // how many will be judged
	Clock   string // virtual, real or scaled=N
	Strict  bool
	Notes   []string // what else is to be known of the run
}

// Terminal prints a run for people: a line for each rule while it runs, and at
// the end what went wrong. It is for one goroutine. What cannot be written is
// reported by Finish.
type Terminal struct {
	o    TerminalOptions
	err  error
	last string // reason line of the rule before
	more string // how its reader asks for what is left out
}

// NewTerminal prints to o.Out.
func NewTerminal(o TerminalOptions) *Terminal { return &Terminal{o: o, more: "--verbose"} }

// idWidth fits the longest id.
const idWidth = 7

// indent is where the text of a rule begins: under its title.
const indent = 2 + idWidth + 1

// Start prints the run's particulars; the seed comes first, so that a run that
// breaks off can be repeated.
func (t *Terminal) Start(h Header) {
	if t.o.Quiet {
		return
	}
	strict := ""
	if h.Strict {
		strict = " · strict"
	}
	t.line("%s", t.paint(bold, "sentsim "+oneLine(h.Version))+
		fmt.Sprintf(" · seed %d · %s · clock %s%s", h.Seed, count(h.Rules, "rule", "rules"), oneLine(h.Clock), strict))
	t.target(h)
}

// target prints what is judged, and what is to be known of the run.
func (t *Terminal) target(h Header) {
	t.line("target: %s", oneLine(h.Target))
	for _, note := range h.Notes {
		for i, l := range wrap("note: "+oneLine(note), t.room(6)) {
			if i > 0 {
				l = "      " + l
			}
			t.line("%s", l)
		}
	}
	t.line("")
}

// RuleDone prints one line for a rule that was judged, and its reason when it did
// not simply pass: once for a row of rules that share it.
func (t *Terminal) RuleDone(r Rule) {
	if t.o.Quiet {
		return
	}
	symbol, color := mark(r.Verdict)
	reason := oneLine(reasonLine(r))
	t.line("%s %-*s %s", t.paint(color, symbol), idWidth, r.ID, cut(oneLine(r.Title), t.room(indent)))
	if r.Reason != "" && (r.Verdict != Passed || t.o.Verbose) && (reason != t.last || t.o.Verbose) {
		for _, l := range wrap(reason, t.room(indent)) {
			t.line("%s%s", strings.Repeat(" ", indent), t.paint(color, l))
		}
	}
	t.last = reason
	if t.o.Verbose {
		for _, s := range r.Scenarios {
			t.scenario(s)
		}
	}
}

// reasonLine names the verdict where the symbol alone would leave it to guess.
func reasonLine(r Rule) string {
	switch r.Verdict {
	case NotChecked:
		return "not checked: " + r.Reason
	case Errored:
		return "errored: " + r.Reason
	case Passed, Warned, Failed:
	}
	return r.Reason
}

func (t *Terminal) scenario(s Scenario) {
	symbol, color := mark(s.Verdict)
	took := ""
	if s.Duration > 0 {
		took = " (" + short(s.Duration) + ")"
	}
	pad := strings.Repeat(" ", indent)
	t.line("%s%s %s%s", pad, t.paint(color, symbol), oneLine(s.Name), took)
	for _, step := range s.Steps {
		switch {
		case step.Err != "":
			t.line("%s    %s", pad, t.paint(red, oneLine(step.Text)+": "+oneLine(step.Err)))
		case !step.Ran:
			t.line("%s    %s", pad, t.paint(dim, oneLine(step.Text)+" (did not run)"))
		default:
			t.line("%s    %s", pad, oneLine(step.Text))
		}
	}
}

// mark is the symbol and colour of a verdict.
func mark(v Verdict) (symbol string, color color) {
	switch v {
	case Passed:
		return "✓", green
	case Failed:
		return "✗", red
	case Warned:
		return "!", yellow
	case NotChecked:
		return "–", dim
	case Errored:
		return "?", magenta
	}
	return "?", magenta
}

// color is the number of an SGR escape sequence.
type color int

const (
	bold    color = 1
	dim     color = 2
	red     color = 31
	green   color = 32
	yellow  color = 33
	magenta color = 35
)

func (t *Terminal) paint(c color, s string) string {
	if !t.o.Color || s == "" {
		return s
	}
	return fmt.Sprintf("\x1b[%dm%s\x1b[0m", int(c), s)
}

// room is how many columns are left beside an indentation; 0 for no limit.
func (t *Terminal) room(used int) int {
	const least = 20 // narrower than that nothing is readable
	if t.o.Width <= 0 {
		return 0
	}
	return max(t.o.Width-used, least)
}

// line prints one line. After the first that cannot be written it prints nothing.
func (t *Terminal) line(format string, args ...any) {
	if t.err != nil {
		return
	}
	text := strings.TrimRight(fmt.Sprintf(format, args...), " ") + "\n"
	if _, err := t.o.Out.Write(redact(muted([]byte(text)))); err != nil {
		t.err = fmt.Errorf("terminal report: %w", err)
	}
}

func took(rep Report) string {
	wall := short(time.Duration(rep.DurationMS) * time.Millisecond)
	if rep.VirtualMS == 0 {
		return wall
	}
	return wall + " (simulated " + short(time.Duration(rep.VirtualMS)*time.Millisecond) + ")"
}
