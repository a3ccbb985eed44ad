package api

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/sentsim/sentsim/simulator/clock"
)

// The server's limits. Writing may take long: a test delivery lasts up to the
// longest timeout that a webhook can have.
const (
	headerTime = 5 * time.Second
	readTime   = 30 * time.Second
	writeTime  = 150 * time.Second
	idleTime   = 2 * time.Minute
	maxHeader  = 64 << 10
)

// shutdownGrace is how long what is under way has to end.
const shutdownGrace = 30 * time.Second

// Serve answers on l until ctx ends, then stops in good order: it takes no more
// requests, lets the requests and the delivery attempts that are under way end,
// for shutdownGrace at most or until hurry is closed, and closes the simulator.
// It returns nil then.
func (s *Server) Serve(ctx context.Context, l net.Listener, hurry <-chan struct{}) error {
	srv := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: headerTime,
		ReadTimeout:       readTime,
		WriteTimeout:      writeTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          s.serverLog(),
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	pumping, stopPump := context.WithCancel(ctx)
	pumped := make(chan struct{})
	go func() {
		defer close(pumped)
		s.pump(pumping)
	}()

	var err error
	select {
	case <-ctx.Done():
	case err = <-served:
		served <- err
	}
	// ctx has ended: what is left has its own time.
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
	defer cancel()
	go func() {
		select {
		case <-hurry:
			cancel()
		case <-limit.Done():
		}
	}()
	if shut := srv.Shutdown(limit); shut != nil {
		_ = srv.Close()
	}
	stopPump()
	<-pumped
	err = <-served
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	return errors.Join(err, s.Simulator().Shutdown(limit))
}

// wallDeadline is d from now.
func wallDeadline(d time.Duration) time.Time { return clock.Wall().Add(d) }

// pump lets happen what is due now, each time somebody asks for it. On clocks
// that move by themselves it has nothing to do.
func (s *Server) pump(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.kick:
		}
		if !s.standsStill() {
			continue
		}
		if err := s.Simulator().Advance(ctx, 0); err != nil && ctx.Err() == nil {
			s.report(ctx, err)
		}
	}
}

// health says that the process answers.
func (s *Server) health(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("ok\n"))
}
