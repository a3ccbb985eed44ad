package cause

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sentsim/sentsim/scenarios/gherkin"
	"github.com/sentsim/sentsim/scenarios/report"
)

func dictionary(t *testing.T) map[string][]Sign {
	t.Helper()
	d, err := Dictionary()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// rulesOf is a report in which those signs failed and everything else that the
// dictionary knows passed.
func rulesOf(d map[string][]Sign, failed []Sign) []report.Rule {
	var rules []report.Rule
	add := func(s Sign, sc report.Scenario) {
		i := slices.IndexFunc(rules, func(r report.Rule) bool { return r.ID == s.Rule })
		if i < 0 {
			i, rules = len(rules), append(rules, report.Rule{ID: s.Rule, Verdict: report.Passed})
		}
		if slices.ContainsFunc(rules[i].Scenarios, func(had report.Scenario) bool { return had.Name == sc.Name }) {
			return
		}
		rules[i].Scenarios = append(rules[i].Scenarios, sc)
		if sc.Verdict == report.Failed {
			rules[i].Verdict = report.Failed
		}
	}
	for _, s := range failed {
		sc := report.Scenario{Name: s.Scenario, File: "x.feature:1", Verdict: report.Failed, Evidence: []report.Evidence{{}}}
		switch e := &sc.Evidence[0]; s.Shows {
		case "more":
			e.State, sc.Reason = "x", "5 effects on the message; each event delivered once has 4"
		case "fewer":
			e.State, sc.Reason = "x", "3 effects on the message; each event delivered once has 4"
		case "some":
			e.State, sc.Reason = "x", "3 of 24 messages do not end as DELIVERED in the receiver's state"
		case "state":
			e.State = "x"
		case "none":
			e.Response = "no answer"
		default:
			e.Response = s.Shows[:1] + "00 after 1ms"
		}
		add(s, sc)
	}
	for _, signs := range d {
		for _, s := range signs {
			add(s, report.Scenario{Name: s.Scenario, File: "x.feature:1", Verdict: report.Passed})
		}
	}
	return rules
}

// toldOtherwise are mutants whose mistake learning or the diagnosis names, or
// one of the causes that need no dictionary.
var toldOtherwise = []string{
	"body-alone-signed", "redirect-to-login", "secret-text-as-key", // nothing genuine is accepted
	"failed-only-logged", "read-dropped", "inbound-lost", "webhook-id-as-key", // learned
	"no-verification",
}

// Whatever a mutant shows is recognised as a mistake that it makes, or as one
// that cannot be told from it, which is then not certain.
func TestEveryMutantIsRecognised(t *testing.T) {
	d := dictionary(t)
	for name, signs := range d {
		if len(signs) == 0 || slices.Contains(toldOtherwise, name) {
			continue
		}
		m := slices.IndexFunc(knownMistakes(), func(m mistake) bool { return slices.Contains(m.mutants, name) })
		if m < 0 {
			t.Errorf("no known mistake is made by the mutant %s", name)
			continue
		}
		id := knownMistakes()[m].id
		rules := rulesOf(d, signs)
		for _, needed := range knownMistakes()[m].with { // failed by what was learned, which is no sign
			for i := range rules {
				if rules[i].ID == needed {
					rules[i].Verdict = report.Failed
				}
			}
		}
		causes := Explain(Facts{Rules: rules})
		at := slices.IndexFunc(causes, func(c report.Cause) bool { return c.ID == id })
		if at < 0 || at > 1 {
			t.Errorf("%s is not recognised as %s: %+v", name, id, causes)
			continue
		}
		if at == 1 && causes[0].Certainty != "likely" {
			t.Errorf("%s is %s, with certainty: %+v", name, id, causes)
		}
		if strings.Contains(causes[at].Summary, "{") {
			t.Errorf("%s: %q has a gap", name, causes[at].Summary)
		}
	}
}

// A mistake that the dictionary has never seen made like this is mostly named by
// the forms that it has, and hardly ever as another with certainty.
func TestOneLeftOut(t *testing.T) {
	d := dictionary(t)
	known := knownMistakes()
	tried, first, wrong := 0, 0, 0
	for i := range known {
		for _, name := range known[i].mutants {
			if len(d[name]) == 0 {
				continue
			}
			rest := forms(slices.Clone(known), d)
			rest = slices.DeleteFunc(rest, func(f form) bool { return f.of.id == known[i].id && slices.Equal(f.signs, d[name]) })
			tried++
			causes := recognised(Facts{Rules: rulesOf(d, d[name])}, rest, nil)
			if len(causes) == 0 {
				continue
			}
			switch {
			case causes[0].ID == known[i].id:
				first++
			case causes[0].Certainty != "likely":
				wrong++
				t.Logf("%s without its own signs is %s", name, causes[0].ID)
			}
		}
	}
	t.Logf("%d left out: %d still named first, %d named as another with certainty", tried, first, wrong)
	if wrong*10 > tried {
		t.Errorf("%d of %d are named as another mistake with certainty", wrong, tried)
	}
}

// What is written by hand about mistakes holds together, and names scenarios
// that there are.
func TestKnownMistakesAreWellFormed(t *testing.T) {
	names := scenarioNames(t)
	d := dictionary(t)
	ids := map[string]bool{}
	for _, m := range knownMistakes() {
		if ids[m.id] || m.id == "" || m.summary == "" || !strings.HasSuffix(strings.TrimSpace(m.fix), ".") {
			t.Errorf("%q: known twice, or without a summary or a fix that is a sentence", m.id)
		}
		ids[m.id] = true
		for _, name := range m.mutants {
			if _, ok := d[name]; !ok {
				t.Errorf("%s: there is no mutant %s in the dictionary", m.id, name)
			}
		}
		if (m.answer == "") != (len(m.on) == 0) {
			t.Errorf("%s: an answer needs rules, and they an answer", m.id)
		}
		for _, line := range slices.Concat(m.like, m.absent) {
			s, ok := parseSign(line)
			if !ok || !slices.ContainsFunc(names[s.Rule], func(name string) bool { return matches(s.Scenario, name) }) {
				t.Errorf("%s: %q is no scenario", m.id, line)
			}
		}
	}
}

// scenarioNames is the names of the contract's scenarios, by rule.
func scenarioNames(t *testing.T) map[string][]string {
	t.Helper()
	files, err := filepath.Glob("../../features/*.feature")
	if err != nil || len(files) == 0 {
		t.Fatal(err, files)
	}
	all := map[string][]string{}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		scenarios, err := gherkin.Parse(file, src)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range scenarios {
			for _, tag := range s.Tags {
				all[strings.TrimPrefix(tag, "@")] = append(all[strings.TrimPrefix(tag, "@")], s.Name)
			}
		}
	}
	return all
}

