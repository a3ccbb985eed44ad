package sentapi

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

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

type answer struct {
	status int
	header http.Header
	body   struct {
		Success bool
		Data    *accepted
		Error   *errorBody
		Meta    meta
	}
	raw string
}

func call(t *testing.T, method, url string, headers map[string]string, body string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range headers {
		req.Header.Set(k, v)
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
	a := answer{status: resp.StatusCode, header: resp.Header, raw: string(raw)}
	if err := json.Unmarshal(raw, &a.body); err != nil {
		t.Fatalf("%d %s: %v", resp.StatusCode, raw, err)
	}
	if a.body.Success != (a.body.Error == nil) || a.body.Meta.Version != "v3" || a.body.Meta.RequestID == "" ||
		a.body.Meta.RequestID != resp.Header.Get("X-Request-Id") || a.body.Meta.Timestamp == "" {
		t.Errorf("not Sent's envelope: %s", raw)
	}
	return a
}

func post(t *testing.T, s *Server, body string, headers ...string) answer {
	t.Helper()
	h := map[string]string{"x-api-key": key, "Content-Type": "application/json"}
	for i := 0; i+1 < len(headers); i += 2 {
		h[headers[i]] = headers[i+1]
	}
	return call(t, http.MethodPost, s.URL()+"/v3/messages", h, body)
}

func TestAMessageForEachRecipientAndChannel(t *testing.T) {
	s := start(t)
	a := post(t, s, `{"to":["+15550001111","15550002222"],"channel":["sms","RCS"],"text":"hello","later":1}`)
	if a.status != http.StatusAccepted || a.body.Data == nil || a.body.Data.Status != "QUEUED" || len(a.body.Data.Recipients) != 4 {
		t.Fatalf("%d %s", a.status, a.raw)
	}
	for _, number := range []string{"+15550002222", "15550002222", "+1 (555) 000-2222"} {
		got := s.Sent(number)
		if len(got) != 2 || got[0].Channel != "sms" || got[1].Channel != "rcs" || got[0].Text != "hello" || got[0].At.IsZero() {
			t.Errorf("Sent(%q) = %+v", number, got)
		}
		if got[0].ID != a.body.Data.Recipients[2].MessageID {
			t.Errorf("recorded as %s, answered as %s", got[0].ID, a.raw)
		}
	}
	if len(s.All()) != 4 || len(s.Sent("+1999")) != 0 || len(s.Refusals()) != 0 {
		t.Errorf("all %v, refusals %v", s.All(), s.Refusals())
	}
}

func TestTemplateMessagesAndTheDefaultChannel(t *testing.T) {
	s := start(t)
	a := post(t, s, `{"to":["+15550001111"],"template":{"id":"7ba7b820-9dad-11d1-80b4-00c04fd430c8","name":"hi","parameters":{"a":"b"}}}`)
	for _, want := range []string{`"template_id":"7ba7b820-9dad-11d1-80b4-00c04fd430c8"`, `"template_name":"hi"`, `"channel":"sent"`, `"body":null`, `"error":null`} {
		if !strings.Contains(a.raw, want) {
			t.Errorf("%s lacks %s", a.raw, want)
		}
	}
	if got := s.Sent("+15550001111"); len(got) != 1 || !strings.Contains(string(got[0].Template), `"parameters"`) {
		t.Errorf("recorded %+v", got)
	}
}

func TestRefusals(t *testing.T) {
	s := start(t)
	valid := `{"to":["+15550001111"],"text":"x"}`
	tests := []struct {
		name    string
		method  string
		path    string
		headers []string
		body    string
		status  int
		code    string
	}{
		{"no key", "POST", "/v3/messages", []string{"x-api-key", ""}, valid, 401, "AUTH_001"},
		{"wrong key", "POST", "/v3/messages", []string{"x-api-key", "other"}, valid, 401, "AUTH_002"},
		{"not JSON", "POST", "/v3/messages", nil, `{`, 400, "VALIDATION_001"},
		{"no body", "POST", "/v3/messages", nil, ``, 400, "VALIDATION_001"},
		{"an array", "POST", "/v3/messages", nil, `[]`, 400, "VALIDATION_001"},
		{"null", "POST", "/v3/messages", nil, `null`, 400, "VALIDATION_001"},
		{"to is a text", "POST", "/v3/messages", nil, `{"to":"+15550001111","text":"x"}`, 400, "VALIDATION_001"},
		{"too large", "POST", "/v3/messages", nil, `{"text":"` + strings.Repeat("x", maxBody) + `"}`, 400, "VALIDATION_001"},
		{"nobody", "POST", "/v3/messages", nil, `{"to":[],"text":"x"}`, 400, "VALIDATION_004"},
		{"no number", "POST", "/v3/messages", nil, `{"to":["bob"],"text":"x"}`, 400, "VALIDATION_002"},
		{"too many", "POST", "/v3/messages", nil, `{"to":["+15550001111"` + strings.Repeat(`,"+15550001111"`, maxRecipients) + `],"text":"x"}`, 400, "VALIDATION_005"},
		{"channel", "POST", "/v3/messages", nil, `{"to":["+15550001111"],"channel":["fax"],"text":"x"}`, 400, "VALIDATION_006"},
		{"nothing to say", "POST", "/v3/messages", nil, `{"to":["+15550001111"],"template":null}`, 400, "VALIDATION_004"},
		{"template without a name", "POST", "/v3/messages", nil, `{"to":["+15550001111"],"template":{}}`, 400, "VALIDATION_004"},
		{"template id", "POST", "/v3/messages", nil, `{"to":["+15550001111"],"template":{"id":"x"}}`, 400, "VALIDATION_003"},
		{"idempotency key", "POST", "/v3/messages", []string{"Idempotency-Key", "a b"}, valid, 400, "VALIDATION_007"},
		{"another method", "GET", "/v3/messages", nil, ``, 501, "NOT_IMPLEMENTED"},
		{"another path", "POST", "/v3/webhooks", nil, `{}`, 501, "NOT_IMPLEMENTED"},
		{"no /v3", "POST", "/messages", nil, valid, 501, "NOT_IMPLEMENTED"},
	}
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := map[string]string{"x-api-key": key}
			for i := 0; i+1 < len(tt.headers); i += 2 {
				h[tt.headers[i]] = tt.headers[i+1]
			}
			a := call(t, tt.method, s.URL()+tt.path, h, tt.body)
			if a.status != tt.status || a.body.Error == nil || a.body.Error.Code != tt.code || a.body.Error.Message == "" {
				t.Errorf("%d %s, want %d %s", a.status, a.raw, tt.status, tt.code)
			}
			if strings.Contains(a.raw, key) {
				t.Errorf("the key is echoed: %s", a.raw)
			}
			r := s.Refusals()
			if len(r) != i+1 || r[i].Code != tt.code || r[i].Status != tt.status || r[i].Path != tt.path {
				t.Errorf("refusals %+v", r)
			}
		})
	}
	if got := s.All(); len(got) != 0 {
		t.Errorf("refused, but recorded: %+v", got)
	}
}

