package receiver

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"go.uber.org/goleak"

	_ "github.com/sentsim/sentsim/simulator/history/sqlite"
)

func TestMain(m *testing.M) {
	// net/http lets a connection whose request it did not read linger for half a
	// second after its server was closed.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("net/http.(*conn).closeWriteAndWait"))
}

const (
	secret      = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
	otherSecret = "whsec_ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA="
	webhookID   = "5f0c6a4e-1b1e-4b5e-9a57-0a4c3f1d2e3b"
	account     = "11111111-2222-4333-8444-555555555555"
)

// now is when the tests happen, as far as the receiver knows.
var now = time.Unix(1_760_000_000, 0)

// server is a receiver behind a real HTTP server, closed with the test.
type server struct {
	*httptest.Server

	t        *testing.T
	receiver *Receiver
	stop     sync.Once
}

func start(t *testing.T, cfg Config) *server {
	t.Helper()
	if cfg.Secret == "" {
		cfg.Secret = secret
	}
	if cfg.Now == nil {
		cfg.Now = func() time.Time { return now }
	}
	r, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	s := &server{Server: httptest.NewServer(r), t: t, receiver: r}
	t.Cleanup(s.close)
	return s
}

func (s *server) close() {
	s.stop.Do(func() {
		s.Close()
		if err := s.receiver.Close(); err != nil {
			s.t.Error(err)
		}
	})
}

// sign is the oracle: another implementation of the same scheme.
func sign(t *testing.T, secret, id string, timestamp int64, body string) string {
	t.Helper()
	wh, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	signature, err := wh.Sign(id, time.Unix(timestamp, 0), []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return signature
}

// post makes a request as it is told to and returns the status and the answer.
func (s *server) post(header map[string]string, body string) (int, string) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.URL+DefaultPath, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	for name, value := range header {
		req.Header[name] = []string{value} // spelled as given
	}
	resp, err := s.Client().Do(req)
	if err != nil {
		s.t.Error(err)
		return 0, ""
	}
	defer resp.Body.Close()
	answer, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(answer)
}

func headers(id string, timestamp any, signature string) map[string]string {
	return map[string]string{
		"X-Webhook-ID": id, "X-Webhook-Timestamp": fmt.Sprint(timestamp), "X-Webhook-Signature": signature,
		"Content-Type": "application/json",
	}
}

// deliver sends body correctly signed, age before now.
func (s *server) deliver(body string, age ...time.Duration) int {
	s.t.Helper()
	timestamp := now.Unix()
	for _, a := range age {
		timestamp -= int64(a.Seconds())
	}
	status, _ := s.post(headers(webhookID, timestamp, sign(s.t, secret, webhookID, timestamp, body)), body)
	return status
}

// accepts fails the test unless body is acknowledged.
func (s *server) accepts(bodies ...string) {
	s.t.Helper()
	for _, body := range bodies {
		if status := s.deliver(body); status != http.StatusOK {
			s.t.Errorf("answer to %.200s: %d, want 200", body, status)
		}
	}
}

// get reads a probe endpoint, e.g. {"effects":1,"status":"SENT"}, or "404".
func (s *server) get(path string) string {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.URL+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	resp, err := s.Client().Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != http.StatusOK {
		return strconv.Itoa(resp.StatusCode)
	}
	return strings.TrimSpace(string(body))
}

func (s *server) wants(path, want string) {
	s.t.Helper()
	if got := s.get(path); got != want {
		s.t.Errorf("%s is %s, want %s", path, got, want)
	}
}

func state(status string, effects int) string {
	return fmt.Sprintf(`{"effects":%d,"status":%q}`, effects, status)
}

// outbound is an event of the current dialect.
func outbound(id, status string) string {
	return fmt.Sprintf(`{"field":"message","sub_type":"message.%s","timestamp":"2025-10-09T08:53:20Z","payload":`+
		`{"account_id":%q,"message_id":%q,"message_status":%q,"channel":"sms","inbound_number":"+14155550100"}}`,
		strings.ToLower(status), account, id, status)
}

func received(from, text, at string) string {
	quoted, _ := json.Marshal(text)
	return fmt.Sprintf(`{"field":"message","sub_type":"message.received","timestamp":"2025-10-09T08:53:20Z","payload":`+
		`{"account_id":%q,"from":%q,"to":"+14155550199","text":%s,"channel":"sms","provider":"p","received_at":%q}}`,
		account, from, quoted, at)
}

func templated(id, status string) string {
	return fmt.Sprintf(`{"field":"templates","timestamp":"2025-10-09T08:53:20Z","payload":`+
		`{"account_id":%q,"template_id":%q,"status":%q,"reason":null}}`, account, id, status)
}

func TestConfigErrorsSayWhatToDo(t *testing.T) {
	for name, tc := range map[string]struct {
		cfg  Config
		want string
	}{
		"no prefix":           {Config{Secret: strings.TrimPrefix(secret, "whsec_")}, "starts with whsec_"},
		"nothing after it":    {Config{Secret: "whsec_"}, "nothing follows"},
		"not base64":          {Config{Secret: "whsec_a b"}, "not base64"},
		"relative path":       {Config{Secret: secret, Path: "hook"}, "want a plain path"},
		"path to clean":       {Config{Secret: secret, Path: "/a//b"}, "want a plain path"},
		"path with wildcard":  {Config{Secret: secret, Path: "/{id}"}, "want a plain path"},
		"base URL w/o scheme": {Config{Secret: secret, BaseURL: "localhost:1"}, "base URL"},
	} {
		_, err := New(tc.cfg)
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: error %v, want %q in it", name, err, tc.want)
		}
		if err != nil && strings.Contains(err.Error(), "MDEyMzQ1") {
			t.Errorf("%s: the error shows the secret: %v", name, err)
		}
	}
	if _, err := New(Config{Secret: secret, File: filepath.Join(t.TempDir(), "no", "such", "folder")}); err == nil {
		t.Error("a state file in no folder is no error")
	}
}

func TestUnpaddedSecretIsTheSame(t *testing.T) {
	s := start(t, Config{Secret: strings.TrimRight(secret, "=")})
	s.accepts(outbound("m", "SENT"))
}
