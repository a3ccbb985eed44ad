package scenarios_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/sentsim/sentsim/scenarios/receiver"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/scenarios/target"
	"github.com/sentsim/sentsim/simulator/signing"
)

// Who remembers only the last of what it has processed knows each
// duplicate that comes soon: a retry at the end of the run shows it, and one rule fails by it.
func TestARetryAtTheEndOfTheRun(t *testing.T) {
	t.Parallel()
	takesLong(t)
	for name, keeps := range map[string]func(newer int) bool{
		"the last sixty": func(newer int) bool { return newer < 60 },
		"everything":     func(int) bool { return true },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var all []string
			cfg := deduplicating(t, func(key string, _ int) bool {
				again := slices.Index(all, key)
				known := again >= 0 && keeps(len(all)-1-again)
				if !known {
					all = append(slices.DeleteFunc(all, func(k string) bool { return k == key }), key)
				}
				return known
			})
			cfg.Rules = []string{"SIG-2", "IDEM-1", "IDEM-2", "IDEM-3", "IDEM-4", "ORD-1", "ORD-3"}
			rep := verify(t, cfg)
			want, cause := "IDEM-2", "forgotten-too-soon"
			if name == "everything" {
				want, cause = "", ""
			}
			if got := verdicts(rep, report.Failed); got != want || ruleOf(rep, "IDEM-2").Cause != cause {
				t.Errorf("failed %q by %q: %s", got, ruleOf(rep, "IDEM-2").Cause, reasons(rep))
			}
		})
	}
}

type minuteKey struct{}

// A key with the minute of the delivery in it knows a retry at once, and none that comes
// minutes later.
func TestTheMinuteOfTheDeliveryInTheKey(t *testing.T) {
	t.Parallel()
	takesLong(t)
	cfg := changed(t, func(r *receiver.Receiver) error {
		add := r.Add
		r.Add = func(ctx context.Context, ev receiver.Event, reply []byte) (bool, error) {
			ev.Key = fmt.Sprint(ev.Key, " ", ctx.Value(minuteKey{}))
			return add(ctx, ev, reply)
		}
		return nil
	})
	build := cfg.Target.Handler
	cfg.Target.Handler = func(env target.Env) (http.Handler, func() error, error) {
		h, end, err := build(env)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			seconds, _ := strconv.Atoi(r.Header.Get(signing.HeaderTimestamp))
			h.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), minuteKey{}, seconds/60)))
		}), end, err
	}
	cfg.Rules = []string{"IDEM-2", "ORD-1"}
	rep := verify(t, cfg)
	if got := verdicts(rep, report.Failed); got != "IDEM-2" || ruleOf(rep, "IDEM-2").Cause != "key-holds-the-minute" {
		t.Errorf("failed %q by %q: %s", got, ruleOf(rep, "IDEM-2").Cause, reasons(rep))
	}
}

// A text that is written once more within the minute is another message, and lost on who
// cuts the time in its key off.
func TestTheSameTextWithinAMinute(t *testing.T) {
	t.Parallel()
	cfg := handled(onceFor(func(e webhookEvent) string {
		if !e.isText() {
			return e.Payload.ID + e.Payload.Status + e.Payload.Template + e.Payload.Review
		}
		return e.Payload.From + e.Payload.Inbound + e.Payload.Text + e.Payload.Received[:min(16, len(e.Payload.Received))]
	}).build)
	cfg.Settle, cfg.Probe = 400*time.Millisecond, referenceProbe()
	cfg.Rules = []string{"IDEM-4", "INB-1"}
	rep := verify(t, cfg)
	if got := verdicts(rep, report.Failed); got != "IDEM-4" || ruleOf(rep, "IDEM-4").Cause != "inbound-by-minute" {
		t.Errorf("failed %q by %q: %s", got, ruleOf(rep, "IDEM-4").Cause, reasons(rep))
	}
}

// What a race does to two statuses at the same instant, who goes by their timestamps does as
// well: an older one that comes alone tells them apart, and one cause is named.
func TestARaceIsToldFromAnOrderBySeconds(t *testing.T) {
	t.Parallel()
	takesLong(t)
	for want, a := range map[string]*app{
		"status-race":           {race: 4 * time.Millisecond},
		"ordered-by-the-second": {seconds: true},
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			cfg := handled(a.build)
			cfg.Settle, cfg.Probe = 400*time.Millisecond, referenceProbe()
			rep := verify(t, cfg)
			if got := verdicts(rep, report.Failed); got != "IDEM-4" || len(rep.Causes) == 0 || rep.Causes[0].ID != want || rep.Causes[0].Certainty != "tried" {
				t.Errorf("failed %q, causes %+v: %s", got, rep.Causes, reasons(rep))
			}
		})
	}
}
