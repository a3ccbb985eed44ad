package scenarios_test

import (
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
// nothing unless TestVerifySkipsWhatItDidNotSee runs it.
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
	cfg.RequireAll = mode == "all"
	scenarios.Verify(t, cfg)
}

// A rule that was not checked is a skipped test, not one that passed, and fails
// where all MUST rules are required.
func TestVerifySkipsWhatItDidNotSee(t *testing.T) {
	t.Parallel()
	for mode, want := range map[string][]string{
		"some": {"--- PASS: TestVerifyInside ", "--- PASS: TestVerifyInside/SIG-1 ", "--- SKIP: TestVerifyInside/ORD-1 "},
		"all":  {"--- FAIL: TestVerifyInside ", "--- PASS: TestVerifyInside/SIG-1 ", "--- FAIL: TestVerifyInside/ORD-1 ", "all MUST rules are required"},
	} {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestVerifyInside$", "-test.v")
		cmd.Env = append(os.Environ(), inner+"="+mode)
		out, err := cmd.CombinedOutput()
		if (err != nil) != (mode == "all") {
			t.Errorf("%s: %v", mode, err)
		}
		for _, line := range want {
			if !strings.Contains(string(out), line) {
				t.Errorf("%s: %q is missing:\n%s", mode, line, out)
			}
		}
	}
}
