package report_test

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/sentsim/sentsim/scenarios/report"
)

// spoken are commands that a target may print in the hope that a CI runner obeys.
func spoken() []string {
	return []string{
		"::error title=pwned::all is lost", "  ::stop-commands::token", "\t::add-mask::a", "x\n::set-output name=a::b", "a\r\n::warning::b",
		"##[error]all is lost", "text ##[add-path]/tmp", "##vso[task.setvariable variable=PATH]x", "##teamcity[testFailed name='x']",
	}
}

// A receiver's answers and its log do not speak to the CI runner, in any form.
func TestNothingSpeaksToTheRunner(t *testing.T) {
	t.Parallel()
	obeyed := regexp.MustCompile(`(?m)^\s*::(error|stop|add|set|warning)|##\w*\[`)
	for _, command := range spoken() {
		rep := with(all(), "SIG-2", report.Failed)
		rep.Target, rep.TargetLog, rep.Notes = command, []string{command, "", command}, []string{command}
		for i := range rep.Rules {
			if r := &rep.Rules[i]; r.ID == "SIG-2" {
				r.Reason = strings.Repeat("word ", 20) + command
				r.Scenarios = []report.Scenario{{Name: command, File: "x.feature:1", Verdict: report.Failed, Reason: command, Evidence: []report.Evidence{{
					What: command, Request: command, Response: "HTTP/1.1 200 OK\n\n" + command, Expected: "4xx", State: command,
				}}}}
			}
		}
		rep.Diagnosis = &report.Diagnosis{Cause: command, Summary: command, Fix: command, Evidence: []string{command}}
		outputs := map[string]string{"Printable": report.Printable(command)}
		for _, width := range []int{0, 24, 60} {
			var out bytes.Buffer
			if err := terminal(report.TerminalOptions{Width: width, Verbose: true})(&out, rep); err != nil {
				t.Fatal(err)
			}
			outputs["terminal"] += out.String()
		}
		for _, name := range report.Formats() {
			write, err := report.Format(name)
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			if err := write(&out, rep); err != nil {
				t.Fatal(err)
			}
			outputs[name] = out.String()
		}
		for name, out := range outputs {
			if found := obeyed.FindString(out); found != "" {
				t.Errorf("%s: %q reaches the runner as %q", name, command, found)
			}
		}
		var back report.Report
		if err := json.Unmarshal([]byte(outputs["json"]), &back); err != nil || back.TargetLog[0] != command {
			t.Errorf("the JSON report no longer says %q: %q, %v", command, back.TargetLog, err)
		}
	}
}

// A page fits into a comment, whatever the receiver answers, and tells a story once.
func TestMarkdownFits(t *testing.T) {
	t.Parallel()
	const most = 65_536
	for name, size := range map[string]int{"little": 10, "much": 2_000, "very much": 100_000, "emoji": 30_000} {
		rep := all()
		text := strings.Repeat("<x>", size)
		if name == "emoji" {
			text = strings.Repeat("🙂", size)
		}
		for i := range rep.Rules {
			r := &rep.Rules[i]
			r.Verdict, r.Reason = report.Failed, "it is wrong"
			r.Scenarios = []report.Scenario{{Name: "n", File: "x.feature:1", Verdict: report.Failed, Reason: "it is wrong", Evidence: []report.Evidence{
				{Step: 1, What: "the only delivery", Request: "curl " + r.ID + text, Response: "200 OK"},
				{Step: 1, What: "the only delivery", Request: "curl " + r.ID + text, Response: "200 OK"},
			}}}
		}
		rep.TargetLog = []string{text, text}
		rep = sum(rep)
		var out bytes.Buffer
		if err := report.Markdown(&out, rep); err != nil {
			t.Fatal(err)
		}
		if n := utf8.RuneCount(out.Bytes()); n > most {
			t.Errorf("%s: %d characters", name, n)
		}
		if strings.Count(out.String(), "curl SIG-2<") > 1 {
			t.Errorf("%s: a story is told twice", name)
		}
		if !strings.Contains(out.String(), "broken: ") || strings.Count(out.String(), "### ") != len(rep.Rules) {
			t.Errorf("%s: the page does not name each broken rule", name)
		}
	}
}
