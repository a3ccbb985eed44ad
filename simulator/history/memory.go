package history

import (
	"fmt"
	"sync"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/delivery"
)

// Memory is a Store in memory.
type Memory struct {
	mu        sync.RWMutex
	limit     int
	byID      map[uuid.UUID]*delivery.Delivery
	byWebhook map[uuid.UUID][]*delivery.Delivery
}

// NewMemory is an empty store that keeps the last limit deliveries of each
// webhook; all of them with limit 0. A delivery that is not over is kept beyond
// the limit, so that its end is not lost.
func NewMemory(limit int) *Memory {
	return &Memory{
		limit:     limit,
		byID:      map[uuid.UUID]*delivery.Delivery{},
		byWebhook: map[uuid.UUID][]*delivery.Delivery{},
	}
}

// Save implements Store. It never fails.
func (m *Memory) Save(d delivery.Delivery) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	d = d.Clone()
	if old, ok := m.byID[d.ID]; ok {
		*old = d
	} else {
		m.byID[d.ID] = &d
		m.byWebhook[d.WebhookID] = append(m.byWebhook[d.WebhookID], &d)
	}
	m.trim(d.WebhookID)
	return nil
}

// trim drops the oldest deliveries of a webhook that are over.
func (m *Memory) trim(webhookID uuid.UUID) {
	rows := m.byWebhook[webhookID]
	for m.limit > 0 && len(rows) > m.limit && rows[0].Done() {
		delete(m.byID, rows[0].ID)
		rows[0] = nil
		rows = rows[1:]
	}
	m.byWebhook[webhookID] = rows
}

// Delivery implements Store.
func (m *Memory) Delivery(id uuid.UUID) (delivery.Delivery, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	d, ok := m.byID[id]
	if !ok {
		return delivery.Delivery{}, fmt.Errorf("delivery %s: %w", id, ErrNotFound)
	}
	return d.Clone(), nil
}

// Deliveries implements Store. It never fails.
func (m *Memory) Deliveries(webhookID uuid.UUID) ([]delivery.Delivery, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	rows := m.byWebhook[webhookID]
	all := make([]delivery.Delivery, len(rows))
	for i, d := range rows {
		all[i] = d.Clone()
	}
	return all, nil
}
