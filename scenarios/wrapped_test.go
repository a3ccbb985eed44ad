package scenarios_test

import (
	"io"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/sentsim/sentsim/scenarios"
	"github.com/sentsim/sentsim/scenarios/chaosrun"
	"github.com/sentsim/sentsim/scenarios/receiver"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/scenarios/target"
	"github.com/sentsim/sentsim/simulator/signing"
)

// refuses is the reference receiver behind a check of the time.
func refuses(t *testing.T, stale func(at, now time.Time) bool) scenarios.Config {
	t.Helper()
	return behind(t, func(w http.ResponseWriter, r *http.Request) bool {
		at, err := strconv.ParseInt(r.Header.Get(signing.HeaderTimestamp), 10, 64)
		if err == nil && stale(time.Unix(at, 0), time.Now()) {
			w.WriteHeader(http.StatusUnauthorized)
			return true
		}
		return false
	})
}

// behind is the reference receiver behind something that answers some requests itself.
func behind(t *testing.T, answers func(http.ResponseWriter, *http.Request) bool) scenarios.Config {
	t.Helper()
	return changed(t, func(own *receiver.Receiver) error {
		next := own.Handler
		own.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !answers(w, r) {
				next.ServeHTTP(w, r)
			}
		})
		return nil
	})
}

// changed is the reference receiver with a change.
func changed(t *testing.T, change func(*receiver.Receiver) error) scenarios.Config {
	t.Helper()
	cfg := scenarios.Handler(nil)
	file := filepath.Join(t.TempDir(), "state.db")
	cfg.Target.Handler = func(env target.Env) (http.Handler, func() error, error) {
		own, err := receiver.New(receiver.Config{
			Secret: env.Secret.Reveal(), File: file, BaseURL: env.BaseURL, APIKey: env.APIKey, Change: change,
		})
		if err != nil {
			return nil, nil, err
		}
		return own, own.Close, nil
	}
	cfg.Probe = referenceProbe()
	return cfg
}

// notesFirst is the reference receiver behind a look for duplicates that does not verify.
func notesFirst(t *testing.T) scenarios.Config {
	t.Helper()
	var mu sync.Mutex
	noted := map[string]bool{}
	return behind(t, func(_ http.ResponseWriter, r *http.Request) bool {
		mu.Lock()
		defer mu.Unlock()
		id := r.Header.Get(signing.HeaderEventID)
		again := noted[id]
		noted[id] = r.URL.Path == "/webhooks/sent"
		return again && noted[id]
	})
}

// Who looks for duplicates before he verifies takes from anybody what he has already.
func TestALookForDuplicatesAheadOfTheVerification(t *testing.T) {
	t.Parallel()
	cfg := notesFirst(t)
	cfg.Rules = []string{"SIG-1", "SIG-2", "SIG-3", "SIG-4", "SIG-5", "SIG-6", "SIG-7", "SIG-10"}
	if rep := verify(t, cfg); verdicts(rep, report.Passed) != "SIG-1" {
		t.Errorf("passed %q, failed %q, want SIG-1 alone passed", verdicts(rep, report.Passed), verdicts(rep, report.Failed))
	}
}

// Who notes an event before he verifies it loses it to whoever forges it first, and takes
// a changed copy of it.
func TestANoteAheadOfTheVerificationIsATrace(t *testing.T) {
	t.Parallel()
	cfg := notesFirst(t)
	cfg.Rules = []string{"SIG-13", "SIG-2", "ORD-3", "IDEM-1"}
	if rep := verify(t, cfg); verdicts(rep, report.Failed) != "SIG-2 SIG-13" || !strings.Contains(verdicts(rep, report.Passed), "IDEM-1") {
		t.Errorf("failed %q, passed %q, want SIG-2 and SIG-13 alone: %s", verdicts(rep, report.Failed), verdicts(rep, report.Passed), reasons(rep))
	}
}

