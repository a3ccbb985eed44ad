package api_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/api"
	"github.com/sentsim/sentsim/simulator/seed"
)

func TestAMessageIsSentToEachRecipientOnEachChannel(t *testing.T) {
	s := serve(t, api.Config{})
	got := s.must(202, "POST", "/v3/messages", `{"to":["+14155550100","+4915112345678"],"channel":["sms","whatsapp","sms"],"text":"hi"}`)
	if v := got.get("data.status").String(); v != "QUEUED" {
		t.Errorf("status %q", v)
	}
	if v := got.get("data.recipients.#.to").Raw; v != `["+14155550100","+14155550100","+4915112345678","+4915112345678"]` {
		t.Errorf("to %s", v)
	}
	if v := got.get("data.recipients.#.channel").Raw; v != `["sms","whatsapp","sms","whatsapp"]` {
		t.Errorf("channels %s", v)
	}
	seen := map[string]bool{}
	for _, id := range got.get("data.recipients.#.message_id").Array() {
		m := s.must(200, "GET", "/v3/messages/"+id.String(), "")
		if seen[id.String()] || m.get("data.id").String() != id.String() || m.get("data.status").String() != "QUEUED" {
			t.Errorf("message %s: %s", id, m.body)
		}
		seen[id.String()] = true
	}
	auto := s.must(202, "POST", "/v3/messages", `{"to":["+14155550100"],"text":"hi"}`)
	if v := auto.get("data.recipients.0"); v.Get("channel").Raw != "null" || v.Get("body").Raw != "null" {
		t.Errorf("where Sent chooses the channel: %s", v.Raw)
	}
}

// TestMagicNumbers: each ends as the table says, on the wire, in the status and
// in the activities.
func TestMagicNumbers(t *testing.T) {
	for channel, want := range map[string]map[string]string{
		"sms": {
			"read": "DELIVERED", "delivered": "DELIVERED", "sent": "SENT", "routed": "ROUTED", "queued": "QUEUED",
			"failed_queued": "FAILED", "failed_routed": "FAILED", "failed_sent": "FAILED", "failed_receipt": "FAILED",
			"skips": "DELIVERED", "replies": "DELIVERED", "stops": "DELIVERED",
			"filtered": "FILTERED", "blocked": "BLOCKED", "scheduled": "DELIVERED", "rerouted": "DELIVERED",
		},
		"whatsapp": {"read": "READ"},
		"rcs":      {"read": "READ"},
	} {
		knobs := simulator.DefaultKnobs()
		knobs.Extended = true
		s, e := serve(t, api.Config{Simulator: simulator.Config{Knobs: knobs}}), newEndpoint(t)
		s.register(e.URL)
		for _, m := range api.MagicTable() {
			end, ok := want[m.Name]
			if !ok && channel != "sms" {
				continue
			}
			for _, body := range []string{
				`{"to":["` + m.Number + `"],"channel":["` + channel + `"],"text":"hi"}`,
				`{"to":["+14155550100"],"channel":["` + channel + `"],"template":{"name":"sentsim_` + m.Name + `"}}`,
			} {
				id := s.must(202, "POST", "/v3/messages", body).get("data.recipients.0.message_id").String()
				s.quiet()
				got := s.must(200, "GET", "/v3/messages/"+id, "")
				if v := got.get("data.status").String(); v != end || !ok {
					t.Errorf("%s on %s ends %s, want %q", m.Name, channel, v, end)
				}
				events := got.get("data.events.#.status").Array()
				wire := strings.Fields(statuses(e.take()))
				if strings.HasPrefix(m.Name, "rep") || m.Name == "stops" {
					n := len(wire) - 1
					if m.Name == "stops" { // and the signal beside it; side by side, in any order
						n--
						s.must(201, "POST", "/_sentsim/contacts", `{"signal":"opt_in","from":"+14155550100"}`)
						s.quiet()
						e.take()
					}
					if !slices.Contains(wire[n:], "message.received") || (m.Name == "stops") != slices.Contains(wire[n:], "contact.opt_out") {
						t.Errorf("%s: the last events are %s", m.Name, wire[n:])
					}
					wire = wire[:n]
				}
				var shown []string
				for _, v := range events {
					if v.String() != "PROCESSED" {
						shown = append(shown, v.String())
					}
				}
				if strings.Join(wire, " ") != strings.Join(shown, " ") {
					t.Errorf("%s: on the wire %v, in the record %v", m.Name, wire, shown)
				}
				if m.Name == "skips" && len(wire) != 2 {
					t.Errorf("nothing is skipped: %v", wire)
				}
				if strings.HasPrefix(m.Name, "failed") && !strings.Contains(got.get("data.events|@reverse|0.description").String(), " ") {
					t.Errorf("%s: no reason in %s", m.Name, got.body)
				}
			}
		}
	}
}

