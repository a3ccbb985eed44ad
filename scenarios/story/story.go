// Package story writes what is left of a failing run, once it is reduced, as a
// Gherkin scenario that can be committed: in the vocabulary of package steps, with
// the tags of its rule. It sends nothing.
package story

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sentsim/sentsim/scenarios/rule"
	"github.com/sentsim/sentsim/scenarios/steps"
	"github.com/sentsim/sentsim/simulator/chaos"
)

// Claim is which of a receiver's duties a story is about.
type Claim string

// What a story can end with.
const (
	Refuses Claim = "refuses" // what was forged
	Accepts Claim = "accepts" // what is genuine
	Ends    Claim = "ends"    // in the right status
	Counts  Claim = "counts"  // each event once
	Replies Claim = "replies" // to a text that arrives again no more often
	Knows   Claim = "knows"   // nothing of what was only forged
	Hides   Claim = "hides"   // the expected signature and the secret
	Answers Claim = "answers" // without a server error
	Stands  Claim = "stands"  // a contact, as its latest signal says
	Silent  Claim = "silent"  // nothing is sent to a contact
)

// Finding is what a run found, reduced.
type Finding struct {
	Rule  rule.Rule
	Steps []chaos.Step
	About chaos.Subject // of the wrong state; for an answer, of the delivery
	Claim Claim
	// Statuses are those in which About may end, for Ends.
	Statuses []string
	// OptedOut is how About must stand, for Stands.
	OptedOut bool
	// Texts is how many different texts of the contact were taken, for Counts.
	Texts int
	// Verbatim tells every delivery with the body that it had, where a plain one
	// does not show what is wrong.
	Verbatim bool
	// SameSecond says that the two events of the story happened in one second,
	// where that matters.
	SameSecond bool
	// Almost says that two texts of a contact came almost at the same instant, where
	// that matters: it is told of several contacts.
	Almost bool
	// Now is when it was seen: an event that was minutes old then is so again.
	Now time.Time
	// Origin says where it comes from, in a sentence for the feature's head.
	Origin string
}

// Feature writes the finding as a feature with one scenario. It fails where the
// vocabulary has no words for what happened.
func Feature(f Finding) (string, error) {
	t := newTeller(f.Steps)
	given, when, err := t.tell(f)
	if err != nil {
		return "", err
	}
	then, err := t.then(f)
	if err != nil {
		return "", err
	}
	for _, s := range slices.Concat(given, when, then) {
		if !continues(s) && !steps.Knows(s) {
			return "", fmt.Errorf("the vocabulary has no sentence %q", s)
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Feature: Found by a chaos run\n")
	for _, line := range wrap(f.Origin, 84) {
		fmt.Fprintf(&b, "  %s\n", line)
	}
	tags := fmt.Sprintf("@%s @%s", f.Rule.ID, f.Rule.Level)
	if slices.Contains([]Claim{Ends, Counts, Replies, Knows, Stands, Silent}, f.Claim) {
		tags += " @state"
	}
	if t.alone {
		tags += " @alone"
	}
	fmt.Fprintf(&b, "\n  %s\n  Scenario: %s\n", tags, t.name(f))
	section(&b, "Given", given)
	section(&b, "When", when)
	section(&b, "Then", then)
	return b.String(), nil
}

// continues reports whether a line belongs to the step before: a table or a text.
func continues(line string) bool { return strings.HasPrefix(line, "|") || strings.HasPrefix(line, " ") }

func section(b *strings.Builder, keyword string, lines []string) {
	for _, s := range lines {
		if continues(s) {
			fmt.Fprintf(b, "      %s\n", strings.TrimPrefix(s, "  "))
			continue
		}
		fmt.Fprintf(b, "    %s %s\n", keyword, s)
		keyword = "And"
	}
}

func wrap(text string, width int) (lines []string) {
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines = append(lines, line)
			line = ""
		}
		line = strings.TrimSpace(line + " " + word)
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// cast is one of those whom a story is about.
type cast struct {
	subject chaos.Subject
	n       int // of its kind, from 0
	texts   []string
}

// teller knows whom a story is about.
type teller struct {
	steps []chaos.Step
	cast  []*cast
	alone bool // the target must be had alone
}

func newTeller(steps []chaos.Step) *teller {
	t := &teller{}
	for _, s := range steps {
		switch s.Kind {
		case chaos.KindDisable, chaos.KindEnable, chaos.KindPause, chaos.KindResume:
			continue // what the target gets in between, it gets without them
		case chaos.KindDeliver, chaos.KindForge, chaos.KindRestart, chaos.KindRotate:
		}
		t.steps = append(t.steps, s)
		if s.Subject.Kind != "" && t.of(s.Subject) == nil {
			t.cast = append(t.cast, &cast{subject: s.Subject, n: t.count(s.Subject.Kind)})
		}
		if c := t.of(s.Subject); c != nil && s.Subject.Kind == chaos.AboutInbound && !slices.Contains(c.texts, s.Event.ID.String()) {
			c.texts = append(c.texts, s.Event.ID.String())
		}
	}
	return t
}

func (t *teller) of(s chaos.Subject) *cast {
	for _, c := range t.cast {
		same := c.subject.ID == s.ID
		if s.Kind == chaos.AboutInbound {
			same = c.subject.From == s.From
		}
		if c.subject.Kind == s.Kind && same {
			return c
		}
	}
	return nil
}

func (t *teller) count(k chaos.SubjectKind) (n int) {
	for _, c := range t.cast {
		if c.subject.Kind == k {
			n++
		}
	}
	return n
}
