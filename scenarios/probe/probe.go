// Package probe reads a receiver's state, over HTTP or with a command: the state
// of a message or a template, how many inbound messages it keeps of a number,
// and whether it believes that number to have opted out. It only reads
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
	"sync"
	"sync/atomic"
	"time"

	"github.com/sentsim/sentsim/simulator/event"
)

// Config says where the receiver's state is found. A nil endpoint cannot be read.
type Config struct {
	Message  *Endpoint // URL with {message_id}; Status, Effects
	Inbound  *Endpoint // URL with {from}; Count
	Template *Endpoint // URL with {template_id}; Status, Effects
	Contact  *Endpoint // URL with {from}; OptedOut
	// Headers are sent with every reading, e.g. Authorization. They are never
	// printed.
	Headers map[string]string
	// Dir and Env are for commands: where they run, and what they get in their
	// environment over this process's own.
	Dir string
	Env map[string]string
}

// Endpoint is one state endpoint: a GET that answers with JSON, or with 404 for
// what the receiver does not know; or a command that prints JSON, or nothing for
// what the receiver does not know.
//
// URL is a path on the target ("/state/messages/{message_id}") or an absolute
// http or https URL. Exec, in its place, is a command line, split as a shell
// would but run without one, with the target's PORT in its environment. Status,
// Effects, Count and OptedOut are RFC 9535 JSONPaths into the answer; an empty
// one is not read. Placeholders work in all of them: in the URL they are
// percent-encoded, in the command they are a part of their word, in a JSONPath
// they stand inside a string literal, e.g.
// $.messages[?@.id == "{message_id}"].status, so that a list endpoint will do.
type Endpoint struct {
	URL      string
	Exec     string
	Status   string // where the status stands
	Effects  string // how often the message or template took effect
	Count    string // how many messages are kept
	OptedOut string // whether the contact has opted out

	// Statuses confirms under which words the receiver keeps the statuses of a
	// message, "" being a status that it does not keep; Channels confirms which
	// channels it handles, inbound too. Both are the message's alone.
	Statuses map[string]string
	Channels []string
}

// Kind names one of the things that can be read.
type Kind string

// The kinds, as their endpoints are keyed in the config file.
const (
	KindMessage  Kind = "message"
	KindInbound  Kind = "inbound"
	KindTemplate Kind = "template"
	KindContact  Kind = "contact"
)

// ErrNotConfigured is returned by a reading for which the config has no
// endpoint: a rule that needs it is not checked.
var ErrNotConfigured = errors.New("no probe is configured for it")

// Timeout is how long one reading may take.
const Timeout = 5 * time.Second

// maxCommands is how many commands run at the same time: each is a process, and
// the receiver needs the machine too.
const maxCommands = 4

// Probe reads state as a Config says. A nil Probe has no endpoints. It is safe
// for concurrent use.
type Probe struct {
	endpoints map[Kind]*endpoint
	headers   http.Header
	host      string // of a Host header, which net/http wants elsewhere
	client    *http.Client
	dir       string            // of commands
	env       map[string]string // likewise
	commands  chan struct{}     // holds a token for each command that runs
	statuses  Statuses
	channels  []event.Channel
	unknown   map[Kind]State // what shows for an id that does not exist
	limited   atomic.Bool    // a reading was turned away
	turn      sync.Mutex     // held by the one reading at a time, where they are limited
	vain      atomic.Int64   // readings in a row that were turned away for all of pacedTime
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
		endpoints: make(map[Kind]*endpoint), unknown: make(map[Kind]State),
		headers: http.Header{"Accept": {"application/json"}},
		client:  &http.Client{Transport: rt, CheckRedirect: sameHost},
		dir:     cfg.Dir, env: cfg.Env, commands: make(chan struct{}, maxCommands),
	}
	var problems []error
	for _, e := range []struct {
		kind Kind
		cfg  *Endpoint
	}{{KindMessage, cfg.Message}, {KindInbound, cfg.Inbound}, {KindTemplate, cfg.Template}, {KindContact, cfg.Contact}} {
		if e.cfg == nil {
			continue
		}
		compiled, errs := compile(e.kind, *e.cfg)
		p.endpoints[e.kind] = compiled
		problems = append(problems, errs...)
	}
	if cfg.Message != nil {
		var errs, more []error
		p.statuses, errs = parseStatuses(cfg.Message.Statuses)
		p.channels, more = parseChannels(cfg.Message.Channels)
		problems = append(problems, append(errs, more...)...)
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

// Contact reads whether the contact with the number from has opted out.
func (p *Probe) Contact(ctx context.Context, base, from string) (State, error) {
	return p.read(ctx, KindContact, base, from)
}

// Statuses are the words that the config confirms; nil where it says nothing.
func (p *Probe) Statuses() Statuses {
	if p == nil {
		return nil
	}
	return p.statuses
}

// Channels are those that the config confirms; nil where it says nothing.
func (p *Probe) Channels() []event.Channel {
	if p == nil {
		return nil
	}
	return p.channels
}

func (p *Probe) read(ctx context.Context, kind Kind, base, id string) (State, error) {
	if _, ok := p.Endpoint(kind); !ok {
		return State{}, fmt.Errorf("probe.%s: %w", kind, ErrNotConfigured)
	}
	e := p.endpoints[kind]
	if e.command != nil {
		s, err := p.runCommand(ctx, e, base, id)
		return p.known(kind, s), err
	}
	u, err := e.resolve(base, id)
	if err != nil {
		return State{}, fmt.Errorf("probe.%s.url: %w", kind, err)
	}
	a, err := p.getPaced(ctx, u)
	if err != nil {
		return State{}, fmt.Errorf("probe.%s: GET %s: %w", kind, u.Redacted(), err)
	}
	s, err := e.state(a, id)
	if err != nil {
		return State{}, fmt.Errorf("probe.%s: GET %s: %w", kind, u.Redacted(), err)
	}
	return p.known(kind, s), nil
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
