package probe

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// answering is a receiver that gives every state question the same answer.
func answering(t *testing.T, status int, body string) string {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

func mustNew(t *testing.T, cfg Config) *Probe {
	t.Helper()
	p, err := New(cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func messageAt(status, effects string) Config {
	return Config{Message: &Endpoint{URL: "/m/{message_id}", Status: status, Effects: effects}}
}

func TestMessageReadsWhatReceiversAnswer(t *testing.T) {
	tests := []struct {
		name            string
		status, effects string
		code            int
		body            string
		want            State // but for Raw
	}{
		{"numbers as numbers", "$.status", "$.effects", 200, `{"status":"SENT","effects":2}`, State{Known: true, Status: "SENT", HasStatus: true, Effects: 2, HasEffects: true}},
		{"numbers as text", "$.status", "$.effects", 200, `{"status":"SENT","effects":" 2 "}`, State{Known: true, Status: "SENT", HasStatus: true, Effects: 2, HasEffects: true}},
		{"a number written with a fraction", "", "$.n", 200, `{"n":2.0}`, State{Known: true, Effects: 2, HasEffects: true}},
		{"an array counts its elements", "", "$.events", 200, `{"events":["a",null,"c"]}`, State{Known: true, Effects: 3, HasEffects: true}},
		{"nodes that are not numbers are counted", "", "$.events[*].id", 200, `{"events":[{"id":"1"},{"id":"2"}]}`, State{Known: true, Effects: 2, HasEffects: true}},
		{"one such node is one, whatever is in it", "", "$.events[*].id", 200, `{"events":[{"id":"7"}]}`, State{Known: true, Effects: 1, HasEffects: true}},
		{"nulls among them are not", "", "$.events[*].done", 200, `{"events":[{"done":"x"},{"done":null}]}`, State{Known: true, Effects: 1, HasEffects: true}},
		{"several numbers are added up", "", "$.by[*].n", 200, `{"by":[{"n":1},{"n":2}]}`, State{Known: true, Effects: 3, HasEffects: true}},
		{"several arrays count together", "", "$.by[*].e", 200, `{"by":[{"e":[1]},{"e":[2,3]}]}`, State{Known: true, Effects: 3, HasEffects: true}},
		{"404 is unknown, whatever its body", "$.status", "", 404, `{"status":"not found"}`, State{}},
		{"410 is unknown", "$.status", "", 410, `{"gone":true}`, State{}},
		{"null is unknown", "$.status", "$.effects", 200, `null`, State{}},
		{"an empty answer is unknown", "$.status", "", 200, ``, State{}},
		{"204 is unknown", "$.status", "", 204, ``, State{}},
		{"a path that selects nothing", "$.status", "$.effects", 200, `{}`, State{}},
		{"a path that selects null", "$.status", "$.effects", 200, `{"status":null,"effects":null}`, State{}},
		{"no effects and no status is no trace", "$.status", "$.effects", 200, `{"status":null,"effects":0}`, State{HasEffects: true}},
		{"an empty list is no trace", "$.status", "$", 200, `[]`, State{HasEffects: true}},
		{"a number as status", "$.status", "", 200, `{"status":3}`, State{Known: true, Status: "3", HasStatus: true}},
		{"whether it is delivered as status", "$.delivered", "", 200, `{"delivered":false}`, State{Known: true, Status: "false", HasStatus: true}},
		{"a list filtered by id", `$[?@.id == "{message_id}"].status`, "", 200, `[{"id":"x","status":"READ"},{"id":"m-1","status":"SENT"}]`, State{Known: true, Status: "SENT", HasStatus: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			base := answering(t, tt.code, tt.body)
			got, err := mustNew(t, messageAt(tt.status, tt.effects)).Message(t.Context(), base+"/webhooks/sent", "m-1")
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(got.Raw, "HTTP ") || !strings.Contains(got.Raw, tt.body) {
				t.Errorf("Raw = %q, want the answer", got.Raw)
			}
			got.Raw = ""
			if got != tt.want {
				t.Errorf("%s: got %+v, want %+v", tt.body, got, tt.want)
			}
		})
	}
}

func TestWhatIsNoStateIsAnError(t *testing.T) {
	tests := []struct {
		name            string
		status, effects string
		code            int
		body            string
		want            []string
	}{
		{"5xx", "$.status", "", 503, "database is locked", []string{"probe.message", "/m/m-1", "503", "database is locked"}},
		{"401", "$.status", "", 401, "no", []string{"401", "probe.headers"}},
		{"HTML", "$.status", "", 200, "<html>", []string{"200", "not JSON", "<html>"}},
		{"two JSON values", "$.status", "", 200, `{"status":"SENT"}{}`, []string{"more than one JSON value"}},
		{"long garbage is cut", "$.status", "", 200, strings.Repeat("x", 5000), []string{strings.Repeat("x", 200) + "…"}},
		{"a redirect to nowhere", "$.status", "", 304, "", []string{"304"}},
		{"status is an object", "$.status", "", 200, `{"status":{}}`, []string{"status $.status selects an object"}},
		{"several statuses", "$[*].status", "", 200, `[{"status":"A"},{"status":"B"}]`, []string{"selects 2 values", "[-1]"}},
		{"half an effect", "", "$.effects", 200, `{"effects":1.5}`, []string{"1.5", "not a count"}},
		{"fewer than no effects", "", "$.effects", 200, `{"effects":-1}`, []string{"-1"}},
		{"a text that is no number", "", "$.effects", 200, `{"effects":"many"}`, []string{"many"}},
		{"effects that are true", "", "$.effects", 200, `{"effects":true}`, []string{"true or false"}},
		{"an effect count beyond reason", "", "$.effects", 200, `{"effects":1e300}`, []string{"1e300"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			base := answering(t, tt.code, tt.body)
			s, err := mustNew(t, messageAt(tt.status, tt.effects)).Message(t.Context(), base, "m-1")
			if err == nil {
				t.Fatalf("no error, but %+v", s)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "\n") || len(err.Error()) > 600 {
				t.Errorf("error is not one short line: %q", err)
			}
		})
	}
}

func TestInboundCountsNoneWhereNothingIs(t *testing.T) {
	p := mustNew(t, Config{Inbound: &Endpoint{URL: "/in?from={from}", Count: "$.messages[*].text"}})
	for _, tt := range []struct {
		code  int
		body  string
		count int
	}{{404, "", 0}, {200, "null", 0}, {200, `{"messages":[]}`, 0}, {200, `{"messages":[{"text":"42"}]}`, 1}} {
		s, err := p.Inbound(t.Context(), answering(t, tt.code, tt.body), "+15550001111")
		if err != nil || !s.HasCount || s.Count != tt.count || s.Known != (tt.count > 0) {
			t.Errorf("%d %s: got %+v, %v, want count %d", tt.code, tt.body, s, err, tt.count)
		}
	}
}

func TestPlaceholdersSurviveURLAndHeadersAreSent(t *testing.T) {
	var got *http.Request
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r }))
	defer srv.Close()
	p := mustNew(t, Config{
		Inbound:  &Endpoint{URL: "/in/{from}/x?from={from}", Count: "$.count"},
		Template: &Endpoint{URL: srv.URL + "/t/{template_id}", Status: "$.status"},
		Headers:  map[string]string{"authorization": "Bearer k", "Host": "example.test"},
	})
	const from = "+1 555/&?é"
	if _, err := p.Inbound(t.Context(), srv.URL+"/webhooks/sent?x=1", from); err != nil {
		t.Fatal(err)
	}
	if got.URL.Path != "/in/"+from+"/x" || got.URL.Query().Get("from") != from {
		t.Errorf("receiver got %s", got.RequestURI)
	}
	if got.Header.Get("Authorization") != "Bearer k" || got.Host != "example.test" {
		t.Errorf("headers %v, host %s", got.Header, got.Host)
	}
	// An absolute URL is read where it points, not on the target.
	if _, err := p.Template(t.Context(), "http://127.0.0.1:1/webhooks/sent", "t-1"); err != nil {
		t.Fatal(err)
	}
	if got.URL.Path != "/t/t-1" {
		t.Errorf("receiver got %s", got.RequestURI)
	}
}

