package scenarios_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/sentsim/sentsim/scenarios"
	"github.com/sentsim/sentsim/scenarios/receiver"
)

// inner is set in the process in which TestVerifyInside verifies something.
const inner = "SENTSIM_TEST_VERIFY"

// TestVerifyInside is a test of somebody's receiver, without a probe. It does
// nothing unless another test runs it.
func TestVerifyInside(t *testing.T) {
	mode := os.Getenv(inner)
	if mode == "" {
		t.Skip("it is run by another test")
	}
	cfg := scenarios.Handler(func(secret string) http.Handler {
		r, err := receiver.New(receiver.Config{Secret: secret})
		if err != nil {
			t.Error(err)
			return http.NotFoundHandler()
		}
		t.Cleanup(func() { _ = r.Close() })
		return r
	})
	cfg.Rules = []string{"SIG-1", "ORD-1"}
	if mode == "secret" {
		cfg = scenarios.URL("http://127.0.0.1:1/webhooks/sent", "whsec_???")
	}
	if mode == "broken" {
		cfg = scenarios.Handler(func(string) http.Handler { return http.HandlerFunc(believesAll) })
		cfg.Rules = []string{"SIG", "TOL"}
	}
	cfg.RequireAll = mode == "all"
	scenarios.Verify(t, cfg) // here
}

func believesAll(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }

// inside runs TestVerifyInside in a process of its own.
func inside(t *testing.T, mode string, args ...string) (out string, failed bool) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], append([]string{"-test.run", "^TestVerifyInside$"}, args...)...)
	cmd.Env = append(os.Environ(), inner+"="+mode)
	said, err := cmd.CombinedOutput()
	return string(said), err != nil
}

// What go test says of a broken rule can be read: it fits on a page, points at the
// caller, and tells each fix once.
func TestVerifySaysWhatIsBroken(t *testing.T) {
	t.Parallel()
	out, failed := inside(t, "broken")
	if !failed {
		t.Fatalf("it passed:\n%s", out)
	}
	source, err := os.ReadFile("verify_test.go")
	if err != nil {
		t.Fatal(err)
	}
	before, _, _ := strings.Cut(string(source), "scenarios.Verify(t, cfg) // here")
	here := fmt.Sprintf("verify_test.go:%d: ", strings.Count(before, "\n")+1)

	const most = 60
	lines, names, fixes := map[string]int{}, map[string]bool{}, map[string]bool{}
	name := ""
	for line := range strings.Lines(out) {
		text := strings.TrimSpace(line)
		if _, test, ok := strings.Cut(text, "--- FAIL: TestVerifyInside/"); ok {
			test, _, _ = strings.Cut(test, " ")
			if names[test] || strings.Contains(test, "#0") {
				t.Errorf("the name %s is not the only one", test)
			}
			names[test] = true
			name, _, _ = strings.Cut(test, "/")
		} else if at, _, ok := strings.Cut(text, ".go:"); ok && !strings.Contains(at, " ") {
			if !strings.HasPrefix(text, here) {
				t.Errorf("located elsewhere, not at %s%s", here, text)
			}
			if !strings.HasPrefix(line, "        ") {
				name = "" // what is said of the whole run
			}
		}
		lines[name]++
		if fix, ok := strings.CutPrefix(text, "fix "); ok {
			if fixes[fix] {
				t.Errorf("told again: %s", fix)
			}
			fixes[fix] = true
		}
	}
	for name, n := range lines {
		if n > most {
			t.Errorf("%q has %d lines, more than %d", name, n, most)
		}
	}
	if lines["SIG-4"] < 20 || len(names) < 60 || len(fixes) == 0 {
		t.Errorf("%d lines of SIG-4, %d failed tests, %d fixes", lines["SIG-4"], len(names), len(fixes))
	}
	for _, want := range []string{"FAILED SIG-2 (MUST) ", "response  200 OK", "cause     verifies-nothing", "CAUSES, the likeliest first"} {
		if !strings.Contains(out, want) {
			t.Errorf("nothing says %q", want)
		}
	}
	if t.Failed() {
		t.Log(out)
	}
}

// A run that cannot begin fails once, not for each rule.
func TestVerifyThatCannotBegin(t *testing.T) {
	t.Parallel()
	out, failed := inside(t, "secret")
	if !failed || strings.Count(out, "signing secret: ") != 1 || strings.Count(out, "--- FAIL") != 1 {
		t.Errorf("failed is %v:\n%s", failed, out)
	}
}

// The names of the scenarios of a rule are names of subtests: each is the only one.
func TestNamesOfScenarios(t *testing.T) {
	t.Parallel()
	cfg := scenarios.Handler(func(string) http.Handler { return http.HandlerFunc(believesAll) })
	cfg.Strict = true
	all, err := scenarios.Selection(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range all {
		seen := map[string]bool{}
		for _, name := range r.Scenarios {
			if name = strings.Join(strings.Fields(name), "_"); seen[name] {
				t.Errorf("%s has two scenarios %q", r.Rule.ID, name)
			}
			seen[name] = true
		}
	}
}

// A rule that was not checked is a skipped test, not one that passed, and fails
// where all MUST rules are required.
func TestVerifySkipsWhatItDidNotSee(t *testing.T) {
	t.Parallel()
	for mode, want := range map[string][]string{
		"some": {"--- PASS: TestVerifyInside ", "--- PASS: TestVerifyInside/SIG-1 ", "--- SKIP: TestVerifyInside/ORD-1 "},
		"all":  {"--- FAIL: TestVerifyInside ", "--- PASS: TestVerifyInside/SIG-1 ", "--- FAIL: TestVerifyInside/ORD-1 ", "all MUST rules are required"},
	} {
		out, failed := inside(t, mode, "-test.v")
		if failed != (mode == "all") {
			t.Errorf("%s: failed is %v", mode, failed)
		}
		for _, line := range want {
			if !strings.Contains(out, line) {
				t.Errorf("%s: %q is missing:\n%s", mode, line, out)
			}
		}
	}
}
