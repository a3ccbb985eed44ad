package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/api"
	"github.com/sentsim/sentsim/simulator/delivery"
)

// sane are requests that are answered well, to be made strange. {hook}, {message},
// {template} and {delivery} are ids of what is there.
func sane() [][3]string {
	return [][3]string{
		{"POST", "/v3/webhooks", `{"display_name":"x","endpoint_url":"http://127.0.0.1:9/x","event_types":["message"],"event_filters":{"message":["sent"]},"retry_count":3,"timeout_seconds":30,"sandbox":false}`},
		{"GET", "/v3/webhooks?page=1&page_size=10&search=x&is_active=true", ""},
		{"GET", "/v3/webhooks/event-types", ""},
		{"GET", "/v3/webhooks/{hook}", ""},
		{"PUT", "/v3/webhooks/{hook}", `{"display_name":"y","event_filters":null}`},
		{"DELETE", "/v3/webhooks/{hook}", `{"sandbox":true}`},
		{"GET", "/v3/webhooks/{hook}/events?page=1&page_size=10&search=x", ""},
		{"POST", "/v3/webhooks/{hook}/rotate-secret", `{}`},
		{"POST", "/v3/webhooks/{hook}/test", `{"event_type":"message.sent"}`},
		{"PATCH", "/v3/webhooks/{hook}/toggle-status", `{"is_active":false}`},
		{"POST", "/v3/messages", `{"to":["+15005550100"],"channel":["sms","whatsapp"],"text":"hi"}`},
		{"POST", "/v3/messages", `{"to":["+15005550100"],"template":{"name":"hello","parameters":{"name":"x"}}}`},
		{"GET", "/v3/messages/{message}", ""},
		{"GET", "/v3/messages/{message}/activities", ""},
		{"POST", "/v3/templates", `{"name":"n","category":"UTILITY","language":"en_US","definition":{"header":{"template":"a"},"body":{"sms":{"template":"Hello {{0:x}}","variables":[{"id":0,"name":"name"}]}}},"creation_source":"sentsim:rejected","submit_for_review":true}`},
		{"GET", "/v3/templates?page=1&page_size=10&status=APPROVED&category=UTILITY&is_welcome_playground=false", ""},
		{"GET", "/v3/templates/{template}", ""},
		{"PUT", "/v3/templates/{template}", `{"name":"m","submit_for_review":true}`},
		{"DELETE", "/v3/templates/{template}", `{"delete_from_meta":false}`},
		{"GET", "/v3/me", ""},
		{"GET", "/_sentsim/clock", ""},
		{"POST", "/_sentsim/clock/advance", `{"by":"1h","timeout":"1s"}`},
		{"POST", "/_sentsim/wait", `{"timeout":"1s"}`},
		{"POST", "/_sentsim/events", `{"type":"message.delivered","timestamp":"2025-10-31T10:10:42Z","payload":{"message_id":"{message}","reason":"x","extra":[1,{"a":null}]}}`},
		{"POST", "/_sentsim/events", `{"type":"templates","body":"raw"}`},
		{"POST", "/_sentsim/inbound", `{"from":"+14155550100","to":"+14155550101","text":null,"channel":"rcs","provider":"p"}`},
		{"POST", "/_sentsim/faults", `{"fault":"forgery","forgery":"stale","times":2,"webhook_id":"{hook}","event_type":"message.sent"}`},
		{"GET", "/_sentsim/faults", ""},
		{"GET", "/_sentsim/messages?search=1&status=sent&limit=3", ""},
		{"GET", "/_sentsim/deliveries?webhook_id={hook}&status=FAILED&limit=10", ""},
		{"GET", "/_sentsim/deliveries/{delivery}", ""},
		{"POST", "/_sentsim/deliveries/{delivery}/replay", ""},
		{"POST", "/_sentsim/reset", ""},
	}
}

