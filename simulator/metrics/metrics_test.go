package metrics_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sentsim/sentsim/simulator/api"
	"github.com/sentsim/sentsim/simulator/metrics"
)

// ask is a request that carries the API key.
func ask(s http.Handler, method, path, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(context.Background(), method, path, strings.NewReader(body))
	r.Host = "127.0.0.1:8700"
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("x-api-key", api.DefaultKey)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func newServer(t *testing.T, cfg api.Config) *api.Server {
	t.Helper()
	s, err := api.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestServerIsMeasured(t *testing.T) {
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	defer receiver.Close()
	s := newServer(t, api.Config{Metrics: metrics.New()})
	made := ask(s, "POST", "/v3/webhooks", `{"display_name":"one","endpoint_url":"`+receiver.URL+`","event_types":["message"]}`)
	if made.Code != http.StatusCreated {
		t.Fatalf("%d %s", made.Code, made.Body)
	}
	ask(s, "BREW", "/v3/me", "")
	if w := ask(s, "POST", "/v3/messages", `{"to":["+14155550123"],"text":"hi"}`); w.Code/100 != 2 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if err := s.Simulator().Advance(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	got := ask(s, "GET", "/metrics", "")
	if got.Code != http.StatusOK {
		t.Fatalf("%d %s", got.Code, got.Body)
	}
	for _, want := range []string{
		`sentsim_http_requests_total{method="POST",route="/v3/webhooks",status="201"} 1`,
		`sentsim_http_requests_total{method="other",route="/v3/me",status="405"} 1`,
		`sentsim_http_request_duration_seconds_count{route="/v3/webhooks"} 1`,
		`sentsim_delivery_attempts_total{outcome="4xx"} `,
		`sentsim_delivery_attempt_duration_seconds_count `,
		`sentsim_webhooks{active="true"} 1`,
		`sentsim_webhooks{active="false"} 0`,
		"go_goroutines ",
	} {
		if !strings.Contains(got.Body.String(), "\n"+want) {
			t.Errorf("no %s", want)
		}
	}
	if t.Failed() {
		t.Log(got.Body)
	}
}

// A server is measured only where its program asks for it, and says how.
func TestServerWithoutMetrics(t *testing.T) {
	w := ask(newServer(t, api.Config{}), "GET", "/metrics", "")
	if w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), `github.com/sentsim/sentsim/simulator/metrics`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
