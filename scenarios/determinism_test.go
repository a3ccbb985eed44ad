package scenarios_test

import (
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sentsim/sentsim/scenarios"
	"github.com/sentsim/sentsim/scenarios/driver"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/scenarios/target"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/seed"
)

// Same seed, same version, same start: the same bodies, byte for byte, and the
// same verdicts in the same order, whatever the receiver's timing. Only whether a
// receiver that seems slow takes deliveries side by side is tried with some more, and
// those are the same where both runs send them.
func TestSameSeedSameRun(t *testing.T) {
	t.Parallel()
	tried := map[string]map[string]bool{} // bodies of that trial, by the message's id
	run := func(s seed.Seed) (bodies []string, rules []string, rep report.Report) {
		var mu sync.Mutex
		trial := sideBySide(s)
		cfg := handled(func(target.Env) http.HandlerFunc {
			return func(_ http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				mu.Lock()
				defer mu.Unlock()
				if i := slices.IndexFunc(trial, func(id string) bool { return strings.Contains(string(body), id) }); i >= 0 {
					if tried[trial[i]] == nil {
						tried[trial[i]] = map[string]bool{}
					}
					tried[trial[i]][string(body)] = true
					return
				}
				bodies = append(bodies, string(body))
			}
		})
		cfg.Start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		cfg.Seed = s
		lines := &lines{}
		rep = verify(t, cfg, scenarios.WithWatcher(lines))
		slices.Sort(bodies) // deliveries at the same instant arrive in any order
		return bodies, lines.ids, rep
	}
	bodies, rules, first := run(7)
	again, rulesAgain, second := run(7)
	for id, bodies := range tried {
		if len(bodies) > 1 {
			t.Errorf("two runs with one seed sent different bodies of %s: %q", id, slices.Collect(maps.Keys(bodies)))
		}
	}
	if len(bodies) < 100 {
		t.Errorf("only %d deliveries arrived", len(bodies))
	}
	if !slices.Equal(bodies, again) {
		t.Errorf("two runs with one seed sent different bodies")
		for _, b := range bodies {
			if !slices.Contains(again, b) {
				t.Logf("only in the first run: %.300s", b)
			}
		}
	}
	if !slices.Equal(rules, rulesAgain) {
		t.Errorf("rules were told in another order:\n%v\n%v", rules, rulesAgain)
	}
	for i, r := range first.Rules {
		s := second.Rules[i]
		if r.ID != s.ID || r.Verdict != s.Verdict || r.Reason != s.Reason {
			t.Errorf("%s %s %q, then %s %s %q", r.ID, r.Verdict, r.Reason, s.ID, s.Verdict, s.Reason)
			for j, one := range r.Scenarios {
				if two := s.Scenarios[j]; one.Verdict != two.Verdict || one.Reason != two.Reason {
					t.Logf("%s: %s %q, then %s %q", one.Name, one.Verdict, one.Reason, two.Verdict, two.Reason)
				}
			}
		}
	}
	if other, _, _ := run(8); slices.Equal(bodies, other) {
		t.Errorf("another seed sent the same bodies")
	}
	for _, b := range bodies {
		if strings.Contains(b, `\u`) {
			continue // written with escapes
		}
		if i := strings.Index(b, `"timestamp":"`); i >= 0 && !strings.HasPrefix(b[i:], `"timestamp":"2026-03-01T`) {
			t.Errorf("the wall clock is in a body although --start was given: %s", b)
		}
	}
}

// sideBySide are the ids of the messages by which a run finds out whether a slow receiver
// takes several deliveries in the time of one: how many of them it sends depends on time.
func sideBySide(s seed.Seed) (ids []string) {
	for _, n := range []uint64{6, 64} {
		for i := range n {
			m := driver.NewMessage(s.Stream("learn plain", n*100+i), driver.NewAccount(s), event.SMS, time.Time{})
			ids = append(ids, m.ID.String())
		}
	}
	return ids
}

// lines keeps the order in which rules were told.
type lines struct{ ids []string }

func (*lines) Start(report.Header)      {}
func (l *lines) RuleDone(r report.Rule) { l.ids = append(l.ids, r.ID) }
