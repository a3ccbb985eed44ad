package target

import (
	"context"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sentsim/sentsim/scenarios/target/internal/reach"
)

func TestADeadURL(t *testing.T) {
	start := time.Now()
	err := mustNew(t, Spec{URL: "http://127.0.0.1:1"}).Start(t.Context(), Env{})
	says(t, err, "http://127.0.0.1:1", "never answered: connection refused; is the receiver running?")
	says(t, reach.Reason(&net.OpError{Op: "dial", Err: &net.DNSError{Name: "receiver", IsNotFound: true}}), `there is no host "receiver"`)
	says(t, mustNew(t, Spec{URL: "http://127.0.0.1:1", WaitForTarget: 50 * time.Millisecond}).Start(t.Context(), Env{}), "never answered within")
	if took := time.Since(start); took > 15*time.Second {
		t.Errorf("took %s", took)
	}
}

func TestALateURL(t *testing.T) {
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	tg := mustNew(t, Spec{URL: "http://" + address + "/hook", WaitForTarget: 20 * time.Second, Ready: Ready{Path: "/healthz"}})
	done := make(chan error, 1)
	go func() { done <- tg.Start(t.Context(), Env{}) }()
	if l, err = new(net.ListenConfig).Listen(t.Context(), "tcp", address); err != nil {
		t.Fatal(err)
	}
	asked := 0
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked++; asked < 3 || r.URL.Path != "/healthz" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	_ = srv.Listener.Close()
	srv.Listener = l
	srv.Start()
	defer srv.Close()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if tg.URL() != "http://"+address+"/hook" || !tg.Alive(t.Context()) || asked != 3 {
		t.Errorf("URL %s, asked %d times", tg.URL(), asked)
	}
	srv.Close()
	if tg.Alive(t.Context()) {
		t.Error("alive when nobody listens")
	}
}

