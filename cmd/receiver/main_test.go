package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

const secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

// The test binary is also the program, so that a process can be killed.
func TestMain(m *testing.M) {
	if os.Getenv("RECEIVER_UNDER_TEST") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// launch starts the program and returns it with the URL it prints.
func launch(t *testing.T, args ...string) (*exec.Cmd, string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), "RECEIVER_UNDER_TEST=1", "PORT=0", "SENT_DM_WEBHOOK_SECRET="+secret)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return cmd, strings.TrimPrefix(strings.TrimSpace(line), "listening on ")
}

func deliver(t *testing.T, url, body string) int {
	t.Helper()
	wh, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	signature, err := wh.Sign("w", now, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Webhook-ID", "w")
	req.Header.Set("X-Webhook-Timestamp", fmt.Sprint(now.Unix()))
	req.Header.Set("X-Webhook-Signature", signature)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

func TestWhatIsAcknowledgedSurvivesAKill(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state.db")
	body := func(i int, status string) string {
		return fmt.Sprintf(`{"field":"message","payload":{"message_id":"m%d","message_status":%q}}`, i, status)
	}
	first, url := launch(t, "--data", file)
	for i := range 20 {
		if status := deliver(t, url, body(i, "DELIVERED")); status != http.StatusOK {
			t.Fatalf("answered %d", status)
		}
	}
	if err := first.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = first.Wait() // it was killed

	second, url := launch(t, "--data", file)
	base := strings.TrimSuffix(url, "/webhooks/sent")
	for i := range 20 {
		if status := deliver(t, url, body(i, "DELIVERED")); status != http.StatusOK {
			t.Errorf("answered %d to the duplicate", status)
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("%s/state/messages/m%d", base, i), nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		got, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if want := `{"effects":1,"status":"DELIVERED"}`; strings.TrimSpace(string(got)) != want {
			t.Errorf("m%d is %s, want %s", i, got, want)
		}
	}
	if err := second.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := second.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v, want status 0", err)
	}
}

// The program, and so its image, is the receiver and nothing else.
func TestProgramLinksNoMutant(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(out), "/scenarios/receiver\n") || strings.Contains(string(out), "mutant") {
		t.Errorf("it links:\n%s", out)
	}
}

func TestExitStatus(t *testing.T) {
	stopped, stop := context.WithCancel(t.Context())
	stop()
	for name, tc := range map[string]struct {
		args, env string
		want      int
		says      string
	}{
		"help":           {"--help", "", 0, "Usage: receiver"},
		"unknown flag":   {"--prot 1", "", 2, "prot"},
		"an argument":    {"serve", "", 2, `unexpected argument "serve"`},
		"empty flag":     {"--data=", "", 2, "--data is given but empty"},
		"no secret":      {"", "", 2, "SENT_DM_WEBHOOK_SECRET"},
		"bad secret":     {"", "SENT_DM_WEBHOOK_SECRET=hunter2", 2, "whsec_"},
		"no mutants":     {"--mutant list", "", 2, "mutant"},
		"nor by a name":  {"", "SENTSIM_MUTANT=any-timestamp", 2, "sentsim receiver --mutant"},
		"bad port":       {"", "PORT=eighty", 2, "eighty"},
		"bad path":       {"--path x", "SENT_DM_WEBHOOK_SECRET=" + secret, 2, "path"},
		"no such folder": {"--data /no/such/folder/f", "SENT_DM_WEBHOOK_SECRET=" + secret, 1, "/no/such/folder/f"},
		"no such host":   {"--listen 127.0.0.1:x", "SENT_DM_WEBHOOK_SECRET=" + secret, 1, "--listen"},
		"told to stop":   {"--listen 127.0.0.1:0", "SENT_DM_WEBHOOK_SECRET=" + secret, 0, ""},
	} {
		var out bytes.Buffer
		name2, value, _ := strings.Cut(tc.env, "=")
		getenv := func(n string) string {
			if n == name2 {
				return value
			}
			return ""
		}
		got := run(stopped, strings.Fields(tc.args), getenv, &out, &out)
		if got != tc.want || !strings.Contains(out.String(), tc.says) {
			t.Errorf("%s: status %d, want %d and %q in: %s", name, got, tc.want, tc.says, out.String())
		}
		if strings.Contains(out.String(), "hunter2") {
			t.Errorf("%s: the secret is shown: %s", name, out.String())
		}
	}
}
