package scenarios_test

import (
	"iter"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sentsim/sentsim/scenarios"
	"github.com/sentsim/sentsim/scenarios/chaosrun"
	"github.com/sentsim/sentsim/scenarios/config"
	"github.com/sentsim/sentsim/scenarios/oracle"
	"github.com/sentsim/sentsim/scenarios/receiver"
	"github.com/sentsim/sentsim/simulator/chaos"
)

// failing runs 300 messages on the default seed against a target that breaks rules.
func failing(t *testing.T, cfg config.Config) scenarios.Failing {
	t.Helper()
	profile, ok := chaos.LookupProfile(chaos.DefaultProfile)
	if !ok {
		t.Fatal("no default profile")
	}
	plan, err := scenarios.ChaosPlan(cfg, profile, 300)
	if err != nil {
		t.Fatal(err)
	}
	f := scenarios.Failing{Plan: plan, Concurrency: 16, Origin: "sentsim chaos --seed 1 --messages 300 --profile everything"}
	_, err = scenarios.Chaos(t.Context(), cfg, "test", scenarios.ChaosRun{
		Plan: plan, Command: "chaos", Options: chaosrun.Options{Concurrency: 16},
		Found: func(res chaosrun.Result) { f.Book, f.Steps = res.Book, first(plan.Steps(), res.Steps) },
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

func TestShrinkZoo(t *testing.T) {
	only := os.Getenv("MUTANTS")
	var sizes []int
	for _, m := range receiver.Mutants() {
		if only != "" && !slices.Contains(strings.Split(only, ","), m.Name) {
			continue
		}
		t.Run(m.Name, func(t *testing.T) {
			cfg := zooConfig(t, m.Name)
			start := time.Now()
			f := failing(t, cfg)
			var broken []string
			for id := range f.Book.Violated {
				broken = append(broken, id)
			}
			slices.Sort(broken)
			ran := time.Since(start)
			start = time.Now()
			got, err := scenarios.Shrink(t.Context(), cfg, f)
			t.Logf("declares %v, broken %v; run %s; shrunk %s to %d deliveries in %s, %d trials; began %s ended %s minimal %v; why %q; err %v\n%s\n%s",
				m.Rules(), broken, ran.Round(time.Millisecond), got.Rule.ID, deliveries(got.Steps), time.Since(start).Round(time.Millisecond), got.Trials, got.Began, got.Ended, got.Minimal, got.Why, err, got.Feature, got.NoFeature)
			if got.Steps != nil {
				sizes = append(sizes, deliveries(got.Steps))
			}
		})
	}
	slices.Sort(sizes)
	t.Logf("%v", sizes)
}

var _ = oracle.Violation{}
