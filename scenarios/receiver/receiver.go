// Package receiver is what a good receiver of Sent's webhooks looks like, short
// enough to be read as an example and to be copied. Every delivery goes the
// same way: read the raw body up to a limit, check its signature (verify.go),
// read the event out of it (event.go), store it under its idempotency key
// (store.go), and only then acknowledge. What takes longer, such as answering a
// message, is done afterwards from what was stored (reply.go).
//
// It keeps every rule that `sentsim verify` checks. It reads the contract on
// its own, without the simulator's code, so that the two check each other.
package receiver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/sentsim/sentsim/simulator/clock"
)

// DefaultPath is where deliveries are taken unless Config.Path says otherwise.
const DefaultPath = "/webhooks/sent"

// HealthPath is where the receiver says that it can store events. Its answer there
// bears ReferenceHeader, by which sentsim knows its own receiver, whose state it can
// read without being told how. A copy of this receiver for production leaves it out.
const (
	HealthPath      = "/healthz"
	ReferenceHeader = "X-Sentsim-Receiver"
)

const (
	// maxBody is far above any real event, so that no event is ever lost to it.
	maxBody = 1<<20 + 64<<10
	// maxDrain is how much of a larger body is still read, so that its sender
	// comes to see the answer and not a broken connection.
	maxDrain = 16 << 20
)

// Config is what a Receiver needs to know.
type Config struct {
	Secret  string           // the webhook's signing secret, whsec_…; required
	File    string           // where events are kept (SQLite); "" keeps them in memory
	BaseURL string           // of Sent's API, without /v3, for replies; "" never replies
	APIKey  string           // for Sent's API
	Path    string           // where deliveries arrive; "" is DefaultPath
	Logger  *slog.Logger     // nil logs nothing
	Now     func() time.Time // what signature timestamps are compared with; nil is the wall clock
	Mutant  string           // the mistake to make, the name of one of Mutants; "" makes none
}

// Receiver takes deliveries at its path and tells what became of them:
//
//	GET /state/messages/{id}         {"status":"DELIVERED","effects":4}, 404 if unknown
//	GET /state/inbound?from=NUMBER   {"count":2}
//	GET /state/templates/{id}        {"status":"APPROVED","effects":2}, 404 if unknown
//	GET /state/contacts?number=NUMBER  {"opted_out":true}
//	GET /healthz                     200 while it can store events
//
// It is safe for concurrent use.
type Receiver struct {
	handler http.Handler
	key     []byte
	store   *store
	replies *replier // nil: never replies
	log     *slog.Logger
	now     func() time.Time
	steps
}

// steps are what is done with a delivery, in this order. Mutants (mutant.go) do
// one of them wrong; who copies this receiver calls the functions themselves.
type steps struct {
	maxBody int64
	verify  func(key []byte, h http.Header, body []byte, now time.Time) error
	read    func(h http.Header, body []byte) (event, error)
	replyTo func(ev event) []byte
	add     func(ctx context.Context, ev event, reply []byte) (added bool, err error)

	overhear func(*http.Server, net.Listener) net.Listener // nil; what is written on the wire
}

// New opens the storage and makes a Receiver; the caller closes it. An error of
// the configuration wraps ErrConfig.
func New(cfg Config) (*Receiver, error) {
	mutant, err := lookupMutant(cfg.Mutant)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	r := &Receiver{log: cfg.Logger, now: cfg.Now}
	if r.log == nil {
		r.log = slog.New(slog.DiscardHandler)
	}
	if r.now == nil {
		r.now = clock.Wall
	}
	if cfg.Path == "" {
		cfg.Path = DefaultPath
	}
	// ServeMux answers an unclean path with a redirect, which Sent does not follow.
	if path.Clean(cfg.Path) != cfg.Path || cfg.Path[0] != '/' || strings.ContainsAny(cfg.Path, "{}?# ") {
		return nil, fmt.Errorf("%w: path %q: want a plain path such as %s", ErrConfig, cfg.Path, DefaultPath)
	}
	if r.key, err = decodeSecret(cfg.Secret); err != nil {
		return nil, fmt.Errorf("%w: signing secret: %w", ErrConfig, err)
	}
	if cfg.BaseURL != "" {
		if r.replies, err = newReplier(cfg.BaseURL, cfg.APIKey, r.log); err != nil {
			return nil, fmt.Errorf("%w: base URL: %w", ErrConfig, err)
		}
	}
	if r.store, err = openStore(context.Background(), cfg.File); err != nil {
		return nil, err
	}
	r.steps = steps{
		maxBody: maxBody, verify: verify, replyTo: replyTo, add: r.store.add,
		read: func(_ http.Header, body []byte) (event, error) { return readEvent(body) },
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+cfg.Path, r.receive)
	mux.HandleFunc("GET /state/messages/{id}", r.state(message))
	mux.HandleFunc("GET /state/templates/{id}", r.state(template))
	mux.HandleFunc("GET /state/inbound", r.inboundCount)
	mux.HandleFunc("GET /state/contacts", r.contactState)
	mux.HandleFunc("GET "+HealthPath, r.healthz)
	r.handler = mux
	if err = mutant.apply(r, cfg); err != nil {
		return nil, errors.Join(err, r.store.close())
	}
	if r.replies != nil {
		r.replies.start(r.store)
	}
	return r, nil
}

