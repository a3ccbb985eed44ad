package report_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/sentsim/sentsim/scenarios/report"
)

// A receiver that fails everything at length must not bury the reader; with
// Verbose nothing is left out.
func TestTerminalLimits(t *testing.T) {
	t.Parallel()
	var lines, log []string
	for i := range 20 {
		lines = append(lines, fmt.Sprintf("header-%d: x", i+1))
		log = append(log, fmt.Sprintf("log line %d", i+1))
	}
	long := report.Evidence{
		Request: strings.Join(lines, "\n"), Response: "200 " + strings.Repeat("y", 1000),
		Reproduce: "sentsim trigger " + strings.Repeat("z", 1000),
	}
	var scenarios []report.Scenario
	for i := range 5 {
		scenarios = append(scenarios, report.Scenario{
			Name: fmt.Sprintf("row %d", i+1), Verdict: report.Failed, Reason: fmt.Sprintf("answered %d", 200+i),
			Evidence: []report.Evidence{long, {Expected: "second"}, {Expected: "third"}, {Expected: "fourth"}},
		})
	}
	rep := sum(report.Report{TargetLog: log, Rules: []report.Rule{report.Conclude(must("SIG-2"), scenarios, false)}})
	show := func(verbose bool) string {
		var buf bytes.Buffer
		if err := report.NewTerminal(report.TerminalOptions{Out: &buf, Verbose: verbose}).Finish(rep); err != nil {
			t.Fatal(err)
		}
		return buf.String()
	}
	brief, full := show(false), show(true)
	for _, c := range []struct {
		text  string
		brief bool
	}{
		{"row 3", true},
		{"row 4", false},
		{"… and 2 more scenarios", true},
		{"third", true},
		{"fourth", false},
		{"… and 1 more exchange (", true},
		{"header-12:", true},
		{"header-13:", false},
		{"… and 8 more lines", true},
		{strings.Repeat("y", 1000), false},
		{"… (1004 characters)", true},
		{strings.Repeat("z", 1000), true}, // a command must be copied whole
		{"log line 10\n", false},
		{"log line 11\n", true},
	} {
		if got := strings.Contains(brief, c.text); got != c.brief {
			t.Errorf("%.30q in the brief report: %v, want %v", c.text, got, c.brief)
		}
		if got, want := strings.Contains(full, c.text), !strings.HasPrefix(c.text, "…"); got != want {
			t.Errorf("%.30q in the verbose report: %v, want %v", c.text, got, want)
		}
	}
}

// Reasons quote receivers too.
func TestHostileReasons(t *testing.T) {
	t.Parallel()
	rep := sum(report.Report{Rules: []report.Rule{report.Conclude(must("SIG-1"), []report.Scenario{{
		Name: "a\x1b[2Jb", File: "x\x00", Verdict: report.Failed, Reason: "it said \x1b]0;pwned\x07\nand more",
	}}, false)}, Target: "exec: \x1b[1m", Sentsim: "\x00"})
	for name, write := range map[string]writer{"junit": report.JUnit, "terminal": terminal(report.TerminalOptions{Verbose: true})} {
		var buf bytes.Buffer
		if err := write(&buf, rep); err != nil {
			t.Fatal(err)
		}
		for _, bad := range []string{"\x1b", "\x00", "\x07", "\ufffd", "&#x1b;"} {
			if strings.Contains(buf.String(), bad) {
				t.Errorf("%s: %q came through:\n%s", name, bad, buf.String())
			}
		}
	}
}
