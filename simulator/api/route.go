package api

import (
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"path"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/sentsim/sentsim/simulator/clock"
)

// route is one path and what answers its methods.
type route struct {
	path    string
	methods map[string]handler
}

func (s *Server) sentRoutes() []route {
	return []route{
		{"/v3/me", map[string]handler{"GET": me}},
		{"/v3/messages", map[string]handler{"POST": sendMessage}},
		{"/v3/messages/{id}", map[string]handler{"GET": getMessage}},
		{"/v3/messages/{id}/activities", map[string]handler{"GET": getActivities}},
		{"/v3/templates", map[string]handler{"GET": listTemplates, "POST": createTemplate}},
		{"/v3/templates/{id}", map[string]handler{"GET": getTemplate, "PUT": updateTemplate, "DELETE": deleteTemplate}},
		{"/v3/webhooks", map[string]handler{"GET": listWebhooks, "POST": createWebhook}},
		{"/v3/webhooks/event-types", map[string]handler{"GET": listEventTypes}},
		{"/v3/webhooks/{id}", map[string]handler{"GET": getWebhook, "PUT": updateWebhook, "DELETE": deleteWebhook}},
		{"/v3/webhooks/{id}/events", map[string]handler{"GET": listDeliveries}},
		{"/v3/webhooks/{id}/rotate-secret", map[string]handler{"POST": limited(&s.rotating, rotateSecret)}},
		{"/v3/webhooks/{id}/test", map[string]handler{"POST": limited(&s.testing, testWebhook)}},
		{"/v3/webhooks/{id}/toggle-status", map[string]handler{"PATCH": toggleStatus}},
	}
}

func (s *Server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	for _, rt := range s.sentRoutes() {
		mux.HandleFunc(rt.path, func(w http.ResponseWriter, r *http.Request) { s.answerSent(w, r, rt) })
	}
	for _, rt := range s.controlRoutes() {
		mux.HandleFunc(rt.path, func(w http.ResponseWriter, r *http.Request) { s.answerControl(w, r, rt) })
	}
	mux.HandleFunc("/_sentsim/", func(w http.ResponseWriter, r *http.Request) { s.answerControl(w, r, route{}) })
	notEmulated := route{"/v3/", nil}
	for _, p := range []string{"/v3", "/v3/"} {
		mux.HandleFunc(p, func(w http.ResponseWriter, r *http.Request) { s.answerSent(w, r, notEmulated) })
	}
	mux.HandleFunc("/healthz", s.health)
	mux.HandleFunc("/readyz", s.ready)
	mux.Handle("/metrics", s.metrics.handler())
	mux.HandleFunc("/", s.page)
	return mux
}

// page answers what is neither the API nor the control interface.
func (s *Server) page(w http.ResponseWriter, r *http.Request) {
	if s.cfg.Pages != nil {
		if _, password, _ := r.BasicAuth(); s.cfg.PagesKey && !s.key.is(password) {
			w.Header().Set("WWW-Authenticate", `Basic realm="sentsim: the API key is the password", charset="UTF-8"`)
			s.refuse(w, r, refusal(http.StatusUnauthorized, codeBadKey, "the password is the API key that this server was started with"))
			return
		}
		if leave, p := s.gate.enter(); p == nil {
			leave() // a page that stays open must not hold a reset up
		}
		s.cfg.Pages.ServeHTTP(w, r)
		return
	}
	s.refuse(w, r, refusal(http.StatusNotFound, codeNotFound, "there is nothing here: Sent's API is under /v3, the control interface under /_sentsim"))
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := clock.Wall()
	w.Header().Set(requestIDHeader, newRequestID())
	seen := &watched{ResponseWriter: w}
	where := "none"
	defer func() {
		if trouble := recover(); trouble != nil {
			s.panicked(seen, r, trouble)
		}
		s.observed(r, where, seen, clock.Wall().Sub(start))
	}()
	if p := s.guard.check(r); p != nil {
		s.refuse(seen, r, p)
		return
	}
	if clean := path.Clean("/" + r.URL.Path); clean != r.URL.Path && clean+"/" != r.URL.Path {
		// The mux would redirect, which hides a mistake in a client's URL.
		s.refuse(seen, r, refusal(http.StatusNotFound, codeNotFound, "the path is not in its simplest form: use %s", printable(clean)))
		return
	}
	_, where = s.mux.Handler(r)
	s.mux.ServeHTTP(seen, r)
}

const requestIDHeader = "X-Request-Id"

// newRequestID is a fresh id in Sent's form.
func newRequestID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return "req_" + hex.EncodeToString(b[:])
}

