// Package dashboard is the page of a running simulator: webhooks and their
// health, deliveries, messages, templates, and what one needs at one's desk: an
// event to send, a clock to move. The pages are made here and need no script; a
// little of it keeps them up to date while one looks. They load nothing from
// anywhere else, and nothing that a message or an answer contains can run in them.
package dashboard

import (
	"fmt"
	"net/http"
	"sync"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator"
)

// Config is what New needs.
type Config struct {
	// Simulator is the one to show. A server that resets replaces it.
	Simulator func() *simulator.Simulator
	// StandsStill reports that time moves only when it is told to: the pages then
	// have buttons for that.
	StandsStill bool
	// Disturb has the next attempt at a webhook suffer a fault on its way, by its
	// name in the API's control interface; nil: there are no such faults.
	Disturb func(webhook uuid.UUID, fault string) error
	// APIKey is shown to newcomers as the key of the API; "": it is not to be shown.
	APIKey string
	// AllowTarget reports whether a webhook may point to a URL; nil: anywhere.
	AllowTarget func(url string) bool
}

// Dashboard answers the pages' requests. It is safe for concurrent use.
type Dashboard struct {
	cfg     Config
	feed    *Feed
	flashes flashes
	handler http.Handler
	assets  assets
	pages   pages
}

// New is a dashboard that learns from feed when something has changed. It starts
// nothing.
func New(cfg Config, feed *Feed) (*Dashboard, error) {
	d := &Dashboard{cfg: cfg, feed: feed}
	var err error
	if d.assets, err = newAssets(); err != nil {
		return nil, fmt.Errorf("dashboard: %w", err)
	}
	if d.pages, err = newPages(d.assets); err != nil {
		return nil, fmt.Errorf("dashboard: %w", err)
	}
	// A page of another origin must not press our buttons.
	guard := http.NewCrossOriginProtection()
	d.handler = guard.Handler(d.routes())
	return d, nil
}

func (d *Dashboard) routes() http.Handler {
	mux := http.NewServeMux()
	page := func(pattern string, h func(*view) error) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { d.answer(w, r, h) })
	}
	page("GET /{$}", overview)
	page("GET /webhooks/new", newWebhook)
	page("POST /webhooks", createWebhook)
	page("GET /webhooks/{id}", showWebhook)
	page("GET /webhooks/{id}/edit", editWebhook)
	page("POST /webhooks/{id}", updateWebhook)
	page("POST /webhooks/{id}/enable", setActive(true))
	page("POST /webhooks/{id}/disable", setActive(false))
	page("POST /webhooks/{id}/rotate", rotateSecret)
	page("POST /webhooks/{id}/secret", revealSecret)
	page("POST /webhooks/{id}/test", testWebhook)
	page("POST /webhooks/{id}/delete", deleteWebhook)
	page("GET /deliveries", listDeliveries)
	page("GET /deliveries/{id}", showDelivery)
	page("GET /deliveries/{id}/body", rawBody)
	page("GET /deliveries/{id}/attempts/{n}/signed", rawSigned)
	page("POST /deliveries/{id}/resend", resendDelivery)
	page("POST /deliveries/resend", resendMany)
	page("GET /messages", listMessages)
	page("GET /messages/{id}", showMessage)
	page("GET /templates", listTemplates)
	page("GET /compose", compose)
	page("POST /compose/event", composeEvent)
	page("POST /compose/message", composeMessage)
	page("POST /compose/inbound", composeInbound)
	page("POST /compose/template", composeTemplate)
	page("POST /clock", moveClock)
	page("/", nothingHere)
	mux.HandleFunc("GET /live", d.live)
	mux.HandleFunc("GET /assets/{name}", d.assets.serve)
	return mux
}

// ServeHTTP answers one request.
func (d *Dashboard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "+
		"form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin") // no-referrer would make forms come from nowhere
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	d.handler.ServeHTTP(w, r)
}

// flashes are what pages have to say once, after a redirect: it stays out of
// addresses and cookies, for it may be a signing secret.
type flashes struct {
	mu    sync.Mutex
	byKey map[string]flash
	order []string
}

// maxFlashes is how many wait to be read at most: a page that is never opened
// does not keep a secret for ever.
const maxFlashes = 64

func (f *flashes) put(key string, m flash) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.byKey == nil {
		f.byKey = map[string]flash{}
	}
	if len(f.order) == maxFlashes {
		delete(f.byKey, f.order[0])
		f.order = f.order[1:]
	}
	f.byKey[key] = m
	f.order = append(f.order, key)
}

// take is the message of that key, which is then gone.
func (f *flashes) take(key string) *flash {
	f.mu.Lock()
	defer f.mu.Unlock()
	m, ok := f.byKey[key]
	if !ok {
		return nil
	}
	delete(f.byKey, key)
	return &m
}

// flash is one such message.
type flash struct {
	Tone     string // passed, failed or warned
	Text     string
	Secret   string      // a new signing secret
	Revealed string      // one that was asked for, shown in its place
	Forged   *forgedView // what came of a forged delivery
}
