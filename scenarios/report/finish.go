package report

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sentsim/sentsim/scenarios/rule"
)

// label is the width of the words before a block of text: "reproduce".
const label = 9

// What a brief report leaves out: the rest is there with Verbose.
const (
	maxScenarios = 3   // of one rule
	maxExchanges = 3   // of one scenario
	maxLines     = 12  // of one text
	maxLine      = 400 // characters of one line
	maxLog       = 10  // lines of the target's output
)

// Finish prints what a tired person reads first to last: the diagnosis, what
// broke with its evidence and its fix, what could not be checked, and the one
// line that sums it up. It returns the first error in writing.
func (t *Terminal) Finish(rep Report) error {
	if !t.o.Quiet {
		t.line("")
	}
	t.diagnosis(rep.Diagnosis)
	t.causes(rep)
	for _, v := range []Verdict{Failed, Errored, Warned} {
		for _, r := range rep.Rules {
			if r.Verdict == v && (v != Warned || !t.o.Quiet) {
				t.broken(r)
			}
		}
	}
	t.log(rep.TargetLog)
	t.chaos(rep.Chaos)
	if !t.o.Quiet && endedByTrouble(rep) == "" { // which is why, of all of them
		t.notChecked(rep.Rules)
	}
	t.sum(rep)
	return t.err
}

func (t *Terminal) diagnosis(d *Diagnosis) {
	if d == nil {
		return
	}
	t.line("%s", t.paint(bold, t.paint(red, "DIAGNOSIS: "+oneLine(d.Cause))))
	t.block("", d.Summary)
	t.block("fix", d.Fix)
	if len(d.Evidence) > 0 {
		t.lines("tried", strings.Join(d.Evidence, "\n"))
	}
	t.line("")
}

// broken prints one rule with its evidence. The stories of its scenarios are
// long: the first is told in full, of the others only what was seen.
func (t *Terminal) broken(r Rule) {
	_, color := mark(r.Verdict)
	t.line("%s %s (%s) %s", t.paint(color, strings.ToUpper(strings.ReplaceAll(r.Verdict.String(), "_", " "))), t.paint(bold, r.ID), r.Level, oneLine(r.Title))
	told := 0
	for _, s := range r.Scenarios {
		if s.Verdict != r.Verdict {
			continue
		}
		told++
		if told > maxScenarios && !t.o.Verbose {
			continue
		}
		t.block("scenario", s.Name+" ("+s.File+")")
		t.block("seen", s.Reason)
		if told == 1 || t.o.Verbose {
			t.evidence(s.Evidence)
		}
	}
	if told > maxScenarios && !t.o.Verbose {
		t.block("", "… and "+count(told-maxScenarios, "more scenario", "more scenarios")+t.inFull())
	}
	if r.Verdict != Errored {
		t.block("why", r.Why)
		t.block(mend(r))
		if known, ok := rule.Get(r.ID); ok {
			t.block("source", known.Source)
		}
	}
	t.line("")
}

// inFull says how to see what is left out.
func (t *Terminal) inFull() string { return " (" + t.more + " shows all)" }

func (t *Terminal) evidence(all []Evidence) {
	for i, e := range all {
		if i == maxExchanges && !t.o.Verbose {
			t.block("", "… and "+count(len(all)-maxExchanges, "more exchange", "more exchanges")+t.inFull())
			return
		}
		if i > 0 && e.Step > 0 && all[0].State == "" && !t.o.Verbose {
			return // what came before an answer that is wrong by itself
		}
		for _, f := range fields(e) {
			if f.name == "request" && !t.o.Verbose && long(f.text) {
				t.block(f.name, or(e.What, "a delivery")+" ("+t.more+" prints it as a command)") // part of a command is of no use
				continue
			}
			t.lines(f.name, f.text)
		}
	}
}

// long tells whether text is a command too long for a brief report.
func long(text string) bool {
	return (strings.HasPrefix(text, "curl ") || strings.Contains(text, " | curl ")) && utf8.RuneCountInString(text) > maxLine
}

// field is one named part of an evidence.
type field struct{ name, text string }

// fields are the parts of an evidence that say something, in reading order.
func fields(e Evidence) []field {
	all := []field{
		{"request", e.Request}, {"response", e.Response}, {"expected", e.Expected}, {"reproduce", e.Reproduce},
	}
	return withText(all)
}

// withText leaves out the fields that say nothing.
func withText(all []field) []field {
	return slices.DeleteFunc(all, func(f field) bool { return f.text == "" })
}

func (t *Terminal) log(lines []string) {
	if len(lines) == 0 {
		return
	}
	if len(lines) > maxLog && !t.o.Verbose {
		lines = lines[len(lines)-maxLog:]
	}
	t.line("%s", t.paint(bold, "Last lines of the target's output"))
	for _, l := range lines {
		t.line("  %s", strings.TrimRight(visible(l), "\n"))
	}
	t.line("")
}

// unseen are the rules that could not be seen for one reason.
type unseen struct {
	reason, remedy string
	ids            []string
	parts          []string // rules of which only a part could not be seen
}

