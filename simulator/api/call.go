package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/clock"
)

// operation is one method of one path, and what answers it.
type operation struct {
	method, path string
	status       int // of its success
	handle       handler
	limit        *window // of its own, beside the one of all requests; nil: none

	// What GET /_sentsim tells of an operation of the control interface. It
	// takes no field that does not stand here.
	doc    string
	fields []field
}

// field is one field of a request's body, or one parameter of its query.
type field struct {
	Name string `json:"name"`
	Doc  string `json:"doc"`
}

// handler answers a request: with the data of its answer, or with why there is
// none. The error is a *problem, or one that asProblem knows.
type handler func(c *call) (any, error)

// call is one request on its way through a handler. What is wrong with its
// fields is collected in problems; check returns it.
type call struct {
	*Server
	operation
	sim       *simulator.Simulator // the one that answers this request to its end
	w         http.ResponseWriter
	r         *http.Request
	body      *body // empty where the method has none
	sandboxed bool  // the request asks for an answer without an effect
	problems  problems
}

// answer lets an operation answer. Nothing is written when it returns an error.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, op operation) error {
	c := &call{Server: s, operation: op, w: w, r: r}
	if err := c.readBody(); err != nil {
		return err
	}
	data, err := s.admitted(r, c)
	if early, ok := w.(*recorded); err != nil || ok && early.kept != nil { // kept: it is written already
		return err
	}
	if op.status == http.StatusNoContent {
		w.WriteHeader(op.status)
		return nil
	}
	writeJSON(w, op.status, envelope(w, data, nil))
	return nil
}

// check is what is wrong with the fields that were read so far.
func (c *call) check() error { return c.problems.refusal() }

// sandbox reports whether the request shall change nothing, and marks its
// answer then.
func (c *call) sandbox() bool {
	if c.sandboxed {
		c.w.Header().Set(sandboxHeader, "true")
	}
	return c.sandboxed
}

const sandboxHeader = "X-Sandbox"

// pathID is the id in the path.
func (c *call) pathID() (uuid.UUID, error) {
	id, ok := parseID(c.r.PathValue("id"))
	if !ok {
		c.problems.add(codeUUID, "id", "must be a UUID")
	}
	return id, c.check()
}

// asProblem is the problem that an error means to a client.
func asProblem(err error) *problem {
	var p *problem
	switch {
	case errors.As(err, &p):
		return p
	case errors.Is(err, simulator.ErrNoWebhook):
		return &problem{status: http.StatusNotFound, code: codeNoWebhook, message: "there is no webhook with this id"}
	case errors.Is(err, simulator.ErrInactive):
		return &problem{status: http.StatusBadRequest, code: codeNotNow, message: "the webhook is not active: activate it first"}
	case errors.Is(err, context.Canceled):
		return &problem{status: statusGone, code: codeInternal, message: "the client did not wait for the answer"}
	}
	if message, ok := unavailable(err); ok {
		return &problem{status: http.StatusServiceUnavailable, code: codeInternal, message: message, cause: err}
	}
	return &problem{status: http.StatusInternalServerError, code: codeInternal, message: "an unexpected error occurred: see the server's log", cause: err}
}

// orMissing is err, but for simulator.ErrNotFound: that means a 404 with the
// code of what was looked for.
func orMissing(err error, code, what string) error {
	if errors.Is(err, simulator.ErrNotFound) {
		return refusal(http.StatusNotFound, code, "there is no %s with this id", what)
	}
	return err
}

// refuse answers with what err means.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	p := asProblem(err)
	if s.cfg.Refused != nil {
		s.cfg.Refused(Refusal{Method: r.Method, Path: r.URL.Path, Status: p.status, Code: p.code, Problem: p.message})
	}
	if p.status == http.StatusInternalServerError {
		s.log.Error("a request could not be answered", "request_id", w.Header().Get(requestIDHeader), "error", cmp.Or(p.cause, error(p)))
	}
	if p.status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", retryAfter)
		if p.cause != nil {
			s.report(r.Context(), p.cause)
		}
	}
	if p.status == http.StatusNotImplemented {
		w.Header().Set("X-Should-Retry", "false") // the official client tries a 5xx again otherwise
	}
	writeJSON(w, p.status, envelope(w, nil, p))
}

func (s *Server) panicked(w *watched, r *http.Request, trouble any) {
	if trouble == http.ErrAbortHandler { //nolint:errorlint // a sentinel that is never wrapped
		panic(trouble)
	}
	s.log.Error("a request failed: this is a bug", "method", r.Method, "path", r.URL.Path,
		"request_id", w.Header().Get(requestIDHeader), "error", fmt.Sprint(trouble))
	s.log.Debug("where it failed", "stack", string(debug.Stack()))
	if w.status == 0 {
		s.refuse(w, r, refusal(http.StatusInternalServerError, codeInternal, "an unexpected error occurred"))
	}
}

// watched notes the status of an answer, and tells in it how long it took.
type watched struct {
	http.ResponseWriter

	start  time.Time // wall time
	status int
}

func (w *watched) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
		took := clock.Wall().Sub(w.start)
		w.Header().Set("X-Response-Time", strconv.FormatFloat(float64(took)/float64(time.Millisecond), 'f', 1, 64)+"ms")
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *watched) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (w *watched) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// observed logs and counts a request. The query is not logged: what somebody
// searches for may be anything.
func (s *Server) observed(r *http.Request, where string, w *watched) {
	took := clock.Wall().Sub(w.start)
	s.metrics.Answered(where, r.Method, w.status, took)
	level := slog.LevelInfo
	if strings.HasPrefix(where, "/healthz") || where == "/readyz" || where == "/metrics" {
		level = slog.LevelDebug
	}
	s.log.Log(r.Context(), level, "request", "method", printable(r.Method), "path", printable(r.URL.Path), "status", w.status,
		"took", took, "request_id", w.Header().Get(requestIDHeader))
}
