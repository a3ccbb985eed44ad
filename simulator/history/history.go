// Package history is what a simulator remembers: webhooks, messages with their
// activities, templates, events that are still to come, and deliveries with
// their attempts. Memory forgets it all at the end; SQLite keeps it in a file. It
// only remembers; it decides nothing.
package history

import (
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/webhook"
)

// ErrNotFound is returned for what is not in the history, or not any more.
var ErrNotFound = errors.New("not in the history")

// DefaultLimit is how many deliveries of each webhook, and how many messages, a
// server that runs for long keeps.
const DefaultLimit = 10_000

// Store is a simulator's memory. It is safe for concurrent use, and what it
// returns is the caller's.
//
// Changes are remembered in the order in which they are saved, each whole or not
// at all: what a store that was killed remembers is what was saved up to some
// moment, and at least everything up to the last Flush. Reading shows the same.
type Store interface {
	// Save takes a change. It may return before the change is safe: see Flush.
	// The error may be that of an earlier change; nothing is saved after one.
	Save(c Change) error
	// Flush returns once everything saved before is safe from the end of the process.
	Flush() error
	// Restore is what a new simulator goes on from.
	Restore() (State, error)

	// Delivery is the one with that id, else ErrNotFound.
	Delivery(id uuid.UUID) (delivery.Delivery, error)
	// Deliveries are those of a webhook, in the order in which they were made; the
	// zero id stands for all webhooks.
	Deliveries(webhookID uuid.UUID, q Query) (Page[delivery.Delivery], error)
	// Message is the one with that id, with its activities, else ErrNotFound.
	Message(id uuid.UUID) (Message, error)
	// Messages are all messages in the order in which they were accepted. Their
	// activities are left out.
	Messages(q Query) (Page[Message], error)
	// Template is the one with that id, else ErrNotFound.
	Template(id uuid.UUID) (Template, error)
	// Templates are all templates in the order in which they were made.
	Templates(q Query) (Page[Template], error)
}

// Change is what becomes different at one moment.
type Change struct {
	At, Wall time.Time // simulation time of the change, and the time on the wall; zero: not said

	Empty    bool              // everything before is forgotten; what else the change says comes after
	Account  uuid.UUID         // whose history this is, said once
	Counters map[string]uint64 // how many things of each sort were made; the higher number counts

	Webhook *webhook.Webhook // as it stands now
	Removed uuid.UUID        // a webhook that is gone, and its deliveries with it

	Messages        []Message // that were accepted, without activities
	Template        *Template
	Edited          *Template // only what its author writes, see edit; one that is not there stays so
	RemovedTemplate uuid.UUID
	Planned         []event.Event // to happen at their CreatedAt
	Cancelled       []uuid.UUID   // events that are no longer planned

	// Happened is an event that is no longer planned but a fact. It moves its
	// message or template, and an inbound message begins with it.
	Happened   *event.Event
	Deliveries []delivery.Delivery // made or changed; the store keeps copies

	// Notes are facts of the simulator's own that outlive it, by their keys. An
	// empty text forgets one.
	Notes map[string]string

	Forgotten []string // keys of answers that nobody shall get again
	Answer    *Answer  // after those are forgotten; nobody changes its Body any more
}

// State is what a simulator goes on from.
type State struct {
	Account  uuid.UUID // zero: of nobody yet
	Counters map[string]uint64
	Webhooks []webhook.Webhook   // in the order of their registration
	Planned  []event.Event       // in the order in which they were planned
	Waiting  []delivery.Delivery // that are not over, in the order in which they were made
	Answers  []Answer            // in the order in which they were given
	Notes    map[string]string
}

// Now is the simulation time of the latest change, and what the time on the wall
// was then; zero while there is none.
func (s State) Now() (at, wall time.Time) {
	return counted(s.Counters[counterTime]), counted(s.Counters[counterWall])
}

// The latest times are kept as counters are: the higher number counts.
const (
	counterTime = "simulation time"
	counterWall = "wall time"
)

// latest are the counters that nearly every change moves: in a map they would
// take as long as the rest of a change.
type latest struct{ at, wall, made uint64 }

// see takes note of the times of a change.
func (l *latest) see(c *Change) {
	if !c.At.IsZero() {
		l.at = max(l.at, uint64(max(c.At.UnixNano(), 0)))       //nolint:gosec // not below zero
		l.wall = max(l.wall, uint64(max(c.Wall.UnixNano(), 0))) //nolint:gosec // likewise
	}
}

// count puts those that are known among the counters.
func (l *latest) count(counters map[string]uint64) {
	for name, n := range map[string]uint64{counterTime: l.at, counterWall: l.wall, CounterDeliveries: l.made} {
		if n > 0 {
			counters[name] = max(counters[name], n)
		}
	}
}

func counted(n uint64) time.Time { return fromNanos(int64(n)) } //nolint:gosec // was one when it was written

// CounterDeliveries is the counter that a store keeps by itself: the highest
// number of a delivery.
const CounterDeliveries = "delivery"

// Query chooses rows. The zero Query is all of them, oldest first.
type Query struct {
	// Search is a text that a row must contain, in any case: a delivery in its
	// event type, status, error or body, a message in its numbers, status or text,
	// a template in its name or status.
	Search string
	Status string // exactly this one; "": any
	// Type, Unfinished, Since and Until narrow deliveries down, and nothing else.
	Type         string    // this event type; a parent ("message") stands for all of its events; "": any
	Unfinished   bool      // only those of which more attempts are due
	Since, Until time.Time // made at Since or later, and before Until; zero: any time
	Newest       bool      // newest first
	Offset       int       // so many rows are passed over
	Limit        int       // at most so many rows; 0: all
}

// Page is some of the rows that a Query chooses.
type Page[T any] struct {
	Rows  []T
	Total int // of all rows that the query chooses, but for Offset and Limit
}

// removed are the webhooks that are gone. An event that was on its way to one of
// them when it went may still say so.
type removed map[uuid.UUID]bool

// leaveOut takes note of what c removes, and takes out of it what is to go to
// webhooks that were removed before.
func (r *removed) leaveOut(c *Change) {
	if c.Empty {
		clear(*r)
	}
	if c.Webhook != nil {
		delete(*r, c.Webhook.ID)
	}
	if len(*r) > 0 {
		c.Deliveries = slices.DeleteFunc(slices.Clone(c.Deliveries), func(d delivery.Delivery) bool { return (*r)[d.WebhookID] })
	}
	if c.Removed != uuid.Nil {
		if *r == nil {
			*r = removed{}
		}
		(*r)[c.Removed] = true
	}
}