func TestAnIdempotencyKeyCountsOnce(t *testing.T) {
	s := start(t)
	body := `{"to":["+15550001111"],"text":"x"}`
	answers := make([]answer, 8)
	var g sync.WaitGroup
	for i := range answers {
		g.Go(func() { answers[i] = post(t, s, body, "Idempotency-Key", "k-1") })
	}
	g.Wait()
	if got := s.Sent("+15550001111"); len(got) != 1 {
		t.Fatalf("counted %d times", len(got))
	}
	replayed := 0
	for _, a := range answers {
		if a.status != http.StatusAccepted || a.body.Data.Recipients[0].MessageID != answers[0].body.Data.Recipients[0].MessageID {
			t.Errorf("%d %s", a.status, a.raw)
		}
		if a.header.Get("Idempotent-Replayed") == "true" {
			replayed++
			if o := a.header.Get("X-Original-Request-Id"); o == "" || o == a.body.Meta.RequestID {
				t.Errorf("original request id %q", o)
			}
		}
	}
	if replayed != len(answers)-1 {
		t.Errorf("%d replays", replayed)
	}
	post(t, s, body, "Idempotency-Key", "k-2")
	post(t, s, body)
	post(t, s, body)
	if got := s.Sent("+15550001111"); len(got) != 4 {
		t.Errorf("counted %d times, want 4", len(got))
	}
}

func TestASandboxSendsNothing(t *testing.T) {
	s := start(t)
	a := post(t, s, `{"to":["+15550001111"],"text":"x","sandbox":true}`)
	if a.status != http.StatusAccepted || a.header.Get("X-Sandbox") != "true" || len(s.All()) != 0 {
		t.Errorf("%d %v %s, recorded %v", a.status, a.header, a.raw, s.All())
	}
}

func TestRefusalsAreBounded(t *testing.T) {
	s := start(t)
	for i := range maxRefusals + 5 {
		call(t, http.MethodGet, s.URL()+"/"+strconv.Itoa(i), nil, "")
	}
	if got := s.Refusals(); len(got) != maxRefusals || got[0].Path != "/0" {
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
