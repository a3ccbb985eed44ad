// Package browsertest drives a real browser in tests: it opens pages, presses and
// fills in what is on them, waits for what they show, and takes pictures. It
// insists that a page complains about nothing, loads nothing from elsewhere, and
// can be used by everybody. Tests only.
package browsertest

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/sentsim/sentsim/simulator/clock"
)

// Axe is what looks for barriers: axe-core, with its licence beside it.
//
//go:embed axe-core/axe.min.js
var axe string

const (
	// EnvRequired is the variable that makes a missing browser a failure: set in CI.
	EnvRequired = "SENTSIM_BROWSER_REQUIRED"
	// EnvPictures is the variable with the folder for screenshots.
	EnvPictures = "SENTSIM_SCREENSHOTS"

	patience = 30 * time.Second // for what a page is to show
	startup  = 60 * time.Second // for a browser on a busy machine
)

// Browser is a browser that was started for a test, which ends it.
type Browser struct {
	t   *testing.T
	ctx context.Context //nolint:containedctx // the browser lives in it
	dir string          // of the screenshots; "": nobody wants to see them
}

// Start starts a browser. Where none is installed it skips the test, or fails it
// if EnvRequired is set.
func Start(t *testing.T) *Browser {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		if os.Getenv(EnvRequired) != "" {
			t.Fatal("no Chromium or Chrome is installed, and " + EnvRequired + " is set")
		}
		t.Skip("no Chromium or Chrome is installed: what a page does in a browser is not tested")
	}
	dir := os.Getenv(EnvPictures)
	if dir != "" {
		if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // pictures for everybody
			t.Fatal(err)
		}
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, // root in a container has no sandbox
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-dev-shm-usage", true),
		chromedp.Flag("force-color-profile", "srgb"), chromedp.Flag("lang", "en-US"))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, stop := chromedp.NewContext(ctx)
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx) // waits for its end
		stop()
		cancel()
	})
	started := make(chan error, 1)
	go func() { started <- chromedp.Do(ctx) }() // its first run is what the browser lives in
	limit, done := context.WithTimeout(t.Context(), startup)
	defer done()
	select {
	case err := <-started:
		if err != nil {
			t.Fatalf("%s does not start: %v", path, err)
		}
	case <-limit.Done():
		t.Fatalf("%s does not start within %s", path, startup)
	}
	return &Browser{t: t, ctx: ctx, dir: dir}
}

// Options are how a page is looked at.
type Options struct {
	Width, Height int64
	Dark          bool
	// Elsewhere are beginnings of addresses that the page may load from, besides
	// where it is itself.
	Elsewhere []string
}

// Page is one tab.
type Page struct {
	t       *testing.T
	ctx     context.Context //nolint:containedctx // the tab lives in it
	dir     string
	allowed []string

	mu       sync.Mutex
	trouble  []string
	expected []string // parts of complaints that a test asks for
}

// Open opens a tab at an address.
func (b *Browser) Open(t *testing.T, address string, o Options) *Page {
	t.Helper()
	if o.Width == 0 {
		o.Width, o.Height = 1200, 900
	}
	ctx, cancel := chromedp.NewContext(b.ctx)
	p := &Page{t: t, ctx: ctx, dir: b.dir, allowed: append([]string{origin(address), "data:"}, o.Elsewhere...)}
	t.Cleanup(func() {
		p.Clean()
		cancel()
	})
	scheme := "light"
	if o.Dark {
		scheme = "dark"
	}
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(o.Width, o.Height)); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Listen(ctx, p.hear); err != nil {
		t.Fatal(err)
	}
	call(p, network.Enable, network.EnableParams{})
	call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
	p.Goto(address)
	return p
}

func origin(address string) string {
	scheme, rest, found := strings.Cut(address, "://")
	if !found {
		return address // about:blank
	}
	host, _, _ := strings.Cut(rest, "/")
	return scheme + "://" + host + "/"
}

