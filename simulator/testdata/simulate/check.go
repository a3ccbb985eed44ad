package main

import (
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/history"
	"github.com/sentsim/sentsim/simulator/webhook"
)

// check holds a change that the platform writes against what must come of what
// has just happened, and makes it the state.
func (l *life) check(c history.Change) {
	if l.bad != nil {
		return
	}
	l.moveTo(l.clock.Now())
	if l.op != nil && says(c) {
		l.op.saved++
		l.op.at = len(l.log)
	}
	l.checkCancelled(c)
	l.checkAnswer(c)
	switch q, d := l.endedIn(c); {
	case q != nil:
		l.checkOutcome(q, d, c)
	case c.Happened != nil:
		l.checkEvent(c)
	case c.Removed != uuid.Nil:
		if l.op == nil || l.op.kind != remove || l.op.hook.ID != c.Removed {
			l.violated(lost, "a webhook was removed, and nobody asked for that")
		}
	case c.Webhook != nil:
		l.checkWebhook(c)
	case c.Template != nil || c.Edited != nil || c.RemovedTemplate != uuid.Nil:
		l.checkTemplate(c)
	case len(c.Deliveries) > 0:
		l.checkMade(c)
	}
	l.adopt(c)
}

// says reports whether a change says more than what time it is and how much was drawn.
func says(c history.Change) bool {
	return c.Happened != nil || c.Webhook != nil || c.Removed != uuid.Nil || len(c.Deliveries) > 0 || len(c.Planned) > 0 ||
		c.Edited != nil || c.RemovedTemplate != uuid.Nil || c.Answer != nil || len(c.Forgotten) > 0
}

// endedIn is the attempt whose end a change writes down, and the delivery that
// it was of.
func (l *life) endedIn(c history.Change) (*request, *delivery.Delivery) {
	for i := range c.Deliveries {
		d := &c.Deliveries[i]
		if len(d.Attempts) == 0 {
			continue
		}
		stamp := d.Attempts[len(d.Attempts)-1].Timestamp
		for at, q := range l.ended {
			if q.stamp == stamp && q.hook.ID == d.WebhookID {
				l.ended = slices.Delete(l.ended, at, at+1)
				return q, d
			}
		}
	}
	return nil, nil
}

// checkOutcome is section "retries, outcome, auto-disable".
func (l *life) checkOutcome(q *request, d *delivery.Delivery, c history.Change) {
	if q.test {
		l.checkTest(q, d, c)
		return
	}
	h, r := q.hook, l.rows[d.ID]
	if r == nil {
		l.violated(historyLaw, "%s: the attempt of a delivery that is not there was written down", l.name(h))
		return
	}
	if r != q.row {
		l.violated(historyLaw, "%s: the attempt of delivery %d is written down as one of delivery %d", l.name(h), q.row.Number, r.Number)
		return
	}
	l.checkAttempt(q, d, len(r.Attempts)+1)

	want := h.Clone()
	n, k := len(r.Attempts)+1, l.plan.knobs
	allowed := h.RetryCount
	if k.RetryCountCounts == delivery.CountsRetries {
		allowed++
	}
	status, alsoEnds := delivery.Failed, false
	switch o := q.answer.outcome; {
	case o.Kind == delivery.Cancelled: // trouble of our own says nothing of the receiver
	case o.Kind == delivery.Answered && o.Status/100 == 2:
		status = delivery.Delivered
		want.ConsecutiveFailures, want.LastDeliveryAttemptAt, want.LastSuccessfulDeliveryAt = 0, &l.now, &l.now
	default:
		want.LastDeliveryAttemptAt = &l.now
		if h.IsActive && (n >= allowed || k.DisableCounts == webhook.CountsAttempts) {
			want.ConsecutiveFailures++
			if want.ConsecutiveFailures == k.DisableThreshold {
				want.IsActive, alsoEnds = false, true
			}
		}
		if n < allowed && want.IsActive {
			status = delivery.Retrying
		}
	}
	l.sameWebhook(h, want, c.Webhook)
	l.checkRow(r, d, status)
	if status == delivery.Retrying {
		l.checkBackoff(r, d, n)
	}
	l.checkEnds(h, r, alsoEnds, c)
}

// checkAttempt is about the attempt that was written down.
func (l *life) checkAttempt(q *request, d *delivery.Delivery, n int) {
	a := d.Attempts[len(d.Attempts)-1]
	if len(d.Attempts) != n || a.Number != n || !a.At.Equal(q.start) || a.Outcome.Kind != q.answer.outcome.Kind || a.Outcome.Status != q.answer.outcome.Status {
		l.violated(historyLaw, "%s: attempt %d of delivery %d is written down as number %d of %d at %s: %s",
			l.name(q.hook), n, d.Number, a.Number, len(d.Attempts), l.after(a.At), a.Outcome)
	}
}