// Close lets a reply that is under way finish (some seconds at most) and closes
// the storage. Requests must be over by then.
func (r *Receiver) Close() error {
	if r.replies != nil {
		r.replies.stop()
	}
	return r.store.close()
}

// ServeHTTP answers deliveries and questions about the state.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.handler.ServeHTTP(w, req)
}

// receive answers 2xx once the event is stored, or was before, or is of a kind
// that nothing is done with. Sent tries everything else again, later.
func (r *Receiver) receive(w http.ResponseWriter, req *http.Request) {
	// The signature covers the raw bytes, so they come before any JSON.
	body, err := io.ReadAll(io.LimitReader(req.Body, r.maxBody+1))
	if err != nil {
		http.Error(w, "the body ended early", http.StatusBadRequest)
		return
	}
	if int64(len(body)) > r.maxBody {
		_, _ = io.CopyN(io.Discard, req.Body, maxDrain)
		http.Error(w, "the body is too large", http.StatusRequestEntityTooLarge)
		return
	}
	if err := r.verify(r.key, req.Header, body, r.now()); err != nil {
		r.log.Warn("delivery refused", "reason", err, "from", req.RemoteAddr)
		// Every forgery gets the same words: the reason is nothing for its sender.
		refuse(w, err, http.StatusUnauthorized, "the signature does not verify")
		return
	}
	ev, err := r.read(req.Header, body)
	if err != nil {
		refuse(w, err, http.StatusBadRequest, err.Error())
		return
	}
	if ev.kind == unknown {
		// Sent adds events over time. Refusing them would only have them sent
		// again and, in the end, the webhook disabled.
		r.log.Info("event ignored", "why", ev.key)
		return
	}
	var reply []byte
	if r.replies != nil {
		reply = r.replyTo(ev)
	}
	// It doesn't stop when the sender hangs up: what was read and verified is
	// worth storing, and the sender will ask again.
	added, err := r.add(context.WithoutCancel(req.Context()), ev, reply)
	if err != nil {
		r.log.Error("event not stored", "key", ev.key, "error", err)
		refuse(w, err, http.StatusInternalServerError, "try again")
		return
	}
	r.log.Debug("event stored", "key", ev.key, "new", added)
	w.WriteHeader(http.StatusOK)
	if added && reply != nil {
		r.replies.wake()
	}
}

// refuse answers an error with a status and a text: these, unless a mutant wants others.
func refuse(w http.ResponseWriter, err error, status int, text string) {
	var mistaken *answer
	if errors.As(err, &mistaken) {
		status, text = mistaken.status, mistaken.text
	}
	http.Error(w, text, status)
}

func (r *Receiver) state(k kind) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		status, effects, err := r.store.state(req.Context(), k, req.PathValue("id"))
		if errors.Is(err, errUnknown) {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		respond(w, err, map[string]any{"status": status, "effects": effects})
	}
}

func (r *Receiver) inboundCount(w http.ResponseWriter, req *http.Request) {
	count, err := r.store.count(req.Context(), inbound, number(req.URL.Query().Get("from")))
	respond(w, err, map[string]any{"count": count})
}

func (r *Receiver) contactState(w http.ResponseWriter, req *http.Request) {
	out, err := r.store.optedOut(req.Context(), number(req.URL.Query().Get("number")))
	respond(w, err, map[string]any{"opted_out": out})
}

func (r *Receiver) healthz(w http.ResponseWriter, req *http.Request) {
	w.Header().Set(ReferenceHeader, "1")
	respond(w, r.store.ping(req.Context()), map[string]any{"ok": true})
}

func respond(w http.ResponseWriter, err error, body map[string]any) {
	if err != nil {
		http.Error(w, "the state cannot be read", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body) // a failure here means that the client left
}
