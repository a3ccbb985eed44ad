package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/history"
	"github.com/sentsim/sentsim/simulator/seed"
	"github.com/sentsim/sentsim/simulator/webhook"
)

// patience is how long, in real time, a plan may take that needs milliseconds.
const patience = 20 * time.Second

// result is what came of a plan.
type result struct {
	bad                          *violation // nil: everything was as it must be
	simulated                    time.Duration
	requests, phantoms, restarts int
	story                        []string
}

// carryOut carries out a plan, and watches.
func carryOut(ctx context.Context, p plan, patience time.Duration) result {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	w := &world{plan: p, now: start, began: start, asked: map[uint64]uint64{}, bodies: map[uuid.UUID][]byte{}, stamped: map[int64]bool{}}
	for i := range w.moods {
		w.moods[i] = healthy
	}
	w.forget()
	l := w.live(start)
	for _, s := range p.steps {
		if l = w.do(ctx, l, s); w.violation() != nil || ctx.Err() != nil {
			break
		}
	}
	if w.violation() == nil {
		l = w.finish(ctx, l)
	}
	_ = l.sim.Close() // what it says is about a file that is thrown away
	w.mu.Lock()
	defer w.mu.Unlock()
	return result{w.bad, w.now.Sub(start), w.requests, w.phantoms, w.restarts, w.told()}
}

func (w *world) violation() *violation {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.bad
}

// live begins a life: it goes on with what is left of the file.
func (w *world) live(at time.Time) *life {
	l := &life{world: w, clock: clock.NewVirtual(at), memory: history.NewMemory(w.plan.keep), diesIn: -1, end: func() {}}
	for _, c := range w.log {
		_ = l.memory.Save(copied(c)) // it never fails
	}
	w.mu.Lock()
	w.now, w.began = at, at
	w.rebuild()
	w.mu.Unlock()
	sim, err := simulator.New(simulator.Config{
		Seed: w.plan.seed, Start: at, Clock: l.clock, Knobs: w.plan.knobs, Sender: sender{l}, Store: store{l.memory, l},
		Wall: w.wall, Secrets: w.plan.seed.Stream("secrets", uint64(w.restarts)), //nolint:gosec // counted from 0
	})
	if err != nil {
		w.violated(ending, "it does not start again: %v", err)
		sim, _ = simulator.New(simulator.Config{})
	}
	l.sim = sim
	return l
}

// wall gives every attempt a timestamp of its own, by which it is known again.
func (w *world) wall() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stamps++
	return time.Unix(w.stamps, 0)
}

// do lets the time before a step pass and does it; it returns the life that goes on.
func (w *world) do(ctx context.Context, l *life, s step) *life {
	if s.wait > 0 || s.choice%2 == 0 {
		l = w.advance(ctx, l, s.wait)
	}
	if w.violation() != nil || ctx.Err() != nil {
		return l
	}
	l.tell(l.clock.Now(), "%s", s)
	switch s.kind {
	case pass:
	case receiver:
		w.moods[s.number%receivers] = moods()[s.choice%len(moods())]
	case crash:
		w.mu.Lock()
		l.diesIn, l.downtime = s.number%maxWrites, s.downtime()
		w.mu.Unlock()
	case stop:
		if err := l.sim.Close(); err != nil && !l.dead {
			w.violated(lost, "it did not stop in good order: %v", err)
		}
		if !l.dead {
			return w.again(l, len(w.log), s.downtime())
		}
	case reset:
		_ = l.sim.Close()
		if !l.dead {
			w.log, w.safe = nil, 0
			clear(w.bodies)
			return w.again(l, 0, 0)
		}
	case register, send, burst, receive, submit, rotate, disable, enable, remove, edit, replay, test:
		l.operate(ctx, s)
	}
	if l.died() {
		return w.bury(l)
	}
	l.compare()
	return l
}

