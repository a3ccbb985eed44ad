package api_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/api"
	"github.com/sentsim/sentsim/simulator/history"
)

// durable is a server whose history is in a file.
func durable(t *testing.T, cfg api.Config) (s *server, file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "sent.db")
	store, err := history.OpenSQLite(t.Context(), file, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	cfg.Simulator.Store = store
	if cfg.Empty == nil {
		cfg.Empty = func() (history.Store, error) {
			return store, errors.Join(store.Save(history.Change{Empty: true}), store.Flush())
		}
	}
	return serve(t, cfg), file
}

// TestResetUnderLoad resets again and again while others write, read and wait.
// Each of them gets its answer or one clear 503, and afterwards everything works.
func TestResetUnderLoad(t *testing.T) {
	sink := newSink(t)
	s, _ := durable(t, api.Config{})
	var served, refused atomic.Int64
	until := time.Now().Add(time.Second)
	var all sync.WaitGroup
	for n := range 6 {
		all.Go(func() {
			for i := 0; time.Now().Before(until); i++ {
				var r reply
				switch (n + i) % 4 {
				case 0:
					r = s.call("POST", "/v3/webhooks", object("display_name", "orders", "endpoint_url", sink))
				case 1:
					r = s.call("POST", "/v3/messages", `{"to":["+15005550101"],"text":"hi"}`)
				case 2:
					r = s.call("GET", "/v3/webhooks?page=1&page_size=5", "")
				case 3:
					r = s.call("POST", "/_sentsim/clock/advance", `{"by":"1h"}`)
				}
				switch {
				case r.status < 300:
					served.Add(1)
				case r.status == http.StatusServiceUnavailable && r.header.Get("Retry-After") != "" && strings.Contains(r.body, "again"):
					refused.Add(1)
				default:
					t.Errorf("answered %d: %s", r.status, r.body)
				}
			}
		})
	}
	resets := 0
	for ; time.Now().Before(until); resets++ {
		s.must(http.StatusOK, "POST", "/_sentsim/reset", "")
	}
	all.Wait()
	t.Logf("%d resets, %d requests answered, %d told to come again", resets, served.Load(), refused.Load())
	if served.Load() == 0 || resets < 3 {
		t.Error("nothing was tried")
	}
	s.must(http.StatusOK, "POST", "/_sentsim/reset", "")
	s.register(sink)
	if n := s.must(http.StatusOK, "GET", "/v3/webhooks?page=1&page_size=5", "").get("data.pagination.total_count").Int(); n != 1 {
		t.Errorf("after a reset and one registration there are %d webhooks", n)
	}
	if r := s.call("GET", "/readyz", ""); r.status != http.StatusOK {
		t.Errorf("ready: %d %s", r.status, r.body)
	}
}

func newSink(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), ReadHeaderTimeout: time.Second}
	done := make(chan struct{})
	go func() { defer close(done); _ = srv.Serve(l) }()
	t.Cleanup(func() { _ = srv.Close(); <-done })
	return "http://" + l.Addr().String()
}

// TestResetThatFails leaves a server that says so to everybody, until a reset succeeds.
func TestResetThatFails(t *testing.T) {
	var broken atomic.Bool
	broken.Store(true)
	var log bytes.Buffer
	s := serve(t, api.Config{
		Logger: slog.New(slog.NewTextHandler(&log, nil)),
		Empty: func() (history.Store, error) {
			if broken.Load() {
				return nil, errors.New("the attic is locked")
			}
			return history.NewMemory(0), nil
		},
	})
	if r := s.call("POST", "/_sentsim/reset", ""); r.status < 500 || strings.Contains(r.body, "attic") {
		t.Errorf("a reset that fails: %d %s", r.status, r.body)
	}
	for _, path := range []string{"/v3/me", "/_sentsim/clock", "/readyz"} {
		if r := s.call("GET", path, ""); r.status != http.StatusServiceUnavailable || r.header.Get("Retry-After") == "" {
			t.Errorf("%s after a reset that failed: %d %s", path, r.status, r.body)
		}
	}
	broken.Store(false)
	s.must(http.StatusOK, "POST", "/_sentsim/reset", "")
	if r := s.call("GET", "/readyz", ""); r.status != http.StatusOK {
		t.Errorf("ready after a reset that succeeded: %d %s", r.status, r.body)
	}
	s.must(http.StatusOK, "GET", "/v3/me", "")
}