// Refusals that come now and then, whatever is sent, are one mistake of one rule: nothing
// else fails by them, and no other cause is named.
func TestRefusalsNowAndThenAreOneMistake(t *testing.T) {
	t.Parallel()
	takesLong(t)
	oops := func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "oops", http.StatusInternalServerError) }
	byChance := func(_ int, chance float64) bool { return chance < 0.08 }
	for name, tt := range map[string]struct {
		refuse func(http.ResponseWriter, *http.Request)
		when   func(n int, chance float64) bool
	}{
		"500":              {oops, byChance},
		"500, for a while": {oops, func(n int, _ float64) bool { return n%50 > 43 }},
		"401, of an instance": {func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "invalid signature", http.StatusUnauthorized)
		}, byChance},
		"no answer":         {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, byChance},
		"no answer in time": {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, byChance},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			chance := rand.New(rand.NewPCG(1, 3))
			n := 0
			cfg := behind(t, func(w http.ResponseWriter, r *http.Request) bool {
				mu.Lock()
				n++
				refused := n > 30 && tt.when(n, chance.Float64()) && r.Method == http.MethodPost // learning has other tests
				mu.Unlock()
				if refused {
					_, _ = io.Copy(io.Discard, r.Body)
					tt.refuse(w, r)
				}
				return refused
			})
			cfg.Timeout = time.Second
			cfg.Rules = []string{"SIG-1", "SIG-2", "SIG-3", "SIG-4", "SIG-5", "SIG-6", "ACK-2", "IDEM-1", "IDEM-3", "ORD-2", "TOL-1", "TOL-3", "TOL-4", "TOL-7"}
			var told lastVerdicts
			rep := verify(t, cfg, scenarios.WithWatcher(&told))
			if told["SIG-1"] != report.Failed {
				t.Errorf("whoever watches was told that SIG-1 is %s", told["SIG-1"])
			}
			if got := verdicts(rep, report.Failed); got != "SIG-1" {
				t.Errorf("failed %q, want SIG-1 alone: %s", got, reasons(rep))
			}
			if len(rep.Causes) != 1 || rep.Causes[0].ID != "intermittent" {
				t.Errorf("causes %+v", rep.Causes)
			}
			// A run that was not asked for that rule is told so as well.
			cfg.Rules = []string{"TOL-1", "TOL-3", "TOL-4", "ORD-2", "SIG-5"}
			if rep = verify(t, cfg); rep.ExitStatus != report.ExitBroken || verdicts(rep, report.Failed) != "SIG-1" {
				t.Errorf("without SIG-1: exit status %d, failed %q: %s", rep.ExitStatus, verdicts(rep, report.Failed), reasons(rep))
			}
		})
	}
}

// What is forged of a message that was seen before, and of no event that was, is accepted
// nowhere but in SIG-13's scenarios and as a tampered copy: it fails the rules of all those
// forgeries.
func TestForgeriesAreTakenOfKnownMessages(t *testing.T) {
	t.Parallel()
	cfg := changed(t, func(r *receiver.Receiver) error {
		var mu sync.Mutex
		known := map[string]bool{}
		verify := receiver.Verify
		r.Verify = func(key []byte, h http.Header, body []byte, now time.Time) error {
			mu.Lock()
			defer mu.Unlock()
			id := gjson.GetBytes(body, "payload.message_id").String()
			err := verify(key, h, body, now)
			switch {
			case err == nil && id != "":
				known["message "+id], known[string(body)] = true, true
			case known["message "+id] && !known[string(body)] && h.Get("X-Webhook-Signature") != "":
				return nil
			}
			return err
		}
		return nil
	})
	cfg.Rules = []string{"SIG"}
	cfg.Again = func(string) string { return "--exec ./app" }
	rep := verify(t, cfg)
	if got := verdicts(rep, report.Failed); got != "SIG-2 SIG-3 SIG-5 SIG-6 SIG-7 SIG-10" {
		t.Errorf("failed %q: %s", got, reasons(rep))
	}
	for _, r := range rep.Rules {
		if r.ID == "SIG-3" && (!strings.Contains(r.Reason, "was accepted in the scenario") || !strings.Contains(r.Scenarios[len(r.Scenarios)-1].Evidence[0].Reproduce, "--rule SIG-3,SIG-13")) {
			t.Errorf("%s: %+v", r.Reason, r.Scenarios[len(r.Scenarios)-1])
		}
	}
}

// Who verifies, and answers 200 all the same, is told so, and not that nothing is verified.
func TestWhoRefusesWithA200(t *testing.T) {
	t.Parallel()
	cfg := changed(t, func(r *receiver.Receiver) error {
		r.Refuse = func(w http.ResponseWriter, _ error, _ int, _ string) { w.WriteHeader(http.StatusOK) }
		return nil
	})
	cfg.Rules = []string{"SIG"}
	rep := verify(t, cfg)
	if len(rep.Causes) != 1 || rep.Causes[0].ID != "refused-with-2xx" || !strings.Contains(rep.Causes[0].Summary, "no effect") {
		t.Errorf("causes %+v", rep.Causes)
	}
}

// One that takes nothing any more fails the plain delivery's rule, and nothing is judged
// by what comes after.
func TestAReceiverThatTakesNoneAnyMore(t *testing.T) {
	t.Parallel()
	takesLong(t)
	var n atomic.Int64
	cfg := behind(t, func(w http.ResponseWriter, r *http.Request) bool {
		full := r.Method == http.MethodPost && n.Add(1) > 260
		if full {
			http.Error(w, "database or disk is full", http.StatusInternalServerError)
		}
		return full
	})
	rep := verify(t, cfg)
	if got := verdicts(rep, report.Failed); got != "SIG-1" || !strings.Contains(reasons(rep), "no genuine delivery is taken (500") {
		t.Errorf("failed %q, want SIG-1 alone: %s", got, reasons(rep))
	}
	if got := verdicts(rep, report.NotChecked); !strings.Contains(got, "TPL-1") || !strings.Contains(got, "ORD-3") {
		t.Errorf("not checked %q", got)
	}
}

