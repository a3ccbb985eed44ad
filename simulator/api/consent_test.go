package api_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/api"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
)

// in is a server's simulator in an edition.
func in(t *testing.T, edition string) api.Config {
	t.Helper()
	e, err := event.LookupEdition(edition)
	if err != nil {
		t.Fatal(err)
	}
	return api.Config{Simulator: simulator.Config{Knobs: simulator.DefaultKnobs().In(e)}}
}

// end sends a message, lets time pass, and returns its record and its last event.
func (s *server) end(e *endpoint, body string) (record reply, last string) {
	s.t.Helper()
	id := s.must(202, "POST", "/v3/messages", body).get("data.recipients.0.message_id").String()
	s.quiet()
	for _, d := range e.take() {
		if gjson.Get(d.body, "payload.message_id").String() == id {
			last = d.body
		}
	}
	return s.must(200, "GET", "/v3/messages/"+id, ""), last
}

// What Sent takes and does not send is never delivered: how it ends goes by edition.
func TestWhatIsNotSent(t *testing.T) {
	for edition, status := range map[string]string{"2025": "FAILED", "2026-05": "FAILED", "2026-09": "BLOCKED"} {
		t.Run(edition, func(t *testing.T) {
			s, e := serve(t, in(t, edition)), newEndpoint(t)
			s.register(e.URL)
			s.must(201, "POST", "/_sentsim/inbound", `{"from":"+14155550101","text":" stop"}`)
			s.must(201, "POST", "/_sentsim/inbound", `{"from":"+14155550102","text":"hello","channel":"whatsapp"}`)
			s.quiet()
			e.take()
			check := func(what, code string, record reply, last string) {
				t.Helper()
				if got := record.get("data.status").String(); got != status {
					t.Errorf("%s ends %s, want %s", what, got, status)
				}
				if got := gjson.Get(last, "payload.reason_code").String(); edition == "2026-09" && got != code {
					t.Errorf("%s: reason_code %q in %s", what, got, last)
				}
				if gjson.Get(last, "payload.reason").String() == "" || gjson.Get(last, "payload.message_status").String() != status {
					t.Errorf("%s: the last event is %s", what, last)
				}
			}
			p := s.must(422, "POST", "/v3/messages", `{"to":["+14155550101","+14155550101"],"text":"hi"}`)
			if p.get("error.code").String() != "BUSINESS_004" {
				t.Errorf("%s", p.body)
			}
			record, last := s.end(e, `{"to":["+14155550101","+14155550100"],"channel":["sms"],"text":"hi"}`)
			check("to one that has opted out", "ERR_CONSENT_BLOCKED", record, last)
			record, last = s.end(e, `{"to":["+14155550100"],"channel":["rcs"],"text":"hi"}`)
			check("text without a conversation", "CONVERSATION_TEMPLATE_REQUIRED", record, last)
			record, _ = s.end(e, `{"to":["+14155550102"],"channel":["whatsapp"],"text":"hi"}`)
			if got := record.get("data.status").String(); got == status && edition == "2026-09" {
				t.Errorf("text in an open conversation ends %s", got)
			}
			s.must(201, "POST", "/v3/templates", `{"name":"draft","definition":{"body":{"sms":{"template":"hi"}}}}`)
			send := `{"to":["+14155550100"],"channel":["sms"],"template":{"name":"draft"}}`
			if edition == "2026-09" {
				record, last = s.end(e, send)
				check("with a draft", "BUSINESS_005", record, last)
			} else if p := s.must(422, "POST", "/v3/messages", send); p.get("error.code").String() != "BUSINESS_005" {
				t.Errorf("%s", p.body)
			}
			s.must(201, "POST", "/_sentsim/inbound", `{"from":"+14155550101","text":"START"}`)
			s.must(202, "POST", "/v3/messages", `{"to":["+14155550101"],"text":"hi"}`)
		})
	}
}

