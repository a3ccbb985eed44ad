package story

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/scenarios/steps"
	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/delivery"
)

// tell is the story's Given and When.
func (t *teller) tell(f Finding) (given, when []string, err error) {
	if len(t.steps) == 0 {
		return nil, nil, fmt.Errorf("nothing happens in it")
	}
	if f.Claim == Stands || f.Claim == Silent {
		return t.contacts(f)
	}
	if f.Claim == Replies {
		return t.replies(f.About)
	}
	if f.Almost {
		when, err = t.almost()
		return nil, when, err
	}
	if when := t.alike(f); when != nil {
		return nil, when, nil
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
	if f.Verbatim {
		when, err = t.verbatim(f.Now)
		return given, when, err
	}
	if f.SameSecond && (len(t.cast) != 1 || !t.sameSecond()) {
		return nil, nil, fmt.Errorf("it is not of two events of one second")
	}
	if len(t.cast) == 1 {
		if plain, ok := t.sentences(f); ok {
			return given, plain, nil
		}
	}
	when, err = t.table()
	return given, when, err
}

// alike tells a story of which it does not matter whom it is about.
func (t *teller) alike(f Finding) []string {
	first := t.steps[0]
	last := t.steps[len(t.steps)-1]
	together := len(t.steps) >= manyTogether && first.Group != 0 && last.Group == first.Group && len(t.cast) == len(t.steps)
	switch {
	case t.sameWords() && f.Claim == Counts:
		return []string{"two contacts send the same text at the same time"}
	case len(t.steps) == 1 && first.Kind == chaos.KindForge && first.Forgery != chaos.ForgeryOldSecret && (f.Claim == Refuses || f.Claim == Hides):
		if first.Event.Type == "" {
			return nil
		}
		return []string{fmt.Sprintf("a delivery of a %q event arrives, forged as %q", first.Event.Type, first.Forgery)}
	case len(t.steps) == 2 && first.Kind == chaos.KindRotate && (f.Claim == Refuses || f.Claim == Accepts):
		return []string{"the signing secret is rotated and the receiver is given the new one"}
	case together && f.Claim == Accepts && !slices.ContainsFunc(t.steps, func(s chaos.Step) bool { return s.Kind != chaos.KindDeliver || s.Sender != "" }):
		return []string{fmt.Sprintf("%d deliveries of different messages arrive at the same instant", len(t.steps))}
	}
	return nil
}

// sameWords reports whether the story is of two contacts who write the same.
func (t *teller) sameWords() bool {
	if len(t.steps) != 2 || len(t.cast) != 2 || t.count(chaos.AboutInbound) != 2 {
		return false
	}
	a, b := t.steps[0], t.steps[1]
	return a.Kind == chaos.KindDeliver && b.Kind == chaos.KindDeliver && a.Sender+b.Sender == "" && words(a) == words(b)
}

// manyTogether is from how many on deliveries at one instant are a burst.
const manyTogether = 5

// sentences tells a story of one message, contact or template without a table,
// where there are words for it.
func (t *teller) sentences(f Finding) (lines []string, ok bool) {
	switch t.cast[0].subject.Kind {
	case chaos.AboutMessage:
		return t.messageSentences(f.SameSecond)
	case chaos.AboutInbound:
		return t.contactSentences()
	case chaos.AboutTemplate:
		return t.templateSentences(f)
	case chaos.AboutContact:
		if s := t.steps[0]; len(t.steps) == 1 && s.Kind == chaos.KindDeliver && s.Sender == "" {
			return []string{fmt.Sprintf("Sent delivers a %q event", s.Event.Type)}, true
		}
	}
	return nil, false
}

func (t *teller) templateSentences(f Finding) (lines []string, ok bool) {
	var statuses []string
	for _, s := range t.steps {
		if s.Kind != chaos.KindDeliver || s.Group != 0 || s.Sender != "" || slices.Contains(statuses, s.Event.Status) {
			return nil, false
		}
		statuses = append(statuses, s.Event.Status)
	}
	switch {
	case f.Claim == Accepts && len(statuses) == 1:
		return []string{fmt.Sprintf("Sent delivers a template event with the status %q", statuses[0])}, true
	case f.Claim == Accepts || f.Claim == Ends:
		return []string{fmt.Sprintf("Sent delivers the %q %s of a template", strings.Join(statuses, ", "), plural(len(statuses), "event"))}, true
	}
	return nil, false
}

// sameSecond reports whether the story is of two events that happened in one second.
func (t *teller) sameSecond() bool {
	if len(t.steps) != 2 {
		return false
	}
	a, b := t.steps[0], t.steps[1]
	plain := func(s chaos.Step) bool { return s.Kind == chaos.KindDeliver && s.Sender == "" }
	return plain(a) && plain(b) && a.Event.ID != b.Event.ID && oneSecond(a, b)
}

// oneSecond reports whether two events carry the same time: Sent writes seconds.
func oneSecond(a, b chaos.Step) bool {
	return !a.Event.At.IsZero() && a.Event.At.Truncate(time.Second).Equal(b.Event.At.Truncate(time.Second))
}

func (t *teller) messageSentences(sameSecond bool) (lines []string, ok bool) {
	if sameSecond {
		a, b := t.steps[0], t.steps[1]
		when := steps.InTurn
		if a.Group != 0 && a.Group == b.Group {
			when = "at the same instant"
		}
		return []string{fmt.Sprintf("Sent delivers its %q and %q events %s, with the same timestamps", a.Event.Status, b.Event.Status, when)}, true
	}
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
		case s.Sender == delivery.LoseAck:
			flush()
			lines = append(lines, fmt.Sprintf("its %q event is processed but the sender never gets the answer", s.Event.Status))
		case s.Sender == delivery.HangUp:
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
	if texts := t.cast[0].texts; len(texts) == 2 && len(t.steps) == 2 {
		a, b := t.steps[0], t.steps[1]
		if a.Kind != chaos.KindDeliver || b.Kind != chaos.KindDeliver || a.Group != 0 || a.Sender+b.Sender != "" {
			return nil, false
		}
		when, other := "a minute later", "another text"
		if words(a) == words(b) {
			other = steps.SameText
		} else if oneSecond(a, b) {
			when = "in the same second"
		}
		return []string{fmt.Sprintf("a contact sends a text and, %s, %s", when, other)}, true
	} else if len(texts) > 1 {
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

// almost tells of two texts that a contact sends almost at the same instant.
func (t *teller) almost() (when []string, err error) {
	if len(t.cast) != 1 || len(t.cast[0].texts) != 2 || len(t.steps) != 2 || t.steps[0].Sender+t.steps[1].Sender != "" {
		return nil, fmt.Errorf("it is not of two texts of one contact")
	}
	return []string{fmt.Sprintf("contacts send %d texts on every channel, each with another at almost the same instant", almostTexts)}, nil
}

// almostTexts is how many pairs of texts a story tells of where one that comes a
// moment later shows nothing.
const almostTexts = 5

// replies tells of a contact's text that arrives again, beside another one that
// does not.
func (t *teller) replies(about chaos.Subject) (given, when []string, err error) {
	c := t.of(about)
	told := map[uuid.UUID]bool{}
	when = []string{"another contact sends the same text"}
	for _, s := range t.steps {
		if c == nil || t.of(s.Subject) != c {
			continue
		}
		if s.Kind != chaos.KindDeliver || s.Sender != "" {
			return nil, nil, fmt.Errorf("there are no words for a text that is replied to and sent oddly")
		}
		if told[s.Event.ID] {
			when = append(when, "Sent retries that delivery")
		}
		told[s.Event.ID] = true
	}
	if len(told) != 1 || len(when) == 1 {
		return nil, nil, fmt.Errorf("there are no words for replies to %d texts that arrive once", len(told))
	}
	return []string{"the receiver replies to an ordinary inbound text"}, when, nil
}

// then is what the receiver owes.
func (t *teller) then(f Finding) ([]string, error) {
	c := t.of(f.About)
	if c == nil && (f.Claim == Ends || f.Claim == Counts || f.Claim == Knows) {
		return nil, fmt.Errorf("the finding is about somebody who is not in the story")
	}
	rotated := t.steps[0].Kind == chaos.KindRotate
	switch f.Claim {
	case Refuses:
		if rotated {
			return []string{"a delivery signed with the old secret is rejected"}, nil
		}
		if len(t.steps) == 1 {
			return []string{"the receiver rejects it"}, nil
		}
		return []string{"the receiver rejects the forged one"}, nil
	case Hides:
		return []string{"no answer holds the expected signature or the secret"}, nil
	case Answers:
		return []string{"the receiver answers it without a server error"}, nil
	case Accepts:
		if rotated {
			return []string{"a delivery signed with the new secret is accepted"}, nil
		}
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
	case Replies:
		return []string{"the receiver has replied to both contacts equally often"}, nil
	case Stands:
		return []string{"the contact has " + stands(f)}, nil
	case Silent:
		return []string{"the receiver sends that contact nothing"}, nil
	}
	return nil, fmt.Errorf("no claim %q", f.Claim)
}

func (t *teller) counts(c *cast, f Finding) string {
	switch c.subject.Kind {
	case chaos.AboutInbound:
		if t.sameWords() {
			return "the receiver has counted an inbound message from each of them"
		}
		if f.Almost {
			return fmt.Sprintf("the receiver has counted %d inbound messages from each of them", f.Texts)
		}
		whom := "that contact"
		if t.count(chaos.AboutInbound) > 1 {
			whom = t.named(c)
		}
		return fmt.Sprintf("the receiver has counted %d inbound %s from %s", f.Texts, plural(f.Texts, "message"), whom)
	case chaos.AboutTemplate:
		return t.named(c) + "'s events have had the same effect as on a template that got each of them once"
	case chaos.AboutMessage, chaos.AboutContact:
	}
	whose := t.named(c) + "'s"
	if t.count(chaos.AboutMessage) == 1 {
		whose = "its"
	}
	return whose + " events have had the same effect as on a message that got each of them once"
}
