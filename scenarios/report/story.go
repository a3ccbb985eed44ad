package report

import (
	"bytes"
	"strings"
)

// Story tells a broken rule in the words of a Terminal, for what prints a rule by
// itself: a Go test. Brief, the first scenario is told in full, of two more what was
// seen. more is how its reader asks for the rest: -v.
func Story(r Rule, verbose bool, more string) string {
	return printed(verbose, more, func(t *Terminal) { t.broken(r) })
}

// Background is the diagnosis and the causes of a report in the words of a Terminal;
// "" where there are none.
func Background(rep Report) string {
	return printed(true, "", func(t *Terminal) {
		t.diagnosis(rep.Diagnosis)
		t.causes(rep)
	})
}

// printed is what a plain Terminal prints, without blank lines around it.
func printed(verbose bool, more string, tell func(*Terminal)) string {
	var b bytes.Buffer
	t := NewTerminal(TerminalOptions{Out: &b, Verbose: verbose})
	t.more = more
	tell(t)
	return strings.Trim(b.String(), "\n")
}
