package dashboard_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/browsertest"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/webhook"
)

// busyDesk is a desk with something on it: one webhook that works, one whose
// receiver is broken until somebody repairs it.
func busyDesk(t *testing.T) (d *desk, good, bad *receiver, broken webhook.Webhook) {
	t.Helper()
	d, good, bad = newDesk(t), newReceiver(t), newReceiver(t)
	bad.answer(500, `{"error":"relation \"orders\" does not exist"}`)
	d.register("Order service", good.URL+"/hooks/sent")
	broken = d.register("CRM sync", bad.URL+"/hooks/sent")
	channels := []event.Channel{event.SMS, event.WhatsApp, event.RCS}
	for i := range 24 {
		text := fmt.Sprintf("Your order %d is on its way", 1000+i)
		if _, err := d.sim.Send(simulator.Message{Channel: channels[i%3], To: fmt.Sprintf("+1415555%04d", 100+i), Text: &text}); err != nil {
			t.Fatal(err)
		}
		d.advance(40 * time.Second)
	}
	text := "Yes, that works for me"
	if _, err := d.sim.Receive(simulator.Inbound{From: "+14155550199", Channel: event.WhatsApp, Text: &text}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.sim.SubmitTemplate(simulator.Template{Name: "order_update", Category: event.Utility, Outcome: "approved"}); err != nil {
		t.Fatal(err)
	}
	d.advance(10 * time.Minute)
	return d, good, bad, broken
}

func (d *desk) advance(by time.Duration) {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), 20*time.Second)
	defer cancel()
	if err := d.sim.Advance(ctx, by); err != nil {
		d.t.Fatal(err)
	}
}

func TestInABrowser(t *testing.T) {
	b := browsertest.Start(t)
	t.Run("why it is disabled, and going again", func(t *testing.T) { storyOfRecovery(t, b) })
	t.Run("rotate", func(t *testing.T) { storyOfRotation(t, b) })
	t.Run("compose and send", func(t *testing.T) { storyOfComposing(t, b) })
	t.Run("search", func(t *testing.T) { storyOfSearching(t, b) })
	t.Run("a message live", func(t *testing.T) { storyOfAMessage(t, b) })
	t.Run("keyboard", func(t *testing.T) { storyOfTheKeyboard(t, b) })
	t.Run("copy and resend", func(t *testing.T) { storyOfResending(t, b) })
	t.Run("every page for everybody", func(t *testing.T) { everyPage(t, b) })
	t.Run("hostile text", func(t *testing.T) { hostileTextInABrowser(t, b) })
}

// A newcomer finds out from the page why a webhook was disabled and gets it going.
func storyOfRecovery(t *testing.T, b *browsertest.Browser) {
	t.Helper()
	d, _, bad, broken := busyDesk(t)
	p := b.Open(t, d.url, browsertest.Options{})
	p.WaitText("CRM sync is disabled after 10 failures in a row.")
	p.WaitText("last attempt answered 500")
	p.Picture("dashboard-disabled")
	p.PressIn("#alarm a")
	p.WaitText("Why deliveries fail")
	p.Press("Look at the last one")
	p.Wait("the attempts", `document.querySelectorAll(".line-up .point.failed").length >= 1`)
	p.WaitText(`orders\" does not exist`) // the last attempt is unfolded
	p.Picture("dashboard-delivery")

	bad.answer(200, "ok") // they repair it
	p.PressIn("#alarm button")
	p.WaitText("CRM sync is enabled: the next event goes to it.")
	p.Goto(d.url + "/webhooks/" + broken.ID.String())
	if text := p.Text(); strings.Contains(text, "is disabled after") {
		t.Errorf("the warning is still there:\n%s", text)
	}
	p.WaitText("Live")
	browsertest.Eval[any](p, "window.sameDocument = true")
	if _, err := d.sim.Emit(event.Event{Type: "message.read", CreatedAt: d.sim.Now()}); err != nil {
		t.Fatal(err)
	}
	d.advance(0)
	p.Wait("the delivery, live", `document.querySelector("#recent tbody tr td.main").innerText === "message.read" && document.querySelector("#recent tbody tr").innerText.includes("delivered")`)
	if !browsertest.Eval[bool](p, "window.sameDocument === true") {
		t.Error("the page was loaded anew: nothing was live")
	}
	p.Picture("dashboard-recovered")
}

func storyOfRotation(t *testing.T, b *browsertest.Browser) {
	t.Helper()
	d, _, _, broken := busyDesk(t)
	p := b.Open(t, d.url+"/webhooks/"+broken.ID.String(), browsertest.Options{})
	p.Press("Rotate the signing secret")
	p.Press("Rotate")
	p.WaitText("the old one is dead")
	now, err := d.sim.Webhook(broken.ID)
	if err != nil {
		t.Fatal(err)
	}
	if now.SigningSecret == broken.SigningSecret || !strings.Contains(p.Text(), now.SigningSecret.Reveal()) {
		t.Error("the page does not show the new secret")
	}
	p.Picture("dashboard-rotated")
	browsertest.Eval[any](p, "location.reload(), 0")
	p.Wait("the page without the secret", `document.readyState === "complete" && !document.body.innerText.includes("the old one is dead")`)
	if strings.Contains(p.Text(), now.SigningSecret.Reveal()) {
		t.Error("a reload shows the secret again")
	}
}

