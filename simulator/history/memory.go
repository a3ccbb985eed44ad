package history

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/webhook"
)

// Memory is a Store in memory.
type Memory struct {
	mu    sync.RWMutex
	limit int
	remembered
}

type remembered struct {
	account  uuid.UUID
	counters map[string]uint64
	latest   latest
	webhooks list[webhook.Webhook]
	removed  removed
	planned  list[event.Event]
	coming   map[uuid.UUID]int // planned events of each message

	deliveries map[uuid.UUID]*delivery.Delivery
	byWebhook  map[uuid.UUID][]*delivery.Delivery
	messages   list[Message]
	looked     map[uuid.UUID]int // see behind
	templates  list[Template]
	answers    answers
	notes      map[string]string
}

// NewMemory is an empty store that keeps the last limit deliveries of each
// webhook and the last limit messages; all of them with limit 0. What is not
// over is kept beyond the limit, so that its end is not lost.
func NewMemory(limit int) *Memory {
	return &Memory{limit: limit, remembered: nothing()}
}

func nothing() remembered {
	return remembered{
		counters:   map[string]uint64{},
		notes:      map[string]string{},
		coming:     map[uuid.UUID]int{},
		looked:     map[uuid.UUID]int{},
		deliveries: map[uuid.UUID]*delivery.Delivery{},
		byWebhook:  map[uuid.UUID][]*delivery.Delivery{},
	}
}

// Flush implements Store. Nothing in memory outlives the process.
func (m *Memory) Flush() error { return nil }

// Save implements Store. It never fails.
func (m *Memory) Save(c Change) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if c.Empty {
		m.remembered = nothing()
	}
	if c.Account != uuid.Nil {
		m.account = c.Account
	}
	for name, n := range c.Counters {
		m.counters[name] = max(m.counters[name], n)
	}
	m.latest.see(&c)
	m.removed.leaveOut(&c)
	m.saveWebhook(c)
	for _, message := range c.Messages {
		m.messages.put(message.ID, message.clone())
	}
	if c.Template != nil {
		m.templates.put(c.Template.ID, *c.Template)
	}
	if c.Edited != nil {
		m.templates.change(c.Edited.ID, func(t *Template) { t.edit(*c.Edited) })
	}
	m.templates.drop(c.RemovedTemplate)
	for _, e := range c.Planned {
		m.planned.put(e.ID, e)
		m.coming[e.Subject()]++
	}
	for _, id := range c.Cancelled {
		m.noLongerPlanned(id)
	}
	if c.Happened != nil {
		m.happened(*c.Happened)
	}
	for key, text := range c.Notes {
		m.notes[key] = text
		if text == "" {
			delete(m.notes, key)
		}
	}
	m.answers.save(c)
	for i := range c.Deliveries {
		m.saveDelivery(&c.Deliveries[i])
	}
	m.trimMessages()
	return nil
}

func (m *Memory) saveWebhook(c Change) {
	if c.Webhook != nil {
		if old, ok := m.webhooks.get(c.Webhook.ID); ok {
			*old = cloneOver(old, c.Webhook)
		} else {
			m.webhooks.put(c.Webhook.ID, c.Webhook.Clone())
		}
	}
	if c.Removed != uuid.Nil && m.webhooks.drop(c.Removed) {
		for _, d := range m.byWebhook[c.Removed] {
			delete(m.deliveries, d.ID)
		}
		delete(m.byWebhook, c.Removed)
		delete(m.looked, c.Removed)
	}
}

// cloneOver is w.Clone, in the room that old takes where it can: a webhook is
// saved with every delivery, and what changes of it is its health.
func cloneOver(old, w *webhook.Webhook) webhook.Webhook {
	if old.LastDeliveryAttemptAt == nil || old.LastSuccessfulDeliveryAt == nil ||
		w.LastDeliveryAttemptAt == nil || w.LastSuccessfulDeliveryAt == nil ||
		!slices.Equal(old.EventTypes, w.EventTypes) || !maps.EqualFunc(old.EventFilters, w.EventFilters, slices.Equal[[]string]) {
		return w.Clone()
	}
	c := *w
	c.EventTypes, c.EventFilters = old.EventTypes, old.EventFilters
	c.LastDeliveryAttemptAt, c.LastSuccessfulDeliveryAt = old.LastDeliveryAttemptAt, old.LastSuccessfulDeliveryAt
	*c.LastDeliveryAttemptAt, *c.LastSuccessfulDeliveryAt = *w.LastDeliveryAttemptAt, *w.LastSuccessfulDeliveryAt
	return c
}

func (m *Memory) noLongerPlanned(eventID uuid.UUID) {
	e, ok := m.planned.get(eventID)
	if !ok {
		return
	}
	id := e.Subject()
	m.planned.drop(eventID)
	if m.coming[id]--; m.coming[id] == 0 {
		delete(m.coming, id)
	}
}

