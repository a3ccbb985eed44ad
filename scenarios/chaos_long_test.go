package scenarios_test

import (
	"testing"
	"time"

	"github.com/sentsim/sentsim/scenarios"
	"github.com/sentsim/sentsim/simulator/chaos"
)

// A long run judges what is over while it goes on, but asks nothing of a target
// that stands still: each question would keep it standing until its own deadline.
func TestNobodyAsksATargetThatStandsStill(t *testing.T) {
	t.Parallel()
	var w watchedRun
	chaosOn(t, &plain{}, func(cfg *scenarios.Config, run *scenarios.ChaosRun) {
		often, _ := chaos.LookupProfile(chaos.DefaultProfile)
		often.Faults[chaos.FaultPause] = 0.1
		plan, err := scenarios.ChaosPlan(*cfg, often, 20_000)
		if err != nil {
			t.Fatal(err)
		}
		run.Plan, run.Options.Recorder = plan, &w
		run.Steps = func(yield func(chaos.Step) bool) {
			pauses := 0
			for s := range plan.Steps() {
				if s.Kind == chaos.KindPause {
					pauses++
				}
				if !yield(s) || pauses == 3 && s.Kind == chaos.KindResume {
					return
				}
			}
		}
	})
	pauses := 0
	var since time.Time
	for i, s := range w.steps {
		switch s.Kind {
		case chaos.KindPause:
			pauses, since = pauses+1, w.at[i]
		case chaos.KindResume:
			if took := w.at[i].Sub(since); took > 4*time.Second {
				t.Errorf("step %d: the target stood still for %s", s.Number, took)
			}
		case chaos.KindDeliver, chaos.KindForge, chaos.KindRestart, chaos.KindRotate, chaos.KindDisable, chaos.KindEnable:
		}
	}
	if pauses == 0 {
		t.Errorf("no pause in %d steps", len(w.steps))
	}
}
