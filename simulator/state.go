package simulator

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/history"
	"github.com/sentsim/sentsim/simulator/seed"
)

// restore goes on where the store's last simulator stopped: its webhooks, what it
// had planned, and its deliveries that are not over. What was due meanwhile is
// due now; what was under way is attempted again.
func (s *Simulator) restore(state history.State, rules delivery.Config) error {
	maps.Copy(s.counts, state.Counters)
	if s.account = state.Account; s.account == uuid.Nil {
		s.account = s.newID("account")
		if err := s.store.Save(history.Change{Account: s.account}); err != nil {
			return fmt.Errorf("history: %w", err)
		}
	}
	if err := s.restoreSeed(state.Notes[noteSeed]); err != nil {
		return err
	}
	s.contacts.restore(state.Notes)
	s.answers = state.Answers
	rules.Seed = s.seed
	s.dispatcher = delivery.NewDispatcher(rules)
	s.pending.add(len(state.Waiting))
	s.dispatcher.Restore(state.Webhooks, state.Waiting, state.Counters[history.CounterDeliveries])
	return s.restorePlanned(state.Planned)
}

// restorePlanned goes on with what was planned. What was due meanwhile happens in
// the order of its times, whatever it is about: an event says whether a contact
// has opted out, which the earlier ones decide.
func (s *Simulator) restorePlanned(planned []event.Event) error {
	now := s.clock.Now()
	courses := map[uuid.UUID]*course{}
	var order []*course
	var due []func()
	slices.SortStableFunc(planned, func(a, b event.Event) int { return a.CreatedAt.Compare(b.CreatedAt) })
	for _, e := range planned {
		subject := e.Subject()
		if e.Contact != nil {
			// A signal stays behind the message that it came with, whatever else the contact sends.
			subject = e.Contact.MessageID
		}
		if subject == uuid.Nil {
			subject = e.ID // of markets: their events have no order to keep
		}
		c, ok := courses[subject]
		if !ok {
			c = &course{}
			courses[subject] = c
			order = append(order, c)
		}
		c.events = append(c.events, e)
		if !e.CreatedAt.After(now) {
			due = append(due, func() { s.happen(c, e.CreatedAt) })
		}
	}
	for _, c := range order {
		if err := s.follow(c, now); err != nil {
			return err
		}
	}
	if len(due) == 0 {
		return nil
	}
	_, err := s.at(now, func() {
		for _, happen := range due {
			if s.isClosed() {
				return
			}
			happen()
		}
	})
	return err
}

// noteSeed is the note with the seed that a store belongs to.
const noteSeed = "seed"

// restoreSeed goes on with the store's seed: with another one, what is drawn
// later would not be what this run has promised.
func (s *Simulator) restoreSeed(text string) error {
	if text == "" {
		return s.store.Save(history.Change{Notes: map[string]string{noteSeed: s.seed.String()}})
	}
	var err error
	s.seed, err = seed.Parse(text)
	return err
}

// startOf is where a virtual clock begins: it goes on from where the store's last
// one stood, however long ago that was, so that a retry that waits is due after
// the rest of its wait.
func startOf(cfg Config, state history.State) time.Time {
	last, _ := state.Now()
	switch {
	case cfg.Start.IsZero() && last.IsZero():
		return cfg.Wall().Truncate(time.Second).UTC()
	case last.After(cfg.Start):
		return last.UTC()
	}
	return cfg.Start
}

// timed is a store that is told when each change happened.
type timed struct {
	history.Store
	clock clock.Clock
}

// Save implements history.Store.
func (t timed) Save(c history.Change) error {
	if c.At.IsZero() {
		c.At = t.clock.Now()
	}
	c.Wall = clock.WallAt(t.clock, c.At)
	return t.Store.Save(c)
}

// course is what is planned for one message or template, in order.
type course struct {
	mu     sync.Mutex
	events []event.Event
	timers []uint64 // of all its events

	reviewed uuid.UUID // the template whose review it is; zero: none
}

