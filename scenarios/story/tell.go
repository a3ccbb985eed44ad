package story

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/scenarios/steps"
	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/lifecycle"
)

// tell is the story's Given and When.
func (t *teller) tell() (given, when []string, err error) {
	if len(t.steps) == 0 {
		return nil, nil, fmt.Errorf("nothing happens in it")
	}
	for _, c := range t.cast {
		if c.subject.Kind != chaos.AboutMessage {
			continue
		}
		word := "a"
		if c.n > 0 {
			word = "another"
		}
		given = append(given, fmt.Sprintf("%s message on %q", word, c.subject.On))
	}
	if len(t.cast) == 1 {
		if plain, ok := t.sentences(); ok {
			return given, plain, nil
		}
	}
	when, err = t.table()
	return given, when, err
}

// sentences tells a story of one message, contact or template without a table,
// where there are words for it.
func (t *teller) sentences() (lines []string, ok bool) {
	switch t.cast[0].subject.Kind {
	case chaos.AboutMessage:
		return t.messageSentences()
	case chaos.AboutInbound:
		return t.contactSentences()
	case chaos.AboutTemplate:
		return nil, false
	}
	return nil, false
}

func (t *teller) messageSentences() (lines []string, ok bool) {
	told := map[uuid.UUID]bool{}
	var first []string // delivered one after another
	flush := func() {
		if len(first) > 0 {
			lines = append(lines, fmt.Sprintf("Sent delivers its %q %s", strings.Join(first, ", "), plural(len(first), "event")))
			first = nil
		}
	}
	for i := 0; i < len(t.steps); i++ {
		s := t.steps[i]
		again := told[s.Event.ID]
		told[s.Event.ID] = true
		copies := 1
		for i+1 < len(t.steps) && s.Group != 0 && t.steps[i+1].Group == s.Group {
			if t.steps[i+1].Event.ID != s.Event.ID || t.steps[i+1].Sender != s.Sender {
				return nil, false
			}
			copies++
			i++
		}
		switch {
		case s.Kind != chaos.KindDeliver || again && (copies > 1 || s.Sender != ""):
			return nil, false
		case copies > 1 && s.Sender == "":
			flush()
			lines = append(lines, fmt.Sprintf("%d copies of its %q event arrive at the same instant", copies, s.Event.Status))
		case s.Sender == chaos.Discards:
			flush()
			lines = append(lines, fmt.Sprintf("its %q event is processed but the sender never gets the answer", s.Event.Status))
		case s.Sender == chaos.HangsUp:
			flush()
			lines = append(lines, fmt.Sprintf("its %q event is processed but the sender hangs up once the request is sent", s.Event.Status))
		case s.Sender != "" || copies > 1:
			return nil, false
		case again:
			flush()
			lines = append(lines, fmt.Sprintf("Sent retries its %q event", s.Event.Status))
		default:
			first = append(first, s.Event.Status)
		}
	}
	flush()
	return lines, true
}

func (t *teller) contactSentences() (lines []string, ok bool) {
	if len(t.cast[0].texts) > 1 {
		return nil, false
	}
	for i, s := range t.steps {
		switch {
		case s.Kind != chaos.KindDeliver || s.Group != 0 || s.Sender != "":
			return nil, false
		case i == 0:
			lines = append(lines, "a contact sends a text")
		default:
			lines = append(lines, "Sent retries that delivery")
		}
	}
	return lines, true
}

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
		case chaos.KindPause, chaos.KindResume, chaos.KindRotate, chaos.KindDisable, chaos.KindEnable:
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
	case "":
	case chaos.Discards:
		how = append(how, steps.HowLost)
	case chaos.HangsUp:
		how = append(how, steps.HowHangUp)
	case chaos.Dawdles:
		how = append(how, steps.HowSlowly)
	case chaos.Resets:
		how = append(how, steps.HowCut)
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
		chaos.AboutMessage: "message", chaos.AboutInbound: "contact", chaos.AboutTemplate: "template",
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

