package api_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/api"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/metrics"
	"github.com/sentsim/sentsim/simulator/seed"
)

func TestTheClockMovesWhenItIsTold(t *testing.T) {
	s, e := serve(t, api.Config{}), newEndpoint(t)
	id, _ := s.register(e.URL)
	e.answers(500)
	begin := s.must(200, "GET", "/_sentsim/clock", "").get("data.now").Time()
	s.must(202, "POST", "/v3/messages", `{"to":["+15005550104"],"text":"hi"}`)
	s.must(200, "POST", "/_sentsim/clock/advance", `{"by":"0s"}`)
	if n := len(e.take()); n != 1 {
		t.Errorf("%d attempts at once", n)
	}
	s.must(200, "POST", "/_sentsim/clock/advance", `{"by":"59.999s"}`)
	if n := len(e.take()); n != 0 {
		t.Errorf("%d attempts before the first retry is due", n)
	}
	e.answers(200)
	now := s.must(200, "POST", "/_sentsim/clock/advance", `{"by":"1ms"}`).get("data.now").Time()
	if n := len(e.take()); n != 1 || now.Sub(begin) != time.Minute {
		t.Errorf("%d attempts after %s", n, now.Sub(begin))
	}
	rows := s.must(200, "GET", "/_sentsim/deliveries?webhook_id="+id, "")
	for path, want := range map[string]string{
		"#": "1", "0.delivery_status": "DELIVERED", "0.attempts.#": "2", "0.attempts.0.http_status_code": "500", "0.attempts.0.outcome": "answered",
		"0.attempts.1.http_status_code": "200", "0.attempts.1.response_body": "said", "0.webhook_id": id,
	} {
		if got := rows.get("data.deliveries." + path).String(); got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
	one := s.must(200, "GET", "/_sentsim/deliveries/"+rows.get("data.deliveries.0.id").String(), "")
	if one.get("data").Raw != rows.get("data.deliveries.0").Raw {
		t.Errorf("one delivery\n%s\nis not that of the list\n%s", one.get("data"), rows.get("data.deliveries.0"))
	}
}

// TestWhatIsDueHappensAtOnce: nobody needs to move the clock for it.
func TestWhatIsDueHappensAtOnce(t *testing.T) {
	came := make(chan string, 10)
	e := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { came <- r.Header.Get("X-Webhook-Event-Type") }))
	defer e.Close()
	s := serve(t, api.Config{})
	s.register(e.URL)
	for _, c := range []struct{ path, body, want string }{
		{"/v3/messages", `{"to":["+15005550101"],"text":"hi"}`, "message.queued"},
		{"/v3/templates", `{"submit_for_review":true,"definition":{"body":{"sms":{"template":"x"}}}}`, "templates"},
		{"/_sentsim/inbound", `{"from":"+14155550100","text":"hi"}`, "message.received"},
		{"/_sentsim/events", `{"type":"message.read"}`, "message.read"},
	} {
		if r := s.call("POST", c.path, c.body); r.status >= 300 {
			t.Fatalf("%s: %s", c.path, r.body)
		}
		select {
		case got := <-came:
			if got != c.want {
				t.Errorf("%s: %s came, want %s", c.path, got, c.want)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("%s: nothing came", c.path)
		}
	}
}

func TestAClockThatMovesByItselfIsNotMoved(t *testing.T) {
	s, e := serve(t, api.Config{Simulator: simulator.Config{Clock: clock.NewScaled(time.Now(), 1000)}}), newEndpoint(t)
	s.register(e.URL)
	if p := s.must(409, "POST", "/_sentsim/clock/advance", `{"by":"1s"}`); p.get("error.code").String() != "CLOCK_MOVES" {
		t.Errorf("%s", p.body)
	}
	s.must(202, "POST", "/v3/messages", `{"to":["+15005550101"],"channel":["sms"],"text":"hi"}`)
	s.must(200, "POST", "/_sentsim/wait", ``)
	if got := e.take(); len(got) < 2 {
		t.Errorf("%s came until it was quiet", statuses(got))
	}
}

func TestWaitingHasAnEnd(t *testing.T) {
	s := serve(t, api.Config{Simulator: simulator.Config{Clock: clock.Real{}}})
	s.must(202, "POST", "/v3/messages", `{"to":["+15005550113"],"text":"hi"}`) // fails a day later
	if p := s.must(504, "POST", "/_sentsim/wait", `{"timeout":"50ms"}`); p.get("error.code").String() != "TIMEOUT" {
		t.Errorf("%s", p.body)
	}
}

