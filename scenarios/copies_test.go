package scenarios_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/sentsim/sentsim/scenarios"
	"github.com/sentsim/sentsim/scenarios/receiver"
	"github.com/sentsim/sentsim/scenarios/report"
)

// deduplicating is the reference receiver with another memory of what it has processed:
// known is told the key of the n-th event, one at a time, and says whether it is a
// duplicate.
func deduplicating(t *testing.T, known func(key string, n int) bool) scenarios.Config {
	t.Helper()
	return changed(t, func(r *receiver.Receiver) error {
		var mu sync.Mutex
		n := 0
		add := r.Add
		r.Add = func(ctx context.Context, ev receiver.Event, reply []byte) (bool, error) {
			mu.Lock()
			n++
			again := known(ev.Key, n)
			ev.Key = fmt.Sprint(ev.Key, " ", n)
			mu.Unlock()
			if again {
				return false, nil
			}
			return add(ctx, ev, reply)
		}
		return nil
	})
}

// Where each of several processes remembers for itself, some duplicates are known: that
// nothing is deduplicated would be wrong. Of the receiver that knows none it is said.
func TestEachProcessRemembersForItself(t *testing.T) {
	t.Parallel()
	takesLong(t)
	for processes, want := range map[int]string{0: "no-deduplication", 3: "some-duplicates-known"} {
		seen := map[string]bool{}
		cfg := deduplicating(t, func(key string, n int) bool {
			if processes == 0 {
				return false
			}
			key = fmt.Sprint(n%processes, " ", key)
			again := seen[key]
			seen[key] = true
			return again
		})
		cfg.Rules = []string{"IDEM-1", "IDEM-2", "IDEM-3", "IDEM-5"}
		rep := verify(t, cfg)
		if len(rep.Causes) != 1 || rep.Causes[0].ID != want || verdicts(rep, report.Passed) != "" {
			t.Errorf("%d processes: causes %+v, want %s; passed %q", processes, rep.Causes, want, verdicts(rep, report.Passed))
		}
	}
}

// The first copy may come to the process that knows it: then IDEM-1 passes, and it is neither
// that nothing is deduplicated nor that the key changes with the attempt.
func TestACopyComesToTheProcessThatKnowsIt(t *testing.T) {
	t.Parallel()
	takesLong(t)
	seen := map[string]bool{}
	cfg := deduplicating(t, func(key string, n int) bool {
		key = fmt.Sprint(n/2%2, " ", key) // two in a row go to one process
		again := seen[key]
		seen[key] = true
		return again
	})
	cfg.Rules = []string{"IDEM-2"} // as where IDEM-1 passes
	rep := verify(t, cfg)
	if len(rep.Causes) != 1 || rep.Causes[0].ID != "some-duplicates-known" || verdicts(rep, report.Failed) != "IDEM-2" {
		t.Errorf("causes %+v: %s", rep.Causes, reasons(rep))
	}
}

// Who remembers the last events only has forgotten one before its retry comes: that it is
// marked after the answer would be wrong.
func TestWhatIsForgottenTooSoon(t *testing.T) {
	t.Parallel()
	takesLong(t)
	const most = 6
	var last []string
	cfg := deduplicating(t, func(key string, _ int) bool {
		again := slices.Contains(last, key)
		if last = append(last, key); len(last) > most {
			last = last[1:]
		}
		return again
	})
	cfg.Rules = []string{"IDEM-6"}
	rep := verify(t, cfg)
	if len(rep.Causes) != 1 || rep.Causes[0].ID != "forgotten-too-soon" || rep.Rules[0].Cause != rep.Causes[0].ID {
		t.Errorf("causes %+v: %s", rep.Causes, reasons(rep))
	}
}
