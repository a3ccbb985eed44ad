package target

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/sentsim/sentsim/scenarios/target/internal/output"
	"github.com/sentsim/sentsim/scenarios/target/internal/reach"
)

// handlerTarget is a receiver inside this process, behind a real server: what
// net/http does to connections, it does here too. A panic is a reset.
type handlerTarget struct {
	spec Spec
	name string
	out  *output.Tail // of net/http: panics and the like

	grace time.Duration // for requests that are being handled

	port    int // kept over a restart
	server  *handlerServer
	closeFn func() error
}

func newHandler(spec Spec) *handlerTarget {
	t := &handlerTarget{spec: spec, name: spec.Name, out: new(output.Tail), grace: stopGrace, port: spec.Port}
	if t.name == "" {
		t.name = "handler"
	}
	return t
}

func (t *handlerTarget) Name() string     { return t.name }
func (t *handlerTarget) CanRestart() bool { return true }
func (t *handlerTarget) CanRotate() bool  { return true }
func (t *handlerTarget) Log() []string    { return t.out.Lines() }

func (t *handlerTarget) URL() string {
	return "http://" + net.JoinHostPort(reach.Loopbacks()[0], strconv.Itoa(t.port)) + t.spec.Path
}

// Alive tells whether its port accepts connections.
func (t *handlerTarget) Alive(ctx context.Context) bool {
	if t.server == nil {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, reach.LookTime)
	defer cancel()
	return reach.Dial(ctx, t.server.listener.Addr().String()) == nil
}

// Start builds the handler and serves it.
func (t *handlerTarget) Start(ctx context.Context, env Env) error {
	if t.server != nil {
		return fmt.Errorf("%s: has been started already", t.name)
	}
	t.out.Hide(env.Secret, env.APIKey)
	listener, err := t.listen(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", t.name, err)
	}
	h, closeFn, err := t.spec.Handler(env)
	if err == nil && h == nil {
		err = errors.New("the factory returned no handler")
	}
	if err != nil {
		_ = listener.Close()
		if closeFn != nil {
			err = errors.Join(err, closeFn())
		}
		return fmt.Errorf("%s: %w", t.name, err)
	}
	t.port = listener.Addr().(*net.TCPAddr).Port
	t.closeFn = closeFn
	t.server = serve(listener, h, log.New(t.out, "", 0))
	if err := t.awaitReady(ctx); err != nil {
		return errors.Join(fmt.Errorf("%s: %w", t.name, err), t.Close())
	}
	return nil
}

// listen takes the port of last time if it is still free, unless the user named one.
func (t *handlerTarget) listen(ctx context.Context) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", net.JoinHostPort(reach.Loopbacks()[0], strconv.Itoa(t.port)))
	if err != nil && t.port != 0 && t.spec.Port == 0 {
		l, err = lc.Listen(ctx, "tcp", net.JoinHostPort(reach.Loopbacks()[0], "0"))
	}
	if err != nil {
		return nil, fmt.Errorf("port %d: %w", t.port, reach.Reason(err))
	}
	return l, nil
}

func (t *handlerTarget) awaitReady(ctx context.Context) error {
	r := t.spec.Ready
	within, cancel := context.WithTimeout(ctx, t.spec.StartTimeout)
	defer cancel()
	err := reach.Await(within, nil, func(ctx context.Context) error {
		if r.Path != "" {
			return reach.Get(ctx, &http.Transport{DisableKeepAlives: true}, "http://"+t.server.listener.Addr().String()+r.Path)
		}
		port := r.Port
		if port == 0 {
			port = t.port
		}
		_, err := reach.DialLoopback(ctx, port)
		return err
	})
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("was not ready within %s: %w", t.spec.StartTimeout, err)
	}
	return err
}

// Restart closes the receiver and builds it anew with env, on the same port if
// that is still free.
func (t *handlerTarget) Restart(ctx context.Context, env Env) error {
	if err := t.Close(); err != nil {
		return err
	}
	return t.Start(ctx, env)
}

