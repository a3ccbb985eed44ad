package target

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/sentsim/sentsim/scenarios/target/internal/output"
	"github.com/sentsim/sentsim/scenarios/target/internal/reach"
	"github.com/sentsim/sentsim/simulator/signing"
)

// urlTarget is a receiver that somebody else runs.
type urlTarget struct {
	spec   Spec
	url    *url.URL
	name   string
	tls    *tls.Config
	out    *output.Tail // of the hooks
	secret signing.Secret
}

// FullURL is text as a URL where it leaves no doubt about what is meant: a port
// alone is one of this machine, and host:port speaks http (at port 443 https).
// Anything else is returned as it is.
func FullURL(text string) string {
	if strings.Contains(text, "://") || strings.ContainsAny(text, "@ \t\r\n") {
		return text
	}
	authority, rest := text, ""
	if at := strings.IndexAny(text, "/?#"); at >= 0 {
		authority, rest = text[:at], text[at:]
	}
	host, port, err := net.SplitHostPort(authority)
	if err != nil {
		host, port = "", authority // perhaps a port alone
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 || strings.TrimLeft(port, "0123456789") != "" {
		return text
	}
	if host == "" {
		host = "127.0.0.1"
	}
	scheme := "http"
	if port == "443" {
		scheme = "https"
	}
	return scheme + "://" + net.JoinHostPort(host, port) + rest
}

// reachTime is how long one attempt to reach a target may take.
const reachTime = 10 * time.Second

func newURL(spec Spec) (*urlTarget, error) {
	u, err := parseTargetURL(spec.URL)
	if err != nil {
		return nil, fmt.Errorf("target.url: %w", err)
	}
	if u.Path == "" {
		u.Path = "/"
	}
	t := &urlTarget{spec: spec, url: u, name: spec.Name, out: new(output.Tail)}
	if t.name == "" {
		named := *u
		if named.RawQuery != "" {
			named.RawQuery = "…" // may be a token
		}
		t.name = named.String()
	}
	if spec.TLS != (TLS{}) && u.Scheme != "https" {
		return nil, fmt.Errorf("target.url: --cacert and --insecure are for https://, and this is %s://", u.Scheme)
	}
	if t.tls, err = spec.TLS.Config(); err != nil {
		return nil, err
	}
	return t, nil
}

func (t *urlTarget) Name() string     { return t.name }
func (t *urlTarget) URL() string      { return t.url.String() }
func (t *urlTarget) CanRestart() bool { return !t.spec.RestartHook.isZero() }
func (t *urlTarget) CanRotate() bool  { return !t.spec.Rotate.isZero() }
func (t *urlTarget) Close() error     { return nil }

// Log is what the hooks printed: the target's own output is out of reach.
func (t *urlTarget) Log() []string { return t.out.Lines() }

// Start makes sure that somebody answers at the URL, and waits until the target
// says that it is ready if the config tells how.
func (t *urlTarget) Start(ctx context.Context, env Env) error {
	if err := env.Check(); err != nil {
		return fmt.Errorf("%s: %w", t.name, err)
	}
	t.out.Hide(env.Secret, env.APIKey)
	t.secret = env.Secret
	return t.reach(ctx, t.spec.WaitForTarget)
}

// Restart runs the rotation hook if env has another secret than before, else
// the restart hook, and waits until the target answers again.
func (t *urlTarget) Restart(ctx context.Context, env Env) error {
	key, hook := "restart", t.spec.RestartHook
	if !env.Secret.Equal(t.secret) {
		key, hook = "rotate", t.spec.Rotate
	}
	if hook.isZero() {
		return fmt.Errorf("%s: %w: the config has no target.%s", t.name, ErrNoControl, key)
	}
	if err := env.Check(); err != nil {
		return fmt.Errorf("%s: %w", t.name, err)
	}
	t.out.Hide(env.Secret, env.APIKey)
	if err := t.run(ctx, key, hook, env); err != nil {
		return fmt.Errorf("target.%s: %w", key, err)
	}
	t.secret = env.Secret
	return t.reach(ctx, t.spec.StartTimeout)
}

// Pause cannot be done to what somebody else runs.
func (t *urlTarget) Pause() error { return fmt.Errorf("%s: %w", t.name, ErrNoControl) }

// Resume likewise.
func (t *urlTarget) Resume() error { return t.Pause() }

// Alive tells whether the host accepts connections.
func (t *urlTarget) Alive(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, reach.LookTime)
	defer cancel()
	return reach.Dial(ctx, t.address()) == nil
}

