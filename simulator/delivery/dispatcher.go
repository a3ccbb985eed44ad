package delivery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/seed"
	"github.com/sentsim/sentsim/simulator/signing"
	"github.com/sentsim/sentsim/simulator/webhook"
)

var (
	// ErrNoWebhook is returned when no webhook has that id.
	ErrNoWebhook = errors.New("no such webhook")
	// ErrInactive is returned for a test delivery or a replay to a disabled webhook.
	ErrInactive = errors.New("the webhook is disabled: enable it first")
	// ErrClosed is returned by everything that would start something after Close.
	ErrClosed = errors.New("closed: nothing is delivered any more")
)

// Order is in which order one webhook's deliveries go out.
type Order string

// The orders.
const (
	Concurrent Order = "concurrent" // up to Concurrency at a time: retries and slow answers reorder them
	Strict     Order = "strict"     // one after another: the next event waits until the one before is delivered or failed
)

// RetryCountCounts says what a webhook's retry_count counts.
type RetryCountCounts string

// What it can count.
const (
	CountsRetries  RetryCountCounts = "retries"  // retries after the first attempt
	CountsAttempts RetryCountCounts = "attempts" // attempts in all
)

// Rules are how a platform delivers.
type Rules struct {
	Schedule         Schedule
	RetryCountCounts RetryCountCounts
	Health           webhook.HealthRules
	Order            Order
	Concurrency      int  // attempts in flight per webhook, with order concurrent
	EventTypeHeader  bool // send X-Webhook-Event-Type
	EventIDHeader    bool // send X-Webhook-Event-ID
}

// EventHeaders are those of an event's deliveries, as far as they are sent.
func (r Rules) EventHeaders(t event.Type, id uuid.UUID) EventHeaders {
	var h EventHeaders
	if r.EventTypeHeader {
		h.Type = t
	}
	if r.EventIDHeader {
		h.ID = id
	}
	return h
}

// Attempts is how many attempts a delivery has at most.
func (r Rules) Attempts(retryCount int) int {
	if r.RetryCountCounts == CountsAttempts {
		return retryCount
	}
	return 1 + retryCount
}

// inFlight is how many attempts of one webhook may be under way.
func (r Rules) inFlight() int {
	if r.Order == Strict {
		return 1
	}
	return r.Concurrency
}

// Journal is told about everything that changes, in the order in which it does.
type Journal interface {
	// Save notes an entry, whole or not at all. It must not keep what the entry
	// points to.
	Save(e Entry) error
}

// Entry is what changes at one moment.
type Entry struct {
	At         time.Time        // simulation time, if it is known; zero: now
	Event      *event.Event     // that happened: Deliveries are those it makes
	Webhook    *webhook.Webhook // as it stands now; nil: no webhook changed
	Removed    bool             // the webhook is gone
	Deliveries []Delivery       // made or changed
}

// Config is what a Dispatcher works with. Every field but Wall and Settled is required.
type Config struct {
	Clock   clock.Clock
	Sender  Sender
	Seed    seed.Seed
	Wall    func() time.Time // of signature timestamps; nil: the time on the wall
	Journal Journal
	Rules   Rules
	Encode  func(event.Event) []byte // the body of an event that is emitted without one
	// Settled is called once for every delivery that is over, while time stands still.
	Settled func()
}

// wall is the time on the wall when the clock shows now.
func (c *Config) wall(now time.Time) time.Time {
	if c.Wall != nil {
		return c.Wall()
	}
	return clock.WallAt(c.Clock, now)
}

// Dispatcher delivers events to webhooks. Each webhook has a queue of its own;
// what happens to one never delays another. It starts nothing before its clock
// moves on, and everything that is due at the same instant starts together. While
// an attempt is under way it holds the clock.
type Dispatcher struct {
	cfg  Config
	ctx  context.Context //nolint:containedctx // ends with Close: attempts in flight stop
	stop context.CancelFunc
	work sync.WaitGroup // attempts in flight

	making sync.Pool // of *making

	mu     sync.Mutex
	closed bool
	order  []*queue // in the order of registration
	queues map[uuid.UUID]*queue
	made   uint64 // deliveries so far
	err    error  // the journal's first
}

