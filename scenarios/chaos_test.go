package scenarios_test

import (
	"context"
	"fmt"
	"iter"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sentsim/sentsim/scenarios"
	"github.com/sentsim/sentsim/scenarios/chaosrun"
	"github.com/sentsim/sentsim/scenarios/probe"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/scenarios/target"
	"github.com/sentsim/sentsim/scenarios/zoo"
	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/signing"
	"github.com/sentsim/sentsim/simulator/trace"
)

// dense is the profile "everything" with three times as many faults, so that a
// run may be short. Pauses take real time, and find what lost answers find.
func dense() chaos.Profile {
	p, _ := chaos.LookupProfile(chaos.DefaultProfile)
	p.Name = "dense"
	for f, chance := range p.Faults {
		p.Faults[f] = min(3*chance, 0.3)
	}
	p.Faults[chaos.FaultPause] = 0
	p.Mix.Template, p.Mix.Failed = 0.15, 0.4
	return p
}

// chaosOn is a chaos run against the receiver.
func chaosOn(t *testing.T, p *plain, change func(*scenarios.Config, *scenarios.ChaosRun)) report.Report {
	t.Helper()
	cfg := scenarios.Handler(nil)
	cfg.Target.Handler = func(env target.Env) (http.Handler, func() error, error) { return p.start(env.Secret), nil, nil }
	cfg.Probe = probe.Config{
		Message:  &probe.Endpoint{URL: "/state/messages/{message_id}", Status: "$.status", Effects: "$.effects"},
		Inbound:  &probe.Endpoint{URL: "/state/inbound?from={from}", Count: "$.count"},
		Template: &probe.Endpoint{URL: "/state/templates/{template_id}", Status: "$.status"},
	}
	cfg.Settle = 150 * time.Millisecond
	plan, err := scenarios.ChaosPlan(cfg, dense(), 90)
	if err != nil {
		t.Fatal(err)
	}
	run := scenarios.ChaosRun{Plan: plan, Command: "chaos", Options: chaosrun.Options{Concurrency: 16}}
	if change != nil {
		change(&cfg, &run)
	}
	rep, err := scenarios.Chaos(t.Context(), cfg, run)
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

func brokenRules(rep report.Report) []string {
	var ids []string
	for _, r := range rep.Rules {
		if r.Verdict == report.Failed || r.Verdict == report.Warned {
			ids = append(ids, r.ID)
		}
	}
	return ids
}

func explain(rep report.Report) string {
	var b strings.Builder
	told := map[string]int{}
	for _, v := range rep.Chaos.Violations {
		if told[v.Rule]++; told[v.Rule] <= 2 {
			fmt.Fprintf(&b, "%s: %s (expected %s)\n  %s\n", v.Rule, v.Summary, v.Expected, strings.Join(v.Story, "\n  "))
		}
	}
	return b.String() + strings.Join(rep.Chaos.Trouble, "\n")
}

// Each mistake is found, under the rules that it breaks and, where that is told,
// under no rule that it keeps.
func TestChaosFindsMistakes(t *testing.T) {
	t.Parallel()
	takesLong(t)
	for _, tt := range []struct {
		name string
		p    *plain
		must []string // all of these
		may  []string // and of these
	}{
		{"looks and then inserts", &plain{checkThenInsert: true}, []string{"IDEM-3"}, []string{"IDEM-5"}},
		{"counts every delivery", &plain{noDedupe: true}, []string{"IDEM-1", "IDEM-2", "IDEM-3", "IDEM-5", "IDEM-6"}, []string{"IDEM-7"}},
		{"the key has the timestamp in it", &plain{keyHasTimestamp: true}, []string{"IDEM-2", "IDEM-6"}, []string{"IDEM-5", "IDEM-1", "IDEM-3", "IDEM-7"}},
		{"the key is the message alone", &plain{keyIsMessage: true}, []string{"ORD-1"}, nil},
		{"the key is the text alone", &plain{keyIsText: true}, []string{"IDEM-4"}, []string{"IDEM-5"}},
		{"what it has seen is forgotten in a restart", &plain{dedupeInMemory: true}, []string{"IDEM-7"}, []string{"IDEM-5"}},
		{"the last status wins", &plain{lastWins: true}, []string{"ORD-3"}, []string{"ORD-4", "ORD-6", "IDEM-4"}},
		{"DELIVERED over READ", &plain{deliveredWins: true}, []string{"ORD-4"}, []string{"IDEM-4"}},
		{"SENT over FAILED", &plain{sentOverFailed: true}, []string{"ORD-6"}, []string{"IDEM-4"}},
		{"mixes up messages", &plain{mixesUp: true}, []string{"ORD-7"}, nil},
		{"stores before it verifies", &plain{storesFirst: true}, []string{"SIG-13"}, nil},
		{"remembers before it verifies", &plain{remembersFirst: true}, []string{"SIG-13"}, nil},
		{"counts inbound duplicates", &plain{inboundCounted: true}, []string{"IDEM-5"}, nil},
		{"keeps a template's first status", &plain{templateKept: true}, []string{"TPL-1"}, nil},
		{"refuses unknown statuses", &plain{refusesUnknown: true}, []string{"TOL-1"}, nil},
		{"refuses skipped states", &plain{refusesGaps: true}, []string{"ORD-2"}, nil},
		{"crashes on null", &plain{crashesOnNull: true}, []string{"TOL-4"}, nil},
		{"marks first and stops when the sender hangs up", &plain{abandons: true}, []string{"IDEM-6"}, []string{"IDEM-5", "IDEM-7"}},
	} {
		if !zoo.Tests(tt.name) {
			continue
		}
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			rep := chaosOn(t, tt.p, nil)
			got := brokenRules(rep)
			for _, id := range tt.must {
				if !slices.Contains(got, id) {
					t.Errorf("%s is not among the broken rules %v\n%s", id, got, explain(rep))
				}
			}
			for _, id := range got {
				if len(tt.may) > 0 && !slices.Contains(tt.must, id) && !slices.Contains(tt.may, id) {
					t.Errorf("%s is among the broken rules %v\n%s", id, got, explain(rep))
				}
			}
		})
	}
}

