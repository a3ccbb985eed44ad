package scenarios_test

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sentsim/sentsim/scenarios"
	"github.com/sentsim/sentsim/scenarios/chaosrun"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/scenarios/target"
	"github.com/sentsim/sentsim/scenarios/zoo"
	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/seed"
	"github.com/sentsim/sentsim/simulator/signing"
)

// A receiver is learned before it is judged: what it does otherwise than Sent is
// one failure of one rule, which names the line that confirms it, and everything
// else is judged under it.
func TestAReceiverIsJudgedUnderWhatWasLearned(t *testing.T) {
	t.Parallel()
	takesLong(t)
	lower := strings.ToLower
	words := func(own map[string]string) func(string) string {
		return func(st string) string {
			if word, ok := own[st]; ok {
				return word
			}
			return lower(st)
		}
	}
	onlyField := func(field string) func(webhookEvent) bool {
		return func(e webhookEvent) bool { return e.Field == field || e.Field == "templates" }
	}
	for name, tt := range map[string]struct {
		app       *app
		configure func(*scenarios.Config)
		failed    string   // these rules, and no other
		says      string   // of the failed rule, or of all that was not checked
		passed    []string // among others
		unchecked []string
	}{
		"nothing is special": {app: &app{}, passed: []string{"ORD-1", "ORD-3", "ORD-4", "ORD-6", "ORD-7", "IDEM-4", "INB-1", "TPL-1", "RET-1", "ACK-2", "SIG-13"}},
		"words of its own, one for each status": {
			app:    &app{word: words(map[string]string{"QUEUED": "1", "ROUTED": "2", "SENT": "gesendet", "DELIVERED": "zugestellt", "FAILED": "9"})},
			passed: []string{"ORD-1", "ORD-3", "ORD-4", "ORD-6", "ORD-7", "IDEM-4", "RET-1", "ACK-2"},
		},
		"one word for two statuses": {
			app: &app{word: words(map[string]string{"QUEUED": "accepted", "ROUTED": "accepted"})}, failed: "ORD-1",
			says: "statuses: {QUEUED: accepted, ROUTED: accepted}", passed: []string{"ORD-2", "ORD-3", "ORD-4", "ORD-6", "ORD-7", "IDEM-4", "RET-1", "ACK-2"},
		},
		"READ under the word of DELIVERED": {
			app: &app{word: words(map[string]string{"READ": "delivered"})}, failed: "ORD-1",
			says: "statuses: {DELIVERED: delivered, READ: delivered}", passed: []string{"ORD-2", "ORD-3", "ORD-6", "ORD-7", "IDEM-4", "RET-1", "ACK-2"}, unchecked: []string{"ORD-4"},
		},
		"one word for two statuses, confirmed": {
			app: &app{word: words(map[string]string{"QUEUED": "accepted", "ROUTED": "accepted"})},
			configure: func(c *scenarios.Config) {
				c.Probe.Message.Statuses = map[string]string{"QUEUED": "accepted", "ROUTED": "accepted"}
			},
			passed: []string{"ORD-1", "ORD-3", "ORD-7"},
		},
		"a confirmation that is contradicted": {
			app:       &app{},
			configure: func(c *scenarios.Config) { c.Probe.Message.Statuses = map[string]string{"QUEUED": "accepted"} },
			failed:    "ORD-1", says: `QUEUED is "accepted", and it is "QUEUED"`, passed: []string{"ORD-3"},
		},
		"the end is the same, whether it arrived or failed": {
			app: &app{word: words(map[string]string{"DELIVERED": "done", "FAILED": "done"})}, failed: "ORD-1",
			says: "DELIVERED and FAILED are kept under one word", passed: []string{"ORD-3", "ORD-4", "ORD-6", "ORD-7"},
		},
		"two statuses are not kept": {
			app: &app{word: words(map[string]string{"QUEUED": "", "ROUTED": ""})}, failed: "ORD-1",
			says: "statuses: {QUEUED: null, ROUTED: null}", passed: []string{"ORD-2", "ORD-3", "ORD-4", "ORD-6", "ORD-7", "SIG-13", "ACK-2"},
		},
		"only the effects can be read": {
			app:       &app{},
			configure: func(c *scenarios.Config) { c.Probe.Message.Status = "" },
			passed:    []string{"IDEM-1", "IDEM-3", "SIG-13", "ACK-2"}, unchecked: []string{"ORD-1", "ORD-3"},
		},
		"only the ends are kept, confirmed": {
			app: &app{word: func(st string) string {
				if st == "DELIVERED" || st == "FAILED" {
					return st
				}
				return ""
			}},
			configure: func(c *scenarios.Config) {
				c.Probe.Message.Statuses = map[string]string{"QUEUED": "", "ROUTED": "", "SENT": "", "READ": ""}
			},
			passed: []string{"ORD-1", "SIG-13", "ACK-2"},
		},
		"arranged rows begin as QUEUED, and a queue works slowly": {
			app:       &app{begins: "QUEUED", queue: 12 * time.Millisecond},
			configure: func(c *scenarios.Config) { c.Target.Arrange = target.Arrange{URL: "/orders/{message_id}"} },
			passed:    []string{"ORD-1", "ORD-3", "ORD-7", "IDEM-4", "ACK-2"},
		},
		"an unknown message has a status as well": {app: &app{unknown: "no such order"}, passed: []string{"ORD-1", "ORD-3", "ORD-7", "SIG-13", "ACK-2", "TPL-1"}},
		"own words, the confirmation names one that stays": {
			app: &app{word: words(map[string]string{"QUEUED": "pending", "ROUTED": "pending", "SENT": "pending", "READ": "delivered"})},
			configure: func(c *scenarios.Config) {
				c.Probe.Message.Statuses = map[string]string{"QUEUED": "pending", "ROUTED": "pending", "SENT": "pending", "DELIVERED": "delivered", "READ": "delivered", "FAILED": "failed"}
			},
			passed: []string{"ORD-1", "ORD-6", "ORD-7"},
		},
		"orders are sent by SMS only": {
			app:       &app{begins: "CREATED", orders: "sms"},
			configure: func(c *scenarios.Config) { c.Target.Arrange = target.Arrange{URL: "/orders/{message_id}?by={channel}"} },
			passed:    []string{"ORD-1", "ORD-3", "ORD-7", "IDEM-4", "ACK-2"},
		},
		"templates under words of its own": {
			app:    &app{reviews: words(map[string]string{"PENDING": "in_review", "APPROVED": "active", "REJECTED": "declined"})},
			passed: []string{"TPL-1", "ORD-1", "SIG-13"},
		},
		"templates that it did not make are not known": {
			app: &app{takes: func(e webhookEvent) bool { return e.Field != "templates" }}, says: "only templates that it made itself", passed: []string{"ORD-1"}, unchecked: []string{"TPL-1"},
		},
		"one slow answer after another, and templates under words of its own": {
			app:    &app{slow: 200 * time.Millisecond, reviews: words(map[string]string{"PENDING": "in_review", "APPROVED": "active", "REJECTED": "declined"})},
			passed: []string{"TPL-1", "ORD-1"}, configure: func(c *scenarios.Config) { c.Rules = []string{"SIG-1", "TPL-1", "ORD-1"} },
		},
		"one slow answer after another, and one update in three is lost": {
			app: &app{slow: 200 * time.Millisecond, loses: 3}, failed: "ORD-1", says: "in the receiver's state",
			configure: func(c *scenarios.Config) { c.Rules = []string{"SIG-1", "ORD-1"} },
		},
		"one slow answer after another, and a status under another word each time": {
			app: &app{slow: 160 * time.Millisecond, word: func() func(string) string {
				n := 0
				return func(string) string { n++; return fmt.Sprint("state ", n) } // called by one at a time
			}()}, failed: "ORD-1", configure: func(c *scenarios.Config) { c.Rules = []string{"SIG-1", "ORD-1"} },
		},
		"the status never changes": {
			app: &app{word: func(string) string { return "pending" }}, failed: "ORD-1", says: "pending", unchecked: []string{"ORD-3", "ORD-7", "IDEM-4"},
		},
		"SMS only": {
			app: &app{takes: func(e webhookEvent) bool { return e.Payload.Channel == "sms" || e.Field == "templates" }}, failed: "ORD-1",
			says: "channels: [sms]", passed: []string{"ORD-3", "ORD-6", "ORD-7", "IDEM-3", "IDEM-4", "INB-1", "RET-1"}, unchecked: []string{"ORD-4"},
		},
		"other channels are refused": {
			app: &app{refuses: func(e webhookEvent) (int, string) {
				if e.Payload.Channel == "whatsapp" && e.Field != "templates" || e.Payload.Channel == "rcs" {
					return http.StatusUnprocessableEntity, "no such channel"
				}
				return 0, ""
			}},
			failed: "SIG-1", says: "no such channel", passed: []string{"ORD-1", "ORD-3", "INB-1", "SIG-2"},
		},
		"the form of 2025": {
			app: &app{takes: onlyField("messages")}, failed: "ORD-1", says: "knobs: {edition: 2025}",
			passed: []string{"ORD-3", "ORD-4", "ORD-6", "ORD-7", "IDEM-4", "INB-1", "ACK-2"},
		},
		"a field of the newest form is refused": {
			app: &app{refuses: func(e webhookEvent) (int, string) {
				if e.Request != nil {
					return http.StatusBadRequest, "cannot be read"
				}
				return 0, ""
			}},
			failed: "SIG-1", says: "taken without the field request_id", passed: []string{"ORD-1", "ORD-3", "INB-1", "SIG-2"},
		},
		"the form of 2026-05, and the newest refused": {
			app: &app{refuses: func(e webhookEvent) (int, string) {
				if e.Event != "" {
					return http.StatusBadRequest, "unknown key: event"
				}
				return 0, ""
			}},
			failed: "SIG-1", says: "knobs: {edition: 2026-05}", passed: []string{"ORD-1", "ORD-3", "INB-1", "SIG-2", "SIG-9"},
		},
		"messages that it did not send are refused": {
			app: &app{refuses: func(e webhookEvent) (int, string) {
				if e.Payload.Status != "" {
					return http.StatusServiceUnavailable, "not linked yet"
				}
				return 0, ""
			}},
			failed: "ORD-5", says: "not linked yet", passed: []string{"SIG-1", "SIG-2", "SIG-9", "INB-1", "TPL-1"}, unchecked: []string{"ORD-1", "ORD-3", "ORD-7"},
		},
		"two statuses are refused": {
			app: &app{refuses: func(e webhookEvent) (int, string) {
				if e.Payload.Status == "QUEUED" || e.Payload.Status == "ROUTED" {
					return http.StatusBadRequest, "event type not subscribed"
				}
				return 0, ""
			}},
			failed: "SIG-1", says: "statuses: {QUEUED: null, ROUTED: null}", passed: []string{"SIG-2", "SIG-13", "ORD-1", "ORD-2", "ORD-3", "ORD-4", "ORD-5", "ORD-6", "ORD-7", "IDEM-4", "INB-1", "RET-1", "ACK-2", "TOL-1", "TOL-4"},
		},
		"two statuses are refused, confirmed": {
			app: &app{refuses: func(e webhookEvent) (int, string) {
				if e.Payload.Status == "QUEUED" || e.Payload.Status == "ROUTED" {
					return http.StatusBadRequest, "event type not subscribed"
				}
				return 0, ""
			}},
			configure: func(c *scenarios.Config) { c.Probe.Message.Statuses = map[string]string{"QUEUED": "", "ROUTED": ""} },
			passed:    []string{"SIG-1", "ORD-1", "ORD-3", "ORD-7"},
		},
		"the events of one status are refused": {
			app: &app{refuses: func(e webhookEvent) (int, string) {
				if e.Payload.Status == "ROUTED" {
					return http.StatusBadRequest, "not a status of ours"
				}
				return 0, ""
			}},
			failed: "SIG-1", says: "statuses: {ROUTED: null}", passed: []string{"SIG-2", "SIG-13", "ORD-1", "ORD-2", "ORD-3", "ORD-4", "ORD-5", "ORD-6", "ORD-7", "IDEM-4", "INB-1", "RET-1", "ACK-2", "TOL-1", "TOL-4"},
		},
		"the events of the last status are refused": {
			app: &app{refuses: func(e webhookEvent) (int, string) {
				if e.Payload.Status == "READ" {
					return http.StatusInternalServerError, "READ is not in the enum"
				}
				return 0, ""
			}},
			failed: "SIG-1", says: "statuses: {READ: null}", passed: []string{"SIG-2", "SIG-13", "ORD-1", "ORD-2", "ORD-3", "ORD-5", "ORD-6", "ORD-7", "IDEM-4", "INB-1", "RET-1", "ACK-2", "TOL-1", "TOL-4"},
		},
		"what it does not know is refused, but for inbound texts": {
			app: &app{refuses: func(e webhookEvent) (int, string) {
				if e.Payload.Status != "" || e.Field == "templates" {
					return http.StatusNotFound, "not found"
				}
				return 0, ""
			}},
			failed: "ORD-5 TOL-2 TOL-4 TPL-1", says: "not found", passed: []string{"SIG-1", "SIG-2", "SIG-9", "INB-1"}, unchecked: []string{"ORD-1", "ORD-3"},
		},
		"messages that it did not send are ignored": {
			app: &app{takes: func(e webhookEvent) bool { return e.Payload.Status == "" }}, says: "target.arrange",
			passed: []string{"SIG-1", "ORD-2", "INB-1", "TPL-1"}, unchecked: []string{"ORD-1", "ORD-3", "ORD-7", "RET-1"},
		},
		"inbound texts in the classic shape only": {
			app: &app{takes: func(e webhookEvent) bool { return !e.isText() || e.Payload.From != "" }}, failed: "INB-1",
			says: "knobs: {inbound_shape: classic}", passed: []string{"ORD-1", "IDEM-5", "IDEM-4"},
		},
		"inbound texts are acknowledged and lost": {
			app: &app{takes: func(e webhookEvent) bool { return !e.isText() }}, failed: "INB-1", says: "not kept", passed: []string{"ORD-1", "ORD-3"},
		},
		"X-Webhook-ID is taken for the event's": {
			app: onceFor(func(e webhookEvent) string { return e.hook }), failed: "IDEM-4", says: "X-Webhook-ID", unchecked: []string{"ORD-1", "ORD-3"},
		},
		"the key is an id that stands nowhere": {
			app: onceFor(func(e webhookEvent) string {
				if e.Field != "templates" && e.Payload.Status != "" {
					return "undefined"
				}
				return e.Payload.ID + e.Payload.From + e.Payload.Received + e.Payload.Template + e.Payload.Review
			}), failed: "IDEM-4", says: "very first delivery", unchecked: []string{"ORD-1", "ORD-3"},
		},
		"one update in seven is lost": {app: &app{loses: 7}, failed: "ORD-1", says: "though every event was acknowledged"},
		"a race of 4 ms":              {app: &app{race: 4 * time.Millisecond}, failed: "IDEM-4", says: "SENT", passed: []string{"ORD-1", "ORD-3"}},
		"a time in place of a status": {
			app: &app{word: func(status string) string {
				if status != "DELIVERED" {
					return ""
				}
				return time.Now().Format(time.RFC3339Nano)
			}},
			says: "a time, another one for each message", passed: []string{"SIG-1", "INB-1"}, unchecked: []string{"ORD-1", "ORD-3", "ORD-7", "IDEM-4"},
		},
		"the state comes after the settle time": {
			app: &app{behind: 900 * time.Millisecond}, says: "settle: ", passed: []string{"SIG-1"}, unchecked: []string{"ORD-1", "ORD-3", "ORD-7", "INB-1"},
		},
		"the state is late": {app: &app{late: 250 * time.Millisecond}, passed: []string{"ORD-1", "ORD-3", "ORD-4", "ORD-7", "IDEM-4", "ACK-2"}},
	} {
		if !zoo.Tests(name) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := handled(tt.app.build)
			cfg.Settle = 400 * time.Millisecond
			cfg.Probe = referenceProbe()
			if tt.configure != nil {
				tt.configure(&cfg)
			}
			rep := verify(t, cfg)
			if got := verdicts(rep, report.Failed); got != tt.failed {
				t.Errorf("failed %q, want %q", got, tt.failed)
			}
			said := ""
			for _, r := range rep.Rules {
				if r.Verdict == report.Failed || tt.failed == "" {
					said += r.ID + ": " + r.Reason + " " + r.Remedy + "\n"
				}
			}
			if !strings.Contains(said, tt.says) {
				t.Errorf("nothing says %q:\n%s", tt.says, said)
			}
			for _, want := range []struct {
				verdict report.Verdict
				rules   []string
			}{{report.Passed, tt.passed}, {report.NotChecked, tt.unchecked}} {
				for _, id := range want.rules {
					if r := ruleOf(rep, id); r.Verdict != want.verdict {
						t.Errorf("%s is %s, not %s: %s", id, r.Verdict, want.verdict, r.Reason)
					}
				}
			}
			for _, c := range rep.Causes {
				if r := ruleOf(rep, tt.failed); slices.Contains(c.Rules, tt.failed) && c.Certainty == "tried" && r.Cause != c.ID {
					t.Errorf("%s names the cause %q, and it is %q", tt.failed, r.Cause, c.ID)
				}
			}
		})
	}
}

