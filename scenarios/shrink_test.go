package scenarios_test

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/sentsim/sentsim/scenarios"
	"github.com/sentsim/sentsim/scenarios/chaosrun"
	"github.com/sentsim/sentsim/scenarios/config"
	"github.com/sentsim/sentsim/scenarios/oracle"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/scenarios/shrink"
	"github.com/sentsim/sentsim/simulator/chaos"
)

// failing is a run of that many messages on the default seed, and what it broke.
func failing(t *testing.T, cfg config.Config, messages int) shrink.Failing {
	t.Helper()
	profile, ok := chaos.LookupProfile(chaos.DefaultProfile)
	if !ok {
		t.Fatal("no default profile")
	}
	plan, err := scenarios.ChaosPlan(cfg, profile, messages)
	if err != nil {
		t.Fatal(err)
	}
	f := shrink.Failing{Plan: plan, Steps: plan.Steps(), Concurrency: 16, Origin: "Reduced by a test."}
	_, err = scenarios.Chaos(t.Context(), cfg, scenarios.ChaosRun{
		Plan: plan, Command: "chaos", Options: chaosrun.Options{Concurrency: 16},
		Found: func(res chaosrun.Result) {
			f.Findings, f.Steps, f.Secret = res.Findings, first(plan.Steps(), res.Steps), res.Secret
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func first(steps iter.Seq[chaos.Step], n int) iter.Seq[chaos.Step] {
	return func(yield func(chaos.Step) bool) {
		for s := range steps {
			if s.Number > n || !yield(s) {
				return
			}
		}
	}
}

func deliveries(steps []chaos.Step) (n int) {
	for _, s := range steps {
		if s.Kind == chaos.KindDeliver || s.Kind == chaos.KindForge {
			n++
		}
	}
	return n
}

// A failure that was not seen again is no story.
func TestShrinkDoesNotBelieveWhatItDoesNotSee(t *testing.T) {
	t.Parallel()
	takesLong(t)
	cfg := shrinkConfig("")
	f := failing(t, cfg, 10)
	for s := range f.Steps {
		if s.Kind == chaos.KindDeliver && s.Subject.Kind == chaos.AboutMessage {
			f.Findings.Violated["ORD-3"] = 1
			f.Findings.Violations["ORD-3"] = []oracle.Violation{{Rule: "ORD-3", Subject: s.Subject}}
		}
	}
	got, err := scenarios.Shrink(t.Context(), cfg, f)
	if err != nil {
		t.Fatal(err)
	}
	if got.Steps != nil || got.Feature != "" || !strings.Contains(got.Why, "flaky: ORD-3 was broken in the run, and in no repetition") {
		t.Errorf("%d steps, why %q\n%s", len(got.Steps), got.Why, got.Feature)
	}
}

// A failure that comes and goes is reduced to what comes and goes as often, and
// its rate is told.
func TestShrinkTellsTheRateOfAFlakyFailure(t *testing.T) {
	t.Parallel()
	takesLong(t)
	cfg := shrinkConfig("counts again, now and then")
	got, err := scenarios.Shrink(t.Context(), cfg, failing(t, cfg, 120))
	if err != nil {
		t.Fatal(err)
	}
	// What is left may by luck have failed every time; that its part did not is told then.
	if got.Ended.Failed == 0 || got.Ended.Always() && !strings.Contains(got.Why, "flaky") {
		t.Errorf("it failed %s times, and is flaky (%s)", got.Ended, got.Why)
	}
	if n := deliveries(got.Steps); n < 2 || got.Minimal && n > 3 {
		t.Errorf("%d deliveries are left\n%s", n, got.Feature)
	}
}

func shrinkConfig(mistake string) config.Config {
	cfg := config.Default()
	cfg.Settle = 50 * time.Millisecond
	cfg.Probe = referenceProbe()
	cfg.Target = newForgetful(mistake)
	return cfg
}

func TestShrinkGoesAfterTheRuleThatIsAskedFor(t *testing.T) {
	t.Parallel()
	takesLong(t)
	cfg := shrinkConfig("counts again")
	f := failing(t, cfg, 120)
	f.Rule = "IDEM-5"
	var trials int
	f.Watch = func(p shrink.Progress) {
		if trials++; p.Rule != "IDEM-5" || p.Trials != trials {
			t.Errorf("%+v at trial %d", p, trials)
		}
	}
	got, err := scenarios.Shrink(t.Context(), cfg, f)
	if err != nil || got.Rule.ID != "IDEM-5" || !got.Minimal || deliveries(got.Steps) != 2 || trials == 0 {
		t.Fatalf("%s: %+v (%v)", got.Rule.ID, got.Steps, err)
	}
	// The scenario is one for anybody's features: it fails this receiver and no other.
	for _, mistake := range []string{"counts again", ""} {
		rep := verify(t, storyConfig(t, got.Feature, mistake))
		if want := map[bool]report.Verdict{true: report.Passed, false: report.Failed}[mistake == ""]; rep.Rules[0].Verdict != want {
			t.Errorf("a receiver that %q: %s, want %s: %s", mistake, rep.Rules[0].Verdict, want, rep.Rules[0].Reason)
		}
	}
	f.Rule = "ORD-4"
	if _, err := scenarios.Shrink(t.Context(), cfg, f); !errors.Is(err, shrink.ErrNothing) {
		t.Errorf("a rule that was not broken: %v", err)
	}
}

func TestShrinkEndsWhenItIsStopped(t *testing.T) {
	t.Parallel()
	takesLong(t)
	cfg := shrinkConfig("counts again")
	f := failing(t, cfg, 120)
	enough := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	f.Watch = func(p shrink.Progress) {
		if p.Trials == 3 {
			cancel(enough)
		}
	}
	if _, err := scenarios.Shrink(ctx, cfg, f); !errors.Is(err, enough) {
		t.Errorf("got %v, want the reason", err)
	}
}
