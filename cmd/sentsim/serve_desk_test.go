package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"
)

// waitFor waits until there is text in l that matches.
func (l *lockedBuffer) waitFor(t *testing.T, pattern string) string {
	t.Helper()
	found := regexp.MustCompile(pattern)
	deadline := time.Now().Add(10 * time.Second)
	for {
		if text := found.FindString(l.String()); text != "" {
			return text
		}
		if time.Now().After(deadline) {
			t.Fatalf("no %s in\n%s", pattern, l)
		}
		time.Sleep(5 * time.Millisecond) // what it prints arrives by itself
	}
}

// sentsim runs a command and returns its status and what it printed.
func sentsim(t *testing.T, environ []string, args ...string) (status int, out string) {
	t.Helper()
	var printed lockedBuffer
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	status = run(ctx, invocation{args: args, environ: environ, stdin: strings.NewReader(""), stdout: &printed, stderr: &printed})
	return status, printed.String()
}

// It prints where the dashboard is, what to export, and a line for each attempt;
// what the line names can be sent again.
func TestServeShowsAttemptsAndResendsThem(t *testing.T) {
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	defer receiver.Close()
	const secret = "whsec_c2VudHNpbSB0ZXN0IHNlY3JldCBub3QgcmVhbA=="
	short := strings.TrimPrefix(receiver.URL, "http://127.0.0.1:") + "/webhooks/sent" // as --target takes it
	s := startServe(t, nil, "--forward-to", short, "--secret", secret, "--clock", "virtual", "--seed", "7")
	for _, want := range []string{"dashboard +" + s.url, "export SENT_BASE_URL=" + s.url, "export SENT_DM_API_KEY=sentsim", "every event to http"} {
		s.stdout.waitFor(t, want)
	}
	send := func() string {
		s.ask(t, "POST", "/v3/messages", "sentsim", `{"to":["+15005550104"],"text":"hi"}`)
		return s.stdout.waitFor(t, `--> message\.queued [0-9a-f]{8}  <-- 418 POST /webhooks/sent \d+ms\n`)
	}
	line := send()
	server := []string{"SENT_BASE_URL=" + s.url}
	if status, out := sentsim(t, server, "resend", strings.Fields(line)[2]); status != 0 || !strings.HasPrefix(out, "resent message.queued of ") {
		t.Errorf("resend: %d %s", status, out)
	}
	s.ask(t, "POST", "/_sentsim/wait", "sentsim", "")
	for args, want := range map[string]string{
		"--since 1h": "resent 2", "--since 1h --status DELIVERED": "nothing to resend", "--since 2030-01-01T00:00:00Z": "nothing to resend", "aaaa": "no delivery",
	} {
		if _, out := sentsim(t, server, append([]string{"resend"}, strings.Fields(args)...)...); !strings.Contains(out, want) {
			t.Errorf("resend %s: %s", args, out)
		}
	}
	if n := strings.Count(s.stdout.String(), "--> message.queued"); n < 8 {
		t.Errorf("%d attempts are shown of two deliveries with three retries each", n)
	}
	// A reset does not take the webhook away.
	if _, body := s.ask(t, "POST", "/_sentsim/reset", "sentsim", `{"seed":8}`); gjson.Get(body, "data.seed").Int() != 8 {
		t.Errorf("reset: %s", body)
	}
	s.stdout.waitFor(t, "reset: seed 8")
	send()
	s.stop()
	if out := s.stdout.String() + s.stderr.String(); strings.Contains(out, secret) {
		t.Errorf("the secret is printed:\n%s", out)
	}
}

func TestServeQuietly(t *testing.T) {
	s := startServe(t, []string{"SENTSIM_API_KEY=sk_test_77"}, "--quiet", "--forward-to", "http://127.0.0.1:9/")
	s.ask(t, "POST", "/v3/messages", "sk_test_77", `{"to":["+15005550104"],"text":"hi"}`)
	s.stop()
	if out := s.stdout.String(); out != "" {
		t.Errorf("it prints\n%s", out)
	}
}