// onceFor is a receiver that knows duplicates by a key.
func onceFor(key func(webhookEvent) string) *app {
	seen := map[string]bool{}
	a := &app{}
	a.takes = func(e webhookEvent) bool {
		a.mu.Lock()
		defer a.mu.Unlock()
		again := seen[key(e)]
		seen[key(e)] = true
		return !again
	}
	return a
}

func ruleOf(rep report.Report, id string) report.Rule {
	for _, r := range rep.Rules {
		if r.ID == id {
			return r
		}
	}
	return report.Rule{}
}

// A run that its time limit ends reports what it knows by then.
func TestATimeLimitEndsARunInGoodOrder(t *testing.T) {
	t.Parallel()
	a := &app{late: 300 * time.Millisecond}
	cfg := handled(a.build)
	cfg.Probe, cfg.Settle, cfg.TimeLimit = referenceProbe(), time.Second, 1500*time.Millisecond
	rep := verify(t, cfg)
	if ruleOf(rep, "SIG-1").Verdict != report.Passed || rep.ExitStatus != report.ExitKept {
		t.Errorf("SIG-1 is %s, exit status %d, failed %q: %s", ruleOf(rep, "SIG-1").Verdict, rep.ExitStatus, verdicts(rep, report.Failed), ruleOf(rep, verdicts(rep, report.Failed)).Reason)
	}
	if r := ruleOf(rep, "IDEM-7"); r.Verdict != report.NotChecked || !strings.Contains(r.Reason, "--time-limit") {
		t.Errorf("IDEM-7 is %s: %s", r.Verdict, r.Reason)
	}
}

