package scenarios_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sentsim/sentsim/scenarios"
	"github.com/sentsim/sentsim/scenarios/config"
	"github.com/sentsim/sentsim/scenarios/probe"
	"github.com/sentsim/sentsim/scenarios/receiver"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/scenarios/target"
	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/signing"
)

// referenceProbe reads the reference receiver's state.
func referenceProbe() probe.Config {
	return probe.Config{
		Message:  &probe.Endpoint{URL: "/state/messages/{message_id}", Status: "$.status", Effects: "$.effects"},
		Inbound:  &probe.Endpoint{URL: "/state/inbound?from={from}", Count: "$.count"},
		Template: &probe.Endpoint{URL: "/state/templates/{template_id}", Status: "$.status", Effects: "$.effects"},
		Contact:  &probe.Endpoint{URL: "/state/contacts?number={from}", OptedOut: "$.opted_out"},
	}
}

// What takes a receiver down fails its own rule. The receiver is brought back,
// and what others had waited for is asked again, also of those that were under way at
// the same time.
func TestAReceiverThatDiesFailsOneRule(t *testing.T) {
	t.Parallel()
	takesLong(t)
	for how, tt := range map[string]struct {
		rules  []string
		failed string // which send a null text
	}{
		"of a null text":         {nil, "INB-1 CON-1"},
		"slowly, of a null text": {[]string{"SIG-9", "INB-1"}, "INB-1"},
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			cfg := dying(t, how)
			cfg.Rules = tt.rules
			rep := verify(t, cfg)
			if got := verdicts(rep, report.Failed); got != tt.failed {
				t.Errorf("failed %q, want %s: %s", got, tt.failed, reasons(rep))
			}
			if got := verdicts(rep, report.Errored) + verdicts(rep, report.NotChecked) + verdicts(rep, report.Warned); got != "" {
				t.Errorf("not passed although the receiver was brought back: %q", got)
			}
			if !strings.Contains(strings.Join(rep.TargetLog, "\n"), "TypeError") {
				t.Errorf("the receiver's last words are lost: %q", rep.TargetLog)
			}
		})
	}
}

// What ends by itself takes nothing then, and that is no fault of the rule whose
// deliveries met it.
func TestAReceiverThatEndsByItselfFails(t *testing.T) {
	t.Parallel()
	takesLong(t)
	for how, when := range map[string]string{"mortal": "went down, first in the scenario", "mortal, early": "went down, first while it was learned"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			rep := verify(t, dying(t, how))
			if got := verdicts(rep, report.Failed); got != "SIG-1" || rep.ExitStatus != report.ExitBroken {
				t.Errorf("failed %q, exit status %d, want SIG-1 alone and 1: %s", got, rep.ExitStatus, reasons(rep))
			}
			if got := verdicts(rep, report.NotChecked) + verdicts(rep, report.Errored); got != "" {
				t.Errorf("not judged: %s", reasons(rep))
			}
			if got := rep.Rules[0].Reason; !strings.Contains(got, when) {
				t.Errorf("%s: %s", rep.Rules[0].ID, got)
			}
		})
	}
}

// A reading of the state that meets a fall is asked for again, and is no error of the
// scenario that asks.
func TestAReadingThatMeetsAFall(t *testing.T) {
	t.Parallel()
	takesLong(t)
	for n := 4; n <= 20; n += 4 {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			t.Parallel()
			cfg := dying(t, fmt.Sprintf("mortal, at reading %d of a contact", n))
			cfg.Rules = []string{"SIG-1", "CON-1"}
			rep := verify(t, cfg)
			if failed, passed := verdicts(rep, report.Failed), verdicts(rep, report.Passed); failed != "SIG-1" || passed != "CON-1" {
				t.Errorf("failed %q, passed %q: %s", failed, passed, reasons(rep))
			}
			if !strings.Contains(rep.Rules[0].Reason, "went down, first ") {
				t.Errorf("SIG-1: %s", rep.Rules[0].Reason)
			}
		})
	}
}