// follow lets the events of a course that are later than after happen as time passes.
func (s *Simulator) follow(c *course, after time.Time) error {
	c.mu.Lock() // nothing happens before all of it is planned
	defer c.mu.Unlock()
	if len(c.events) > 0 && c.events[0].Template != nil {
		c.reviewed = c.events[0].Subject()
		s.mu.Lock()
		s.courses[c.reviewed] = c
		s.mu.Unlock()
	}
	for _, e := range c.events {
		t := e.CreatedAt
		if !t.After(after) {
			continue
		}
		n, err := s.at(t, func() { s.happen(c, t) })
		if err != nil {
			return err
		}
		c.timers = append(c.timers, n)
	}
	return nil
}

// endReview cancels what is still planned for a template: somebody else has decided.
// What is due already happens first: whether its timer has fired yet is chance. It
// returns the ids of the cancelled events, for the change that takes their place.
func (s *Simulator) endReview(templateID uuid.UUID) (cancelled []uuid.UUID) {
	s.mu.Lock()
	c := s.courses[templateID]
	delete(s.courses, templateID)
	s.mu.Unlock()
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s.happenUntil(c, s.clock.Now())
	for _, e := range c.events {
		cancelled = append(cancelled, e.ID)
	}
	c.events = nil
	for _, n := range c.timers {
		s.unplan(n)
	}
	return cancelled
}

// happen makes happen what is due of a course by t. A timer that comes too early
// or too late, as on a busy machine or after a restart, never swaps two events of
// one message.
func (s *Simulator) happen(c *course, t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s.happenUntil(c, t)
	if c.reviewed != uuid.Nil && len(c.events) == 0 {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.courses[c.reviewed] == c {
			delete(s.courses, c.reviewed)
		}
	}
}

// happenUntil makes happen what is due of a course by t. The caller has locked it.
func (s *Simulator) happenUntil(c *course, t time.Time) {
	for len(c.events) > 0 && !c.events[0].CreatedAt.After(t) {
		e := s.contacts.settled(c.events[0])
		_, _ = s.emit(e, nil) // an error here is the dispatcher's to keep
		c.events = c.events[1:]
	}
}

// journal writes down what the dispatcher does, and what it means to contacts.
type journal struct {
	store    history.Store
	contacts *contacts
	cancels  *sync.Map // see Simulator
}

// Save implements delivery.Journal.
func (j journal) Save(e delivery.Entry) error {
	c := history.Change{At: e.At, Happened: e.Event, Deliveries: e.Deliveries}
	if e.Event != nil {
		c.Notes = j.contacts.take(*e.Event)
	}
	if e.Event != nil && e.Event.Template != nil {
		if cancelled, ok := j.cancels.LoadAndDelete(e.Event.ID); ok {
			c.Cancelled = cancelled.([]uuid.UUID)
		}
	}
	if e.Removed {
		c.Removed = e.Webhook.ID
	} else {
		c.Webhook = e.Webhook
	}
	return j.store.Save(c)
}

// accept makes a change safe, together with everything before it: whoever gets
// no error may rely on it.
func (s *Simulator) accept(c history.Change) error {
	if err := s.store.Save(c); err != nil {
		return fmt.Errorf("history: %w", err)
	}
	return s.failure()
}

// failure is the history's first error; nil once everything so far is safe from
// the end of the process.
func (s *Simulator) failure() error {
	err := s.store.Flush()
	if earlier := s.dispatcher.Err(); earlier != nil {
		return earlier
	}
	if err != nil {
		return fmt.Errorf("history: %w", err)
	}
	return nil
}

// newID draws the next id for a purpose.
func (s *Simulator) newID(purpose string) uuid.UUID { return idFrom(s.next(purpose)) }

// next is the stream of the next thing made for a purpose: each message,
// template and webhook has its own, so adding one does not move the others.
func (s *Simulator) next(purpose string) *seed.Stream {
	s.mu.Lock()
	s.counts[purpose]++
	n := s.counts[purpose]
	s.mu.Unlock()
	// Saved before it is used, so that no later simulator draws the same ids. An
	// error comes back when what is made of them is saved.
	_ = s.store.Save(history.Change{Counters: map[string]uint64{purpose: n}})
	return s.seed.Stream(purpose, n)
}

// idFrom draws a random (version 4) UUID.
func idFrom(st *seed.Stream) uuid.UUID { return st.UUID() }
