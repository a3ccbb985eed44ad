package api

import (
	"context"
	"errors"
	"log"
	"log/slog"
	"net/http"
	"strings"
	"sync"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/history"
)

// gate lets requests in to the simulator, and keeps them waiting while a reset
// replaces it: so none meets half of it. Its zero value is open.
type gate struct {
	mu      sync.Mutex
	changed *sync.Cond // lazily made
	inside  int
	closed  bool
	trouble error // of the last reset: nothing can be answered
}

func (g *gate) cond() *sync.Cond {
	if g.changed == nil {
		g.changed = sync.NewCond(&g.mu)
	}
	return g.changed
}

// enter waits until the gate is open. The caller must leave.
func (g *gate) enter() (leave func(), p *problem) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.closed {
		g.cond().Wait()
	}
	if g.trouble != nil {
		return nil, &problem{status: http.StatusServiceUnavailable, code: codeInternal, message: g.message(), cause: g.trouble}
	}
	g.inside++
	return sync.OnceFunc(func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.inside--
		g.cond().Broadcast()
	}), nil
}

func (g *gate) message() string {
	return "the last reset failed halfway: reset again, or restart the server; its log says why"
}

// err is why nothing can be answered; nil: it can.
func (g *gate) err() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.trouble
}

func (g *gate) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
}

// awaitEmpty returns once everybody who was let in has left.
func (g *gate) awaitEmpty() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.inside > 0 {
		g.cond().Wait()
	}
}

// open lets everybody in who waits; with trouble they are told of it.
func (g *gate) open(trouble error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed, g.trouble = false, trouble
	g.cond().Broadcast()
}

// unavailable reports whether an error means that the same request may succeed a
// moment later, or elsewhere, and what to say.
func unavailable(err error) (message string, ok bool) {
	switch {
	case errors.Is(err, simulator.ErrClosed), errors.Is(err, history.ErrStoreClosed):
		return "the simulator was reset, or is shutting down: send the request again", true
	case errors.Is(err, history.ErrFull):
		return "the disk of the data file is full, and nothing more is accepted: make room and restart the server; what was accepted is in the file", true
	case errors.Is(err, history.ErrGone):
		return "the data file was removed or replaced while the server was using it, and nothing more is accepted: restart the server", true
	}
	return "", false
}

// ready says that requests can be answered: the history takes what happens.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	err := s.gate.err()
	if err == nil {
		err = s.Simulator().Flush()
	}
	if err != nil {
		s.report(r.Context(), err)
		text := "the history is incomplete"
		if message, ok := unavailable(err); ok {
			text = message
		}
		w.Header().Set("Retry-After", retryAfter)
		http.Error(w, text, http.StatusServiceUnavailable)
		return
	}
	s.health(w, r)
}

// report logs trouble with the history, once: every request would say it again.
// A simulator that was closed is none.
func (s *Server) report(ctx context.Context, err error) {
	if errors.Is(err, simulator.ErrClosed) || errors.Is(err, history.ErrStoreClosed) {
		return
	}
	text := err.Error()
	if last := s.reported.Swap(&text); last == nil || *last != text {
		s.log.ErrorContext(ctx, "the history cannot be kept", "error", err)
	}
}

// throughGate lets an operation answer with the simulator that stands. A reset
// does not wait for itself.
func (s *Server) throughGate(c *call) (any, error) {
	if c.path != resetPath {
		leave, p := s.gate.enter()
		if p != nil {
			return nil, p
		}
		defer leave()
	}
	c.sim = s.Simulator()
	return c.handle(c)
}

// serverLog is where net/http complains. That a connection could not be taken is
// for the user to know; a client's broken one is not.
func (s *Server) serverLog() *log.Logger {
	return log.New(complaints{s.log}, "", 0)
}

type complaints struct{ log *slog.Logger }

// Write implements io.Writer: it is called with one line.
func (c complaints) Write(line []byte) (int, error) {
	text := strings.TrimSpace(string(line))
	level := slog.LevelDebug
	if strings.Contains(text, "Accept error") {
		level = slog.LevelWarn
	}
	c.log.Log(context.Background(), level, text)
	return len(line), nil
}

// statusGone is what is logged and counted where the client went away: it gets no
// answer. Proxies use the number likewise.
const statusGone = 499

// retryAfter is in seconds.
const retryAfter = "1"
