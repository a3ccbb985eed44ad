package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tidwall/gjson"
	"go.uber.org/goleak"

	"github.com/sentsim/sentsim/simulator/api"
	"github.com/sentsim/sentsim/simulator/history"
	_ "github.com/sentsim/sentsim/simulator/history/sqlite" // some of these stores are files
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server is an api.Server that is served over a real connection.
type server struct {
	t *testing.T
	*api.Server
	url  string
	key  string
	http *http.Client

	failsAtTheEnd bool   // its history cannot be kept, so it must not end as if it could
	stop          func() // ends it and waits for it; the test's end does that too
}

func serve(t *testing.T, cfg api.Config) *server {
	t.Helper()
	s, err := api.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, l, nil) }()
	client := &http.Client{Transport: &http.Transport{}, Timeout: 30 * time.Second}
	made := &server{t: t, Server: s, url: "http://" + l.Addr().String(), http: client}
	made.stop = sync.OnceFunc(func() {
		client.CloseIdleConnections()
		end()
		if err := <-served; (err != nil) != made.failsAtTheEnd {
			t.Errorf("serve: %v", err)
		}
	})
	t.Cleanup(made.stop)
	key := cfg.APIKey
	if key == "" {
		key = api.DefaultKey
	}
	made.key = key
	return made
}

// reply is an answer; get reads a path of its body.
type reply struct {
	status int
	header http.Header
	body   string
}

func (r reply) get(path string) gjson.Result { return gjson.Get(r.body, path) }

// call makes a request. headers are pairs; one that is "-" is left out.
func (s *server) call(method, path, body string, headers ...string) reply {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("X-Api-Key", s.key)
	for i := 0; i+1 < len(headers); i += 2 {
		switch {
		case headers[i+1] == "-":
			req.Header.Del(headers[i])
		case headers[i] == "Host":
			req.Host = headers[i+1]
		default:
			req.Header.Set(headers[i], headers[i+1])
		}
	}
	resp, err := s.http.Do(req)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	return reply{resp.StatusCode, resp.Header, string(data)}
}

// must is call for what has to succeed with that status.
func (s *server) must(status int, method, path, body string, headers ...string) reply {
	s.t.Helper()
	r := s.call(method, path, body, headers...)
	if r.status != status {
		s.t.Fatalf("%s %s %s: answered %d, want %d\n%s", method, path, body, r.status, status, r.body)
	}
	if status != http.StatusNoContent && r.get("success").Bool() != (status < 300) {
		s.t.Fatalf("%s %s: success does not fit the status %d\n%s", method, path, status, r.body)
	}
	return r
}

// register registers a webhook and returns its id and secret.
func (s *server) register(url string) (id, secret string) {
	s.t.Helper()
	r := s.must(http.StatusCreated, "POST", "/v3/webhooks", object("display_name", "orders", "endpoint_url", url))
	return r.get("data.id").String(), r.get("data.signing_secret").String()
}

// quiet lets time pass until nothing is left to happen.
func (s *server) quiet() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
	defer cancel()
	if err := s.Simulator().Drain(ctx); err != nil {
		s.t.Fatal(err)
	}
}

// object is a JSON object of pairs.
func object(pairs ...any) string {
	m := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		m[pairs[i].(string)] = pairs[i+1]
	}
	var b bytes.Buffer
	if err := json.NewEncoder(&b).Encode(m); err != nil {
		panic(err)
	}
	return b.String()
}

// endpoint is a receiver that keeps what it gets and answers with a status.
type endpoint struct {
	*httptest.Server
	mu     sync.Mutex
	status int
	got    []delivered
}

type delivered struct {
	header http.Header
	body   string
}

func newEndpoint(t *testing.T) *endpoint {
	t.Helper()
	e := &endpoint{status: http.StatusOK}
	e.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data, _ := io.ReadAll(r.Body)
		e.mu.Lock()
		defer e.mu.Unlock()
		e.got = append(e.got, delivered{r.Header, string(data)})
		w.WriteHeader(e.status)
		_, _ = io.WriteString(w, "said")
	}))
	t.Cleanup(e.Close)
	return e
}

func (e *endpoint) answers(status int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.status = status
}

// take is what came since the last time.
func (e *endpoint) take() []delivered {
	e.mu.Lock()
	defer e.mu.Unlock()
	got := e.got
	e.got = nil
	return got
}

// statuses are the message statuses of what came, in order.
func statuses(got []delivered) string {
	var all []string
	for _, d := range got {
		status := gjson.Get(d.body, "payload.message_status").String()
		if status == "" {
			status = gjson.Get(d.body, "event").String()
		}
		all = append(all, status)
	}
	return strings.Join(all, " ")
}

func newStore() history.Store { return history.NewMemory(0) }
