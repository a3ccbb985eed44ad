package delivery

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/signing"
	"github.com/sentsim/sentsim/simulator/webhook"
)

// errNotSubscribed keeps an event out of a queue.
var errNotSubscribed = errors.New("the webhook does not subscribe to it")

// queue is everything of one webhook: its state, what waits for it and what is
// under way. Whoever locks it holds the clock and lets go only after unlocking:
// letting go may run the very timers that lock it.
type queue struct {
	d  *Dispatcher
	id string // of the webhook

	mu       sync.Mutex
	hook     webhook.Webhook
	waiting  waiting
	inFlight int
	alarm    func() bool // cancels the timer for what waits; nil: none is set
	alarmAt  time.Time
	closed   bool
	removed  bool
	saved    []Delivery // room for what is told to the journal
	spare    []*job     // that are over, to be used again

	view sync.Mutex
	seen webhook.Webhook // hook as the journal knows it: read without waiting for the journal
}

// job is a delivery in the queue.
type job struct{ Delivery }

func (q *queue) webhook() webhook.Webhook {
	q.view.Lock()
	defer q.view.Unlock()
	return q.seen.Clone()
}

// show lets others see the webhook as it now stands.
func (q *queue) show() {
	q.view.Lock()
	defer q.view.Unlock()
	q.seen = q.hook // nothing writes to what they share
}

// take makes a delivery of an event, due now and without its body, unless the
// webhook does not want it. An empty filter matches.
func (q *queue) take(filter event.Type, eventID uuid.UUID, typ event.Type) (Delivery, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.hook.IsActive {
		return Delivery{}, ErrInactive
	}
	if filter != "" && !q.hook.Matches(filter) {
		return Delivery{}, errNotSubscribed
	}
	return q.newDelivery(eventID, typ)
}

func (q *queue) newDelivery(eventID uuid.UUID, typ event.Type) (Delivery, error) {
	n, err := q.d.number()
	if err != nil {
		return Delivery{}, err
	}
	now := q.d.cfg.Clock.Now()
	return Delivery{
		ID: q.d.cfg.Seed.Stream("delivery", n).UUID(), Number: n, WebhookID: q.hook.ID, EventID: eventID, EventType: typ,
		Status: Pending, CreatedAt: now, DueAt: now,
	}, nil
}

// add puts a delivery that the journal knows into the queue.
func (q *queue) add(x Delivery) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.removed {
		q.d.settled(1)
	}
	if q.closed {
		return
	}
	q.waiting.add(q.job(x))
	if !q.hook.IsActive { // disabled since take
		q.record(q.d.cfg.Clock.Now(), q.endWaiting("the webhook was disabled")...)
	}
	q.setAlarm()
}

// job is x as a job.
func (q *queue) job(x Delivery) *job {
	last := len(q.spare) - 1
	if last < 0 {
		return &job{x}
	}
	j := q.spare[last]
	q.spare = q.spare[:last]
	if len(x.Attempts) == 0 {
		x.Attempts = j.Attempts
	}
	*j = job{x}
	return j
}

// over keeps a job that is over, to be used again with its room for attempts:
// the journal has a copy of what it needs.
func (q *queue) over(j *job) {
	if len(q.spare) < 4*q.d.cfg.Rules.inFlight() { // as many as wait where deliveries are made without a pause
		clear(j.Attempts)
		*j = job{Delivery{Attempts: j.Attempts[:0]}}
		q.spare = append(q.spare, j)
	}
}

// setAlarm makes sure that the queue wakes up when the first of those that wait
// is due. Everything starts from the alarm, never from accept: so all that is
// due at one instant starts together, however it came to be due.
func (q *queue) setAlarm() {
	first := q.waiting.first()
	if first == nil || q.closed || q.inFlight >= q.d.cfg.Rules.inFlight() {
		return // nothing to wake up for: whoever finishes starts the next
	}
	if q.alarm != nil {
		if !q.alarmAt.After(first.DueAt) {
			return
		}
		q.alarm()
	}
	q.alarmAt = first.DueAt
	q.alarm = q.d.cfg.Clock.At(first.DueAt, q.wake)
}

// wake is the alarm: it starts what is due.
func (q *queue) wake() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.alarm = nil
	q.startDue(q.d.cfg.Clock.Now())
}

