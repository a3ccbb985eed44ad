package report

import (
	"fmt"
	"strings"
)

// toTell is the causes that the diagnosis has not told already.
func toTell(rep Report) []Cause {
	var all []Cause
	for _, c := range rep.Causes {
		if rep.Diagnosis == nil || c.ID != rep.Diagnosis.Cause {
			all = append(all, c)
		}
	}
	return all
}

// sureness is how sure a cause is, in words.
func sureness(c Cause) string {
	switch c.Certainty {
	case "tried":
		return "tried out"
	case "matches":
		return "what was seen is what it looks like"
	}
	return "likely"
}

// because is the rules that failed because of a cause.
func because(c Cause) string {
	if len(c.Rules) == 0 {
		return ""
	}
	return "why " + strings.Join(c.Rules, ", ") + " failed"
}

// mend is what to do about a broken rule: its cause says it, where there is one.
func mend(r Rule) (name, text string) {
	if r.Cause != "" {
		return "cause", r.Cause + " (its fix stands with the causes)"
	}
	return "fix", r.Fix
}

func (t *Terminal) causes(rep Report) {
	all := toTell(rep)
	if len(all) == 0 {
		return
	}
	t.line("%s", t.paint(bold, "CAUSES, the likeliest first"))
	for _, c := range all {
		t.line("%s (%s)", t.paint(bold, oneLine(c.ID)), sureness(c))
		t.block("", c.Summary)
		if why := because(c); why != "" {
			t.block("", why)
		}
		t.block("fix", c.Fix)
	}
	t.line("")
}

// markdownCauses is the causes as a list.
func markdownCauses(rep Report) string {
	var b strings.Builder
	for i, c := range toTell(rep) {
		if i == 0 {
			b.WriteString("### Causes, the likeliest first\n\n")
		}
		fmt.Fprintf(&b, "%d. **%s** (%s): %s\n", i+1, md(c.ID), sureness(c), md(c.Summary))
		if why := because(c); why != "" {
			fmt.Fprintf(&b, "   %s  \n", md(why))
		}
		fmt.Fprintf(&b, "   **Fix:** %s\n", md(c.Fix))
	}
	if b.Len() > 0 {
		b.WriteString("\n")
	}
	return b.String()
}

// plainCauses is the causes as lines, for reports that have no form for them.
func plainCauses(rep Report) string {
	var b strings.Builder
	for _, c := range toTell(rep) {
		fmt.Fprintf(&b, "\ncause: %s (%s): %s\n", visible(c.ID), sureness(c), visible(c.Summary))
		if why := because(c); why != "" {
			fmt.Fprintf(&b, "  %s\n", visible(why))
		}
		fmt.Fprintf(&b, "fix: %s\n", visible(c.Fix))
	}
	return b.String()
}

type htmlCause struct {
	ID, Sureness, Summary, Because, Fix string
}

func htmlCauses(rep Report) []htmlCause {
	var all []htmlCause
	for _, c := range toTell(rep) {
		all = append(all, htmlCause{Printable(c.ID), sureness(c), Printable(c.Summary), Printable(because(c)), Printable(c.Fix)})
	}
	return all
}