// checkRow is about a delivery whose status is decided.
func (l *life) checkRow(r *row, d *delivery.Delivery, status delivery.Status) {
	switch {
	case d.Status == delivery.Retrying && status == delivery.Failed:
		l.violated(tooMany, "%s: delivery %d waits for another attempt after %d, and none is allowed", l.name(r.hook), d.Number, len(d.Attempts))
	case d.Status != status:
		l.violated(historyLaw, "%s: delivery %d is %s, and must be %s", l.name(r.hook), d.Number, d.Status, status)
	case (status == delivery.Failed) != (d.Error != "") && status != delivery.Retrying:
		l.violated(historyLaw, "%s: delivery %d is %s with the reason %q", l.name(r.hook), d.Number, d.Status, d.Error)
	case d.Done() != d.CompletedAt.Equal(l.now):
		l.violated(historyLaw, "%s: delivery %d is %s, and completed at %s", l.name(r.hook), d.Number, d.Status, d.CompletedAt)
	case d.EventID != r.EventID || string(d.Body) != string(r.Body) || d.Number != r.Number:
		l.violated(sameBytes, "%s: delivery %d has changed its event", l.name(r.hook), d.Number)
	}
}

// checkBackoff: base after the first failure, a factor more each time, up to the cap.
func (l *life) checkBackoff(r *row, d *delivery.Delivery, n int) {
	k := l.plan.knobs
	wait := float64(k.BackoffBase)
	for range n - 1 {
		wait = math.Min(wait*k.BackoffFactor, float64(k.BackoffCap))
	}
	wait = math.Min(wait, float64(k.BackoffCap))
	least, most := l.now.Add(time.Duration(wait*(1-k.BackoffJitter))), l.now.Add(time.Duration(wait))
	if d.DueAt.Before(least) || d.DueAt.After(most) {
		l.violated(late, "%s: after attempt %d, delivery %d waits %s and must wait %s", l.name(r.hook), n, d.Number,
			d.DueAt.Sub(l.now), time.Duration(wait))
	}
}

// checkEnds: what a change ends beside r is everything that waits, or nothing.
func (l *life) checkEnds(h *hook, r *row, ends bool, c history.Change) {
	open := 0
	for _, other := range h.open {
		if other != r && other.flight == nil {
			open++
		}
	}
	for i := range c.Deliveries {
		d := &c.Deliveries[i]
		other := l.rows[d.ID]
		if r != nil && d.ID == r.ID {
			continue
		}
		if other == nil || other.flight != nil || other.Done() || !ends {
			l.violated(disabling, "%s: delivery %d was ended, and nothing says that it should", l.name(h), d.Number)
			return
		}
		open--
		l.checkRow(other, d, delivery.Failed)
		if !strings.Contains(d.Error, "disabled") || len(d.Attempts) != len(other.Attempts) {
			l.violated(historyLaw, "%s: delivery %d ended with its webhook, and says %q after %d attempts", l.name(h), d.Number, d.Error, len(d.Attempts))
		}
	}
	if ends && open > 0 && !l.stopping && (l.op != nil || r != nil) { // in a new life they end one by one
		l.violated(disabling, "%s is disabled, and %d deliveries still wait", l.name(h), open)
	}
}

// sameWebhook compares a webhook with what it must be.
func (l *life) sameWebhook(h *hook, want webhook.Webhook, got *webhook.Webhook) {
	if got == nil {
		l.violated(historyLaw, "%s: how it stands was not written down", l.name(h))
		return
	}
	switch {
	case got.IsActive != want.IsActive || got.ConsecutiveFailures != want.ConsecutiveFailures:
		l.violated(disabling, "%s: active %t with %d failures in a row, and must be: active %t with %d", l.name(h),
			got.IsActive, got.ConsecutiveFailures, want.IsActive, want.ConsecutiveFailures)
	case !got.SigningSecret.Equal(want.SigningSecret):
		l.violated(secretLaw, "%s: its secret is not the one that holds", l.name(h))
	case got.ID != want.ID || got.EndpointURL != want.EndpointURL || got.RetryCount != want.RetryCount || got.TimeoutSeconds != want.TimeoutSeconds ||
		!slices.Equal(got.EventTypes, want.EventTypes) || !maps.EqualFunc(got.EventFilters, want.EventFilters, slices.Equal[[]string]):
		l.violated(historyLaw, "%s: its settings are %+v, and must be %+v", l.name(h), *got, want)
	case !sameTime(got.LastDeliveryAttemptAt, want.LastDeliveryAttemptAt) || !sameTime(got.LastSuccessfulDeliveryAt, want.LastSuccessfulDeliveryAt):
		l.violated(historyLaw, "%s: its last attempt or success was at another time", l.name(h))
	}
}

func sameTime(a, b *time.Time) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Equal(*b)
}

