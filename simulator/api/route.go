package api

import (
	"crypto/rand"
	"encoding/hex"
	"maps"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/sentsim/sentsim/simulator/clock"
)

// sentOperations is what is emulated of Sent's API.
func (s *Server) sentOperations() []operation {
	return []operation{
		{method: "GET", path: "/v3/me", status: 200, handle: me},
		{method: "POST", path: "/v3/messages", status: 202, handle: sendMessages},
		{method: "GET", path: "/v3/messages/{id}", status: 200, handle: getMessage},
		{method: "GET", path: "/v3/messages/{id}/activities", status: 200, handle: getActivities},
		{method: "GET", path: "/v3/templates", status: 200, handle: listTemplates},
		{method: "POST", path: "/v3/templates", status: 201, handle: createTemplate},
		{method: "GET", path: "/v3/templates/{id}", status: 200, handle: getTemplate},
		{method: "PUT", path: "/v3/templates/{id}", status: 200, handle: updateTemplate},
		{method: "DELETE", path: "/v3/templates/{id}", status: 204, handle: deleteTemplate},
		{method: "GET", path: "/v3/webhooks", status: 200, handle: listWebhooks},
		{method: "POST", path: "/v3/webhooks", status: 201, handle: createWebhook},
		{method: "GET", path: "/v3/webhooks/event-types", status: 200, handle: listEventTypes},
		{method: "GET", path: "/v3/webhooks/{id}", status: 200, handle: getWebhook},
		{method: "PUT", path: "/v3/webhooks/{id}", status: 200, handle: updateWebhook},
		{method: "DELETE", path: "/v3/webhooks/{id}", status: 204, handle: deleteWebhook},
		{method: "GET", path: "/v3/webhooks/{id}/events", status: 200, handle: listDeliveries},
		{method: "POST", path: "/v3/webhooks/{id}/rotate-secret", status: 200, handle: rotateSecret, limit: &s.rotating},
		{method: "POST", path: "/v3/webhooks/{id}/test", status: 200, handle: testWebhook, limit: &s.testing},
		{method: "PATCH", path: "/v3/webhooks/{id}/toggle-status", status: 200, handle: toggleStatus},
	}
}

// methods are the operations of one path. None of them is what is not emulated.
type methods map[string]operation

// answering answers a request to one path.
type answering func(s *Server, w http.ResponseWriter, r *http.Request, m methods) error

func byPath(operations []operation) map[string]methods {
	paths := map[string]methods{}
	for _, op := range operations {
		if paths[op.path] == nil {
			paths[op.path] = methods{}
		}
		paths[op.path][op.method] = op
	}
	return paths
}

func (s *Server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mount := func(path string, m methods, answer answering) {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			if err := answer(s, w, r, m); err != nil {
				s.refuse(w, r, err)
			}
		})
	}
	for path, m := range byPath(s.sentOperations()) {
		mount(path, m, (*Server).answerSent)
	}
	for path, m := range byPath(s.controlOperations()) {
		mount(path, m, (*Server).answerControl)
	}
	mount("/_sentsim/", nil, (*Server).answerControl)
	mount("/v3", nil, (*Server).answerSent)
	mount("/v3/", nil, (*Server).answerSent)
	mux.HandleFunc("/healthz", s.health)
	mux.HandleFunc("/readyz", s.ready)
	mux.Handle("/metrics", s.metrics)
	mount("/", nil, (*Server).answerPage)
	return mux
}

var otherVersion = regexp.MustCompile(`^/v[0-9]+(/|$)`)

// answerPage answers what is neither the API nor the control interface.
func (s *Server) answerPage(w http.ResponseWriter, r *http.Request, _ methods) error {
	switch {
	case otherVersion.MatchString(r.URL.Path):
		return s.answerSent(w, r, nil)
	case s.cfg.Pages == nil:
		return refusal(http.StatusNotFound, codeNotFound, "there is nothing here: Sent's API is under /v3, the control interface under /_sentsim")
	}
	if _, password, _ := r.BasicAuth(); s.cfg.PagesKey && !s.key.is(password) {
		w.Header().Set("WWW-Authenticate", `Basic realm="sentsim: the API key is the password", charset="UTF-8"`)
		return refusal(http.StatusUnauthorized, codeBadKey, "the password is the API key that this server was started with")
	}
	if leave, err := s.admission.enter(r.Context()); err == nil {
		leave() // a page that stays open must not hold a reset up
	}
	s.cfg.Pages.ServeHTTP(w, r)
	return nil
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	seen := &watched{ResponseWriter: w, start: clock.Wall()}
	seen.Header().Set(requestIDHeader, newRequestID())
	where := "none"
	defer func() {
		if trouble := recover(); trouble != nil {
			s.panicked(seen, r, trouble)
		}
		s.observed(r, where, seen)
	}()
	if err := s.guard.check(r); err != nil {
		s.refuse(seen, r, err)
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
func (s *Server) answerSent(w http.ResponseWriter, r *http.Request, m methods) error {
	w.Header().Set("X-API-Version", apiVersion)
	if err := s.key.check(r); err != nil {
		return err
	}
	if err := s.allow(&s.standard, w); err != nil {
		return err
	}
	if m == nil {
		return refusal(http.StatusNotImplemented, codeNotEmulated, "sentsim does not emulate %s %s: it knows webhooks, messages, templates and me of %s",
			printable(r.Method), printable(r.URL.Path), apiVersion)
	}
	op, err := m.operation(w, r)
	if err != nil {
		return err
	}
	if err := s.checkProfile(r); err != nil {
		return err
	}
	return s.tellSends(w, op, func(w http.ResponseWriter) error {
		return s.idempotent(w, r, func(w http.ResponseWriter) error {
			if op.limit != nil {
				if err := s.allow(op.limit, w); err != nil {
					return err
				}
			}
			return s.answer(w, r, op)
		})
	})
}

// answerControl answers a request to the control interface. No answer is kept
// for an idempotency key and nothing is limited: tests are in a hurry.
func (s *Server) answerControl(w http.ResponseWriter, r *http.Request, m methods) error {
	if err := s.key.check(r); err != nil {
		return err
	}
	if m == nil {
		return refusal(http.StatusNotFound, codeNotFound, "the control interface has no %s: GET /_sentsim lists what it has", printable(r.URL.Path))
	}
	op, err := m.operation(w, r)
	if err != nil {
		return err
	}
	return s.answer(w, r, op)
}

// operation is what answers the request's method.
func (m methods) operation(w http.ResponseWriter, r *http.Request) (operation, error) {
	op, ok := m[r.Method]
	if !ok {
		allowed := strings.Join(slices.Sorted(maps.Keys(m)), ", ")
		w.Header().Set("Allow", allowed)
		return op, refusal(http.StatusMethodNotAllowed, codeMethod, "%s is not for this path: use %s", printable(r.Method), allowed)
	}
	if _, err := url.ParseQuery(r.URL.RawQuery); err != nil {
		return op, refusal(http.StatusBadRequest, codeInvalid, "the query string is malformed")
	}
	return op, nil
}

// checkProfile refuses what is asked for a profile that the account does not
// have. It has none but itself.
func (s *Server) checkProfile(r *http.Request) error {
	text := r.Header.Get("X-Profile-Id")
	if text == "" {
		return nil
	}
	profile, ok := parseID(text)
	switch {
	case !ok:
		var p problems
		p.add(codeUUID, "x-profile-id", "must be a UUID")
		return p.refusal()
	case profile != s.Simulator().Account():
		return refusal(http.StatusNotFound, codeNotFound, "the account has no profile %s: leave x-profile-id out", profile)
	}
	return nil
}
