package dashboard_test

import (
	"bufio"
	"context"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/net/html"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/event"
)

func payloads(t *testing.T) []string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "style", "testdata", "hostile.txt"))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for line := range strings.SplitSeq(string(data), "\n") {
		if line != "" && !strings.HasPrefix(line, "## ") {
			all = append(all, line)
		}
	}
	if len(all) < 40 {
		t.Fatalf("only %d payloads", len(all))
	}
	return all
}

func elements(root *html.Node) map[string]int {
	found := map[string]int{}
	for n := range root.Descendants() {
		if n.Type == html.ElementNode {
			inChart := n.Parent.Data == "svg" || n.Parent.Data == "rect" // how long answers take differs
			if !inChart {
				found["<"+n.Data+">"]++
			} else if !slices.Contains([]string{"line", "rect", "text", "title", "symbol", "path", "use", "circle"}, n.Data) {
				found["forbidden: "+n.Data+" in a picture"]++
			}
			for _, a := range n.Attr {
				if !inChart {
					found[n.Data+"["+a.Key+"]"]++
				}
				if strings.HasPrefix(a.Key, "on") || a.Key == "style" {
					found["forbidden: "+a.Key]++
				}
				if (a.Key == "href" || a.Key == "src" || a.Key == "action") && !strings.HasPrefix(a.Val, "/") && !strings.HasPrefix(a.Val, "#") {
					found["forbidden: "+a.Val]++
				}
			}
		}
		if n.Type == html.CommentNode {
			found["comment"]++
		}
	}
	return found
}

