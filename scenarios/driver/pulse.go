package driver

import (
	"context"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/delivery"
)

// Pulse is the control of every judgement about time: as long as it beats, a
// small exchange with a server of our own over the loopback interface is made
// again and again. A receiver is slow, or its state late, only where the pulse was
// regular meanwhile; else this machine was starved.
type Pulse struct {
	server *http.Server
	url    string

	mu     sync.Mutex
	late   []lasting // beats that took too long, in order
	recent []lasting // the last beats
	since  time.Time
	closed chan struct{}
	done   sync.WaitGroup
}

// lasting is from when to when a beat lasted.
type lasting struct {
	from, to time.Time
}

// over is how much longer it took than it does on a machine that has time for it.
func (l lasting) over() time.Duration { return l.to.Sub(l.from) - beat }

const (
	beat = 50 * time.Millisecond
	// starved is from when on a beat took too long. It takes less than a
	// millisecond on a machine that has time for it.
	starved = 150 * time.Millisecond
	maxLate = 4096
	// maxRecent is how many beats are remembered though they were in time.
	maxRecent = 128
)

// StartPulse listens on a port of the loopback interface. Close it.
func StartPulse(ctx context.Context) (*Pulse, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Pulse{url: "http://" + l.Addr().String() + "/", closed: make(chan struct{}), since: clock.Wall()}
	p.server = &http.Server{
		ReadHeaderTimeout: time.Minute,
		Handler:           http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }),
	}
	p.done.Go(func() { _ = p.server.Serve(l) }) // ends with Close
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	p.done.Go(func() {
		<-p.closed
		cancel()
	})
	p.done.Go(func() { p.run(ctx) })
	return p, nil
}

// Close ends the pulse.
func (p *Pulse) Close() error {
	if p == nil {
		return nil
	}
	close(p.closed)
	err := p.server.Close()
	p.done.Wait()
	return err
}

func (p *Pulse) run(ctx context.Context) {
	request := delivery.Request{URL: p.url, Body: []byte("{}")}
	for {
		start := clock.Wall()
		(delivery.HTTP{}).Send(ctx, request, time.Minute)
		if (clock.Real{}).Sleep(ctx, beat) != nil {
			return
		}
		p.mu.Lock()
		p.since = clock.Wall()
		last := lasting{start, p.since}
		if last.over() > starved && len(p.late) < maxLate {
			p.late = append(p.late, last)
		}
		if p.recent = append(p.recent, last); len(p.recent) > maxRecent {
			p.recent = p.recent[1:]
		}
		p.mu.Unlock()
	}
}

// Starved is for how long this machine had no time for a beat between then and
// now: 0 when it always had. A nil pulse knows of nothing.
func (p *Pulse) Starved(from time.Time) time.Duration {
	if p == nil {
		return 0
	}
	now := clock.Wall()
	p.mu.Lock()
	defer p.mu.Unlock()
	var sum time.Duration
	for _, l := range p.late {
		if l.to.After(from) {
			sum += l.to.Sub(later(l.from, from))
		}
	}
	if open := now.Sub(later(p.since, from)) - beat; open > starved { // the beat that is under way
		sum += open
	}
	return sum
}

// Took is how long an answer took that has just come, at least: without what this machine may
// have taken of it.
func (p *Pulse) Took(o delivery.Outcome) time.Duration {
	return max(0, o.Duration-max(p.Starved(o.Start), p.Slowest(o.Start)))
}

// Slowest is how much longer the slowest beat since then took than it should: so much of
// what just took long may be this machine's.
func (p *Pulse) Slowest(from time.Time) (slowest time.Duration) {
	if p == nil {
		return 0
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, b := range append(slices.Clone(p.recent), lasting{p.since, clock.Wall()}) {
		if b.to.After(from) {
			slowest = max(slowest, b.over())
		}
	}
	return slowest
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
