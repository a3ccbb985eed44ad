package scenarios_test

import (
	"bytes"
	"io"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sentsim/sentsim/scenarios"
	"github.com/sentsim/sentsim/scenarios/config"
	"github.com/sentsim/sentsim/scenarios/probe"
	"github.com/sentsim/sentsim/scenarios/receiver"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/scenarios/target"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/signing"
)

// handled is a run against a handler inside this process.
func handled(build func(env target.Env) http.HandlerFunc) scenarios.Config {
	cfg := config.Default()
	cfg.Settle = 50 * time.Millisecond
	cfg.Target = target.Spec{
		Name: "a handler", Path: "/webhooks/sent",
		Handler: func(env target.Env) (http.Handler, func() error, error) { return build(env), nil, nil },
	}
	return cfg
}

func always(status int, header ...string) func(target.Env) http.HandlerFunc {
	return func(target.Env) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			for i := 0; i+1 < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			w.WriteHeader(status)
		}
	}
}

func verify(t *testing.T, cfg scenarios.Config, opts ...scenarios.Option) report.Report {
	t.Helper()
	rep, err := scenarios.Run(t.Context(), cfg, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

// verdicts lists the rules by verdict, in the order of the contract.
func verdicts(rep report.Report, v report.Verdict) string {
	var ids []string
	for _, r := range rep.Rules {
		if r.Verdict == v {
			ids = append(ids, r.ID)
		}
	}
	return strings.Join(ids, " ")
}

func TestAnEndpointThatAcceptsEverything(t *testing.T) {
	t.Parallel()
	rep := verify(t, handled(always(http.StatusOK)))
	if rep.ExitStatus != 1 {
		t.Errorf("exit status %d, want 1", rep.ExitStatus)
	}
	if got, want := verdicts(rep, report.Failed), "SIG-2 SIG-3 SIG-4 SIG-5 SIG-6 SIG-7 SIG-10"; got != want {
		t.Errorf("failed %s, want %s", got, want)
	}
	if got := verdicts(rep, report.NotChecked); !strings.Contains(got, "SIG-14") {
		t.Errorf("not checked %s: without a rejection nobody knows what a rejection gives away", got)
	}
	if got, want := verdicts(rep, report.Warned), "TOL-7 ROT-1"; got != want {
		t.Errorf("warned %s, want %s", got, want)
	}
	if len(rep.Causes) == 0 || rep.Causes[0].ID != "verifies-nothing" {
		t.Errorf("causes %+v, want verifies-nothing first", rep.Causes)
	}
	for _, r := range rep.Rules {
		for _, s := range r.Scenarios {
			if s.Verdict == report.Failed && (len(s.Evidence) == 0 || s.Evidence[0].Request == "") {
				t.Errorf("%s: %s: no request in the evidence %+v", r.ID, s.Name, s.Evidence)
			}
		}
	}
}

// One root cause is one failure, with its diagnosis, not forty.
func TestRefusalsAreDiagnosed(t *testing.T) {
	t.Parallel()
	takesLong(t)
	hang := make(chan struct{})
	t.Cleanup(func() { close(hang) })
	correct := func(secret func(target.Env) signing.Secret, path string) func(target.Env) http.HandlerFunc {
		return func(env target.Env) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				switch {
				case path != "" && r.URL.Path != path:
					http.NotFound(w, r)
				case secret(env).Verify(signing.HeadersFrom(r.Header.Get), body, clock.Wall()) != nil:
					http.Error(w, "invalid signature", http.StatusUnauthorized)
				}
			}
		}
	}
	another, err := signing.GenerateSecret(ones{})
	if err != nil {
		t.Fatal(err)
	}
	own := func(env target.Env) signing.Secret { return env.Secret }
	for name, c := range map[string]struct {
		receiver func(target.Env) http.HandlerFunc
		cause    string
		failed   string
	}{
		"401 to everything": {always(401), "never-looked", "SIG-1"},
		"another secret":    {correct(func(target.Env) signing.Secret { return another }, ""), "wrong-secret", "SIG-1"},
		"a redirect":        {always(308, "Location", "/elsewhere"), "redirect", "SIG-1 ACK-3"},
		"another path":      {correct(own, "/webhook"), "wrong-path", "SIG-1"},
		"404 to everything": {always(404), "wrong-path", "SIG-1"},
		"basic auth":        {always(401, "WWW-Authenticate", `Basic realm="staging"`), "basic-auth", "SIG-1"},
		"500 to everything": {always(500), "server-error", "SIG-1"},
		"a dropped connection": {func(target.Env) http.HandlerFunc {
			return func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
		}, "no-answer", "SIG-1"},
		"no answer": {func(target.Env) http.HandlerFunc {
			return func(_ http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				select {
				case <-hang:
				case <-r.Context().Done():
				}
			}
		}, "hang", "SIG-1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := handled(c.receiver)
			cfg.Timeout = time.Second
			rep := verify(t, cfg)
			if got := verdicts(rep, report.Failed); got != c.failed {
				t.Errorf("failed %q, want %q", got, c.failed)
			}
			if got := verdicts(rep, report.Passed); got != "" {
				t.Errorf("passed %q although nothing could be judged", got)
			}
			if rep.ExitStatus != 1 {
				t.Errorf("exit status %d, want 1", rep.ExitStatus)
			}
			if rep.Diagnosis == nil {
				t.Fatal("no diagnosis")
			}
			if rep.Diagnosis.Cause != c.cause {
				t.Errorf("cause %q, want %q (%s)", rep.Diagnosis.Cause, c.cause, rep.Diagnosis.Summary)
			}
			if rep.Diagnosis.Fix == "" || len(rep.Diagnosis.Evidence) == 0 {
				t.Errorf("a diagnosis without fix or evidence: %+v", rep.Diagnosis)
			}
		})
	}
}

