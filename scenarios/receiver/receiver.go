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
	"cmp"
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

const (
	maxBody  = 1<<20 + 64<<10 // far above any real event
	maxDrain = 16 << 20       // is still read of a larger one, so that its sender sees the answer
)

// Config is what a Receiver needs to know.
type Config struct {
	Secret  string           // the webhook's signing secret, whsec_…; required
	File    string           // where events are kept (SQLite); "" keeps them in memory
	BaseURL string           // of Sent's API, without /v3, for replies; "" never replies
	APIKey  string           // for Sent's API
	Path    string           // where deliveries arrive; "" is DefaultPath
	Listen  string           // of Serve: host:port; "" is DefaultListen; port 0 takes a free one
	Logger  *slog.Logger     // nil logs nothing
	Now     func() time.Time // what signature timestamps are compared with; nil is the wall clock

	// Change alters a receiver that is ready otherwise, before it takes or sends
	// anything; nil changes nothing. Package mutant makes its mistakes here.
	Change func(*Receiver) error
}

// Receiver takes deliveries at its path and tells what became of them:
//
//	GET /state/messages/{id}           {"status":"DELIVERED","effects":4}, 404 if unknown
//	GET /state/inbound?from=NUMBER     {"count":2}
//	GET /state/templates/{id}          {"status":"APPROVED","effects":2}, 404 if unknown
//	GET /state/contacts?number=NUMBER  {"opted_out":true}
//	GET /healthz                       200 while it can store events
//
// It is safe for concurrent use.
type Receiver struct {
	Handler http.Handler
	Key     []byte
	Store   *Store
	Log     *slog.Logger
	Now     func() time.Time
	replies *replier // nil: never replies
	Steps
}

// Steps are what is done with a delivery, in this order. Config.Change can
// replace each of them; a copy of this receiver calls the functions directly.
type Steps struct {
	MaxBody  int64
	Verify   func(key []byte, h http.Header, body []byte, now time.Time) error
	Read     func(h http.Header, body []byte) (Event, error)
	ReplyTo  func(ev Event) []byte
	Add      func(ctx context.Context, ev Event, reply []byte) (added bool, err error)
	Refuse   func(w http.ResponseWriter, err error, status int, text string)
	OptedOut func(ctx context.Context, number string) (bool, error) // asked before a reply
	Listen   func(*http.Server, net.Listener) net.Listener          // nil, or what Serve puts around its listener
}

// New opens the storage and makes a Receiver; the caller closes it. An error of
// the configuration wraps ErrConfig.
func New(cfg Config) (*Receiver, error) {
	r := &Receiver{Log: cmp.Or(cfg.Logger, slog.New(slog.DiscardHandler)), Now: cfg.Now}
	if r.Now == nil {
		r.Now = clock.Wall
	}
	cfg.Path = cmp.Or(cfg.Path, DefaultPath)
	// ServeMux answers an unclean path with a redirect, which Sent does not follow.
	if path.Clean(cfg.Path) != cfg.Path || cfg.Path[0] != '/' || strings.ContainsAny(cfg.Path, "{}?# ") {
		return nil, fmt.Errorf("%w: path %q: want a plain path such as %s", ErrConfig, cfg.Path, DefaultPath)
	}
	var err error
	if r.Key, err = decodeSecret(cfg.Secret); err != nil {
		return nil, fmt.Errorf("%w: signing secret: %w", ErrConfig, err)
	}
	if cfg.BaseURL != "" {
		if r.replies, err = newReplier(cfg.BaseURL, cfg.APIKey, r.Log); err != nil {
			return nil, fmt.Errorf("%w: base URL: %w", ErrConfig, err)
		}
	}
	if r.Store, err = OpenStore(context.Background(), cfg.File); err != nil {
		return nil, err
	}
	r.Steps = Steps{
		MaxBody: maxBody, Verify: Verify, ReplyTo: replyTo, Add: r.Store.Add, OptedOut: r.Store.optedOut,
		Read:   func(_ http.Header, body []byte) (Event, error) { return ReadEvent(body) },
		Refuse: func(w http.ResponseWriter, _ error, status int, text string) { http.Error(w, text, status) },
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+cfg.Path, r.receive)
	mux.HandleFunc("GET /state/messages/{id}", r.state(Message))
	mux.HandleFunc("GET /state/templates/{id}", r.state(Template))
	mux.HandleFunc("GET /state/inbound", r.inboundCount)
	mux.HandleFunc("GET /state/contacts", r.contactState)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, req *http.Request) {
		respond(w, r.Store.DB.PingContext(req.Context()), map[string]any{"ok": true})
	})
	r.Handler = mux
	if cfg.Change != nil {
		if err = cfg.Change(r); err != nil {
			return nil, errors.Join(err, r.Store.Close())
		}
	}
	if r.replies != nil {
		r.replies.start(r.Store, r.OptedOut)
	}
	return r, nil
}

