package dashboard_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/event"
)

// Deliveries are found by event, family and time, and the pages and buttons of a
// list keep to what was found.
func TestFilters(t *testing.T) {
	t.Parallel()
	d, r := newDesk(t), newReceiver(t)
	d.register("orders", r.URL)
	for _, typ := range []event.Type{"message.sent", "message.read", event.Templates} {
		d.emit(typ)
		d.advance(2 * time.Minute)
	}
	for query, want := range map[string]int{
		"": 3, "type=message.read": 1, "type=message": 2, "type=templates": 1, "type=nothing": 0,
		"since=5m": 2, "since=1h": 3, "since=nonsense": 3, "status=WAITING": 0,
		"from=2025-10-31T10:02": 2, "to=2025-10-31T10:02:00": 1, "from=2025-10-31T10:01&to=2025-10-31T10:03": 1, "from=x": 3,
		"from=2025-10-31T10:01&since=1h&type=message&status=DELIVERED&search=read": 1,
	} {
		p := d.get("/deliveries?" + query)
		if got := strings.Count(p.html, `<tr id="d-`); got != want {
			t.Errorf("%q finds %d deliveries, want %d", query, got, want)
		}
	}
	p := d.get("/deliveries?type=message&since=1h&from=2025-10-31T10:00")
	for _, want := range []string{
		`<input type="hidden" name="type" value="message">`, `<input type="hidden" name="since" value="1h">`, `<input type="hidden" name="from" value="2025-10-31T10:00">`,
		`<option value="message" selected>all of message</option>`, `<option value="1h" selected>last hour</option>`, "Resend all 2 that match",
	} {
		if !strings.Contains(p.html, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	r.answer(503, "x")
	d.emit("message.sent")
	d.advance(0)
	d.wants(d.get("/deliveries?status=WAITING"), 200, "1 in all", "503 Service Unavailable × 1")
}

// What went wrong is grouped by the reason, and one press resends a group: each
// event once, and nothing to a webhook that is disabled.
func TestResendMany(t *testing.T) {
	t.Parallel()
	d, r := newDesk(t), newReceiver(t)
	r.answer(503, "x")
	w := d.register("orders", r.URL)
	other := d.register("gone", "http://127.0.0.1:1/")
	for range 4 {
		d.emit("message.sent")
	}
	d.drain()
	d.emit("message.read")
	d.advance(0)
	d.wants(d.get("/deliveries"), 200, "connection refused × 5", "503 Service Unavailable × 5")
	link := regexp.MustCompile(`href="(/deliveries\?[^"]*search=[^"]*)"[^>]*>503`).FindStringSubmatch(d.get("/deliveries?webhook=" + w.ID.String()).html)
	if link == nil {
		t.Fatal("the group leads nowhere")
	}
	d.wants(d.get(strings.ReplaceAll(link[1], "&amp;", "&")), 200, "5 in all")

	failed := url.Values{"all": {"1"}, "status": {"FAILED"}, "back": {"/deliveries?status=FAILED"}}
	p := d.post("/deliveries/resend", failed) // that fails again, so that there are two of each event
	if p.path != "/deliveries" {
		t.Errorf("it leads to %s", p.path)
	}
	d.wants(p, 200, "8 events are resent.")
	d.drain()
	if err := d.sim.SetActive(other.ID, false); err != nil {
		t.Fatal(err)
	}
	r.answer(200, "x")
	before := r.received()
	d.wants(d.post("/deliveries/resend", failed), 200, "5 events are resent. 5 were left out: their webhook is disabled.")
	if got := r.received() - before; got != 5 {
		t.Errorf("%d deliveries arrived: each event once", got)
	}
	all, err := d.sim.Deliveries(w.ID)
	if err != nil {
		t.Fatal(err)
	}
	before = r.received()
	ids := url.Values{"id": {all[0].ID.String(), all[1].ID.String(), uuid.New().String()}, "webhook": {other.ID.String()}}
	d.wants(d.post("/deliveries/resend", ids), 200, "2 events are resent.")
	if got := r.received() - before; got != 2 {
		t.Errorf("%d of the selected ones arrived", got)
	}
	d.wants(d.post("/deliveries/resend", nil), 200, "Nothing was resent: select deliveries first.")
	d.wants(d.post("/deliveries/resend", url.Values{"id": {"x"}}), http.StatusNotFound)
}

// What waits has its own retries and is not resent with all the others.
func TestResendLeavesRetriesAlone(t *testing.T) {
	t.Parallel()
	d, r := newDesk(t), newReceiver(t)
	d.register("orders", r.URL)
	d.emit("message.sent")
	d.advance(0)
	r.answer(503, "x")
	d.emit("message.sent")
	d.advance(0)
	d.wants(d.post("/deliveries/resend", url.Values{"all": {"1"}, "type": {"message"}}), 200, "1 event is resent.")
	if got := r.received(); got != 3 {
		t.Errorf("%d deliveries arrived, want 3", got)
	}
}

// What can be downloaded is what was signed, byte for byte.
func TestExactBytes(t *testing.T) {
	t.Parallel()
	d, r := newDesk(t), newReceiver(t)
	w := d.register("orders", r.URL)
	body := "{\"odd\" : \"\u202e\u0000 \xff\"}\r\n"
	ids, err := d.sim.EmitBody(event.Event{Type: "message.sent", CreatedAt: d.sim.Now()}, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	d.drain()
	at := "/deliveries/" + ids[0].String()
	p := d.get(at + "/body")
	if p.html != body || p.header.Get("Content-Type") != "application/octet-stream" || !strings.HasPrefix(p.header.Get("Content-Disposition"), "attachment") {
		t.Errorf("the body is %q, %v", p.html, p.header)
	}
	x, err := d.sim.Delivery(ids[0])
	if err != nil {
		t.Fatal(err)
	}
	a := x.Attempts[0]
	signed := d.get(at + "/attempts/1/signed").html
	rest, found := strings.CutPrefix(signed, fmt.Sprintf("%s.%d.", w.ID, a.Timestamp))
	if !found || w.SigningSecret.Sign(w.ID.String(), a.Timestamp, []byte(rest)) != a.Signature {
		t.Errorf("the signature is not of %q", signed)
	}
	for _, path := range []string{"/attempts/0/signed", "/attempts/2/signed", "/attempts/x/signed"} {
		if p := d.get(at + path); p.status != http.StatusNotFound {
			t.Errorf("%s: status %d", path, p.status)
		}
	}
}

// A secret is shown again to a browser on this machine, and to no other.
func TestRevealOnThisMachineOnly(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	w := d.register("orders", "http://127.0.0.1:1/")
	at, secret := "/webhooks/"+w.ID.String(), w.SigningSecret.Reveal()
	p := d.post(at+"/secret", nil)
	d.wants(p, 200, secret)
	if strings.Contains(d.get(p.path+"?"+p.query).html, secret) || strings.Contains(d.get(at).html, secret) {
		t.Error("it is shown twice")
	}
	ask := func(method, host string, header http.Header) page {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, d.url+at+map[string]string{"POST": "/secret"}[method], nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header = header
		if host != "" {
			req.Host = host
		}
		return d.do(req)
	}
	if p := ask("POST", "", http.Header{"Accept": {"text/plain"}}); p.html != "<html><head></head><body>"+secret+"</body></html>" && p.html != secret {
		t.Errorf("a script gets %q", p.html)
	}
	for _, c := range []struct {
		host   string
		header http.Header
	}{
		{"sentsim.example:8700", http.Header{}},
		{"192.0.2.7", http.Header{}},
		{"localhost.example", http.Header{}},
		{"", http.Header{"X-Forwarded-For": {"192.0.2.7"}}},
		{"", http.Header{"Forwarded": {"for=192.0.2.7"}}},
	} {
		if p := ask("POST", c.host, c.header); p.status != http.StatusForbidden || strings.Contains(p.html, secret) {
			t.Errorf("%+v: status %d", c, p.status)
		}
		d.wants(ask("GET", c.host, c.header), 200, "shown on sentsim’s own machine only")
	}
	for _, host := range []string{"localhost:8700", "sent.localhost", "[::1]:8700"} {
		if p := ask("POST", host, http.Header{"Accept": {"text/plain"}}); p.status != 200 {
			t.Errorf("%s: status %d", host, p.status)
		}
	}
	if p := d.get(at + "/secret"); p.status == 200 {
		t.Errorf("a GET gets it: status %d", p.status)
	}
}

// An empty home leads to the first delivery.
func TestFirstSteps(t *testing.T) {
	t.Parallel()
	d, r := newDesk(t), newReceiver(t)
	p := d.get("/")
	d.wants(p, 200, "export SENT_BASE_URL="+d.url+" export SENT_DM_API_KEY=sentsim", "sent.messages.send(", "Send a test message")
	form := url.Values{}
	for _, m := range regexp.MustCompile(`<input type="hidden" name="(\w+)" value="([^"]*)">`).FindAllStringSubmatch(p.html[strings.Index(p.html, `class="quick"`):strings.Index(p.html, `Endpoint URL`)], -1) {
		form.Set(m[1], m[2])
	}
	form.Set("url", r.URL)
	p = d.post("/webhooks", form)
	w := d.sim.Webhooks()[0]
	d.wants(p, 200, "export SENT_DM_WEBHOOK_SECRET="+w.SigningSecret.Reveal(), "nothing delivered yet", "Send a test message")
	parents := map[string]bool{}
	for _, k := range event.Catalogue() {
		parents[k.Parent()] = true
	}
	if len(w.EventTypes) != len(parents) || len(w.EventFilters) != 0 {
		t.Errorf("it subscribes to %v, %v", w.EventTypes, w.EventFilters)
	}
	d.wants(d.get("/"), 200, "Nothing delivered yet", "Send a test message")
	p = d.post("/compose/message", url.Values{"channel": {"whatsapp"}, "to": {"+14155550100"}, "text": {"Hello from sentsim"}, "outcome": {"read"}})
	d.wants(p, 200, "To +14155550100")
	d.post("/clock", url.Values{"by": {"all"}})
	d.wants(d.get("/"), 200, "healthy", "message.read")
}

// Whatever is in the catalogue can be subscribed to, sent and found.
func TestCatalogueIsEverywhere(t *testing.T) {
	t.Parallel()
	d := newDesk(t, func(cfg *simulator.Config) { cfg.Knobs = simulator.DefaultKnobs(); cfg.Knobs.Extended = true })
	w := d.register("orders", "http://127.0.0.1:1/")
	composer, one, edit, list := d.get("/compose").html, d.get("/webhooks/"+w.ID.String()).html, d.get("/webhooks/new").html, d.get("/deliveries").html
	for _, k := range event.Catalogue() {
		for _, c := range []struct{ where, page, want string }{
			{"the composer", composer, ">" + k.Name + "</option>"},
			{"the webhook's page", one, ">" + k.Name + "</option>"},
			{"the form's events", edit, `name="filter" value="` + k.Name + `"`},
			{"the form's families", edit, `name="` + k.Parent() + `" checked`},
			{"the filter", list, ">" + string(k.Type) + "</option>"},
		} {
			if !strings.Contains(c.page, c.want) {
				t.Errorf("%s lacks %s", c.where, c.want)
			}
		}
	}
}
