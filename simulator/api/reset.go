package api

import (
	"fmt"
	"net/http"

	"github.com/sentsim/sentsim/simulator/history"
	"github.com/sentsim/sentsim/simulator/seed"
)

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

func (s *Server) beginAnew(next seed.Seed) error {
	s.resetting.Lock()
	defer s.resetting.Unlock()
	cfg := s.cfg.Simulator
	cfg.Seed = next
	if cfg.Store != nil && s.cfg.Empty == nil {
		return refusal(http.StatusConflict, codeNotNow, "the history of this server cannot be emptied")
	}
	// Its errors are those of a history that is thrown away. mu is free meanwhile:
	// attempts under way may need it.
	_ = s.Simulator().Close()
	s.forget()
	if s.cfg.Empty != nil {
		var err error
		if cfg.Store, err = s.cfg.Empty(); err != nil {
			return fmt.Errorf("the history could not be emptied, restart the server: %w", err)
		}
	}
	sim, err := s.newSimulator(cfg)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sim, s.started = sim, sim.Now()
	return nil
}

// emptyMemory is the history of a server that keeps none.
func emptyMemory() history.Store { return history.NewMemory(history.DefaultLimit) }