func TestAnyEventHappens(t *testing.T) {
	s, e := serve(t, api.Config{}), newEndpoint(t)
	_, secret := s.register(e.URL)
	sent := s.must(202, "POST", "/v3/messages", `{"to":["+15005550104"],"channel":["rcs"],"text":"hi"}`).get("data.recipients.0.message_id").String()
	s.quiet()
	e.take()
	for _, c := range []struct {
		name, body string
		want       map[string]string
	}{
		{"about a message that was sent", `{"type":"message.delivered","payload":{"message_id":"` + sent + `"}}`, map[string]string{
			"event": "message.delivered", "payload.message_id": sent, "payload.message_status": "DELIVERED", "payload.channel": "rcs", "payload.outbound_number": "+15005550104",
		}},
		{"with fields of one's own", `{"type":"message.failed","timestamp":"2025-10-31T10:10:42Z","payload":{"reason":"no route","extra":{"a":[1]},"updated_at":null,"a.b":1}}`, map[string]string{
			"timestamp": "2025-10-31T10:10:42Z", "payload.reason": "no route", "payload.extra": `{"a":[1]}`, "payload.updated_at": "", `payload.a\.b`: "1",
		}},
		{"inbound without text", `{"type":"message.received","payload":{"from":"+14155550199","text":null}}`, map[string]string{
			"payload.inbound_number": "+14155550199", "payload.text": "", "event": "message.received",
		}},
		{"a template's", `{"type":"templates","payload":{"status":"FLAGGED","reason":"who knows"}}`, map[string]string{
			"field": "templates", "payload.status": "FLAGGED", "payload.reason": "who knows", "payload.template_name": "order_update",
		}},
		{"a body of one's own", `{"type":"message.read","body":"not { json"}`, map[string]string{}},
	} {
		r := s.must(201, "POST", "/_sentsim/events", c.body)
		s.quiet()
		got := e.take()
		if len(got) != 1 || r.get("data.deliveries.#").Int() != 1 || !genuine(t, secret, got[0]) {
			t.Errorf("%s: %d deliveries, %s", c.name, len(got), r.body)
			continue
		}
		for path, want := range c.want {
			if v := gjson.Get(got[0].body, path).String(); v != want {
				t.Errorf("%s: %s is %q, want %q\n%s", c.name, path, v, want, got[0].body)
			}
		}
		if len(c.want) == 0 && got[0].body != "not { json" {
			t.Errorf("%s: the body is %q", c.name, got[0].body)
		}
	}
	if m := s.must(200, "GET", "/v3/messages/"+sent, ""); m.get("data.status").String() != "DELIVERED" {
		t.Errorf("the message does not know of its event: %s", m.body)
	}
	list := s.must(200, "GET", "/_sentsim/messages?search=%2B15005550104", "")
	if list.get("data.messages.#.id").Raw != `["`+sent+`"]` {
		t.Errorf("the messages to that number: %s", list.body)
	}
}