// Pause lets requests wait until Resume.
func (t *handlerTarget) Pause() error {
	if t.server == nil {
		return fmt.Errorf("%s: is not running", t.name)
	}
	t.server.pause()
	return nil
}

// Resume lets them through.
func (t *handlerTarget) Resume() error {
	if t.server == nil {
		return fmt.Errorf("%s: is not running", t.name)
	}
	t.server.resume()
	return nil
}

// Close stops the server, lets requests that are being handled finish for 5 s
// at most, and closes what the factory made.
func (t *handlerTarget) Close() error {
	if t.server == nil {
		return nil
	}
	err := t.server.stop(t.grace)
	t.server = nil
	if t.closeFn != nil {
		if closeErr := t.closeFn(); closeErr != nil {
			err = errors.Join(err, fmt.Errorf("closing it: %w", closeErr))
		}
		t.closeFn = nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w", t.name, err)
	}
	return nil
}

// handlerServer serves one handler and knows how many requests it is busy with.
type handlerServer struct {
	listener net.Listener
	http     *http.Server
	served   chan struct{} // closed when Serve has returned

	mu       sync.Mutex
	active   map[net.Conn]bool // a request is being read, handled or answered
	handlers int               // that are running, on a connection or off it
	paused   chan struct{}     // closed on resume; nil while requests go through
	idle     chan struct{}     // closed when no connection is active, once stopping
	quiet    chan struct{}     // closed when no handler is running, once stopping
}

func serve(l net.Listener, h http.Handler, errorLog *log.Logger) *handlerServer {
	s := &handlerServer{listener: l, served: make(chan struct{}), active: make(map[net.Conn]bool)}
	s.http = &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s.count(1)
			defer s.count(-1)
			if s.admit(r.Context()) {
				h.ServeHTTP(w, r)
			}
		}),
		ConnState:         s.track,
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          errorLog,
	}
	go func() {
		defer close(s.served)
		_ = s.http.Serve(l) // ends when the server is closed
	}()
	return s
}

func (s *handlerServer) pause() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.paused == nil {
		s.paused = make(chan struct{})
	}
}

func (s *handlerServer) resume() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.paused != nil {
		close(s.paused)
		s.paused = nil
	}
}

// admit waits while the server is paused. It reports false when the client went
// away meanwhile.
func (s *handlerServer) admit(ctx context.Context) bool {
	s.mu.Lock()
	paused := s.paused
	s.mu.Unlock()
	if paused == nil {
		return true
	}
	select {
	case <-paused:
		return true
	case <-ctx.Done():
		return false
	}
}

// track follows the connections. net/http flushes an answer before the state
// changes, so who waits for no active one cuts none off.
func (s *handlerServer) track(c net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if state == http.StateActive {
		s.active[c] = true
	} else {
		delete(s.active, c)
	}
	s.tell()
}

func (s *handlerServer) count(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.handlers += n
	s.tell()
}

// tell lets go of who waits in stop. It is called with mu locked.
func (s *handlerServer) tell() {
	if s.idle != nil && len(s.active) == 0 {
		close(s.idle)
		s.idle = nil
	}
	if s.quiet != nil && s.handlers == 0 {
		close(s.quiet)
		s.quiet = nil
	}
}

// stop ends the server within twice grace. (http.Server.Shutdown would also wait for connections
// on which nobody has said anything yet.)
func (s *handlerServer) stop(grace time.Duration) error {
	s.resume()
	s.http.SetKeepAlivesEnabled(false)
	_ = s.listener.Close()
	idle, quiet := make(chan struct{}), make(chan struct{})
	s.mu.Lock()
	s.idle = idle
	s.tell()
	s.mu.Unlock()
	waitFor(idle, grace)
	_ = s.http.Close() // cuts off what is left: its handlers see their context end
	<-s.served
	s.mu.Lock()
	s.quiet = quiet
	s.tell()
	s.mu.Unlock()
	if !waitFor(quiet, grace) {
		return fmt.Errorf("a handler was still running %s after its connection was closed; it should return when its request's context ends", grace)
	}
	return nil
}
