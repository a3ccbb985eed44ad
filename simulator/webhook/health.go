package webhook

import "time"

// Counts says which failures count towards disabling a webhook.
type Counts string

// What can be counted. Sent's lifecycle page counts events.
const (
	CountsEvents   Counts = "events"   // an event counts once its retries are exhausted
	CountsAttempts Counts = "attempts" // every failed attempt counts
)

// DisableThreshold is how many failures in a row disable a webhook.
const DisableThreshold = 10

// HealthRules are when a webhook is disabled. The zero value stands for Sent's own.
type HealthRules struct {
	Counts    Counts // "": CountsEvents
	Threshold int    // 0: DisableThreshold
}

func (r HealthRules) threshold() int {
	if r.Threshold > 0 {
		return r.Threshold
	}
	return DisableThreshold
}

// Result is what became of one attempt, as far as a webhook's health is concerned.
type Result int

// The results.
const (
	AttemptSucceeded Result = iota + 1 // the event is delivered
	AttemptFailed                      // a retry is due
	EventFailed                        // the attempt failed and no retry is left
)

// Observe takes note of an attempt that ended at now, and reports whether it
// disabled the webhook: is_active is then false. This is the one place that
// knows which failures count:
//
//   - a success resets the count to 0, at any time;
//   - a failed event counts 1; a failed attempt that is followed by a retry
//     counts 1 only where attempts are counted;
//   - nothing counts while the webhook is disabled: what is still in flight then
//     neither disables it again nor burdens it once it is enabled.
//
// Test deliveries and deliveries that end because the webhook was disabled are
// no result of it and must not be told to Observe.
func (w *Webhook) Observe(r Result, rules HealthRules, now time.Time) (disabled bool) {
	w.LastDeliveryAttemptAt = &now
	if r == AttemptSucceeded {
		w.LastSuccessfulDeliveryAt = &now
		w.ConsecutiveFailures = 0
		return false
	}
	counts := r == EventFailed || rules.Counts == CountsAttempts
	if !w.IsActive || !counts {
		return false
	}
	w.ConsecutiveFailures++
	if w.ConsecutiveFailures < rules.threshold() {
		return false
	}
	w.IsActive, w.UpdatedAt = false, now
	return true
}