func TestRedirectsAreFollowedOnTheSameHostOnly(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("headers leaked to another host: %v", r.Header)
	}))
	defer elsewhere.Close()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/m/slash":
			http.Redirect(w, r, "/m/slash/", http.StatusMovedPermanently)
		case "/m/slash/":
			_, _ = w.Write([]byte(`{"status":"SENT"}`))
		default:
			http.Redirect(w, r, elsewhere.URL, http.StatusFound)
		}
	}))
	defer srv.Close()
	p := mustNew(t, Config{Message: &Endpoint{URL: "/m/{message_id}", Status: "$.status"}, Headers: map[string]string{"X-Key": "k"}})
	if s, err := p.Message(t.Context(), srv.URL, "slash"); err != nil || s.Status != "SENT" {
		t.Errorf("got %+v, %v", s, err)
	}
	if _, err := p.Message(t.Context(), srv.URL, "other"); err == nil || !strings.Contains(err.Error(), elsewhere.URL) {
		t.Errorf("error %v does not name %s", err, elsewhere.URL)
	}
}

func TestUnreachableIsAnErrorAndAContextEnds(t *testing.T) {
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0") // accepts in the backlog, never answers
	if err != nil {
		t.Fatal(err)
	}
	p := mustNew(t, messageAt("$.status", ""))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := p.Message(ctx, "http://"+l.Addr().String(), "m")
		done <- err
	}()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled reading: %v", err)
	}
	_ = l.Close()
	_, err = p.Message(t.Context(), "http://"+l.Addr().String(), "m")
	if err == nil || !strings.Contains(err.Error(), "connection refused") || strings.Count(err.Error(), "http://") != 1 {
		t.Errorf("unreachable: %v", err)
	}
	if _, err := p.Message(t.Context(), "", "m"); err == nil || !strings.Contains(err.Error(), "target has no URL") {
		t.Errorf("no base: %v", err)
	}
}