// Who listens before he is ready answers with errors for a moment whenever he was started,
// which sentsim has done, and Sent comes again.
func TestWhoListensBeforeHeIsReady(t *testing.T) {
	t.Parallel()
	takesLong(t)
	starts := func() (scenarios.Config, *atomic.Int64) {
		refused := new(atomic.Int64)
		return changed(t, func(own *receiver.Receiver) error {
			next := own.Handler
			ready := sync.OnceValue(func() time.Time { return time.Now().Add(600 * time.Millisecond) })
			own.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodPost && time.Now().Before(ready()) { // from the first delivery on
					refused.Add(1)
					http.Error(w, "the database is not connected", http.StatusInternalServerError)
					return
				}
				next.ServeHTTP(w, r)
			})
			return nil
		}), refused
	}
	cfg, refused := starts()
	cfg.Rules = []string{"SIG-1", "SIG-2", "IDEM-7", "ROT-1"}
	rep := verify(t, cfg)
	if got := verdicts(rep, report.Passed); got != "SIG-1 SIG-2 IDEM-7 ROT-1" || refused.Load() == 0 {
		t.Fatalf("passed %q of all, %d refused: %s", got, refused.Load(), reasons(rep))
	}
	if !strings.Contains(strings.Join(rep.Learned.Notes, "\n"), "may listen before it is ready") {
		t.Errorf("notes %q", rep.Learned.Notes)
	}
	cfg, refused = starts()
	plan, err := scenarios.ChaosPlan(cfg, dense(), 60)
	if err != nil {
		t.Fatal(err)
	}
	rep, err = scenarios.Chaos(t.Context(), cfg, scenarios.ChaosRun{Plan: plan, Command: "chaos", Options: chaosrun.Options{Concurrency: 16}})
	if err != nil {
		t.Fatal(err)
	}
	if verdicts(rep, report.Failed) != "" || refused.Load() == 0 {
		t.Errorf("chaos: failed %q, %d refused: %s", verdicts(rep, report.Failed), refused.Load(), reasons(rep))
	}
}

// A run that never sent what breaks a rule does not pass it: verify fails it.
func TestChaosPassesNothingThatItDidNotSend(t *testing.T) {
	t.Parallel()
	takesLong(t)
	for rule, broken := range map[string]func(body string) bool{
		"TOL-4": func(body string) bool {
			return strings.Contains(body, `"inbound_number":null`) && strings.Contains(body, "message_status")
		},
		"TOL-5": func(body string) bool { return strings.Contains(body, "DROP TABLE") },
	} {
		cfg := behind(t, func(w http.ResponseWriter, r *http.Request) bool {
			body, _ := io.ReadAll(r.Body)
			r.Body = io.NopCloser(strings.NewReader(string(body)))
			if !broken(string(body)) {
				return false
			}
			http.Error(w, "no", http.StatusInternalServerError)
			return true
		})
		cfg.Rules = []string{rule}
		if rep := verify(t, cfg); verdicts(rep, report.Failed) != rule {
			t.Errorf("verify: failed %q, want %s: %s", verdicts(rep, report.Failed), rule, reasons(rep))
		}
		cfg.Rules = nil
		plan, err := scenarios.ChaosPlan(cfg, dense(), 12)
		if err != nil {
			t.Fatal(err)
		}
		rep, err := scenarios.Chaos(t.Context(), cfg, scenarios.ChaosRun{Plan: plan, Command: "chaos", Options: chaosrun.Options{Concurrency: 16}})
		if err != nil {
			t.Fatal(err)
		}
		if got := ruleOf(rep, rule); got.Verdict == report.Passed {
			t.Errorf("chaos passed %s, which verify fails", rule)
		}
	}
}

// lastVerdicts are what whoever watches a run was told last.
type lastVerdicts map[string]report.Verdict

func (l *lastVerdicts) Start(report.Header) { *l = lastVerdicts{} }

func (l *lastVerdicts) RuleDone(r report.Rule) { (*l)[r.ID] = r.Verdict }

