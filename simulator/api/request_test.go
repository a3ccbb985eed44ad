package api_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/api"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/metrics"
)

const someID = "d4f5a6b7-c8d9-4e0f-a1b2-c3d4e5f6a7b8"

// TestBadRequests: each has the code of the contract, and names the field.
func TestBadRequests(t *testing.T) {
	s := serve(t, api.Config{})
	id, _ := s.register(nobody)
	hook := "/v3/webhooks/" + id
	long := strings.Repeat("x", 5000)
	for _, c := range []struct {
		method, path, body string
		code, field        string // field "": none is to blame
	}{
		{"POST", "/v3/webhooks", ``, "VALIDATION_004", "display_name"},
		{"POST", "/v3/webhooks", `{`, "VALIDATION_001", ""},
		{"POST", "/v3/webhooks", `[]`, "VALIDATION_001", ""},
		{"POST", "/v3/webhooks", `null`, "VALIDATION_001", ""},
		{"POST", "/v3/webhooks", `{} {}`, "VALIDATION_001", ""},
		{"POST", "/v3/webhooks", "{\"display_name\":\"\xff\"}", "VALIDATION_001", ""},
		{"POST", "/v3/webhooks", strings.Repeat(`{"a":`, 20_000), "VALIDATION_001", ""},
		{"POST", "/v3/webhooks", `{"display_name":"` + strings.Repeat("x", 2<<20) + `"}`, "VALIDATION_001", ""},
		{"POST", "/v3/webhooks", `{"display_name":"x"}`, "VALIDATION_004", "endpoint_url"},
		{"POST", "/v3/webhooks", `{"display_name":"x","endpoint_url":""}`, "VALIDATION_004", "endpoint_url"},
		{"POST", "/v3/webhooks", `{"display_name":"x","endpoint_url":"ftp://h/"}`, "VALIDATION_001", "endpoint_url"},
		{"POST", "/v3/webhooks", `{"display_name":"x","endpoint_url":"http://h:99999999/%zz"}`, "VALIDATION_001", "endpoint_url"},
		{"POST", "/v3/webhooks", `{"display_name":"x","endpoint_url":"http://h/` + long + `"}`, "VALIDATION_005", "endpoint_url"},
		{"POST", "/v3/webhooks", `{"display_name":"` + long + `","endpoint_url":"` + nobody + `"}`, "VALIDATION_005", "display_name"},
		{"POST", "/v3/webhooks", `{"display_name":7,"endpoint_url":"` + nobody + `"}`, "VALIDATION_001", "display_name"},
		{"PUT", hook, `{"display_name":""}`, "VALIDATION_004", "display_name"},
		{"PUT", hook, `{"retry_count":0}`, "VALIDATION_005", "retry_count"},
		{"PUT", hook, `{"retry_count":6}`, "VALIDATION_005", "retry_count"},
		{"PUT", hook, `{"retry_count":1e99}`, "VALIDATION_005", "retry_count"},
		{"PUT", hook, `{"retry_count":1.5}`, "VALIDATION_001", "retry_count"},
		{"PUT", hook, `{"retry_count":"3"}`, "VALIDATION_001", "retry_count"},
		{"PUT", hook, `{"timeout_seconds":4}`, "VALIDATION_005", "timeout_seconds"},
		{"PUT", hook, `{"timeout_seconds":121}`, "VALIDATION_005", "timeout_seconds"},
		{"PUT", hook, `{"event_types":["nope"]}`, "VALIDATION_006", "event_types"},
		{"PUT", hook, `{"event_types":[]}`, "VALIDATION_001", "event_types"},
		{"PUT", hook, `{"event_types":"message"}`, "VALIDATION_001", "event_types"},
		{"PUT", hook, `{"event_filters":{"nope":["x"]}}`, "VALIDATION_006", "event_filters"},
		{"PUT", hook, `{"event_filters":{"message":["nope"]}}`, "VALIDATION_006", "event_filters"},
		{"PUT", hook, `{"event_filters":{"message":[]}}`, "VALIDATION_001", "event_filters"},
		{"PUT", hook, `{"event_filters":[]}`, "VALIDATION_001", "event_filters"},
		{"PUT", hook, `{"sandbox":"yes"}`, "VALIDATION_001", "sandbox"},
		{"PATCH", hook + "/toggle-status", `{}`, "VALIDATION_004", "is_active"},
		{"PATCH", hook + "/toggle-status", `{"is_active":null}`, "VALIDATION_004", "is_active"},
		{"PATCH", hook + "/toggle-status", `{"is_active":"false"}`, "VALIDATION_001", "is_active"},
		{"POST", hook + "/rotate-secret", `{"sandbox":1}`, "VALIDATION_001", "sandbox"},
		{"POST", hook + "/test", `{}`, "VALIDATION_004", "event_type"},
		{"POST", hook + "/test", `{"event_type":"message.eaten"}`, "VALIDATION_006", "event_type"},
		{"POST", hook + "/test", `{"event_type":7}`, "VALIDATION_001", "event_type"},
		{"GET", "/v3/webhooks/7", ``, "VALIDATION_003", "id"},
		{"GET", "/v3/webhooks/urn:uuid:" + someID, ``, "VALIDATION_003", "id"},
		{"GET", "/v3/webhooks/{" + someID + "}", ``, "VALIDATION_003", "id"},
		{"GET", "/v3/messages/7", ``, "VALIDATION_003", "id"},
		{"GET", "/v3/messages/7/activities", ``, "VALIDATION_003", "id"},
		{"GET", "/v3/templates/7", ``, "VALIDATION_003", "id"},
		{"GET", "/v3/webhooks?page=0&page_size=1", ``, "VALIDATION_005", "page"},
		{"GET", "/v3/webhooks?page=-1&page_size=1", ``, "VALIDATION_005", "page"},
		{"GET", "/v3/webhooks?page=1&page_size=101", ``, "VALIDATION_005", "page_size"},
		{"GET", "/v3/webhooks?page=99999999999999999999&page_size=1", ``, "VALIDATION_005", "page"},
		{"GET", "/v3/webhooks?page=one&page_size=1", ``, "VALIDATION_001", "page"},
		{"GET", "/v3/webhooks?page=1&page_size=1&is_active=maybe", ``, "VALIDATION_001", "is_active"},
		{"GET", "/v3/webhooks?page=1&page_size=1&search=" + long, ``, "VALIDATION_005", "search"},
		{"GET", "/v3/webhooks?page=1&page_size=1;x", ``, "VALIDATION_001", ""},
		{"GET", "/v3/webhooks?page=%zz", ``, "VALIDATION_001", ""},
		{"GET", "/v3/templates?status=approved", ``, "VALIDATION_006", "status"},
		{"POST", "/v3/webhooks", `{"display_name":"x","endpoint_url":"http://h:99999/"}`, "VALIDATION_001", "endpoint_url"},
		{"POST", "/v3/webhooks", `{"display_name":"x","endpoint_url":"http://h:/"}`, "VALIDATION_001", "endpoint_url"},
		{"POST", "/v3/webhooks", `{"display_name":"x","endpoint_url":"http://h/a b"}`, "VALIDATION_001", "endpoint_url"},
		{"POST", "/v3/webhooks", `{"display_name":"x","endpoint_url":" http://h/"}`, "VALIDATION_001", "endpoint_url"},
		{"POST", "/v3/webhooks", `{"display_name":"x","endpoint_url":"` + nobody + `","signing_secret":"whsec_?"}`, "VALIDATION_001", "signing_secret"},
		{"POST", "/v3/webhooks", `{"display_name":"x","endpoint_url":"` + nobody + `","sender_profile":7}`, "VALIDATION_001", "sender_profile"},
		{"POST", "/v3/messages", `{"to":["14155550100"],"text":"x"}`, "VALIDATION_002", "to"},
		{"POST", "/v3/messages", `{"to":["+14155550100"],"text":"x","channel":["SMS"]}`, "VALIDATION_006", "channel"},
		{"GET", "/v3/templates?page=1&page_size=1&category=nope", ``, "VALIDATION_006", "category"},
		{"POST", "/v3/messages", `{}`, "VALIDATION_004", "to"},
		{"POST", "/v3/messages", `{"to":[],"text":"x"}`, "VALIDATION_004", "to"},
		{"POST", "/v3/messages", `{"to":"+14155550100","text":"x"}`, "VALIDATION_001", "to"},
		{"POST", "/v3/messages", `{"to":["+14155550100","abc"],"text":"x"}`, "VALIDATION_002", "to"},
		{"POST", "/v3/messages", `{"to":["+0155550100"],"text":"x"}`, "VALIDATION_002", "to"},
		{"POST", "/v3/messages", `{"to":[` + strings.Repeat(`"+14155550100",`, 1000) + `"+14155550100"],"text":"x"}`, "VALIDATION_005", "to"},
		{"POST", "/v3/messages", `{"to":["+14155550100"],"text":"x","channel":["fax"]}`, "VALIDATION_006", "channel"},
		{"POST", "/v3/messages", `{"to":["+14155550100"],"text":"x","channel":"sms"}`, "VALIDATION_001", "channel"},
		{"POST", "/v3/messages", `{"to":["+14155550100"]}`, "VALIDATION_004", "template"},
		{"POST", "/v3/messages", `{"to":["+14155550100"],"text":""}`, "VALIDATION_004", "template"},
		{"POST", "/v3/messages", `{"to":["+14155550100"],"text":7}`, "VALIDATION_001", "text"},
		{"POST", "/v3/messages", `{"to":["+14155550100"],"text":"` + long + `"}`, "VALIDATION_005", "text"},
		{"POST", "/v3/messages", `{"to":["+14155550100"],"text":"x","template":{"name":"x"}}`, "VALIDATION_001", "text"},
		{"POST", "/v3/messages", `{"to":["+14155550100"],"template":"x"}`, "VALIDATION_001", "template"},
		{"POST", "/v3/messages", `{"to":["+14155550100"],"template":{}}`, "VALIDATION_004", "template.id"},
		{"POST", "/v3/messages", `{"to":["+14155550100"],"template":{"id":"x"}}`, "VALIDATION_003", "template.id"},
		{"POST", "/v3/messages", `{"to":["+14155550100"],"template":{"id":"` + someID + `","name":"x"}}`, "VALIDATION_001", "template.name"},
		{"POST", "/v3/messages", `{"to":["+14155550100"],"template":{"name":"sentsim_read","parameters":{"a":1}}}`, "VALIDATION_001", "template.parameters"},
		{"POST", "/v3/templates", `{}`, "VALIDATION_004", "definition"},
		{"POST", "/v3/templates", `{"definition":7}`, "VALIDATION_001", "definition"},
		{"POST", "/v3/templates", `{"definition":{"body":{}}}`, "VALIDATION_004", "definition.body"},
		{"POST", "/v3/templates", `{"definition":{"body":{"sms":{"template":"x"}}},"category":"nope"}`, "VALIDATION_006", "category"},
		{"POST", "/v3/templates", `{"definition":{"body":{"sms":{"template":"x"}}},"language":"!"}`, "VALIDATION_001", "language"},
		{"POST", "/v3/templates", `{"definition":{"body":{"sms":{"template":"x"}}},"name":" "}`, "VALIDATION_005", "name"},
		{"POST", "/v3/templates", `{"definition":{"body":{"sms":{"template":"x"}}},"creation_source":"sentsim:eaten"}`, "VALIDATION_006", "creation_source"},
	} {
		got := s.must(400, c.method, c.path, c.body)
		name := c.method + " " + c.path[:min(len(c.path), 80)] + " " + c.body[:min(len(c.body), 100)]
		if code := got.get("error.code").String(); code != c.code {
			t.Errorf("%s: code %s, want %s\n%.300s", name, code, c.code, got.body)
		}
		details := got.get("error.details")
		if _, there := details.Map()[c.field]; c.field != "" && !there || c.field == "" && details.Raw != "null" {
			t.Errorf("%s: details %s, want those of %q", name, details.Raw, c.field)
		}
		if got.get("data").Raw != "null" || got.get("error.message").String() == "" || got.get("error.doc_url").String() == "" {
			t.Errorf("%s: not the envelope of an error: %.300s", name, got.body)
		}
	}
}

