package history

import (
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/webhook"
)

// batch is what is written in one transaction. Of a counter, a webhook and a
// delivery only the last state counts; the rest is written step by step.
type batch struct {
	empty    bool // everything that is in the file goes first
	changes  uint64
	rows     int // to be written
	counters map[string]uint64
	latest   latest

	steps    []Change
	webhooks map[uuid.UUID]*webhook.Webhook // of those in steps

	deliveries []delivery.Delivery
	places     map[uuid.UUID]int // of each in deliveries
}

func newBatch() *batch {
	return &batch{counters: map[string]uint64{}, webhooks: map[uuid.UUID]*webhook.Webhook{}, places: map[uuid.UUID]int{}}
}

// add takes a copy of a change.
func (b *batch) add(c Change) {
	if c.Empty {
		n := b.changes
		*b = *newBatch()
		b.empty, b.changes = true, n
	}
	b.changes++
	for name, n := range c.Counters {
		b.counters[name] = max(b.counters[name], n)
	}
	b.latest.see(&c)
	for _, d := range c.Deliveries {
		b.addDelivery(d.Clone())
	}
	c.Counters, c.Deliveries = nil, nil
	c.At, c.Wall = time.Time{}, time.Time{}
	b.addWebhook(&c)
	if !c.empty() {
		b.steps = append(b.steps, c.copied())
		b.rows += 1 + len(c.Messages) + len(c.Planned) + len(c.Cancelled) + len(c.Notes) + len(c.Forgotten)
	}
}

func (b *batch) addDelivery(d delivery.Delivery) {
	if at, ok := b.places[d.ID]; ok {
		b.deliveries[at] = d
		return
	}
	b.places[d.ID] = len(b.deliveries)
	b.deliveries = append(b.deliveries, d)
	b.rows++
	b.latest.made = max(b.latest.made, d.Number)
}

// addWebhook puts the webhook's state into the step that has an earlier one.
func (b *batch) addWebhook(c *Change) {
	if c.Webhook != nil {
		w := c.Webhook.Clone()
		if earlier, ok := b.webhooks[w.ID]; ok {
			*earlier, c.Webhook = w, nil
		} else {
			c.Webhook = &w
			b.webhooks[w.ID] = &w
		}
	}
	if c.Removed != uuid.Nil {
		delete(b.webhooks, c.Removed)
		b.dropDeliveries(c.Removed)
	}
}

// dropDeliveries leaves out those of a webhook that was removed.
func (b *batch) dropDeliveries(webhookID uuid.UUID) {
	b.deliveries = slices.DeleteFunc(b.deliveries, func(d delivery.Delivery) bool { return d.WebhookID == webhookID })
	clear(b.places)
	for i, d := range b.deliveries {
		b.places[d.ID] = i
	}
}

// empty reports whether nothing is left of a change without counters and deliveries.
func (c Change) empty() bool {
	return c.Account == uuid.Nil && c.Webhook == nil && c.Removed == uuid.Nil && len(c.Messages) == 0 &&
		c.Template == nil && c.Edited == nil && c.RemovedTemplate == uuid.Nil && len(c.Planned) == 0 && c.Happened == nil &&
		len(c.Cancelled) == 0 && len(c.Notes) == 0 && c.Answer == nil && len(c.Forgotten) == 0
}

// copied is a change whose rows are its own; its webhook is one already.
func (c Change) copied() Change {
	c.Template, c.Edited, c.Happened, c.Answer = copyOf(c.Template), copyOf(c.Edited), copyOf(c.Happened), copyOf(c.Answer)
	c.Messages = slices.Clone(c.Messages)
	c.Planned = slices.Clone(c.Planned)
	c.Cancelled = slices.Clone(c.Cancelled)
	c.Notes = maps.Clone(c.Notes)
	c.Forgotten = slices.Clone(c.Forgotten)
	return c
}

func copyOf[T any](p *T) *T {
	if p == nil {
		return nil
	}
	c := *p
	return &c
}
