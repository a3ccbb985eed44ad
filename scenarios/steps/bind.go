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
}

func def(sentence string, step any) definition {
	ordinal := "(?:" + strings.Join(Ordinals(), "|") + ")"
	sentence = strings.NewReplacer(
		// Which of the scenario's messages, templates or contacts it is about.
		"{which}", "(the|each|the "+ordinal+")",
		"{whose}", "(its|(?:the|each|the "+ordinal+") (?:message|template)'s)",
		"{ordinal}", ordinal,
	).Replace(sentence)
	return definition{regexp.MustCompile("^" + sentence + "$"), step}
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

// Bind gives a scenario its steps, on this world.
func (w *World) Bind(sc *godog.ScenarioContext) {
	for _, d := range vocabulary {
		sc.Step(d.sentence, d.bind(w))
	}
}
