package steps

import (
	"regexp"
	"slices"

	"github.com/cucumber/godog"
)

// definition is one sentence of the vocabulary; its method is a function of
// *World that takes a context and what the sentence's groups hold.
type definition struct {
	sentence *regexp.Regexp
	bind     func(*World) any
}

func def(sentence string, bind func(*World) any) definition {
	return definition{regexp.MustCompile("^" + sentence + "$"), bind}
}

// vocabulary is every sentence, compiled once: a run binds it a hundred times.
var vocabulary = concat( //nolint:gochecknoglobals // constant after start-up; godog wants compiled patterns
	deliverySentences(), signatureSentences(), acknowledgementSentences(), idempotencySentences(), severalSentences(),
	orderSentences(), toleranceSentences(), retriesSentences(), inboundSentences(), contactSentences(),
	templateSentences(), rotationSentences(), storySentences(),
)

func concat(groups ...[]definition) (all []definition) {
	for _, g := range groups {
		all = append(all, g...)
	}
	return all
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
