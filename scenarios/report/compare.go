package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/sentsim/sentsim/scenarios/rule"
)

// Change is one rule whose verdict differs between two reports.
type Change struct {
	ID     string   `json:"id"`
	Level  string   `json:"level"`
	Title  string   `json:"title"`
	From   *Verdict `json:"from"` // null: the old report does not have the rule
	To     *Verdict `json:"to"`   // null: the new report does not have the rule
	Reason string   `json:"reason"`
}

// Comparison is what became of a receiver between two reports.
type Comparison struct {
	Broke  []Change `json:"broke"`  // fails or warns, and was seen to be kept
	Bad    []Change `json:"bad"`    // fails or warns, and was not seen
	Fixed  []Change `json:"fixed"`  // failed or warned, and passes
	Unseen []Change `json:"unseen"` // was seen, and no longer is
	Seen   []Change `json:"seen"`   // is seen to be kept, and was not seen
	Same   int      `json:"same"`   // rules whose verdict is the same
	Notes  []string `json:"notes"`  // why the two may not be comparable
}

// Compare holds a new report against an old one.
func Compare(old, now Report) Comparison {
	c := Comparison{Broke: []Change{}, Bad: []Change{}, Fixed: []Change{}, Unseen: []Change{}, Seen: []Change{}, Notes: differences(old, now)}
	before := map[string]Rule{}
	for _, r := range old.Rules {
		before[r.ID] = r
	}
	for _, r := range now.Rules {
		was, known := before[r.ID]
		delete(before, r.ID)
		ch := Change{ID: r.ID, Level: r.Level, Title: r.Title, To: &r.Verdict, Reason: r.Reason}
		if known {
			ch.From = &was.Verdict
		}
		c.put(ch, was.Verdict, r.Verdict)
	}
	for _, r := range old.Rules {
		if _, gone := before[r.ID]; gone && seen(r.Verdict) {
			c.Unseen = append(c.Unseen, Change{ID: r.ID, Level: r.Level, Title: r.Title, From: &r.Verdict, Reason: "the new report does not have it"})
		}
	}
	return c
}

// put sorts a change. A rule that the old report does not have was not seen.
func (c *Comparison) put(ch Change, from, to Verdict) {
	switch {
	case bad(to) && !seen(from):
		c.Bad = append(c.Bad, ch)
	case bad(to) && badness(to) > badness(from):
		c.Broke = append(c.Broke, ch)
	case bad(from) && to == Passed:
		c.Fixed = append(c.Fixed, ch)
	case seen(from) && !seen(to):
		c.Unseen = append(c.Unseen, ch)
	case !seen(from) && to == Passed:
		c.Seen = append(c.Seen, ch)
	case from == Failed && to == Warned:
		c.Fixed = append(c.Fixed, ch)
	default:
		c.Same++
	}
}

func seen(v Verdict) bool { return v == Passed || bad(v) }

func bad(v Verdict) bool { return v == Failed || v == Warned }

func badness(v Verdict) int {
	return map[Verdict]int{Warned: 1, Failed: 2}[v]
}

// ExitStatus is what a pull request wants to know: 1 when something fails that did not
// or was not seen, or when a
// MUST rule that was seen no longer is, 0 otherwise. A SHOULD rule that warns is not
// worth a red pull request, unless it failed.
func (c Comparison) ExitStatus() int {
	for _, ch := range slices.Concat(c.Broke, c.Bad) {
		if *ch.To == Failed {
			return ExitBroken
		}
	}
	for _, ch := range c.Unseen {
		if ch.Level == string(rule.Must) {
			return ExitBroken
		}
	}
	return ExitKept
}

// differences are what two runs differ in that a verdict may depend on.
func differences(old, now Report) []string {
	notes := []string{}
	tell := func(what, a, b string) {
		if a != b {
			notes = append(notes, fmt.Sprintf("%s: %s before, %s now", what, or(oneLine(a), "unknown"), or(oneLine(b), "unknown")))
		}
	}
	tell("sentsim", old.Sentsim, now.Sentsim)
	tell("command", old.Command, now.Command)
	tell("edition", old.Edition, now.Edition)
	tell("seed", fmt.Sprint(old.Seed), fmt.Sprint(now.Seed))
	tell("strict", fmt.Sprint(old.Strict), fmt.Sprint(now.Strict))
	if now.ExitStatus >= 3 {
		notes = append(notes, "the new run did not judge everything: "+oneLine(Meaning(now)))
	}
	return notes
}

// WriteText prints the comparison for people: what broke first.
func (c Comparison) WriteText(w io.Writer) error {
	var b strings.Builder
	for _, part := range []struct {
		heading string
		changes []Change
	}{{"BROKE", c.Broke}, {"NEWLY SEEN TO BE BROKEN", c.Bad}, {"NO LONGER SEEN", c.Unseen}, {"FIXED", c.Fixed}, {"NEWLY SEEN TO BE KEPT", c.Seen}} {
		if len(part.changes) == 0 {
			continue
		}
		fmt.Fprintf(&b, "%s\n", part.heading)
		for _, ch := range part.changes {
			fmt.Fprintf(&b, "  %-7s %-6s %s → %s  %s\n", ch.ID, ch.Level, word(ch.From), word(ch.To), oneLine(ch.Title))
			if ch.Reason != "" && part.heading != "FIXED" {
				fmt.Fprintf(&b, "          %s\n", oneLine(ch.Reason))
			}
		}
		b.WriteString("\n")
	}
	for _, note := range c.Notes {
		fmt.Fprintf(&b, "note: %s\n", note)
	}
	fmt.Fprintf(&b, "%d broke, %d fixed, %d no longer seen, %d newly seen, %d as before · exit %d\n",
		len(c.Broke), len(c.Fixed), len(c.Unseen), len(c.Bad)+len(c.Seen), c.Same, c.ExitStatus())
	_, err := w.Write(redact(muted([]byte(b.String()))))
	return err
}

func word(v *Verdict) string {
	if v == nil {
		return "absent"
	}
	return strings.ReplaceAll(v.String(), "_", " ")
}