func TestAURLThatIsNotReady(t *testing.T) {
	srv := httptest.NewServer(http.NotFoundHandler())
	defer srv.Close()
	tg := mustNew(t, Spec{URL: srv.URL, Ready: Ready{Path: "/healthz"}, StartTimeout: 50 * time.Millisecond})
	says(t, tg.Start(t.Context(), Env{}), "not ready within 50ms", "/healthz answered 404")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := tg.Start(ctx, Env{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestTLSTargets(t *testing.T) {
	srv := httptest.NewUnstartedServer(http.NotFoundHandler())
	srv.Config.ErrorLog = log.New(io.Discard, "", 0) // the refused handshake is ours
	srv.StartTLS()
	defer srv.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	says(t, mustNew(t, Spec{URL: srv.URL}).Start(t.Context(), Env{}), "not trusted", "--cacert", "--insecure")
	for _, trust := range []TLS{{CACert: ca}, {Insecure: true}} {
		mustStart(t, Spec{URL: srv.URL, TLS: trust}, Env{})
	}
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	says(t, mustNew(t, Spec{URL: strings.Replace(plain.URL, "http:", "https:", 1)}).Start(t.Context(), Env{}), "does not speak TLS", "http://")
}

func TestHooks(t *testing.T) {
	var asked []string
	answer := http.StatusOK
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked = append(asked, r.Method+" "+r.URL.Path+" "+string(body))
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(answer)
		_, _ = w.Write(body)
	}))
	defer srv.Close()
	old, renewed := Env{Secret: otherSecret(t)}, Env{Secret: secret(t)}

	t.Run("none", func(t *testing.T) {
		tg := mustStart(t, Spec{URL: srv.URL}, old)
		if tg.CanRestart() || tg.CanRotate() {
			t.Error("controls without hooks")
		}
		for _, env := range []Env{old, renewed} {
			if err := tg.Restart(t.Context(), env); !errors.Is(err, ErrNoControl) {
				t.Errorf("restart: %v", err)
			}
		}
	})
	t.Run("URLs", func(t *testing.T) {
		tg := mustStart(t, Spec{URL: srv.URL, Rotate: Hook{URL: srv.URL + "/rotate?t=1"}, RestartHook: Hook{URL: srv.URL + "/restart"}}, old)
		if !tg.CanRestart() || !tg.CanRotate() {
			t.Error("no controls with hooks")
		}
		for _, env := range []Env{old, renewed, renewed} {
			if err := tg.Restart(t.Context(), env); err != nil {
				t.Error(err)
			}
		}
		want := `POST /restart {}|POST /rotate {"secret":"` + renewed.Secret.Reveal() + `"}|POST /restart {}`
		if got := strings.Join(asked, "|"); got != want {
			t.Errorf("asked %s", got)
		}
		for _, answer = range []int{http.StatusInternalServerError, http.StatusTemporaryRedirect} {
			says(t, tg.Restart(t.Context(), old), "target.rotate", "/rotate answered "+strconv.Itoa(answer))
		}
		answer = http.StatusOK
		if strings.Contains(strings.Join(tg.Log(), "\n"), renewed.Secret.Reveal()[6:]) {
			t.Error("the log shows the secret")
		}
		for _, a := range asked {
			if strings.Contains(a, "elsewhere") {
				t.Error("the secret followed a redirect")
			}
		}
	})
	t.Run("commands", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "told")
		tg := mustStart(t, Spec{URL: srv.URL, Rotate: Hook{Exec: "RECEIVER=hook HOOK_FILE='" + file + "' '" + self(t) + "'"}}, old)
		if err := tg.Restart(t.Context(), renewed); err != nil {
			t.Fatal(err)
		}
		if told, err := os.ReadFile(file); err != nil || string(told) != renewed.Secret.Reveal() {
			t.Errorf("the hook was told %q, %v", told, err)
		}
		if got := tg.Log(); len(got) != 1 || got[0] != "told whsec_***" {
			t.Errorf("log %q", got)
		}
		tg = mustStart(t, Spec{URL: srv.URL, Rotate: Hook{Exec: "RECEIVER=hook HOOK_FAILS=1 '" + self(t) + "'"}}, old)
		says(t, tg.Restart(t.Context(), renewed), "target.rotate", "exit status 4", "told whsec_***")
	})
	t.Run("that hang", func(t *testing.T) {
		silent, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = silent.Close() }()
		for _, hook := range []Hook{{URL: "http://" + silent.Addr().String()}, {Exec: "RECEIVER=127.0.0.1 PORT=0 '" + self(t) + "'"}} {
			tg := mustStart(t, Spec{URL: srv.URL, RestartHook: hook, StartTimeout: 100 * time.Millisecond}, old)
			says(t, tg.Restart(t.Context(), old), "target.restart", "within 100ms")
			ended, cancel := context.WithCancel(t.Context())
			cancel()
			if err := tg.Restart(ended, old); !errors.Is(err, context.Canceled) {
				t.Errorf("cancelled: %v", err)
			}
		}
	})
}

// What is given without a scheme is taken for a URL where it can mean one thing only.
func TestFullURL(t *testing.T) {
	for text, want := range map[string]string{
		"8080":                      "http://127.0.0.1:8080",
		":8080/hook":                "http://127.0.0.1:8080/hook",
		"8080/hook?a=b":             "http://127.0.0.1:8080/hook?a=b",
		"localhost:8080":            "http://localhost:8080",
		"receiver.local:8080/x":     "http://receiver.local:8080/x",
		"[::1]:8080/x":              "http://[::1]:8080/x",
		"staging.example.com:443/x": "https://staging.example.com:443/x",
		"http://h/x":                "http://h/x",
		"example.com/x":             "example.com/x", // http or https?
		"me:hidden@h:80/x":          "me:hidden@h:80/x",
		"localhost:80800":           "localhost:80800",
		"localhost:http":            "localhost:http",
		"":                          "",
		"/hook":                     "/hook",
		" 8080":                     " 8080",
	} {
		if got := FullURL(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