// Receivers that keep the contract in their own ways are not accused.
func TestChaosAccusesNobody(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		p    *plain
		may  []string // warned
	}{
		{"a plain one", &plain{}, nil},
		{"one that answers before it processes", &plain{queued: 30 * time.Millisecond}, nil},
		{"one that does both, side by side", &plain{queued: 30 * time.Millisecond, onlyForward: true}, nil},
		{"one with two effects for each event", &plain{twice: true}, nil},
		{"one that counts only what moves a message on", &plain{onlyForward: true}, nil},
		{"one that keeps unknown statuses", &plain{keepsLast: true}, nil},
		{"one that does one thing at a time", &plain{oneAtATime: true, slow: 2 * time.Millisecond}, nil},
		{"one that keeps all in memory", &plain{forgetsEverything: true}, []string{"IDEM-7"}},
	} {
		if !zoo.Tests(tt.name) {
			continue
		}
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			rep := chaosOn(t, tt.p, nil)
			for _, id := range brokenRules(rep) {
				if !slices.Contains(tt.may, id) {
					t.Errorf("it is accused of %s\n%s", id, explain(rep))
				}
			}
			if rep.ExitStatus != report.ExitKept {
				t.Errorf("exit status %d, want 0: %s", rep.ExitStatus, report.Meaning(rep))
			}
		})
	}
}

// watchedRun keeps what a recorder is told.
type watchedRun struct {
	mu    sync.Mutex
	plan  chaos.Plan
	steps []chaos.Step
	done  []chaosrun.Done
	at    []time.Time
}

func (w *watchedRun) Begin(p chaos.Plan) error { w.plan = p; return nil }

func (w *watchedRun) Step(s chaos.Step, d chaosrun.Done) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.steps, w.done, w.at = append(w.steps, s), append(w.done, d), append(w.at, time.Now())
	return nil
}

// A recorder hears of every step of the plan, in its order, however many are
// under way at a time.
func TestChaosIsRecordedInOrder(t *testing.T) {
	t.Parallel()
	var w watchedRun
	chaosOn(t, &plain{}, func(_ *scenarios.Config, run *scenarios.ChaosRun) { run.Options.Recorder = &w })
	n := 0
	for want := range w.plan.Steps() {
		if n >= len(w.steps) {
			t.Fatalf("%d steps are recorded, the plan has more", n)
		}
		if got := w.steps[n]; got.Number != want.Number || string(got.Body) != string(want.Body) {
			t.Fatalf("record %d is of step %d, want step %d", n, got.Number, want.Number)
		}
		n++
	}
	if n != len(w.steps) || n == 0 {
		t.Errorf("%d steps are recorded, the plan has %d", len(w.steps), n)
	}
}