// A mistake that spoils only some signatures is named though the first delivery
// was accepted.
func TestAMistakeThatShowsOnlySometimesIsNamed(t *testing.T) {
	t.Parallel()
	m := signing.Mistakes()[0] // one that spoils all of them, so that the test does not depend on the time
	var seen atomic.Int64
	cfg := handled(func(env target.Env) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if !takes(m, env.Secret, r) && seen.Add(1) > 1 {
				w.WriteHeader(http.StatusUnauthorized)
			}
		}
	})
	cfg.Rules = []string{"SIG-1"}
	rep := verify(t, cfg)
	if got := verdicts(rep, report.Failed); got != "SIG-1" {
		t.Fatalf("failed %q", got)
	}
	if rep.Diagnosis == nil || rep.Diagnosis.Cause != m.Name {
		t.Errorf("diagnosis %+v, want %s", rep.Diagnosis, m.Name)
	}
}

// A mistake that spoils bodies of messages only is one of the signature, and not a
// receiver that takes templates only.
func TestAMistakeOfSomeBodiesIsNoTaste(t *testing.T) {
	t.Parallel()
	rep := verify(t, handled(func(env target.Env) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			body = bytes.ReplaceAll(body, []byte("+"), []byte(" ")) // as a form is decoded
			if env.Secret.Verify(signing.HeadersFrom(r.Header.Get), body, clock.Wall()) != nil {
				http.Error(w, "invalid signature", http.StatusUnauthorized)
			}
		}
	}))
	if got := verdicts(rep, report.Failed); got != "SIG-1" {
		t.Errorf("failed %q", got)
	}
	if rep.Diagnosis == nil || rep.Diagnosis.Cause != "body-form-decoded" {
		t.Errorf("diagnosis %+v", rep.Diagnosis)
	}
}