// Nothing is named on a guess: a failure that no mistake looks like has no cause.
func TestNothingOnAGuess(t *testing.T) {
	d := dictionary(t)
	signs := []Sign{{"SIG-8", "a scenario that nobody knows", "4xx"}, {"IDEM-7", "another", "state"}}
	if got := Explain(Facts{Rules: rulesOf(d, signs)}); len(got) > 0 {
		t.Errorf("%+v", got)
	}
	half := d["last-write-wins"][:2] // of six
	for _, c := range Explain(Facts{Rules: rulesOf(d, half)}) {
		if c.ID == "last-arrival-wins" {
			t.Errorf("two signs of six are enough: %+v", c)
		}
	}
}

// The answer that was seen is told, and gives a mistake away.
func TestAnswersGiveMistakesAway(t *testing.T) {
	d := dictionary(t)
	rules := rulesOf(d, []Sign{{"TOL-5", "a text with emoji is accepted", "5xx"}})
	for i := range rules {
		for j := range rules[i].Scenarios {
			if e := rules[i].Scenarios[j].Evidence; len(e) > 0 {
				e[0].Response = "500 Internal Server Error after 1ms\n\nIncorrect string value: '\\xF0\\x9F' for column 'text'"
			}
		}
	}
	causes := Explain(Facts{Rules: rules})
	if len(causes) != 1 || causes[0].ID != "column-without-emoji" || !strings.Contains(causes[0].Summary, "Incorrect string value") {
		t.Fatalf("%+v", causes)
	}
	Assign(rules, causes)
	for _, r := range rules {
		if want := map[bool]string{true: "column-without-emoji"}[r.ID == "TOL-5"]; r.Cause != want {
			t.Errorf("%s has the cause %q", r.ID, r.Cause)
		}
	}
}

func TestDictionaryReadsBack(t *testing.T) {
	d := dictionary(t)
	again, err := parseDictionary(FormatDictionary(d))
	if err != nil || FormatDictionary(again) != dictionaryText || len(d) < 60 {
		t.Errorf("%d entries, %v", len(d), err)
	}
	if _, err := parseDictionary("a\n\tno sign\n"); err == nil {
		t.Error("a line that is no sign is read")
	}
}
