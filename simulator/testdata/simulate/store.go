package main

import (
	"errors"
	"maps"
	"slices"

	"github.com/sentsim/sentsim/simulator/history"
)

var errDead = errors.New("the process has died")

// store is the file of one life of the platform: what it remembers is in memory,
// and what will be left of it is decided when the life ends. Every change is a
// transaction; up to the last Flush they are safe, of the later ones any number
// may survive a crash, always the first ones.
type store struct {
	*history.Memory
	*life
}

// Save implements history.Store.
func (s store) Save(c history.Change) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dead {
		return errDead
	}
	if s.diesIn == 0 {
		s.die()
		return errDead
	}
	if s.diesIn > 0 {
		s.diesIn--
	}
	if err := s.Memory.Save(c); err != nil {
		return err
	}
	if now := s.clock.Now(); !c.At.Equal(now) {
		s.violated(timeLaw, "what happened at %s is written down at %s", s.after(now), s.after(c.At))
	}
	s.log = append(s.log, copied(c))
	s.check(c)
	return nil
}

// Flush implements history.Store.
func (s store) Flush() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dead {
		return errDead
	}
	s.safe = len(s.log)
	return nil
}

// copied is a change that shares nothing that its maker may change.
func copied(c history.Change) history.Change {
	if c.Webhook != nil {
		w := c.Webhook.Clone()
		c.Webhook = &w
	}
	c.Messages, c.Planned, c.Forgotten = slices.Clone(c.Messages), slices.Clone(c.Planned), slices.Clone(c.Forgotten)
	c.Cancelled, c.Notes = slices.Clone(c.Cancelled), maps.Clone(c.Notes)
	c.Deliveries = slices.Clone(c.Deliveries)
	for i, d := range c.Deliveries {
		c.Deliveries[i] = d.Clone()
	}
	if c.Happened != nil {
		e := *c.Happened
		c.Happened = &e
	}
	if c.Template != nil {
		t := *c.Template
		c.Template = &t
	}
	if c.Edited != nil {
		t := *c.Edited
		c.Edited = &t
	}
	return c
}
