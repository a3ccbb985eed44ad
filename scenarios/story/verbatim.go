package story

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/sentsim/sentsim/scenarios/steps"
	"github.com/sentsim/sentsim/simulator/chaos"
)

// oddness says in words what is odd about a body.
func oddness(s chaos.Step) string {
	for _, f := range s.Faults {
		switch f { //nolint:exhaustive // the others leave the body alone
		case chaos.FaultUnknownStatus:
			return "an unknown status"
		case chaos.FaultUnknownField:
			return "an unknown kind of event"
		case chaos.FaultNotAnObject:
			return "a signed body that is not an object"
		case chaos.FaultHostileText:
			return "a hostile text"
		case chaos.FaultNullFields:
			return "a field that is null or missing"
		case chaos.FaultExtraFields:
			return "fields that are not documented"
		}
	}
	return ""
}

// verbatim tells every delivery with its own body.
func (t *teller) verbatim(now time.Time) (lines []string, err error) {
	for _, s := range t.steps {
		if s.Kind != chaos.KindDeliver || s.Group != 0 || s.Sender != "" {
			return nil, fmt.Errorf("there are no words for a delivery with a body of its own that is also sent oddly")
		}
		if what := plainOddity(s.Body); what != "" {
			lines = append(lines, "Sent delivers a correctly signed body that is "+what)
			continue
		}
		body, err := t.printed(s, now)
		if err != nil {
			return nil, err
		}
		lines = append(append(append(lines, fmt.Sprintf("Sent delivers a %q event with this body:", s.Event.Type), `  """`), body...), `  """`)
	}
	return lines, nil
}

// plainOddity is the word that the vocabulary has for a body, or "".
func plainOddity(body []byte) string {
	for _, odd := range chaos.NotObjects() {
		if string(body) == odd.Text {
			return odd.Name
		}
	}
	return ""
}

// printed is a body in lines, with placeholders for what every telling draws anew.
func (t *teller) printed(s chaos.Step, now time.Time) ([]string, error) {
	if !utf8.Valid(s.Body) {
		return nil, fmt.Errorf("there are no words for a body that is not UTF-8")
	}
	text := string(s.Body)
	var pretty bytes.Buffer
	if json.Indent(&pretty, s.Body, "", "  ") == nil && strings.HasPrefix(text, "{") {
		text = escaped(pretty.String())
	}
	if slices.ContainsFunc([]rune(text), func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }) {
		return nil, fmt.Errorf("there are no words for a body with characters that cannot be printed")
	}
	for _, c := range t.cast {
		id := c.subject.ID.String()
		switch c.subject.Kind {
		case chaos.AboutMessage:
			text = strings.ReplaceAll(text, id, steps.Placeholder("message_id", c.n))
		case chaos.AboutTemplate:
			text = strings.ReplaceAll(text, id, steps.Placeholder("template_id", c.n))
		case chaos.AboutInbound, chaos.AboutContact:
			text = strings.ReplaceAll(text, c.subject.From, steps.Placeholder("contact", c.n))
			text = strings.ReplaceAll(text, strings.TrimPrefix(c.subject.From, "+"), steps.Placeholder("contact", c.n))
		}
	}
	if !s.Event.At.IsZero() {
		when := steps.Placeholder("time", t.second(s.Event.At))
		if minutes := age(s, now); minutes > 1 {
			when = steps.Ago(minutes)
		}
		text = strings.ReplaceAll(text, s.Event.At.UTC().Format(time.RFC3339), when)
	}
	return strings.Split(indent(text), "\n"), nil
}

// age is how many minutes old a step's event was; 0 if now is not known.
func age(s chaos.Step, now time.Time) int {
	if now.IsZero() || s.Event.At.IsZero() {
		return 0
	}
	return int(now.Sub(s.Event.At) / time.Minute)
}

// second is which of the story's times one is: events of one second stay so.
func (t *teller) second(at time.Time) int {
	var times []int64
	for _, s := range t.steps {
		if u := s.Event.At.Unix(); !slices.Contains(times, u) {
			times = append(times, u)
		}
	}
	slices.Sort(times)
	return slices.Index(times, at.Unix())
}

func indent(text string) string { return "  " + strings.ReplaceAll(text, "\n", "\n  ") }

// escaped is JSON in which everything that cannot be seen is escaped.
func escaped(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\n' || unicode.IsPrint(r):
			b.WriteRune(r)
		case r > 0xFFFF:
			r -= 0x10000
			fmt.Fprintf(&b, `\u%04x\u%04x`, 0xD800+(r>>10), 0xDC00+(r&0x3FF))
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}
