package scenarios_test

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sentsim/sentsim/scenarios"
	"github.com/sentsim/sentsim/scenarios/probe"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/scenarios/target"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/signing"
)

// limiter turns away what comes after the first n requests of any such time.
type limiter struct {
	n      int
	per    time.Duration
	status int // 0: 429

	mu     sync.Mutex
	recent []time.Time
}

// full reports whether one more request is too many, and counts it if it is not.
func (l *limiter) full() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := clock.Wall()
	for len(l.recent) > 0 && now.Sub(l.recent[0]) > l.per {
		l.recent = l.recent[1:]
	}
	if len(l.recent) >= l.n {
		return true
	}
	l.recent = append(l.recent, now)
	return false
}

// limited is a receiver behind a limiter of requests with that method.
func limited(l *limiter, method string, build func(target.Env) http.HandlerFunc) func(target.Env) http.HandlerFunc {
	return func(env target.Env) http.HandlerFunc {
		next := build(env)
		return func(w http.ResponseWriter, r *http.Request) {
			if r.Method != method || !l.full() {
				next(w, r)
				return
			}
			_, _ = io.Copy(io.Discard, r.Body)
			status := l.status
			if status == 0 {
				status = http.StatusTooManyRequests
			}
			http.Error(w, "Too many requests, please try again later.", status)
		}
	}
}

// takesTheFuture is a receiver that looks only at how old a signature is.
func takesTheFuture(rejects int) func(target.Env) http.HandlerFunc {
	return func(env target.Env) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			h := signing.HeadersFrom(r.Header.Get)
			now := clock.Wall()
			if at := unixTime(h.Timestamp); at.After(now) {
				now = at
			}
			if env.Secret.Verify(h, body, now) != nil {
				w.WriteHeader(rejects)
			}
		}
	}
}

func unixTime(text string) time.Time {
	n := int64(0)
	for _, c := range text {
		if c < '0' || c > '9' || n > 1e12 {
			return time.Time{}
		}
		n = n*10 + int64(c-'0')
	}
	return time.Unix(n, 0)
}

// A forged delivery that is turned away because there are too many was not rejected:
// it is sent again, until the receiver says what it makes of it.
func TestTooManyRequestsAreNoRejection(t *testing.T) {
	t.Parallel()
	takesLong(t)
	for name, tt := range map[string]struct {
		rejects, status int
	}{
		"429":                                   {http.StatusUnauthorized, http.StatusTooManyRequests},
		"503":                                   {http.StatusUnauthorized, http.StatusServiceUnavailable},
		"403, as a firewall does":               {http.StatusUnauthorized, http.StatusForbidden},
		"403, which its rejections are as well": {http.StatusForbidden, http.StatusForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := handled(limited(&limiter{n: 4, per: 300 * time.Millisecond, status: tt.status}, http.MethodPost, takesTheFuture(tt.rejects)))
			cfg.Rules = []string{"SIG-1", "SIG-2", "SIG-3", "SIG-7"}
			rep := verify(t, cfg)
			if got := verdicts(rep, report.Failed); got != "SIG-7" {
				t.Errorf("failed %q, want SIG-7: %s", got, reasons(rep))
			}
			if got := verdicts(rep, report.Passed); got != "SIG-1 SIG-2 SIG-3" {
				t.Errorf("passed %q: %s", got, reasons(rep))
			}
		})
	}
}

// A genuine delivery that a limit has turned away is no sign of a mistake, whatever the
// experiments meet meanwhile: the scenario is carried out again.
func TestALimitIsNoMistakeThatShowsSometimes(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	const turned = 8   // away
	var n, limited int // deliveries, and which of them meets the limit: the scenario's own, which is the last
	cfg := handled(func(env target.Env) http.HandlerFunc {
		next := verifying(func(bool) bool { return false })(env)
		return func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			n++
			full := limited > 0 && n >= limited && n < limited+turned
			mu.Unlock()
			if !full {
				next(w, r)
				return
			}
			_, _ = io.Copy(io.Discard, r.Body)
			w.WriteHeader(http.StatusForbidden)
		}
	})
	cfg.Rules = []string{"SIG-1"}
	for range 2 {
		rep := verify(t, cfg)
		if got := verdicts(rep, report.Passed); got != "SIG-1" || rep.Diagnosis != nil {
			t.Errorf("passed %q, diagnosis %+v: %s", got, rep.Diagnosis, reasons(rep))
		}
		if limited > 0 && n <= limited {
			t.Error("the scenario has not met the limit")
		}
		n, limited = 0, n
	}
}