func TestMagicIsQuick(t *testing.T) {
	s := serve(t, api.Config{})
	begin := s.Simulator().Now()
	for range 20 {
		s.must(202, "POST", "/v3/messages", `{"to":["+15005550100"],"channel":["whatsapp"],"text":"hi"}`)
	}
	s.quiet()
	if took := s.Simulator().Now().Sub(begin); took > 10*time.Second {
		t.Errorf("twenty messages to the number that reads took %s", took)
	}
}

func TestMagicOfTheExtendedSetNeedsIt(t *testing.T) {
	s := serve(t, api.Config{})
	p := s.must(400, "POST", "/v3/messages", `{"to":["+15005550130"],"text":"hi"}`)
	if !strings.Contains(p.get("error.message").String(), "--extended") {
		t.Errorf("it does not say what to do: %s", p.body)
	}
}

func TestActivitiesAreNewestFirst(t *testing.T) {
	knobs := simulator.DefaultKnobs()
	knobs.Extended = true
	s := serve(t, api.Config{Simulator: simulator.Config{Knobs: knobs}})
	id := s.must(202, "POST", "/v3/messages", `{"to":["+15005550102"],"channel":["sms"],"text":"hi"}`).get("data.recipients.0.message_id").String()
	s.quiet()
	got := s.must(200, "GET", "/v3/messages/"+id+"/activities", "")
	list := got.get("data.activities.#.status").Raw
	if !strings.HasPrefix(list, `["SENT",`) || !strings.HasSuffix(list, `"PROCESSED","QUEUED"]`) || got.get("data.message_id").String() != id {
		t.Errorf("%s", got.body)
	}
	last := time.Time{}
	for i, a := range got.get("data.activities|@reverse").Array() {
		if at := a.Get("timestamp").Time(); at.Before(last) {
			t.Errorf("activity %d comes before the one before it", i)
		} else {
			last = at
		}
	}
}

func TestTheSameSeedSendsTheSame(t *testing.T) {
	run := func(n uint64) string {
		s, e := serve(t, api.Config{Simulator: simulator.Config{Seed: seed.Seed(n), Start: time.Unix(1_700_000_000, 0)}}), newEndpoint(t)
		s.register(e.URL)
		for range 3 {
			s.must(202, "POST", "/v3/messages", `{"to":["+14155550100","+14155550101"],"channel":["whatsapp"],"text":"hi"}`)
			s.quiet()
		}
		var all []string
		for _, d := range e.take() {
			all = append(all, d.body)
		}
		slices.Sort(all) // what happens at one instant arrives in any order
		return strings.Join(all, "\n")
	}
	if a, b := run(1), run(1); a != b {
		t.Errorf("two runs with one seed:\n%s\n\n%s", a, b)
	}
	if run(1) == run(2) {
		t.Error("another seed changes nothing")
	}
}