// advance lets time pass, through any number of crashes.
func (w *world) advance(ctx context.Context, l *life, d time.Duration) *life {
	return w.live1(ctx, l, func(ctx context.Context, l *life) error {
		before := l.clock.Now()
		err := l.sim.Advance(ctx, d)
		d -= min(d, l.clock.Now().Sub(before))
		return err
	})
}

// live1 lets somebody let time pass, and again in the next life if this one ends.
func (w *world) live1(ctx context.Context, l *life, f func(context.Context, *life) error) *life {
	for {
		own, end := context.WithCancel(ctx)
		w.mu.Lock()
		l.end = end
		w.mu.Unlock()
		err := f(own, l)
		end()
		switch {
		case l.died():
			if l = w.bury(l); w.violation() == nil && ctx.Err() == nil {
				continue
			}
			return l
		case ctx.Err() != nil:
			w.violated(ending, "something never ends: it was given up in real time")
		case err != nil:
			w.violated(historyLaw, "time passes with an error: %v", err)
		default:
			l.compare()
		}
		return l
	}
}

func (l *life) died() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.dead
}

// bury ends a life that has died, decides what is left of its file, and begins the next.
func (w *world) bury(l *life) *life {
	_ = l.sim.Close()
	unsafe := len(w.log) - w.safe
	kept := w.safe + w.plan.seed.Stream("crash", uint64(w.restarts)).IntN(unsafe+1) //nolint:gosec // counted from 0
	l.tell(w.now, "it dies; of the last %d writes %d are lost, and it is down for %s", unsafe, len(w.log)-kept, l.downtime)
	return w.again(l, kept, l.downtime)
}

// again is the next life, with the first changes of the file.
func (w *world) again(l *life, kept int, downtime time.Duration) *life {
	w.log = w.log[:kept]
	w.safe = kept
	w.restarts++
	next := w.live(w.now.Add(downtime))
	next.compare()
	return next
}

// operate does something to the platform, and sees that it kept its word.
func (l *life) operate(ctx context.Context, s step) {
	l.mu.Lock()
	hooks := slices.Clone(l.hooks)
	l.moveTo(l.clock.Now())
	l.mu.Unlock()
	if len(hooks) == 0 && slices.Contains([]kind{rotate, disable, enable, remove, edit, replay, test}, s.kind) {
		return
	}
	o := &op{kind: s.kind}
	if s.kind != register && len(hooks) > 0 {
		o.hook = hooks[s.number%len(hooks)]
		o.want = o.hook.Clone()
	}
	l.mu.Lock()
	l.op = o
	l.mu.Unlock()
	err := l.carryOut(ctx, s, o)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.op = nil
	switch {
	case l.dead || l.bad != nil:
	case errors.Is(err, errNothing):
	case err != nil:
		l.violated(historyLaw, "%s: %v", s.kind, err)
	case o.saved == 0:
		l.violated(lost, "%s was accepted and not written down", s.kind)
	case l.safe < o.at:
		l.violated(lost, "%s was accepted, and would not survive a crash: only %d of %d writes are safe", s.kind, l.safe, o.at)
	}
}

// errNothing is for an operation that is rightly refused.
var errNothing = errors.New("nothing to do")