// Whatever comes from outside is text: names and texts of users, answers of
// receivers, parameters of an address.
func TestHostileText(t *testing.T) {
	t.Parallel()
	visit := func(payload string) map[string]map[string]int {
		d, r := newDesk(t), newReceiver(t)
		r.answer(500, payload)
		w := d.register("n "+payload, r.URL+"/"+url.PathEscape(payload))
		text := payload
		message, err := d.sim.Send(simulator.Message{Channel: event.SMS, Text: &text, TemplateName: payload, Outcome: "failed_sent"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.sim.SubmitTemplate(simulator.Template{Name: "n " + payload}); err != nil {
			t.Fatal(err)
		}
		ids, err := d.sim.Emit(event.Event{Type: event.Type("message.x" + payload), CreatedAt: d.sim.Now(), Inbound: &event.Inbound{MessageID: uuid.New(), Text: &text, From: payload, To: payload}})
		if err != nil || len(ids) != 1 {
			t.Fatal(ids, err)
		}
		inbound, err := d.sim.Receive(simulator.Inbound{Text: &text})
		if err != nil {
			t.Fatal(err)
		}
		d.drain()
		q := url.QueryEscape(payload)
		shapes := map[string]map[string]int{}
		for name, path := range map[string]string{
			"overview": "/", "webhook": "/webhooks/" + w.ID.String(), "edit": "/webhooks/" + w.ID.String() + "/edit",
			"deliveries": "/deliveries", "search": "/deliveries?search=" + q + "zzz&status=" + q, "delivery": "/deliveries/" + ids[0].String(),
			"messages": "/messages", "message": "/messages/" + message.String(), "inbound": "/messages/" + inbound.String(),
			"templates": "/templates", "compose": "/compose?webhook=" + q + "&event=" + q + "&fault=" + q,
			"nothing": "/" + url.PathEscape("x"+payload), "flash": "/?flash=" + q,
		} {
			p := d.get(path)
			if p.status != 200 && name != "nothing" {
				t.Errorf("%s: status %d", path, p.status)
			}
			shapes[name] = elements(p.root)
		}
		p := d.post("/webhooks/"+w.ID.String(), url.Values{"name": {payload}, "url": {payload}, "retries": {payload}, "timeout": {payload}, "filter": {"message." + payload}})
		shapes["form"] = elements(p.root)
		p = d.post("/compose/event", url.Values{"webhook": {w.ID.String()}, "event": {"message.read"}, "fault": {"body-tampered"}, "back": {payload}})
		shapes["forged"] = elements(p.root)
		p = d.post("/clock", url.Values{"by": {payload}})
		shapes["clock"] = elements(p.root)
		return shapes
	}
	want := visit("harmless")
	for name, shape := range want {
		for k := range shape {
			if strings.HasPrefix(k, "forbidden") {
				t.Errorf("%s has something %s", name, k)
			}
		}
	}
	for some := range slices.Chunk(payloads(t), 8) { // one that gets through shows in any company
		payload := strings.Join(some, " ")
		for name, got := range visit(payload) {
			if !reflect.DeepEqual(got, want[name]) {
				for k, n := range got {
					if want[name][k] != n {
						t.Errorf("%s\nchanged the page %s: %s %d instead of %d", payload, name, k, n, want[name][k])
					}
				}
			}
		}
	}
}

// A page of another origin presses no button.
func TestOtherOriginsAreRefused(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	w := d.register("orders", "http://127.0.0.1:1/")
	for _, c := range []struct{ name, site, origin string }{
		{"cross-site", "cross-site", "https://evil.example"},
		{"same-site", "same-site", "http://other.localhost"},
		{"an old browser", "", "https://evil.example"},
		{"a page without an origin", "", "null"},
	} {
		for _, path := range []string{"/webhooks/" + w.ID.String() + "/disable", "/webhooks/" + w.ID.String() + "/rotate", "/webhooks/" + w.ID.String() + "/delete", "/webhooks", "/clock", "/compose/message"} {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, d.url+path, strings.NewReader("by=1m"))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			req.Header.Set("Origin", c.origin)
			if c.site != "" {
				req.Header.Set("Sec-Fetch-Site", c.site)
			}
			if p := d.do(req); p.status != http.StatusForbidden {
				t.Errorf("%s: POST %s: status %d", c.name, path, p.status)
			}
		}
	}
	if now, _ := d.sim.Webhook(w.ID); !now.IsActive || now.SigningSecret != w.SigningSecret || !d.sim.Now().Equal(start()) {
		t.Error("something was changed")
	}
	// Nothing that changes something can be had with a GET.
	for _, path := range []string{"/webhooks/" + w.ID.String() + "/disable", "/webhooks/" + w.ID.String() + "/rotate", "/clock", "/compose/event"} {
		if p := d.get(path); p.status == 200 {
			t.Errorf("GET %s: status %d", path, p.status)
		}
	}
}

// Forms lead to pages of ours only.
func TestNoWayOut(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for _, back := range []string{"https://evil.example/", "//evil.example/", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)", "/..//evil.example", "%2f%2fevil.example", "http:evil.example", "///evil.example"} {
		p := d.post("/clock", url.Values{"by": {"1s"}, "back": {back}})
		to := p.header.Get("Location")
		base, err := url.Parse(d.url)
		if err != nil {
			t.Fatal(err)
		}
		u, err := base.Parse(strings.ReplaceAll(to, `\`, "/")) // as browsers read it
		if err != nil || u.Host != base.Host || p.status != http.StatusSeeOther {
			t.Errorf("back to %s leads to %s (status %d)", back, to, p.status)
		}
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	p := d.get("/")
	policy := p.header.Get("Content-Security-Policy")
	for _, part := range []string{"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
		if !strings.Contains(policy, part) {
			t.Errorf("the policy %q lacks %s", policy, part)
		}
	}
	if strings.Contains(policy, "unsafe") || strings.Contains(policy, "http") {
		t.Errorf("the policy %q lets too much in", policy)
	}
	for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Content-Type": "text/html; charset=utf-8"} {
		if got := p.header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	for n := range p.root.Descendants() {
		for _, a := range n.Attr {
			if strings.HasPrefix(a.Val, "/assets/") {
				asset := d.get(a.Val)
				if asset.status != 200 || !strings.Contains(asset.header.Get("Cache-Control"), "immutable") || len(asset.html) < 100 {
					t.Errorf("%s: status %d, %d bytes, %s", a.Val, asset.status, len(asset.html), asset.header.Get("Cache-Control"))
				}
			}
		}
	}
	for _, path := range []string{"/nothing", "/webhooks/" + uuid.New().String(), "/deliveries/x", "/messages/" + uuid.New().String(), "/assets/x", "/assets/..%2fpage.go"} {
		if p := d.get(path); p.status != 404 {
			t.Errorf("%s: status %d", path, p.status)
		}
	}
}

// Open pages are told of what happens, and end when the server wants to stop.
func TestLive(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.url+"/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := d.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if got := res.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Errorf("content type %q", got)
	}
	lines := bufio.NewScanner(res.Body)
	next := func() string {
		for lines.Scan() {
			if text, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				return text
			}
		}
		return ""
	}
	d.register("orders", "http://127.0.0.1:1/")
	if got := next(); got != "webhooks" {
		t.Errorf("told of %q, want webhooks", got)
	}
	if _, err := d.sim.Send(simulator.Message{}); err != nil {
		t.Fatal(err)
	}
	if got := next(); !strings.Contains(got, "messages") {
		t.Errorf("told of %q, want messages", got)
	}
	d.feed.Close()
	if got := next(); got != "" {
		t.Errorf("after the end it is told of %q", got)
	}
	if p := d.get("/live"); p.status != http.StatusNoContent {
		t.Errorf("a page that comes too late: status %d", p.status)
	}
}