func (m *Memory) happened(e event.Event) {
	m.noLongerPlanned(e.ID)
	id := e.Subject()
	switch {
	case e.Outbound != nil:
		m.messages.change(id, func(message *Message) { message.take(e) })
	case e.Inbound != nil:
		m.messages.put(id, received(e))
	case e.Template != nil:
		m.templates.change(id, func(t *Template) { t.take(e) })
	}
}

func (m *Memory) saveDelivery(d *delivery.Delivery) {
	rows := m.byWebhook[d.WebhookID]
	before := len(rows)
	row, known := m.deliveries[d.ID]
	if !known {
		m.latest.made = max(m.latest.made, d.Number)
		row, rows = m.room(rows)
		m.deliveries[d.ID] = row
		rows = append(rows, row)
	}
	attempts := append(row.Attempts[:0], d.Attempts...)
	*row = *d
	row.Attempts = attempts
	if rows = m.trim(d.WebhookID, rows); !known || len(rows) != before {
		m.byWebhook[d.WebhookID] = rows
	}
}

// room is a row for another delivery: where the limit is reached, the oldest one
// with what it takes, instead of leaving both to the garbage collector.
func (m *Memory) room(rows []*delivery.Delivery) (row *delivery.Delivery, rest []*delivery.Delivery) {
	if m.limit == 0 || len(rows) < m.limit || !rows[0].Done() {
		return new(delivery.Delivery), rows
	}
	row, rows[0] = rows[0], nil
	delete(m.deliveries, row.ID)
	clear(row.Attempts) // what they point to
	return row, rows[1:]
}

// trim drops the oldest deliveries of a webhook that are over.
func (m *Memory) trim(webhookID uuid.UUID, rows []*delivery.Delivery) []*delivery.Delivery {
	for m.limit > 0 && len(rows) > m.limit && rows[0].Done() {
		delete(m.deliveries, rows[0].ID)
		rows[0] = nil
		rows = rows[1:]
	}
	if excess := len(rows) - m.limit; m.behind(webhookID, excess) {
		rows = slices.DeleteFunc(rows, func(d *delivery.Delivery) bool {
			drop := excess > 0 && d.Done()
			if drop {
				delete(m.deliveries, d.ID)
				excess--
			}
			return drop
		})
		m.looked[webhookID] = len(rows) - m.limit
	}
	return rows
}

// behind reports whether it is time to look behind the oldest row, which is not
// over: the rows beyond the limit have become more by a tenth of it since the
// last time. id is a webhook's, or zero for the messages.
func (m *Memory) behind(id uuid.UUID, excess int) bool {
	if m.limit == 0 || excess <= 0 {
		delete(m.looked, id)
		return false
	}
	return excess > m.looked[id]+m.limit/10
}

// trimMessages drops the oldest messages that are over.
func (m *Memory) trimMessages() {
	for m.limit > 0 && m.messages.len() > m.limit && m.coming[m.messages.first().ID] == 0 {
		m.messages.drop(m.messages.first().ID)
	}
	if excess := m.messages.len() - m.limit; m.behind(uuid.Nil, excess) {
		for _, message := range m.messages.rows() {
			if excess > 0 && m.coming[message.ID] == 0 {
				m.messages.drop(message.ID)
				excess--
			}
		}
		m.looked[uuid.Nil] = excess
	}
}

// Restore implements Store. It never fails.
func (m *Memory) Restore() (State, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	s := State{Account: m.account, Counters: map[string]uint64{}, Planned: m.planned.all(), Answers: m.answers.all(), Notes: maps.Clone(m.notes)}
	maps.Copy(s.Counters, m.counters)
	m.latest.count(s.Counters)
	for _, w := range m.webhooks.all() {
		s.Webhooks = append(s.Webhooks, w.Clone())
	}
	for _, rows := range m.byWebhook {
		for _, d := range rows {
			if !d.Done() {
				s.Waiting = append(s.Waiting, d.Clone())
			}
		}
	}
	slices.SortFunc(s.Waiting, func(a, b delivery.Delivery) int { return int(a.Number) - int(b.Number) }) //nolint:gosec // not that many
	return s, nil
}

// Delivery implements Store.
func (m *Memory) Delivery(id uuid.UUID) (delivery.Delivery, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	d, ok := m.deliveries[id]
	if !ok {
		return delivery.Delivery{}, fmt.Errorf("delivery %s: %w", id, ErrNotFound)
	}
	return d.Clone(), nil
}