// The API that a receiver under test meets takes everything.
func TestEverySendIsTakenWhereItMust(t *testing.T) {
	s := serve(t, api.Config{TakeEverySend: true})
	s.must(201, "POST", "/_sentsim/inbound", `{"from":"+14155550101","text":"STOP"}`)
	for _, body := range []string{
		`{"to":["+14155550101"],"text":"hi"}`, `{"to":["14155550100"],"channel":["RCS"],"text":"` + strings.Repeat("x", 5000) + `"}`,
	} {
		id := s.must(202, "POST", "/v3/messages", body).get("data.recipients.0.message_id").String()
		s.quiet()
		if got := s.must(200, "GET", "/v3/messages/"+id, "").get("data.status").String(); got == "BLOCKED" {
			t.Errorf("%.60s ends %s", body, got)
		}
	}
}

// Where Sent chooses the channel it varies, it may carry the message, and a
// recipient that promises to read gets one that tells of it.
func TestSentChoosesTheChannel(t *testing.T) {
	s := serve(t, api.Config{})
	s.must(201, "POST", "/_sentsim/reviews", `{"outcome":"approved"}`)
	s.must(201, "POST", "/v3/templates", `{"name":"both","submit_for_review":true,"definition":{"body":{"sms":{"template":"hi"},"whatsapp":{"template":"hello"}}}}`)
	s.quiet()
	seen := func(body string) map[string]int {
		channels := map[string]int{}
		for range 40 {
			id := s.must(202, "POST", "/v3/messages", body).get("data.recipients.0.message_id").String()
			channels[s.must(200, "GET", "/v3/messages/"+id, "").get("data.channel").String()]++
		}
		return channels
	}
	for _, c := range []struct{ name, body, want string }{
		{"text", `{"to":["+14155550100"],"text":"hi"}`, "sms"},
		{"a template", `{"to":["+14155550100"],"template":{"name":"both"}}`, "sms whatsapp"},
		{"any channel", `{"to":["+14155550100"],"template":{"name":"sentsim_delivered"}}`, "rcs sms whatsapp"},
		{"one that reads", `{"to":["+15005550100"],"channel":["sent"],"text":"hi"}`, "rcs whatsapp"},
		{"a template to one that reads", `{"to":["+15005550100"],"template":{"name":"both"}}`, "whatsapp"},
	} {
		got := seen(c.body)
		var names []string
		for _, ch := range []string{"rcs", "sms", "whatsapp"} {
			if got[ch] > 0 {
				names = append(names, ch)
			}
		}
		if strings.Join(names, " ") != c.want {
			t.Errorf("%s travels on %v, want %s", c.name, got, c.want)
		}
	}
	s.must(201, "POST", "/_sentsim/inbound", `{"from":"+14155550100","text":"hello","channel":"whatsapp"}`)
	if got := seen(`{"to":["+14155550100"],"text":"hi"}`); got["whatsapp"] == 0 || got["sms"] == 0 || got["rcs"] > 0 {
		t.Errorf("in a conversation text travels on %v", got)
	}
}

// Header, footer and buttons of a template are in the message's body.
func TestAMessagesBodyIsWhole(t *testing.T) {
	s := serve(t, api.Config{})
	s.must(201, "POST", "/v3/templates", `{"name":"whole","creation_source":"sentsim:approved","submit_for_review":true,"definition":{
		"header":{"type":"text","template":"For {{0:variable}}","variables":[{"id":0,"name":"who"}]},
		"body":{"multiChannel":{"template":"Hello {{0:variable}}","variables":[{"id":0,"name":"who"}]}},
		"footer":{"template":"Bye"},
		"buttons":[{"id":1,"type":"URL","props":{"text":"Track","url":"https://example.com/{{0:variable}}","variables":[{"id":0,"name":"order"}]}},
			{"id":2,"type":"QUICK_REPLY","props":{"text":"Stop"}}]}}`)
	s.quiet()
	if p := s.must(400, "POST", "/v3/messages", `{"to":["+14155550100"],"template":{"name":"whole","parameters":{"who":"Ada"}}}`); !p.get(`error.details.template\.parameters\.order`).Exists() {
		t.Errorf("a button's parameter is not missed: %s", p.body)
	}
	id := s.must(202, "POST", "/v3/messages", `{"to":["+14155550100"],"template":{"name":"whole","parameters":{"who":"Ada","order":"7"}}}`).get("data.recipients.0.message_id").String()
	got := s.must(200, "GET", "/v3/messages/"+id, "").get("data.message_body")
	want := `{"header":"For Ada","content":"Hello Ada","footer":"Bye","buttons":[` +
		`{"type":"URL","text":"Track","value":"https://example.com/7","postbackData":null},{"type":"QUICK_REPLY","text":"Stop","value":"Stop","postbackData":null}]}`
	if got.Raw != want {
		t.Errorf("the body is %s", got.Raw)
	}
}

