package report_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/sentsim/sentsim/scenarios/report"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

type writer func(io.Writer, report.Report) error

func terminal(o report.TerminalOptions) writer {
	return func(w io.Writer, rep report.Report) error {
		o.Out = w
		t := report.NewTerminal(o)
		t.Start(report.Header{
			Version: rep.Sentsim, Seed: rep.Seed, Target: rep.Target,
			Rules: len(rep.Rules), Clock: "virtual", Strict: rep.Strict, Notes: rep.Notes,
		})
		if rep.Learned != nil {
			t.Learned(*rep.Learned)
		}
		for _, r := range rep.Rules {
			t.RuleDone(r)
		}
		return t.Finish(rep)
	}
}

func golden() map[string]struct {
	write writer
	rep   report.Report
} {
	type g = struct {
		write writer
		rep   report.Report
	}
	return map[string]g{
		"every.json":        {report.JSON, everyVerdict()},
		"refused.json":      {report.JSON, refused()},
		"empty.json":        {report.JSON, report.Report{Schema: report.Schema}},
		"every.xml":         {report.JUnit, everyVerdict()},
		"refused.xml":       {report.JUnit, refused()},
		"every.md":          {report.Markdown, everyVerdict()},
		"refused.md":        {report.Markdown, refused()},
		"kept.md":           {report.Markdown, kept()},
		"every.github":      {report.Annotations, everyVerdict()},
		"refused.github":    {report.Annotations, refused()},
		"kept.github":       {report.Annotations, kept()},
		"kept.xml":          {report.JUnit, kept()},
		"every.html":        {htmlBody, everyVerdict()},
		"refused.html":      {htmlBody, refused()},
		"kept.html":         {htmlBody, kept()},
		"story.html":        {htmlBody, story()},
		"chaos.html":        {htmlBody, chaos()},
		"every.txt":         {terminal(report.TerminalOptions{Width: 80}), everyVerdict()},
		"every.verbose.txt": {terminal(report.TerminalOptions{Verbose: true}), everyVerdict()},
		"every.quiet.txt":   {terminal(report.TerminalOptions{Quiet: true, Width: 80}), everyVerdict()},
		"every.color.txt":   {terminal(report.TerminalOptions{Color: true, Width: 60}), everyVerdict()},
		"refused.txt":       {terminal(report.TerminalOptions{Width: 80}), refused()},
		"kept.txt":          {terminal(report.TerminalOptions{Width: 80}), kept()},
		"every.svg":         {report.Badge, everyVerdict()},
		"kept.svg":          {report.Badge, kept()},
		"far.svg":           {report.Badge, farAsSeen()},
		"every.sarif":       {report.SARIF, everyVerdict()},
		"kept.sarif":        {report.SARIF, kept()},
		"far.md":            {report.Markdown, farAsSeen()},
		"far.txt":           {terminal(report.TerminalOptions{Width: 80}), farAsSeen()},
		"far.html":          {htmlBody, farAsSeen()},
		"kept.quiet.txt":    {terminal(report.TerminalOptions{Quiet: true}), kept()},
	}
}

// A new format is in no golden file, and so nobody has looked at it.
func TestEveryFormatHasAGoldenFile(t *testing.T) {
	t.Parallel()
	const beginning = 14 // bytes that tell the forms apart
	for _, name := range report.Formats() {
		write, err := report.Format(name)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := write(&out, everyVerdict()); err != nil {
			t.Fatal(err)
		}
		found := false
		for of, g := range golden() {
			var other bytes.Buffer
			if strings.HasPrefix(of, "every.") && g.write(&other, g.rep) == nil {
				found = found || strings.HasPrefix(other.String(), out.String()[:beginning])
			}
		}
		if !found {
			t.Errorf("report format %q has no golden file of every verdict: add it to golden()", name)
		}
	}
}