// inhabited is a server with something of everything in it, and what replaces
// the names of their ids. What it delivers goes nowhere.
func inhabited(tb testing.TB) (*api.Server, *strings.Replacer) {
	tb.Helper()
	s, err := api.New(api.Config{Simulator: simulator.Config{Sender: nowhere{}}})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = s.Close() })
	id := func(method, path, body, where string) string {
		w := ask(s, method, path, body)
		return reply{body: w.Body.String()}.get(where).String()
	}
	hook := id("POST", "/v3/webhooks", `{"display_name":"x","endpoint_url":"http://127.0.0.1:9/x"}`, "data.id")
	message := id("POST", "/v3/messages", `{"to":["+15005550104"],"text":"hi"}`, "data.recipients.0.message_id")
	template := id("POST", "/v3/templates", `{"definition":{"body":{"sms":{"template":"hello"}}}}`, "data.id")
	ask(s, "POST", "/_sentsim/wait", "")
	known := id("GET", "/_sentsim/deliveries", "", "data.deliveries.0.id")
	if hook == "" || message == "" || template == "" || known == "" {
		tb.Fatalf("it is not inhabited: %q %q %q %q", hook, message, template, known)
	}
	return s, strings.NewReplacer("{hook}", hook, "{message}", message, "{template}", template, "{delivery}", known)
}

type nowhere struct{}

func (nowhere) Send(context.Context, delivery.Request, time.Duration) delivery.Outcome {
	return delivery.Outcome{Kind: delivery.Answered, Status: http.StatusOK}
}

