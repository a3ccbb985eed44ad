package report_test

import (
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/sentsim/sentsim/scenarios/report"
)

const (
	passed = report.Passed
	failed = report.Failed
	warned = report.Warned
	unseen = report.NotChecked
	broken = report.Errored
)

func TestVerdictJSON(t *testing.T) {
	t.Parallel()
	for v, want := range map[report.Verdict]string{
		passed: `"passed"`, failed: `"failed"`, warned: `"warned"`, unseen: `"not_checked"`, broken: `"errored"`,
	} {
		got, err := json.Marshal(v)
		if err != nil || string(got) != want {
			t.Errorf("%v is written %s, %v; want %s", v, got, err, want)
		}
		back := report.Verdict(99)
		if err := json.Unmarshal(got, &back); err != nil || back != v {
			t.Errorf("%s is read as %v, %v", got, back, err)
		}
	}
	for _, bad := range []string{`"Passed"`, `""`, `1`, `null`, `"ok"`} {
		v := report.Verdict(99)
		if err := json.Unmarshal([]byte(bad), &v); err == nil {
			t.Errorf("%s is read as %v", bad, v)
		}
	}
	if out, err := json.Marshal(report.Verdict(7)); err == nil {
		t.Errorf("7 is no verdict, but is written %s", out)
	}
	var zero report.Verdict
	if zero != unseen {
		t.Error("the zero verdict must be not checked")
	}
}

func TestWorst(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in   []report.Verdict
		want report.Verdict
	}{
		{nil, unseen},
		{[]report.Verdict{passed, passed}, passed},
		{[]report.Verdict{passed, unseen}, unseen},
		{[]report.Verdict{unseen, warned}, warned},
		{[]report.Verdict{warned, broken}, broken},
		{[]report.Verdict{broken, failed}, failed},
		{[]report.Verdict{report.Verdict(9)}, report.Verdict(9)},
	} {
		if got := report.Worst(c.in...); got != c.want {
			t.Errorf("Worst(%v) = %v, want %v", c.in, got, c.want)
		}
	}
}

func TestWorstLaws(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		all := []report.Verdict{passed, failed, warned, unseen, broken}
		vs := rapid.SliceOfN(rapid.SampledFrom(all), 1, 6).Draw(t, "verdicts")
		got := report.Worst(vs...)
		onlyPassed := true
		for _, v := range vs {
			onlyPassed = onlyPassed && v == passed
		}
		if (got == passed) != onlyPassed {
			t.Fatalf("Worst(%v) = %v", vs, got)
		}
		if other := report.Worst(rapid.Permutation(vs).Draw(t, "order")...); other != got {
			t.Fatalf("the order matters: %v and %v", got, other)
		}
	})
}

