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

// Where plain updates are lost now and then, that alone is said: the control that lost an
// effect of its own makes nobody count twice, and the status that did not move is no matter
// of order. A loss of each twentieth update meets the same status of each message where as
// many come of each.
func TestOnlyTheLossOfUpdatesIsSaidWhereTheyAreLost(t *testing.T) {
	t.Parallel()
	takesLong(t)
	for name, each := range map[string]int{"one in twenty": 20, "one in forty-seven": 47} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := handled((&app{loses: each}).build)
			cfg.Settle, cfg.Probe = 400*time.Millisecond, referenceProbe()
			rep := verify(t, cfg)
			if got := verdicts(rep, report.Failed); got != "ORD-1" {
				t.Errorf("failed %q: %s", got, reasons(rep))
			}
			if len(rep.Causes) != 1 || rep.Causes[0].ID != "updates-lost" {
				t.Errorf("causes %+v", rep.Causes)
			}
		})
	}
	t.Run("chaos", func(t *testing.T) {
		t.Parallel()
		cfg := handled((&app{loses: 20}).build)
		cfg.Settle, cfg.Probe = 400*time.Millisecond, referenceProbe()
		plan := chaos.Plan{Seed: cfg.Seed, Messages: 60, Profile: dense()}
		rep, err := scenarios.Chaos(t.Context(), cfg, scenarios.ChaosRun{Plan: plan, Command: "chaos", Options: chaosrun.Options{Concurrency: 16}})
		if err != nil {
			t.Fatal(err)
		}
		if got := verdicts(rep, report.Failed); got != "ORD-1" {
			t.Errorf("failed %q: %s", got, reasons(rep))
		}
		if len(rep.Causes) != 1 || rep.Causes[0].ID != "updates-lost" {
			t.Errorf("causes %+v", rep.Causes)
		}
	})
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
		"a rule that no state is read for":  {&app{loses: 23}, []string{"TOL-1"}, ""},
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
