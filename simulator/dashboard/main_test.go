package dashboard_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/net/html"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/dashboard"
	"github.com/sentsim/sentsim/simulator/history"
	"github.com/sentsim/sentsim/simulator/webhook"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("net/http.(*conn).closeWriteAndWait"))
}

// receiver answers what it is told to.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	status int
	body   string
	got    []string // bodies
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{status: 200, body: "ok"}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return // it was cut short
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.got = append(r.got, string(body))
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(r.status)
		_, _ = io.WriteString(w, r.body)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) answer(status int, body string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status, r.body = status, body
}

func (r *receiver) received() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.got)
}

// desk is a dashboard over a simulator whose clock stands still.
type desk struct {
	t    *testing.T
	sim  *simulator.Simulator
	url  string
	feed *dashboard.Feed
	http *http.Client
}

func start() time.Time { return time.Date(2025, 10, 31, 10, 0, 0, 0, time.UTC) }

func newDesk(t *testing.T, change ...func(*simulator.Config)) *desk {
	t.Helper()
	d := &desk{t: t, feed: &dashboard.Feed{}}
	cfg := simulator.Config{Seed: 1, Start: start(), Store: history.NewMemory(0), Watch: d.feed.Watch}
	for _, f := range change {
		f(&cfg)
	}
	sim, err := simulator.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	d.sim = sim
	pages, err := dashboard.New(dashboard.Config{
		Simulator: func() *simulator.Simulator { return sim }, StandsStill: true, APIKey: "sentsim",
		AllowTarget: func(u string) bool { return !strings.Contains(u, "forbidden") },
	}, d.feed)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(pages)
	d.url = srv.URL
	d.http = &http.Client{Transport: &http.Transport{}, Timeout: 20 * time.Second}
	t.Cleanup(func() {
		d.feed.Close()
		d.http.CloseIdleConnections()
		srv.Close()
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func (d *desk) register(name, endpoint string) webhook.Webhook {
	d.t.Helper()
	w, err := d.sim.RegisterWebhook(webhook.Config{DisplayName: name, EndpointURL: endpoint})
	if err != nil {
		d.t.Fatal(err)
	}
	return w
}

func (d *desk) drain() {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), 20*time.Second)
	defer cancel()
	if err := d.sim.Drain(ctx); err != nil {
		d.t.Fatal(err)
	}
}

// page is an answer of the dashboard.
type page struct {
	status int
	header http.Header
	path   string // where it was in the end
	query  string // likewise
	html   string
	root   *html.Node
}

// text is what a reader sees, in one line.
func (p page) text() string {
	var b strings.Builder
	for n := range p.root.Descendants() {
		if n.Type == html.TextNode && n.Parent.Data != "script" && n.Parent.Data != "style" {
			b.WriteString(n.Data + " ")
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

func (d *desk) do(req *http.Request) page {
	d.t.Helper()
	res, err := d.http.Do(req)
	if err != nil {
		d.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	root, err := html.Parse(strings.NewReader(string(body)))
	if err != nil {
		d.t.Fatal(err)
	}
	return page{res.StatusCode, res.Header, res.Request.URL.Path, res.Request.URL.RawQuery, string(body), root}
}

func (d *desk) get(path string) page {
	d.t.Helper()
	req, err := http.NewRequestWithContext(d.t.Context(), http.MethodGet, d.url+path, nil)
	if err != nil {
		d.t.Fatal(err)
	}
	return d.do(req)
}

// post sends a form, as a browser does from a page of ours, and follows to where it leads.
func (d *desk) post(path string, form url.Values) page {
	d.t.Helper()
	req, err := http.NewRequestWithContext(d.t.Context(), http.MethodPost, d.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		d.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", d.url)
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	return d.do(req)
}

func (d *desk) wants(p page, status int, texts ...string) {
	d.t.Helper()
	if p.status != status {
		d.t.Errorf("%s: status %d, want %d: %s", p.path, p.status, status, p.text())
	}
	said := p.text()
	for _, text := range texts {
		if !strings.Contains(said, text) {
			d.t.Errorf("%s does not say %q:\n%s", p.path, text, said)
		}
	}
}