func TestFaults(t *testing.T) {
	s, e := serve(t, api.Config{}), newEndpoint(t)
	id, secret := s.register(e.URL)
	for _, c := range []struct {
		fault   string
		first   string // outcome of the first attempt
		status  string
		reached int // requests that the receiver sees, the retry included
		genuine int // of them
	}{
		{`"fault":"refuse"`, "refused", "", 1, 1},
		{`"fault":"timeout"`, "timeout", "", 1, 1},
		{`"fault":"answer"`, "answered", "503", 1, 1},
		{`"fault":"answer","status":418`, "answered", "418", 1, 1},
		{`"fault":"lost_ack"`, "timeout", "", 2, 2},
		{`"fault":"hang_up"`, "reset", "", 2, 2},
		{`"fault":"reset"`, "reset", "", 2, 1},
		{`"fault":"slow_sender"`, "answered", "200", 1, 1},
		{`"fault":"duplicate"`, "answered", "200", 2, 2},
		{`"fault":"duplicate_at_once","copies":5`, "answered", "200", 5, 5},
		{`"fault":"forgery","forgery":"tampered"`, "answered", "200", 1, 0},
		{`"fault":"forgery","forgery":"wrong-secret"`, "answered", "200", 1, 0},
		{`"fault":"refuse","event_type":"message.queued","webhook_id":"` + id + `"`, "refused", "", 1, 1},
	} {
		s, e, secret := s, e, secret
		gone := c.fault == `"fault":"hang_up"` || c.fault == `"fault":"reset"`
		if gone { // what the receiver reads late must not be taken for the next one's
			s, e = serve(t, api.Config{}), newEndpoint(t)
			_, secret = s.register(e.URL)
		}
		s.must(201, "POST", "/_sentsim/faults", `{`+c.fault+`}`)
		s.must(202, "POST", "/v3/messages", `{"to":["+15005550104"],"text":"hi"}`)
		s.quiet()
		got := e.take()
		if gone && len(got) == 1 {
			c.reached, c.genuine = 1, 1 // it may be gone before the receiver has read it
		}
		signed := 0
		for _, d := range got {
			if genuine(t, secret, d) {
				signed++
			}
		}
		if len(got) != c.reached || signed != c.genuine {
			t.Errorf("%s: %d requests, %d of them genuine; want %d and %d", c.fault, len(got), signed, c.reached, c.genuine)
		}
		row := s.must(200, "GET", "/_sentsim/deliveries?limit=1", "").get("data.deliveries.0.attempts.0")
		if row.Get("outcome").String() != c.first || row.Get("http_status_code").String() != c.status {
			t.Errorf("%s: the first attempt is %s", c.fault, row.Raw)
		}
		if left := s.must(200, "GET", "/_sentsim/faults", "").get("data.faults.#").Int(); left != 0 {
			t.Errorf("%s: it is still there", c.fault)
		}
	}
}

func TestAFaultWaitsForWhatItFits(t *testing.T) {
	s, e := serve(t, api.Config{}), newEndpoint(t)
	s.register(e.URL)
	s.must(201, "POST", "/_sentsim/faults", `{"fault":"refuse","event_type":"message.sent","times":2}`)
	s.must(201, "POST", "/_sentsim/faults", `{"fault":"answer","webhook_id":"`+someID+`","times":0}`)
	s.must(202, "POST", "/v3/messages", `{"to":["+15005550104"],"text":"hi"}`)
	s.quiet()
	if got := statuses(e.take()); got != "QUEUED" {
		t.Errorf("%s came", got)
	}
	if left := s.must(200, "GET", "/_sentsim/faults", "").get("data.faults.#.times").Raw; left != "[2,0]" {
		t.Errorf("the faults are for %s attempts", left)
	}
	s.must(204, "DELETE", "/_sentsim/faults", "")
	if left := s.must(200, "GET", "/_sentsim/faults", "").get("data.faults").Raw; left != "[]" {
		t.Errorf("after clearing them there are %s", left)
	}
}