// NewDispatcher is a dispatcher without webhooks. Close it.
func NewDispatcher(cfg Config) *Dispatcher {
	ctx, stop := context.WithCancel(context.Background())
	return &Dispatcher{
		cfg: cfg, ctx: ctx, stop: stop, queues: map[uuid.UUID]*queue{},
		making: sync.Pool{New: func() any { return &making{} }},
	}
}

// Add registers a webhook.
func (d *Dispatcher) Add(w webhook.Webhook) {
	d.save(Entry{Webhook: &w})
	d.add(w)
}

func (d *Dispatcher) add(w webhook.Webhook) {
	d.mu.Lock()
	defer d.mu.Unlock()
	q := &queue{d: d, id: w.ID.String(), hook: w.Clone(), waiting: waiting{strict: d.cfg.Rules.Order == Strict}}
	q.show()
	d.order = append(d.order, q)
	d.queues[w.ID] = q
}

// Restore goes on where another dispatcher stopped, before anything else is done
// with this one: with its webhooks, its deliveries that are not over, and the
// number of deliveries it had made. What was under way is attempted again.
func (d *Dispatcher) Restore(hooks []webhook.Webhook, unfinished []Delivery, made uint64) {
	defer d.cfg.Clock.Hold()()
	for _, w := range hooks {
		d.add(w)
	}
	d.mu.Lock()
	d.made = made
	d.mu.Unlock()
	for _, x := range unfinished {
		if q, err := d.queue(x.WebhookID); err == nil {
			q.add(x.Clone())
		}
	}
}

// Update changes a webhook's settings.
func (d *Dispatcher) Update(id uuid.UUID, change func(*webhook.Webhook) error) (webhook.Webhook, error) {
	q, err := d.queue(id)
	if err != nil {
		return webhook.Webhook{}, err
	}
	return q.update(change)
}

// Remove forgets a webhook, its history and all that waits for it. What is under
// way ends unnoticed.
func (d *Dispatcher) Remove(id uuid.UUID) error {
	defer d.cfg.Clock.Hold()()
	q, err := d.queue(id)
	if err != nil {
		return err
	}
	d.mu.Lock()
	delete(d.queues, id)
	d.order = slices.DeleteFunc(slices.Clone(d.order), func(other *queue) bool { return other == q })
	d.mu.Unlock()
	q.remove()
	return nil
}

// Webhook is the webhook as it stands.
func (d *Dispatcher) Webhook(id uuid.UUID) (webhook.Webhook, error) {
	q, err := d.queue(id)
	if err != nil {
		return webhook.Webhook{}, err
	}
	return q.webhook(), nil
}

// Webhooks are all webhooks as they stand, in the order of their registration.
func (d *Dispatcher) Webhooks() []webhook.Webhook {
	queues := d.all()
	all := make([]webhook.Webhook, len(queues))
	for i, q := range queues {
		all[i] = q.webhook()
	}
	return all
}

// Len is how many webhooks there are.
func (d *Dispatcher) Len() int { return len(d.all()) }

// Emit makes a delivery of e for every active webhook that subscribes to it, and
// returns their ids. A webhook that does not take e now never hears of it. body
// must not change any more; without one, e is encoded once somebody takes it.
func (d *Dispatcher) Emit(e event.Event, body []byte) ([]uuid.UUID, error) {
	defer d.cfg.Clock.Hold()()
	filter := webhook.FilterType(e)
	made := d.making.Get().(*making)
	defer d.making.Put(made)
	made.deliveries, made.queues = made.deliveries[:0], made.queues[:0]
	for _, q := range d.all() {
		x, err := q.take(filter, e.ID, e.Type)
		switch {
		case errors.Is(err, errNotSubscribed), errors.Is(err, ErrInactive):
		case err != nil:
			return nil, err
		default:
			if body == nil {
				body = d.cfg.Encode(e)
			}
			x.Body = body
			made.deliveries, made.queues = append(made.deliveries, x), append(made.queues, q)
		}
	}
	// Noted before any of them can start, and all together: whoever reads the
	// journal later finds the event with all its deliveries or not at all.
	made.event = e
	d.save(Entry{At: made.at(), Event: &made.event, Deliveries: made.deliveries})
	ids := make([]uuid.UUID, len(made.deliveries))
	for i, x := range made.deliveries {
		ids[i] = x.ID
		made.queues[i].add(x)
	}
	return ids, nil
}

