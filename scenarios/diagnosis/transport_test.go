package diagnosis_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sentsim/sentsim/scenarios/diagnosis"
)

func TestWhatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	silent := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then does the server notice that the client is gone
		<-r.Context().Done()
	})
	drops := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	ok := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	plain, secure := httptest.NewServer(ok), httptest.NewTLSServer(ok)
	hangs, dropping := httptest.NewServer(silent), httptest.NewServer(drops)
	hangsUp := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/webhooks/sent" {
			panic(http.ErrAbortHandler)
		}
		http.NotFound(w, r)
	}))
	behind := func(says string) *httptest.Server { // something that tells what a server of TLS behind it said
		return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, says, http.StatusBadRequest) }))
	}
	nginx, golang := behind("<html>\r\n<head><title>400 The plain HTTP request was sent to HTTPS port</title></head>\r\n<hr><center>nginx/1.24.0</center></html>"), behind("Client sent an HTTP request to an HTTPS server.\n")
	apache := behind("<html><head><title>400 Bad Request</title></head><body><p>Reason: You're speaking plain HTTP to an SSL-enabled server port.</p></body></html>")
	for _, s := range []*httptest.Server{plain, secure, hangs, dropping, hangsUp, nginx, golang, apache} {
		t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	}
	for _, tt := range []struct {
		name, url, cause, says string
		change                 func(*diagnosis.Receiver)
	}{
		{"TLS on a plain URL", strings.Replace(secure.URL, "https:", "http:", 1), "speaks-tls", "https://", nil},
		{"plain HTTP on a TLS URL", strings.Replace(plain.URL, "http:", "https:", 1), "speaks-plain-http", "http://", nil},
		{"plain HTTP at nginx' port for TLS", nginx.URL, "https-required", "--insecure", nil},
		{"plain HTTP at Go's port for TLS", golang.URL, "https-required", "over https", nil},
		{"plain HTTP at Apache's port for TLS", apache.URL, "https-required", "https://127.0.0.1", nil},
		{"no answer in time", hangs.URL, "hang", "--timeout 30s", func(r *diagnosis.Receiver) { r.Timeout = 200 * time.Millisecond }},
		{"a dropped connection", dropping.URL, "no-answer", "without an answer", nil},
		{"a check that hangs up", hangsUp.URL, "no-answer", "compare the receiver's signing secret", nil},
		{"a process that is gone", dropping.URL, "crash", "KeyError", func(r *diagnosis.Receiver) {
			r.Alive = func(context.Context) bool { return false }
			r.Log = func() []string { return []string{"KeyError: 'to'"} }
		}},
		{"nobody", "http://127.0.0.1:1", "nobody-listens", "refused", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := under(t, tt.url+"/webhooks/sent")
			if tt.change != nil {
				tt.change(&r)
			}
			d := diagnosis.Of(t.Context(), r, plainOutcome(t.Context(), r))
			if d.Cause != tt.cause || !strings.Contains(d.Summary+d.Fix, tt.says) {
				t.Errorf("%+v", d)
			}
		})
	}
}

func TestTheOtherLoopbackAddressIsTried(t *testing.T) {
	t.Parallel()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "[::1]:0")
	if err != nil {
		t.Skip("this machine has no IPv6 loopback: " + err.Error())
	}
	srv := &httptest.Server{Listener: l, Config: &http.Server{ReadHeaderTimeout: time.Second, Handler: http.NotFoundHandler()}}
	srv.Start()
	defer srv.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	r := under(t, "http://127.0.0.1:"+port+"/webhooks/sent")
	d := diagnosis.Of(t.Context(), r, plainOutcome(t.Context(), r))
	if d.Cause != "other-loopback" || !strings.Contains(d.Fix, "http://[::1]:"+port+"/webhooks/sent") {
		t.Errorf("%+v", d)
	}
}
