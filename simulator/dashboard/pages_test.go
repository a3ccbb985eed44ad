package dashboard_test

import (
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/history"
	"github.com/sentsim/sentsim/simulator/lifecycle"
)

// From disabled to delivered again, with the pages only.
func TestWhyDisabledAndBack(t *testing.T) {
	t.Parallel()
	d, r := newDesk(t), newReceiver(t)
	r.answer(503, "out of order")
	w := d.register("orders", r.URL+"/hook")
	for range 10 {
		if _, err := d.sim.Emit(event.Event{Type: "message.sent", CreatedAt: d.sim.Now()}); err != nil {
			t.Fatal(err)
		}
	}
	d.drain()
	p := d.get("/")
	d.wants(p, 200, "orders is disabled after 10 failures in a row", "10 failures in a row, last attempt answered 503", "never")
	hook := "/webhooks/" + w.ID.String()
	d.wants(d.get(hook), 200, "Why deliveries fail", "503 Service Unavailable × 10", "Success rate 0 %", "Failures in a row 10 of 10", "Enabling it starts the count at 0")
	d.wants(d.post(hook+"/test", url.Values{"event": {"message.read"}}), 200, "Nothing was sent: orders is disabled")

	r.answer(200, "ok")
	p = d.post(hook+"/enable", url.Values{"back": {"/deliveries?status=FAILED"}})
	if p.path != "/deliveries" {
		t.Errorf("the button leads to %s and not back", p.path)
	}
	d.wants(p, 200, "orders is enabled: the next event goes to it")
	if strings.Contains(p.text(), "is disabled after") {
		t.Error("the warning is still there")
	}
	before := r.received()
	d.wants(d.post(hook+"/test", url.Values{"event": {"message.read"}}), 200, "Sent, and the receiver took it", "message.read", "test delivery")
	if r.received() != before+1 {
		t.Errorf("%d deliveries arrived", r.received()-before)
	}
	d.wants(d.post(hook+"/disable", nil), 200, "orders is disabled: it gets nothing", "disabled by hand")
}

// One delivery with two failures and a success: each attempt, the wait before it,
// what was sent and what came back.
func TestAttemptsOnATimeLine(t *testing.T) {
	t.Parallel()
	d, r := newDesk(t), newReceiver(t)
	r.answer(500, "boom <b>")
	w := d.register("orders", r.URL+"/hook")
	ids, err := d.sim.Emit(event.Event{Type: "message.sent", CreatedAt: d.sim.Now()})
	if err != nil {
		t.Fatal(err)
	}
	at := "/deliveries/" + ids[0].String()
	d.wants(d.get(at), 200, "pending", "Attempt 1 of 4 is due")
	d.post("/clock", url.Values{"by": {"1s"}})
	d.wants(d.get(at), 200, "retrying", "Attempt 1 : the receiver answered 500 Internal Server Error", "Attempt 2 of 4 is due in 59 s")
	d.wants(d.post("/clock", url.Values{"by": {"1m"}, "back": {at}}), 200, "It is 1 min later.", "waited 1 min")
	r.answer(200, "fine")
	d.wants(d.post("/clock", url.Values{"by": {"all"}, "back": {at}}), 200, "delivered", "waited 1 min", "waited 2 min", "Attempt 3 : the receiver answered 200 OK",
		"X-Webhook-ID: "+w.ID.String(), "X-Webhook-Signature: v1,", "curl -X POST "+r.URL+"/hook \\ -H", "HTTP/1.1 500 Internal Server Error", "boom <b>", "HTTP/1.1 200 OK", "fine")
	// Every attempt's curl has its own signature.
	signatures := regexp.MustCompile(`X-Webhook-Signature: v1,[A-Za-z0-9+/=]+`).FindAllString(d.get(at).text(), -1)
	if len(signatures) != 6 {
		t.Errorf("%d signatures on the page of three attempts, headers and curl", len(signatures))
	}
	before := r.received()
	d.wants(d.post(at+"/resend", nil), 200, "Resent: the same event", "delivered")
	if r.received() != before+1 || r.got[before] != r.got[0] {
		t.Error("the replay did not arrive as it was")
	}
}

func TestNewWebhookShowsItsSecretOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.wants(d.get("/"), 200, "Welcome to sentsim")
	p := d.post("/webhooks", url.Values{
		"name": {"orders"}, "url": {"http://127.0.0.1:1/"}, "message": {"on"}, "filter": {"message.read", "message.failed"}, "retries": {"5"}, "timeout": {"7"},
	})
	d.wants(p, 200, "The webhook is registered", "message: read, failed", "7 s")
	secret := regexp.MustCompile(`whsec_[A-Za-z0-9+/=]{8,}`)
	w := d.sim.Webhooks()[0]
	if got := secret.FindString(p.text()); got != w.SigningSecret.Reveal() {
		t.Errorf("the page shows the secret %q", got)
	}
	if w.RetryCount != 5 || w.TimeoutSeconds != 7 {
		t.Errorf("registered %+v", w)
	}
	if got := secret.FindString(d.get(p.path + "?" + p.query).html); got != "" || p.query == "" {
		t.Error("the secret is shown twice")
	}
	p = d.post("/webhooks/"+w.ID.String()+"/rotate", nil)
	got := secret.FindString(p.text())
	if now, _ := d.sim.Webhook(w.ID); got != now.SigningSecret.Reveal() || got == w.SigningSecret.Reveal() {
		t.Errorf("after rotation the page shows %q", got)
	}
	d.wants(p, 200, "the old one is dead")
	for _, path := range []string{"/", p.path, p.path + "/edit", "/deliveries", "/compose"} {
		if secret.MatchString(d.get(path).html) {
			t.Errorf("%s shows the secret", path)
		}
	}
	d.wants(d.post("/webhooks/"+w.ID.String()+"/delete", nil), 200, "orders is deleted")
}

// What is wrong stands beside its field, and what was typed stays.
func TestFormsSayWhatIsWrong(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	w := d.register("orders", "http://127.0.0.1:1/")
	for name, c := range map[string]struct {
		change url.Values
		want   string
	}{
		"no name":          {url.Values{"name": {" "}}, "is required"},
		"no URL":           {url.Values{"url": {"ftp://x"}}, "must begin with http:// or https://"},
		"no event":         {url.Values{"message": nil, "templates": nil}, "is empty"},
		"unknown filter":   {url.Values{"filter": {"message.opened"}}, "opened"},
		"no number":        {url.Values{"retries": {"three"}}, "must be a whole number"},
		"too many retries": {url.Values{"retries": {"6"}}, "6"},
		"target":           {url.Values{"url": {"http://forbidden/"}}, "is not a target that this server allows"},
	} {
		form := url.Values{"name": {"kept <name>"}, "url": {"http://127.0.0.1:2/"}, "message": {"on"}, "templates": {"on"}, "retries": {"3"}, "timeout": {"30"}}
		maps.Copy(form, c.change)
		for _, path := range []string{"/webhooks", "/webhooks/" + w.ID.String()} {
			p := d.post(path, form)
			d.wants(p, http.StatusUnprocessableEntity, c.want)
			if name != "no name" && !strings.Contains(p.html, `value="kept &lt;name&gt;"`) {
				t.Errorf("%s: what was typed is gone", name)
			}
		}
	}
	if all := d.sim.Webhooks(); len(all) != 1 || all[0].DisplayName != "orders" {
		t.Errorf("something was saved: %+v", all)
	}
	p := d.post("/webhooks/"+w.ID.String(), url.Values{"name": {"renamed"}, "url": {"http://127.0.0.1:2/"}, "templates": {"on"}, "retries": {"1"}, "timeout": {"5"}})
	d.wants(p, 200, "Saved.", "renamed", "http://127.0.0.1:2/")
}

