// Package delivery gets events to webhooks: it signs and sends attempts, tells
// how each one ended, waits out the backoff (schedule.go), and decides when a
// delivery is over (dispatcher.go, queue.go): sections "delivery request" and
// "retries" of Sent's webhook documentation. It never changes a body.
package delivery

import (
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/event"
)

// Status is where a delivery is.
type Status string

// The statuses: PENDING → (RETRYING)* → DELIVERED or FAILED.
const (
	Pending   Status = "PENDING"   // no attempt has ended yet
	Retrying  Status = "RETRYING"  // at least one failed, and another follows
	Delivered Status = "DELIVERED" // a 2xx within the timeout
	Failed    Status = "FAILED"    // retries exhausted, or the webhook was disabled
)

// Delivery is one event on its way to one webhook: a row of the delivery history.
type Delivery struct {
	ID        uuid.UUID
	Number    uint64 // of all deliveries, from 1: it decides what is drawn for it
	WebhookID uuid.UUID
	EventID   uuid.UUID
	EventType event.Type
	Body      []byte // the same on every attempt
	Test      bool   // a test delivery: one attempt, and the webhook's health does not notice

	Status   Status
	Attempts []Attempt
	Error    string // why it failed; of the last attempt while RETRYING; else ""

	// Simulation times; zero while it has not come to that.
	CreatedAt, StartedAt, CompletedAt time.Time
	DueAt                             time.Time // of the next attempt; of the last one, once it is over
}

// Attempt is one HTTP request of a delivery and what came back.
type Attempt struct {
	Number    int       // from 1
	At        time.Time // simulation time
	Timestamp int64     // X-Webhook-Timestamp: wall time
	Signature string    // X-Webhook-Signature
	Outcome   Outcome
}

// Clone is a copy whose list of attempts is its own. Bodies and responses never
// change and are shared.
func (d Delivery) Clone() Delivery {
	d.Attempts = slices.Clone(d.Attempts)
	return d
}

// Done reports whether nothing more happens to d.
func (d Delivery) Done() bool { return d.Status == Delivered || d.Status == Failed }

// String says in a few words what came back: "it answered 500", or what went wrong.
func (o Outcome) String() string {
	if o.Kind == Answered {
		return fmt.Sprintf("it answered %d", o.Status)
	}
	return o.Err
}
