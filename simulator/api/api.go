// Package api is Sent's HTTP API for real clients: everything under /v3 that
// has to do with webhooks, messages and templates (section "management API" of
// the contract), answered by a simulator. What it does not emulate it says so.
//
// Beside it, under /_sentsim, is what a test needs and Sent does not have: move
// the clock, make things happen and go wrong, and read what was delivered.
package api

import (
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/history"
	"github.com/sentsim/sentsim/simulator/seed"
	"github.com/sentsim/sentsim/simulator/signing"
)

// DefaultKey is the API key of a server that only this machine can reach.
const DefaultKey = "sentsim"

// Config is what New needs. The zero value is a server for tests: the default
// key, no limits, a virtual clock that stands still, the same seed after each reset.
type Config struct {
	Simulator simulator.Config
	APIKey    string // that requests carry in x-api-key; "": DefaultKey

	AllowHosts   []string // further names of this server, for the Host header
	AllowTargets []string // HOST or HOST:PORT that webhooks may point to; none: anywhere
	// RateLimit is how many requests a minute of the simulation's time are
	// answered, as StandardLimit; 0: no limits at all.
	RateLimit int
	// AnyTemplate takes messages with templates that nobody created here: an app
	// knows the templates of its real account.
	AnyTemplate bool
	// TakeEverySend has every message take its way whatever Sent would have
	// against it: an unknown template, a number without its plus, a contact that
	// opted out, a text that is too long. A receiver under test is judged by what
	// it sends, so nothing that it sends may get lost. It includes AnyTemplate.
	TakeEverySend bool
	// Secret is the signing secret of new webhooks that bring none; zero: each
	// gets one of its own.
	Secret signing.Secret

	// Pages answers what is neither the API nor the control interface: a
	// dashboard. The guard against other web pages holds for it too.
	Pages http.Handler
	// PagesKey has browsers ask for the API key, as the password of any user,
	// before they show Pages. A server that other machines can reach must have it.
	PagesKey bool
	// Empty makes the simulator's store an empty one, for a reset. Nil where
	// Simulator.Store is nil, and where there shall be no resets.
	Empty func() (history.Store, error)
	// NextSeed is the seed after a reset that names none; nil: the first one again.
	NextSeed func() seed.Seed
	Logger   *slog.Logger // nil: nothing is logged. Secrets never are
	Metrics  Metrics      // nil: nothing is measured, and there is no /metrics

	// The functions below are told what happens, where they are not nil. They
	// must be quick and safe for concurrent use.
	Refused func(Refusal)       // a request was refused
	Sends   func([]SentMessage) // a request to send was accepted; its answer is not given yet
	Reset   func(seed.Seed)     // a reset is over
}

// Refusal is a request that was not accepted, and why.
type Refusal struct {
	Method, Path string
	Status       int
	Code         string // e.g. AUTH_002
	Problem      string
}

// Server answers the API. It is safe for concurrent use.
type Server struct {
	cfg     Config
	guard   guard
	key     apiKey
	log     *slog.Logger
	replays *replays
	faults  queue[fault]
	reviews queue[review]
	metrics Metrics
	targets targetList
	mux     *http.ServeMux
	kick    chan struct{} // something may be due now

	standard, rotating, testing window

	resetting sync.Mutex
	admission admission
	reported  atomic.Pointer[string] // the trouble that was logged last

	mu      sync.RWMutex
	sim     *simulator.Simulator
	started time.Time // simulation time
}

// New makes a simulator and what answers for it. It starts nothing; Close it.
func New(cfg Config) (*Server, error) {
	if cfg.APIKey == "" {
		cfg.APIKey = DefaultKey
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.RateLimit < 0 {
		return nil, fmt.Errorf("rate limit %d: it is a number of requests a minute, 0 for none", cfg.RateLimit)
	}
	cfg.AnyTemplate = cfg.AnyTemplate || cfg.TakeEverySend
	targets, err := newTargetList(cfg.AllowTargets)
	if err != nil {
		return nil, err
	}
	s := &Server{
		cfg: cfg, guard: newGuard(cfg.AllowHosts), key: newAPIKey(cfg.APIKey), log: cfg.Logger,
		targets: targets, kick: make(chan struct{}, 1),
	}
	if cfg.RateLimit > 0 {
		s.standard.limit, s.rotating.limit, s.testing.limit = cfg.RateLimit, sensitiveLimit, sensitiveLimit
	}
	if s.metrics = cfg.Metrics; s.metrics == nil {
		s.metrics = noMetrics{s}
	}
	s.metrics.CountWebhooks(s.countWebhooks)
	s.mux = s.routes()
	if s.sim, err = s.newSimulator(cfg.Simulator); err != nil {
		return nil, err
	}
	s.started, s.replays = s.sim.Now(), newReplays(s.sim.Answers())
	return s, nil
}

func (s *Server) newSimulator(cfg simulator.Config) (*simulator.Simulator, error) {
	cfg.Sender = s.sender(cfg.Sender)
	if cfg.Store == nil {
		cfg.Store = emptyMemory()
	}
	return simulator.New(cfg)
}

// Simulator is the simulator that answers. A reset replaces it.
func (s *Server) Simulator() *simulator.Simulator {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.sim
}

// since is when the simulator began, in its own time.
func (s *Server) since() time.Time {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.started
}

// Close closes the simulator. Serve does it by itself.
func (s *Server) Close() error { return s.Simulator().Close() }

// standsStill reports whether time moves only when it is told to.
func (s *Server) standsStill() bool {
	switch s.cfg.Simulator.Clock.(type) {
	case nil, *clock.Virtual:
		return true
	}
	return false
}

// somethingDue has what is due now happen, where no clock does it by itself.
func (s *Server) somethingDue() {
	select {
	case s.kick <- struct{}{}:
	default: // somebody else has asked already
	}
}
