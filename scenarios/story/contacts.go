package story

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/sentsim/sentsim/scenarios/check"
	"github.com/sentsim/sentsim/simulator/chaos"
)

// mostSignals is how many signals of a contact the sentence takes: each has ten
// seconds of its own, and two digits for them.
const mostSignals = 9

// contacts tells of a contact's signals and of what was sent to it.
func (t *teller) contacts(f Finding) (given, when []string, err error) {
	signals, texts, err := t.split()
	if err != nil {
		return nil, nil, err
	}
	if len(signals) > 0 {
		when = append(when, fmt.Sprintf("Sent delivers the signals %q of a contact", check.TellSignals(signals)))
	}
	switch {
	case f.Claim == Stands && len(texts) == 0:
		return nil, when, nil
	case f.Claim == Stands || len(texts) != 1:
		return nil, nil, fmt.Errorf("there are no words for %d texts and %d signals of a contact", len(texts), len(signals))
	case len(signals) > 0:
		when = append(when, "that contact sends an ordinary text")
	case strings.EqualFold(words(texts[0]), chaos.Stop):
		when = append(when, fmt.Sprintf("a contact sends %q", chaos.Stop))
	default:
		return nil, nil, fmt.Errorf("there are no words for a contact who may not be answered though it did not say %s", chaos.Stop)
	}
	return []string{"the receiver replies to an ordinary inbound text"}, when, nil
}

// split is the signals of the story's contact, and its texts, which come after.
func (t *teller) split() (signals []check.Signal, texts []chaos.Step, err error) {
	for _, s := range t.steps {
		switch {
		case s.Kind != chaos.KindDeliver || s.Group != 0 || s.Sender != "" || s.Subject.From != t.steps[0].Subject.From:
			return nil, nil, fmt.Errorf("there are no words for signals of a contact that are also sent oddly, or with something else")
		case s.Subject.Kind == chaos.AboutContact && len(texts) == 0:
			signal := check.SignalOf(s)
			signal.Network = signal.Network || lacks(s)
			signals = append(signals, signal)
		case s.Subject.Kind == chaos.AboutInbound:
			texts = append(texts, s)
		default:
			return nil, nil, fmt.Errorf("there are no words for a signal of a contact that comes after a text")
		}
	}
	if len(signals) > mostSignals {
		return nil, nil, fmt.Errorf("there are no words for more than %d signals", mostSignals)
	}
	return signals, texts, nil
}

// lacks reports whether a signal is without something that only one by the
// network is without.
func lacks(s chaos.Step) bool {
	return slices.ContainsFunc([]string{"message_id", "text", "to"}, func(field string) bool {
		return gjson.GetBytes(s.Body, "payload."+field).Type == gjson.Null
	})
}

// contactName says in a line what a story of a contact is about.
func (t *teller) contactName(f Finding) string {
	signals, _, err := t.split()
	switch {
	case err != nil:
		return f.Rule.Title
	case f.Claim == Stands:
		return fmt.Sprintf("a contact whose signals arrive as %s has %s", check.TellSignals(signals), stands(f))
	case len(signals) > 0:
		return "a contact who has opted out is sent nothing"
	}
	return fmt.Sprintf("an inbound %q triggers no reply", chaos.Stop)
}

// stands is how the contact of a story must stand at its end.
func stands(f Finding) string {
	if f.OptedOut {
		return "opted out"
	}
	return "opted in"
}