func storyOfComposing(t *testing.T, b *browsertest.Browser) {
	t.Helper()
	d, good, _, _ := busyDesk(t)
	p := b.Open(t, d.url+"/compose", browsertest.Options{})
	p.Fill(`select[name=event]`, "message.failed")
	p.Press("Send event")
	p.WaitText("Sent, and the receiver took it.")
	p.WaitText("message.failed")

	p.Goto(d.url + "/compose")
	before := good.received()
	p.Fill(`select[name=fault]`, "body-tampered")
	p.Press("Send event")
	p.WaitText("The receiver should have rejected it with a 4xx")
	if good.received() != before+1 {
		t.Error("the forged delivery did not arrive")
	}
	p.Picture("dashboard-forged")

	p.Goto(d.url + "/compose")
	p.Fill(`form[action="/compose/message"] input[name=to]`, "+14155550142")
	p.Fill(`form[action="/compose/message"] select[name=outcome]`, "delivered")
	p.Press("Send message")
	p.WaitText("To +14155550142")
	p.Press("Until idle")
	p.Wait("the end of its timeline", `document.querySelectorAll(".way .reached").length >= 2 && [...document.querySelectorAll(".way li")].some(e => e.className === "reached" && e.innerText.startsWith("Delivered"))`)
	p.Picture("dashboard-message")
}

func storyOfSearching(t *testing.T, b *browsertest.Browser) {
	t.Helper()
	d, _, _, _ := busyDesk(t)
	p := b.Open(t, d.url+"/deliveries", browsertest.Options{})
	p.Fill(`input[name=search]`, "+14155550103")
	p.Press("Show")
	p.Wait("the result", `location.search.includes("search=") && document.querySelectorAll("tbody tr").length > 0`)
	rows := browsertest.Eval[int](p, `document.querySelectorAll("tbody tr").length`)
	if rows == 0 || rows >= 50 {
		t.Errorf("%d rows found", rows)
	}
	p.Fill(`select[name=status]`, "FAILED")
	p.Press("Show")
	p.Wait("failed ones only", `[...document.querySelectorAll("tbody td.state")].every(e => e.innerText.trim() === "failed")`)
	p.Fill(`select[name=type]`, "message.sent")
	p.Press("Show")
	p.Wait("failed ones of one type only", `[...document.querySelectorAll("tbody td.main")].every(e => e.innerText.trim() === "message.sent") && location.search.includes("type=message.sent")`)
	p.Press("Clear")
	p.Wait("all of them", `document.querySelectorAll("tbody tr").length === 50`)
	p.Press("Older")
	p.WaitText("51–100 of")
	p.Picture("dashboard-deliveries")
}

// A retry comes in while one looks, and what was unfolded stays so.
func storyOfAMessage(t *testing.T, b *browsertest.Browser) {
	t.Helper()
	d, _, bad, broken := busyDesk(t)
	if err := d.sim.SetActive(broken.ID, true); err != nil {
		t.Fatal(err)
	}
	ids, err := d.sim.Emit(event.Event{Type: "message.sent", CreatedAt: d.sim.Now()})
	if err != nil {
		t.Fatal(err)
	}
	d.advance(0)
	p := b.Open(t, d.url+"/deliveries/"+ids[len(ids)-1].String(), browsertest.Options{})
	p.WaitText("Attempt 2 of 4 is due in 1 min")
	p.WaitText("Live")
	bad.answer(200, "ok")
	d.advance(time.Minute)
	p.WaitText("waited 1 min")
	p.WaitText("Attempt 2: the receiver answered 200 OK")
	if !browsertest.Eval[bool](p, `document.querySelector("#attempt-1 details").open`) {
		t.Error("what was unfolded is folded again")
	}
	if n := browsertest.Eval[int](p, `document.querySelectorAll("#attempt-1 .copy button").length`); n != 2 {
		t.Errorf("%d buttons to copy the first attempt: its signed bytes and its command", n)
	}
}