func (l *life) carryOut(ctx context.Context, s step, o *op) error {
	switch s.kind {
	case register:
		if len(l.sim.Webhooks()) >= maxWebhooks {
			return errNothing
		}
		cfg := configured(s)
		o.want = webhook.Webhook{
			DisplayName: cfg.DisplayName, EndpointURL: cfg.EndpointURL, EventTypes: []string{"message", "templates"},
			EventFilters: cfg.EventFilters, RetryCount: *cfg.RetryCount, TimeoutSeconds: *cfg.TimeoutSeconds, IsActive: true,
		}
		w, err := l.sim.RegisterWebhook(cfg)
		if err == nil && !w.SigningSecret.Equal(o.want.SigningSecret) {
			l.violated(secretLaw, "the secret that was given out is not the one that was written down")
		}
		return err
	case rotate:
		secret, err := l.sim.RotateSecret(o.hook.ID)
		if err == nil && !secret.Equal(o.want.SigningSecret) {
			l.violated(secretLaw, "the secret that was given out is not the one that was written down")
		}
		return err
	case disable, enable:
		if o.want.IsActive, o.ends = s.kind == enable, s.kind == disable; s.kind == enable && !o.hook.IsActive {
			o.want.ConsecutiveFailures = 0
		}
		return l.sim.SetActive(o.hook.ID, s.kind == enable)
	case remove:
		return l.sim.DeleteWebhook(o.hook.ID)
	case edit:
		cfg := configured(s)
		o.want.DisplayName, o.want.EndpointURL, o.want.EventFilters = cfg.DisplayName, cfg.EndpointURL, cfg.EventFilters
		o.want.RetryCount, o.want.TimeoutSeconds = *cfg.RetryCount, *cfg.TimeoutSeconds
		_, err := l.sim.UpdateWebhook(o.hook.ID, cfg)
		return err
	case replay:
		return l.replay(s, o)
	case test:
		_, err := l.sim.TestDelivery(ctx, o.hook.ID, "message.delivered")
		return l.onlyActive(o, err)
	case send, receive, submit, burst:
		return l.traffic(s, o)
	case receiver, stop, crash, reset, pass:
	}
	return errNothing
}

const maxWebhooks = 4

// configured is what a step says about a webhook.
func configured(s step) webhook.Config {
	retries, timeout := 1+s.choice%5, seed.Pick(seed.Seed(s.choice).Stream("timeout"), []int{5, 30, 120}) //nolint:gosec // below 100
	return webhook.Config{
		DisplayName: "simulated", EndpointURL: endpoint(s.choice % receivers), RetryCount: &retries, TimeoutSeconds: &timeout,
		EventFilters: []map[string][]string{
			{}, {}, {}, {"message": {"delivered", "failed"}}, {"templates": {"approved"}}, {"message": {"received", "read", "sent"}, "templates": {"rejected"}},
		}[s.choice%6],
	}
}

// replay replays one of the deliveries.
func (l *life) replay(s step, o *op) error {
	l.mu.Lock()
	all := slices.SortedFunc(maps.Values(l.rows), func(a, b *row) int { return int(a.Number) - int(b.Number) })
	l.mu.Unlock()
	if len(all) == 0 {
		return errNothing
	}
	r := all[s.choice%len(all)]
	o.hook, o.event = r.hook, r.EventID
	_, err := l.sim.Replay(r.ID)
	if l.plan.keep > 0 && errors.Is(err, simulator.ErrNotFound) {
		return errNothing
	}
	return l.onlyActive(o, err)
}

// onlyActive is right for what a disabled webhook must refuse.
func (l *life) onlyActive(o *op, err error) error {
	switch {
	case o.hook.IsActive:
		return err
	case errors.Is(err, simulator.ErrInactive):
		return errNothing
	}
	return fmt.Errorf("the webhook is disabled, and it says %w", err)
}

// compare holds what the platform remembers against what is true. It is called
// when time stands still.
func (l *life) compare() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.dead || l.bad != nil {
		return
	}
	l.moveTo(l.clock.Now())
	state, err := l.memory.Restore()
	if err != nil {
		l.violated(historyLaw, "it cannot be read: %v", err)
		return
	}
	l.compareWebhooks(state.Webhooks)
	open := 0
	for _, h := range l.hooks {
		open += len(h.open)
		if next := l.next(h); next != nil && !h.IsActive {
			l.violated(silence, "%s is disabled, and delivery %d still waits for it", l.name(h), next.Number)
		}
	}
	if len(state.Waiting) != open {
		l.violated(lost, "%d deliveries are not over, and %d must be", len(state.Waiting), open)
	}
	for _, d := range state.Waiting {
		if r := l.rows[d.ID]; r == nil || r.Status != d.Status || len(r.Attempts) != len(d.Attempts) || !r.DueAt.Equal(d.DueAt) {
			l.violated(lost, "a delivery that is not over is remembered as %+v", d)
		}
	}
	if len(state.Planned) != len(l.planned) {
		l.violated(lost, "%d events are planned, and %d must be", len(state.Planned), len(l.planned))
	}
	for _, e := range l.planned {
		if e.CreatedAt.Before(l.now) && !l.began.Equal(l.now) {
			l.violated(late, "an event of %s has not happened: %s", l.after(e.CreatedAt), e.Type)
		}
	}
	given := map[string]bool{}
	for _, a := range state.Answers {
		given[a.Key] = true
	}
	if !maps.Equal(given, l.answers) {
		l.violated(lost, "%d answers are remembered, and %d were given", len(given), len(l.answers))
	}
}