func TestGolden(t *testing.T) {
	t.Parallel()
	for name, g := range golden() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var first, second bytes.Buffer
			if err := g.write(&first, g.rep); err != nil {
				t.Fatal(err)
			}
			if err := g.write(&second, g.rep); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(first.Bytes(), second.Bytes()) {
				t.Error("the same report was written in two ways")
			}
			noSecrets(t, first.String())
			path := filepath.Join("testdata", name+".golden")
			if *update {
				if err := os.WriteFile(path, first.Bytes(), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got := first.String(); got != string(want) {
				t.Errorf("%s differs (go test -update writes it anew):\n%s", path, got)
			}
		})
	}
}

// noSecrets fails when out contains anything that could be a signing secret.
func noSecrets(t *testing.T, out string) {
	t.Helper()
	if found := regexp.MustCompile(`whsec_[A-Za-z0-9+/=_-]{8,}`).FindString(out); found != "" {
		t.Errorf("a signing secret is in the output: %.12s…", found)
	}
	if strings.Contains(out, strings.TrimPrefix(leaked, "whsec_")) {
		t.Error("the secret's bytes are in the output without their prefix")
	}
}

// Every verdict must show in every form, or a reader could take its absence for a pass.
func TestSampleHasEveryVerdict(t *testing.T) {
	t.Parallel()
	s := everyVerdict().Summary
	if s.Passed == 0 || s.Failed == 0 || s.Warned == 0 || s.NotChecked == 0 || s.Errored == 0 {
		t.Errorf("the sample lacks a verdict: %+v", s)
	}
}

func TestJSONReadsBack(t *testing.T) {
	t.Parallel()
	var buf bytes.Buffer
	if err := report.JSON(&buf, everyVerdict()); err != nil {
		t.Fatal(err)
	}
	for _, null := range regexp.MustCompile(`"(\w+)": null`).FindAllStringSubmatch(buf.String(), -1) {
		if null[1] != "diagnosis" && null[1] != "chaos" && null[1] != "learned" && null[1] != "READ" { // a status that is not kept
			t.Errorf("%s is null", null[1])
		}
	}
	var back report.Report
	dec := json.NewDecoder(&buf)
	dec.DisallowUnknownFields()
	if err := dec.Decode(&back); err != nil {
		t.Fatal(err)
	}
	want := everyVerdict()
	if !reflect.DeepEqual(back.Summary, want.Summary) || len(back.Rules) != len(want.Rules) {
		t.Errorf("read back: %+v", back.Summary)
	}
	for i, r := range back.Rules {
		if r.ID != want.Rules[i].ID || r.Verdict != want.Rules[i].Verdict || r.Reason != want.Rules[i].Reason {
			t.Errorf("read back %s %s %q", r.ID, r.Verdict, r.Reason)
		}
	}
}

// The documentation of the JSON form names every field, and only those.
func TestJSONIsDocumented(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, typ := range []reflect.Type{
		reflect.TypeFor[report.Report](), reflect.TypeFor[report.Diagnosis](), reflect.TypeFor[report.Rule](),
		reflect.TypeFor[report.Scenario](), reflect.TypeFor[report.Evidence](), reflect.TypeFor[report.Summary](), reflect.TypeFor[report.Learned](), reflect.TypeFor[report.Cause](), reflect.TypeFor[report.Answers](), reflect.TypeFor[report.Level](),
	} {
		for field := range typ.Fields() {
			if tag := field.Tag.Get("json"); tag != "-" && !regexp.MustCompile(`//\t.*\b`+tag+`\b`).Match(doc) {
				t.Errorf("doc.go does not say what %s.%s is", typ.Name(), tag)
			}
		}
	}
}