// falling is a receiver at a URL that waits before each answer, and goes down after it
// has answered a request, which it is asked about with its number.
func falling(t *testing.T, wait time.Duration, takesItDown func(r *http.Request, n int) bool, fall func(*http.Server)) (url string, fell *atomic.Int64) {
	t.Helper()
	key, err := signing.ParseSecret(fallingSecret)
	if err != nil {
		t.Fatal(err)
	}
	handler := (&plain{}).start(key)
	server := &http.Server{ReadHeaderTimeout: time.Second}
	var n atomic.Int64
	fell = new(atomic.Int64)
	server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(wait)
		handler.ServeHTTP(w, r)
		if takesItDown(r, int(n.Add(1))) {
			fell.Store(time.Now().UnixNano())
			go fall(server) // not from within: it waits for this request
		}
	})
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close(); <-done })
	return "http://" + l.Addr().String() + "/webhooks/sent", fell
}

// at is the request of that number.
func at(number int) func(*http.Request, int) bool {
	return func(_ *http.Request, n int) bool { return n == number }
}

const fallingSecret = "whsec_c2VudHNpbS1jaGFvcy10ZXN0LXNlY3JldA=="

// A target that falls over in the middle ends the sending soon; what
// was known by then is reported and recorded.
func TestChaosStopsWhenTheTargetFallsOver(t *testing.T) {
	t.Parallel()
	var w watchedRun
	var late atomic.Int64 // requests since the first step was over: what is learned before takes as many as it takes
	url, fell := falling(t, 0, func(*http.Request, int) bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return len(w.steps) > 0 && late.Add(1) == 100
	}, func(s *http.Server) { _ = s.Close() })
	var rep report.Report
	cfg := scenarios.URL(url, fallingSecret)
	plan, err := scenarios.ChaosPlan(cfg, dense(), 5000)
	if err != nil {
		t.Fatal(err)
	}
	rep, err = scenarios.Chaos(t.Context(), cfg, scenarios.ChaosRun{
		Plan: plan, Command: "chaos", Options: chaosrun.Options{Concurrency: 4, Recorder: &w},
	})
	if err != nil {
		t.Fatal(err)
	}
	ended := time.Now()
	if took := ended.Sub(time.Unix(0, fell.Load())); took > 3*time.Second {
		t.Errorf("the run ended %s after the target fell over", took)
	}
	if rep.Chaos.Fell == "" || rep.Chaos.Stopped == "" {
		t.Errorf("the report says nothing of it: %+v", rep.Chaos)
	}
	if rep.Chaos.Sent < 80 || rep.Chaos.Sent > 200 || len(w.steps) < 80 {
		t.Errorf("%d deliveries are reported and %d steps recorded of a target that fell over a hundred requests after the first", rep.Chaos.Sent, len(w.steps))
	}
	if rep.ExitStatus != scenarios.ExitTarget && rep.ExitStatus != report.ExitBroken {
		t.Errorf("exit status %d: %s", rep.ExitStatus, report.Meaning(rep))
	}
}

// signal is why a context ended, and the exit status that it calls for.
type signal struct{ status int }

func (s signal) Error() string   { return "interrupted" }
func (s signal) ExitStatus() int { return s.status }

// The last line of a trace says what the command's exit status was.
func TestAnInterruptedTraceEndsWithItsStatus(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancelCause(t.Context())
	defer stop(nil)
	url, _ := falling(t, 0, at(180), func(*http.Server) { stop(signal{scenarios.ExitInterrupted}) })
	cfg := scenarios.URL(url, fallingSecret)
	plan, err := scenarios.ChaosPlan(cfg, dense(), 5000)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "run.jsonl")
	record, err := trace.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	rep, err := scenarios.Chaos(ctx, cfg, scenarios.ChaosRun{
		Plan: plan, Command: "chaos", Record: record, Options: chaosrun.Options{Concurrency: 4},
	})
	if got := scenarios.Status(rep, err); got != scenarios.ExitInterrupted {
		t.Errorf("exit status %d, want %d: %v", got, scenarios.ExitInterrupted, err)
	}
	if err := record.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer text.Close()
	told, err := trace.Read(text)
	if err != nil {
		t.Fatal(err)
	}
	if told.End == nil || told.End.ExitStatus != scenarios.ExitInterrupted || told.End.Reason == "" {
		t.Errorf("the trace ends with %+v, want exit status %d and the reason", told.End, scenarios.ExitInterrupted)
	}
}