func TestEveryAnswerIsInTheEnvelope(t *testing.T) {
	s := serve(t, api.Config{})
	for _, c := range []struct {
		status       int
		method, path string
		code         string
	}{
		{200, "GET", "/v3/me", ""},
		{501, "GET", "/v3/contacts", "NOT_IMPLEMENTED"},
		{501, "POST", "/v3/users/7/whatever", "NOT_IMPLEMENTED"},
		{501, "GET", "/v3", "NOT_IMPLEMENTED"},
		{501, "GET", "/v2/messages", "NOT_IMPLEMENTED"},
		{501, "POST", "/v4", "NOT_IMPLEMENTED"},
		{501, "GET", "/v3/webhooks/" + someID + "/nothing", "NOT_IMPLEMENTED"},
		{405, "DELETE", "/v3/webhooks", "METHOD_NOT_ALLOWED"},
		{405, "PATCH", "/v3/messages", "METHOD_NOT_ALLOWED"},
		{405, "BREW", "/v3/me", "METHOD_NOT_ALLOWED"},
		{404, "GET", "/v3//me", "NOT_FOUND"},
		{404, "GET", "/v3/../v3/me", "NOT_FOUND"},
		{404, "GET", "/", "NOT_FOUND"},
	} {
		got := s.must(c.status, c.method, c.path, "")
		id := got.header.Get("X-Request-Id")
		if !strings.HasPrefix(id, "req_") || got.get("meta.request_id").String() != id || got.get("meta.version").String() != "v3" {
			t.Errorf("%s %s: request id %q\n%s", c.method, c.path, id, got.body)
		}
		if at := got.get("meta.timestamp").Time(); time.Since(at) > time.Minute {
			t.Errorf("%s %s: timestamp %s", c.method, c.path, got.get("meta.timestamp"))
		}
		if code := got.get("error.code").String(); code != c.code {
			t.Errorf("%s %s: code %q, want %q", c.method, c.path, code, c.code)
		}
	}
	if p := s.must(501, "GET", "/v3/contacts", ""); p.header.Get("X-Should-Retry") != "false" {
		t.Error("a client would try again what is not emulated")
	}
	got := s.must(404, "GET", "/v3/me", "", "x-profile-id", someID)
	if got.header.Get("X-API-Version") != "v3" || !regexp.MustCompile(`^\d+\.\dms$`).MatchString(got.header.Get("X-Response-Time")) {
		t.Errorf("the headers are %v", got.header)
	}
	s.must(200, "GET", "/v3/me", "", "x-profile-id", s.Simulator().Account().String())
	if p := s.must(400, "GET", "/v3/me", "", "x-profile-id", "mine"); p.get("error.code").String() != "VALIDATION_003" {
		t.Errorf("%s", p.body)
	}
}

