package dashboard_test

import (
	"fmt"
	"net/http/httptest"
	"os"
	"regexp"
	"testing"
	"time"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/browsertest"
	"github.com/sentsim/sentsim/simulator/event"
)

// fullDesk has twenty webhooks in every state there is.
func fullDesk(t *testing.T) *desk {
	t.Helper()
	d, good, bad := newDesk(t), newReceiver(t), newReceiver(t)
	bad.answer(503, "out of order")
	gone := httptest.NewServer(nil)
	gone.Close() // nobody listens there any more
	for i := range 14 {
		d.register(fmt.Sprintf("Tenant %d of the fulfilment platform", i+1), good.URL+"/hooks/sent")
	}
	d.register("Billing", bad.URL+"/api/v2/callbacks/sent/events")
	d.register("Ledger", bad.URL+"/ledger")
	for i := range 12 {
		text := fmt.Sprintf("Your order %d is on its way, and it arrives between 9 and 12", 1000+i)
		if _, err := d.sim.Send(simulator.Message{Channel: event.WhatsApp, To: fmt.Sprintf("+1415555%04d", 100+i), Text: &text}); err != nil {
			t.Fatal(err)
		}
		d.advance(40 * time.Second)
	}
	d.advance(20 * time.Minute)
	d.register("Search index", gone.URL+"/sent")
	d.register("Warehouse", gone.URL+"/sent")
	for i := range 2 {
		if _, err := d.sim.Send(simulator.Message{Channel: event.SMS, To: fmt.Sprintf("+1415555%04d", 200+i)}); err != nil {
			t.Fatal(err)
		}
	}
	d.advance(5 * time.Second)
	d.register("Preview deployment", good.URL+"/preview")
	off := d.register("Archive", good.URL+"/archive")
	if err := d.sim.SetActive(off.ID, false); err != nil {
		t.Fatal(err)
	}
	return d
}

// screen is a page to look at.
type screen struct{ name, url string }

func screens(t *testing.T) []screen {
	t.Helper()
	busy, _, _, broken := busyDesk(t)
	first := func(prefix, html string) string {
		path := regexp.MustCompile(prefix + `[0-9a-f-]{36}`).FindString(html)
		if path == "" {
			t.Fatalf("no %s on the page", prefix)
		}
		return path
	}
	all := []screen{{"empty", newDesk(t).url}}
	add := func(d *desk, name, path string) { all = append(all, screen{name, d.url + path}) }
	add(busy, "overview", "/")
	add(busy, "webhook", "/webhooks/"+broken.ID.String())
	add(busy, "edit", "/webhooks/"+broken.ID.String()+"/edit")
	add(busy, "deliveries", "/deliveries")
	add(busy, "delivery", first("/deliveries/", busy.get("/deliveries?status=FAILED").html))
	add(busy, "nothing-found", "/deliveries?search=zzz")
	add(busy, "messages", "/messages")
	add(busy, "message", first("/messages/", busy.get("/messages?status=FAILED").html))
	add(busy, "templates", "/templates")
	add(busy, "compose", "/compose")
	add(busy, "problem", "/nowhere")

	full := fullDesk(t)
	add(full, "full", "/")
	add(full, "full-deliveries", "/deliveries?status=FAILED")
	for _, w := range full.sim.Webhooks() {
		switch w.DisplayName {
		case "Warehouse":
			add(full, "retrying", "/webhooks/"+w.ID.String())
			add(full, "retrying-delivery", first("/deliveries/", full.get("/deliveries?status=RETRYING&webhook="+w.ID.String()).html))
		case "Preview deployment":
			add(full, "new", "/webhooks/"+w.ID.String())
		}
	}
	return all
}

// Every page, empty, full, disabled and retrying, in light and dark, in a wide
// window and on a phone: no barrier, no complaint, nothing that sticks out, no text
// too small to read, and the content in the first window.
func everyPage(t *testing.T, b *browsertest.Browser) {
	t.Helper()
	pages := screens(t)
	looks := map[string]browsertest.Options{"light": {}, "dark-phone": {Width: 390, Height: 844, Dark: true}}
	if os.Getenv(browsertest.EnvPictures) != "" { // somebody wants to look
		looks["dark"], looks["phone"] = browsertest.Options{Dark: true}, browsertest.Options{Width: 390, Height: 844}
	}
	for look, o := range looks {
		p := b.Open(t, "about:blank", o)
		for _, s := range pages {
			p.Allow(s.url)
		}
		p.Expect("404 (Not Found)") // of the page that is nowhere
		for _, s := range pages {
			t.Run(s.name+" "+look, func(t *testing.T) {
				p.During(t, func() {
					p.Goto(s.url)
					p.FitsWidth()
					readable(t, p)
					p.Picture("page-" + s.name + "-" + look)
					if look == "light" || look == "dark-phone" {
						p.Accessible()
					}
				})
			})
		}
	}
}

// readable fails the test when a text is smaller than 11 pixels, is cut off by the
// window, or two labels of a chart touch.
func readable(t *testing.T, p *browsertest.Page) {
	t.Helper()
	trouble := browsertest.Eval[[]string](p, `(() => {
		const trouble = [];
		const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
		for (let n = walker.nextNode(); n; n = walker.nextNode()) {
			const e = n.parentElement;
			if (n.textContent.trim() === "" || ["SCRIPT", "STYLE", "title"].includes(e.tagName) || !e.checkVisibility() || e.closest(".hidden, .skip, thead")) continue;
			const size = parseFloat(getComputedStyle(e).fontSize);
			if (size < 11) trouble.push(size + " px: " + n.textContent.trim());
			const box = e.getBoundingClientRect();
			if (box.right > innerWidth + 1 && !e.closest("pre, option")) trouble.push("cut off: " + n.textContent.trim());
		}
		for (const chart of document.querySelectorAll("svg.chart")) {
			const boxes = [...chart.querySelectorAll("text")].map(e => ({text: e.textContent, r: e.getBoundingClientRect()}));
			const card = chart.parentElement.getBoundingClientRect();
			for (const [i, a] of boxes.entries()) {
				if (a.r.left < card.left || a.r.right > card.right) trouble.push("a label leaves its chart: " + a.text);
				for (const b of boxes.slice(i + 1)) {
					if (a.r.left < b.r.right && b.r.left < a.r.right && a.r.top + 3 < b.r.bottom - 3 && b.r.top + 3 < a.r.bottom - 3) trouble.push("labels touch: " + a.text + ", " + b.text);
				}
			}
		}
		return trouble;
	})()`)
	for _, text := range trouble {
		t.Error(text)
	}
}