// A review ends as asked, and once: an event that decides ends it.
func TestReviews(t *testing.T) {
	knobs := simulator.DefaultKnobs()
	knobs.Order = delivery.Strict
	s, e := serve(t, api.Config{Simulator: simulator.Config{Knobs: knobs}}), newEndpoint(t)
	s.register(e.URL)
	create := func(rest string) string {
		return s.must(201, "POST", "/v3/templates", `{"submit_for_review":true,"definition":{"body":{"sms":{"template":"hello"}}}`+rest+`}`).get("data.id").String()
	}
	status := func(id string) string {
		return s.must(200, "GET", "/v3/templates/"+id, "").get("data.status").String()
	}
	events := func(id string) (all []string) {
		for _, d := range e.take() {
			if p := gjson.Get(d.body, "payload"); p.Get("template_id").String() == id {
				all = append(all, p.Get("status").String())
			}
		}
		return all
	}
	for _, c := range []struct{ name, rest, asked, want string }{
		{"by default", ``, ``, "PENDING APPROVED"},
		{"by name", `,"name":"sentsim_review_rejected_7"`, ``, "PENDING REJECTED"},
		{"by the control interface", `,"name":"sentsim_review_paused"`, `{"outcome":"rejected"}`, "PENDING REJECTED"},
		{"for another template", `,"name":"mine"`, `{"outcome":"rejected","template":"other"}`, "PENDING APPROVED"},
	} {
		if c.asked != "" {
			s.must(201, "POST", "/_sentsim/reviews", c.asked)
		}
		id := create(c.rest)
		s.quiet()
		if got := strings.Join(events(id), " "); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	if n := len(s.must(200, "GET", "/_sentsim/reviews", "").get("data.reviews").Array()); n != 1 {
		t.Errorf("%d outcomes wait", n)
	}
	s.must(204, "DELETE", "/_sentsim/reviews", "")

	begin := s.Simulator().Now()
	id := create(`,"name":"decided","category":"UTILITY","language":"de_DE"`)
	s.must(201, "POST", "/_sentsim/events", fmt.Sprintf(`{"type":"templates.rejected","payload":{"template_id":%q,"reason":"no"}}`, id))
	s.quiet()
	if got := strings.Join(events(id), " "); got != "PENDING REJECTED" || status(id) != "REJECTED" {
		t.Errorf("an emitted decision: %s, and the template is %s", got, status(id))
	}
	if took := s.Simulator().Now().Sub(begin); took != 0 {
		t.Errorf("the review goes on for %s", took)
	}
	id = create(`,"name":"moved","category":"UTILITY","language":"de_DE"`)
	s.must(201, "POST", "/_sentsim/reviews", fmt.Sprintf(`{"template_id":%q,"outcome":"approved"}`, id))
	s.must(201, "POST", "/_sentsim/events", fmt.Sprintf(`{"type":"templates.category_updated","payload":{"template_id":%q}}`, id))
	s.quiet()
	all := e.take()
	last := gjson.Get(all[len(all)-1].body, "payload")
	for path, want := range map[string]string{
		"template_name": "moved", "language": "de_DE", "category": "MARKETING", "status": "CATEGORY_UPDATED", "account_id": s.Simulator().Account().String(),
		"reason": "Category changed from UTILITY to MARKETING",
	} {
		if got := last.Get(path).String(); got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
	if got := s.must(200, "GET", "/v3/templates/"+id, ""); got.get("data.status").String() != "APPROVED" || got.get("data.category").String() != "MARKETING" {
		t.Errorf("after it was moved: %s", got.body)
	}
	s.must(404, "POST", "/_sentsim/reviews", `{"template_id":"00000000-0000-4000-8000-000000000000","outcome":"approved"}`)
}
