package webhook_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sentsim/sentsim/simulator/webhook"
)

// observe feeds results written as letters: s(uccess), a(ttempt failed), e(vent
// failed), d(isable by hand), r(e-enable). It returns after which ones the
// webhook was disabled by Observe, and the count at the end.
func observe(w *webhook.Webhook, rules webhook.HealthRules, results string) (disabledAt []int, count int) {
	for i, r := range results {
		now := moment().Add(time.Duration(i+1) * time.Minute)
		switch r {
		case 'd':
			w.SetActive(false, now)
		case 'r':
			w.SetActive(true, now)
		default:
			result := map[rune]webhook.Result{'s': webhook.AttemptSucceeded, 'a': webhook.AttemptFailed, 'e': webhook.EventFailed}[r]
			if w.Observe(result, rules, now) {
				disabledAt = append(disabledAt, i+1)
			}
		}
	}
	return disabledAt, w.ConsecutiveFailures
}

func TestObserve(t *testing.T) {
	events, attempts := webhook.HealthRules{}, webhook.HealthRules{Counts: webhook.CountsAttempts}
	for _, c := range []struct {
		name    string
		rules   webhook.HealthRules
		results string
		at      int // result that disabled it, 0: none
		count   int
	}{
		{"ten failed events in a row", events, "eeeeeeeeee", 10, 10},
		{"nine", events, "eeeeeeeee", 0, 9},
		{"a success in between", events, "eeeeeeeeeseeeeeeeee", 0, 9},
		{"ten after a success", events, "eseeeeeeeeee", 12, 10},
		{"failed attempts do not count", events, "aaaaaaaaaaaaaaae", 0, 1},
		{"nor do they reset", events, "eeeeeeeeeaaae", 13, 10},
		{"attempts count where told", attempts, "aaaeaaaeaa", 10, 10},
		{"a success resets them", attempts, "aaaeaaaeasa", 0, 1},
		{"other threshold", webhook.HealthRules{Threshold: 2}, "aeae", 4, 2},
		{"threshold 1", webhook.HealthRules{Threshold: 1, Counts: webhook.CountsAttempts}, "a", 1, 1},
		{"nothing counts while disabled", events, "deeeeeeeeeeee", 0, 0},
		{"it is not disabled twice", webhook.HealthRules{Threshold: 2}, "eeee", 2, 2},
		{"a late success resets, but does not enable", webhook.HealthRules{Threshold: 2}, "ees", 2, 0},
		{"re-enabling restarts at 0", events, "eeeeeeeeedreeeeeeeee", 0, 9},
		{"enabling an active one changes nothing", events, "eeer", 0, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWebhook(t, plain())
			at, count := observe(&w, c.rules, c.results)
			if c.at == 0 && len(at) > 0 || c.at > 0 && (len(at) != 1 || at[0] != c.at) || count != c.count {
				t.Errorf("disabled after result %v, %d failures counted; want %d and %d", at, count, c.at, c.count)
			}
			if c.at > 0 && w.IsActive {
				t.Error("it says that it is active")
			}
		})
	}
}

func TestObserveKeepsTimes(t *testing.T) {
	w := newWebhook(t, plain())
	observe(&w, webhook.HealthRules{}, "ase")
	if got := w.LastDeliveryAttemptAt.Sub(moment()); got != 3*time.Minute {
		t.Errorf("last attempt after %s", got)
	}
	if got := w.LastSuccessfulDeliveryAt.Sub(moment()); got != 2*time.Minute {
		t.Errorf("last success after %s", got)
	}
	if !w.UpdatedAt.Equal(moment()) {
		t.Error("a delivery is no update")
	}
	observe(&w, webhook.HealthRules{Threshold: 1}, "e")
	if got := w.UpdatedAt.Sub(moment()); got != time.Minute {
		t.Errorf("updated after %s", got)
	}
}

// TestDisabledExactlyAtTheThreshold: a webhook is disabled by the failure that
// makes the run since the last success or enabling as long as the threshold.
func TestDisabledExactlyAtTheThreshold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rules := webhook.HealthRules{
			Threshold: rapid.IntRange(1, 4).Draw(t, "threshold"),
			Counts:    rapid.SampledFrom([]webhook.Counts{webhook.CountsEvents, webhook.CountsAttempts}).Draw(t, "counts"),
		}
		w := webhook.Webhook{IsActive: true}
		run := 0
		for _, r := range rapid.SliceOf(rapid.SampledFrom([]rune("saedr"))).Draw(t, "results") {
			active := w.IsActive
			disabled, _ := observe(&w, rules, string(r))
			switch {
			case r == 's', r == 'r' && !active:
				run = 0
			case active && (r == 'e' || r == 'a' && rules.Counts == webhook.CountsAttempts):
				run++
			}
			if want := active && (r == 'a' || r == 'e') && run == rules.Threshold; (len(disabled) == 1) != want {
				t.Fatalf("%c with a run of %d of %d: disabled %v", r, run, rules.Threshold, disabled)
			}
			if w.ConsecutiveFailures != run {
				t.Fatalf("counts %d, want %d", w.ConsecutiveFailures, run)
			}
		}
	})
}