// answerSent answers a request to Sent's API.
func (s *Server) answerSent(w http.ResponseWriter, r *http.Request, rt route) {
	p := s.key.check(r)
	if p == nil {
		p = s.standard.allow(w)
	}
	if p != nil {
		s.refuse(w, r, p)
		return
	}
	if rt.methods == nil {
		s.refuse(w, r, refusal(http.StatusNotImplemented, codeNotEmulated, "sentsim does not emulate %s %s", printable(r.Method), printable(r.URL.Path)))
		return
	}
	h, p := rt.handler(w, r)
	if p == nil {
		p = checkProfile(r)
	}
	if p != nil {
		s.refuse(w, r, p)
		return
	}
	requestID := w.Header().Get(requestIDHeader)
	p = s.idempotent(w, r, requestID, func(w http.ResponseWriter) { s.answer(w, r, h) })
	if p != nil {
		s.refuse(w, r, p)
	}
}

// answerControl answers a request to the control interface. A method that may
// change something is not cached for a key, and nothing is limited: tests are in
// a hurry.
func (s *Server) answerControl(w http.ResponseWriter, r *http.Request, rt route) {
	p := s.key.check(r)
	if p == nil && rt.methods == nil {
		p = refusal(http.StatusNotFound, codeNotFound, "the control interface has no %s", printable(r.URL.Path))
	}
	if p != nil {
		s.refuse(w, r, p)
		return
	}
	h, p := rt.handler(w, r)
	if p != nil {
		s.refuse(w, r, p)
		return
	}
	s.answer(w, r, h)
}

// handler is what answers the request's method.
func (rt route) handler(w http.ResponseWriter, r *http.Request) (handler, *problem) {
	h, ok := rt.methods[r.Method]
	if !ok {
		allowed := strings.Join(slices.Sorted(maps.Keys(rt.methods)), ", ")
		w.Header().Set("Allow", allowed)
		return nil, refusal(http.StatusMethodNotAllowed, codeMethod, "%s is not for this path: use %s", printable(r.Method), allowed)
	}
	if _, err := url.ParseQuery(r.URL.RawQuery); err != nil {
		return nil, refusal(http.StatusBadRequest, codeInvalid, "the query string is malformed")
	}
	return h, nil
}

// checkProfile refuses what is asked for somebody else.
func checkProfile(r *http.Request) *problem {
	profile := r.Header.Get("X-Profile-Id")
	if profile == "" {
		return nil
	}
	if _, ok := parseID(profile); !ok {
		p := &problems{}
		p.add(codeUUID, "x-profile-id", "must be a UUID")
		return p.refusal()
	}
	return refusal(http.StatusNotImplemented, codeNotEmulated, "sentsim does not emulate profiles: leave x-profile-id out")
}

// answer lets a handler answer.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, h handler) {
	c := &call{Server: s, w: w, r: r, requestID: w.Header().Get(requestIDHeader)}
	a, p := s.throughGate(c, h)
	early, _ := w.(*recorded)
	switch {
	case early != nil && early.kept != nil && p == nil: // it is there already
	case p != nil:
		if early != nil {
			early.takeBack()
		}
		s.refuse(w, r, p)
	case a.status == http.StatusNoContent:
		w.WriteHeader(a.status)
	default:
		writeJSON(w, a.status, envelope(c.requestID, a.data, nil))
	}
}

// refuse answers with p.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, p *problem) {
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
	writeJSON(w, p.status, envelope(w.Header().Get(requestIDHeader), nil, p))
}

// limited is a handler with a limit of its own.
func limited(l *window, h handler) handler {
	return func(c *call) (answer, *problem) {
		if p := l.allow(c.w); p != nil {
			return answer{}, p
		}
		return h(c)
	}
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

// watched notes the status of an answer.
type watched struct {
	http.ResponseWriter
	status int
}

func (w *watched) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *watched) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (w *watched) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// observed logs and counts a request. The query is not logged: what somebody
// searches for may be anything.
func (s *Server) observed(r *http.Request, where string, w *watched, took time.Duration) {
	s.metrics.request(where, r.Method, w.status, took)
	level := slog.LevelInfo
	if strings.HasPrefix(where, "/healthz") || where == "/readyz" || where == "/metrics" {
		level = slog.LevelDebug
	}
	s.log.Log(r.Context(), level, "request", "method", printable(r.Method), "path", printable(r.URL.Path), "status", w.status,
		"took", took, "request_id", w.Header().Get(requestIDHeader))
}
