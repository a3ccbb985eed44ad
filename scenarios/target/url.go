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

	"github.com/sentsim/sentsim/simulator/signing"
)

// urlTarget is a receiver that somebody else runs.
type urlTarget struct {
	spec   Spec
	url    *url.URL
	name   string
	tls    *tls.Config
	out    *output // of the hooks
	secret signing.Secret
}

// reachTime is how long one attempt to reach a target may take.
const reachTime = 5 * time.Second

func newURL(spec Spec) (*urlTarget, error) {
	u, err := parseTargetURL(spec.URL)
	if err != nil {
		return nil, fmt.Errorf("target.url: %w", err)
	}
	if u.Path == "" {
		u.Path = "/"
	}
	t := &urlTarget{spec: spec, url: u, name: spec.Name, out: new(output)}
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
	if err := env.check(); err != nil {
		return fmt.Errorf("%s: %w", t.name, err)
	}
	t.out.hide(env)
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
	if err := env.check(); err != nil {
		return fmt.Errorf("%s: %w", t.name, err)
	}
	t.out.hide(env)
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
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	return dial(ctx, t.address()) == nil
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
		err = await(within, nil, t.connect)
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
		return fmt.Errorf("%s never answered: %w; is the receiver running?", t.name, err)
	}
}

// untrusted is a target that answered, but not as TLS must.
type untrusted struct{ error }

// Unwrap is what went wrong.
func (u *untrusted) Unwrap() error { return u.error }

// connect opens a connection, with its TLS handshake, and closes it again.
func (t *urlTarget) connect(ctx context.Context) error {
	if t.url.Scheme != "https" {
		return dial(ctx, t.address())
	}
	raw, err := new(net.Dialer).DialContext(ctx, "tcp", t.address())
	if err != nil {
		return reason(err)
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
	err := await(within, nil, func(ctx context.Context) error {
		if r.Port != 0 {
			if err := dial(ctx, net.JoinHostPort(t.url.Hostname(), strconv.Itoa(r.Port))); err != nil {
				return fmt.Errorf("port %d: %w", r.Port, err)
			}
			return nil
		}
		return get(ctx, rt, strings.TrimSuffix((&url.URL{Scheme: t.url.Scheme, Host: t.url.Host}).String(), "/")+r.Path)
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