func TestConclude(t *testing.T) {
	t.Parallel()
	sc := func(v report.Verdict, reason string) report.Scenario {
		return report.Scenario{Verdict: v, Reason: reason}
	}
	part := func(v report.Verdict, reason string) report.Scenario {
		return report.Scenario{Verdict: v, Reason: reason, Remedy: "configure it", Partial: true}
	}
	for _, c := range []struct {
		name      string
		id        string
		strict    bool
		scenarios []report.Scenario
		want      report.Verdict
		reason    string
		remedy    string
	}{
		{"all pass", "IDEM-1", false, []report.Scenario{sc(passed, ""), part(passed, "")}, passed, "", ""},
		{"no scenario", "SIG-1", false, nil, unseen, "no scenario of this rule ran", ""},
		{
			"a state part that was not checked leaves it passed", "IDEM-1", false,
			[]report.Scenario{part(unseen, "no probe"), sc(passed, "")},
			passed, "its state part was not checked: no probe", "configure it",
		},
		{
			"a state part alone proves nothing", "IDEM-1", false,
			[]report.Scenario{part(unseen, "no probe")},
			unseen, "no probe", "configure it",
		},
		{
			"one of two ways to see it is enough", "IDEM-5", false,
			[]report.Scenario{part(unseen, "no probe"), part(passed, "")},
			passed, "a part of it was not checked: no probe", "configure it",
		},
		{
			"any other part that was not checked is not a pass", "SIG-2", false,
			[]report.Scenario{sc(passed, ""), sc(unseen, "no delivery")},
			unseen, "no delivery", "",
		},
		{
			"a state part that failed fails the rule", "IDEM-1", false,
			[]report.Scenario{sc(passed, ""), part(failed, "two effects")},
			failed, "two effects", "configure it",
		},
		{
			"the outside part speaks before the state part", "IDEM-1", false,
			[]report.Scenario{part(unseen, "no probe"), sc(unseen, "SIG-1 failed")},
			unseen, "SIG-1 failed", "",
		},
		{
			"a failure beats our own trouble", "SIG-2", false,
			[]report.Scenario{sc(broken, "no port"), sc(failed, "answered 200")},
			failed, "answered 200", "",
		},
		{
			"failures are counted, equal ones once", "SIG-2", false,
			[]report.Scenario{sc(failed, "a"), sc(failed, "a"), sc(failed, "b"), sc(failed, "c")},
			failed, "a (and 2 other scenarios)", "",
		},
		{"a SHOULD rule warns", "ACK-1", false, []report.Scenario{sc(failed, "slow"), sc(passed, "")}, warned, "slow", ""},
		{"a SHOULD rule fails when strict", "ACK-1", true, []report.Scenario{sc(failed, "slow")}, failed, "slow", ""},
		{"our trouble with a SHOULD rule", "ACK-1", false, []report.Scenario{sc(failed, "slow"), sc(broken, "oops")}, broken, "oops", ""},
	} {
		got := report.Conclude(must(c.id), c.scenarios, c.strict)
		if got.Verdict != c.want || got.Reason != c.reason || got.Remedy != c.remedy {
			t.Errorf("%s: %v %q %q, want %v %q %q", c.name, got.Verdict, got.Reason, got.Remedy, c.want, c.reason, c.remedy)
		}
	}
	in := []report.Scenario{sc(failed, "slow")}
	if report.Conclude(must("ACK-1"), in, false); in[0].Verdict != failed {
		t.Error("Conclude changed the caller's scenarios")
	}
}

func TestExitStatus(t *testing.T) {
	t.Parallel()
	type r = report.Rule
	m := func(v report.Verdict) r { return r{Level: "MUST", Verdict: v} }
	s := func(v report.Verdict) r { return r{Level: "SHOULD", Verdict: v} }
	for _, c := range []struct {
		name  string
		rules []r
		want  int
		means string
	}{
		{"nothing was selected", nil, 2, "no rule was selected"},
		{"nothing could be seen", []r{m(unseen), s(unseen)}, 2, "no MUST rule passed or failed"},
		{"a SHOULD beside what was not seen proves nothing", []r{m(unseen), s(passed)}, 2, "no MUST rule passed or failed"},
		{"only a SHOULD was asked for", []r{s(passed)}, 0, "kept: 1 of 1 rule"},
		{"and warned", []r{s(warned)}, 2, "no MUST rule passed or failed"},
		{"one MUST passed, the rest unseen", []r{m(passed), m(unseen)}, 0, "kept as far as seen: 1 of 2 rules; 1 not checked"},
		{"a warning is no failure", []r{m(passed), s(warned)}, 0, "kept: 1 of 2 rules; 1 warned"},
		{"one MUST failed", []r{m(passed), m(failed)}, 1, "broken: 1 MUST rule failed"},
		{"a SHOULD failed, which is strict", []r{m(passed), s(failed), s(failed)}, 1, "broken: 2 SHOULD rules failed (--strict)"},
		{"both failed", []r{m(failed), m(failed), s(failed)}, 1, "broken: 2 MUST and 1 SHOULD rule failed (--strict)"},
		{"errored and passed", []r{m(passed), s(broken)}, 4, "1 rule errored"},
		{"errored and failed", []r{m(failed), m(broken)}, 1, "broken"},
		{"only errored", []r{m(broken), m(broken)}, 4, "2 rules errored"},
	} {
		rep := report.Report{Rules: c.rules}
		rep.ExitStatus = report.ExitStatus(rep)
		if rep.ExitStatus != c.want {
			t.Errorf("%s: exit %d, want %d", c.name, rep.ExitStatus, c.want)
		}
		if means := report.Meaning(rep); !strings.Contains(means, c.means) {
			t.Errorf("%s: %q, want %q", c.name, means, c.means)
		}
	}
	// What is no rule's trouble: a target that cannot be stopped, a disk that is full.
	if means := report.Meaning(report.Report{ExitStatus: report.ExitErrored}); means != "no verdict: sentsim had trouble of its own" {
		t.Errorf("without a rule that errored: %q", means)
	}
}