// Deliveries implements Store. It never fails.
func (m *Memory) Deliveries(webhookID uuid.UUID, q Query) (Page[delivery.Delivery], error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var rows []*delivery.Delivery
	switch {
	case webhookID == uuid.Nil:
		rows = m.ofAll(q)
	case q.narrows():
		rows = q.narrowed(rows, m.byWebhook[webhookID])
	default:
		rows = m.byWebhook[webhookID]
	}
	return page(rows, q, (*delivery.Delivery).Clone, func(d *delivery.Delivery) row {
		return row{status: string(d.Status), texts: func() []string {
			return []string{string(d.EventType), string(d.Status), d.Error, string(d.Body)}
		}}
	}), nil
}

func (q Query) narrows() bool {
	return q.Type != "" || q.Unfinished || !q.Since.IsZero() || !q.Until.IsZero()
}

// narrowed appends those of rows that the query wants.
func (q Query) narrowed(to, rows []*delivery.Delivery) []*delivery.Delivery {
	for _, d := range rows {
		if q.wants(d) {
			to = append(to, d)
		}
	}
	return to
}

// wants reports whether a delivery is one of those that a query asks for, but for
// its search.
func (q Query) wants(d *delivery.Delivery) bool {
	switch {
	case q.Status != "" && string(d.Status) != q.Status,
		q.Unfinished && d.Done(),
		q.Type != "" && string(d.EventType) != q.Type && !strings.HasPrefix(string(d.EventType), q.Type+"."),
		!q.Since.IsZero() && d.CreatedAt.Before(q.Since),
		!q.Until.IsZero() && !d.CreatedAt.Before(q.Until):
		return false
	}
	return true
}

// ofAll are the deliveries of all webhooks that a query wants, in the order in
// which they were made.
func (m *Memory) ofAll(q Query) []*delivery.Delivery {
	var rows []*delivery.Delivery
	if q.Status == "" && !q.narrows() {
		rows = make([]*delivery.Delivery, 0, len(m.deliveries))
	}
	for _, of := range m.byWebhook {
		rows = q.narrowed(rows, of)
	}
	if len(m.byWebhook) > 1 {
		slices.SortFunc(rows, func(a, b *delivery.Delivery) int { return cmp.Compare(a.Number, b.Number) })
	}
	return rows
}

// Message implements Store.
func (m *Memory) Message(id uuid.UUID) (Message, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	message, ok := m.messages.get(id)
	if !ok {
		return Message{}, fmt.Errorf("message %s: %w", id, ErrNotFound)
	}
	return message.clone(), nil
}

// Messages implements Store. It never fails.
func (m *Memory) Messages(q Query) (Page[Message], error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	withoutActivities := func(message *Message) Message {
		c := *message
		c.Activities = nil
		return c
	}
	return page(m.messages.rows(), q, withoutActivities, func(message *Message) row {
		return row{status: string(message.Status), texts: func() []string {
			texts := []string{message.From, message.To, string(message.Status)}
			if message.Text != nil {
				texts = append(texts, *message.Text)
			}
			return texts
		}}
	}), nil
}

// Template implements Store.
func (m *Memory) Template(id uuid.UUID) (Template, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	t, ok := m.templates.get(id)
	if !ok {
		return Template{}, fmt.Errorf("template %s: %w", id, ErrNotFound)
	}
	return *t, nil
}

// Templates implements Store. It never fails.
func (m *Memory) Templates(q Query) (Page[Template], error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return page(m.templates.rows(), q, func(t *Template) Template { return *t }, func(t *Template) row {
		return row{status: t.Status, texts: func() []string { return []string{t.Name, t.Status} }}
	}), nil
}

// row is what a Query looks at.
type row struct {
	status string
	texts  func() []string // asked for only by a search: a body is long
}

// matches reports whether a row has what a query asks for; search is the query's,
// in lower case.
func (r row) matches(q Query, search string) bool {
	if q.Status != "" && q.Status != r.status {
		return false
	}
	return search == "" || slices.ContainsFunc(r.texts(), func(text string) bool {
		return strings.Contains(strings.ToLower(text), search)
	})
}

// page chooses from rows, which are in order, and copies no more than it returns.
func page[T any](rows []*T, q Query, copied func(*T) T, of func(*T) row) Page[T] {
	chosen := rows
	if q.Search != "" || q.Status != "" {
		chosen = nil
		search := strings.ToLower(q.Search)
		for _, r := range rows {
			if of(r).matches(q, search) {
				chosen = append(chosen, r)
			}
		}
	}
	n := len(chosen)
	from := min(max(q.Offset, 0), n)
	to := n
	if q.Limit > 0 {
		to = min(from+q.Limit, n)
	}
	p := Page[T]{Total: n, Rows: make([]T, 0, to-from)}
	for i := from; i < to; i++ {
		at := i
		if q.Newest {
			at = n - 1 - i
		}
		p.Rows = append(p.Rows, copied(chosen[at]))
	}
	return p
}
