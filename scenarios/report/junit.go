package report

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/sentsim/sentsim/scenarios/rule"
)

type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
	Time     string       `xml:"time,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name       string          `xml:"name,attr"`
	Tests      int             `xml:"tests,attr"`
	Failures   int             `xml:"failures,attr"`
	Errors     int             `xml:"errors,attr"`
	Skipped    int             `xml:"skipped,attr"`
	Time       string          `xml:"time,attr"`
	Properties []junitProperty `xml:"properties>property"`
	Cases      []junitCase     `xml:"testcase"`
	SystemOut  *junitText      `xml:"system-out"`

	took time.Duration
}

type junitProperty struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

type junitCase struct {
	Name      string        `xml:"name,attr"`
	Class     string        `xml:"classname,attr"`
	Time      string        `xml:"time,attr"`
	Skipped   *junitOutcome `xml:"skipped"`
	Error     *junitOutcome `xml:"error"`
	Failure   *junitOutcome `xml:"failure"`
	SystemOut *junitText    `xml:"system-out"`
}

type junitOutcome struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",cdata"` // visible, which makes it legal there
}

type junitText struct {
	Text string `xml:",cdata"`
}

// JUnit writes the report in the XML form that CI systems read: a testsuite for
// each family, a testcase for each rule.
func JUnit(w io.Writer, rep Report) error {
	all := junitSuites{Name: "sentsim " + visible(rep.Command), Time: seconds(time.Duration(rep.DurationMS) * time.Millisecond)}
	for _, family := range families(rep.Rules) {
		suite := junitSuite{Name: family.name, Properties: properties(rep)}
		for _, r := range family.rules {
			c, took := testcase(r)
			suite.Cases = append(suite.Cases, c)
			suite.took += took
			suite.Tests++
			switch {
			case c.Failure != nil:
				suite.Failures++
			case c.Error != nil:
				suite.Errors++
			case c.Skipped != nil:
				suite.Skipped++
			}
		}
		suite.Time = seconds(suite.took)
		if suite.Failures+suite.Errors > 0 {
			suite.SystemOut = text(aftermath(rep))
		}
		all.Suites = append(all.Suites, suite)
		all.Tests += suite.Tests
		all.Failures += suite.Failures
		all.Errors += suite.Errors
	}
	if len(rep.Rules) == 0 && rep.ExitStatus != ExitKept {
		all.nothing(rep)
	}
	var buf bytes.Buffer
	buf.WriteString(xml.Header)
	enc := xml.NewEncoder(&buf)
	enc.Indent("", "  ")
	if err := enc.Encode(all); err != nil {
		return fmt.Errorf("junit report: %w", err)
	}
	buf.WriteByte('\n')
	if _, err := w.Write(redact(muted(buf.Bytes()))); err != nil {
		return fmt.Errorf("junit report: %w", err)
	}
	return nil
}

// nothing makes a run that judged nothing an error: without a testcase, CI
// systems would show it as a success.
func (all *junitSuites) nothing(rep Report) {
	all.Tests, all.Errors = 1, 1
	all.Suites = []junitSuite{{
		Name: "Run", Tests: 1, Errors: 1, Time: all.Time, Properties: properties(rep),
		Cases: []junitCase{{
			Name: "a verdict", Class: "sentsim.Run", Time: all.Time,
			Error: &junitOutcome{Message: Meaning(rep), Type: "nothing judged", Text: aftermath(rep)},
		}},
	}}
}

type familyRules struct {
	name  string
	rules []Rule
}

// families groups the rules, in the order in which they came.
func families(rules []Rule) []familyRules {
	names := map[string]string{}
	for _, f := range rule.Families() {
		names[f.Code] = f.Name
	}
	var groups []familyRules
	at := map[string]int{}
	for _, r := range rules {
		code, _, _ := strings.Cut(r.ID, "-")
		name, ok := names[code]
		if !ok {
			name = code
		}
		i, ok := at[name]
		if !ok {
			i, at[name] = len(groups), len(groups)
			groups = append(groups, familyRules{name: name})
		}
		groups[i].rules = append(groups[i].rules, r)
	}
	return groups
}

