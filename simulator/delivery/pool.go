package delivery

import (
	"context"
	"errors"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/sentsim/sentsim/simulator/clock"
)

const (
	// maxIdle is how long a connection is kept that nobody uses. Receivers close
	// theirs after a second and more, and a request that crosses with the close
	// would look like a broken receiver.
	maxIdle = 500 * time.Millisecond
	// maxIdleLinks is how many idle ones are kept for a receiver.
	maxIdleLinks = 256
	// maxEndpoints is how many parsed URLs are remembered.
	maxEndpoints = 1024
)

// Pool is the Sender for many attempts: HTTP over connections that are kept and
// used again. Its outcomes are those of HTTP. One Send is still one request: a
// connection that the receiver closed (or said something on) while it was idle
// is noticed before anything is written, and another one taken; when a receiver
// closes a kept connection in the same instant in which a request is written,
// nobody knows whether it was read, so it is not sent again and the outcome, a
// Reset, says so. Requests that bring their own Content-Length or other headers
// about the connection, and those that hang up, dawdle or are cut, get a connection
// of their own.
//
// A receiver that serves one connection at a time keeps all others waiting while
// one is kept: use HTTP where that would look like its fault.
type Pool struct {
	http HTTP

	mu        sync.Mutex
	endpoints map[string]*kept // by URL
	sweeping  func() bool      // cancels the timer that closes what was idle too long; nil: not set
	closed    bool
}

// kept is an endpoint and the connections to it that are idle.
type kept struct {
	*endpoint
	idle      []*link // the one that was used last is last
	forgotten bool    // it is no longer among the pool's
}

// NewPool is a pool that connects as h does. Close it.
func NewPool(h HTTP) *Pool {
	return &Pool{http: h, endpoints: map[string]*kept{}}
}

// Send makes one attempt; see HTTP.Send.
func (p *Pool) Send(ctx context.Context, r Request, timeout time.Duration) Outcome {
	if own := r.own(); r.HangUp || r.Cut || r.Dawdle > 0 || own.length || own.connection || own.other {
		return p.http.Send(ctx, r, timeout)
	}
	s := begin(ctx, timeout)
	k, err := p.endpoint(r.URL)
	if err == nil {
		err = r.check()
	}
	if err != nil {
		return s.nothingSent(err)
	}
	s.keep = true
	out := s.took(p.send(ctx, &s, k, r))
	if !s.reusable(out) || !p.keep(k, s.link, out.Start.Add(out.Duration)) {
		s.close(out.Kind == Answered)
	}
	return out
}

func (p *Pool) send(ctx context.Context, s *sending, k *kept, r Request) Outcome {
	if err := ctx.Err(); err != nil {
		return s.failed(err)
	}
	for l := p.pop(k); l != nil; l = p.pop(k) {
		s.link = l
		if s.start.Sub(l.idle) < maxIdle && l.tcp.SetDeadline(s.deadline) == nil {
			if out, sent := s.overKept(k.endpoint, r); sent {
				return out
			}
		}
		l.close(false)
		s.link = nil
	}
	return s.overNewLink(ctx, p.http, k.endpoint, r)
}

// overKept is exchange over a link that was idle, if the receiver has left it
// alone. Else nothing was sent.
func (s *sending) overKept(e *endpoint, r Request) (out Outcome, sent bool) {
	l := s.link
	l.use(s.parent)
	defer l.rest()
	request := s.encode(e, r)
	now := request
	if l.conn != l.tcp || len(request) > small {
		now = nil // TLS writes otherwise, and a big one must not keep us from reading
	}
	good, written, err := l.take(now)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded): // or we were stopped
		s.phase = exchanging
		return s.failed(err), true
	case !good:
		return Outcome{}, false
	}
	s.phase, s.written = exchanging, err
	if err == nil && written < len(request) {
		s.write(request[written:])
	}
	return s.read(), true
}

// reusable reports whether the link is as good as new.
func (s *sending) reusable(out Outcome) bool {
	return s.keep && s.complete && out.Kind == Answered && s.endWriting() == nil && s.link.br.Buffered() == 0
}

// Close closes the connections that are idle; those in use are closed when their
// attempts end. A Send after Close keeps its connection no longer. Close may be
// called again.
func (p *Pool) Close() {
	p.mu.Lock()
	p.closed = true
	if p.sweeping != nil {
		p.sweeping()
		p.sweeping = nil
	}
	all := p.all()
	p.mu.Unlock()
	closeAll(all)
}

// all takes all idle connections.
func (p *Pool) all() (all []*link) {
	for _, k := range p.endpoints {
		all = append(all, k.idle...)
		k.idle = nil
	}
	return all
}

// endpoint is parseEndpoint, remembered.
func (p *Pool) endpoint(url string) (*kept, error) {
	p.mu.Lock()
	k, ok := p.endpoints[url]
	p.mu.Unlock()
	if ok {
		return k, nil
	}
	e, err := parseEndpoint(url)
	if err != nil {
		return nil, err
	}
	k, old := p.remember(url, e)
	closeAll(old)
	return k, nil
}

func (p *Pool) remember(url string, e *endpoint) (k *kept, old []*link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if k, ok := p.endpoints[url]; ok {
		return k, nil // somebody was faster
	}
	if len(p.endpoints) >= maxEndpoints {
		old = p.all()
		for _, k := range p.endpoints {
			k.forgotten = true
		}
		clear(p.endpoints)
	}
	k = &kept{endpoint: e}
	p.endpoints[url] = k
	return k, old
}

// pop is the connection that was idle for the shortest time, nil if there is none.
func (p *Pool) pop(k *kept) *link {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := len(k.idle) - 1
	if last < 0 {
		return nil
	}
	l := k.idle[last]
	k.idle[last] = nil
	k.idle = k.idle[:last]
	return l
}

// keep keeps a connection for later, unless there are enough, or nobody would
// close it.
func (p *Pool) keep(k *kept, l *link, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || len(k.idle) >= maxIdleLinks || k.forgotten {
		return false
	}
	l.requests++
	l.idle = now
	k.idle = append(k.idle, l)
	if p.sweeping == nil {
		p.sweeping = clock.Real{}.At(now.Add(maxIdle), p.sweep)
	}
	return true
}

// sweep closes what was idle too long, and comes back for the rest.
func (p *Pool) sweep() { closeAll(p.old()) }

func (p *Pool) old() (old []*link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sweeping = nil
	if p.closed {
		return nil
	}
	since, left := clock.Wall().Add(-maxIdle), false
	for _, k := range p.endpoints {
		n := 0 // idle the longest comes first
		for n < len(k.idle) && !k.idle[n].idle.After(since) {
			n++
		}
		old = append(old, k.idle[:n]...)
		k.idle = slices.Delete(k.idle, 0, n)
		left = left || len(k.idle) > 0
	}
	if left {
		p.sweeping = clock.Real{}.At(since.Add(2*maxIdle), p.sweep)
	}
	return old
}

func closeAll(links []*link) {
	for _, l := range links {
		l.close(true)
	}
}
