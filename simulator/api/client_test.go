package api_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/api"
	"github.com/sentsim/sentsim/simulator/clock"
)

// TestTheOfficialClient: Sent's own client for JavaScript, unmodified, gets from
// us what it gets from Sent.
func TestTheOfficialClient(t *testing.T) {
	dir := installClient(t)
	for _, script := range []string{"methods.mjs", "story.mjs"} {
		t.Run(script, func(t *testing.T) {
			t.Parallel()
			s := serve(t, api.Config{APIKey: "sk_test_client"})
			s.script(dir, "node", script)
		})
	}
}

// TestTheOfficialClientsPrograms: what programs do with it works in Node's own
// test runner, twice in a row against one server, whatever its clock.
func TestTheOfficialClientsPrograms(t *testing.T) {
	dir := installClient(t)
	for name, c := range map[string]clock.Clock{"virtual": nil, "real": clock.Real{}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if testing.Short() && c != nil {
				t.Skip("on the real clock it takes as long as it takes")
			}
			s := serve(t, api.Config{APIKey: "sk_test_client", Simulator: simulator.Config{Clock: c}})
			for range 2 {
				s.script(dir, "node", "--test", "programs.test.mjs")
			}
		})
	}
}

// script runs a program that talks to s and insists on its success.
func (s *server) script(dir, program string, args ...string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "SENT_BASE_URL="+s.url, "SENT_DM_API_KEY="+s.key)
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Fatalf("%s %s: %v\n%s", program, strings.Join(args, " "), err, out)
	}
}

// installClient is a folder with the scripts of testdata/client and the client
// that its lock file names. The client is installed once for each lock file.
func installClient(t *testing.T) string {
	t.Helper()
	for _, program := range []string{"node", "npm"} {
		needProgram(t, program)
	}
	src := filepath.Join("testdata", "client")
	lock, err := os.ReadFile(filepath.Join(src, "package-lock.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"://", "resolved"} {
		if bytes.Contains(lock, []byte(word)) {
			t.Fatalf("the lock file names a registry: make it with the .npmrc beside it")
		}
	}
	sum := sha256.Sum256(lock)
	cache := filepath.Join(os.TempDir(), "sentsim-client-"+hex.EncodeToString(sum[:6]))
	if _, err := os.Stat(filepath.Join(cache, "node_modules")); err != nil {
		npmInstall(t, src, cache)
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(src)); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(cache, "node_modules"), filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// npmInstall installs what src locks into cache, which appears only once it is complete.
func npmInstall(t *testing.T, src, cache string) {
	t.Helper()
	//nolint:usetesting // it is renamed to the cache, which stays and is on the same file system
	work, err := os.MkdirTemp(filepath.Dir(cache), "sentsim-client-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(work)
	if err := os.CopyFS(work, os.DirFS(src)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts")
	cmd.Dir = work
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("npm ci: %v\n%s", err, out)
	}
	if err := os.Rename(work, cache); err != nil {
		if _, there := os.Stat(filepath.Join(cache, "node_modules")); there != nil { // nobody else was faster
			t.Fatal(err)
		}
	}
}

// needProgram skips a test where a program is missing, but not in CI.
func needProgram(t *testing.T, name string) {
	t.Helper()
	_, err := exec.LookPath(name)
	switch {
	case err == nil:
	case os.Getenv("CI") != "":
		t.Fatalf("CI is set, and there is no %s", name)
	default:
		t.Skipf("there is no %s on this machine", name)
	}
}

// TestTheExamples: what the README shows works.
func TestTheExamples(t *testing.T) {
	for script, program := range map[string]string{"e2e.mjs": "node", "e2e.py": "python3"} {
		t.Run(script, func(t *testing.T) {
			t.Parallel()
			needProgram(t, program)
			s := serve(t, api.Config{})
			path, err := filepath.Abs(filepath.Join("testdata", "examples", script))
			if err != nil {
				t.Fatal(err)
			}
			s.script(t.TempDir(), program, path)
		})
	}
}