func properties(rep Report) []junitProperty {
	p := []junitProperty{
		{"sentsim", visible(rep.Sentsim)},
		{"command", visible(rep.Command)},
		{"seed", strconv.FormatUint(rep.Seed, 10)},
		{"target", visible(rep.Target)},
		{"strict", strconv.FormatBool(rep.Strict)},
		{"result", oneLine(Meaning(rep))},
	}
	for _, f := range facts(rep) {
		p = append(p, junitProperty{f.name, oneLine(f.text)})
	}
	if rep.Chaos != nil {
		for _, f := range chaosFields(rep.Chaos) {
			p = append(p, junitProperty{"chaos." + f.name, oneLine(f.text)})
		}
	}
	if rep.Diagnosis != nil {
		p = append(p, junitProperty{"diagnosis", oneLine(rep.Diagnosis.Cause + ": " + rep.Diagnosis.Summary)})
	}
	for _, f := range learnedFacts(rep.Learned) {
		p = append(p, junitProperty{"learned." + strings.ReplaceAll(f.name, " ", "_"), oneLine(f.text)})
	}
	for _, c := range rep.Causes {
		p = append(p, junitProperty{"cause." + visible(c.ID), oneLine(c.Summary + causeFor(c))})
	}
	return p
}

func testcase(r Rule) (junitCase, time.Duration) {
	c := junitCase{
		Name:  r.ID + " " + oneLine(r.Title),
		Class: "sentsim." + strings.ReplaceAll(r.ID, "-", "_"),
	}
	var took time.Duration
	for _, s := range r.Scenarios {
		took += s.Duration
	}
	c.Time = seconds(took)
	message := oneLine(r.Reason)
	switch r.Verdict {
	case Passed:
		c.SystemOut = text(message) // which part was not checked, if any
	case Warned:
		c.SystemOut = text("warned: " + message + "\n" + details(r))
	case Failed:
		c.Failure = &junitOutcome{Message: message, Type: r.Level, Text: details(r)}
	case NotChecked:
		c.Skipped = &junitOutcome{Message: message, Text: visible(r.Remedy)}
	case Errored:
		c.Error = &junitOutcome{Message: message, Type: "sentsim", Text: details(r)}
	}
	return c, took
}

// details is everything a reader of the CI page needs, without colour or width.
func details(r Rule) string {
	var b strings.Builder
	for _, s := range r.Scenarios {
		if s.Verdict == Passed || s.Verdict == NotChecked {
			continue
		}
		fmt.Fprintf(&b, "\n%s (%s)\n%s\n", oneLine(s.Name), oneLine(s.File), visible(s.Reason))
		for _, e := range s.Evidence {
			for _, f := range fields(e) {
				fmt.Fprintf(&b, "%s:\n  %s\n", f.name, strings.ReplaceAll(strings.TrimRight(visible(f.text), "\n"), "\n", "\n  "))
			}
		}
	}
	if r.Cause != "" {
		fmt.Fprintf(&b, "\ncause: %s\n", visible(r.Cause))
	}
	if r.Verdict != Errored { // our own trouble is not the receiver's to repair
		name, text := mend(r)
		fmt.Fprintf(&b, "\nwhy: %s\n%s: %s\n", visible(r.Why), name, visible(text))
	}
	return b.String()
}

// aftermath is the diagnosis and the target's last words.
func aftermath(rep Report) string {
	var b strings.Builder
	if d := rep.Diagnosis; d != nil {
		fmt.Fprintf(&b, "\ndiagnosis: %s (%s)\nfix: %s\n", visible(d.Summary), visible(d.Cause), visible(d.Fix))
		for _, line := range d.Evidence {
			fmt.Fprintf(&b, "  %s\n", visible(line))
		}
	}
	b.WriteString(plainCauses(rep))
	if len(rep.TargetLog) > 0 {
		b.WriteString("\nlast lines of the target's output:\n")
		for _, line := range rep.TargetLog {
			fmt.Fprintf(&b, "  %s\n", visible(line))
		}
	}
	return b.String()
}

func text(s string) *junitText {
	if s == "" {
		return nil
	}
	return &junitText{s}
}

func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 3, 64) }
