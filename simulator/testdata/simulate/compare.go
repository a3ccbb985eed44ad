package main

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/history"
	"github.com/sentsim/sentsim/simulator/webhook"
)

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
	l.compareTemplates()
	l.compareContacts()
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
	for _, e := range l.toCome() {
		if e.CreatedAt.Before(l.now) && !l.began.Equal(l.now) {
			l.violated(late, "an event of %s has not happened: %s", l.after(e.CreatedAt), e.Type)
		}
		if m := l.messages[e.Subject()]; m != nil && !l.sameMessage(e.Subject(), m) {
			l.violated(lost, "message %s is forgotten, and %s is still to come", e.Subject(), e.Type)
		}
	}
	l.compareAnswers(state.Answers)
}

// compareWebhooks compares both what is remembered and what the platform shows.
func (l *life) compareWebhooks(remembered []webhook.Webhook) {
	l.mu.Unlock()
	shown := l.sim.Webhooks()
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
	l = w.letTimePass(ctx, l, func(ctx context.Context, l *life) error { return l.sim.Drain(ctx) })
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
	remembered := 0
	for _, id := range slices.SortedFunc(maps.Keys(w.messages), compareIDs) {
		if l.sameMessage(id, w.messages[id]) {
			remembered++
		}
	}
	if least := w.keeps(len(w.messages)); remembered < least {
		w.violated(lost, "%d messages are remembered, and at least %d must be", remembered, least)
	}
	return l
}

// keeps is how many of n things that are over are remembered at least.
func (w *world) keeps(n int) int {
	if w.plan.keep == 0 {
		return n
	}
	return min(n, w.plan.keep)
}

// sameMessage reports whether a message is remembered, and compares it with what
// it must be.
func (l *life) sameMessage(id uuid.UUID, m *message) bool {
	got, err := l.memory.Message(id)
	if err == nil && (got.Status != m.last || len(got.Activities) != m.events) {
		l.violated(lost, "message %s is %s with %d activities, and must be %s with %d", id, got.Status, len(got.Activities), m.last, m.events)
	}
	return err == nil
}

// toCome are the planned events, in the order of their times.
func (w *world) toCome() []event.Event {
	return slices.SortedFunc(maps.Values(w.planned), func(a, b event.Event) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), compareIDs(a.ID, b.ID))
	})
}

func compareIDs(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) }

func (w *world) compareHistory(l *life, h *hook) {
	page, err := l.memory.Deliveries(h.ID, history.Query{})
	if err != nil {
		w.violated(historyLaw, "it cannot be read: %v", err)
	}
	n := 0
	for _, r := range w.rows {
		if r.hook == h {
			n++
		}
	}
	if least := w.keeps(n); len(page.Rows) < least || len(page.Rows) > n {
		w.violated(historyLaw, "%s: %d deliveries are remembered; %d were made, and at least %d must be kept", w.name(h), len(page.Rows), n, least)
	}
	for _, d := range page.Rows {
		r := w.rows[d.ID]
		if r == nil || d.Status != r.Status || len(d.Attempts) != len(r.Attempts) || (d.Status == delivery.Failed) != (d.Error != "") {
			w.violated(historyLaw, "%s: delivery %d is remembered as %s after %d attempts", w.name(h), d.Number, d.Status, len(d.Attempts))
		}
	}
}
