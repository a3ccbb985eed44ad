package scenarios_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/sentsim/sentsim/scenarios"
	"github.com/sentsim/sentsim/scenarios/chaosrun"
	"github.com/sentsim/sentsim/scenarios/receiver"
	"github.com/sentsim/sentsim/simulator/chaos"
)

func TestTryZoo(t *testing.T) {
	profile, _ := chaos.LookupProfile(chaos.DefaultProfile)
	turn := make(chan struct{}, 3)
	for _, m := range append([]receiver.Mutant{{}}, receiver.Mutants()...) {
		t.Run(m.Name, func(t *testing.T) {
			t.Parallel()
			turn <- struct{}{}
			defer func() { <-turn }()
			cfg := zooConfig(t, m.Name)
			plan, err := scenarios.ChaosPlan(cfg, profile, 300)
			if err != nil {
				t.Fatal(err)
			}
			rep, err := scenarios.Chaos(t.Context(), cfg, "test", scenarios.ChaosRun{Plan: plan, Command: "chaos", Options: chaosrun.Options{Concurrency: 16}})
			if err != nil {
				t.Log(err)
			}
			got := brokenRules(rep)
			var extra, missing []string
			for _, id := range got {
				if !slices.Contains(m.Rules(), id) {
					extra = append(extra, id)
				}
			}
			for _, id := range m.Rules() {
				if !slices.Contains(got, id) {
					missing = append(missing, id)
				}
			}
			word := "found"
			if len(got) == 0 {
				word = "NOTHING"
			}
			t.Errorf("ZOO %s %s declared=%s got=%s extra=%s missing=%s\n%s", word, m.Name, strings.Join(m.Rules(), ","), strings.Join(got, ","), strings.Join(extra, ","), strings.Join(missing, ","), explain(rep))
		})
	}
}