// A target that keeps its state is judged as well by the second run as by the first.
func TestTheNextSeedOfATargetThatKeepsItsState(t *testing.T) {
	t.Parallel()
	a := &app{word: func(string) string { return "pending" }}
	var kept http.HandlerFunc
	cfg := handled(func(env target.Env) http.HandlerFunc {
		if kept == nil {
			kept = a.build(env)
		}
		return kept
	})
	cfg.Settle, cfg.Probe, cfg.Rules = 300*time.Millisecond, referenceProbe(), []string{"ORD-1"}
	var err error
	if cfg.Secret, err = signing.GenerateSecret(seed.Seed(7).Stream("kept")); err != nil {
		t.Fatal(err)
	}
	for n := range uint64(3) {
		rep := verify(t, cfg)
		if got := verdicts(rep, report.Failed); got != "ORD-1" || rep.Seed != n+1 {
			t.Errorf("run %d, seed %d: failed %q, %s", n, rep.Seed, got, ruleOf(rep, "ORD-1").Reason)
		}
		if told := strings.Contains(strings.Join(rep.Notes, "\n"), "knows the messages of seed 1 already"); told != (n > 0) {
			t.Errorf("run %d: notes %q", n, rep.Notes)
		}
	}
	knows := func(env target.Env) http.HandlerFunc { // whatever it is asked for
		h := (&app{}).build(env)
		return func(w http.ResponseWriter, r *http.Request) {
			if id, asked := strings.CutPrefix(r.URL.Path, "/state/messages/"); asked {
				n, _ := strconv.ParseInt(id[:6], 16, 64)
				fmt.Fprintf(w, `{"status":"DELIVERED","effects":%d}`, 1+n)
				return
			}
			h(w, r)
		}
	}
	all := handled(knows)
	all.Settle, all.Probe, all.Rules = 50*time.Millisecond, referenceProbe(), []string{"ORD-1"}
	if rep := verify(t, all); rep.Seed != 1 || ruleOf(rep, "ORD-1").Verdict != report.NotChecked {
		t.Errorf("a target that knows whatever it is asked for: seed %d, ORD-1 %s", rep.Seed, ruleOf(rep, "ORD-1").Verdict)
	}
	cfg.NextSeed = false
	if rep := verify(t, cfg); ruleOf(rep, "ORD-1").Verdict != report.NotChecked || rep.Seed != 1 {
		t.Errorf("a seed that was asked for: seed %d, ORD-1 %s", rep.Seed, ruleOf(rep, "ORD-1").Verdict)
	}
}

