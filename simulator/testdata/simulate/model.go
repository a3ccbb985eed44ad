package main

import (
	"bytes"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/history"
	"github.com/sentsim/sentsim/simulator/webhook"
)

// violation is the first thing that was not as the contract has it.
type violation struct {
	law  law
	text string
	at   time.Time
}

// law is one of the invariants.
type law string

const (
	lost       law = "nothing accepted is lost"
	late       law = "every attempt is made when it is due"
	early      law = "no attempt is made before it is due"
	tooMany    law = "never more attempts than allowed"
	disabling  law = "disabled after exactly the threshold's number of consecutive failures"
	silence    law = "nothing is sent while disabled"
	secretLaw  law = "a rotated secret signs from that moment"
	sameBytes  law = "the same event has the same bytes and the same id"
	orderLaw   law = "deliveries go out in their order, and no more at a time than allowed"
	historyLaw law = "the history says what happened"
	matching   law = "every webhook that subscribes to an event gets it, and no other"
	timeLaw    law = "simulation time goes on after a restart"
	reviewLaw  law = "a decision or a new submission ends the review of a template"
	consent    law = "an opt-out holds until the contact opts in again"
	goodOrder  law = "a stop in good order begins nothing and cuts nothing short"
	ending     law = "everything comes to an end"
)

// world is everything outside the platform, and what should be true of it by the
// contract: a second reading of it that shares no decision with the code.
type world struct {
	plan plan

	mu    sync.Mutex
	bad   *violation
	now   time.Time
	began time.Time
	moods [receivers]mood
	asked map[uint64]uint64 // how often a receiver got a body
	story []line

	log  []history.Change // of the file
	safe int              // of them, up to the last Flush

	hooks     []*hook // in the order of registration
	rows      map[uuid.UUID]*row
	planned   map[uuid.UUID]event.Event
	messages  map[uuid.UUID]*message
	optedOut  map[string]bool      // contacts, by their numbers
	templates []history.Template   // in the order in which they were made
	bodies    map[uuid.UUID][]byte // of each event that happened
	answers   map[string]time.Time // to requests with a key, and when they were given
	stamps    int64                // signature timestamps so far: each is used once
	stamped   map[int64]bool
	ended     []*request // attempts that are over and not written down yet
	op        *op        // what is being done to the platform
	requests  int
	phantoms  int // attempts whose end the platform never learned
	restarts  int
}

// life is the platform between a start and its end.
type life struct {
	*world
	sim      *simulator.Simulator
	clock    *clock.Virtual
	memory   *history.Memory
	end      func() // ends the time that somebody lets pass
	dead     bool
	stopping bool // in good order
	diesIn   int  // writes; below 0: it does not
	downtime time.Duration
}

// die is the end of the process, between two writes.
func (l *life) die() {
	l.dead = true
	l.now = l.clock.Now() // the clock may run on until everybody has noticed
	l.end()
}

// stands is the time at which the life stands, or ended.
func (l *life) stands() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.dead {
		return l.now
	}
	return l.clock.Now()
}

// hook is a webhook as it should be.
type hook struct {
	webhook.Webhook
	open    []*row // deliveries that are not over, in order of their numbers
	flying  int
	started []*row // at this instant
	gone    bool
}

// row is a delivery as it should be.
type row struct {
	delivery.Delivery
	hook   *hook
	flight *request
	queued time.Time // when it became due; later than DueAt after a restart
}

// message is what should be known of a message.
type message struct {
	events int
	last   event.Status
}

// request is one attempt on its way.
type request struct {
	hook   *hook
	row    *row
	start  time.Time
	stamp  int64
	test   bool
	answer answer
}

// op is one thing that is done to the platform, and what must come of it.
type op struct {
	kind      kind
	hook      *hook
	want      webhook.Webhook  // of the hook
	event     uuid.UUID        // to be replayed
	events    int              // to be emitted and not written down yet
	template  history.Template // as it must be written down
	key       string           // of the answer
	forgotten []string         // keys of answers
	saved     int              // changes so far that are its own
	at        int              // the place of its last change in the log
	ends      bool             // fails what waits
}

func (w *world) violated(l law, format string, args ...any) {
	if w.bad == nil {
		w.bad = &violation{law: l, text: fmt.Sprintf(format, args...), at: w.now}
	}
}

func (w *world) hook(id uuid.UUID) *hook {
	for _, h := range w.hooks {
		if h.ID == id {
			return h
		}
	}
	return nil
}

// name is what a story calls a webhook.
func (w *world) name(h *hook) string {
	return fmt.Sprintf("webhook %d", slices.Index(w.hooks, h)+1)
}

// forget is the state of nothing at all.
func (w *world) forget() {
	w.hooks, w.rows, w.planned, w.messages = nil, map[uuid.UUID]*row{}, map[uuid.UUID]event.Event{}, map[uuid.UUID]*message{}
	w.answers, w.optedOut, w.templates, w.ended, w.op = map[string]time.Time{}, map[string]bool{}, nil, nil, nil
}