// What a fault did in the receiver's place says nothing of how long it takes.
func TestInjectedAnswersAreNotTimed(t *testing.T) {
	s, e := serve(t, api.Config{Metrics: metrics.New()}), newEndpoint(t)
	s.register(e.URL)
	for _, fault := range []string{"answer", "refuse", "lost_ack"} {
		s.must(201, "POST", "/_sentsim/faults", `{"fault":"`+fault+`"}`)
		s.must(202, "POST", "/v3/messages", `{"to":["+15005550104"],"text":"hi"}`)
		s.quiet()
	}
	got := s.call("GET", "/metrics", "").body
	for _, want := range []string{
		`sentsim_delivery_attempts_total{outcome="2xx"} 3`, `sentsim_delivery_attempts_total{outcome="5xx"} 1`,
		`sentsim_delivery_attempts_total{outcome="refused"} 1`, `sentsim_delivery_attempts_total{outcome="timeout"} 1`,
		"sentsim_delivery_attempt_duration_seconds_count 3",
	} {
		if !strings.Contains(got, want+"\n") {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
}

func TestAReplayBringsTheSameBody(t *testing.T) {
	s, e := serve(t, api.Config{}), newEndpoint(t)
	s.register(e.URL)
	s.must(202, "POST", "/v3/messages", `{"to":["+15005550104"],"text":"hi"}`)
	s.quiet()
	id := s.must(200, "GET", "/_sentsim/deliveries", "").get("data.deliveries.0.id").String()
	s.must(201, "POST", "/_sentsim/deliveries/"+id+"/replay", "")
	s.quiet()
	if got := e.take(); len(got) != 2 || got[0].body != got[1].body {
		t.Errorf("%v", got)
	}
	s.must(404, "POST", "/_sentsim/deliveries/"+someID+"/replay", "")
}

func TestAResetBeginsAnew(t *testing.T) {
	s, e := serve(t, api.Config{}), newEndpoint(t)
	story := func() string {
		made, _ := s.register(e.URL)
		sent := s.must(202, "POST", "/v3/messages", `{"to":["+15005550101"],"text":"hi"}`, "Idempotency-Key", "k")
		if sent.header.Get("Idempotent-Replayed") != "" {
			t.Error("after a reset, an answer from before it is replayed")
		}
		return made + " " + sent.get("data.recipients.0.message_id").String()
	}
	first := story()
	s.must(201, "POST", "/_sentsim/faults", `{"fault":"refuse","times":0}`)
	s.must(200, "POST", "/_sentsim/reset", "")
	for path, count := range map[string]string{
		"/v3/webhooks?page=1&page_size=1": "data.pagination.total_count", "/v3/templates?page=1&page_size=1": "data.pagination.total_count",
		"/_sentsim/messages": "data.total_count", "/_sentsim/deliveries": "data.deliveries.#", "/_sentsim/faults": "data.faults.#",
	} {
		if r := s.must(200, "GET", path, ""); r.get(count).String() != "0" {
			t.Errorf("after a reset: %s", r.body)
		}
	}
	if again := story(); again != first {
		t.Errorf("the same seed makes %s and after a reset %s", first, again)
	}
	if s.must(200, "POST", "/_sentsim/reset", `{"seed":7}`).get("data.seed").String() != "7" || story() == first {
		t.Error("another seed changes nothing")
	}
	for _, seed := range []string{`-1`, `"x"`, `1.5`, `{}`} {
		s.must(400, "POST", "/_sentsim/reset", `{"seed":`+seed+`}`)
	}
	drawn, told := seed.Seed(100), []seed.Seed{}
	fresh := serve(t, api.Config{
		NextSeed: func() seed.Seed { drawn++; return drawn }, Reset: func(next seed.Seed) { told = append(told, next) },
	})
	for _, want := range []string{"101", "102"} {
		if got := fresh.must(200, "POST", "/_sentsim/reset", "").get("data.seed").String(); got != want {
			t.Errorf("the seed after a reset is %s, want %s", got, want)
		}
	}
	if len(told) != 2 || told[1] != 102 {
		t.Errorf("told of %v", told)
	}
	fixed := serve(t, api.Config{Simulator: simulator.Config{Store: newStore()}})
	fixed.must(409, "POST", "/_sentsim/reset", "")
}

// GET /_sentsim lists every call of the control interface with its fields, which
// are those that it takes.
func TestTheControlInterfaceListsItself(t *testing.T) {
	s := serve(t, api.Config{})
	calls := s.must(200, "GET", "/_sentsim", "").get("data.calls").Array()
	if len(calls) < 20 {
		t.Fatalf("%d calls", len(calls))
	}
	for _, c := range calls {
		method, path := c.Get("method").String(), c.Get("path").String()
		if c.Get("doc").String() == "" {
			t.Errorf("%s %s says nothing of itself", method, path)
		}
		for _, f := range c.Get("fields").Array() {
			if f.Get("doc").String() == "" {
				t.Errorf("%s %s: %s says nothing of itself", method, path, f.Get("name"))
			}
		}
		if method != "POST" || strings.Contains(path, "{id}") {
			continue
		}
		if got := s.must(400, method, path, `{"no_such_field":1}`); !got.get("error.details.no_such_field").Exists() {
			t.Errorf("%s takes a field that it does not list: %s", path, got.body)
		}
	}
}

func TestTheControlInterfaceIsStrict(t *testing.T) {
	s := serve(t, api.Config{})
	for _, c := range []struct {
		status             int
		method, path, body string
		code               string
	}{
		{400, "POST", "/_sentsim/clock/advance", `{}`, "VALIDATION_004"},
		{400, "POST", "/_sentsim/clock/advance", `{"by":"-1s"}`, "VALIDATION_005"},
		{400, "POST", "/_sentsim/clock/advance", `{"by":7}`, "VALIDATION_001"},
		{400, "POST", "/_sentsim/clock/advance", `{"by":"soon"}`, "VALIDATION_001"},
		{400, "POST", "/_sentsim/clock/advance", `{"bye":"1s","by":"1s"}`, "VALIDATION_001"},
		{400, "POST", "/_sentsim/wait", `{"timeout":"1h"}`, "VALIDATION_005"},
		{400, "POST", "/_sentsim/events", `{}`, "VALIDATION_004"},
		{400, "POST", "/_sentsim/events", `{"type":"message.eaten"}`, "VALIDATION_006"},
		{400, "POST", "/_sentsim/events", `{"type":"message.read","payload":7}`, "VALIDATION_001"},
		{400, "POST", "/_sentsim/events", `{"type":"message.read","payload":{"message_id":"x"}}`, "VALIDATION_003"},
		{400, "POST", "/_sentsim/events", `{"type":"message.read","timestamp":"now"}`, "VALIDATION_001"},
		{400, "POST", "/_sentsim/inbound", `{"from":"x"}`, "VALIDATION_002"},
		{400, "POST", "/_sentsim/inbound", `{"channel":"fax"}`, "VALIDATION_006"},
		{400, "POST", "/_sentsim/faults", `{}`, "VALIDATION_004"},
		{400, "POST", "/_sentsim/faults", `{"fault":"gremlins"}`, "VALIDATION_006"},
		{400, "POST", "/_sentsim/faults", `{"fault":"refuse","times":-1}`, "VALIDATION_005"},
		{400, "POST", "/_sentsim/faults", `{"fault":"refuse","webhook_id":"x"}`, "VALIDATION_003"},
		{400, "POST", "/_sentsim/faults", `{"fault":"forgery"}`, "VALIDATION_004"},
		{400, "POST", "/_sentsim/faults", `{"fault":"forgery","forgery":"nice"}`, "VALIDATION_006"},
		{400, "POST", "/_sentsim/faults", `{"fault":"answer","status":99}`, "VALIDATION_005"},
		{400, "POST", "/_sentsim/reset", `{"really":true}`, "VALIDATION_001"},
		{400, "GET", "/_sentsim/deliveries?status=LOST", ``, "VALIDATION_006"},
		{400, "GET", "/_sentsim/deliveries?webhook_id=7", ``, "VALIDATION_003"},
		{400, "GET", "/_sentsim/deliveries?limit=0", ``, "VALIDATION_005"},
		{400, "GET", "/_sentsim/deliveries/7", ``, "VALIDATION_003"},
		{404, "GET", "/_sentsim/deliveries/" + someID, ``, "NOT_FOUND"},
		{404, "GET", "/_sentsim/nothing", ``, "NOT_FOUND"},
		{405, "GET", "/_sentsim/reset", ``, "METHOD_NOT_ALLOWED"},
	} {
		if r := s.must(c.status, c.method, c.path, c.body); r.get("error.code").String() != c.code {
			t.Errorf("%s %s %s: %s", c.method, c.path, c.body, r.body)
		}
	}
	if r := s.must(401, "POST", "/_sentsim/reset", "", "x-api-key", "-"); r.get("error.code").String() != "AUTH_001" {
		t.Errorf("without a key: %s", r.body)
	}
	numbers := s.must(200, "GET", "/_sentsim/magic", "").get("data.magic.#.number").Raw
	if !strings.Contains(numbers, `"+15005550100"`) {
		t.Errorf("the magic numbers are %s", numbers)
	}
}

// TestAnEndlessErrorPageIsNotKeptWhole: the history is bounded in bytes too.
func TestAnEndlessErrorPageIsNotKeptWhole(t *testing.T) {
	e := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("X-Trace", strings.Repeat("t", 5000))
		_, _ = w.Write([]byte(strings.Repeat("x", 60_000)))
	}))
	defer e.Close()
	s := serve(t, api.Config{})
	s.register(e.URL)
	s.must(201, "POST", "/_sentsim/events", `{"type":"message.read"}`)
	s.quiet()
	row := s.must(200, "GET", "/_sentsim/deliveries", "").get("data.deliveries.0.attempts.0")
	if n := len(row.Get("response_body").String()); n != 4096 {
		t.Errorf("%d bytes of the body are kept", n)
	}
	if h := row.Get("response_headers").Raw; h != `{"Content-Type":["text/html"]}` {
		t.Errorf("of the headers, %.100s is kept", h)
	}
}