// making is room for what an event makes; the journal keeps nothing of it.
type making struct {
	event      event.Event
	deliveries []Delivery
	queues     []*queue
}

// at is when it was made; zero when nothing was.
func (m *making) at() (t time.Time) {
	if len(m.deliveries) > 0 {
		t = m.deliveries[0].CreatedAt
	}
	return t
}

// Replay makes another delivery of an earlier one: the same body again.
func (d *Dispatcher) Replay(earlier Delivery) (uuid.UUID, error) {
	defer d.cfg.Clock.Hold()()
	q, err := d.queue(earlier.WebhookID)
	if err != nil {
		return uuid.Nil, err
	}
	x, err := q.take("", earlier.EventID, earlier.EventType)
	if err != nil {
		return uuid.Nil, err
	}
	x.Body = earlier.Body
	d.save(Entry{Deliveries: []Delivery{x}})
	q.add(x)
	return x.ID, nil
}

// Test makes a test delivery: one attempt at once, no retry, and the webhook's
// health does not notice.
func (d *Dispatcher) Test(ctx context.Context, id uuid.UUID, e event.Event, body []byte) (Delivery, error) {
	defer d.cfg.Clock.Hold()()
	q, err := d.queue(id)
	if err != nil {
		return Delivery{}, err
	}
	return q.test(ctx, e, body)
}

// SetActive disables a webhook by hand, which ends what still waits for it, or
// enables it again, which brings nothing back.
func (d *Dispatcher) SetActive(id uuid.UUID, active bool) error {
	defer d.cfg.Clock.Hold()()
	q, err := d.queue(id)
	if err != nil {
		return err
	}
	q.setActive(active)
	return nil
}

// Rotate gives a webhook another secret. It signs every attempt from now on,
// those of waiting retries too.
func (d *Dispatcher) Rotate(id uuid.UUID, secret signing.Secret) error {
	q, err := d.queue(id)
	if err != nil {
		return err
	}
	q.rotate(secret)
	return nil
}

// Err is the first error of the journal: history is then incomplete.
func (d *Dispatcher) Err() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.err
}

// Finish begins nothing more and waits until the attempts under way have ended,
// or ctx. Close is still needed.
func (d *Dispatcher) Finish(ctx context.Context) {
	d.mu.Lock()
	d.closed = true
	d.mu.Unlock()
	for _, q := range d.all() {
		q.forget()
	}
	ended := make(chan struct{})
	go func() { // ends with the attempts: Close stops those that are left
		d.work.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-ctx.Done():
	}
}

// Close stops the attempts in flight, waits for them, and forgets what waits:
// its status in the history stays as it is. It may be called again.
func (d *Dispatcher) Close() {
	d.mu.Lock()
	d.closed = true
	d.mu.Unlock()
	for _, q := range d.all() {
		q.forget()
	}
	d.stop()
	d.work.Wait()
}

func (d *Dispatcher) queue(id uuid.UUID) (*queue, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if q, ok := d.queues[id]; ok {
		return q, nil
	}
	return nil, fmt.Errorf("webhook %s: %w", id, ErrNoWebhook)
}

func (d *Dispatcher) all() []*queue {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.order[:len(d.order):len(d.order)]
}

// begin counts one attempt in flight, unless the dispatcher is closed.
func (d *Dispatcher) begin() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return false
	}
	d.work.Add(1)
	return true
}

// number numbers a new delivery.
func (d *Dispatcher) number() (uint64, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return 0, ErrClosed
	}
	d.made++
	return d.made, nil
}

// settled tells that n deliveries are over.
func (d *Dispatcher) settled(n int) {
	for range n {
		if d.cfg.Settled != nil {
			d.cfg.Settled()
		}
	}
}

func (d *Dispatcher) save(e Entry) {
	err := d.cfg.Journal.Save(e)
	if err == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err == nil {
		d.err = fmt.Errorf("history: %w", err)
	}
}
