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

// admission lets requests in to the simulator, and keeps them waiting while a reset
// replaces it: so none meets half of it. Its zero value lets everybody in.
type admission struct {
	mu      sync.Mutex
	over    chan struct{} // closed when the reset that is under way is over; nil: none is
	trouble error         // of the last reset: nothing can be answered
	inside  sync.WaitGroup
}

// enter waits while a reset is under way, for as long as ctx lets it. The caller must
// leave.
func (a *admission) enter(ctx context.Context) (leave func(), err error) {
	for {
		over, err := a.tryEnter()
		switch {
		case err != nil:
			return nil, err
		case over == nil:
			return sync.OnceFunc(a.inside.Done), nil
		}
		select {
		case <-over:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// tryEnter lets one in, unless a reset is under way, which is over when over is closed.
func (a *admission) tryEnter() (over <-chan struct{}, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.over != nil:
		return a.over, nil
	case a.trouble != nil:
		return nil, &problem{
			status: http.StatusServiceUnavailable, code: codeInternal, cause: a.trouble,
			message: "the last reset failed halfway: reset again, or restart the server; its log says why",
		}
	}
	a.inside.Add(1) // none is added while a reset waits for them
	return nil, nil
}

// err is why nothing can be answered; nil: it can.
func (a *admission) err() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.trouble
}

// close lets nobody in until open is called.
func (a *admission) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.over = make(chan struct{})
}

// awaitEmpty returns once all who were let in have left.
func (a *admission) awaitEmpty() { a.inside.Wait() }

// open lets all in who wait; with trouble they are told of it.
func (a *admission) open(trouble error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	close(a.over)
	a.over, a.trouble = nil, trouble
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
		return "the data file was removed, replaced or cut while the server was using it, and nothing more is accepted: restart the server", true
	}
	return "", false
}

// ready says that requests can be answered: the history takes what happens.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	err := s.admission.err()
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

// admitted lets an operation answer with the simulator that stands. A reset does not
// wait for itself.
func (s *Server) admitted(r *http.Request, c *call) (any, error) {
	if c.path != resetPath {
		leave, err := s.admission.enter(r.Context())
		if err != nil {
			return nil, err
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
