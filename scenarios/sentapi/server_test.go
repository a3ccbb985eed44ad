package sentapi

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"
	"go.uber.org/goleak"
)

const key = "test-api-key"

func TestMain(m *testing.M) {
	// net/http lets a connection whose request it did not read linger for half a
	// second after its server was closed.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("net/http.(*conn).closeWriteAndWait"))
}

func start(t *testing.T) *Server {
	t.Helper()
	s, err := New("", key)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	return s
}

// call makes a request and returns its status and body. headers are pairs.
func call(t *testing.T, s *Server, method, path, body string, headers ...string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Api-Key", key)
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(raw)
}

func TestWhatTheReceiverSendsIsRemembered(t *testing.T) {
	s := start(t)
	status, body := call(t, s, "POST", "/v3/messages", `{"to":["+15550001111","15550002222"],"channel":["sms","RCS"],"text":"hello"}`)
	if status != http.StatusAccepted {
		t.Fatalf("%d %s", status, body)
	}
	for _, number := range []string{"+15550002222", "15550002222", "+1 (555) 000-2222"} {
		got := s.Sent(number)
		if len(got) != 2 || got[0].Channel != "sms" || got[1].Channel != "rcs" || *got[0].Text != "hello" || time.Since(got[0].CreatedAt) > time.Minute {
			t.Fatalf("Sent(%q) = %+v", number, got)
		}
		if want := gjson.Get(body, "data.recipients.2.message_id").String(); got[0].ID.String() != want {
			t.Errorf("recorded as %s, answered as %s", got[0].ID, want)
		}
	}
	// A receiver knows the templates of its real account.
	if status, body := call(t, s, "POST", "/v3/messages", `{"to":["+15550003333"],"template":{"name":"order_update","parameters":{"a":"b"}}}`); status != http.StatusAccepted {
		t.Errorf("a template: %d %s", status, body)
	}
	if len(s.All()) != 5 || len(s.Sent("+1999")) != 0 || len(s.Sent("+15550003333")) != 1 || len(s.Refusals()) != 0 {
		t.Errorf("all %v, refusals %v", s.All(), s.Refusals())
	}
}

func TestARetryCountsOnce(t *testing.T) {
	s := start(t)
	body := `{"to":["+15550001111"],"text":"x"}`
	for range 3 {
		call(t, s, "POST", "/v3/messages", body, "Idempotency-Key", "k-1")
	}
	call(t, s, "POST", "/v3/messages", body, "Idempotency-Key", "k-2")
	call(t, s, "POST", "/v3/messages", body)
	call(t, s, "POST", "/v3/messages", `{"to":["+15550001111"],"text":"x","sandbox":true}`)
	if got := s.Sent("+15550001111"); len(got) != 3 {
		t.Errorf("counted %d times, want 3", len(got))
	}
}

func TestRefusalsAreRemembered(t *testing.T) {
	s := start(t)
	call(t, s, "POST", "/v3/messages", `{"to":["+15550001111"],"text":"x"}`, "X-Api-Key", "other")
	call(t, s, "POST", "/v3/messages", `{"to":["bob"],"text":"x"}`)
	call(t, s, "POST", "/messages", `{}`)
	got := s.Refusals()
	if len(got) != 3 || got[0].Code != "AUTH_002" || got[1].Code != "VALIDATION_002" || got[2].Path != "/messages" {
		t.Fatalf("refusals %+v", got)
	}
	for i := range maxRefusals {
		call(t, s, "GET", "/"+strconv.Itoa(i), "")
	}
	if got := s.Refusals(); len(got) != maxRefusals || got[0].Status != http.StatusUnauthorized || len(s.All()) != 0 {
		t.Errorf("%d refusals, first %+v", len(got), got[0])
	}
}

func TestListeningAndClosing(t *testing.T) {
	s, err := New("127.0.0.1:0", key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := New(strings.TrimPrefix(s.URL(), "http://"), key); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("taken port: %v", err)
	}
	for range 2 { // before Run, and again
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	if err := s.Run(t.Context()); err != nil {
		t.Errorf("Run after Close: %v", err)
	}
	everywhere, err := New(":0", key)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = everywhere.Close() }()
	if u := everywhere.URL(); !strings.HasPrefix(u, "http://127.0.0.1:") {
		t.Errorf("URL %s", u)
	}
	if _, err := New("", ""); err == nil {
		t.Error("no key, no error")
	}
}

// TestClosingEndsRun: a session that ends does not wait for its receiver.
func TestClosingEndsRun(t *testing.T) {
	s, err := New("", key)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Run(context.Background()) }()
	call(t, s, "POST", "/v3/messages", `{"to":["+15550001111"],"text":"x"}`)
	begin := time.Now()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := <-done; err != nil || time.Since(begin) > 5*time.Second {
		t.Errorf("Run: %v after %s", err, time.Since(begin))
	}
	if len(s.Sent("+15550001111")) != 1 {
		t.Error("what was sent is forgotten")
	}
}
