package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/sentsim/sentsim/scenarios/receiver"
	"github.com/sentsim/sentsim/scenarios/receiver/mutant"
	"github.com/sentsim/sentsim/scenarios/report"
)

// sh runs a command line as somebody who pastes it does, in a folder.
func sh(t *testing.T, dir, line string, env ...string) (said string, status int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-c", line)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		t.Fatalf("%s: %v", line, err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// Every command that a report prints does what it says, pasted as it is into a shell
// in the folder where it was printed: it shows the same rule broken.
func TestPrintedCommands(t *testing.T) {
	t.Parallel()
	takesLong(t)
	const probe = "probe:\n  message: {url: \"/state/messages/{message_id}\", status: \"$.status\", effects: \"$.effects\"}\n"
	mistaken := receiver.Config{Secret: testSecret}
	if err := mutant.Apply(&mistaken, "any-timestamp"); err != nil {
		t.Fatal(err)
	}
	running, err := receiver.New(mistaken)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = running.Close() })
	server := httptest.NewServer(running)
	t.Cleanup(server.Close)
	for name, c := range map[string]struct {
		run  string
		env  []string // of the run alone
		also []string // of what is pasted, too: what is never printed
		file map[string]string
		want string // a regular expression of what a command names
	}{
		"a command with quotes, an edition and a header": {
			run:  `verify --exec "sentsim receiver --mutant 'last-write-wins'" --edition 2025 --header 'X-Tenant: a b' --rule ORD-3,ORD-6 --settle 50ms`,
			want: `--edition 2025 .*'X-Tenant: a b'`,
		},
		"a config file in a folder": {
			run: "verify --config 'a b/ours.yaml' --rule ORD-3 --settle 50ms",
			file: map[string]string{
				"a b/ours.yaml": "target:\n  exec: sentsim receiver --mutant last-write-wins --path /hooks/ours\n  path: /hooks/ours\n  env: {X: y}\n" + probe,
			},
			want: `--config 'a b/ours.yaml'`,
		},
		"a target that only the environment names": {
			run: "verify --rule SIG-6 --settle 50ms", env: []string{"SENTSIM_EXEC=sentsim receiver --mutant any-timestamp"},
			want: `--exec 'sentsim receiver --mutant any-timestamp'`,
		},
		"a command with an assignment": {
			run:  "verify --exec 'TOKEN=tell-nobody sentsim receiver --mutant last-write-wins' --rule ORD-3 --settle 50ms",
			also: []string{"SENTSIM_EXEC=TOKEN=tell-nobody sentsim receiver --mutant last-write-wins"},
			want: `--exec "\$\{SENTSIM_EXEC:`,
		},
		"a header that is a credential": {
			run:  "verify --exec 'sentsim receiver --mutant last-write-wins' --header 'Authorization: Bearer tell-nobody' --rule ORD-3 --settle 50ms",
			also: []string{"SENTSIM_AUTHORIZATION=Bearer tell-nobody"},
			want: `--header 'Authorization: '"\$\{SENTSIM_AUTHORIZATION:`,
		},
		"scenarios of one's own, strictly": {
			run: "verify --feature 'our own.feature' --strict --exec 'sentsim receiver --mutant last-write-wins' --settle 50ms",
			file: map[string]string{"our own.feature": "Feature: Ours\n  @ORD-3 @MUST @state\n  Scenario: a late status\n    Given a message on \"sms\"\n" +
				"    When Sent delivers its \"DELIVERED, SENT\" events\n    Then the message ends as \"DELIVERED\"\n"},
			want: `--feature 'our own.feature' --strict`,
		},
		"a URL without its scheme, and a secret by flag": {
			run:  "verify --target " + strings.TrimPrefix(server.URL, "http://") + "/webhooks/sent --secret " + testSecret + " --rule SIG-6 --settle 50ms",
			also: []string{"SENT_DM_WEBHOOK_SECRET=" + testSecret},
			want: `--target ` + regexp.QuoteMeta(server.URL) + `/webhooks/sent .*--secret "\$\{SENT_DM_WEBHOOK_SECRET:`,
		},
		"a secret by flag, and another one in the environment": {
			run:  "verify --target " + server.URL + "/webhooks/sent --secret " + testSecret + " --rule SIG-6 --settle 50ms",
			also: []string{"SENT_DM_WEBHOOK_SECRET=whsec_c29tZWJvZHkgZWxzZSdzIHNlY3JldA==", "TARGET_SECRET=" + testSecret},
			want: `--secret "\$\{TARGET_SECRET:`,
		},
		"a secret by the standard input": {
			run:  "verify --exec 'sentsim receiver --mutant any-timestamp' --secret-stdin --rule SIG-6 --settle 50ms < secret",
			also: []string{"SENT_DM_WEBHOOK_SECRET=" + testSecret},
			file: map[string]string{"secret": testSecret},
			want: `--secret "\$\{SENT_DM_WEBHOOK_SECRET:`,
		},
		"chaos with knobs": {
			run:  "chaos --exec 'sentsim receiver --mutant last-write-wins' --messages 30 --profile carrier --knob numbers=digits --settle 50ms",
			want: `numbers=digits`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for path, text := range c.file {
				path = filepath.Join(dir, path)
				if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
					t.Fatal(err)
				}
			}
			said, status := sh(t, dir, "sentsim "+strings.Replace(c.run, " ", " --report json=report.json ", 1), append(c.env, c.also...)...)
			if status != 1 {
				t.Fatalf("exit %d:\n%s", status, said)
			}
			data, err := os.ReadFile(filepath.Join(dir, "report.json"))
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(data, []byte("tell-nobody")) || bytes.Contains(data, []byte(testSecret)) {
				t.Error("a credential is in the report")
			}
			var rep report.Report
			if err := json.Unmarshal(data, &rep); err != nil {
				t.Fatal(err)
			}
			tried := 0
			for _, r := range rep.Rules {
				for _, s := range r.Scenarios {
					if s.Verdict != report.Failed || len(s.Evidence) == 0 {
						continue
					}
					line := s.Evidence[0].Reproduce
					if !regexp.MustCompile(c.want).MatchString(line) {
						t.Errorf("%q does not name %s", line, c.want)
					}
					said, status := sh(t, dir, line, c.also...)
					if status != 1 || !strings.Contains(said, "FAILED "+r.ID) && !strings.Contains(said, "WRONG") {
						t.Errorf("%s\nends with %d and does not show %s:\n%s", line, status, r.ID, said)
					}
					tried++
					break // of a rule
				}
			}
			if tried == 0 {
				t.Error("no command was printed")
			}
		})
	}
}

// What --shrink says to run next runs, and fails in the same way.
func TestPrintedNextSteps(t *testing.T) {
	t.Parallel()
	takesLong(t)
	dir := t.TempDir()
	said, status := sh(t, dir, "sentsim chaos --exec 'sentsim receiver --mutant last-write-wins' --profile carrier --messages 30 --settle 50ms --shrink --rule ORD-3 --story 'a b' --quiet")
	if status != 1 {
		t.Fatalf("exit %d:\n%s", status, said)
	}
	next := regexp.MustCompile(`\((?:run|replay) it: (.*)\)`).FindAllStringSubmatch(said, -1)
	if len(next) != 2 {
		t.Fatalf("%d next steps, want 2:\n%s", len(next), said)
	}
	for _, step := range next {
		if said, status := sh(t, dir, step[1]); status != 1 || !strings.Contains(said, "FAILED ORD-3") {
			t.Errorf("%s\nends with %d:\n%s", step[1], status, said)
		}
	}
}
