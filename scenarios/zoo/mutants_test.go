package zoo_test

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sentsim/sentsim/scenarios/config"
	"github.com/sentsim/sentsim/scenarios/probe"
	"github.com/sentsim/sentsim/scenarios/receiver"
	"github.com/sentsim/sentsim/scenarios/receiver/mutant"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/scenarios/rule"
	"github.com/sentsim/sentsim/scenarios/target"
	"github.com/sentsim/sentsim/scenarios/zoo"
)

// mutants are those to test; of the sample one of each family that is not slow by
// its mistake. The slowest come first.
func mutants() []mutant.Mutant {
	all := mutant.All()
	if !zoo.Whole() {
		seen := map[string]bool{}
		all = slices.DeleteFunc(all, func(m mutant.Mutant) bool {
			if slices.Contains(m.Rules(), "ACK-1") || slices.Contains(m.Rules(), "ACK-2") {
				return true
			}
			again := seen[family(m)]
			seen[family(m)] = true
			return again
		})
	}
	slow := func(m mutant.Mutant) int {
		if slices.ContainsFunc(m.Rules(), func(id string) bool { return strings.HasPrefix(id, "ACK-") }) {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(all, func(a, b mutant.Mutant) int { return slow(b) - slow(a) })
	return all
}

// family is that of the first rule that a mutant breaks.
func family(m mutant.Mutant) string {
	name, _, _ := strings.Cut(m.Breaks[0].Rule, "-")
	return name
}

// stateful reports whether a mutant breaks a rule, or a part of one, that only
// the receiver's state shows.
func stateful(m mutant.Mutant) bool {
	return slices.ContainsFunc(m.Breaks, func(b mutant.Broken) bool {
		r, _ := rule.Get(b.Rule)
		return r.State || r.StatePart != "" && !strings.Contains(b.Phrase, "2xx")
	})
}

// configOf is a run against a mutant; "" is the receiver without a mistake.
func configOf(t *testing.T, name string) config.Config {
	t.Helper()
	cfg := config.Default()
	cfg.Strict = true
	cfg.Settle = 200 * time.Millisecond
	cfg.Probe = probe.Config{
		Message:  &probe.Endpoint{URL: "/state/messages/{message_id}", Status: "$.status", Effects: "$.effects"},
		Inbound:  &probe.Endpoint{URL: "/state/inbound?from={from}", Count: "$.count"},
		Template: &probe.Endpoint{URL: "/state/templates/{template_id}", Status: "$.status", Effects: "$.effects"},
		Contact:  &probe.Endpoint{URL: "/state/contacts?number={from}", OptedOut: "$.opted_out"},
	}
	file := filepath.Join(t.TempDir(), "receiver.db")
	cfg.Target = target.Spec{Name: "mutant " + name, Path: receiver.DefaultPath, StartTimeout: 30 * time.Second}
	if name == "header-case" { // net/http hides the case from a handler
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		cfg.Target.Exec = "'" + self + "'"
		cfg.Target.Env = map[string]string{"SENTSIM_MUTANT": name, "STATE_FILE": file}
		return cfg
	}
	cfg.Target.Handler = func(env target.Env) (http.Handler, func() error, error) {
		own := receiver.Config{Secret: env.Secret.Reveal(), File: file, BaseURL: env.BaseURL, APIKey: env.APIKey}
		if err := mutant.Apply(&own, name); err != nil {
			return nil, nil, err
		}
		r, err := receiver.New(own)
		if err != nil {
			return nil, nil, err
		}
		return r, r.Close, nil
	}
	return cfg
}

// brokenBy are the rules that a report calls broken; wrong are those that errored,
// which is the harness's fault.
func brokenBy(rep report.Report) (broken map[string]report.Rule, wrong []string) {
	broken = map[string]report.Rule{}
	for _, r := range rep.Rules {
		switch r.Verdict {
		case report.Failed, report.Warned:
			broken[r.ID] = r
		case report.Errored:
			wrong = append(wrong, r.ID+" errored: "+r.Reason)
		case report.Passed, report.NotChecked:
		}
	}
	return broken, wrong
}