// hear takes note of what must not be.
func (p *Page) hear(ev any) {
	text := ""
	switch e := ev.(type) {
	case *network.EventRequestWillBeSent:
		if p.allows(e.Request.URL) {
			return
		}
		text = "it asks for " + e.Request.URL
	case *runtime.EventConsoleAPICalled:
		if e.Type != "error" && e.Type != "warning" && e.Type != "assert" {
			return
		}
		text = "console: " + string(e.Type)
		for _, a := range e.Args {
			text += " " + string(a.Value) + a.Description
		}
	case *runtime.EventExceptionThrown:
		text = "exception: " + e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			text += " " + e.ExceptionDetails.Exception.Description
		}
	case *log.EventEntryAdded:
		if e.Entry.Level != "error" && e.Entry.Level != "warning" {
			return
		}
		text = fmt.Sprintf("log: %s (%s)", e.Entry.Text, e.Entry.URL)
	default:
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, part := range p.expected {
		if strings.Contains(text, part) {
			return
		}
	}
	p.trouble = append(p.trouble, text)
}

func (p *Page) allows(address string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.ContainsFunc(p.allowed, func(a string) bool { return strings.HasPrefix(address, a) })
}

// Expect lets a complaint pass that contains a text.
func (p *Page) Expect(part string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.expected = append(p.expected, part)
}

// Allow lets the page load from where an address is.
func (p *Page) Allow(address string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.allowed = append(p.allowed, origin(address))
}

// Clean fails the test when the browser has complained or the page has asked for
// something elsewhere. The end of a test asks it too.
func (p *Page) Clean() {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, text := range p.trouble {
		p.t.Errorf("the page is not clean: %s", text)
	}
	p.trouble = nil
}

// During lets a subtest answer for what use does on the page, which it shares with
// others: a window of its own takes longer than looking at a page.
func (p *Page) During(t *testing.T, use func()) {
	t.Helper()
	before := p.t
	p.t = t
	defer func() {
		p.Clean()
		p.t = before
	}()
	use()
}

func (p *Page) within() (context.Context, context.CancelFunc) {
	return context.WithTimeout(p.ctx, patience)
}

// Goto goes to an address, and waits until the page shows: keys that come before its first
// paint may be dropped by the browser. An empty page has none.
func (p *Page) Goto(address string) {
	p.t.Helper()
	ctx, cancel := p.within()
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Navigate(address)); err != nil {
		p.t.Fatalf("%s: %v", address, err)
	}
	p.Wait("the first paint of "+address, `location.protocol === "about:" || performance.getEntriesByName("first-paint").length > 0`)
}

// Eval is the value of a JavaScript expression.
func Eval[T any](p *Page, expression string) T {
	p.t.Helper()
	ctx, cancel := p.within()
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// Wait waits until a JavaScript expression holds, across page loads.
func (p *Page) Wait(what, expression string) {
	p.t.Helper()
	ctx, cancel := p.within()
	defer cancel()
	for {
		// While a page is left there is nobody to ask: that is no yes.
		if ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("!!("+expression+")")); err == nil && ok {
			return
		}
		if (clock.Real{}).Sleep(ctx, 30*time.Millisecond) != nil {
			p.Picture("failure-" + strings.ReplaceAll(p.t.Name(), "/", "-"))
			p.t.Fatalf("%s did not come within %s; the page says:\n%s", what, patience, p.Text())
		}
	}
}

// WaitText waits until the page shows a text.
func (p *Page) WaitText(text string) {
	p.t.Helper()
	p.Wait(fmt.Sprintf("the text %q", text), "document.body && document.body.innerText.includes("+quote(text)+")")
}

// Text is what the page shows.
func (p *Page) Text() string {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	text, _ := chromedp.Run(ctx, chromedp.Evaluate[string]("document.body ? document.body.innerText : ''"))
	return text
}

// Press clicks on the one visible button or link whose text that is.
func (p *Page) Press(text string) {
	p.t.Helper()
	find := `[...document.querySelectorAll("a, button, summary")].filter(e => e.checkVisibility() && e.innerText.trim().split("\n")[0] === ` + quote(text) + `)`
	p.Wait("a button or link "+text, find+".length > 0")
	if n := Eval[int](p, find+".length"); n != 1 {
		p.t.Fatalf("%d buttons or links say %q", n, text)
	}
	p.click(find + "[0]")
}

// PressIn clicks on the first thing that a CSS selector finds.
func (p *Page) PressIn(selector string) {
	p.t.Helper()
	p.Wait(selector, "document.querySelector("+quote(selector)+")")
	p.click("document.querySelector(" + quote(selector) + ")")
}