// Rows are walked through and opened without a mouse.
func storyOfTheKeyboard(t *testing.T, b *browsertest.Browser) {
	t.Helper()
	d, _, _, _ := busyDesk(t)
	p := b.Open(t, d.url, browsertest.Options{})
	p.Keys("\t")
	p.Wait("the link that skips the navigation", `document.activeElement.className === "skip"`)
	p.Keys("\r")
	p.Wait("the content", `location.hash === "#main"`)
	p.Keys("\t\t")
	p.Wait("the button that enables", `document.activeElement.innerText.startsWith("Enable")`)
	p.Keys("\r")
	p.WaitText("is enabled: the next event goes to it.")
	p.Goto(d.url + "/deliveries")
	row := func(n int) string {
		return fmt.Sprintf(`[...document.querySelectorAll("tbody tr")].indexOf(document.activeElement.closest("tr")) === %d`, n)
	}
	for _, step := range []struct {
		keys string
		row  int
	}{{"j", 0}, {"j", 1}, {kb.ArrowDown, 2}, {kb.ArrowUp, 1}, {"k", 0}, {"k", 0}, {"jj", 2}} {
		p.Keys(step.keys)
		p.Wait(fmt.Sprintf("row %d after %q", step.row, step.keys), row(step.row))
	}
	p.Keys("x")
	p.WaitText("Resend 1 selected")
	p.Keys("/")
	p.Wait("the search", `document.activeElement.name === "search"`)
	p.Keys("jk/")
	p.Wait("text, not moves", `document.activeElement.value.endsWith("jk/")`) // the driver types the first / though the page has taken it
	p.Goto(d.url + "/deliveries")
	p.Keys("jj")
	p.Wait("the second row", row(1))
	p.Keys("\r")
	p.WaitText("Timeline")
}

// The exact bytes are copied, and what failed is sent again in one go.
func storyOfResending(t *testing.T, b *browsertest.Browser) {
	t.Helper()
	d, _, bad, broken := busyDesk(t)
	p := b.Open(t, d.url+"/webhooks/"+broken.ID.String(), browsertest.Options{})
	copied := func() { // where a page puts what it copies
		browsertest.Eval[any](p, `Object.defineProperty(navigator, "clipboard", {value: {writeText: async t => { window.copied = t }}}), 0`)
	}
	copied()
	p.PressIn("[data-copy-post] [data-added]")
	p.Wait("the secret", `window.copied === `+strconv.Quote(broken.SigningSecret.Reveal()))
	if strings.Contains(p.Text(), broken.SigningSecret.Reveal()) {
		t.Error("to copy the secret, the page shows it")
	}
	p.Press("Reveal")
	p.WaitText(broken.SigningSecret.Reveal())

	page, err := d.sim.Deliveries(broken.ID)
	if err != nil {
		t.Fatal(err)
	}
	first := page[0]
	p.Goto(d.url + "/deliveries/" + first.ID.String())
	copied()
	p.PressIn("#attempt-1 summary")
	p.PressIn("#attempt-1 [data-copy-from] button")
	p.Wait("the signed bytes", `window.copied === `+strconv.Quote(fmt.Sprintf("%s.%d.%s", broken.ID, first.Attempts[0].Timestamp, first.Body)))
	p.PressIn("code[data-copy]")
	p.Wait("the id", `window.copied === `+strconv.Quote(first.ID.String()))

	bad.answer(200, "ok")
	if err := d.sim.SetActive(broken.ID, true); err != nil {
		t.Fatal(err)
	}
	p.Goto(d.url + "/deliveries?status=FAILED")
	p.WaitText("500 Internal Server Error × ")
	p.WaitText("Live")
	p.PressIn("tbody .tick input")
	p.WaitText("Resend 1 selected")
	p.Keys("j") // away from it: what has the focus stays anyhow
	bad.answer(500, "ok")
	ids, err := d.sim.Emit(event.Event{Type: "message.read", CreatedAt: d.sim.Now()})
	if err != nil {
		t.Fatal(err)
	}
	d.advance(time.Hour)
	p.Wait("another failure, live", fmt.Sprintf(`document.getElementById("d-%s")`, ids[len(ids)-1]))
	bad.answer(200, "ok")
	p.Press("Resend 1 selected") // it is still selected
	p.WaitText("1 event is resent.")
	p.PressIn(".group-of")
	p.Wait("those of one reason", `location.search.includes("search=")`)
	before := bad.received()
	p.PressIn("button[name=all]")
	p.WaitText("events are resent.")
	if bad.received() < before+10 {
		t.Errorf("%d deliveries arrived", bad.received()-before)
	}
	p.Picture("dashboard-resent")
}

// Nothing that comes from outside runs, also where the page changes itself.
func hostileTextInABrowser(t *testing.T, b *browsertest.Browser) {
	t.Helper()
	d, r := newDesk(t), newReceiver(t)
	all := payloads(t)
	p := b.Open(t, d.url, browsertest.Options{})
	p.WaitText("Live")
	browsertest.Eval[any](p, "window.alert = () => { document.documentElement.dataset.broken = 'yes' }, 0")
	r.answer(500, strings.Join(all, "\n"))
	for _, payload := range all {
		d.register("n "+payload, r.URL)
	}
	d.advance(0)
	p.Wait("all webhooks, live", fmt.Sprintf(`document.querySelectorAll(".hookrow").length === %d`, len(all)))
	text := strings.Join(all, "\n")
	if _, err := d.sim.Receive(simulator.Inbound{Text: &text}); err != nil {
		t.Fatal(err)
	}
	d.advance(0)
	p.Wait("its deliveries, live", `document.querySelectorAll("#recent tbody tr").length === 8`)
	if browsertest.Eval[bool](p, "document.documentElement.dataset.broken === 'yes'") {
		t.Error("a payload ran")
	}
	p.PressIn("#recent tbody .main a")
	p.WaitText("Timeline")
}
