package story

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/tidwall/gjson"

	"github.com/sentsim/sentsim/scenarios/steps"
	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/delivery"
)

// words are those of an inbound text.
func words(s chaos.Step) string { return gjson.GetBytes(s.Body, "payload.text").String() }

// table tells any story, a row for each delivery. What is done to the target
// stands between tables.
func (t *teller) table() (lines []string, err error) {
	var rows [][3]string
	flush := func() {
		if len(rows) > 0 {
			lines = append(append(lines, "Sent delivers, in this order:"), align(append([][3]string{{"of", "event", "how"}}, rows...))...)
			rows = nil
		}
	}
	told := map[uuid.UUID]bool{}
	for i, s := range t.steps {
		switch s.Kind {
		case chaos.KindDeliver, chaos.KindForge:
			row, err := t.row(i, told)
			if err != nil {
				return nil, err
			}
			rows = append(rows, row)
			if s.Kind == chaos.KindDeliver {
				told[s.Event.ID] = true
			}
		case chaos.KindRestart:
			flush()
			t.alone = true
			lines = append(lines, "the receiver is restarted")
		case chaos.KindRotate, chaos.KindPause, chaos.KindResume, chaos.KindDisable, chaos.KindEnable: // the others are left out
			return nil, fmt.Errorf("there are no words for a step of the kind %q", s.Kind)
		}
	}
	flush()
	return lines, nil
}

func (t *teller) row(i int, told map[uuid.UUID]bool) (row [3]string, err error) {
	s := t.steps[i]
	c := t.of(s.Subject)
	if c == nil {
		return row, fmt.Errorf("there are no words for a delivery of nothing that is known (%s)", s.Event.Type)
	}
	if s.Subject.Kind == chaos.AboutContact {
		return row, fmt.Errorf("there are no words for a contact's signal in a table")
	}
	if c.n >= len(steps.Ordinals()) {
		return row, fmt.Errorf("there are no words for more than %d of a kind", len(steps.Ordinals()))
	}
	var how []string
	if told[s.Event.ID] && s.Kind == chaos.KindDeliver {
		how = append(how, steps.HowAgain)
	}
	if i > 0 && s.Group != 0 && t.steps[i-1].Group == s.Group {
		how = append(how, steps.HowTogether)
	}
	switch s.Sender {
	case delivery.Well:
	case delivery.LoseAck:
		how = append(how, steps.HowLost)
	case delivery.HangUp:
		how = append(how, steps.HowHangUp)
	case delivery.Dawdle:
		how = append(how, steps.HowSlowly)
	case delivery.Cut:
		how = append(how, steps.HowCut)
	case delivery.GiveUp: // no plan has it
	}
	if s.Kind == chaos.KindForge {
		if _, err := chaos.Lookup(s.Forgery); err != nil {
			return row, fmt.Errorf("there are no words for a delivery forged as %q", s.Forgery)
		}
		how = append(how, steps.HowForged+s.Forgery)
	}
	name := s.Event.Status
	if s.Subject.Kind == chaos.AboutInbound {
		k := slices.Index(c.texts, s.Event.ID.String())
		if k >= len(steps.Ordinals()) {
			return row, fmt.Errorf("there are no words for more than %d texts", len(steps.Ordinals()))
		}
		name = "the " + steps.Ordinals()[k] + " text"
	}
	return [3]string{t.named(c), name, strings.Join(how, ", ")}, nil
}

// named is how a story calls one of its cast.
func (t *teller) named(c *cast) string {
	kind := map[chaos.SubjectKind]string{
		chaos.AboutMessage: "message", chaos.AboutInbound: "contact", chaos.AboutTemplate: "template", chaos.AboutContact: "contact",
	}[c.subject.Kind]
	if t.count(c.subject.Kind) == 1 {
		return "the " + kind
	}
	return "the " + steps.Ordinals()[c.n] + " " + kind
}

// align writes rows as Gherkin does.
func align(rows [][3]string) (lines []string) {
	var width [3]int
	for _, r := range rows {
		for i, cell := range r {
			width[i] = max(width[i], len(cell))
		}
	}
	for _, r := range rows {
		lines = append(lines, fmt.Sprintf("| %-*s | %-*s | %-*s |", width[0], r[0], width[1], r[1], width[2], r[2]))
	}
	return lines
}

func plural(n int, word string) string {
	if n == 1 {
		return word
	}
	return word + "s"
}