// checkEvent is section "subscription and filtering", and when events happen.
func (l *life) checkEvent(c history.Change) {
	e := *c.Happened
	planned, ok := l.planned[e.ID]
	switch {
	case !ok && l.op != nil && l.op.events > 0:
		l.op.events--
	case !ok:
		l.violated(lost, "an event happened that nobody planned: %s", e.Type)
	case planned.CreatedAt.After(l.now):
		l.violated(early, "an event happened before its time: %s", e.Type)
	case planned.CreatedAt.Before(l.now) && !planned.CreatedAt.Before(l.began):
		l.violated(late, "an event of %s happened at %s: %s", l.after(planned.CreatedAt), l.after(l.now), e.Type)
	}
	if ok && l.op == nil { // a decision lets happen what is due of its own review
		l.checkTurn(planned)
	}
	l.checkContact(e)
	var want []*hook
	for _, h := range l.hooks {
		if h.IsActive && subscribes(h, e) {
			want = append(want, h)
		}
	}
	if len(want) != len(c.Deliveries) {
		l.violated(matching, "%s made %d deliveries, and %d webhooks want it", e.Type, len(c.Deliveries), len(want))
		return
	}
	for i := range c.Deliveries {
		d := &c.Deliveries[i]
		if d.WebhookID != want[i].ID {
			l.violated(matching, "%s was delivered to a webhook that does not want it", e.Type)
		}
		l.checkNew(d, e.ID)
	}
}

// checkTurn: events happen in the order of their times, after a restart too. What
// one of them says may depend on the earlier ones.
func (l *life) checkTurn(e event.Event) {
	for _, other := range l.planned {
		if other.CreatedAt.Before(e.CreatedAt) {
			first := l.toCome()[0]
			l.violated(late, "an event of %s happened before one of %s: %s before %s", l.after(e.CreatedAt), l.after(first.CreatedAt), e.Type, first.Type)
			return
		}
	}
}

// checkNew is about a delivery that has just been made.
func (l *life) checkNew(d *delivery.Delivery, eventID uuid.UUID) {
	if _, known := l.rows[d.ID]; known || d.Status != delivery.Pending || len(d.Attempts) > 0 || !d.DueAt.Equal(l.now) || !d.CreatedAt.Equal(l.now) {
		l.violated(historyLaw, "a new delivery is %+v", *d)
	}
	if d.EventID != eventID {
		l.violated(sameBytes, "a delivery of event %s says that it is of %s", eventID, d.EventID)
	}
	l.sameBody(d.EventID, d.Body)
}

// subscribes says whether a webhook wants an event.
func subscribes(h *hook, e event.Event) bool {
	parent, sub, _ := strings.Cut(string(e.Type), ".")
	if e.Template != nil {
		sub = strings.ToLower(e.Template.Status)
	}
	if !slices.Contains(h.EventTypes, parent) {
		return false
	}
	suffixes, narrowed := h.EventFilters[parent]
	return !narrowed || slices.Contains(suffixes, sub)
}

// checkWebhook is about a webhook that somebody changes.
func (l *life) checkWebhook(c history.Change) {
	o := l.op
	if h := l.hook(c.Webhook.ID); o == nil && h != nil && !h.IsActive {
		// It was disabled while an attempt was under way, and then the process died:
		// in the next life that attempt must not be made again.
		l.sameWebhook(h, h.Webhook, c.Webhook)
		l.checkEnds(h, nil, true, c)
		return
	}
	if o == nil {
		l.violated(historyLaw, "a webhook was changed, and nobody asked for that")
		return
	}
	if o.hook == nil { // it is being registered: its id and its secret are what it says
		if l.hook(c.Webhook.ID) != nil {
			l.violated(lost, "a new webhook has the id of another one")
		}
		o.want.ID, o.want.SigningSecret = c.Webhook.ID, c.Webhook.SigningSecret
		o.hook = &hook{Webhook: o.want}
	}
	if o.kind == rotate {
		if c.Webhook.SigningSecret.Equal(o.want.SigningSecret) {
			l.violated(secretLaw, "%s: the secret did not change", l.name(o.hook))
		}
		o.want.SigningSecret = c.Webhook.SigningSecret
	}
	l.sameWebhook(o.hook, o.want, c.Webhook)
	l.checkEnds(o.hook, nil, o.ends, c)
}

// checkMade is about a replay.
func (l *life) checkMade(c history.Change) {
	if l.op == nil || l.op.kind != replay || len(c.Deliveries) != 1 || c.Deliveries[0].WebhookID != l.op.hook.ID {
		l.violated(matching, "a delivery was made or changed, and nothing says why")
		return
	}
	l.checkNew(&c.Deliveries[0], l.op.event)
}

// checkTest is about a test delivery: one attempt, and no health.
func (l *life) checkTest(q *request, d *delivery.Delivery, c history.Change) {
	if c.Webhook != nil || !d.Test {
		l.violated(disabling, "%s: its health took notice of a test delivery", l.name(q.hook))
	}
	l.checkAttempt(q, d, 1)
	if accepted := q.answer.outcome.Kind == delivery.Answered && q.answer.outcome.Status/100 == 2; !d.Done() || accepted != (d.Status == delivery.Delivered) {
		l.violated(historyLaw, "%s: the test delivery is %s", l.name(q.hook), d.Status)
	}
}