// A message's timeline: what was skipped says so, what cannot be too.
func TestMessageTimeline(t *testing.T) {
	t.Parallel()
	d, r := newDesk(t), newReceiver(t)
	d.register("orders", r.URL)
	for _, c := range []struct {
		m     simulator.Message
		wants []string
	}{
		{simulator.Message{Channel: event.SMS, Outcome: lifecycle.EndsDelivered}, []string{"delivered", "never on sms"}},
		{simulator.Message{Channel: event.WhatsApp, Outcome: lifecycle.EndsRead}, []string{"read"}},
		{simulator.Message{Channel: event.SMS, Outcome: lifecycle.EndsFailedSent}, []string{"failed"}},
	} {
		id, err := d.sim.Send(c.m)
		if err != nil {
			t.Fatal(err)
		}
		d.wants(d.get("/messages/"+id.String()), 200, "queued", "not yet")
		d.drain()
		p := d.get("/messages/" + id.String())
		d.wants(p, 200, append(c.wants, "Deliveries of its events", "message.queued")...)
	}
	// Carriers leave states out: Sent goes on without them.
	skipped := false
	for range 40 {
		id, err := d.sim.Send(simulator.Message{Channel: event.SMS, Outcome: lifecycle.EndsDelivered})
		if err != nil {
			t.Fatal(err)
		}
		d.drain()
		m, err := d.sim.Message(id)
		if err != nil {
			t.Fatal(err)
		}
		said := strings.Contains(d.get("/messages/"+id.String()).text(), "skipped: never reported")
		if said != (len(m.Activities) < 4) {
			t.Errorf("%d of 4 states were reported, and the page says skipped: %v", len(m.Activities), said)
		}
		skipped = skipped || said
	}
	if !skipped {
		t.Error("no message skipped a state: the test shows nothing")
	}
	d.wants(d.get("/messages?status=READ"), 200, "1 in all")
}

func TestCompose(t *testing.T) {
	t.Parallel()
	d, r := newDesk(t), newReceiver(t)
	w := d.register("orders", r.URL)
	id := w.ID.String()
	for _, c := range []struct {
		form     url.Values
		status   int // of the receiver
		arrive   int
		want     []string
		wantPath string
	}{
		{url.Values{"event": {"templates.rejected"}}, 200, 1, []string{"Sent, and the receiver took it", "REJECTED"}, "/deliveries/"},
		{url.Values{"event": {"message.received"}}, 500, 1, []string{"the receiver did not take it", "answered 500"}, "/deliveries/"},
		{url.Values{"event": {"message.read"}, "fault": {"twice"}}, 200, 2, []string{"went out twice"}, "/deliveries/"},
		{url.Values{"event": {"message.read"}, "fault": {"body-tampered"}}, 401, 1, []string{"rejected it, as it should", "body-tampered", "SIG-2", "curl -X POST "}, "/compose"},
		{url.Values{"event": {"message.read"}, "fault": {"no-signature"}}, 200, 1, []string{"should have rejected it with a 4xx", "X-Webhook-Signature: missing or empty"}, "/compose"},
		{url.Values{"event": {"message.read"}, "fault": {"nonsense"}}, 200, 0, []string{"Nothing was sent", "unknown forgery"}, "/compose"},
		{url.Values{"event": {"message.opened"}}, 200, 0, []string{"Nothing was sent", "unknown event"}, "/compose"},
		{url.Values{"event": {"message.read"}, "webhook": {""}}, 200, 0, []string{"choose a webhook"}, "/compose"},
	} {
		r.answer(c.status, "x")
		if c.form["webhook"] == nil {
			c.form.Set("webhook", id)
		}
		before := r.received()
		p := d.post("/compose/event", c.form)
		d.wants(p, 200, c.want...)
		if n := r.received() - before; n != c.arrive {
			t.Errorf("%v: %d arrived, want %d", c.form, n, c.arrive)
		}
		if !strings.HasPrefix(p.path, c.wantPath) {
			t.Errorf("%v leads to %s", c.form, p.path)
		}
	}
	r.answer(200, "x")
	d.wants(d.post("/compose/message", url.Values{"channel": {"whatsapp"}, "to": {"+14155550123"}, "text": {"hi <there>"}, "outcome": {"read"}}), 200,
		"The message is accepted. Advance time", "To +14155550123", "hi <there>")
	d.wants(d.post("/compose/message", url.Values{"channel": {"sms"}, "outcome": {"read"}}), 200, "Not accepted", "no read receipts")
	d.wants(d.post("/compose/message", url.Values{"channel": {"sms"}, "to": {"415"}}), 200, "Not accepted", "E.164")
	d.wants(d.post("/compose/inbound", url.Values{"channel": {"sms"}, "from": {"+14155550124"}, "text": {"STOP"}}), 200, "From +14155550124", "STOP", "received")
	d.wants(d.post("/compose/template", url.Values{"name": {"welcome"}, "category": {"UTILITY"}, "outcome": {"approved"}}), 200, "under review", "welcome", "pending")
	d.drain()
	d.wants(d.get("/templates"), 200, "welcome", "approved", "utility")
}

