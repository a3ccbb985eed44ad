package api

import (
	"fmt"
	"net/http"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/history"
	"github.com/sentsim/sentsim/simulator/seed"
)

const resetPath = "/_sentsim/reset"

// reset begins anew: no webhooks, no messages, no history, nothing planned, and
// a new seed, unless the request names one. What is under way is stopped first.
func reset(c *call) (any, error) {
	next, err := c.nextSeed()
	if err != nil {
		return nil, err
	}
	if err := c.beginAnew(next); err != nil {
		return nil, err
	}
	c.sim = c.Simulator()
	if c.cfg.Reset != nil {
		c.cfg.Reset(c.sim.Seed())
	}
	return c.state(), nil
}

// beginAnew replaces the simulator. Requests that come meanwhile wait; those that
// are under way end first, long ones with a 503. What cannot be done to its end
// leaves a server that says so to everybody, until another reset succeeds.
func (s *Server) beginAnew(next seed.Seed) error {
	s.resetting.Lock()
	defer s.resetting.Unlock()
	cfg := s.cfg.Simulator
	cfg.Seed = next
	if cfg.Store != nil && s.cfg.Empty == nil {
		return refusal(http.StatusConflict, codeNotNow, "the history of this server cannot be emptied")
	}
	s.admission.close()
	// Its errors are those of a history that is thrown away. mu is free meanwhile:
	// attempts under way may need it.
	_ = s.Simulator().Close()
	s.admission.awaitEmpty()
	s.forget()
	sim, err := s.emptied(cfg)
	defer func() { s.admission.open(err) }() // once the new one stands: nobody meets the old one
	if err != nil {
		return fmt.Errorf("the history could not be emptied: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sim, s.started = sim, sim.Now()
	return nil
}

// emptied is a simulator with an empty history.
func (s *Server) emptied(cfg simulator.Config) (next *simulator.Simulator, err error) {
	if s.cfg.Empty != nil {
		if cfg.Store, err = s.cfg.Empty(); err != nil {
			return nil, err
		}
	}
	return s.newSimulator(cfg)
}

// emptyMemory is the history of a server that keeps none.
func emptyMemory() history.Store { return history.NewMemory(history.DefaultLimit) }
