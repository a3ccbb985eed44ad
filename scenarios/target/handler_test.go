package target

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// recording is a factory that notes what happens to its receivers.
type recording struct {
	events  []string
	handler http.HandlerFunc
	err     error
}

func (r *recording) factory(env Env) (http.Handler, func() error, error) {
	secret := "old"
	if len(r.events) > 0 {
		secret = env.Secret.Reveal()[:8]
	}
	r.events = append(r.events, "built "+secret)
	closeFn := func() error { r.events = append(r.events, "closed"); return nil }
	if r.err != nil {
		return nil, closeFn, r.err
	}
	return r.handler, closeFn, nil
}

func TestAHandlerIsServedRestartedAndClosed(t *testing.T) {
	r := &recording{handler: func(w http.ResponseWriter, req *http.Request) { _, _ = io.WriteString(w, req.URL.Path) }}
	tg := mustStart(t, Spec{Handler: r.factory, Path: "/hook"}, Env{Secret: otherSecret(t)})
	first := tg.URL()
	if !strings.HasSuffix(first, "/hook") || !tg.Alive(t.Context()) || !tg.CanRestart() || !tg.CanRotate() || tg.Name() != "handler" {
		t.Errorf("URL %s", first)
	}
	if err := tg.Restart(t.Context(), Env{Secret: secret(t)}); err != nil {
		t.Fatal(err)
	}
	if tg.URL() != first {
		t.Errorf("URL %s after the restart, %s before", tg.URL(), first)
	}
	if body, err := fetch(t, tg, "/x"); err != nil || body != "/x" {
		t.Errorf("answered %q, %v", body, err)
	}
	for range 2 {
		if err := tg.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if tg.Alive(t.Context()) {
		t.Error("alive after Close")
	}
	if want := []string{"built old", "closed", "built whsec_c2", "closed"}; !slices.Equal(r.events, want) {
		t.Errorf("events %q, want %q", r.events, want)
	}
}

func TestARestartTakesAnotherPortIfItMust(t *testing.T) {
	r := &recording{handler: func(http.ResponseWriter, *http.Request) {}}
	tg := mustStart(t, Spec{Handler: r.factory}, Env{})
	u, err := url.Parse(tg.URL())
	if err != nil {
		t.Fatal(err)
	}
	if err := tg.Close(); err != nil {
		t.Fatal(err)
	}
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	if err := tg.Restart(t.Context(), Env{Secret: secret(t)}); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(tg.URL(), u.Host) || !tg.Alive(t.Context()) {
		t.Errorf("URL %s", tg.URL())
	}
	fixed := mustNew(t, Spec{Handler: r.factory, Port: l.Addr().(*net.TCPAddr).Port})
	says(t, fixed.Start(t.Context(), Env{Secret: secret(t)}), "address already in use")
}

func TestAPanicIsAReset(t *testing.T) {
	r := &recording{handler: func(http.ResponseWriter, *http.Request) { panic("lost the database of " + "whsec_c2VjcmV0") }}
	tg := mustStart(t, Spec{Handler: r.factory}, Env{})
	if body, err := fetch(t, tg, "/"); err == nil {
		t.Fatalf("answered %q", body)
	}
	if log := strings.Join(tg.Log(), "\n"); !strings.Contains(log, "lost the database of whsec_***") {
		t.Errorf("log %q", log)
	}
	if !tg.Alive(t.Context()) {
		t.Error("not alive after a panic")
	}
}

func TestCloseWaitsForHandlers(t *testing.T) {
	in, out := make(chan struct{}), make(chan struct{})
	r := &recording{handler: func(w http.ResponseWriter, _ *http.Request) {
		close(in)
		<-out
		_, _ = io.WriteString(w, "finished")
	}}
	tg := mustStart(t, Spec{Handler: r.factory}, Env{})
	// A connection on which nobody says anything must not keep anybody waiting.
	u, _ := url.Parse(tg.URL())
	silent, err := new(net.Dialer).DialContext(t.Context(), "tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	answer := make(chan string, 1)
	go func() {
		body, err := fetch(t, tg, "/")
		if err != nil {
			body = err.Error()
		}
		answer <- body
	}()
	<-in
	closed := make(chan error, 1)
	go func() { closed <- tg.Close() }()
	select {
	case err := <-closed:
		t.Fatalf("closed while a request was being handled: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	start := time.Now()
	close(out)
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if got := <-answer; got != "finished" {
		t.Errorf("the request in flight got %q", got)
	}
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("waited %s for a silent connection", took)
	}
}

func TestCloseGivesUpOnAHandlerThatHangs(t *testing.T) {
	in, out := make(chan struct{}), make(chan struct{})
	ended := make(chan struct{})
	r := &recording{handler: func(_ http.ResponseWriter, req *http.Request) {
		close(in)
		<-req.Context().Done()
		close(ended)
		<-out
	}}
	tg := mustStart(t, Spec{Handler: r.factory}, Env{})
	tg.(*handlerTarget).grace = 50 * time.Millisecond
	asked := make(chan struct{})
	go func() {
		defer close(asked)
		_, _ = fetch(t, tg, "/")
	}()
	<-in
	says(t, tg.Close(), "handler", "still running")
	<-ended
	<-asked
	close(out)
	if err := tg.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
}

func TestFactoriesThatFail(t *testing.T) {
	r := &recording{err: errors.New("no such table")}
	tg := mustNew(t, Spec{Handler: r.factory, Name: "mine"})
	says(t, tg.Start(t.Context(), Env{}), "mine: no such table")
	if want := []string{"built old", "closed"}; !slices.Equal(r.events, want) {
		t.Errorf("events %q", r.events)
	}
	none := mustNew(t, Spec{Handler: func(Env) (http.Handler, func() error, error) { return nil, nil, nil }})
	says(t, none.Start(t.Context(), Env{}), "returned no handler")
	notReady := mustNew(t, Spec{Handler: nothing, Ready: Ready{Path: "/healthz"}, StartTimeout: 50 * time.Millisecond})
	says(t, notReady.Start(t.Context(), Env{}), "/healthz answered 404")
	if notReady.Alive(t.Context()) {
		t.Error("left running")
	}
}
