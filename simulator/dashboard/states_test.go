package dashboard_test

import (
	"fmt"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/net/html"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/history"
)

func (d *desk) emit(typ event.Type) {
	d.t.Helper()
	if _, err := d.sim.Emit(event.Event{Type: typ, CreatedAt: d.sim.Now()}); err != nil {
		d.t.Fatal(err)
	}
}

// row is what the overview says of a webhook, and the tone of its state.
func (d *desk) row(id uuid.UUID) (text, tone string) {
	d.t.Helper()
	p := d.get("/")
	for n := range p.root.Descendants() {
		if n.Type == html.ElementNode && attribute(n, "id") == "h-"+id.String() {
			for c := range n.Descendants() {
				if class, ok := strings.CutPrefix(attribute(c, "class"), "tag "); ok {
					tone = class
				}
			}
			return page{root: n}.text(), tone
		}
	}
	d.t.Fatalf("no row of %s", id)
	return "", ""
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// A webhook's state says what is true, not what was.
func TestStatesAreTrue(t *testing.T) {
	t.Parallel()
	d, r := newDesk(t), newReceiver(t)
	gone := httptest.NewServer(nil)
	gone.Close()
	w := d.register("orders", gone.URL)
	point := func(to string) {
		t.Helper()
		cfg := w.Config()
		cfg.EndpointURL = to
		if _, err := d.sim.UpdateWebhook(w.ID, cfg); err != nil {
			t.Fatal(err)
		}
	}
	check := func(when, tone, want string) {
		t.Helper()
		text, got := d.row(w.ID)
		if got != tone || !strings.Contains(text, want) {
			t.Errorf("%s: %s, %q; want %s, %q", when, got, text, tone, want)
		}
		d.wants(d.get("/webhooks/"+w.ID.String()), 200, want)
	}
	check("before anything", "not_checked", "nothing delivered yet")
	d.post("/webhooks/"+w.ID.String()+"/test", url.Values{"event": {"message.read"}})
	check("after a test", "not_checked", "only test deliveries yet")
	for range 8 {
		d.emit("message.sent")
	}
	check("before the first attempt", "not_checked", "8 waiting")
	d.advance(time.Second)
	check("refused", "warned", "8 waiting, last attempt refused")
	point(r.URL)
	r.answer(503, "x")
	d.advance(time.Minute)
	check("answered", "warned", "8 waiting, last attempt answered 503")
	r.answer(200, "x")
	d.advance(time.Hour)
	check("accepted", "passed", "last attempt accepted")
	r.answer(503, "x")
	d.emit("message.sent")
	d.advance(time.Hour)
	check("one event lost", "warned", "last attempt answered 503, 1 of 10 failures in a row")
	for range 9 {
		d.emit("message.sent")
	}
	d.advance(time.Hour)
	check("disabled", "failed", "10 failures in a row, last attempt answered 503")
	d.post("/webhooks/"+w.ID.String()+"/enable", nil)
	r.answer(200, "x")
	d.emit("message.sent")
	d.advance(time.Second)
	check("enabled again", "passed", "last attempt accepted")
	d.post("/webhooks/"+w.ID.String()+"/disable", nil)
	check("disabled by hand", "not_checked", "disabled by hand")
}

// Many disabled webhooks take one line, where it concerns them, and those in
// trouble come first.
func TestManyWebhooks(t *testing.T) {
	t.Parallel()
	d, r := newDesk(t), newReceiver(t)
	for i := range 17 {
		d.register(fmt.Sprintf("fine %d", i), r.URL)
	}
	for i := range 3 {
		d.register(fmt.Sprintf("broken %d", i), "http://127.0.0.1:1/")
	}
	for range 10 {
		d.emit("message.sent")
	}
	d.drain()
	const line = "3 webhooks are disabled after failures in a row: broken 0 , broken 1 , broken 2"
	p := d.get("/")
	d.wants(p, 200, line, "Webhooks 20 3 in trouble", "10 more webhooks", "Deliveries 200", "Success rate 85 %")
	if text := p.text(); strings.Count(text, "are disabled") != 1 || strings.Index(text, "disabled broken 2") > strings.Index(text, "healthy fine 0") {
		t.Errorf("the order or the number of warnings is wrong: %s", text)
	}
	d.wants(d.get("/deliveries"), 200, line)
	for _, path := range []string{"/messages", "/templates", "/webhooks/" + d.sim.Webhooks()[0].ID.String()} {
		if strings.Contains(d.get(path).text(), "are disabled after") {
			t.Errorf("%s warns of webhooks that it is not about", path)
		}
	}
}

// Percentiles and rates are those of the deliveries.
func TestFigures(t *testing.T) {
	t.Parallel()
	store := history.NewMemory(0)
	d := newDesk(t, func(cfg *simulator.Config) { cfg.Store = store })
	w := d.register("orders", "http://127.0.0.1:1/")
	for i := range 200 {
		x := delivery.Delivery{
			ID: uuid.New(), Number: uint64(i + 1), WebhookID: w.ID, EventType: "message.sent", Status: delivery.Delivered, CreatedAt: start(), CompletedAt: start(),
			Body: []byte(`{}`), Attempts: []delivery.Attempt{{Number: 1, At: start().Add(time.Duration(i) * time.Minute), Outcome: delivery.Outcome{
				Kind: delivery.Answered, Status: 200, Duration: time.Duration(i+1) * time.Millisecond,
			}}},
		}
		if i == 7 {
			x.Status, x.Error, x.Attempts[0].Outcome.Status = delivery.Failed, "it answered 500", 500
		}
		if err := store.Save(history.Change{Deliveries: []delivery.Delivery{x}}); err != nil {
			t.Fatal(err)
		}
	}
	p := d.get("/webhooks/" + w.ID.String())
	d.wants(p, 200, "Success rate 99.5 %", "Answer, p50 100 ms", "p95 190 ms", "p99 198 ms", "10 min a bar", "199 accepted", "1 failed", "10:00, accepted: 9", "10:00, failed: 1")
	if label := chartLabel(p, "Attempts"); label != "Attempts over time, 10 min a bar: 199 accepted, 1 failed" {
		t.Errorf("a screen reader hears %q", label)
	}
}

// What a fault answered in the receiver's place says nothing of how long the
// receiver takes.
func TestInjectedAnswersAreNotTimed(t *testing.T) {
	t.Parallel()
	store := history.NewMemory(0)
	d := newDesk(t, func(cfg *simulator.Config) { cfg.Store = store })
	w := d.register("orders", "http://127.0.0.1:1/")
	answered := func(status int, took time.Duration) delivery.Attempt {
		return delivery.Attempt{At: start(), Outcome: delivery.Outcome{Kind: delivery.Answered, Status: status, Duration: took}}
	}
	if err := store.Save(history.Change{Deliveries: []delivery.Delivery{{
		ID: uuid.New(), Number: 1, WebhookID: w.ID, EventType: "message.sent", Status: delivery.Delivered, CreatedAt: start(), CompletedAt: start(),
		Attempts: []delivery.Attempt{answered(503, 0), answered(503, 0), answered(200, 40*time.Millisecond)},
	}}}); err != nil {
		t.Fatal(err)
	}
	p := d.get("/webhooks/" + w.ID.String())
	d.wants(p, 200, "Answer, p50 40 ms", "1 accepted", "2 failed")
	if label := chartLabel(p, "How many"); !strings.HasPrefix(label, "How many of 1 answers ") {
		t.Errorf("the chart says %q", label)
	}
}

func chartLabel(p page, prefix string) string {
	for n := range p.root.Descendants() {
		if label := attribute(n, "aria-label"); n.Data == "svg" && strings.HasPrefix(label, prefix) {
			return label
		}
	}
	return ""
}

// Whom a delivery is about is read from the body of any edition.
func TestSubjects(t *testing.T) {
	t.Parallel()
	store := history.NewMemory(0)
	d := newDesk(t, func(cfg *simulator.Config) { cfg.Store = store })
	w := d.register("orders", "http://127.0.0.1:1/")
	for i, c := range []struct{ body, want string }{
		{`{"field":"message","payload":{"message_status":"SENT","inbound_number":"+14155550101","outbound_number":"+14155550999"}}`, "to +14155550101"},
		{`{"field":"message","payload":{"message_id":"7a1b8f5c-3e64-4c0c-9d52-0f4a5c1f7e11","message_status":"SENT","outbound_number":"+14155550107","body":null}}`, "to +14155550107 message 7a1b8f5c"},
		{`{"field":"message","event":"message.failed","payload":{"message_status":"FAILED","outbound_number":"+14155550102","body":"hi","reason":"no route"}}`, "to +14155550102 hi"},
		{`{"field":"messages","payload":{"from":"+14155550103","to":"+14155550999","text":"STOP","received_at":"2025-10-31T10:00:00Z"}}`, "from +14155550103 STOP"},
		{`{"field":"message","payload":{"inbound_number":"+14155550104","outbound_number":"+14155550999","text":null,"received_at":"2025-10-31T10:00:00Z"}}`, "from +14155550104"},
		{`{"field":"templates","payload":{"template_name":"welcome","status":"REJECTED","reason":"too long"}}`, "welcome rejected: too long"},
		{`{"field":"contact","event":"contact.opt_out","payload":{"from":"+14155550105","to":null,"source":"INBOUND_KEYWORD","text":"STOP"}}`, "from +14155550105 STOP"},
		{`{"field":"call","event":"call.failed","payload":{"number":"+14155550106","reason":"busy"}}`, "+14155550106 busy"},
		{`{"field":"channel","payload":{"country":"DE","sender_value":null,"status":"ACTION_NEEDED"}}`, "DE action needed"},
		{`{"payload":{"message_id":17,"from":["x"]}}`, ""},
		{`not JSON`, ""},
	} {
		x := delivery.Delivery{ID: uuid.New(), Number: uint64(i + 1), WebhookID: w.ID, EventType: "message.x", Status: delivery.Delivered, Body: []byte(c.body), CreatedAt: start(), CompletedAt: start()}
		if err := store.Save(history.Change{Deliveries: []delivery.Delivery{x}}); err != nil {
			t.Fatal(err)
		}
		d.wants(d.get("/deliveries"), 200, strings.TrimSpace("message.x "+c.want)+" orders")
	}
}