func TestTemplates(t *testing.T) {
	s, e := serve(t, api.Config{}), newEndpoint(t)
	s.register(e.URL)
	definition := `{"header":null,"body":{"multiChannel":{"template":"Hello {{0:variable}}! Welcome to {{1:variable}}.",
		"variables":[{"id":0,"name":"name","type":"variable"},{"id":1,"name":"company","type":"variable"}]},
		"sms":{"template":"Hi {{7:variable}}","variables":[{"id":7,"name":"name"}]}},"buttons":null}`
	made := s.must(201, "POST", "/v3/templates", `{"category":"UTILITY","language":"de_DE","definition":`+definition+`}`)
	for path, want := range map[string]string{
		"status": "DRAFT", "name": "hello_welcome_to", "category": "UTILITY", "language": "de_DE", "is_published": "false",
		"channels": `["sms","whatsapp","rcs"]`, "variables": `["name","company"]`,
	} {
		if got := made.get("data." + path).String(); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
	id := made.get("data.id").String()
	if again := s.must(201, "POST", "/v3/templates", `{"definition":`+definition+`}`); again.get("data.name").String() != "hello_welcome_to_2" {
		t.Errorf("a second one of the same text: %s", again.body)
	}
	if p := s.must(409, "POST", "/v3/templates", `{"name":"hello_welcome_to","definition":`+definition+`}`); p.get("error.code").String() != "RESOURCE_007" {
		t.Errorf("a name that is taken: %s", p.body)
	}

	s.must(201, "POST", "/_sentsim/reviews", `{"template_id":"`+id+`","outcome":"approved"}`)
	sent := s.must(202, "POST", "/v3/messages", `{"to":["+14155550100"],"channel":["sms","rcs"],
		"template":{"name":"hello_welcome_to","parameters":{"name":"Ada","company":"Sent {{0:variable}}"}}}`)
	if got := sent.get("data.recipients.#.body").Raw; got != `["Hi Ada","Hello Ada! Welcome to Sent {{0:variable}}."]` {
		t.Errorf("the texts are %s", got)
	}
	if sent.get("data.template_id").String() != id || sent.get("data.template_name").String() != "hello_welcome_to" {
		t.Errorf("the template is not named: %s", sent.body)
	}
	m := s.must(200, "GET", "/v3/messages/"+sent.get("data.recipients.1.message_id").String(), "")
	if m.get("data.template_category").String() != "UTILITY" || !strings.Contains(m.get("data.message_body.content").String(), "Ada") {
		t.Errorf("the message's record: %s", m.body)
	}
	if p := s.must(400, "POST", "/v3/messages", `{"to":["+14155550100"],"template":{"id":"`+id+`","parameters":{"name":"Ada"}}}`); !p.get(`error.details.template\.parameters\.company`).Exists() {
		t.Errorf("a parameter that is missing: %s", p.body)
	}
	if p := s.must(404, "POST", "/v3/messages", `{"to":["+14155550100"],"template":{"name":"nobody_knows_it"}}`); p.get("error.code").String() != "RESOURCE_002" {
		t.Errorf("a template that is not there: %s", p.body)
	}
	s.quiet()
	e.take()

	if got := s.must(200, "PUT", "/v3/templates/"+id, `{"name":"welcome","submit_for_review":true}`); got.get("data.status").String() != "PENDING" || got.get("data.name").String() != "welcome" {
		t.Errorf("after submitting it: %s", got.body)
	}
	s.quiet()
	if got := e.take(); len(got) < 1 || !strings.Contains(got[0].body, `"template_name":"welcome"`) || !strings.Contains(got[0].body, `"status":"PENDING"`) {
		t.Errorf("the events of its review: %v", got)
	}
	s.must(204, "DELETE", "/v3/templates/"+id, `{"delete_from_meta":true}`)
	for _, method := range []string{"GET", "PUT", "DELETE"} {
		if p := s.must(404, method, "/v3/templates/"+id, ""); p.get("error.code").String() != "RESOURCE_002" {
			t.Errorf("%s of a template that is gone: %s", method, p.body)
		}
	}
}

func TestAReviewEndsAsItsSourceAsks(t *testing.T) {
	s, e := serve(t, api.Config{}), newEndpoint(t)
	s.register(e.URL)
	for source, want := range map[string]struct{ event, status string }{
		"sentsim:approved": {"APPROVED", "APPROVED"}, "sentsim:rejected": {"REJECTED", "REJECTED"},
		"sentsim:category_updated": {"CATEGORY_UPDATED", "APPROVED"}, "sentsim:pending": {"PENDING", "PENDING"},
		"sentsim:paused": {"PAUSED", "REJECTED"}, "sentsim:disabled": {"DISABLED", "REJECTED"},
	} {
		made := s.must(201, "POST", "/v3/templates", `{"submit_for_review":true,"creation_source":"`+source+`","definition":{"body":{"sms":{"template":"hello"}}}}`)
		s.quiet()
		got := s.must(200, "GET", "/v3/templates/"+made.get("data.id").String(), "")
		if v := got.get("data.status").String(); v != want.status {
			t.Errorf("%s ends %s, want %s", source, v, want.status)
		}
		wire := e.take()
		if last := wire[len(wire)-1].body; !strings.Contains(last, `"status":"`+want.event+`"`) {
			t.Errorf("%s: the last event is %s", source, last)
		}
		list := s.must(200, "GET", "/v3/templates?page=1&page_size=10&status="+want.status, "")
		if list.get(`data.templates.#(id=="`+made.get("data.id").String()+`")`).Raw == "" {
			t.Errorf("it is not in the list of what is %s: %s", want.status, list.body)
		}
	}
	if list := s.must(200, "GET", "/v3/templates?page=1&page_size=10&category=AUTHENTICATION", ""); list.get("data.pagination.total_count").Int() != 0 {
		t.Errorf("the category filters nothing: %s", list.body)
	}
}

func TestAnyTemplateWhereItIsAllowed(t *testing.T) {
	s := serve(t, api.Config{AnyTemplate: true})
	got := s.must(202, "POST", "/v3/messages", `{"to":["+14155550100"],"template":{"id":"7ba7b820-9dad-11d1-80b4-00c04fd430c8"}}`)
	if got.get("data.template_id").String() != "7ba7b820-9dad-11d1-80b4-00c04fd430c8" {
		t.Errorf("%s", got.body)
	}
	byName := `{"to":["+14155550100"],"template":{"name":"order_update"}}`
	a, b := s.must(202, "POST", "/v3/messages", byName), s.must(202, "POST", "/v3/messages", byName)
	if id := a.get("data.template_id").String(); id == "" || id != b.get("data.template_id").String() || strings.HasPrefix(id, "00000000") {
		t.Errorf("one name has the ids %s and %s", a.get("data.template_id"), b.get("data.template_id"))
	}
}