// That somebody else was there on its port when it was started is no fault of its own.
func TestAReceiverWhosePortWasTakenIsJudged(t *testing.T) {
	t.Parallel()
	cfg := dying(t, "late")
	cfg.Rules = []string{"SIG-1", "ORD-1"}
	rep := verify(t, cfg)
	if got := verdicts(rep, report.Passed); got != "SIG-1 ORD-1" {
		t.Errorf("passed %q: %s", got, reasons(rep))
	}
}

// dying is this test binary as a receiver that dies.
func dying(t *testing.T, how string) scenarios.Config {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cfg := config.Default()
	cfg.Settle, cfg.Strict = 300*time.Millisecond, true
	cfg.Probe = referenceProbe()
	cfg.Target = target.Spec{
		Name: "a fragile receiver", Exec: "'" + self + "'", Path: "/webhooks/sent", StartTimeout: 30 * time.Second,
		Env: map[string]string{"FRAGILE_RECEIVER": how, "STATE_FILE": filepath.Join(t.TempDir(), "state.db")},
	}
	return cfg
}

// A queue that works off one event after another is sound, however far the
// harness could push it behind.
func TestASlowQueueIsNoFault(t *testing.T) {
	t.Parallel()
	takesLong(t)
	cfg := config.Default()
	cfg.Settle = 400 * time.Millisecond
	cfg.Probe = referenceProbe()
	cfg.Target = target.Spec{Name: "a queue", Path: "/webhooks/sent", Handler: queueing}
	rep := verify(t, cfg)
	if got := verdicts(rep, report.Failed); got != "" {
		t.Errorf("failed %q", got)
		for _, r := range rep.Rules {
			if r.Verdict == report.Failed {
				t.Logf("%s: %s", r.ID, r.Reason)
			}
		}
	}
	if got := verdicts(rep, report.Errored); got != "" {
		t.Errorf("errored %q", got)
	}
}

// queueing acknowledges at once and lets the reference receiver work behind it,
// 10 ms an event.
func queueing(env target.Env) (http.Handler, func() error, error) {
	next, err := receiver.New(receiver.Config{Secret: env.Secret.Reveal()})
	if err != nil {
		return nil, nil, err
	}
	jobs, done := make(chan *http.Request, 10_000), make(chan struct{})
	go func() {
		defer close(done)
		for r := range jobs {
			next.ServeHTTP(httptest.NewRecorder(), r)
			_ = clock.Real{}.Sleep(context.Background(), 10*time.Millisecond)
		}
	}()
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var object map[string]any
		switch {
		case r.Method == http.MethodGet:
			next.ServeHTTP(w, r)
		case err != nil || env.Secret.Verify(signing.HeadersFrom(r.Header.Get), body, clock.Wall()) != nil:
			w.WriteHeader(http.StatusUnauthorized)
		case json.Unmarshal(body, &object) != nil || object == nil:
			w.WriteHeader(http.StatusBadRequest)
		default:
			job := r.Clone(context.WithoutCancel(r.Context()))
			job.Body = io.NopCloser(bytes.NewReader(body))
			jobs <- job
			w.WriteHeader(http.StatusAccepted)
		}
	})
	return h, func() error {
		close(jobs)
		<-done
		return next.Close()
	}, nil
}

// Several knobs at a time, because a whole run takes seconds.
func TestEveryKnobIsRunWith(t *testing.T) {
	t.Parallel()
	takesLong(t)
	left := map[string]bool{}
	for _, k := range simulator.KnobTable() {
		left[k.Name] = true
	}
	for _, knobs := range []string{
		"edition=2026-05 envelope=event numbers=digits keywords=WIN order=strict retry_count=1 backoff_base=1s disable_threshold=1",
		"edition=2025 inbound_shape=numbered event_id_header=true concurrency=1 retry_count=5 backoff_cap=2m disable_threshold=23",
		"extended=true outbound_shape=classic families=message,templates timeout_seconds=5 retry_count_counts=attempts backoff_factor=3 event_type_header=false",
		"disable_counts=attempts backoff_jitter=0.5",
	} {
		for knob := range strings.FieldsSeq(knobs) {
			name, _, _ := strings.Cut(knob, "=")
			delete(left, name)
		}
		t.Run(knobs, func(t *testing.T) {
			t.Parallel()
			cfg := embedded(t)
			cfg.Settle = time.Second // several runs at a time
			for knob := range strings.FieldsSeq(knobs) {
				name, value, _ := strings.Cut(knob, "=")
				if err := cfg.Knobs.Set(name, value); err != nil {
					t.Fatal(err)
				}
			}
			cfg.Strict = true
			rep := verify(t, cfg)
			for _, r := range rep.Rules {
				without := strings.HasPrefix(r.ID, "CON-") && !cfg.Knobs.Families.Has(event.ParentContact)
				if r.Verdict != report.Passed && (!without || r.Verdict != report.NotChecked) {
					t.Errorf("%s %s: %s", r.ID, r.Verdict, r.Reason)
				}
			}
		})
	}
	for name := range left {
		t.Errorf("no run with another %s", name)
	}
}