// click uses the mouse, so that what lies above the thing is what gets it.
func (p *Page) click(element string) {
	p.t.Helper()
	at := Eval[[]float64](p, "(() => { const e = "+element+"; e.scrollIntoView({block: 'center', behavior: 'instant'}); const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()")
	ctx, cancel := p.within()
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.MouseClickXY(at[0], at[1])); err != nil {
		p.t.Fatal(err)
	}
}

// Keys types on the keyboard.
func (p *Page) Keys(keys string) {
	p.t.Helper()
	ctx, cancel := p.within()
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.KeyEvent(keys)); err != nil {
		p.t.Fatal(err)
	}
}

// Fill puts a value into a field or chooses it from a list.
func (p *Page) Fill(selector, value string) {
	p.t.Helper()
	p.Wait(selector, "document.querySelector("+quote(selector)+")")
	got := Eval[string](p, "(() => { const e = document.querySelector("+quote(selector)+"); e.value = "+quote(value)+"; e.dispatchEvent(new Event('input', {bubbles: true})); e.dispatchEvent(new Event('change', {bubbles: true})); return e.value; })()")
	if got != value {
		p.t.Fatalf("%s does not take %q", selector, value)
	}
}

// Picture keeps a screenshot of the whole page under a name.
func (p *Page) Picture(name string) {
	p.t.Helper()
	p.keep(name, chromedp.FullScreenshot(100))
}

// PictureOf keeps a screenshot of what a CSS selector finds.
func (p *Page) PictureOf(selector, name string) {
	p.t.Helper()
	p.keep(name, chromedp.Screenshot(chromedp.CSS(selector)))
}

func (p *Page) keep(name string, shot chromedp.Action[[]byte]) {
	p.t.Helper()
	if p.dir == "" {
		return
	}
	ctx, cancel := p.within()
	defer cancel()
	png, err := chromedp.Run(ctx, shot)
	if err != nil {
		p.t.Errorf("screenshot %s: %v", name, err)
		return
	}
	if err := os.WriteFile(filepath.Join(p.dir, name+".png"), png, 0o644); err != nil { //nolint:gosec // pictures for everybody
		p.t.Error(err)
	}
}

// barrier is one finding of axe.
type barrier struct {
	ID     string `json:"id"`
	Impact string `json:"impact"`
	Help   string `json:"help"`
	Nodes  []struct {
		HTML           string `json:"html"`
		FailureSummary string `json:"failureSummary"`
	} `json:"nodes"`
}

// Accessible fails the test when axe finds a serious barrier on the page.
func (p *Page) Accessible() {
	p.t.Helper()
	for _, b := range p.barriers() {
		p.t.Errorf("axe: %s (%s): %s", b.ID, b.Impact, b.Help)
		for _, n := range b.Nodes {
			p.t.Logf("  %s\n  %s", n.HTML, n.FailureSummary)
		}
	}
}

// barriers are axe's serious and critical findings. Of a long table it looks at
// the first rows: the others are alike, and there may be many.
func (p *Page) barriers() []barrier {
	p.t.Helper()
	Eval[chromedp.Void](p, axe+";0")
	found := Eval[json.RawMessage](p, `axe.run({exclude: [["tbody tr:nth-child(n+8)"]]}, {resultTypes: ["violations"]}).then(r => r.violations.map(v => ({id: v.id, impact: v.impact, help: v.help, nodes: v.nodes.slice(0, 3).map(n => ({html: n.html, failureSummary: n.failureSummary}))})))`)
	var all []barrier
	if err := json.Unmarshal(found, &all); err != nil {
		p.t.Fatalf("axe: %v", err)
	}
	return slices.DeleteFunc(all, func(b barrier) bool { return b.Impact != "serious" && b.Impact != "critical" })
}

// FitsWidth fails the test when the page is wider than its window.
func (p *Page) FitsWidth() {
	p.t.Helper()
	if wide := Eval[[]int](p, "[document.documentElement.scrollWidth, window.innerWidth]"); wide[0] > wide[1] {
		p.t.Errorf("the page is %d wide in a window of %d", wide[0], wide[1])
	}
}

func call[P, R any](p *Page, command cdp.Command[P, R], params P) {
	p.t.Helper()
	if _, err := chromedp.Call(p.ctx, command, params); err != nil {
		p.t.Fatal(err)
	}
}

func quote(s string) string {
	b, _ := json.Marshal(s) // a string never fails
	return string(b)
}
