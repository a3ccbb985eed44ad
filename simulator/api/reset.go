package api

import (
	"fmt"
	"net/http"

	"github.com/sentsim/sentsim/simulator/history"
)

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

func (s *Server) beginAnew() error {
	s.resetting.Lock()
	defer s.resetting.Unlock()
	cfg := s.cfg.Simulator
	if cfg.Store != nil && s.cfg.Empty == nil {
		return refusal(http.StatusConflict, codeNotNow, "the history of this server cannot be emptied")
	}
	// Its errors are those of a history that is thrown away. mu is free meanwhile:
	// attempts under way may need it.
	_ = s.Simulator().Close()
	s.faults.clear()
	s.replays.clear()
	if s.cfg.Empty != nil {
		var err error
		if cfg.Store, err = s.cfg.Empty(); err != nil {
			return fmt.Errorf("the history could not be emptied, restart the server: %w", err)
		}
	}
	next, err := s.newSimulator(cfg)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sim, s.started = next, next.Now()
	return nil
}

// emptyMemory is the history of a server that keeps none.
func emptyMemory() history.Store { return history.NewMemory(history.DefaultLimit) }