func (t *urlTarget) address() string { return hostPort(t.url) }

// hostPort is the address to connect to for u.
func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = "80"
		if u.Scheme == "https" {
			port = "443"
		}
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// reach connects once, or for up to wait until it works.
func (t *urlTarget) reach(ctx context.Context, wait time.Duration) error {
	limit := wait
	if wait == 0 {
		limit = reachTime
	}
	within, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var err error
	if wait > 0 {
		err = reach.Await(within, nil, t.connect)
	} else {
		err = t.connect(within)
	}
	if err == nil {
		return t.awaitReady(ctx)
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", t.name, ctx.Err())
	}
	var refused *untrusted
	switch {
	case errors.As(err, &refused):
		return fmt.Errorf("%s: %w", t.name, err)
	case wait > 0:
		return fmt.Errorf("%s never answered within %s: %w; is the receiver running?", t.name, wait, err)
	default:
		if elsewhere := t.elsewhere(ctx); elsewhere != "" {
			return fmt.Errorf("%s never answered: %w; but something listens at %s: “localhost” is 127.0.0.1 to some programs and ::1 to others, so give that address: --target %s", t.name, err, t.otherHost(elsewhere).Host, t.otherHost(elsewhere))
		}
		return fmt.Errorf("%s never answered: %w; is the receiver running?", t.name, err)
	}
}

// elsewhere is the other loopback address, if its port takes connections there.
func (t *urlTarget) elsewhere(ctx context.Context) string {
	ip := net.ParseIP(t.url.Hostname())
	if t.url.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return ""
	}
	for _, host := range reach.Loopbacks() {
		if host == t.url.Hostname() {
			continue
		}
		if reach.Dial(ctx, hostPort(t.otherHost(host))) == nil {
			return host
		}
	}
	return ""
}

// otherHost is the target's URL with another host and the same port.
func (t *urlTarget) otherHost(host string) *url.URL {
	_, port, _ := net.SplitHostPort(t.address())
	other := *t.url
	other.Host = net.JoinHostPort(host, port)
	if t.url.RawQuery != "" {
		other.RawQuery = "…" // may be a token
	}
	return &other
}

// untrusted is a target that answered, but not as TLS must.
type untrusted struct{ error }

// Unwrap is what went wrong.
func (u *untrusted) Unwrap() error { return u.error }

// connect opens a connection, with its TLS handshake, and closes it again.
func (t *urlTarget) connect(ctx context.Context) error {
	if t.url.Scheme != "https" {
		return reach.Dial(ctx, t.address())
	}
	raw, err := new(net.Dialer).DialContext(ctx, "tcp", t.address())
	if err != nil {
		return reach.Reason(err)
	}
	defer func() { _ = raw.Close() }()
	cfg := t.tls.Clone()
	cfg.ServerName = t.url.Hostname()
	if err := tls.Client(raw, cfg).HandshakeContext(ctx); err != nil {
		return &untrusted{tlsReason(err)}
	}
	return nil
}

// awaitReady polls what target.ready says.
func (t *urlTarget) awaitReady(ctx context.Context) error {
	r := t.spec.Ready
	if r.Path == "" && r.Port == 0 {
		return nil
	}
	within, cancel := context.WithTimeout(ctx, t.spec.StartTimeout)
	defer cancel()
	rt := &http.Transport{DisableKeepAlives: true, TLSClientConfig: t.tls}
	err := reach.Await(within, nil, func(ctx context.Context) error {
		if r.Port != 0 {
			if err := reach.Dial(ctx, net.JoinHostPort(t.url.Hostname(), strconv.Itoa(r.Port))); err != nil {
				return fmt.Errorf("port %d: %w", r.Port, err)
			}
			return nil
		}
		return reach.Get(ctx, rt, strings.TrimSuffix((&url.URL{Scheme: t.url.Scheme, Host: t.url.Host}).String(), "/")+r.Path)
	})
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("%s: %w", t.name, ctx.Err())
	default:
		return fmt.Errorf("%s was not ready within %s: %w", t.name, t.spec.StartTimeout, err)
	}
}