// TestFileTakenAway: what would be accepted now, nobody would find.
func TestFileTakenAway(t *testing.T) {
	for name, takeAway := range map[string]func(file string) error{
		"removed":     os.Remove,
		"moved":       func(file string) error { return os.Rename(file, file+".old") },
		"cut":         func(file string) error { return os.Truncate(file, 0) },
		"its log cut": func(file string) error { return os.Truncate(file+"-wal", 0) },
		"its log":     func(file string) error { return os.Remove(file + "-wal") },
		"replaced":    func(file string) error { return os.WriteFile(file+".new", nil, 0o600) },
		"as a whole":  func(file string) error { return os.RemoveAll(filepath.Dir(file)) },
	} {
		t.Run(name, func(t *testing.T) {
			var log lockedBuffer
			s, file := durable(t, api.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
			s.register("http://127.0.0.1:9")
			if err := takeAway(file); err != nil {
				t.Fatal(err)
			}
			if name == "replaced" {
				if err := os.Rename(file+".new", file); err != nil {
					t.Fatal(err)
				}
			}
			for range 2 {
				if r := s.call("GET", "/readyz", ""); r.status != http.StatusServiceUnavailable || !strings.Contains(r.body, "removed, replaced or cut") {
					t.Errorf("ready: %d %s", r.status, r.body)
				}
				if r := s.call("POST", "/v3/messages", `{"to":["+15005550101"],"text":"hi"}`); r.status != http.StatusServiceUnavailable {
					t.Errorf("accepted, and nobody will find it: %d %s", r.status, r.body)
				}
			}
			if n := strings.Count(log.String(), "level=ERROR"); n != 1 {
				t.Errorf("%d errors are logged, want 1:\n%s", n, log.String())
			}
			s.failsAtTheEnd = true
		})
	}
}

// TestClientThatWentAway is nobody's error.
func TestClientThatWentAway(t *testing.T) {
	var log lockedBuffer
	s := serve(t, api.Config{Logger: slog.New(slog.NewTextHandler(&log, nil)), Simulator: simulator.Config{}})
	s.register("http://127.0.0.1:9") // its deliveries wait for days of virtual time in no time, so hold them up
	hang := newHanging(t)
	s.register(hang)
	s.must(http.StatusAccepted, "POST", "/v3/messages", `{"to":["+15005550101"],"text":"hi"}`)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/_sentsim/wait", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Api-Key", s.key)
	resp, err := s.http.Do(req)
	if err == nil {
		resp.Body.Close()
		t.Fatal("it was answered")
	}
	s.eventually(func() bool { return strings.Contains(log.String(), "status=499") }, "the request is logged as given up")
	if strings.Contains(log.String(), "level=ERROR") || strings.Contains(log.String(), "status=500") {
		t.Errorf("logged:\n%s", log.String())
	}
}

// newHanging listens and never answers.
func newHanging(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return "http://" + l.Addr().String()
}

// eventually waits for something that another goroutine does.
func (s *server) eventually(f func() bool, what string) {
	s.t.Helper()
	for end := time.Now().Add(10 * time.Second); !f(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			s.t.Errorf("it never came to that: %s", what)
			return
		}
	}
}

// TestAcceptError: that no connection can be taken is for the user to know.
func TestAcceptError(t *testing.T) {
	var log lockedBuffer
	a, err := api.New(api.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	failing := &failingListener{Listener: l, failed: stop}
	if err := a.Serve(ctx, failing, nil); err != nil {
		t.Errorf("serve: %v", err)
	}
	if !strings.Contains(log.String(), "level=WARN") || !strings.Contains(log.String(), "too many open files") {
		t.Errorf("logged: %s", log.String())
	}
}

// failingListener cannot take the first connection.
type failingListener struct {
	net.Listener
	tries  atomic.Int64
	failed func()
}

func (l *failingListener) Accept() (net.Conn, error) {
	if l.tries.Add(1) == 1 {
		return nil, &net.OpError{Op: "accept", Err: syscall.EMFILE}
	}
	l.failed() // the complaint was made before it tries again
	return l.Listener.Accept()
}

// lockedBuffer is a log that is read while it is written.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// A request that waits for a reset waits no longer than its client does.
func TestWhoLeavesDuringAResetIsNotWaitedFor(t *testing.T) {
	resetting, release := make(chan struct{}), make(chan struct{})
	s := serve(t, api.Config{Empty: func() (history.Store, error) {
		close(resetting)
		<-release
		return history.NewMemory(history.DefaultLimit), nil
	}})
	var reset sync.WaitGroup
	defer reset.Wait()
	defer close(release)
	reset.Go(func() { s.must(http.StatusOK, "POST", "/_sentsim/reset", "") })
	<-resetting
	ctx, leave := context.WithCancel(t.Context())
	answered := make(chan int, 1)
	go func() {
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, s.url+"/v3/webhooks?page=1&page_size=5", nil)
		r.Header.Set("X-Api-Key", s.key)
		s.ServeHTTP(w, r)
		answered <- w.Code
	}()
	select {
	case status := <-answered:
		t.Fatalf("answered %d while the reset was under way", status)
	case <-time.After(50 * time.Millisecond):
	}
	leave()
	select {
	case status := <-answered:
		if status != 499 {
			t.Errorf("ended with %d, want 499", status)
		}
	case <-time.After(10 * time.Second):
		t.Error("the request still waits for the reset")
	}
}