func TestTheKey(t *testing.T) {
	s := serve(t, api.Config{APIKey: "sk_test_1234", Metrics: metrics.New()})
	for _, c := range []struct {
		key, code string
	}{
		{"-", "AUTH_001"}, {"", "AUTH_001"}, {"sentsim", "AUTH_002"}, {"sk_test_123", "AUTH_002"}, {"sk_test_12345", "AUTH_002"}, {"SK_TEST_1234", "AUTH_002"},
	} {
		for _, path := range []string{"/v3/me", "/v3/contacts", "/v3/webhooks/7"} {
			if got := s.must(401, "GET", path, "", "x-api-key", c.key); got.get("error.code").String() != c.code {
				t.Errorf("key %q on %s: %s, want %s", c.key, path, got.body, c.code)
			}
		}
	}
	s.must(200, "GET", "/v3/me", "")
	for _, path := range []string{"/healthz", "/readyz", "/metrics"} {
		if got := s.call("GET", path, "", "x-api-key", "-"); got.status != 200 {
			t.Errorf("%s: %d", path, got.status)
		}
	}
}

func TestWebPagesAreKeptOut(t *testing.T) {
	s := serve(t, api.Config{AllowHosts: []string{"sent.example.test"}, Pages: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })})
	own := strings.TrimPrefix(s.url, "http://")
	for _, c := range []struct {
		name   string
		status int
		path   string
		header []string
	}{
		{"a name that resolves here", 403, "/v3/me", []string{"Host", "evil.example"}},
		{"with a port", 403, "/v3/me", []string{"Host", "evil.example:8700"}},
		{"a page", 403, "/", []string{"Host", "evil.example"}},
		{"health", 403, "/healthz", []string{"Host", "evil.example"}},
		{"localhost", 200, "/v3/me", []string{"Host", "localhost:8700"}},
		{"localhost and a dot", 200, "/v3/me", []string{"Host", "LOCALHOST."}},
		{"an address", 200, "/v3/me", []string{"Host", "[::1]:8700"}},
		{"from a container", 200, "/v3/me", []string{"Host", "host.docker.internal:8700"}},
		{"a container's name", 200, "/v3/me", []string{"Host", "sentsim:8700"}},
		{"a name that was allowed", 200, "/v3/me", []string{"Host", "Sent.Example.Test:8700"}},
		{"another origin", 403, "/v3/me", []string{"Origin", "https://evil.example"}},
		{"another port", 403, "/v3/me", []string{"Origin", "http://127.0.0.1:3000"}},
		{"an opaque origin", 403, "/v3/me", []string{"Origin", "null"}},
		{"its own origin", 200, "/v3/me", []string{"Origin", "http://" + own}},
		{"an image on another page", 403, "/v3/me", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Dest", "image"}},
		{"another port's page", 403, "/v3/me", []string{"Sec-Fetch-Site", "same-site", "Sec-Fetch-Dest", "empty"}},
		{"a link", 200, "/", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Dest", "document"}},
		{"a frame", 403, "/", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Dest", "iframe"}},
		{"typed in", 200, "/", []string{"Sec-Fetch-Site", "none", "Sec-Fetch-Dest", "document"}},
	} {
		if got := s.call("GET", c.path, "", c.header...); got.status != c.status {
			t.Errorf("%s: %d, want %d\n%s", c.name, got.status, c.status, got.body)
		}
	}
	if got := s.call("POST", "/v3/messages", `{}`, "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Dest", "document"); got.status != 403 {
		t.Errorf("a form on another page: %d", got.status)
	}
}

func TestTheRateLimit(t *testing.T) {
	s, e := serve(t, api.Config{RateLimit: 30}), newEndpoint(t)
	id, _ := s.register(e.URL)
	for i := range 11 {
		want := 200
		if i == 10 {
			want = 429
		}
		s.must(want, "POST", "/v3/webhooks/"+id+"/rotate-secret", "")
	}
	for i := range 18 {
		got := s.must(200, "GET", "/v3/me", "")
		if left := got.header.Get("X-RateLimit-Remaining"); left != fmt.Sprint(17-i) || got.header.Get("X-RateLimit-Limit") != "30" {
			t.Errorf("after %d calls %s are left of %s", i, left, got.header.Get("X-RateLimit-Limit"))
		}
	}
	p := s.must(429, "GET", "/v3/me", "")
	if p.get("error.code").String() != "BUSINESS_002" || p.header.Get("Retry-After") == "" || p.header.Get("X-RateLimit-Reset") == "" {
		t.Errorf("%v %s", p.header, p.body)
	}
}

// The limit is one of the simulation's time, and a reset clears it.
func TestTheRateLimitIsOneOfTheSimulationsTime(t *testing.T) {
	s := serve(t, api.Config{RateLimit: 3})
	spend := func() {
		t.Helper()
		for range 3 {
			s.must(200, "GET", "/v3/me", "")
		}
		if got := s.must(429, "GET", "/v3/me", "").header.Get("Retry-After"); got == "" {
			t.Error("it does not say how long to wait")
		}
	}
	spend()
	s.must(200, "POST", "/_sentsim/reset", "")
	spend()
	if err := s.Simulator().Advance(t.Context(), time.Minute); err != nil {
		t.Fatal(err)
	}
	spend()
	scaled := serve(t, api.Config{RateLimit: 1, Simulator: simulator.Config{Clock: clock.NewScaled(time.Now(), 60)}})
	scaled.must(200, "GET", "/v3/me", "")
	if got := scaled.must(429, "GET", "/v3/me", "").header.Get("Retry-After"); got != "1" {
		t.Errorf("a minute is a second on this clock, and a client shall wait %s s", got)
	}
}

func TestPagesAskForTheKeyWhereTheyMust(t *testing.T) {
	page := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("a page")) })
	s := serve(t, api.Config{Pages: page, PagesKey: true, APIKey: "sk_test_pages"})
	for password, want := range map[string]int{"": 401, "sentsim": 401, "sk_test_pages": 200} {
		req, err := http.NewRequestWithContext(t.Context(), "GET", s.url+"/", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if password != "" {
			req.SetBasicAuth("anybody", password)
		}
		resp, err := s.http.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != want || want == 401 && resp.Header.Get("WWW-Authenticate") == "" {
			t.Errorf("password %q: %d, want %d", password, resp.StatusCode, want)
		}
	}
	if open := serve(t, api.Config{Pages: page}); open.call("GET", "/", "", "x-api-key", "-").status != 200 {
		t.Error("without PagesKey it asks for a key")
	}
}
