package api_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/api"
	"github.com/sentsim/sentsim/simulator/signing"
)

// nobody is an endpoint that no test delivers to.
const nobody = "http://127.0.0.1:9/webhooks/sent"

func TestAWebhookFromRegistrationToDeletion(t *testing.T) {
	s := serve(t, api.Config{})
	made := s.must(201, "POST", "/v3/webhooks", `{"display_name":"orders","endpoint_url":"https://example.com/hook",
		"event_types":["messages"],"event_filters":{"message":["delivered","failed"]},"retry_count":5,"timeout_seconds":120}`)
	if _, err := signing.ParseSecret(made.get("data.signing_secret").String()); err != nil {
		t.Errorf("the secret that is shown: %v", err)
	}
	for path, want := range map[string]string{
		"display_name": "orders", "endpoint_url": "https://example.com/hook", "event_types.0": "message", "event_types.#": "1",
		"event_filters.message.1": "failed", "is_active": "true", "retry_count": "5", "timeout_seconds": "120",
		"consecutive_failures": "0", "last_delivery_attempt_at": "", "last_successful_delivery_at": "", "updated_at": "",
	} {
		if got := made.get("data." + path).String(); got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
	path := "/v3/webhooks/" + made.get("data.id").String()
	if got := s.must(200, "GET", path, ""); got.get("data.signing_secret").Raw != "null" {
		t.Errorf("the secret is shown again: %s", got.body)
	}

	changed := s.must(200, "PUT", path, `{"display_name":"invoices","event_filters":null,"retry_count":1}`)
	for path, want := range map[string]string{
		"display_name": "invoices", "event_filters": "", "retry_count": "1", "timeout_seconds": "120", "endpoint_url": "https://example.com/hook",
	} {
		if got := changed.get("data." + path).String(); got != want {
			t.Errorf("after the update %s is %q, want %q", path, got, want)
		}
	}
	if off := s.must(200, "PATCH", path+"/toggle-status", `{"is_active":false}`); off.get("data.is_active").Bool() {
		t.Error("it is still active")
	}
	if p := s.must(400, "POST", path+"/test", `{"event_type":"message.sent"}`); p.get("error.code").String() != "BUSINESS_010" {
		t.Errorf("a test of an inactive webhook: %s", p.body)
	}
	if gone := s.must(204, "DELETE", path, `{"sandbox":true}`); gone.body != "" {
		t.Errorf("204 with a body: %q", gone.body)
	}
	for _, call := range []string{"GET ", "PUT ", "DELETE ", "GET /events?page=1&page_size=1", "POST /rotate-secret", "POST /test", "PATCH /toggle-status"} {
		method, rest, _ := strings.Cut(call, " ")
		if p := s.must(404, method, path+rest, `{"event_type":"message.sent","is_active":true}`); p.get("error.code").String() != "RESOURCE_008" {
			t.Errorf("%s of a webhook that is gone: %s", call, p.body)
		}
	}
}

func TestTheListOfWebhooks(t *testing.T) {
	s := serve(t, api.Config{})
	for _, name := range []string{"Alpha", "beta", "gamma", "delta"} {
		s.must(201, "POST", "/v3/webhooks", object("display_name", name, "endpoint_url", nobody))
	}
	id := s.must(200, "GET", "/v3/webhooks?page=1&page_size=1&search=beta", "").get("data.webhooks.0.id").String()
	s.must(200, "PATCH", "/v3/webhooks/"+id+"/toggle-status", `{"is_active":false}`)
	for _, c := range []struct{ query, names, pagination string }{
		{"page=1&page_size=3", `["Alpha","beta","gamma"]`, `{"page":1,"page_size":3,"total_count":4,"total_pages":2,"has_more":true,"cursors":null}`},
		{"page=2&page_size=3", `["delta"]`, `{"page":2,"page_size":3,"total_count":4,"total_pages":2,"has_more":false,"cursors":null}`},
		{"page=2147483647&page_size=100", `[]`, `{"page":2147483647,"page_size":100,"total_count":4,"total_pages":1,"has_more":false,"cursors":null}`},
		{"page=1&page_size=9&search=ALPHA", `["Alpha"]`, `{"page":1,"page_size":9,"total_count":1,"total_pages":1,"has_more":false,"cursors":null}`},
		{"page=1&page_size=9&is_active=false", `["beta"]`, `{"page":1,"page_size":9,"total_count":1,"total_pages":1,"has_more":false,"cursors":null}`},
		{"page=1&page_size=9&is_active=true&search=ta", `["delta"]`, `{"page":1,"page_size":9,"total_count":1,"total_pages":1,"has_more":false,"cursors":null}`},
	} {
		got := s.must(200, "GET", "/v3/webhooks?"+c.query, "")
		if names := got.get("data.webhooks.#.display_name").Raw; names != c.names {
			t.Errorf("%s: %s, want %s", c.query, names, c.names)
		}
		if p := got.get("data.pagination").Raw; p != c.pagination {
			t.Errorf("%s: %s, want %s", c.query, p, c.pagination)
		}
	}
}

func TestTheHistoryShowsWhyADeliveryFailed(t *testing.T) {
	s, e := serve(t, api.Config{}), newEndpoint(t)
	id, _ := s.register(e.URL)
	e.answers(503)
	s.must(202, "POST", "/v3/messages", `{"to":["+15005550104"],"text":"hi"}`)
	s.quiet()
	got := s.must(200, "GET", "/v3/webhooks/"+id+"/events?page=1&page_size=10", "")
	for path, want := range map[string]string{
		"events.#": "1", "events.0.event_type": "message.queued", "events.0.event_data.payload.message_status": "QUEUED",
		"events.0.delivery_status": "FAILED", "events.0.http_status_code": "503", "events.0.response_body": "said",
		"events.0.delivery_attempts": "4", "events.0.error_message": "all 4 attempts failed; at the last, it answered 503",
		"pagination.total_count": "1",
	} {
		if g := got.get("data." + path).String(); g != want {
			t.Errorf("%s is %q, want %q", path, g, want)
		}
	}
	for _, at := range []string{"created_at", "processing_started_at", "processing_completed_at"} {
		if !got.get("data.events.0." + at).Time().After(got.get("meta.timestamp").Time().AddDate(-1, 0, 0)) {
			t.Errorf("%s is %s", at, got.get("data.events.0."+at).Raw)
		}
	}
	for range 4 {
		s.must(201, "POST", "/_sentsim/events", `{"type":"message.read"}`)
	}
	s.quiet()
	var pages []string
	for page := 1; page <= 3; page++ {
		pages = append(pages, s.must(200, "GET", "/v3/webhooks/"+id+"/events?page_size=2&page="+strconv.Itoa(page), "").get("data.events.#.event_type").Raw)
	}
	if all := strings.Join(pages, ""); all != `["message.read","message.read"]["message.read","message.read"]["message.queued"]` {
		t.Errorf("the pages, newest first, are %s", all)
	}
	if none := s.must(200, "GET", "/v3/webhooks/"+id+"/events?page=1&page_size=10&search=delivered", ""); none.get("data.events.#").Int() != 0 {
		t.Errorf("the search finds what does not contain it: %s", none.body)
	}
}

func TestATestDeliverySaysHowItWent(t *testing.T) {
	s, e := serve(t, api.Config{}), newEndpoint(t)
	id, secret := s.register(e.URL)
	ok := s.must(200, "POST", "/v3/webhooks/"+id+"/test", `{"event_type":"message.read"}`)
	if !ok.get("data.success").Bool() {
		t.Errorf("it says that it failed: %s", ok.body)
	}
	if got := e.take(); len(got) != 1 || statuses(got) != "READ" || !genuine(t, secret, got[0]) {
		t.Errorf("the endpoint got %v", got)
	}
	e.answers(500)
	bad := s.must(200, "POST", "/v3/webhooks/"+id+"/test", `{"event_type":"templates"}`)
	if bad.get("data.success").Bool() || bad.get("data.message").String() != "the test delivery failed: it answered 500" {
		t.Errorf("it does not say why it failed: %s", bad.body)
	}
}

func TestRotation(t *testing.T) {
	s, e := serve(t, api.Config{}), newEndpoint(t)
	id, old := s.register(e.URL)
	fresh := s.must(200, "POST", "/v3/webhooks/"+id+"/rotate-secret", "").get("data.signing_secret").String()
	s.must(202, "POST", "/v3/messages", `{"to":["+15005550104"],"text":"hi"}`)
	s.quiet()
	got := e.take()
	if len(got) != 1 || !genuine(t, fresh, got[0]) || genuine(t, old, got[0]) {
		t.Errorf("after the rotation %d deliveries, signed by the new secret: %v, by the old one: %v",
			len(got), genuine(t, fresh, got[0]), genuine(t, old, got[0]))
	}
}

func genuine(t *testing.T, secret string, d delivered) bool {
	t.Helper()
	parsed, err := signing.ParseSecret(secret)
	if err != nil {
		t.Fatal(err)
	}
	return parsed.Verify(signing.HeadersFrom(d.header.Get), []byte(d.body), time.Now()) == nil
}

func TestTheEventTypes(t *testing.T) {
	s := serve(t, api.Config{})
	got := s.must(200, "GET", "/v3/webhooks/event-types", "")
	if names := got.get("data.event_types.#.name").Raw; names != `["message","templates","contact","channel","link","call"]` {
		t.Errorf("the parents are %s", names)
	}
	if got.get("data.pagination.total_count").Int() != 6 {
		t.Errorf("the pagination is %s", got.get("data.pagination").Raw)
	}
	for name, active := range map[string]bool{"contact.opt_out": true, "message.delivered": true, "message.received": true, "message.filtered": false, "templates.approved": true} {
		entry := got.get(`data.event_types.#.sub_types|@flatten|#(name=="` + name + `")`)
		if entry.Get("is_active").Bool() != active || entry.Get("description").String() == "" {
			t.Errorf("%s: %s", name, entry.Raw)
		}
	}
}

func TestASandboxChangesNothing(t *testing.T) {
	s, e := serve(t, api.Config{}), newEndpoint(t)
	id, secret := s.register(e.URL)
	path := "/v3/webhooks/" + id
	template := s.must(201, "POST", "/v3/templates", `{"definition":{"body":{"sms":{"template":"hello"}}}}`).get("data.id").String()
	before := s.must(200, "GET", path, "").get("data").Raw
	for _, c := range []struct {
		status             int
		method, path, body string
	}{
		{201, "POST", "/v3/webhooks", `"display_name":"x","endpoint_url":"` + nobody + `"`},
		{200, "PUT", path, `"display_name":"other"`},
		{200, "POST", path + "/rotate-secret", ``},
		{200, "POST", path + "/test", `"event_type":"message.sent"`},
		{200, "PATCH", path + "/toggle-status", `"is_active":false`},
		{202, "POST", "/v3/messages", `"to":["+15005550100"],"text":"hi"`},
		{201, "POST", "/v3/templates", `"definition":{"body":{"sms":{"template":"hello"}}},"submit_for_review":true`},
		{200, "PUT", "/v3/templates/" + template, `"name":"other"`},
		{204, "DELETE", "/v3/templates/" + template, ``},
	} {
		body := `{"sandbox":true` + strings.TrimSuffix(","+c.body, ",") + `}`
		if got := s.must(c.status, c.method, c.path, body); got.header.Get("X-Sandbox") != "true" {
			t.Errorf("%s %s: no X-Sandbox", c.method, c.path)
		}
		if c.body == "" {
			continue
		}
		if bad := s.call(c.method, c.path, `{"sandbox":true,"endpoint_url":7,"event_type":7,"is_active":7,"to":7,"definition":7,"name":7}`); bad.status != 400 {
			t.Errorf("%s %s: a sandbox takes nonsense: %d %s", c.method, c.path, bad.status, bad.body)
		}
	}
	if after := s.must(200, "GET", path, "").get("data").Raw; after != before {
		t.Errorf("the webhook was\n%s\nand is\n%s", before, after)
	}
	if n := s.must(200, "GET", "/v3/webhooks?page=1&page_size=1", "").get("data.pagination.total_count").Int(); n != 1 {
		t.Errorf("there are %d webhooks", n)
	}
	if got := s.must(200, "GET", "/v3/templates?page=1&page_size=9", ""); got.get("data.templates.#.name").Raw != `["hello"]` {
		t.Errorf("the templates are %s", got.body)
	}
	s.quiet()
	if got := e.take(); len(got) != 0 {
		t.Errorf("%d deliveries", len(got))
	}
	s.must(202, "POST", "/v3/messages", `{"to":["+15005550104"],"text":"hi"}`)
	s.quiet()
	if got := e.take(); len(got) != 1 || !genuine(t, secret, got[0]) {
		t.Errorf("the secret is no longer the one that was shown")
	}
}

func TestTargetsOutsideTheListAreRefused(t *testing.T) {
	e := newEndpoint(t)
	host := strings.TrimPrefix(e.URL, "http://")
	s := serve(t, api.Config{AllowTargets: []string{host, "example.com"}})
	id, _ := s.register(e.URL)
	s.register("https://EXAMPLE.com:8443/any-port")
	for _, url := range []string{"http://127.0.0.1:9/", "http://example.com.evil.test/", "http://localhost/"} {
		p := s.must(400, "POST", "/v3/webhooks", object("display_name", "x", "endpoint_url", url))
		if p.get("error.details.endpoint_url.0").String() == "" {
			t.Errorf("%s: %s", url, p.body)
		}
		s.must(http.StatusBadRequest, "PUT", "/v3/webhooks/"+id, object("endpoint_url", url))
	}
	// One that was registered when the list was another is not delivered to.
	store := newStore()
	earlier := serve(t, api.Config{Simulator: simulator.Config{Store: store}})
	earlier.register(e.URL)
	later := serve(t, api.Config{Simulator: simulator.Config{Store: store}, AllowTargets: []string{"example.com"}})
	later.must(201, "POST", "/_sentsim/events", `{"type":"message.read"}`)
	later.quiet()
	row := later.must(200, "GET", "/_sentsim/deliveries", "").get("data.deliveries.0")
	if got := e.take(); len(got) != 0 || !strings.Contains(row.Get("error_message").String(), "allows") {
		t.Errorf("%d deliveries to a target that is not allowed; the history says %s", len(got), row.Get("error_message"))
	}
	if _, err := api.New(api.Config{AllowTargets: []string{"http://example.com"}}); err == nil {
		t.Error("a URL is taken for a host")
	}
}
