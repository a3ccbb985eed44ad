package report

import (
	"html/template"
	"strings"
	"time"

	"github.com/sentsim/sentsim/scenarios/rule"
)

// htmlView is what the page shows. Whatever comes from outside has gone through
// Printable on its way in: the page escapes some characters of a secret, and then
// nobody would recognise it any more.
type htmlView struct {
	Policy string
	CSS    template.CSS
	JS     template.JS

	Headline, Meaning        string
	Verdict                  htmlVerdict
	Target, Version, Command string
	Seed                     uint64
	Strict                   bool
	ExitStatus, Total        int
	Took, Simulated          string
	Facts                    []htmlFact
	Levels                   []htmlLevel
	Counts                   []htmlCount
	Diagnosis                *Diagnosis
	Causes                   []htmlCause
	Learned                  []htmlFact
	Families                 []htmlFamily
	Answers                  template.HTML // how long they took
	Answered                 string        // how many there were
	Chaos                    *htmlChaos
	Broken                   []htmlBroken
	Unseen                   []htmlUnseen
	Probe, ToSeeState        string // what the config file must say to see the state, and the sentence before it
	TargetLog                []string
}

// htmlVerdict is a verdict, printed as the class that gives it its colour.
type htmlVerdict struct{ Verdict }

// Icon is the name of its symbol on the page.
func (v htmlVerdict) Icon() string { return v.String() }

// Name is the verdict for people.
func (v htmlVerdict) Name() string { return strings.ReplaceAll(v.String(), "_", " ") }

// htmlLevel is something that the run proves as a whole, or does not.
type htmlLevel struct {
	Name, Doc, Missing string
	Verdict            htmlVerdict
}

type htmlCount struct {
	Verdict htmlVerdict
	N, From int // From: those before it
}

type htmlFamily struct {
	Name, Doc string
	Rules     []htmlRule
}

type htmlBroken struct {
	Anchor, Heading string
	Rules           []htmlRule
}

type htmlRule struct {
	ID, Level, Title, Reason, Why, Fix string
	Verdict                            htmlVerdict
	Detailed                           bool // it has a card of its own
	Source                             *htmlSource
	Scenes                             []htmlScene
	Others                             string
}

// Anchor is the id of where the rule is told.
func (r htmlRule) Anchor() string { return "rule-" + r.ID }

type htmlSource struct{ Name, URL string }

type htmlUnseen struct {
	Reason, Remedy, Heading string
	IDs                     []string
}

func newHTMLView(rep Report) htmlView {
	headline, verdict := htmlHeadline(rep)
	v := htmlView{
		Headline: headline, Verdict: htmlVerdict{verdict}, Meaning: meaningAlone(rep),
		Target: Printable(rep.Target), Version: Printable(rep.Sentsim), Command: Printable(rep.Command),
		Seed: rep.Seed, Strict: rep.Strict, ExitStatus: rep.ExitStatus, Total: rep.Summary.Total(),
		Took: short(time.Duration(rep.DurationMS) * time.Millisecond), Counts: htmlCounts(rep.Summary),
	}
	for _, f := range facts(rep) {
		if f.name != "proven" { // has a table of its own
			v.Facts = append(v.Facts, htmlFact{Name: capital(f.name), Text: Printable(f.text)})
		}
	}
	for _, l := range Levels(rep) {
		level := htmlLevel{Name: l.Name(), Doc: l.Doc, Verdict: htmlVerdict{NotChecked}, Missing: strings.Join(l.Missing, ", ")}
		if l.Reached {
			level.Verdict = htmlVerdict{Passed}
		}
		v.Levels = append(v.Levels, level)
	}
	if rep.VirtualMS > 0 {
		v.Simulated = short(time.Duration(rep.VirtualMS) * time.Millisecond)
	}
	if d := rep.Diagnosis; d != nil {
		v.Diagnosis = &Diagnosis{Cause: Printable(d.Cause), Summary: Printable(d.Summary), Fix: Printable(d.Fix), Evidence: printable(d.Evidence)}
	}
	v.Causes = htmlCauses(rep)
	for _, f := range learnedFacts(rep.Learned) {
		v.Learned = append(v.Learned, htmlFact{Name: f.name, Text: Printable(f.text)})
	}
	v.TargetLog = printable(rep.TargetLog)
	v.Chaos = newHTMLChaos(rep.Chaos)
	if v.Chaos == nil || v.Chaos.Latency == "" {
		v.Answers, v.Answered = htmlAnswers(rep.Answers)
	}
	v.Families = htmlFamilies(rep.Rules)
	for _, b := range []struct {
		verdict         Verdict
		anchor, heading string
	}{
		{Failed, "failed", "What failed"},
		{Errored, "errored", "What went wrong on sentsim’s side"},
		{Warned, "warned", "What should be better"},
	} {
		part := htmlBroken{Anchor: b.anchor, Heading: b.heading}
		for _, r := range rep.Rules {
			if r.Verdict == b.verdict {
				part.Rules = append(part.Rules, htmlBrokenRule(r))
			}
		}
		if len(part.Rules) > 0 {
			v.Broken = append(v.Broken, part)
		}
	}
	groups := groupUnseen(rep.Rules)
	v.Probe, v.ToSeeState = probeSnippet(groups), toSeeState
	for _, g := range groups {
		reason, remedy := Printable(g.reason), Printable(g.remedy)
		if rule.ProbeOf(g.remedy) != "" {
			remedy = ""
		}
		if len(g.ids) > 0 {
			v.Unseen = append(v.Unseen, htmlUnseen{reason, remedy, "Rules", printable(g.ids)})
		}
		if len(g.parts) > 0 {
			v.Unseen = append(v.Unseen, htmlUnseen{reason, remedy, "A part of", printable(g.parts)})
		}
	}
	return v
}