// What changes some bodies before it verifies them breaks the rule of the raw bytes,
// and none of those whose deliveries have such bodies.
func TestAChangedBodyIsOneFailure(t *testing.T) {
	t.Parallel()
	rep := verify(t, withoutBlanks())
	if got := verdicts(rep, report.Failed); got != "SIG-9" {
		t.Errorf("failed %q", got)
	}
	if rep.Diagnosis == nil || rep.Diagnosis.Cause != "body-without-spaces" {
		t.Errorf("diagnosis %+v", rep.Diagnosis)
	}
	for _, r := range rep.Rules {
		if r.ID == "INB-1" && (r.Verdict != report.NotChecked || !strings.Contains(r.Reason, "SIG-9")) {
			t.Errorf("INB-1 is %s: %s", r.Verdict, r.Reason)
		}
	}
}

// Where no scenario can carry it, what learning has met does: it is no status that is
// refused.
func TestAChangedBodyIsNoRefusedStatus(t *testing.T) {
	t.Parallel()
	cfg := withoutBlanks()
	cfg.Rules = []string{"SIG-1"}
	rep := verify(t, cfg)
	if got := verdicts(rep, report.Failed); got != "SIG-1" || len(rep.Causes) != 1 || rep.Causes[0].ID != "body-without-spaces" {
		t.Errorf("failed %q, causes %+v", got, rep.Causes)
	}
}

// withoutBlanks is a receiver that takes the blanks out of what it verifies.
func withoutBlanks() scenarios.Config {
	return handled(func(env target.Env) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			body = bytes.ReplaceAll(body, []byte(" "), nil)
			if env.Secret.Verify(signing.HeadersFrom(r.Header.Get), body, clock.Wall()) != nil {
				http.Error(w, "invalid signature", http.StatusUnauthorized)
			}
		}
	})
}

// takes is whether a receiver with that mistake accepts the request.
func takes(m signing.Mistake, secret signing.Secret, r *http.Request) bool {
	body, _ := io.ReadAll(r.Body)
	now := clock.Wall().Unix()
	for _, id := range []string{r.Header.Get(signing.HeaderID), r.Header.Get("webhook-id"), r.Header.Get("svix-id")} {
		for ts := now - 3; ts <= now+1; ts++ {
			signed := m.Sign(secret, id, ts, body)
			if len(signed.Headers) == 0 { // no difference for this body at this time: a correct receiver
				if r.Header.Get(signing.HeaderTimestamp) == strconv.FormatInt(ts, 10) {
					return secret.Verify(signing.HeadersFrom(r.Header.Get), body, clock.Wall()) == nil
				}
				continue
			}
			fits := true
			for _, h := range signed.Headers {
				fits = fits && r.Header.Get(h.Name) == h.Value
			}
			if fits {
				return true
			}
		}
	}
	return false
}

func TestAUsedStateIsNotJudged(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "receiver.db")
	cfg := config.Default()
	cfg.Settle = 100 * time.Millisecond
	cfg.Rules, cfg.NextSeed = []string{"ORD-3", "IDEM-1"}, false
	cfg.Probe = probe.Config{Message: &probe.Endpoint{URL: "/state/messages/{message_id}", Status: "$.status", Effects: "$.effects"}}
	cfg.Target = target.Spec{Handler: func(env target.Env) (http.Handler, func() error, error) {
		r, err := receiver.New(receiver.Config{Secret: env.Secret.Reveal(), File: file})
		if err != nil {
			return nil, nil, err
		}
		return r, r.Close, nil
	}}
	if rep := verify(t, cfg); verdicts(rep, report.Passed) != "IDEM-1 ORD-3" {
		t.Errorf("first run: passed %q", verdicts(rep, report.Passed))
	}
	if rep := verify(t, cfg); verdicts(rep, report.NotChecked) != "ORD-3" {
		t.Errorf("second run with the same seed: not checked %q", verdicts(rep, report.NotChecked))
	}
	cfg.Seed = 2
	if rep := verify(t, cfg); verdicts(rep, report.Passed) != "IDEM-1 ORD-3" {
		t.Errorf("another seed: passed %q", verdicts(rep, report.Passed))
	}
}

// ones makes a secret that is not the receiver's.
type ones struct{}

func (ones) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 1
	}
	return len(p), nil
}
