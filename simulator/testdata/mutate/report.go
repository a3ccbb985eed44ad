package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// printList prints the mutants without running anything.
func (s *session) printList(w io.Writer) {
	n := 0
	for _, m := range s.mutants {
		if m.fate != stillborn {
			n++
			fmt.Fprintf(w, "%s  (%s)\n", m.describe(), m.kind)
		}
	}
	fmt.Fprintf(w, "%d mutants, %d more do not compile\n", n, len(s.mutants)-n)
	s.printSkips(w)
}

// report prints what survived, what is wrong with the list of equivalents, and
// the count; it returns the exit status.
func (s *session) report(w io.Writer, listed []equivalent, o options, took time.Duration) int {
	byKey := map[string]equivalent{}
	for _, e := range listed {
		byKey[e.key] = e
	}
	count := map[fate]int{}
	excused, problems := 0, 0
	matched := map[string]bool{}
	for _, m := range s.mutants {
		k := m.key()
		e, isListed := byKey[k]
		matched[k] = true
		switch {
		case m.fate == survived && isListed:
			excused++
			continue
		case m.fate == survived:
			before, after := m.change()
			fmt.Fprintf(w, "\nSURVIVED %s:%d (%s)\n%s %s\n- %s\n+ %s\n", m.file.rel, m.line(), m.kind, m.file.rel, m.where(), before, after)
		case isListed && m.fate != notJudged:
			problems++
			fmt.Fprintf(w, "\n%s:%d: listed as equivalent, but it is %s; take it off the list:\n%s\n", o.equivalent, e.line, m.fate, e.key)
		}
		count[m.fate]++
	}
	for _, e := range listed {
		if !matched[e.key] && s.covers(e, o) {
			problems++
			fmt.Fprintf(w, "\n%s:%d: matches no mutant any more; take it off the list or correct it:\n%s\n", o.equivalent, e.line, e.key)
		}
	}
	fmt.Fprintln(w)
	s.printSkips(w)
	total := len(s.mutants) - count[stillborn]
	fmt.Fprintf(w, "%d mutants in %s: %d killed, %d timed out, %d equivalent (listed), %d survived, %d not judged; %d more do not compile\n",
		total, took.Round(time.Second), count[killed], count[timedOut], excused, count[survived], count[notJudged], count[stillborn])
	if count[notJudged] > 0 {
		fmt.Fprintf(w, "the time of %s was too short: raise --budget\n", o.budget)
	}
	if count[survived]+count[notJudged]+problems > 0 {
		return 1
	}
	return 0
}

// covers reports whether the run would have met the entry's mutant if there
// were one.
func (s *session) covers(e equivalent, o options) bool {
	if o.only != nil || o.all {
		return o.all && o.only == nil
	}
	name, _, _ := strings.Cut(e.key, " ")
	for _, p := range s.pkgs {
		if strings.HasPrefix(name, p.dir+"/") && (len(p.target.files) == 0 || slices.Contains(p.target.files, baseName(name))) {
			return true
		}
	}
	return false
}

func (s *session) printSkips(w io.Writer) {
	total := 0
	parts := make([]string, 0, len(s.skips))
	for _, why := range slices.Sorted(maps.Keys(s.skips)) {
		total += s.skips[why]
		parts = append(parts, fmt.Sprintf("%d %s", s.skips[why], why))
	}
	if total > 0 {
		fmt.Fprintf(w, "left alone, being no behaviour: %d (%s)\n", total, strings.Join(parts, ", "))
	}
}
