package api

import (
	"bytes"

	"github.com/sentsim/sentsim/simulator/seed"
)

// nextSeed is the seed that a reset goes on with: {"seed": 7}, "random", or what
// the server's configuration says.
func (c *call) nextSeed() (seed.Seed, error) {
	next := c.cfg.Simulator.Seed
	if c.cfg.NextSeed != nil {
		next = c.cfg.NextSeed()
	}
	if raw, given := c.body.given("seed"); given {
		var err error
		if next, err = seed.Parse(string(bytes.Trim(raw, `"`))); err != nil {
			c.body.bad(codeInvalid, "seed", `must be a whole number from 0 to 18446744073709551615, or "random"`)
		}
	}
	return next, c.check()
}

// forget drops what belongs to the time before a reset and stands outside the simulator.
func (s *Server) forget() {
	s.faults.clear()
	s.reviews.clear()
	s.replays.clear()
	for _, limit := range []*window{&s.standard, &s.rotating, &s.testing} {
		limit.clear()
	}
}
