package chaos

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// A message alone is what it is among the others, where nothing befalls all of them.
func TestMessageAloneIsAsAmongOthers(t *testing.T) {
	p := planOf(t, "everything", 300)
	for _, all := range []Fault{FaultBurst, FaultPause, FaultRestart, FaultRotate, FaultDisable} {
		delete(p.Profile.Faults, all)
	}
	among := map[int][]Step{}
	for s := range p.Steps() {
		among[s.Subject.Index] = append(among[s.Subject.Index], s)
	}
	for index := 1; index <= p.Messages; index++ {
		alone := p.Message(index)
		alone = slices.DeleteFunc(alone, func(s Step) bool { return s.Subject.Kind == "" }) // of which nothing says whose they are
		if got, want := told(t, alone), told(t, among[index]); got != want {
			t.Fatalf("message %d alone:\n%s\namong others:\n%s", index, got, want)
		}
	}
}

// told is steps without what depends on the others: their numbers, and which of a
// rule's forgeries it is.
func told(t *testing.T, steps []Step) string {
	t.Helper()
	var text strings.Builder
	for _, s := range steps {
		s.Number, s.Group, s.Last = 0, 0, false
		if s.Kind == KindForge {
			s.Forgery = s.Rule
		}
		line, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		text.Write(append(line, '\n'))
	}
	return text.String()
}

func TestMessageIsNumberedWithinItselfAndUndisturbed(t *testing.T) {
	p := planOf(t, "everything", 2000)
	forgeries := map[string]bool{}
	for index := 1; index <= p.Messages; index++ {
		for i, s := range p.Message(index) {
			if s.Number != i+1 {
				t.Fatalf("message %d: step %d has number %d", index, i+1, s.Number)
			}
			if s.Kind != KindDeliver && s.Kind != KindForge {
				t.Fatalf("message %d: %s is about the target as a whole", index, s.Kind)
			}
			if slices.Contains(s.Faults, FaultBurst) {
				t.Fatalf("message %d: step %d is part of a burst", index, s.Number)
			}
			forgeries[s.Forgery] = true
		}
	}
	delete(forgeries, "")
	for _, f := range Forgeries() {
		if !forgeries[f.Name] && !f.StrictOnly {
			t.Errorf("%s is tried by none of %d messages", f.Name, p.Messages)
		}
	}
}
