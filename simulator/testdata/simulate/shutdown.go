package main

import (
	"context"
	"errors"
	"sync"

	"github.com/sentsim/sentsim/simulator"
)

// shutDown stops the platform in good order. Time passes while it waits for the
// attempts that are under way; nothing may begin any more.
func (l *life) shutDown(ctx context.Context) {
	l.mu.Lock()
	l.stopping, l.diesIn = true, -1 // a process that dies now is the step crash
	l.mu.Unlock()
	release := l.clock.Hold() // until Shutdown waits: then only attempts have timers
	passing, end := context.WithCancel(ctx)
	ran := make(chan error, 1)
	go func() { ran <- l.sim.Run(passing) }()
	err := l.sim.Shutdown(announcing(ctx, release))
	release()
	end()
	if over := <-ran; !errors.Is(over, simulator.ErrClosed) { // it is, when nothing was under way
		err = errors.Join(err, over)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.moveTo(l.clock.Now())
	switch {
	case ctx.Err() != nil:
		l.violated(ending, "it does not shut down: it was given up in real time")
	case err != nil:
		l.violated(goodOrder, "it shut down with an error: %v", err)
	case len(l.unwritten()) > 0:
		l.violated(goodOrder, "it shut down, and %d attempts that ended are not written down", len(l.unwritten()))
	case l.safe < len(l.log):
		l.violated(goodOrder, "it shut down, and only %d of %d writes are safe", l.safe, len(l.log))
	}
}

// announcing is a context that calls f when its reader begins to wait for its end.
func announcing(ctx context.Context, f func()) context.Context {
	return announced{ctx, sync.OnceFunc(f)}
}

type announced struct {
	context.Context //nolint:containedctx // it is a context

	f func()
}

// Done implements context.Context.
func (a announced) Done() <-chan struct{} {
	a.f()
	return a.Context.Done()
}