// The signing secret of new webhooks is the one that was given.
func TestServeHasAStableSecret(t *testing.T) {
	const secret = "whsec_c2VudHNpbSB0ZXN0IHNlY3JldCBub3QgcmVhbA=="
	hook := `{"display_name":"x","endpoint_url":"http://127.0.0.1:9"}`
	s := startServe(t, []string{"SENT_DM_WEBHOOK_SECRET=" + secret})
	if _, body := s.ask(t, "POST", "/v3/webhooks", "sentsim", hook); gjson.Get(body, "data.signing_secret").String() != secret {
		t.Errorf("%s", body)
	}
	other := startServe(t, nil)
	made := func() string {
		_, body := other.ask(t, "POST", "/v3/webhooks", "sentsim", hook)
		return gjson.Get(body, "data.signing_secret").String()
	}
	if a, b := made(), made(); a == b || a == secret {
		t.Errorf("without one the secrets are %s and %s", a, b)
	}
	given := strings.Replace(hook, "{", `{"signing_secret":"`+secret+`",`, 1)
	if _, body := other.ask(t, "POST", "/v3/webhooks", "sentsim", given); gjson.Get(body, "data.signing_secret").String() != secret {
		t.Errorf("a webhook that brings its secret: %s", body)
	}
}

// Ids do not come again, unless somebody wants them to; a file goes on with its own.
func TestServeSeeds(t *testing.T) {
	first := func(s served) (seed, id string) {
		_, body := s.ask(t, "POST", "/v3/messages", "sentsim", `{"to":["+15005550104"],"text":"hi"}`)
		_, state := s.ask(t, "GET", "/_sentsim/clock", "sentsim", "")
		return gjson.Get(state, "data.seed").Raw, gjson.Get(body, "data.recipients.0.message_id").String()
	}
	a, b := startServe(t, nil), startServe(t, nil)
	seedA, idA := first(a)
	seedB, idB := first(b)
	b.ask(t, "POST", "/_sentsim/reset", "sentsim", `{"seed":`+seedA+`}`)
	_, again := first(b)
	a.ask(t, "POST", "/_sentsim/reset", "sentsim", "")
	seedC, idC := first(a)
	if seedA == seedB || idA == idB || seedC == seedA || idC == idA || again != idA {
		t.Errorf("seeds %s %s %s, ids %s %s %s, and with the first seed %s", seedA, seedB, seedC, idA, idB, idC, again)
	}
	fixed := startServe(t, nil, "--seed", "7")
	_, id := first(fixed)
	fixed.ask(t, "POST", "/_sentsim/reset", "sentsim", "")
	if seed, same := first(fixed); seed != "7" || same != id {
		t.Errorf("--seed 7: %s, then after a reset %s with seed %s", id, same, seed)
	}
	file := filepath.Join(t.TempDir(), "sent.db")
	kept := startServe(t, nil, "--data", file, "--seed", "9")
	_, id = first(kept)
	kept.stop()
	reopened := startServe(t, nil, "--data", file, "--seed", "10")
	if seed, next := first(reopened); seed != "9" || next == id {
		t.Errorf("the file goes on with seed %s, id %s after %s", seed, next, id)
	}
	if !strings.Contains(reopened.stderr.String(), "goes on with the seed that it was begun with, 9") {
		t.Errorf("it does not say so: %s", reopened.stderr)
	}
}

// On the virtual clock, where a minute does not pass by itself, nothing is limited.
func TestServeLimitsNothingOnTheVirtualClock(t *testing.T) {
	s := startServe(t, nil, "--clock", "virtual")
	for range 201 {
		if status, body := s.ask(t, "GET", "/v3/me", "sentsim", ""); status != http.StatusOK {
			t.Fatalf("%d %s", status, body)
		}
	}
}
