package delivery

import (
	"fmt"
	"time"

	"github.com/sentsim/sentsim/simulator/webhook"
)

// finished is where the end of an attempt becomes known: it is decided here what
// it means, and told to the webhook's health, the queue and the history. The
// delivery that the caller is to go on with replaces x; there may be none.
func (q *queue) finished(x *started, a Attempt) (more bool) {
	j := x.job
	q.mu.Lock()
	defer q.mu.Unlock()
	q.inFlight--
	if q.removed {
		q.d.settled(1)
		return false
	}
	if a.Outcome.Kind == Cancelled && q.d.ctx.Err() != nil {
		return false // closed: the delivery stays as it was
	}
	j.note(a)
	now := q.d.cfg.Clock.Now()
	switch {
	case a.Outcome.Kind == Cancelled:
		// Our own trouble: it says nothing of the receiver, so its health does not notice.
		j.end(Failed, a.Outcome.Err, now)
		q.record(now, j.Delivery)
	case a.Outcome.Accepted():
		q.hook.Observe(webhook.AttemptSucceeded, q.d.cfg.Rules.Health, now)
		j.end(Delivered, "", now)
		q.record(now, j.Delivery)
	case len(j.Attempts) >= q.d.cfg.Rules.Attempts(q.hook.RetryCount):
		disabled := q.hook.Observe(webhook.EventFailed, q.d.cfg.Rules.Health, now)
		j.end(Failed, exhausted(j.Attempts), now)
		q.record(now, append(q.afterFailure(disabled), j.Delivery)...)
	default:
		disabled := q.hook.Observe(webhook.AttemptFailed, q.d.cfg.Rules.Health, now)
		j.Status, j.Error = Retrying, a.Outcome.String()
		j.DueAt = now.Add(q.backoff(j))
		q.waiting.add(j)
		if q.hook.IsActive {
			q.record(now, j.Delivery)
		} else {
			q.record(now, q.afterFailure(disabled)...)
		}
	}
	if j.Done() {
		q.over(j)
	}
	more = q.due(x, now)
	q.startDue(now)
	return more
}

// record tells the journal how the webhook stands and which deliveries changed
// with it at that time, and then who waits for the end of those that are over.
func (q *queue) record(at time.Time, changed ...Delivery) {
	q.saved = append(q.saved[:0], changed...) // the journal keeps nothing of it
	q.d.save(Entry{At: at, Webhook: &q.hook, Deliveries: q.saved})
	q.show()
	over := 0
	for i := range changed {
		if changed[i].Done() {
			over++
		}
	}
	q.d.settled(over)
}

// note adds an attempt to the delivery.
func (j *job) note(a Attempt) {
	if len(j.Attempts) == 0 {
		j.StartedAt = a.At
	}
	j.Attempts = append(j.Attempts, a)
}

// backoff is the wait before the next attempt. What is drawn depends on nothing
// but the seed, the delivery and the attempt.
func (q *queue) backoff(j *job) time.Duration {
	n := len(j.Attempts)
	u := q.d.cfg.Seed.Stream("backoff", j.Number, uint64(n)).Float64()
	return q.d.cfg.Rules.Schedule.Delay(n, u)
}

// afterFailure ends what waits for a webhook that is disabled: by this failure,
// or by hand while the attempt was under way.
func (q *queue) afterFailure(disabled bool) (ended []Delivery) {
	switch {
	case disabled:
		return q.endWaiting(fmt.Sprintf("the webhook was disabled after %s in a row", q.failures()))
	case !q.hook.IsActive:
		return q.endWaiting("the webhook was disabled")
	}
	return nil
}

// failures is how many failures of which sort count now: "10 failed events".
func (q *queue) failures() string {
	what := "event"
	if q.d.cfg.Rules.Health.Counts == webhook.CountsAttempts {
		what = "attempt"
	}
	if q.hook.ConsecutiveFailures != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d failed %s", q.hook.ConsecutiveFailures, what)
}

// endWaiting fails everything that waits, and returns it.
func (q *queue) endWaiting(why string) (ended []Delivery) {
	now := q.d.cfg.Clock.Now()
	for j := q.waiting.first(); j != nil; j = q.waiting.first() {
		q.waiting.drop()
		text := why + ": never attempted"
		if len(j.Attempts) > 0 {
			text = why + ": not attempted again"
		}
		j.end(Failed, text, now)
		ended = append(ended, j.Delivery)
	}
	return ended
}

func (j *job) end(s Status, why string, now time.Time) {
	j.Status, j.Error, j.CompletedAt = s, why, now
}

func exhausted(attempts []Attempt) string {
	last := attempts[len(attempts)-1].Outcome
	if len(attempts) == 1 {
		return "the only attempt failed: " + last.String()
	}
	return fmt.Sprintf("all %d attempts failed; at the last, %s", len(attempts), last)
}
