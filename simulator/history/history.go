// Package history is what happened: one row for each delivery, with its
// attempts. It only remembers; it decides nothing.
package history

import (
	"errors"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/delivery"
)

// ErrNotFound is returned for a delivery that is not in the history (any more).
var ErrNotFound = errors.New("no such delivery in the history")

// Store keeps deliveries. It is safe for concurrent use, and what it returns is
// the caller's.
type Store interface {
	// Save adds a delivery, or replaces the one with its ID. It keeps a copy.
	Save(d delivery.Delivery) error
	// Delivery is the one with that id, else ErrNotFound.
	Delivery(id uuid.UUID) (delivery.Delivery, error)
	// Deliveries are those of a webhook in the order in which they were made.
	Deliveries(webhookID uuid.UUID) ([]delivery.Delivery, error)
}
