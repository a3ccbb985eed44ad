package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const sample = "simulator/testdata/mutate/testdata/sample"

// What the sample's tests cannot see, written as entries of an equivalents list.
const (
	clampEdge = sample + "/sample.go Clamp\n- if n > Limit {\n+ if n >= Limit {\n= at the limit itself both ways lead to the limit\n"
	checkEdge = sample + "/sample.go Check\n- if n > Limit {\n+ if n >= Limit {\n= pretend\n"
	noteGone  = sample + "/sample.go Note\n- seen[name] = true\n+ (deleted)\n= pretend\n"
	noteFalse = sample + "/sample.go Note\n- seen[name] = true\n+ seen[name] = false\n= pretend\n"
)

// withoutReason is an entry as the tool prints a survivor.
func withoutReason(entry string) string { return entry[:strings.LastIndex(entry, "\n= ")+1] }

// outcome runs the tool on the sample with a list of equivalents.
func outcome(t *testing.T, equivalents string, args ...string) (code int, stdout string) {
	t.Helper()
	list := filepath.Join(t.TempDir(), "equivalent.txt")
	if err := os.WriteFile(list, []byte(equivalents), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	args = append([]string{"--equivalent", list}, append(args, sample)...)
	code = mutate(context.Background(), args, &out, &errs)
	t.Logf("exit %d\n%s%s", code, out.String(), errs.String())
	return code, out.String() + errs.String()
}

func TestSurvivorsAreReportedAndTheRestKilled(t *testing.T) {
	code, out := outcome(t, "", "--timeout", "2s")
	if code != 1 {
		t.Errorf("exit %d, want 1", code)
	}
	for _, want := range []string{clampEdge, checkEdge, noteGone, noteFalse} {
		if change := withoutReason(want); !strings.Contains(out, change) {
			t.Errorf("not reported as survivor:\n%s", change)
		}
	}
	if got := strings.Count(out, "SURVIVED"); got != 4 {
		t.Errorf("%d survivors, want 4: the sample's tests see everything else", got)
	}
	// The endless loop, the constant compiled alone, and the unwrapped error all count.
	if want := "24 mutants"; !strings.Contains(out, want) || !strings.Contains(out, "19 killed, 1 timed out, 0 equivalent (listed), 4 survived, 0 not judged") {
		t.Errorf("summary differs: want %q with 19 killed, 1 timed out, 4 survived", want)
	}
}

func TestListedEquivalentsDoNotCount(t *testing.T) {
	code, out := outcome(t, clampEdge+checkEdge+noteGone+noteFalse, "--only", "Clamp|Check|Note")
	if code != 0 || strings.Contains(out, "SURVIVED") || !strings.Contains(out, "4 equivalent (listed), 0 survived") {
		t.Errorf("exit %d, want 0 and no survivor", code)
	}
}

func TestListThatIsOutOfDateFails(t *testing.T) {
	gone := sample + "/sample.go Clamp\n- if n > 12 {\n+ if n >= 12 {\n= once upon a time\n"
	code, out := outcome(t, clampEdge+checkEdge+noteGone+noteFalse+gone, "--timeout", "2s")
	if code != 1 || !strings.Contains(out, "matches no mutant any more") {
		t.Errorf("exit %d: an entry that matches nothing must be an error", code)
	}
	isKilled := sample + "/sample.go Clamp\n- if n > Limit {\n+ if n <= Limit {\n= wrong\n"
	code, out = outcome(t, isKilled, "--only", "Clamp: .*<=")
	if code != 1 || !strings.Contains(out, "listed as equivalent, but it is killed") {
		t.Errorf("exit %d: an entry that the tests do object to must be an error", code)
	}
}

func TestUsage(t *testing.T) {
	for _, c := range []struct{ name, equivalents, want string }{
		{"no reason", withoutReason(clampEdge), "no reason"},
		{"listed twice", clampEdge + clampEdge, "the same as line 1"},
		{"half an entry", "a.go F\n- x\n= r\n", "an entry is"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if code, out := outcome(t, c.equivalents, "--list"); code != 2 || !strings.Contains(out, c.want) {
				t.Errorf("exit %d, want 2 and %q", code, c.want)
			}
		})
	}
	if code, out := outcome(t, "", "--only", "NoSuchFunction"); code != 2 || !strings.Contains(out, "no mutant selected") {
		t.Errorf("exit %d: selecting nothing must not pass", code)
	}
}

func TestListRunsNothing(t *testing.T) {
	code, out := outcome(t, "", "--list", "--only", "Note")
	if code != 0 || !strings.Contains(out, "2 mutants, 0 more do not compile") || strings.Contains(out, "SURVIVED") {
		t.Errorf("exit %d", code)
	}
}

func TestTheTreeIsNotTouched(t *testing.T) {
	before := snapshot(t)
	outcome(t, "", "--only", "Clamp|Limit")
	if after := snapshot(t); after != before {
		t.Errorf("the sample's folder changed:\n%s\nwas\n%s", after, before)
	}
}

func snapshot(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir("testdata", func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		all.WriteString(path + "\n" + string(content))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}
