package webhook_test

import (
	"testing"

	"github.com/sentsim/sentsim/simulator/webhook"
)

// The knob disable_counts takes these words.
func TestCountsAreNamedAsInTheKnob(t *testing.T) {
	if webhook.CountsEvents != "events" || webhook.CountsAttempts != "attempts" {
		t.Errorf("got %q and %q, want events and attempts", webhook.CountsEvents, webhook.CountsAttempts)
	}
}

// A forgotten result must not read as a success, or as anything else.
func TestNoResultIsTheZeroOne(t *testing.T) {
	for name, r := range map[string]webhook.Result{
		"AttemptSucceeded": webhook.AttemptSucceeded, "AttemptFailed": webhook.AttemptFailed, "EventFailed": webhook.EventFailed,
	} {
		if r == 0 {
			t.Errorf("%s is the zero value", name)
		}
	}
}
