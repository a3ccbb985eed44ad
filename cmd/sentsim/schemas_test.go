package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestPublishedSchemas holds the files that we ship for CI systems, and the
// report that they read, to the schemas that are published for them. Each is
// also broken once, so that a validator that says nothing is noticed.
func TestPublishedSchemas(t *testing.T) {
	takesLong(t)
	check := validator(t)
	report, sarif := filepath.Join(t.TempDir(), "report.xml"), filepath.Join(t.TempDir(), "report.sarif")
	refuses := httptest.NewServer(http.NotFoundHandler())
	defer refuses.Close()
	args := []string{"verify", "--target", refuses.URL, "--secret", testSecret, "--rule", "SIG-1,SIG-2,ROT-1", "--quiet", "--report", "junit=" + report, "--report", "sarif=" + sarif}
	var said bytes.Buffer
	if status := run(t.Context(), invocation{args: args, stdin: new(bytes.Buffer), stdout: &said, stderr: &said}); status != 1 {
		t.Fatalf("verify: exit %d\n%s", status, &said)
	}
	for _, c := range []struct {
		kind, path string
		old, wrong string // what breaks it
	}{
		{"action", "../../action.yml", "using: composite", "using: magic"},
		{"workflow", "testdata/recipes/github.yml", "runs-on:", "runs-in:"},
		{"gitlab", "testdata/recipes/gitlab-ci.yml", "when: always", "when: often"},
		{"compose", "testdata/recipes/compose.yaml", "depends_on: [receiver]", "depends_on: 7"},
		{"sarif", "../../scenarios/report/testdata/every.sarif.golden", `"kind": "fail"`, `"kind": "fails"`},
		{"sarif", "../../scenarios/report/testdata/kept.sarif.golden", `"version": "2.1.0"`, `"version": "2"`},
		{"sarif", sarif, `"startLine": `, `"startLine": -`},
		{"junit", report, "<testcase name=", "<testcase nom="},
		{"junit", "../../scenarios/report/testdata/every.xml.golden", "</testsuites>", "<verdict/></testsuites>"},
		{"junit", "../../scenarios/report/testdata/kept.xml.golden", "errors=", "mistakes="},
		{"junit", "../../scenarios/report/testdata/refused.xml.golden", "<testsuite ", "<suite "},
	} {
		t.Run(c.kind+" "+filepath.Base(c.path), func(t *testing.T) {
			t.Parallel()
			if said, ok := check(t, c.kind, c.path); !ok {
				t.Errorf("%s is not valid:\n%s", c.path, said)
			}
			data, err := os.ReadFile(c.path)
			if err != nil || !strings.Contains(string(data), c.old) {
				t.Fatalf("%s has no %q: %v", c.path, c.old, err)
			}
			broken := filepath.Join(t.TempDir(), filepath.Base(c.path))
			if err := os.WriteFile(broken, []byte(strings.Replace(string(data), c.old, c.wrong, 1)), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, ok := check(t, c.kind, broken); ok {
				t.Errorf("with %q for %q it is still valid", c.wrong, c.old)
			}
		})
	}
}

// validator installs what validates. Without npm the test is skipped, but not in CI.
func validator(t *testing.T) (check func(t *testing.T, kind, path string) (said string, ok bool)) {
	t.Helper()
	if _, err := exec.LookPath("npm"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip("no npm: ", err)
	}
	dir := t.TempDir()
	for _, name := range []string{"package.json", "package-lock.json", ".npmrc", "check.mjs"} {
		data, err := os.ReadFile(filepath.Join("testdata", "schemas", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	install := exec.CommandContext(t.Context(), "npm", "ci", "--no-progress", "--prefer-offline")
	install.Dir = dir
	if out, err := install.CombinedOutput(); err != nil {
		t.Fatalf("npm ci: %v\n%s", err, out)
	}
	return func(t *testing.T, kind, path string) (string, bool) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "node", filepath.Join(dir, "check.mjs"), kind, path)
		out, err := cmd.CombinedOutput()
		if err != nil && cmd.ProcessState.ExitCode() != 1 {
			t.Fatalf("node: %v\n%s", err, out)
		}
		return string(out), err == nil
	}
}
