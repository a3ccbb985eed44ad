package scenarios

import (
	"errors"
	"flag"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/scenarios/rule"
)

// Verify holds a target to the contract inside a Go test. It watches a Run, which
// begins with the first subtest that is asked for: every rule is a subtest, every
// scenario one of its subtests. A broken rule fails its subtest with the evidence of
// one scenario, and with the fix, or the cause, whose fix stands at the end; -v shows
// the steps and all evidence. A rule that could not be checked is skipped with the
// reason; a broken SHOULD rule only logs, unless cfg is strict. With `go test -run`
// only the rules that it can reach run. Each target wants a test of its own.
func Verify(t *testing.T, cfg Config) {
	t.Helper()
	if only := reachable(t.Name(), cfg.Rules); only != nil {
		cfg.Rules = only
	}
	plans, err := selectScenarios(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	var rep report.Report
	run := sync.OnceValue(func() (err error) {
		rep, err = Run(t.Context(), cfg)
		return err
	})
	asked := 0
	for _, r := range ordered(plans) {
		t.Run(r.ID, func(t *testing.T) {
			t.Helper() // so that a failure is located where Verify is called
			asked++
			if err := run(); err != nil && len(rep.Rules) == 0 {
				t.Skip("not checked: the run did not begin") // and t's parent fails, once
			}
			tellRule(t, rep, r)
		})
	}
	if asked == 0 {
		t.Error("no scenario ran: nothing was verified")
		return
	}
	about(t, rep, run())
	for _, r := range rep.Rules { // that was not asked for, and without which nothing could be understood
		if !hasRule(plans, r.ID) && (r.Verdict == report.Failed || r.Verdict == report.Errored) {
			t.Error(report.Story(r, testing.Verbose(), "-v"))
		}
	}
}

// ordered are the rules of a plan, in the order of the contract.
func ordered(plans []planned) []rule.Rule {
	var all []rule.Rule
	for _, r := range rule.All() {
		if hasRule(plans, r.ID) {
			all = append(all, r)
		}
	}
	return all
}

func hasRule(plans []planned, id string) bool {
	for i := range plans {
		if plans[i].rule.ID == id {
			return true
		}
	}
	return false
}

// about logs what goes for the whole run.
func about(t *testing.T, rep report.Report, err error) {
	t.Helper()
	var unreachable *TargetError
	log := rep.TargetLog
	if errors.As(err, &unreachable) {
		log = unreachable.Log
	}
	if len(log) > 0 && (err != nil || t.Failed()) {
		t.Logf("last lines of the target's output:\n  %s", strings.Join(log, "\n  "))
	}
	if err != nil {
		t.Error(err)
		return
	}
	t.Logf("seed %d, target %s", rep.Seed, rep.Target)
	if rep.Learned != nil {
		t.Logf("learned: %s", strings.Join(report.LearnedLines(*rep.Learned), "\n  "))
	}
	if text := report.Background(rep); text != "" {
		t.Log(text)
	}
}

// maxOutput is how many lines `go test` prints of a broken rule, without -v.
const maxOutput = 60

// tellRule tells the story of a broken rule, makes a subtest of each of its
// scenarios, and skips a rule of which nothing was judged.
func tellRule(t *testing.T, rep report.Report, known rule.Rule) {
	t.Helper()
	at := slices.IndexFunc(rep.Rules, func(r report.Rule) bool { return r.ID == known.ID })
	if at < 0 {
		t.Skip("not checked: the run ended before it")
	}
	r := rep.Rules[at]
	failing := 0
	for _, out := range r.Scenarios {
		if fails(known, out, rep.Strict) {
			failing++
		}
	}
	reasons := tellStory(t, r, failing)
	names := map[string]bool{}
	for _, out := range r.Scenarios {
		name := out.Name
		if names[name] { // of a feature that was not made for this; the testing package would number them
			name += " (" + out.File + ")"
		}
		names[name] = true
		brief := false
		if fails(known, out, rep.Strict) {
			brief = reasons <= 0
			reasons--
		}
		t.Run(name, func(t *testing.T) {
			t.Helper() // so that a failure is located where Verify is called
			tell(t, known, out, rep.Strict, brief)
		})
	}
	if r.Verdict == report.NotChecked {
		if rep.RequireAll && r.Level == string(rule.Must) {
			t.Error("not checked, and all MUST rules are required: " + r.Reason)
		}
		t.Skip("not checked: " + r.Reason) // a test that passes is a rule that was seen
	}
}

// tellStory logs what is to be known of a rule that did not pass. It returns of how
// many scenarios there is room to say why they fail, in a line each.
func tellStory(t *testing.T, r report.Rule, failing int) int {
	t.Helper()
	switch r.Verdict {
	case report.Passed, report.NotChecked:
		return failing
	case report.Failed, report.Warned, report.Errored:
	}
	if testing.Verbose() {
		t.Log(report.Story(r, true, ""))
		return failing
	}
	// The others' subtests say what was seen.
	first := slices.IndexFunc(r.Scenarios, func(s report.Scenario) bool { return s.Verdict == r.Verdict })
	r.Scenarios = r.Scenarios[max(first, 0):min(first+1, len(r.Scenarios))]
	lines := strings.Split(report.Story(r, false, "-v"), "\n")
	const own, least = 1, 20 // own is the rule's line that says that it failed; each scenario has one, too
	if room := max(maxOutput-own-2*failing, least); len(lines) > room {
		lines = append(lines[:room-1], fmt.Sprintf("  … and %d more lines (-v shows all)", len(lines)-room+1))
	}
	t.Log(strings.Join(lines, "\n"))
	return maxOutput - own - len(lines) - failing
}

// fails reports whether a scenario fails its subtest.
func fails(known rule.Rule, out report.Scenario, strict bool) bool {
	switch out.Verdict {
	case report.Failed, report.Warned:
		return known.Level == rule.Must || strict
	case report.Errored:
		return true
	case report.Passed, report.NotChecked:
	}
	return false
}

// tell turns a scenario's verdict into that of its subtest. Brief, it does not say
// why it fails: the rule's story does.
func tell(t *testing.T, known rule.Rule, out report.Scenario, strict, brief bool) {
	t.Helper()
	if testing.Verbose() {
		for _, st := range out.Steps {
			mark := "ran"
			if !st.Ran {
				mark = "did not run"
			}
			t.Logf("%s (%s)", st.Text, mark)
		}
	}
	reason := strings.Join(strings.Fields(out.Reason), " ")
	switch {
	case out.Verdict == report.NotChecked:
		t.Skip("not checked: " + reason)
	case !fails(known, out, strict):
		if out.Verdict != report.Passed {
			t.Log("WARNED " + reason)
		}
	case brief:
		t.Fail()
	case out.Verdict == report.Errored:
		t.Error("errored, which says nothing of the receiver: " + reason)
	default:
		t.Error(reason)
	}
}

// reachable narrows the rules of a Verify to those that `go test -run` can reach
// below the test of that name; nil leaves them as they are. It may let more
// through than the testing package will, never less.
func reachable(test string, rules []string) []string {
	f := flag.Lookup("test.run")
	if f == nil {
		return nil
	}
	return reachableBy(f.Value.String(), test, rules)
}

func reachableBy(pattern, test string, rules []string) []string {
	depth := strings.Count(test, "/") + 1
	parts := strings.Split(pattern, "/")
	// A slash or a bar within brackets would be no separator; whoever writes such a
	// pattern gets the whole run.
	if pattern == "" || len(parts) <= depth || strings.ContainsAny(pattern, "|()[]{}\\") {
		return nil
	}
	name, err := regexp.Compile(parts[depth])
	if err != nil {
		return nil // testing will say so
	}
	selected, err := rule.Select(rules)
	if len(rules) == 0 {
		selected = rule.All()
	} else if err != nil {
		return nil // whoever selects for the run will say so
	}
	selected = slices.DeleteFunc(selected, func(r rule.Rule) bool { return !name.MatchString(r.ID) })
	ids := []string{}
	for _, r := range selected {
		ids = append(ids, r.ID)
	}
	if len(ids) == 0 {
		return nil // nothing will run, and Verify says so
	}
	return ids
}