func (q *queue) startDue(now time.Time) {
	var x started
	for q.due(&x, now) {
		next := x
		go q.work(next)
	}
	q.setAlarm()
}

// started is a delivery whose attempt begins. Time stands still until it is over.
type started struct {
	*job
	hook  webhook.Webhook // from this moment: who rotates the secret does not change what is under way
	letGo func()
}

// due sets x to the first delivery that is due, if it may start.
func (q *queue) due(x *started, now time.Time) bool {
	first := q.waiting.first()
	if first == nil || q.inFlight >= q.d.cfg.Rules.inFlight() || first.DueAt.After(now) || !q.d.begin() {
		return false
	}
	q.waiting.drop()
	q.inFlight++
	*x = started{first, q.hook, q.d.cfg.Clock.Hold()}
	return true
}

// work makes an attempt, and then one more for each that its end lets start. A
// goroutine for each attempt would cost as much as signing it.
func (q *queue) work(x started) {
	for more := true; more; {
		letGo := x.letGo
		more = q.finished(&x, q.attempt(q.d.ctx, &x.hook, &x.Delivery))
		letGo()
		q.d.work.Done()
	}
}

// attempt sends one attempt and waits for its end.
func (q *queue) attempt(ctx context.Context, hook *webhook.Webhook, x *Delivery) Attempt {
	now := q.d.cfg.Clock.Now()
	a := Attempt{Number: len(x.Attempts) + 1, At: now, Timestamp: q.d.cfg.wall(now).Unix()}
	r := NewRequest(hook.EndpointURL, q.id, hook.SigningSecret, q.d.cfg.Rules.EventHeaders(x.EventType, x.EventID), x.Body, a.Timestamp)
	a.Signature = r.Get(signing.HeaderSignature)
	a.Outcome = q.d.cfg.Sender.Send(ctx, r, hook.Timeout())
	return a
}

// test makes a test delivery.
func (q *queue) test(ctx context.Context, e event.Event, body []byte) (Delivery, error) {
	q.mu.Lock()
	hook := q.hook
	q.mu.Unlock()
	if !hook.IsActive {
		return Delivery{}, ErrInactive
	}
	x, err := q.newDelivery(e.ID, e.Type)
	if err != nil {
		return Delivery{}, err
	}
	x.Body = body
	j := &job{Delivery: x}
	if !q.d.begin() {
		return Delivery{}, ErrClosed
	}
	defer q.d.work.Done()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	//nolint:contextcheck // two contexts can end it: the caller's and the dispatcher's
	defer context.AfterFunc(q.d.ctx, cancel)()

	j.Test = true
	a := q.attempt(ctx, &hook, &j.Delivery)
	j.note(a)
	j.Status, j.CompletedAt = Delivered, q.d.cfg.Clock.Now()
	if !a.Outcome.Accepted() {
		j.Status, j.Error = Failed, fmt.Sprintf("the test delivery failed: %s", a.Outcome)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.removed {
		q.d.save(Entry{Deliveries: []Delivery{j.Delivery}})
	}
	return j.Clone(), nil
}

func (q *queue) setActive(active bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.d.cfg.Clock.Now()
	q.hook.SetActive(active, now)
	var ended []Delivery
	if !active {
		ended = q.endWaiting("the webhook was disabled by hand")
	}
	q.record(now, ended...)
}

func (q *queue) rotate(secret signing.Secret) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.d.cfg.Clock.Now()
	q.hook.Rotate(secret, now)
	q.record(now)
}

func (q *queue) update(change func(*webhook.Webhook) error) (webhook.Webhook, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	next := q.hook.Clone()
	if err := change(&next); err != nil {
		return webhook.Webhook{}, err
	}
	q.hook = next
	q.record(q.d.cfg.Clock.Now())
	return q.hook.Clone(), nil
}

// remove drops what waits and takes no more notice of what is under way.
func (q *queue) remove() {
	dropped := q.forget()
	q.mu.Lock()
	defer q.mu.Unlock()
	q.removed = true
	q.d.save(Entry{Webhook: &q.hook, Removed: true})
	q.d.settled(dropped)
}

// forget drops what waits and says how many that were.
func (q *queue) forget() (dropped int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.alarm != nil {
		q.alarm()
		q.alarm = nil
	}
	dropped = len(q.waiting.jobs)
	q.closed, q.waiting.jobs = true, nil
	return dropped
}