func TestFailFastStopsAtTheFirstFailure(t *testing.T) {
	t.Parallel()
	for name, wait := range map[string]time.Duration{"prompt": 0, "slow": 300 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := handled(func(target.Env) http.HandlerFunc {
				return func(_ http.ResponseWriter, r *http.Request) {
					_, _ = io.Copy(io.Discard, r.Body)
					time.Sleep(wait)
				}
			})
			cfg.FailFast = true
			rep := verify(t, cfg)
			failed, unchecked := verdicts(rep, report.Failed), verdicts(rep, report.NotChecked)
			if rep.Learned == nil {
				t.Fatal("nothing was learned")
			}
			// Who is slow, also because the machine is, is asked side by side: then
			// any of those under way may be the first.
			if alone := rep.Learned.SideBySide < 2; alone && failed != "SIG-2" || !strings.HasPrefix(failed, "SIG-") {
				t.Errorf("failed %q (%d side by side)", failed, rep.Learned.SideBySide)
			}
			if strings.Count(failed, " ") > 3 || !strings.Contains(unchecked, "ROT-1") || !strings.Contains(unchecked, "IDEM-3") {
				t.Errorf("failed %q, not checked %q: it went on", failed, unchecked)
			}
			if rep.ExitStatus != 1 {
				t.Errorf("exit status %d, want 1", rep.ExitStatus)
			}
		})
	}
}

// Nobody but sentsim knows the new secret, so an interrupted rotation is undone.
func TestAnInterruptedRotationIsUndone(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var secrets []signing.Secret
	cfg := handled(func(env target.Env) http.HandlerFunc {
		secrets = append(secrets, env.Secret)
		if len(secrets) == 2 {
			cancel()
		}
		return func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }
	})
	cfg.Rules = []string{"ROT-1"}
	rep, err := scenarios.Run(ctx, cfg)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that of the context", err)
	}
	if got := verdicts(rep, report.NotChecked); got != "ROT-1" {
		t.Errorf("not checked %q, want ROT-1", got)
	}
	if len(secrets) < 3 || !secrets[len(secrets)-1].Equal(secrets[0]) || secrets[1].Equal(secrets[0]) {
		t.Errorf("the receiver was left with another secret than it had (%d starts)", len(secrets))
	}
}

// A receiver that answers after a while, but to several at once, is not asked
// one delivery after another.
func TestASlowReceiverIsAskedSideBySide(t *testing.T) {
	t.Parallel()
	var most, now atomic.Int32
	cfg := handled(func(target.Env) http.HandlerFunc {
		return func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			for n := now.Add(1); ; {
				if old := most.Load(); n <= old || most.CompareAndSwap(old, n) {
					break
				}
			}
			_ = clock.Real{}.Sleep(r.Context(), 200*time.Millisecond)
			now.Add(-1)
		}
	})
	cfg.Rules, cfg.Strict = []string{"SIG-8", "SIG-9", "SIG-11", "SIG-12"}, true
	rep := verify(t, cfg)
	if got := verdicts(rep, report.Passed); got != "SIG-8 SIG-9 SIG-11 SIG-12" {
		t.Errorf("passed %q", got)
	}
	if most.Load() < 3 {
		t.Errorf("at most %d deliveries were under way at the same time", most.Load())
	}
}