func printable(all []string) []string {
	out := make([]string, len(all))
	for i, s := range all {
		out[i] = Printable(s)
	}
	return out
}

// htmlHeadline is the verdict on the whole in a word or two.
func htmlHeadline(rep Report) (string, Verdict) {
	switch rep.ExitStatus {
	case ExitKept:
		switch {
		case rep.Summary.Warned > 0:
			return "Kept as far as seen, with warnings", Warned
		case !AllSeen(rep):
			return "Kept as far as seen", NotChecked
		}
		return "Contract kept", Passed
	case ExitBroken:
		if rep.Summary.Failed == 0 {
			return "Not proven", Failed
		}
		return "Contract broken", Failed
	case ExitNothing:
		return "Nothing judged", NotChecked
	case ExitErrored:
		return "No verdict", Errored
	}
	return "Did not finish", Errored
}

// meaningAlone is what Meaning says after the word that the headline says too.
func meaningAlone(rep Report) string {
	text := Printable(Meaning(rep))
	if _, after, found := strings.Cut(text, ": "); found {
		text = after
	}
	return text
}

func htmlCounts(s Summary) []htmlCount {
	counts := []htmlCount{
		{Verdict: htmlVerdict{Failed}, N: s.Failed},
		{Verdict: htmlVerdict{Errored}, N: s.Errored},
		{Verdict: htmlVerdict{Warned}, N: s.Warned},
		{Verdict: htmlVerdict{Passed}, N: s.Passed},
		{Verdict: htmlVerdict{NotChecked}, N: s.NotChecked},
	}
	for i := 1; i < len(counts); i++ {
		counts[i].From = counts[i-1].From + counts[i-1].N
	}
	return counts
}

// htmlFamilies are the families that have a rule in the report; rules of none
// that we know come last.
func htmlFamilies(rules []Rule) []htmlFamily {
	var all []htmlFamily
	place := map[string]int{}
	for _, f := range rule.Families() {
		place[f.Code] = len(all)
		all = append(all, htmlFamily{Name: f.Name, Doc: f.Doc})
	}
	all = append(all, htmlFamily{Name: "Others"})
	for _, r := range rules {
		code, _, _ := strings.Cut(r.ID, "-")
		i, known := place[code]
		if !known {
			i = len(all) - 1
		}
		all[i].Rules = append(all[i].Rules, newHTMLRule(r))
	}
	var used []htmlFamily
	for _, f := range all {
		if len(f.Rules) > 0 {
			used = append(used, f)
		}
	}
	return used
}

func newHTMLRule(r Rule) htmlRule {
	return htmlRule{
		ID: Printable(r.ID), Level: Printable(r.Level), Title: Printable(r.Title), Reason: Printable(r.Reason),
		Verdict: htmlVerdict{r.Verdict}, Detailed: r.Verdict == Failed || r.Verdict == Errored || r.Verdict == Warned,
	}
}

func htmlBrokenRule(r Rule) htmlRule {
	out := newHTMLRule(r)
	if r.Verdict != Errored { // our own trouble is not the receiver's to repair
		_, fix := mend(r)
		out.Why, out.Fix = Printable(r.Why), Printable(fix)
		if known, ok := rule.Get(r.ID); ok {
			out.Source = &htmlSource{Name: known.Source}
			if name, url, found := strings.Cut(known.Source, ", https://"); found && !strings.ContainsAny(url, " ;") {
				out.Source = &htmlSource{Name: name, URL: "https://" + url}
			}
		}
	}
	passed := 0
	for _, s := range r.Scenarios {
		switch s.Verdict {
		case Passed:
			passed++
		case NotChecked:
		case Failed, Warned, Errored:
			out.Scenes = append(out.Scenes, newHTMLScene(s, len(out.Scenes) == 0))
		}
	}
	if passed > 0 {
		out.Others = count(passed, "other scenario of this rule passed.", "other scenarios of this rule passed.")
	}
	return out
}
