package report

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Learned prints what was learned of the receiver, and how long the run will take.
func (t *Terminal) Learned(l Learned) {
	if t.o.Quiet {
		return
	}
	for i, line := range LearnedLines(l) {
		label := "learned:"
		if i > 0 {
			label = ""
		}
		for j, part := range wrap(oneLine(line), t.room(len("learned: "))) {
			if j > 0 {
				label = ""
			}
			t.line("%-8s %s", label, part)
		}
	}
	t.line("")
}

// LearnedLines are the traits as sentences for people.
func LearnedLines(l Learned) []string {
	first := []string{"edition " + l.Edition}
	switch {
	case l.Unseen != "":
		first = append(first, l.Unseen)
	default:
		first = append(first, strings.Join(l.Channels, ", "), statusWords(l.Statuses))
	}
	if l.OwnMessagesOnly != nil && *l.OwnMessagesOnly {
		first = append(first, "knows only messages that it sent itself")
	}
	if l.InboundShape != nil {
		first = append(first, "inbound "+*l.InboundShape)
	}
	second := []string{"answers within " + short(time.Duration(l.AnswerMS)*time.Millisecond)}
	if l.SideBySide > 1 {
		second = append(second, fmt.Sprintf("%d side by side", l.SideBySide))
	}
	if l.Unseen == "" {
		second = append(second, "state up to "+short(time.Duration(l.LagMS)*time.Millisecond)+" behind")
	}
	if l.ExpectedMS > 0 {
		second = append(second, "the run takes about "+(time.Duration(l.ExpectedMS)*time.Millisecond).Round(time.Second).String())
	}
	return append([]string{strings.Join(first, " · "), strings.Join(second, " · ")}, l.Notes...)
}

// statusWords says under which words the statuses are kept, those that differ
// from Sent's own.
func statusWords(words map[string]*string) string {
	var names []string
	for name := range words {
		names = append(names, name)
	}
	order := []string{"QUEUED", "ROUTED", "SENT", "DELIVERED", "READ", "FAILED"}
	slices.SortFunc(names, func(a, b string) int { return slices.Index(order, a) - slices.Index(order, b) })
	var own []string
	for _, name := range names {
		switch word := words[name]; {
		case word == nil:
			own = append(own, name+" not kept")
		case !strings.EqualFold(*word, name):
			own = append(own, fmt.Sprintf("%s as %q", name, *word))
		}
	}
	if len(own) == 0 {
		return "statuses under Sent's words"
	}
	return strings.Join(own, ", ")
}

// learnedFacts are the traits as names and values, for tables.
func learnedFacts(l *Learned) []field {
	if l == nil {
		return nil
	}
	own := "could not be told"
	if l.OwnMessagesOnly != nil {
		own = map[bool]string{true: "yes", false: "no"}[*l.OwnMessagesOnly]
	}
	shape := ""
	if l.InboundShape != nil {
		shape = *l.InboundShape
	}
	words := ""
	if len(l.Statuses) > 0 {
		words = statusWords(l.Statuses)
	}
	all := []field{
		{"edition", l.Edition},
		{"channels", strings.Join(l.Channels, ", ")},
		{"statuses", words},
		{"messages", l.Unseen},
		{"own messages only", own},
		{"inbound shape", shape},
		{"state lags", short(time.Duration(l.LagMS) * time.Millisecond)},
		{"answers", strings.Join(l.Notes, "; ")},
	}
	return slices.DeleteFunc(all, func(f field) bool { return f.text == "" })
}

// causeFor says which rules a cause explains, and how sure it is.
func causeFor(c Cause) string {
	rules := ""
	if len(c.Rules) > 0 {
		rules = " of " + strings.Join(c.Rules, ", ")
	}
	return rules + " (" + c.Certainty + ")"
}