// then is what the receiver owes.
func (t *teller) then(f Finding) ([]string, error) {
	c := t.of(f.About)
	if c == nil && f.Claim != Accepts && f.Claim != Refuses {
		return nil, fmt.Errorf("the finding is about somebody who is not in the story")
	}
	switch f.Claim {
	case Refuses:
		return []string{"the receiver rejects the forged one"}, nil
	case Accepts:
		if len(t.steps) == 1 {
			return []string{"the receiver accepts it"}, nil
		}
		return []string{"the receiver accepts them all"}, nil
	case Knows:
		return []string{"the receiver knows nothing of " + t.named(c)}, nil
	case Ends:
		if len(f.Statuses) == 0 {
			return nil, fmt.Errorf("no status is expected of %s", t.named(c))
		}
		quoted := make([]string, len(f.Statuses))
		for i, s := range f.Statuses {
			quoted[i] = fmt.Sprintf("%q", s)
		}
		return []string{fmt.Sprintf("%s ends as %s", t.named(c), strings.Join(quoted, " or "))}, nil
	case Counts:
		return []string{t.counts(c, f)}, nil
	}
	return nil, fmt.Errorf("no claim %q", f.Claim)
}

func (t *teller) counts(c *cast, f Finding) string {
	switch c.subject.Kind {
	case chaos.AboutInbound:
		whom := "that contact"
		if t.count(chaos.AboutInbound) > 1 {
			whom = t.named(c)
		}
		return fmt.Sprintf("the receiver has counted %d inbound %s from %s", f.Texts, plural(f.Texts, "message"), whom)
	case chaos.AboutTemplate:
		return t.named(c) + "'s events have had the same effect as on a template that got each of them once"
	case chaos.AboutMessage:
	}
	whose := t.named(c) + "'s"
	if t.count(chaos.AboutMessage) == 1 {
		whose = "its"
	}
	return whose + " events have had the same effect as on a message that got each of them once"
}

// name says in a line what the story is about.
func (t *teller) name(f Finding) string {
	last := t.steps[len(t.steps)-1]
	forged := slices.IndexFunc(t.steps, func(s chaos.Step) bool { return s.Kind == chaos.KindForge })
	kind := map[chaos.SubjectKind]string{chaos.AboutInbound: "an inbound text", chaos.AboutTemplate: "a template's " + last.Event.Status}[last.Subject.Kind]
	if kind == "" {
		kind = last.Event.Status
	}
	switch f.Claim {
	case Refuses:
		return "a forged delivery is rejected: " + doc(t.steps[max(forged, 0)].Forgery)
	case Knows:
		return "a forged delivery leaves no trace: " + doc(t.steps[max(forged, 0)].Forgery)
	case Accepts:
		return kind + " is accepted"
	case Counts:
		return t.countName(last, kind)
	case Ends:
		want := strings.Join(f.Statuses, " or ")
		switch {
		case forged >= 0:
			return "a forged delivery does not come in the way of the genuine " + want
		case len(t.steps) > 1 && last.Subject.Kind == chaos.AboutMessage && lifecycle.Precedes(event.Status(last.Event.Status), event.Status(want)):
			return fmt.Sprintf("a late %s does not move a message back from %s", last.Event.Status, want)
		case len(t.cast) > 1:
			return want + " is not lost on one while others are delivered"
		}
		return want + " is not lost"
	}
	return f.Rule.Title
}

func (t *teller) countName(last chaos.Step, kind string) string {
	var before *chaos.Step
	for i := range t.steps[:len(t.steps)-1] {
		if t.steps[i].Event.ID == last.Event.ID {
			before = &t.steps[i]
		}
	}
	switch {
	case before == nil:
		return "each event counts once"
	case t.alone:
		return kind + " counts once, also when the receiver restarts before the retry"
	case last.Group != 0 && before.Group == last.Group:
		return kind + " counts once when its copies arrive at the same instant"
	case before.Sender == chaos.Discards || before.Sender == chaos.HangsUp:
		return kind + " counts once when its acknowledgement is lost"
	}
	return kind + " counts once when it is delivered again"
}

// doc is a forgery in words.
func doc(name string) string {
	if f, err := chaos.Lookup(name); err == nil {
		return f.Doc
	}
	return name
}
