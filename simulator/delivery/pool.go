package delivery

import (
	"context"
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
	endpoints map[string]*endpoint
	idle      map[place][]*link // the one that was used last is last
	sweeping  func() bool       // cancels the timer that closes what was idle too long; nil: not set
	closed    bool
}

// place is what connections are kept for.
type place struct {
	secure  bool
	address string
}

func (e *endpoint) place() place { return place{e.secure, e.address} }

// NewPool is a pool that connects as h does. Close it.
func NewPool(h HTTP) *Pool {
	return &Pool{http: h, endpoints: map[string]*endpoint{}, idle: map[place][]*link{}}
}

// Send makes one attempt; see HTTP.Send.
func (p *Pool) Send(ctx context.Context, r Request, timeout time.Duration) Outcome {
	if own := r.own(); r.HangUp || r.Cut || r.Dawdle > 0 || own.length || own.connection || own.other {
		return p.http.Send(ctx, r, timeout)
	}
	s := begin(ctx, timeout)
	e, err := p.endpoint(r.URL)
	if err == nil {
		err = r.check()
	}
	if err != nil {
		return s.nothingSent(err)
	}
	s.keep = true
	out := p.send(ctx, &s, e, r)
	if s.reusable(out) {
		p.put(e, s.link)
	} else {
		s.close(out.Kind == Answered)
	}
	return s.took(out)
}

func (p *Pool) send(ctx context.Context, s *sending, e *endpoint, r Request) Outcome {
	if err := ctx.Err(); err != nil {
		return s.failed(err)
	}
	for l := p.pop(e.place()); l != nil; l = p.pop(e.place()) {
		s.link = l
		if s.start.Sub(l.idle) < maxIdle && l.tcp.SetDeadline(s.deadline) == nil {
			if out, sent := s.overKept(e, r); sent {
				return out
			}
		}
		l.close(false)
		s.link = nil
	}
	return s.overNewLink(ctx, p.http, e, r)
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
	if !good {
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
	var all []*link
	for _, links := range p.idle {
		all = append(all, links...)
	}
	clear(p.idle)
	p.mu.Unlock()
	closeAll(all)
}

// endpoint is parseEndpoint, remembered.
func (p *Pool) endpoint(url string) (*endpoint, error) {
	p.mu.Lock()
	e, ok := p.endpoints[url]
	p.mu.Unlock()
	if ok {
		return e, nil
	}
	e, err := parseEndpoint(url)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.endpoints) >= maxEndpoints {
		clear(p.endpoints)
	}
	p.endpoints[url] = e
	return e, nil
}

// pop is the connection that was idle for the shortest time, nil if there is none.
func (p *Pool) pop(at place) *link {
	p.mu.Lock()
	defer p.mu.Unlock()
	links := p.idle[at]
	if len(links) == 0 {
		return nil
	}
	last := len(links) - 1
	l := links[last]
	links[last] = nil
	p.idle[at] = links[:last]
	return l
}

// put keeps a connection for later, or closes it.
func (p *Pool) put(e *endpoint, l *link) {
	if !p.kept(e.place(), l) {
		l.close(true)
	}
}

func (p *Pool) kept(at place, l *link) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || len(p.idle[at]) >= maxIdleLinks {
		return false
	}
	l.requests++
	l.idle = clock.Wall()
	p.idle[at] = append(p.idle[at], l)
	if p.sweeping == nil {
		p.sweeping = clock.Real{}.At(l.idle.Add(maxIdle), p.sweep)
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
	since := clock.Wall().Add(-maxIdle)
	for at, links := range p.idle {
		n := 0 // idle the longest comes first
		for n < len(links) && !links[n].idle.After(since) {
			n++
		}
		old = append(old, links[:n]...)
		if p.idle[at] = slices.Delete(links, 0, n); n == len(links) {
			delete(p.idle, at)
		}
	}
	if len(p.idle) > 0 {
		p.sweeping = clock.Real{}.At(since.Add(2*maxIdle), p.sweep)
	}
	return old
}

func closeAll(links []*link) {
	for _, l := range links {
		l.close(true)
	}
}
