package api

import (
	"fmt"
	"net/http"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/history"
)

const resetPath = "/_sentsim/reset"

// reset begins anew: no webhooks, no messages, no history, nothing planned, the
// same seed from its start. What is under way is stopped first.
func reset(c *call) (answer, *problem) {
	b, p := readBody(c.w, c.r)
	if p != nil {
		return answer{}, p
	}
	b.only()
	if p := b.problems.refusal(); p != nil {
		return answer{}, p
	}
	if err := c.beginAnew(); err != nil {
		return answer{}, fromSimulator(err)
	}
	c.sim = c.Simulator()
	return getClock(c)
}

// beginAnew replaces the simulator. Requests that come meanwhile wait; those that
// are under way end first, long ones with a 503. What cannot be done to its end
// leaves a server that says so to everybody, until another reset succeeds.
func (s *Server) beginAnew() error {
	s.resetting.Lock()
	defer s.resetting.Unlock()
	cfg := s.cfg.Simulator
	if cfg.Store != nil && s.cfg.Empty == nil {
		return refusal(http.StatusConflict, codeNotNow, "the history of this server cannot be emptied")
	}
	s.gate.shut()
	// Its errors are those of a history that is thrown away. mu is free meanwhile:
	// attempts under way may need it.
	_ = s.Simulator().Close()
	s.gate.awaitEmpty()
	next, err := s.emptied(cfg)
	s.gate.open(err)
	if err != nil {
		return fmt.Errorf("the history could not be emptied: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sim, s.started = next, next.Now()
	return nil
}

// emptied is a simulator with an empty history.
func (s *Server) emptied(cfg simulator.Config) (next *simulator.Simulator, err error) {
	s.faults.clear()
	s.replays.clear()
	if s.cfg.Empty != nil {
		if cfg.Store, err = s.cfg.Empty(); err != nil {
			return nil, err
		}
	}
	return s.newSimulator(cfg)
}

// emptyMemory is the history of a server that keeps none.
func emptyMemory() history.Store { return history.NewMemory(history.DefaultLimit) }
