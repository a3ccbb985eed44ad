// Package sentapi is Sent's API as a receiver under test sees it: a server of
// simulator/api of its own, without webhooks, that remembers to whom the receiver
// wrote, which ids it was answered, and what was refused. It takes every send,
// whatever Sent would have against it: each is an effect that must not get lost.
package sentapi

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/api"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/history"
	"github.com/sentsim/sentsim/simulator/seed"
)

// Server is the API. Its methods are safe for concurrent use.
type Server struct {
	listener net.Listener
	api      *api.Server
	closed   chan struct{}
	once     sync.Once

	mu       sync.Mutex
	refusals []api.Refusal
	sends    []Send
	sent     chan struct{} // closed, and made anew, when there is one more
}

// How much is kept and taken: a receiver in a loop must not eat our memory.
const (
	maxMessages = 100_000
	maxRefusals = 100
	maxRequests = 60_000 // a minute
)

// New listens on addr (host:port; port 0 takes a free one, "" is a free port on
// loopback) for requests that carry apiKey in x-api-key. names are what else
// receivers call this machine. Nothing is answered before Run.
func New(addr, apiKey string, names ...string) (*Server, error) {
	if apiKey == "" {
		return nil, errors.New("the stand-in for Sent's API needs an API key to check")
	}
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", addr) //nolint:noctx // binding a local address does not wait for anybody
	if err != nil {
		return nil, fmt.Errorf("the stand-in for Sent's API cannot listen: %w", err)
	}
	s := &Server{listener: l, closed: make(chan struct{}), sent: make(chan struct{})}
	s.api, err = api.New(api.Config{
		APIKey: apiKey, AllowHosts: names, TakeEverySend: true, RateLimit: maxRequests, Refused: s.refused, Sends: s.answered,
		Simulator: simulator.Config{
			// Sent never gives an id twice, and a receiver may remember those of an
			// earlier run.
			Seed:  seed.Random(),
			Clock: clock.Real{}, Store: history.NewMemory(maxMessages),
		},
	})
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return s, nil
}

func (s *Server) refused(r api.Refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.refusals) < maxRefusals {
		s.refusals = append(s.refusals, r)
	}
}

// URL is the base URL without /v3: what belongs into SENT_BASE_URL. Where the
// server listens on every interface, it is the loopback's.
func (s *Server) URL() string {
	host, port, err := net.SplitHostPort(s.listener.Addr().String())
	if ip := net.ParseIP(host); err == nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// Run answers until ctx ends or Close is called, and then returns nil. What is
// being answered then is cut off.
func (s *Server) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-s.closed:
			cancel()
		case <-ctx.Done():
		}
	}()
	hurry := make(chan struct{})
	close(hurry)
	err := s.api.Serve(ctx, s.listener, hurry)
	if err == nil || errors.Is(err, net.ErrClosed) {
		return nil
	}
	return fmt.Errorf("the stand-in for Sent's API on %s: %w", s.URL(), err)
}

// Close stops listening and drops open connections. It may be called at any
// time, and more than once.
func (s *Server) Close() error {
	s.once.Do(func() { close(s.closed) })
	err := s.listener.Close()
	if errors.Is(err, net.ErrClosed) {
		err = nil
	}
	return errors.Join(err, s.api.Close())
}

// Sent is what was sent to that number, oldest first. A + in front, spaces and
// dashes make no difference.
func (s *Server) Sent(to string) []history.Message {
	all := s.messages(digits(to))
	found := all[:0]
	for _, m := range all {
		if digits(m.To) == digits(to) {
			found = append(found, m)
		}
	}
	return found
}

// All is everything that was sent, oldest first.
func (s *Server) All() []history.Message { return s.messages("") }

func (s *Server) messages(search string) []history.Message {
	found, err := s.api.Simulator().Messages(history.Query{Search: search})
	if err != nil { // a history in memory has none
		panic(err)
	}
	return found.Rows
}

// Refusals are the first requests that were not accepted, oldest first: why a
// receiver that tried to send may have sent nothing.
func (s *Server) Refusals() []api.Refusal {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]api.Refusal(nil), s.refusals...)
}

// digits is a number as it is compared.
func digits(number string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("+ -().", r) {
			return -1
		}
		return r
	}, number)
}