func ask(s http.Handler, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(context.Background(), method, "http://localhost/", strings.NewReader(body))
	r.URL.Path, r.URL.RawQuery, _ = strings.Cut(path, "?")
	r.Header.Set("X-Api-Key", api.DefaultKey)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// wellAnswered insists on an answer in the envelope that is no 500.
func wellAnswered(tb testing.TB, name string, status int, body []byte) {
	tb.Helper()
	var v struct {
		Success *bool
		Error   *struct{ Code, Message string }
		Meta    struct {
			RequestID string `json:"request_id"`
		}
	}
	switch err := json.Unmarshal(body, &v); {
	case status == http.StatusNoContent && len(body) == 0:
	case status >= 500 && status != http.StatusNotImplemented && status != http.StatusGatewayTimeout:
		tb.Errorf("%s: %d %s", name, status, body)
	case err != nil || v.Success == nil || v.Meta.RequestID == "":
		tb.Errorf("%s: %d, and not in the envelope (%v): %.200s", name, status, err, body)
	case *v.Success != (status < 300) || *v.Success != (v.Error == nil):
		tb.Errorf("%s: %d does not fit: %.200s", name, status, body)
	case v.Error != nil && (v.Error.Code == "" || v.Error.Message == ""):
		tb.Errorf("%s: %d without a code or a message: %.200s", name, status, body)
	}
}

// TestThousandsOfStrangeRequests makes sane requests strange in one or two
// places. None is answered 500, none hangs.
func TestThousandsOfStrangeRequests(t *testing.T) {
	rounds := 150
	if testing.Short() {
		rounds = 20
	}
	r := rand.New(rand.NewPCG(7, 7))
	for range rounds {
		s, ids := inhabited(t)
		for _, c := range sane() {
			method, path, body := c[0], ids.Replace(c[1]), ids.Replace(c[2])
			for range 1 + r.IntN(2) {
				switch r.IntN(4) {
				case 0:
					path = mutate(r, path)
				case 1:
					method = []string{"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "BREW"}[r.IntN(9)]
				default:
					body = mutate(r, body)
				}
			}
			begin := time.Now()
			w := ask(s, method, path, body, "Idempotency-Key", mutate(r, "key-1"))
			wellAnswered(t, method+" "+path+" "+body, w.Code, w.Body.Bytes())
			if took := time.Since(begin); took > 5*time.Second {
				t.Errorf("%s %s %s took %s", method, path, body, took)
			}
		}
		_ = s.Close()
	}
}

// mutate makes a text strange in one place.
func mutate(r *rand.Rand, text string) string {
	odd := []string{
		"null", "true", "-1", "0", "1e999", "18446744073709551616", `"`, `""`, "{}", "[]", "[[[[", "{", "}", ",", ":", "\\", "\\u0000", "\\ud800",
		"\x00", "\xff", "é", "🙂", "\u202e", "%00", "%2f", "..", "//", "?", "&", ";", "+", " ", "\n", "\t", "'", "<", "{{0:x}}", "{{999:}}", "$",
		"9999-99-99T99:99:99Z", "000000", "NaN", "inf", "\"sandbox\":true,", "\"by\":\"876000h\",", "__proto__", strings.Repeat("a", 3000), strings.Repeat("[", 3000),
	}
	at, end := r.IntN(len(text)+1), r.IntN(len(text)+1)
	if at > end {
		at, end = end, at
	}
	switch r.IntN(5) {
	case 0: // something goes
		return text[:at] + text[min(len(text), at+1+r.IntN(4)):]
	case 1: // something is repeated
		return text[:end] + text[at:end] + text[end:]
	case 2: // a value is another
		if values := strings.Split(text, ":"); len(values) > 1 {
			values[1+r.IntN(len(values)-1)] = odd[r.IntN(len(odd))] + "}"
			return strings.Join(values, ":")
		}
	case 3: // a byte is another
		if at < len(text) {
			return text[:at] + string(rune(r.IntN(256))) + text[at+1:]
		}
	}
	return text[:at] + odd[r.IntN(len(odd))] + text[at:]
}

// TestStrangeConnections: what is hardly HTTP is answered or dropped, and the
// server goes on.
func TestStrangeConnections(t *testing.T) {
	s := serve(t, api.Config{})
	addr := strings.TrimPrefix(s.url, "http://")
	head := "POST /v3/messages HTTP/1.1\r\nHost: " + addr + "\r\nX-Api-Key: sentsim\r\n"
	for name, raw := range map[string]string{
		"nothing":                    "",
		"garbage":                    "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03garbage\r\n\r\n",
		"no host":                    "GET /v3/me HTTP/1.1\r\n\r\n",
		"two hosts":                  "GET /v3/me HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
		"HTTP/1.0":                   "GET /v3/me HTTP/1.0\r\n\r\n",
		"an absolute URL":            "GET http://evil.example/v3/me HTTP/1.1\r\nHost: " + addr + "\r\n\r\n",
		"a body that ends early":     head + "Content-Length: 100\r\n\r\n{",
		"a length below zero":        head + "Content-Length: -1\r\n\r\n{}",
		"two lengths":                head + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x",
		"length and chunks":          head + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"a chunk that lies":          head + "Transfer-Encoding: chunked\r\n\r\nfffffffff\r\n{}",
		"a header of a megabyte":     head + "X-Big: " + strings.Repeat("x", 1<<20) + "\r\n\r\n",
		"a thousand headers":         head + strings.Repeat("X-Many: x\r\n", 20_000) + "\r\n",
		"a header with control code": head + "X-Odd: a\x01b\r\n\r\n",
		"a path of 100 kB":           "GET /" + strings.Repeat("a", 100_000) + " HTTP/1.1\r\nHost: " + addr + "\r\n\r\n",
		"a bad escape":               "GET /v3/%zz HTTP/1.1\r\nHost: " + addr + "\r\n\r\n",
		"a star":                     "OPTIONS * HTTP/1.1\r\nHost: " + addr + "\r\n\r\n",
		"a tunnel":                   "CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n",
	} {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
		_, _ = io.WriteString(conn, raw) // it may be refused half way
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.CloseWrite()
		}
		got, err := io.ReadAll(conn)
		_ = conn.Close()
		if os.IsTimeout(err) {
			t.Errorf("%s: no answer", name)
		}
		for _, bad := range []string{" 500 ", " 2"} {
			line, _, _ := bytes.Cut(got, []byte("\r\n"))
			if bytes.Contains(line, []byte(bad)) && name != "a star" {
				t.Errorf("%s: answered %q", name, line)
			}
		}
	}
	s.must(200, "GET", "/v3/me", "")
}

// FuzzRequests: whatever the method, path, query, body and key, the answer is no
// 500 and stands in the envelope.
func FuzzRequests(f *testing.F) {
	for _, c := range sane() {
		f.Add(c[0], c[1], c[2], "key-1")
	}
	f.Add("POST", "/v3/webhooks", strings.Repeat(`{"a":`, 100), "")
	f.Fuzz(func(t *testing.T, method, path, body, key string) {
		if !validMethod(method) || strings.Contains(body, `"timeout"`) {
			t.Skip() // net/http answers the one, and the other may wait as long as it says
		}
		s, ids := inhabited(t)
		w := ask(s, method, ids.Replace(path), ids.Replace(body), "Idempotency-Key", key)
		if path != "/healthz" && path != "/readyz" && path != "/metrics" {
			wellAnswered(t, method+" "+path, w.Code, w.Body.Bytes())
		}
	})
}

func validMethod(method string) bool {
	return method != "" && strings.Trim(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}
