package scenarios_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sentsim/sentsim/scenarios"
	"github.com/sentsim/sentsim/scenarios/chaosrun"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/simulator/chaos"
)

// Where plain updates or texts are lost now and then, that alone is said: the control that lost an
// effect of its own makes nobody count twice, and the status that did not move is no matter
// of order. A loss of each twentieth update meets the same status of each message where as
// many come of each.
func TestOnlyTheLossIsSaidWhereSomeAreLost(t *testing.T) {
	t.Parallel()
	takesLong(t)
	for name, tt := range map[string]struct {
		app           *app
		failed, cause string
		warned        int // causes of what this receiver is warned of besides, where its updates can be relied on
	}{
		"one update in twenty":      {&app{loses: 20}, "ORD-1", "updates-lost", 0},
		"one update in forty-seven": {&app{loses: 47}, "ORD-1", "updates-lost", 0},
		"one text in twenty":        {&app{drops: 20}, "INB-1", "texts-lost", 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := handled(tt.app.build)
			cfg.Settle, cfg.Probe = 400*time.Millisecond, referenceProbe()
			onlyThat(t, verify(t, cfg), tt.failed, tt.cause, tt.warned)
		})
		t.Run(name+" in chaos", func(t *testing.T) {
			t.Parallel()
			receiver := &app{loses: tt.app.loses, drops: tt.app.drops}
			cfg := handled(receiver.build)
			cfg.Settle, cfg.Probe = 400*time.Millisecond, referenceProbe()
			plan := chaos.Plan{Seed: cfg.Seed, Messages: 60, Profile: dense()}
			rep, err := scenarios.Chaos(t.Context(), cfg, scenarios.ChaosRun{Plan: plan, Command: "chaos", Options: chaosrun.Options{Concurrency: 16}})
			if err != nil {
				t.Fatal(err)
			}
			// What it is warned of besides is true of it; whether a run looks for that depends on the plan.
			onlyThat(t, rep, tt.failed, tt.cause, max(0, min(tt.warned, len(rep.Causes)-1)))
		})
	}
}

// onlyThat checks that one rule fails, by one cause, before so many of what is only warned of.
func onlyThat(t *testing.T, rep report.Report, failed, cause string, warned int) {
	t.Helper()
	if got := verdicts(rep, report.Failed); got != failed {
		t.Errorf("failed %q: %s", got, reasons(rep))
	}
	if len(rep.Causes) != 1+warned || rep.Causes[0].ID != cause {
		t.Errorf("causes %+v", rep.Causes)
	}
}

// A rule that was asked for alone is not judged by what lost updates show, and the report
// says which rule they break, also where none of the scenarios has met a loss.
func TestLostUpdatesAreSaidThoughNobodyAsked(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		app    *app
		rules  []string
		failed string
	}{
		"two rules that meet some":          {&app{loses: 5}, []string{"ORD-7", "IDEM-3"}, "ORD-1"},
		"a rule that meets none":            {&app{loses: 23}, []string{"RET-1"}, "ORD-1"},
		"texts, and a rule of texts":        {&app{drops: 23}, []string{"INB-1"}, "INB-1"},
		"every second text":                 {&app{drops: 2}, []string{"IDEM-5"}, "INB-1"},
		"texts, and a rule of updates":      {&app{drops: 23}, []string{"RET-1"}, ""},
		"a rule that no state is read for":  {&app{loses: 23}, []string{"TOL-1"}, ""},
		"a queue that is worked off slowly": {&app{queue: 5 * time.Millisecond, tired: 60}, []string{"RET-1"}, ""},
		"only the latest messages are kept": {&app{keeps: 20}, []string{"RET-1"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := handled(tt.app.build)
			cfg.Settle, cfg.Probe, cfg.Rules = 400*time.Millisecond, referenceProbe(), tt.rules
			rep := verify(t, cfg)
			if got := verdicts(rep, report.Failed); got != tt.failed || (rep.ExitStatus == report.ExitBroken) != (got != "") {
				t.Errorf("failed %q, exit status %d: %s", got, rep.ExitStatus, reasons(rep))
			}
		})
	}
}

// A status that is refused on one channel only is one failure: all else is judged on the
// other channels, or, where there is no other, by the other statuses.
func TestOneStatusIsRefusedOnOneChannel(t *testing.T) {
	t.Parallel()
	takesLong(t)
	refuse := func(channel, status string, answer int) *app {
		return &app{refuses: func(e webhookEvent) (int, string) {
			if e.Payload.Channel == channel && e.Payload.Status == status {
				return answer, "no notifier"
			}
			return 0, ""
		}}
	}
	only := refuse("whatsapp", "READ", http.StatusBadRequest)
	only.takes = func(e webhookEvent) bool { return e.Payload.Channel == "whatsapp" || e.Field == "templates" }
	passed := []string{"SIG-2", "ORD-1", "ORD-2", "ORD-3", "ORD-5", "ORD-6", "ORD-7", "IDEM-2", "IDEM-4", "RET-1", "TOL-1", "TOL-4"}
	for name, tt := range map[string]struct {
		app      *app
		channels []string
	}{
		"READ on WhatsApp":               {app: refuse("whatsapp", "READ", http.StatusInternalServerError)},
		"DELIVERED on RCS":               {app: refuse("rcs", "DELIVERED", http.StatusUnprocessableEntity)},
		"FAILED on SMS":                  {app: refuse("sms", "FAILED", http.StatusInternalServerError)},
		"READ on the only channel taken": {app: only, channels: []string{"whatsapp"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := handled(tt.app.build)
			cfg.Settle, cfg.Probe = 400*time.Millisecond, referenceProbe()
			cfg.Probe.Message.Channels = tt.channels
			rep := verify(t, cfg)
			if got := verdicts(rep, report.Failed); got != "SIG-1" || !strings.Contains(ruleOf(rep, "SIG-1").Reason, "no notifier") {
				t.Errorf("failed %q: %s", got, reasons(rep))
			}
			for _, id := range passed {
				if r := ruleOf(rep, id); r.Verdict != report.Passed {
					t.Errorf("%s is %s: %s", id, r.Verdict, r.Reason)
				}
			}
		})
	}
}