// Ten thousand times ten deliveries: a page of them is made at once, and its
// neighbours are where they should be.
func TestManyDeliveries(t *testing.T) {
	t.Parallel()
	store := history.NewMemory(0)
	d := newDesk(t, func(cfg *simulator.Config) { cfg.Store = store })
	w := d.register("orders", "http://127.0.0.1:1/")
	const n = 100_000
	for i := range n {
		x := delivery.Delivery{
			ID: uuid.New(), Number: uint64(i + 1), WebhookID: w.ID, EventType: "message.sent", Status: delivery.Delivered,
			Body: []byte(`{"n":` + strings.Repeat("0", 300) + `}`), CreatedAt: start().Add(time.Duration(i) * time.Second), CompletedAt: start(),
			Attempts: []delivery.Attempt{{Number: 1, Outcome: delivery.Outcome{Kind: delivery.Answered, Status: 200, Duration: time.Millisecond}}},
		}
		if i == 77 {
			x.Status, x.Error, x.Body = delivery.Failed, "needle", []byte(`{}`)
		}
		if err := store.Save(history.Change{Deliveries: []delivery.Delivery{x}}); err != nil {
			t.Fatal(err)
		}
	}
	for path, want := range map[string]string{
		"/deliveries":                                  "1–50 of 100000",
		"/deliveries?page=2":                           "51–100 of 100000",
		"/deliveries?page=2000":                        "99951–100000 of 100000",
		"/deliveries?page=9999":                        "99951–100000 of 100000",
		"/deliveries?search=NEEDLE":                    "1 in all",
		"/deliveries?status=FAILED":                    "1 in all",
		"/deliveries?status=FAILED&search=x":           "No delivery matches",
		"/deliveries?webhook=" + w.ID.String():         "1–50 of 100000",
		"/":                                            "the last 1000 of 100000",
		"/webhooks/" + w.ID.String():                   "All 100000",
		"/deliveries?webhook=" + uuid.New().String():   "no page",
		"/deliveries?page=-1&status=nothing&webhook=x": "nothing with this address",
	} {
		begin := time.Now()
		p := d.get(path)
		if took := time.Since(begin); took > 5*time.Second {
			t.Errorf("%s took %s", path, took)
		} else {
			t.Logf("%s took %s", path, took)
		}
		if want != "no page" && !strings.Contains(p.text(), want) {
			t.Errorf("%s does not say %q", path, want)
		}
		if len(p.html) > 150_000 {
			t.Errorf("%s is %d bytes", path, len(p.html))
		}
	}
	p := d.get("/deliveries?page=2&search=message.sent&status=DELIVERED")
	for _, link := range []string{`href="/deliveries?search=message.sent&amp;status=DELIVERED"`, `href="/deliveries?page=3&amp;search=message.sent&amp;status=DELIVERED"`} {
		if !strings.Contains(p.html, link) {
			t.Errorf("no %s", link)
		}
	}
}