func TestJUnitIsWellFormedAndCounts(t *testing.T) {
	t.Parallel()
	var buf bytes.Buffer
	if err := report.JUnit(&buf, everyVerdict()); err != nil {
		t.Fatal(err)
	}
	var suites struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Errors   int `xml:"errors,attr"`
		Suites   []struct {
			Skipped int `xml:"skipped,attr"`
			Cases   []struct {
				Name    string    `xml:"name,attr"`
				Failure *struct{} `xml:"failure"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(buf.Bytes(), &suites); err != nil {
		t.Fatal(err)
	}
	s := everyVerdict().Summary
	skipped := 0
	for _, suite := range suites.Suites {
		skipped += suite.Skipped
		for _, c := range suite.Cases {
			if (c.Failure != nil) != strings.HasPrefix(c.Name, "SIG-2 ") {
				t.Errorf("testcase %q: failure %v", c.Name, c.Failure != nil)
			}
		}
	}
	if suites.Tests != s.Total() || suites.Failures != s.Failed || suites.Errors != s.Errored || skipped != s.NotChecked {
		t.Errorf("counts %d %d %d %d, summary %+v", suites.Tests, suites.Failures, suites.Errors, skipped, s)
	}
	for _, r := range buf.String() {
		if r == utf8.RuneError || unicode.IsControl(r) && r != '\n' {
			t.Errorf("%q is in the XML", r)
		}
	}
}

func TestTerminalIsSafeAndFits(t *testing.T) {
	t.Parallel()
	const width = 60
	var buf bytes.Buffer
	o := report.TerminalOptions{Width: width}
	o.Out = &buf
	term := report.NewTerminal(o)
	for _, r := range everyVerdict().Rules {
		term.RuleDone(r)
	}
	for line := range strings.SplitSeq(buf.String(), "\n") {
		if utf8.RuneCountInString(line) > width {
			t.Errorf("wider than %d: %s", width, line)
		}
	}
	if err := term.Finish(everyVerdict()); err != nil {
		t.Fatal(err)
	}
	for _, r := range buf.String() {
		if unicode.IsControl(r) && r != '\n' || unicode.Is(unicode.Bidi_Control, r) {
			t.Errorf("what the receiver sent reached the terminal: %q", r)
		}
	}
}

// The last line says it all: CI logs are read from the end.
func TestLastLine(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		rep  report.Report
		want []string
	}{
		{everyVerdict(), []string{"broken: 1 MUST rule failed", "seed 42", "exit 1", "http://127.0.0.1:8080", "simulated 1h2m5s", "3.2 s"}},
		{kept(), []string{"kept: 2 of 2 rules", "exit 0", "embedded reference receiver"}},
		{farAsSeen(), []string{"kept as far as seen: 2 of 4 rules; 2 not checked (no probe: state is invisible), 1 only in part", "exit 0"}},
		{required(), []string{"not proven: 2 MUST rules were not checked (no probe: state is invisible) and all are required", "exit 1"}},
		{report.Report{ExitStatus: 2}, []string{"nothing judged: no rule was selected", "exit 2"}},
		{report.Report{ExitStatus: 3}, []string{"could not be reached or started"}},
		{report.Report{ExitStatus: 4, Rules: []report.Rule{{Verdict: report.Errored}}}, []string{"1 rule errored"}},
		{report.Report{ExitStatus: 130}, []string{"interrupted"}},
		{report.Report{ExitStatus: 143}, []string{"terminated"}},
	} {
		var buf bytes.Buffer
		if err := report.NewTerminal(report.TerminalOptions{Out: &buf, Width: 80}).Finish(c.rep); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimRight(buf.String(), "\n"), "\n")
		last := lines[len(lines)-1]
		for _, want := range c.want {
			if !strings.Contains(last, want) {
				t.Errorf("last line %q lacks %q", last, want)
			}
		}
	}
}

func TestDiagnosisComesFirst(t *testing.T) {
	t.Parallel()
	var buf bytes.Buffer
	if err := report.NewTerminal(report.TerminalOptions{Out: &buf, Quiet: true}).Finish(refused()); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(buf.String(), "DIAGNOSIS: secret-not-decoded\n") {
		t.Errorf("the report begins with %.60q", buf.String())
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestWriteErrorsSurface(t *testing.T) {
	t.Parallel()
	for name, g := range golden() {
		if err := g.write(fullDisk{}, g.rep); err == nil || !strings.Contains(err.Error(), "disk full") {
			t.Errorf("%s: got %v, want the error of the writer", name, err)
		}
	}
}
