package scenarios_test

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sentsim/sentsim/scenarios"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/scenarios/target"
)

// State that comes and goes from one reading to the next, as that of two processes
// with a memory each, is told, and is not waited for without end.
func TestAFlickeringStateIsTold(t *testing.T) {
	t.Parallel()
	takesLong(t)
	var asked atomic.Int64
	a := &app{}
	cfg := handled(func(env target.Env) http.HandlerFunc {
		next := a.build(env)
		return func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/state/") && asked.Add(1)%2 == 0 {
				http.NotFound(w, r)
				return
			}
			next(w, r)
		}
	})
	cfg.Settle, cfg.Probe, cfg.Rules = 400*time.Millisecond, referenceProbe(), []string{"ORD-1"}
	ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
	defer cancel()
	rep, err := scenarios.Run(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rep.Rules {
		if r.ID == "ORD-1" && (r.Verdict != report.NotChecked || !strings.Contains(r.Reason, "comes and goes")) {
			t.Errorf("ORD-1 is %s: %s", r.Verdict, r.Reason)
		}
	}
	if rep.Learned == nil || !strings.Contains(strings.Join(rep.Learned.Notes, " "), "comes and goes") {
		t.Errorf("nothing says that the state flickers: %+v", rep.Learned)
	}
}

// Readings that are not answered in time, for a while, are no trouble of the probe:
// their scenario is carried out again.
func TestAReadingThatTakesTooLongIsRepeated(t *testing.T) {
	t.Parallel()
	takesLong(t)
	var hung atomic.Int64
	var learned atomic.Bool
	a := &app{}
	cfg := handled(func(env target.Env) http.HandlerFunc {
		next := a.build(env)
		return func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/state/") && learned.Load() && hung.Add(1) <= 8 {
				<-r.Context().Done()
				return
			}
			next(w, r)
		}
	})
	cfg.Settle, cfg.Probe, cfg.Rules = 400*time.Millisecond, referenceProbe(), []string{"ORD-3"}
	rep, err := scenarios.Run(t.Context(), cfg, scenarios.WithWatcher(onLearned{func() { learned.Store(true) }}))
	if err != nil {
		t.Fatal(err)
	}
	if got := verdicts(rep, report.Passed); got != "ORD-3" || hung.Load() < 9 {
		t.Errorf("passed %q, after %d readings", got, hung.Load())
	}
}

// onLearned calls learned once the receiver was learned.
type onLearned struct{ learned func() }

func (onLearned) Start(report.Header)      {}
func (onLearned) RuleDone(report.Rule)     {}
func (o onLearned) Learned(report.Learned) { o.learned() }
