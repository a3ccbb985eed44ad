package steps_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/sentsim/sentsim/features"
	"github.com/sentsim/sentsim/scenarios/gherkin"
	"github.com/sentsim/sentsim/scenarios/rule"
	"github.com/sentsim/sentsim/scenarios/steps"
	"github.com/sentsim/sentsim/scenarios/story"
	"github.com/sentsim/sentsim/simulator/chaos"
)

// mostSentences is how many sentences somebody who writes a scenario has to look
// through. A new one that says the same of something else belongs to the one there is.
const mostSentences = 60

// TestVocabulary: each step of the contract, and of stories that are told in words that
// the contract does not need, is one sentence of the table and no other; none is left over.
func TestVocabulary(t *testing.T) {
	all, err := gherkin.Load(features.FS, ".")
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range told(t) {
		scenarios, err := gherkin.Parse("story.feature", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, scenarios...)
	}
	unused := steps.Vocabulary()
	if len(unused) > mostSentences {
		t.Errorf("the vocabulary has %d sentences, more than %d", len(unused), mostSentences)
	}
	for _, sc := range all {
		for _, st := range sc.Steps {
			matching := steps.Matching(st.Text)
			if len(matching) != 1 {
				t.Errorf("%s:%d: %q is %d sentences: %s", sc.File, sc.Line, st.Text, len(matching), strings.Join(matching, " and "))
			}
			unused = slices.DeleteFunc(unused, func(s string) bool { return slices.Contains(matching, s) })
		}
	}
	for _, s := range unused {
		t.Errorf("no scenario uses %s", s)
	}
}

// told are stories of forged deliveries in a table, and of one with a body of its own.
func told(t *testing.T) (features []string) {
	t.Helper()
	message := chaos.Subject{Kind: chaos.AboutMessage, On: "sms"}
	forged := chaos.Step{Kind: chaos.KindForge, Subject: message, Event: chaos.Event{Type: "message.sent", Status: "SENT"}, Forgery: "no-id"}
	genuine := forged
	genuine.Kind, genuine.Forgery, genuine.Body = chaos.KindDeliver, "", chaos.Body("{}")
	for id, f := range map[string]story.Finding{
		"SIG-13": {Claim: story.Knows, Steps: []chaos.Step{forged}},
		"TOL-4":  {Claim: story.Accepts, Steps: []chaos.Step{genuine}, Verbatim: true},
	} {
		f.Rule, _ = rule.Get(id)
		f.About = message
		text, err := story.Feature(f)
		if err != nil {
			t.Fatal(err)
		}
		features = append(features, text)
	}
	return features
}
