package report_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/sentsim/sentsim/scenarios/report"
)

func TestCompare(t *testing.T) {
	t.Parallel()
	ids := func(changes []report.Change) string {
		var all []string
		for _, ch := range changes {
			all = append(all, ch.ID)
		}
		return strings.Join(all, " ")
	}
	without := all()
	without.Rules = slices.DeleteFunc(without.Rules, func(r report.Rule) bool { return r.ID == "ACK-1" })
	for name, c := range map[string]struct {
		old, now                   report.Report
		broke, fixed, unseen, seen string
		exit                       int
	}{
		"the same":                        {all(), all(), "", "", "", "", 0},
		"a rule broke":                    {all(), with(all(), "SIG-2", report.Failed), "SIG-2", "", "", "", 1},
		"a warning is new":                {all(), with(all(), "ACK-1", report.Warned), "ACK-1", "", "", "", 0},
		"a warning became a failure":      {with(all(), "ACK-1", report.Warned), with(all(), "ACK-1", report.Failed), "ACK-1", "", "", "", 1},
		"what was not seen is broken":     {with(all(), "ORD-3", report.NotChecked), with(all(), "ORD-3", report.Failed), "", "", "", "", 1},
		"still broken":                    {with(all(), "SIG-2", report.Failed), with(all(), "SIG-2", report.Failed), "", "", "", "", 0},
		"a rule was fixed":                {with(all(), "SIG-2", report.Failed), all(), "", "SIG-2", "", "", 0},
		"a MUST rule is no longer seen":   {all(), with(all(), "ORD-3", report.NotChecked), "", "", "ORD-3", "", 1},
		"a failure is no longer seen":     {with(all(), "ORD-3", report.Failed), with(all(), "ORD-3", report.Errored), "", "", "ORD-3", "", 1},
		"a SHOULD rule is no longer seen": {all(), with(all(), "ACK-1", report.NotChecked), "", "", "ACK-1", "", 0},
		"a rule is gone":                  {all(), without, "", "", "ACK-1", "", 0},
		"a rule is new":                   {without, all(), "", "", "", "ACK-1", 0},
		"a new rule is broken":            {without, with(all(), "ACK-1", report.Failed), "", "", "", "", 1},
		"a rule is seen now":              {with(all(), "ORD-3", report.NotChecked), all(), "", "", "", "ORD-3", 0},
	} {
		got := report.Compare(c.old, c.now)
		if ids(got.Broke) != c.broke || ids(got.Fixed) != c.fixed || ids(got.Unseen) != c.unseen || ids(got.Seen) != c.seen || got.ExitStatus() != c.exit {
			t.Errorf("%s: broke %q, fixed %q, unseen %q, seen %q, exit %d", name, ids(got.Broke), ids(got.Fixed), ids(got.Unseen), ids(got.Seen), got.ExitStatus())
		}
	}
}

// What nobody had looked at before did not break.
func TestWhatIsSeenForTheFirstTimeDidNotBreak(t *testing.T) {
	t.Parallel()
	c := report.Compare(with(all(), "ORD-3", report.NotChecked), with(all(), "ORD-3", report.Failed))
	var out bytes.Buffer
	if err := c.WriteText(&out); err != nil {
		t.Fatal(err)
	}
	if len(c.Broke) != 0 || len(c.Bad) != 1 || !strings.Contains(out.String(), "NEWLY SEEN TO BE BROKEN\n  ORD-3") || !strings.Contains(out.String(), "0 broke") {
		t.Errorf("%+v\n%s", c, out.String())
	}
}

// What a verdict may depend on is told where it differs.
func TestCompareTellsWhatElseDiffers(t *testing.T) {
	t.Parallel()
	now := with(all(), "SIG-2", report.Failed)
	now.Edition, now.Seed = "2025", 7
	var out bytes.Buffer
	if err := report.Compare(all(), now).WriteText(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"BROKE\n  SIG-2   MUST   passed → failed", "note: edition: 2026-09 before, 2025 now\n", "note: seed: 1 before, 7 now\n", "1 broke, 0 fixed", "exit 1\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing:\n%s", want, out.String())
		}
	}
}
