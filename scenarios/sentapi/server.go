// Package sentapi stands in for Sent's API while a receiver is tested: it takes
// POST /v3/messages, answers as Sent does, and remembers to whom the receiver
// wrote. It sends nothing on and starts no lifecycle; every other call of the
// API is answered with 501.
package sentapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Message is one message that the receiver asked Sent to send: one recipient on
// one channel.
type Message struct {
	ID       string // as the receiver was told
	To       string // as the receiver wrote it
	Channel  string // "sent" where the receiver left the choice to Sent
	Text     string
	Template json.RawMessage // as given, or nil
	At       time.Time       // wall clock
}

// Refusal is one request that was not accepted. It explains a missing message.
type Refusal struct {
	Method, Path string
	Status       int
	Code         string // e.g. AUTH_002
	Problem      string
	At           time.Time // wall clock
}

// Server is the stand-in. Its methods are safe for concurrent use.
type Server struct {
	listener net.Listener
	http     *http.Server
	apiKey   string

	mu       sync.Mutex
	messages []Message
	refusals []Refusal
	replays  map[string]replay
}

// How much is kept and taken: a receiver in a loop must not eat our memory.
const (
	maxBody       = 1 << 20
	maxRecipients = 1000
	maxMessages   = 100_000
	maxRefusals   = 100
	maxReplays    = 10_000
)

// New listens on addr (host:port; port 0 takes a free one, "" is a free port on
// loopback) for requests that carry apiKey in x-api-key. Nothing is answered
// before Run.
func New(addr, apiKey string) (*Server, error) {
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
	s := &Server{listener: l, apiKey: apiKey, replays: make(map[string]replay)}
	s.http = &http.Server{
		Handler:           s,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      10 * time.Second,
		IdleTimeout:       30 * time.Second,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          log.New(io.Discard, "", 0), // a client's broken connection is none of the user's business
	}
	return s, nil
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

// Run answers until ctx ends or Close is called, and then returns nil.
func (s *Server) Run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { _ = s.Close() }) // its error is Serve's
	defer stop()
	if err := s.http.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("the stand-in for Sent's API on %s: %w", s.URL(), err)
	}
	return nil
}

// Close stops listening and drops open connections. It may be called at any
// time, and more than once.
func (s *Server) Close() error {
	err := s.http.Close()
	if lerr := s.listener.Close(); lerr != nil && !errors.Is(lerr, net.ErrClosed) && err == nil {
		err = lerr
	}
	return err
}

// Sent is what was sent to that number, oldest first. A + in front, spaces and
// dashes make no difference.
func (s *Server) Sent(to string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []Message
	for _, m := range s.messages {
		if digits(m.To) == digits(to) {
			found = append(found, m)
		}
	}
	return found
}

// All is everything that was sent, oldest first.
func (s *Server) All() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.messages)
}

// Refusals are the first requests that were not accepted, oldest first: why a
// receiver that tried to send may have sent nothing.
func (s *Server) Refusals() []Refusal {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.refusals)
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
