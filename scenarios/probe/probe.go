// Package probe reads a receiver's state over HTTP: the state of a message or a
// template, and how many inbound messages it keeps of a number. It only reads
// and it only reports: what a reading means for a rule is decided elsewhere. A
// reading that fails is our trouble, not the receiver's verdict.
package probe

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Config says where the receiver's state is found. A nil endpoint cannot be read.
type Config struct {
	Message  *Endpoint // URL with {message_id}; Status, Effects
	Inbound  *Endpoint // URL with {from}; Count
	Template *Endpoint // URL with {template_id}; Status, Effects
	// Headers are sent with every reading, e.g. Authorization. They are never
	// printed.
	Headers map[string]string
}

// Endpoint is one state endpoint: a GET that answers with JSON, or with 404 for
// what the receiver does not know.
//
// URL is a path on the target ("/state/messages/{message_id}") or an absolute
// http or https URL. The others are RFC 9535 JSONPaths into the answer; an empty
// one is not read. Placeholders work in both: in the URL they are
// percent-encoded, in a JSONPath they stand inside a string literal, e.g.
// $.messages[?@.id == "{message_id}"].status, so that a list endpoint will do.
type Endpoint struct {
	URL     string
	Status  string // where the status stands
	Effects string // how often the message or template took effect
	Count   string // how many messages are kept
}

// Kind names one of the three things that can be read.
type Kind string

// The kinds, as their endpoints are keyed in the config file.
const (
	KindMessage  Kind = "message"
	KindInbound  Kind = "inbound"
	KindTemplate Kind = "template"
)

// ErrNotConfigured is returned by a reading for which the config has no
// endpoint: a rule that needs it is not checked.
var ErrNotConfigured = errors.New("no probe is configured for it")

// Timeout is how long one reading may take.
const Timeout = 5 * time.Second

// Probe reads state as a Config says. A nil Probe has no endpoints. It is safe
// for concurrent use.
type Probe struct {
	endpoints map[Kind]*endpoint
	headers   http.Header
	host      string // of a Host header, which net/http wants elsewhere
	client    *http.Client
}

// New checks cfg and returns a Probe that reads through rt; with a nil rt it
// opens a connection for each reading, past any proxy. All problems are
// reported, each with its key in the config file.
func New(cfg Config, rt http.RoundTripper) (*Probe, error) {
	if rt == nil {
		// A restarted receiver must not be read through a connection to its
		// predecessor, so none is kept.
		rt = &http.Transport{DisableKeepAlives: true}
	}
	p := &Probe{
		endpoints: make(map[Kind]*endpoint),
		headers:   http.Header{"Accept": {"application/json"}},
		client:    &http.Client{Transport: rt, CheckRedirect: sameHost},
	}
	var problems []error
	for _, e := range []struct {
		kind Kind
		cfg  *Endpoint
	}{{KindMessage, cfg.Message}, {KindInbound, cfg.Inbound}, {KindTemplate, cfg.Template}} {
		if e.cfg == nil {
			continue
		}
		compiled, errs := compile(e.kind, *e.cfg)
		p.endpoints[e.kind] = compiled
		problems = append(problems, errs...)
	}
	for _, name := range sortedKeys(cfg.Headers) {
		value := cfg.Headers[name]
		switch {
		case !isToken(name):
			problems = append(problems, fmt.Errorf("probe.headers: %q is not a header name", name))
		case strings.ContainsAny(value, "\r\n\x00"):
			problems = append(problems, fmt.Errorf("probe.headers.%s: the value has a line break or a NUL in it", name))
		case strings.EqualFold(name, "Host"):
			p.host = value
		default:
			p.headers.Set(name, value)
		}
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	return p, nil
}

// Endpoint is what the config says about kind, and whether it says anything.
func (p *Probe) Endpoint(kind Kind) (Endpoint, bool) {
	if p == nil || p.endpoints[kind] == nil {
		return Endpoint{}, false
	}
	return p.endpoints[kind].cfg, true
}

// Message reads the state of one outbound message. base is the target's URL: a
// relative endpoint is looked up on its host, whatever base's path is.
func (p *Probe) Message(ctx context.Context, base, messageID string) (State, error) {
	return p.read(ctx, KindMessage, base, messageID)
}

// Inbound reads how many inbound messages of the number from are kept. A 404 or
// an empty selection is a count of 0.
func (p *Probe) Inbound(ctx context.Context, base, from string) (State, error) {
	s, err := p.read(ctx, KindInbound, base, from)
	if err == nil && !s.HasCount {
		s.HasCount = true // nothing there: none is kept
	}
	return s, err
}

// Template reads the state of one template.
func (p *Probe) Template(ctx context.Context, base, templateID string) (State, error) {
	return p.read(ctx, KindTemplate, base, templateID)
}

func (p *Probe) read(ctx context.Context, kind Kind, base, id string) (State, error) {
	if _, ok := p.Endpoint(kind); !ok {
		return State{}, fmt.Errorf("probe.%s: %w", kind, ErrNotConfigured)
	}
	e := p.endpoints[kind]
	u, err := e.resolve(base, id)
	if err != nil {
		return State{}, fmt.Errorf("probe.%s.url: %w", kind, err)
	}
	a, err := p.get(ctx, u)
	if err != nil {
		return State{}, fmt.Errorf("probe.%s: GET %s: %w", kind, u.Redacted(), err)
	}
	s, err := e.state(a, id)
	if err != nil {
		return State{}, fmt.Errorf("probe.%s: GET %s: %w", kind, u.Redacted(), err)
	}
	return s, nil
}

// sameHost follows a redirect only on the host that was asked: elsewhere the
// configured headers would leak, and a login page is no state.
func sameHost(req *http.Request, via []*http.Request) error {
	if len(via) >= 5 {
		return errors.New("redirected 5 times; name the last URL in the config")
	}
	if req.URL.Host != via[0].URL.Host || req.URL.Scheme != via[0].URL.Scheme {
		return fmt.Errorf("redirected to %s; if that is where the state is, name it in the config", (&url.URL{Scheme: req.URL.Scheme, Host: req.URL.Host}).String())
	}
	return nil
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// isToken reports whether s can be a header name (RFC 9110, section 5.6.2).
func isToken(s string) bool {
	for _, c := range []byte(s) {
		alnum := c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !alnum && !strings.ContainsRune("!#$%&'*+-.^_`|~", rune(c)) {
			return false
		}
	}
	return s != ""
}