// reasons are those of all that did not pass.
func reasons(rep report.Report) string {
	var said strings.Builder
	for _, r := range rep.Rules {
		if r.Verdict != report.Passed {
			said.WriteString("\n" + r.ID + " " + r.Verdict.String() + ": " + r.Reason)
		}
	}
	return said.String()
}

// A receiver that says that it is starting is asked again for some seconds.
func TestAReceiverThatStartsIsWaitedFor(t *testing.T) {
	t.Parallel()
	var once sync.Once
	var up time.Time
	cfg := handled(verifying(func(bool) bool {
		once.Do(func() { up = clock.Wall().Add(time.Second) })
		return clock.Wall().Before(up)
	}))
	cfg.Rules = []string{"SIG-1", "SIG-2"}
	rep := verify(t, cfg)
	if got := verdicts(rep, report.Passed); got != "SIG-1 SIG-2" {
		t.Errorf("passed %q: %s", got, reasons(rep))
	}
}

// What a receiver makes of several deliveries at once says nothing where it turned
// some of them away, but for the rule about how many it takes.
func TestALimitIsAboutABurst(t *testing.T) {
	t.Parallel()
	takesLong(t)
	for name, status := range map[string]int{"429": http.StatusTooManyRequests, "503": http.StatusServiceUnavailable} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := handled(limited(&limiter{n: 6, per: 400 * time.Millisecond, status: status}, http.MethodPost, (&app{}).build))
			cfg.Rules = []string{"SIG-1", "ACK-2", "IDEM-3"}
			rep := verify(t, cfg)
			if got := verdicts(rep, report.Failed); got != "ACK-2" {
				t.Errorf("failed %q, want ACK-2 alone: %s", got, reasons(rep))
			}
			if got := verdicts(rep, report.NotChecked); got != "IDEM-3" {
				t.Errorf("not checked %q, want IDEM-3: %s", got, reasons(rep))
			}
		})
	}
}

// A receiver that takes no more is not judged by that, and the reason says so once.
func TestAReceiverThatTakesNoMoreIsNotJudged(t *testing.T) {
	t.Parallel()
	takesLong(t)
	for name, n := range map[string]int{"from the learning on": 40, "from the scenarios on": 260} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := handled(limited(&limiter{n: n, per: time.Hour}, http.MethodPost, (&app{}).build))
			cfg.Settle, cfg.Probe = 400*time.Millisecond, referenceProbe()
			rep := verify(t, cfg)
			if got := verdicts(rep, report.Failed); got != "" {
				t.Errorf("failed %q: %s", got, reasons(rep))
			}
			said := map[string]bool{}
			for _, r := range rep.Rules {
				if strings.Contains(r.Reason, "429") {
					said[r.Reason] = true
				}
			}
			if len(said) != 1 {
				t.Errorf("the reasons are %v, want one", said)
			}
		})
	}
}

// A limit on how fast deliveries come is no trait of the receiver, and no mistake.
func TestALimitedReceiverIsLearnedAtItsPace(t *testing.T) {
	t.Parallel()
	takesLong(t)
	cfg := handled(limited(&limiter{n: 20, per: 250 * time.Millisecond}, http.MethodPost, (&app{}).build))
	cfg.Settle, cfg.Probe = 400*time.Millisecond, referenceProbe()
	rep := verify(t, cfg)
	if got := verdicts(rep, report.Failed); got != "ACK-2" {
		t.Errorf("failed %q, want ACK-2 alone: %s", got, reasons(rep))
	}
	if rep.Learned == nil || len(rep.Learned.Channels) != 3 || len(rep.Learned.Statuses) != 6 || rep.Learned.InboundShape == nil {
		t.Errorf("learned %+v", rep.Learned)
	}
	for _, c := range rep.Causes {
		if slices.Contains(c.Rules, "ACK-2") != (c.ID == "pool-exhausted") {
			t.Errorf("the cause of %v is %s: %s%s", c.Rules, c.ID, c.Summary, reasons(rep))
		}
	}
}

// A state endpoint that limits how often it is read is asked again: what could not be
// read is no trait.
func TestALimitedProbeIsAskedAgain(t *testing.T) {
	t.Parallel()
	cfg := handled(limited(&limiter{n: 10, per: 100 * time.Millisecond}, http.MethodGet, (&app{}).build))
	cfg.Settle, cfg.Probe, cfg.Rules = 400*time.Millisecond, referenceProbe(), []string{"SIG-1", "ORD-1", "ORD-4", "INB-1"}
	rep := verify(t, cfg)
	if got := verdicts(rep, report.Passed); got != "SIG-1 ORD-1 ORD-4 INB-1" {
		t.Errorf("passed %q: %s", got, reasons(rep))
	}
	if rep.Learned == nil || len(rep.Learned.Channels) != 3 {
		t.Errorf("learned %+v", rep.Learned)
	}
}