func TestNothingConfigured(t *testing.T) {
	var none *Probe
	if _, err := none.Message(t.Context(), "http://127.0.0.1:1", "m"); !errors.Is(err, ErrNotConfigured) {
		t.Errorf("nil probe: %v", err)
	}
	p := mustNew(t, messageAt("$.status", ""))
	if _, err := p.Inbound(t.Context(), "http://127.0.0.1:1", "+1"); !errors.Is(err, ErrNotConfigured) || !strings.Contains(err.Error(), "probe.inbound") {
		t.Errorf("inbound: %v", err)
	}
	if e, ok := p.Endpoint(KindMessage); !ok || e.Status != "$.status" {
		t.Errorf("Endpoint = %+v, %v", e, ok)
	}
	if _, ok := p.Endpoint(KindTemplate); ok {
		t.Error("an endpoint that nobody configured")
	}
}

func TestConfigErrorsNameTheKey(t *testing.T) {
	e := func(url, status, effects, count string) *Endpoint {
		return &Endpoint{URL: url, Status: status, Effects: effects, Count: count}
	}
	tests := []struct {
		name string
		cfg  Config
		want []string
	}{
		{"no URL", Config{Message: e("", "$.s", "", "")}, []string{"probe.message.url", "/state/messages/{message_id}"}},
		{"unknown placeholder", Config{Message: e("/m/{id}", "$.s", "", "")}, []string{"probe.message.url", "unknown placeholder {id}", "known here: {message_id}"}},
		{"another endpoint's placeholder", Config{Inbound: e("/m/{message_id}", "", "", "$.c")}, []string{"probe.inbound.url", "{message_id}", "{from}"}},
		{"unmatched brace", Config{Message: e("/m/{message_id}}", "$.s", "", "")}, []string{"unmatched brace"}},
		{"open brace", Config{Message: e("/m/{message_id", "$.s", "", "")}, []string{"unmatched brace"}},
		{"no placeholder", Config{Template: e("/t", "$.s", "", "")}, []string{"probe.template.url", "{template_id}"}},
		{"neither path nor URL", Config{Message: e("m/{message_id}", "$.s", "", "")}, []string{"probe.message.url", "begins with /"}},
		{"other scheme", Config{Message: e("ftp://h/{message_id}", "$.s", "", "")}, []string{"http:// or https://"}},
		{"scheme-relative", Config{Message: e("//h/{message_id}", "$.s", "", "")}, []string{"http:// or https://"}},
		{"not a URL", Config{Message: e("http://h:x/{message_id}", "$.s", "", "")}, []string{"probe.message.url", "is not a URL"}},
		{"bad JSONPath", Config{Message: e("/m/{message_id}", "status", "", "")}, []string{"probe.message.status", `"status"`, "RFC 9535"}},
		{"nothing to read", Config{Message: e("/m/{message_id}", "", "", "")}, []string{"probe.message.status", "status or effects"}},
		{"count of a message", Config{Message: e("/m/{message_id}", "$.s", "", "$.c")}, []string{"probe.message.count", "status or effects"}},
		{"effects of an inbound", Config{Inbound: e("/m/{from}", "", "$.e", "")}, []string{"probe.inbound.effects", "takes count"}},
		{"header name", Config{Headers: map[string]string{"X Key": "v"}}, []string{"probe.headers", "X Key"}},
		{"header value", Config{Headers: map[string]string{"X-Key": "top\nsecret"}}, []string{"probe.headers.X-Key"}},
		{"all at once", Config{Message: e("", "x", "", ""), Inbound: e("/{from}", "", "", "")}, []string{"probe.message.url", "probe.message.status", "probe.inbound.count"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := New(tt.cfg, nil)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("error %q prints a header's value", err)
			}
		})
	}
}

func TestStatusIs(t *testing.T) {
	s := State{Status: "message.delivered", HasStatus: true}
	if !s.StatusIs("DELIVERED") || s.StatusIs("READ") || (State{}).StatusIs("") {
		t.Error("StatusIs compares badly")
	}
}