// rebuild is the state after what is left of the log.
func (w *world) rebuild() {
	w.forget()
	for _, c := range w.log {
		w.adopt(c)
	}
}

// adopt makes a change that is right the state.
func (w *world) adopt(c history.Change) {
	if c.Webhook != nil {
		h := w.hook(c.Webhook.ID)
		if h == nil {
			h = &hook{}
			w.hooks = append(w.hooks, h)
		}
		h.Webhook = c.Webhook.Clone()
	}
	if c.Removed != uuid.Nil {
		if h := w.hook(c.Removed); h != nil {
			h.gone = true
			w.hooks = slices.DeleteFunc(w.hooks, func(other *hook) bool { return other == h })
			for id, r := range w.rows {
				if r.hook == h {
					delete(w.rows, id)
				}
			}
		}
	}
	for _, m := range c.Messages {
		w.messages[m.ID] = &message{last: event.Queued}
	}
	w.adoptTemplate(c)
	for _, e := range c.Planned {
		w.planned[e.ID] = e
	}
	for _, id := range c.Cancelled {
		delete(w.planned, id)
	}
	w.adoptAnswer(c)
	if c.Happened != nil {
		w.adoptEvent(*c.Happened)
	}
	for i := range c.Deliveries {
		w.adoptDelivery(c.Deliveries[i].Clone())
	}
}

func (w *world) adoptEvent(e event.Event) {
	delete(w.planned, e.ID)
	w.adoptSignal(e)
	switch {
	case e.Inbound != nil:
		w.messages[e.Subject()] = &message{last: event.Received}
	case e.Outbound != nil:
		if m := w.messages[e.Subject()]; m != nil {
			m.events++
			m.last = e.Outbound.Status
		}
	case e.Template != nil:
		w.adoptReview(e)
	}
}

func (w *world) adoptDelivery(d delivery.Delivery) {
	r, known := w.rows[d.ID]
	if !known {
		h := w.hook(d.WebhookID)
		if h == nil {
			return
		}
		r = &row{hook: h}
		w.rows[d.ID] = r
		if !d.Done() {
			h.open = append(h.open, r)
		}
	}
	r.Delivery, r.flight, r.queued = d, nil, d.DueAt
	if d.Done() {
		r.hook.open = slices.DeleteFunc(r.hook.open, func(other *row) bool { return other == r })
	}
}

// moveTo is called by everything that happens: as soon as time has moved on,
// what had to be done at the instant before must have been done.
func (l *life) moveTo(now time.Time) {
	if !now.After(l.now) {
		return
	}
	for _, q := range l.unwritten() {
		l.violated(historyLaw, "%s: the attempt that ended has not been written down", l.name(q.hook))
	}
	l.ended = l.ended[:0]
	for _, h := range l.hooks {
		if !l.stopping { // else what is due waits for the next life
			l.settled(h)
		}
		h.started = h.started[:0]
	}
	l.now = now
}

// unwritten are the attempts that ended and had to be written down by now.
func (w *world) unwritten() []*request {
	return slices.DeleteFunc(slices.Clone(w.ended), func(q *request) bool { return q.hook.gone })
}

// settled checks that everything of a webhook that was due has started, as far
// as there was room, and that the first went first.
func (l *life) settled(h *hook) {
	next := l.next(h)
	if next == nil || next.DueAt.After(l.now) {
		return
	}
	if h.flying < l.limit() {
		l.violated(late, "%s: delivery %d was due at %s and has not started", l.name(h), next.Number, l.after(next.DueAt))
		return
	}
	for _, r := range h.started {
		if l.before(next, r) {
			l.violated(orderLaw, "%s: delivery %d started before delivery %d", l.name(h), r.Number, next.Number)
		}
	}
}

// next is the delivery that has to go next, if any waits.
func (l *life) next(h *hook) (next *row) {
	for _, r := range h.open {
		if r.flight == nil && (next == nil || l.before(r, next)) {
			next = r
		}
	}
	return next
}

// before says which of two that wait goes first.
func (l *life) before(a, b *row) bool {
	if l.plan.knobs.Order == delivery.Strict || a.DueAt.Equal(b.DueAt) {
		return a.Number < b.Number
	}
	return a.DueAt.Before(b.DueAt)
}

// limit is how many attempts of one webhook may be under way.
func (l *life) limit() int {
	if l.plan.knobs.Order == delivery.Strict {
		return 1
	}
	return l.plan.knobs.Concurrency
}

// sameBody says that an event has the bytes that it had before.
func (l *life) sameBody(id uuid.UUID, body []byte) {
	earlier, known := l.bodies[id]
	if !known {
		l.bodies[id] = body
		return
	}
	if !bytes.Equal(earlier, body) {
		l.violated(sameBytes, "event %s has other bytes than before", id)
	}
}