// What cannot be read at all is said, and nothing is learned of it.
func TestAStateThatCannotBeReadIsNoTrait(t *testing.T) {
	t.Parallel()
	cfg := handled(limited(&limiter{n: 12, per: time.Hour, status: http.StatusInternalServerError}, http.MethodGet, (&app{}).build))
	cfg.Settle, cfg.Probe = 400*time.Millisecond, referenceProbe()
	rep := verify(t, cfg)
	if got := verdicts(rep, report.Failed); got != "" {
		t.Errorf("failed %q: %s", got, reasons(rep))
	}
	for _, r := range rep.Rules {
		if r.ID == "ORD-1" && (r.Verdict != report.NotChecked || !strings.Contains(r.Reason, "could not be read while the receiver was learned")) {
			t.Errorf("ORD-1 is %s: %s", r.Verdict, r.Reason)
		}
	}
}

// Under chaos likewise: what is turned away is sent again, and is neither a rejection
// nor a refusal; how many deliveries are taken at once is asked by bursts alone.
func TestChaosIsSentAtTheReceiversPace(t *testing.T) {
	t.Parallel()
	takesLong(t)
	rep := chaosOn(t, &plain{}, func(cfg *scenarios.Config, run *scenarios.ChaosRun) {
		build := limited(&limiter{n: 15, per: 200 * time.Millisecond}, http.MethodPost, takesTheFuture(http.StatusUnauthorized))
		cfg.Target.Handler = func(env target.Env) (http.Handler, func() error, error) { return build(env), nil, nil }
		cfg.Probe = probe.Config{}
		run.Plan.Messages = 60
	})
	got := brokenRules(rep)
	for _, id := range got {
		if !slices.Contains([]string{"SIG-7", "ACK-2", "TOL-7"}, id) { // it takes any body
			t.Errorf("it is accused of %s: %s", id, explain(rep))
		}
	}
	if !slices.Contains(got, "SIG-7") {
		t.Errorf("SIG-7 is not among %v: %s", got, explain(rep))
	}
}

// An app that answers 503 to messages that it does not know is asked once more beside
// a delivery that it takes, and not for seconds each time: its 503 is about what was sent.
func TestA503AboutWhatWasSentIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	var unknown atomic.Int64
	a := &app{refuses: func(e webhookEvent) (int, string) {
		if e.Payload.Status != "" {
			unknown.Add(1)
			return http.StatusServiceUnavailable, "not linked yet"
		}
		return 0, ""
	}}
	cfg := handled(a.build)
	cfg.Rules = []string{"SIG-1", "ORD-5"}
	rep := verify(t, cfg)
	if got := verdicts(rep, report.Failed); got != "ORD-5" {
		t.Errorf("failed %q: %s", got, reasons(rep))
	}
	if n := unknown.Load(); n > 60 {
		t.Errorf("%d deliveries about messages that it does not know", n)
	}
}

// A slow receiver is restarted between two deliveries of a scenario before its secret is
// rotated: that restarts it as well, and what it keeps in memory of the first of them
// would be lost, so that all were delivered again.
func TestARotationWaitsForTheRestart(t *testing.T) {
	t.Parallel()
	p := &plain{forgetsEverything: true}
	var mu sync.Mutex
	var secrets []signing.Secret // of each start
	cfg := scenarios.Handler(nil)
	cfg.Target.Handler = func(env target.Env) (http.Handler, func() error, error) {
		mu.Lock()
		secrets = append(secrets, env.Secret)
		mu.Unlock()
		next := p.start(env.Secret)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost {
				time.Sleep(400 * time.Millisecond) // it is slow
			}
			next.ServeHTTP(w, r)
		}), nil, nil
	}
	cfg.Probe = probe.Config{Message: &probe.Endpoint{URL: "/state/messages/{message_id}", Status: "$.status", Effects: "$.effects"}}
	cfg.Settle = 200 * time.Millisecond
	cfg.Rules = []string{"SIG-1", "IDEM-7", "ROT-1"}
	rep := verify(t, cfg)
	if verdicts(rep, report.Warned) != "IDEM-7" || verdicts(rep, report.Passed) != "SIG-1 ROT-1" {
		t.Errorf("warned %q, passed %q", verdicts(rep, report.Warned), verdicts(rep, report.Passed))
	}
	if rep.Learned.SideBySide < 2 || len(secrets) != 4 || !secrets[1].Equal(secrets[0]) || secrets[2].Equal(secrets[0]) {
		t.Errorf("%d deliveries side by side, %d starts; want 2 and more, and 4 of which the third is the first with another secret", rep.Learned.SideBySide, len(secrets))
	}
}
