package steps

import (
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/cucumber/godog"
)

// definition is one sentence of the vocabulary and the step that it takes: a method
// of *World with a context, where it sends or reads, and what the sentence's groups
// hold. A group that a sentence leaves out is "".
type definition struct {
	sentence *regexp.Regexp
	step     any
	sending  Sending
}

// Sending is what a sentence sends, for callers that ask that of a scenario without
// running it.
type Sending string

// What is asked about. The groups of ItsEvents begin with the statuses, those of AnEvent
// with its type; those of Forged are the type of the event, or "", and the forgery. Those
// of AText are its words, what is odd about them, and what kind of text it is; those of
// Valued end with what is new, its value and the sub-type; those of Changed are the event
// and its change. Those of Messages are which and, of many, their number; those of Both
// end with how; those of CopiesOfIts and GivesUp have the number, and those of Texts that of
// contacts on each channel, that of copies, and whether each sends another.
const (
	Messages     Sending = "messages up to a status"
	Both         Sending = "two events of each message"
	CopiesOfIts  Sending = "copies of each message's event"
	Burst        Sending = "deliveries at the same instant"
	Unanswered   Sending = "an event whose sender misbehaves"
	GivesUp      Sending = "events on which the sender hangs up"
	Texts        Sending = "texts on every channel"
	TwoTexts     Sending = "two texts of a contact"
	TextOfTwo    Sending = "a text of two contacts"
	ItsEvents    Sending = "events of the scenario's message"
	ItsLateEvent Sending = "a late event of it" // whose, and its status
	AnEvent      Sending = "an event of something new"
	Again        Sending = "a delivery again"
	Forged       Sending = "a forged delivery"
	ForgedEach   Sending = "a delivery with each forgery of its table"
	ForgedBefore Sending = "an event that was forged before"
	AText        Sending = "a contact's text"
	Valued       Sending = "an event with a value that may be new"
	Changed      Sending = "an event that is changed"
	NoObject     Sending = "a body that is no object"
	Signals      Sending = "signals of a contact"
	Outage       Sending = "failed events for minutes, until the webhook is disabled"
)

// What the groups of Messages, Both and TwoTexts may hold.
const (
	OnEveryChannel = "messages on every channel"
	InTurn         = "one after the other"
	SameText       = "the same text again"
)

func (d definition) sends(s Sending) definition {
	d.sending = s
	return d
}

// def is a sentence and its step. The placeholders stand for groups that several
// sentences share: of which of the scenario's messages, templates or contacts they are.
func def(sentence string, step any) definition {
	ordinal := "(?:" + strings.Join(Ordinals(), "|") + ")"
	sentence = strings.NewReplacer(
		"{which}", "(the|each|the "+ordinal+")",
		"{whose}", "(its|(?:the|each|the "+ordinal+") (?:message|template)'s)",
		"{ordinal}", ordinal,
	).Replace(sentence)
	return definition{sentence: regexp.MustCompile("^" + sentence + "$"), step: step}
}

// bind is the step on that world, as godog takes it.
func (d definition) bind(w *World) any {
	step := reflect.ValueOf(d.step)
	var in, out []reflect.Type
	for i := 1; i < step.Type().NumIn(); i++ {
		in = append(in, step.Type().In(i))
	}
	out = append(out, step.Type().Out(0))
	return reflect.MakeFunc(reflect.FuncOf(in, out, false), func(args []reflect.Value) []reflect.Value {
		return step.Call(append([]reflect.Value{reflect.ValueOf(w)}, args...))
	}).Interface()
}

// Knows reports whether a sentence is one of the vocabulary.
func Knows(sentence string) bool {
	return slices.ContainsFunc(vocabulary, func(d definition) bool { return d.sentence.MatchString(sentence) })
}

// Read says what a step of a scenario sends, and what its sentence's groups hold. It is ""
// for a step that sends nothing that callers ask about.
func Read(sentence string) (sends Sending, groups []string) {
	for _, d := range vocabulary {
		if said := d.sentence.FindStringSubmatch(sentence); said != nil {
			return d.sending, said[1:]
		}
	}
	return "", nil
}

// Bind gives a scenario its steps, on this world.
func (w *World) Bind(sc *godog.ScenarioContext) {
	for _, d := range vocabulary {
		sc.Step(d.sentence, d.bind(w))
	}
}