// A retry within the second of what it retries is signed a second ahead. That a
// receiver takes nothing from the future breaks SIG-8, and no rule of retries.
func TestWhoTakesNothingFromTheFutureTakesRetries(t *testing.T) {
	t.Parallel()
	takesLong(t)
	cfg := refuses(t, func(at, now time.Time) bool { return at.After(now) })
	cfg.Rules = []string{"SIG-8", "IDEM-2", "IDEM-7"}
	if rep := verify(t, cfg); verdicts(rep, report.Failed) != "SIG-8" || verdicts(rep, report.Passed) != "IDEM-2 IDEM-7" {
		t.Errorf("failed %q, passed %q, want SIG-8, and the retries' rules passed", verdicts(rep, report.Failed), verdicts(rep, report.Passed))
	}
}

// So it is where the second comes before the refusal does.
func TestWhoRefusesTheFutureLateTakesRetries(t *testing.T) {
	t.Parallel()
	takesLong(t)
	cfg := refuses(t, func(at, now time.Time) bool {
		ahead := at.Sub(now)
		if ahead > 0 && ahead <= time.Second {
			time.Sleep(ahead)
		}
		return ahead > 0
	})
	cfg.Rules = []string{"IDEM-2"}
	if rep := verify(t, cfg); verdicts(rep, report.Passed) != "IDEM-2" {
		t.Errorf("failed %q, passed %q, want IDEM-2 passed", verdicts(rep, report.Failed), verdicts(rep, report.Passed))
	}
}

// Whatever the first of them met, a receiver that takes deliveries by chance has one
// mistake, and no other rule is judged by it.
func TestATightToleranceIsOneFailure(t *testing.T) {
	t.Parallel()
	for _, tolerance := range []time.Duration{300 * time.Millisecond, 850 * time.Millisecond} {
		t.Run(tolerance.String(), func(t *testing.T) {
			t.Parallel()
			rep := verify(t, refuses(t, func(at, now time.Time) bool { return now.Sub(at).Abs() > tolerance }))
			// Where nothing was refused by chance, it is the delivery of minutes ago.
			if got := verdicts(rep, report.Failed); got != "SIG-1" && got != "SIG-8" {
				t.Errorf("failed %q, want SIG-1 or SIG-8 alone", got)
			}
			if len(rep.Causes) != 1 || rep.Causes[0].ID != "timestamp-tolerance" {
				t.Errorf("causes %+v", rep.Causes)
			}
		})
	}
}

// One that cannot be started again fails the rule whose deliveries it did not survive,
// and is not judged by what comes after.
func TestAReceiverThatIsGoneForGoodFails(t *testing.T) {
	t.Parallel()
	ahead := func(r *http.Request) time.Duration {
		seconds, _ := strconv.ParseInt(r.Header.Get(signing.HeaderTimestamp), 10, 64)
		return time.Until(time.Unix(seconds, 0))
	}
	for id, takesItDown := range map[string]func(*http.Request) bool{
		"SIG-4": func(r *http.Request) bool {
			return r.Header.Get(signing.HeaderID) == "" && r.Header.Get(signing.HeaderSignature) != ""
		},
		"SIG-5": func(r *http.Request) bool {
			got := r.Header.Get(signing.HeaderSignature)
			return got != "" && !strings.HasPrefix(got, "v1,")
		},
		"SIG-6": func(r *http.Request) bool { return ahead(r) < -30*time.Minute && ahead(r) > -2*time.Hour },
		"SIG-7": func(r *http.Request) bool { return ahead(r) > 30*time.Minute },
	} {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			url, _ := falling(t, 0, func(r *http.Request, _ int) bool { return takesItDown(r) }, func(s *http.Server) { _ = s.Close() })
			goneForGood(t, url, id)
		})
	}
}

// Of a slow one that takes deliveries side by side nobody knows which took it down.
func TestASlowReceiverThatIsGoneForGoodFails(t *testing.T) {
	t.Parallel()
	takesLong(t)
	url, _ := falling(t, 250*time.Millisecond, at(166), func(s *http.Server) { _ = s.Close() })
	goneForGood(t, url, "SIG-1")
}

// goneForGood insists that one rule fails, and says that the receiver went down: SIG-1
// where deliveries are sent side by side, as a busy machine makes them as well.
func goneForGood(t *testing.T, url, id string) {
	t.Helper()
	cfg := scenarios.URL(url, fallingSecret)
	cfg.Settle = 50 * time.Millisecond
	rep := verify(t, cfg)
	if rep.Learned != nil && rep.Learned.SideBySide > 1 {
		id = "SIG-1"
	}
	if failed := verdicts(rep, report.Failed); failed != id || rep.ExitStatus != report.ExitBroken {
		t.Errorf("failed %q, exit status %d, want %s alone, and 1", failed, rep.ExitStatus, id)
	}
	for _, r := range rep.Rules {
		if r.Verdict == report.Failed && !strings.Contains(r.Reason, "went down") {
			t.Errorf("%s: %s", r.ID, r.Reason)
		}
	}
}