// Close lets a reply that is under way finish (some seconds at most) and closes
// the storage. Requests must be over by then.
func (r *Receiver) Close() error {
	if r.replies != nil {
		r.replies.stop()
	}
	return r.Store.Close()
}

// ServeHTTP answers deliveries and questions about the state.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.Handler.ServeHTTP(w, req)
}

// receive answers 2xx once the event is stored, or was before, or is of a kind
// that nothing is done with. Sent tries everything else again, later.
func (r *Receiver) receive(w http.ResponseWriter, req *http.Request) {
	// The signature covers the raw bytes, so they come before any JSON.
	body, err := io.ReadAll(io.LimitReader(req.Body, r.MaxBody+1))
	if err != nil {
		http.Error(w, "the body ended early", http.StatusBadRequest)
		return
	}
	if int64(len(body)) > r.MaxBody {
		_, _ = io.CopyN(io.Discard, req.Body, maxDrain)
		http.Error(w, "the body is too large", http.StatusRequestEntityTooLarge)
		return
	}
	if err := r.Verify(r.Key, req.Header, body, r.Now()); err != nil {
		r.Log.Warn("delivery refused", "reason", err, "from", req.RemoteAddr)
		// Every forgery gets the same words: the reason is nothing for its sender.
		r.Refuse(w, err, http.StatusUnauthorized, "the signature does not verify")
		return
	}
	ev, err := r.Read(req.Header, body)
	if err != nil {
		r.Refuse(w, err, http.StatusBadRequest, err.Error())
		return
	}
	if ev.Kind == Unknown {
		// Sent adds events over time. Refusing them would only have them sent
		// again and, in the end, the webhook disabled.
		r.Log.Info("event ignored", "why", ev.Key)
		return
	}
	var reply []byte
	if r.replies != nil {
		reply = r.ReplyTo(ev)
	}
	// It doesn't stop when the sender hangs up: what was read and verified is
	// worth storing, and the sender will ask again.
	added, err := r.Add(context.WithoutCancel(req.Context()), ev, reply)
	if err != nil {
		r.Log.Error("event not stored", "key", ev.Key, "error", err)
		r.Refuse(w, err, http.StatusInternalServerError, "try again")
		return
	}
	r.Log.Debug("event stored", "key", ev.Key, "new", added)
	w.WriteHeader(http.StatusOK)
	if added && reply != nil {
		r.replies.wake()
	}
}

func (r *Receiver) state(k Kind) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		status, effects, err := r.Store.State(req.Context(), k, req.PathValue("id"))
		if errors.Is(err, ErrUnknown) {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		respond(w, err, map[string]any{"status": status, "effects": effects})
	}
}

func (r *Receiver) inboundCount(w http.ResponseWriter, req *http.Request) {
	count, err := r.Store.count(req.Context(), Inbound, number(req.URL.Query().Get("from")))
	respond(w, err, map[string]any{"count": count})
}

func (r *Receiver) contactState(w http.ResponseWriter, req *http.Request) {
	out, err := r.Store.optedOut(req.Context(), number(req.URL.Query().Get("number")))
	respond(w, err, map[string]any{"opted_out": out})
}

func respond(w http.ResponseWriter, err error, body map[string]any) {
	if err != nil {
		http.Error(w, "the state cannot be read", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body) // a failure here means that the client left
}