// compareWebhooks compares both what is remembered and what the platform shows.
func (l *life) compareWebhooks(remembered []webhook.Webhook) {
	l.mu.Unlock()
	shown := l.sim.Webhooks() // it asks the clock for nothing and us for nothing, but who knows
	l.mu.Lock()
	for _, all := range [][]webhook.Webhook{remembered, shown} {
		if len(all) != len(l.hooks) {
			l.violated(lost, "there are %d webhooks, and must be %d", len(all), len(l.hooks))
			return
		}
		for i, h := range l.hooks {
			l.sameWebhook(h, h.Webhook, &all[i])
		}
	}
}

// finish lets everything happen that is left, and looks at the end.
func (w *world) finish(ctx context.Context, l *life) *life {
	l = w.live1(ctx, l, func(ctx context.Context, l *life) error { return l.sim.Drain(ctx) })
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.bad != nil {
		return l
	}
	for _, h := range w.hooks {
		if len(h.open) > 0 {
			w.violated(ending, "%s: %d deliveries never end", w.name(h), len(h.open))
		}
		w.compareHistory(l, h)
	}
	if len(w.planned) > 0 {
		w.violated(ending, "%d events never happen", len(w.planned))
	}
	for id, m := range w.messages {
		got, err := l.memory.Message(id)
		if err != nil && w.plan.keep == 0 || err == nil && (got.Status != m.last || len(got.Activities) != m.events) {
			w.violated(lost, "message %s is %s with %d activities (%v), and must be %s with %d", id, got.Status, len(got.Activities), err, m.last, m.events)
		}
	}
	return l
}

func (w *world) compareHistory(l *life, h *hook) {
	page, err := l.memory.Deliveries(h.ID, history.Query{})
	if err != nil {
		w.violated(historyLaw, "it cannot be read: %v", err)
	}
	if w.plan.keep == 0 {
		n := 0
		for _, r := range w.rows {
			if r.hook == h {
				n++
			}
		}
		if n != len(page.Rows) {
			w.violated(historyLaw, "%s: %d deliveries are remembered, and %d were made", w.name(h), len(page.Rows), n)
		}
	}
	for _, d := range page.Rows {
		r := w.rows[d.ID]
		if r == nil || d.Status != r.Status || len(d.Attempts) != len(r.Attempts) || (d.Status == delivery.Failed) != (d.Error != "") {
			w.violated(historyLaw, "%s: delivery %d is remembered as %s after %d attempts", w.name(h), d.Number, d.Status, len(d.Attempts))
		}
	}
}

// line is a line of the story.
type line struct {
	at   time.Time
	text string
}

func (w *world) tell(at time.Time, format string, args ...any) {
	if !w.plan.told || w.bad != nil {
		return
	}
	w.story = append(w.story, line{at, fmt.Sprintf(format, args...)})
}

// after is a time as the story tells it: since the beginning.
func (w *world) after(t time.Time) string {
	return t.Sub(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)).Round(time.Millisecond).String()
}

func (w *world) told() []string {
	slices.SortStableFunc(w.story, func(a, b line) int { return a.at.Compare(b.at) })
	all := make([]string, len(w.story))
	for i, s := range w.story {
		all[i] = fmt.Sprintf("%14s  %s", w.after(s.at), strings.TrimSpace(s.text))
	}
	return all
}