// A target that has forgotten the messages that it sent is told to send them again:
// what shows of those that it does not know is no mistake with their statuses.
func TestChaosArrangesAnewWhatARestartHasForgotten(t *testing.T) {
	t.Parallel()
	takesLong(t)
	cfg := handled((&app{begins: "CREATED"}).build)
	cfg.Settle, cfg.Probe = 200*time.Millisecond, referenceProbe()
	cfg.Target.Arrange = target.Arrange{URL: "/orders/{message_id}"}
	profile, _ := chaos.LookupProfile(chaos.DefaultProfile)
	plan, err := scenarios.ChaosPlan(cfg, profile, 200)
	if err != nil {
		t.Fatal(err)
	}
	rep, err := scenarios.Chaos(t.Context(), cfg, scenarios.ChaosRun{Plan: plan, Command: "chaos", Options: chaosrun.Options{Concurrency: 8}})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range rep.Chaos.Violations {
		if v.Rule == "ORD-2" {
			t.Errorf("%s: %s", v.Summary, v.Story)
		}
	}
	if got := ruleOf(rep, "IDEM-7"); got.Verdict != report.Warned { // or nothing was forgotten
		t.Errorf("IDEM-7 is %s: %s", got.Verdict, got.Reason)
	}
}

// A message that was read was delivered: who keeps both under one word keeps what is
// true where DELIVERED is skipped, and ORD-4 cannot be seen.
func TestChaosOfReadUnderTheWordOfDelivered(t *testing.T) {
	t.Parallel()
	cfg := handled((&app{word: func(st string) string { return strings.Replace(strings.ToLower(st), "read", "delivered", 1) }}).build)
	cfg.Settle, cfg.Probe = 400*time.Millisecond, referenceProbe()
	cfg.Probe.Message.Statuses = map[string]string{"DELIVERED": "delivered", "READ": "delivered"}
	plan := chaos.Plan{Seed: cfg.Seed, Messages: 60, Profile: chaos.Profile{
		Name: "gaps", Mix: chaos.Mix{WhatsApp: 1}, Faults: map[chaos.Fault]float64{chaos.FaultSkip: 0.5, chaos.FaultReorder: 0.4},
	}}
	rep, err := scenarios.Chaos(t.Context(), cfg, scenarios.ChaosRun{Plan: plan, Command: "chaos", Options: chaosrun.Options{Concurrency: 16}})
	if err != nil {
		t.Fatal(err)
	}
	if got := verdicts(rep, report.Failed); got != "" {
		t.Errorf("failed %s: %s", got, reasons(rep))
	}
	for id, want := range map[string]report.Verdict{"ORD-7": report.Passed, "ORD-4": report.NotChecked} {
		if r := ruleOf(rep, id); r.Verdict != want {
			t.Errorf("%s is %s, not %s: %s", id, r.Verdict, want, r.Reason)
		}
	}
}