// A run disables the webhook for seconds. That nothing broke says nothing of an outage of
// minutes, which RET-2 is about.
func TestChaosPassesNoOutageThatItHasNot(t *testing.T) {
	t.Parallel()
	rep := chaosOn(t, &plain{}, func(_ *scenarios.Config, run *scenarios.ChaosRun) {
		if !slices.Contains(slices.Collect(kinds(run.Plan)), chaos.KindEnable) {
			t.Error("the plan disables nothing")
		}
	})
	at := slices.IndexFunc(rep.Rules, func(r report.Rule) bool { return r.ID == "RET-2" })
	if at < 0 {
		t.Fatal("nothing is said of RET-2")
	}
	if r := rep.Rules[at]; r.Verdict != report.NotChecked || !strings.Contains(r.Reason, "disabled for minutes") {
		t.Errorf("RET-2 is %s: %s", r.Verdict, r.Reason)
	}
}

// What races in a receiver goes well most of the time. A rule about that is passed by a run
// that tries it as often as its scenarios do, and not by one that tries it now and then.
func TestChaosPassesNoRaceThatItHardlyTried(t *testing.T) {
	t.Parallel()
	races := []string{"SIG-8", "SIG-13", "SIG-14", "ACK-2", "IDEM-3", "IDEM-4", "IDEM-5", "IDEM-6"}
	for _, tt := range []struct {
		name     string
		p        *plain
		messages int
		want     func(r report.Rule) bool
	}{
		{"many messages", &plain{}, 300, func(r report.Rule) bool { return r.Verdict == report.Passed }},
		{"few messages", &plain{}, 25, func(r report.Rule) bool {
			return r.Verdict == report.NotChecked && strings.Contains(r.Reason, "had no occasion")
		}},
		{"rows that race", &plain{rowsRace: time.Millisecond}, 300, func(r report.Rule) bool {
			return (r.Verdict == report.Failed) == (r.ID == "IDEM-4")
		}},
		{"counts that race", &plain{textsRace: time.Millisecond}, 300, func(r report.Rule) bool {
			return (r.Verdict == report.Failed) == (r.ID == "IDEM-5")
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			rep := chaosOn(t, tt.p, func(cfg *scenarios.Config, run *scenarios.ChaosRun) {
				everything, _ := chaos.LookupProfile(chaos.DefaultProfile)
				var err error
				if run.Plan, err = scenarios.ChaosPlan(*cfg, everything, tt.messages); err != nil {
					t.Fatal(err)
				}
			})
			seen := 0
			for _, r := range rep.Rules {
				if !slices.Contains(races, r.ID) {
					continue
				}
				if seen++; !tt.want(r) {
					t.Errorf("%s is %s: %s\n%s", r.ID, r.Verdict, r.Reason, explain(rep))
				}
			}
			if seen != len(races) {
				t.Errorf("of %d rules %d are there", len(races), seen)
			}
		})
	}
}

func kinds(p chaos.Plan) iter.Seq[chaos.Kind] {
	return func(yield func(chaos.Kind) bool) {
		for s := range p.Steps() {
			if !yield(s.Kind) {
				return
			}
		}
	}
}

// A run says of a receiver that never replies what its scenarios say.
func TestChaosOfWhoNeverReplies(t *testing.T) {
	t.Parallel()
	rep := chaosOn(t, &plain{}, nil)
	for _, r := range rep.Rules {
		if (r.ID == "INB-2" || r.ID == "CON-2") && (r.Verdict != report.NotChecked || !strings.Contains(r.Reason, "sent no reply")) {
			t.Errorf("%s %s: %s", r.ID, r.Verdict, r.Reason)
		}
	}
}

// A receiver that forgets everything is noticed by its texts where no message can
// be read.
func TestARestartIsNoticedByTexts(t *testing.T) {
	t.Parallel()
	takesLong(t)
	rep := chaosOn(t, &plain{forgetsEverything: true}, func(cfg *scenarios.Config, _ *scenarios.ChaosRun) {
		cfg.Probe = probe.Config{Inbound: cfg.Probe.Inbound}
	})
	if got := brokenRules(rep); !slices.Equal(got, []string{"IDEM-7"}) {
		t.Errorf("broken: %v\n%s", got, explain(rep))
	}
}