// verifying is a receiver that takes what is signed right, unless busy answers first.
func verifying(busy func(rejected bool) bool) func(target.Env) http.HandlerFunc {
	return func(env target.Env) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			forged := env.Secret.Verify(signing.HeadersFrom(r.Header.Get), body, clock.Wall()) != nil
			switch {
			case busy(forged):
				w.WriteHeader(http.StatusServiceUnavailable)
			case forged:
				w.WriteHeader(http.StatusUnauthorized)
			case !json.Valid(body):
				w.WriteHeader(http.StatusBadRequest)
			}
		}
	}
}

// Who counts bad signatures and then refuses everything breaks one rule.
func lockingOut() scenarios.Config {
	var rejected atomic.Int64
	return handled(verifying(func(forged bool) bool {
		if rejected.Load() >= 5 {
			return true
		}
		if forged {
			rejected.Add(1)
		}
		return false
	}))
}

func TestALockoutIsOneFailure(t *testing.T) {
	t.Parallel()
	rep := verify(t, lockingOut())
	if got := verdicts(rep, report.Failed); got != "SIG-1" {
		t.Errorf("failed %q, want SIG-1 alone", got)
	}
	if got := rep.Rules[0].Reason; !strings.Contains(got, "taken at first; since the scenario") || !strings.Contains(got, "503") {
		t.Errorf("the reason is %q", got)
	}
	if n := len(rep.Rules[0].Scenarios[0].Evidence); n == 0 {
		t.Error("there is no evidence")
	}
	if got := verdicts(rep, report.NotChecked); !strings.Contains(got, "SIG-7") || !strings.Contains(got, "TOL-1") {
		t.Errorf("not checked %q", got)
	}
}

// In a Go test what was asked before has passed and the rest is skipped: it must
// not look as if all were well.
func TestALockoutFailsAGoTest(t *testing.T) {
	takesLong(t)
	const child = "SENTSIM_TEST_LOCKOUT"
	if os.Getenv(child) != "" {
		scenarios.Verify(t, lockingOut())
		return
	}
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestALockoutFailsAGoTest$")
	cmd.Env = append(os.Environ(), child+"=1")
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "SIG-1 (MUST)") || !strings.Contains(string(out), "taken at first; since the scenario") {
		t.Errorf("it ended with %v:\n%s", err, out)
	}
}

// A queue that a burst has filled is no fault of what is sent next.
func TestAFullQueueIsOneFailure(t *testing.T) {
	t.Parallel()
	takesLong(t)
	var mu sync.Mutex
	var recent []time.Time
	var full time.Time
	run := func() report.Report {
		return verify(t, handled(verifying(func(bool) bool {
			mu.Lock()
			defer mu.Unlock()
			now := clock.Wall()
			recent = slices.DeleteFunc(recent, func(at time.Time) bool { return now.Sub(at) > 100*time.Millisecond })
			recent = append(recent, now)
			if len(recent) > 40 {
				full = now.Add(500 * time.Millisecond)
			}
			return now.Before(full)
		})))
	}
	rep := run()
	for n := 0; n < 3 && verdicts(rep, report.Failed) == ""; n++ { // a busy machine did not fill it, or is not blamed on the receiver
		rep = run()
	}
	if got := verdicts(rep, report.Failed); got != "ACK-2" {
		t.Errorf("failed %q, want ACK-2 alone", got)
		for _, r := range rep.Rules {
			if r.Verdict == report.Failed {
				t.Logf("%s: %s", r.ID, r.Reason)
			}
		}
	}
}

// Who interrupts a run while its target starts is not told to bring that up.
func TestAnInterruptedStartIsNoUnreachableTarget(t *testing.T) {
	t.Parallel()
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	time.AfterFunc(300*time.Millisecond, interrupt)
	rep, err := scenarios.Run(ctx, scenarios.Exec("sleep 30"))
	if err == nil || rep.Diagnosis == nil || rep.Diagnosis.Cause != "interrupted" || strings.Contains(rep.Diagnosis.Fix, "Bring") {
		t.Errorf("%v, %+v", err, rep.Diagnosis)
	}
}