// groupUnseen groups the rules by the reason why they could not be seen.
func groupUnseen(rules []Rule) []*unseen {
	var groups []*unseen
	find := func(reason, remedy string) *unseen {
		for _, g := range groups {
			if g.reason == reason {
				if g.remedy == "" {
					g.remedy = remedy
				}
				return g
			}
		}
		g := &unseen{reason: reason, remedy: remedy}
		groups = append(groups, g)
		return g
	}
	for _, r := range rules {
		if r.Verdict == NotChecked {
			g := find(r.Reason, r.Remedy)
			g.ids = append(g.ids, r.ID)
			continue
		}
		for _, s := range r.Scenarios {
			if s.Partial && s.Verdict == NotChecked {
				g := find(s.Reason, s.Remedy)
				g.parts = append(g.parts, r.ID)
				break
			}
		}
	}
	return groups
}

// notChecked says what could not be seen, and how each reason goes away.
func (t *Terminal) notChecked(rules []Rule) {
	groups := groupUnseen(rules)
	if len(groups) == 0 {
		return
	}
	t.line("%s", t.paint(bold, "NOT CHECKED"))
	for n, g := range groups {
		for i, l := range wrap(oneLine(g.reason), t.room(4)) {
			if i == 0 {
				t.line("  %s %s", t.paint(dim, "–"), l)
			} else {
				t.line("    %s", l)
			}
		}
		what := strings.Join(g.ids, ", ")
		if len(g.parts) > 0 {
			parts := "a part of " + strings.Join(g.parts, ", ")
			if what != "" {
				parts = "and " + parts
			}
			what = join(what, parts)
		}
		for _, l := range wrap(what, t.room(4)) {
			t.line("    %s", l)
		}
		if g.remedy != "" && rule.ProbeOf(g.remedy) == "" && (n+1 == len(groups) || groups[n+1].remedy != g.remedy) { // once for a row of them
			t.remedy(oneLine(g.remedy))
		}
	}
	if snippet := probeSnippet(groups); snippet != "" {
		t.line("")
		for _, l := range wrap(toSeeState, t.room(2)) {
			t.line("  %s", l)
		}
		t.line("%s", snippet) // not indented: it is there to be copied
	}
	t.line("")
}

// toSeeState says what to do with a probeSnippet.
const toSeeState = "To see the state, give the receiver these read-only endpoints and put this into the config file:"

// probeSnippet is what the config file must say so that all is seen that no probe
// shows, or "". It is one mapping: a file with two keys "probe" is refused.
func probeSnippet(groups []*unseen) string {
	var lines []string
	for _, g := range groups {
		if l := rule.ProbeOf(g.remedy); l != "" && !slices.Contains(lines, "  "+l) {
			lines = append(lines, "  "+l)
		}
	}
	if len(lines) == 0 {
		return ""
	}
	return strings.Join(slices.Insert(lines, 0, "probe:"), "\n")
}

// remedy is how a reason goes away. A command is whole and has a line of its own.
func (t *Terminal) remedy(text string) {
	if strings.HasPrefix(text, "sentsim ") {
		t.line("    to check:")
		t.line("    %s", text)
		return
	}
	for _, l := range wrap("to check: "+text, t.room(4)) {
		t.line("    %s", l)
	}
}

func join(a, b string) string {
	if a == "" {
		return b
	}
	return a + ", " + b
}

// sum is the line that CI logs are searched for.
func (t *Terminal) sum(rep Report) {
	s := rep.Summary
	color := red
	switch {
	case rep.ExitStatus == ExitKept && AllSeen(rep):
		color = green
	case rep.ExitStatus == ExitKept:
		color = yellow
	}
	if !t.o.Quiet {
		for _, f := range facts(rep) {
			if f.name != "notes" && (t.o.Verbose || f.name == "proven" || f.name == "learned" || f.name == "image") { // notes stand at the top
				t.block(f.name, f.text)
			}
		}
	}
	exit := fmt.Sprintf(" · exit %d", rep.ExitStatus)
	if t.o.NoExit {
		exit = ""
	}
	t.line("%s · %d passed, %d failed, %d warned, %d not checked, %d errored · target %s · seed %d · %s%s",
		t.paint(bold, t.paint(color, Meaning(rep))),
		s.Passed, s.Failed, s.Warned, s.NotChecked, s.Errored, oneLine(rep.Target), rep.Seed, took(rep), exit)
}

// block prints text under a label, wrapped to the width.
func (t *Terminal) block(name, text string) {
	for i, l := range wrap(oneLine(text), t.room(label+3)) {
		if i > 0 {
			name = ""
		}
		t.line("  %s %s", t.paint(dim, fmt.Sprintf("%-*s", label, name)), l)
	}
}

// lines prints text under a label line by line, as it is. A command is never cut:
// it is there to be copied.
func (t *Terminal) lines(name, text string) {
	brief := !t.o.Verbose && name != "reproduce"
	all := strings.Split(visible(text), "\n")
	for i, l := range all {
		if brief && i == maxLines {
			t.block("", "… and "+count(len(all)-maxLines, "more line", "more lines")+t.inFull())
			return
		}
		if n := utf8.RuneCountInString(l); brief && n > maxLine {
			l = fmt.Sprintf("%s… (%d characters)", string([]rune(l)[:maxLine]), n)
		}
		t.line("  %s %s", t.paint(dim, fmt.Sprintf("%-*s", label, name)), l)
		name = ""
	}
}
