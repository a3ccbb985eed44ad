package simulator_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
	_ "github.com/sentsim/sentsim/simulator/history/sqlite" // some of these stores are files
	"github.com/sentsim/sentsim/simulator/webhook"
)

func TestMain(m *testing.M) {
	if file := os.Getenv("SENTSIM_LIFE"); file != "" { // see TestKilled
		if err := life(file); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(1)
	}
	// net/http lets a connection whose request it did not read linger for half a
	// second after its server was closed.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("net/http.(*conn).closeWriteAndWait"))
}

// start is where the virtual clocks of these tests start.
func start() time.Time { return time.Date(2025, 10, 31, 10, 0, 0, 0, time.UTC) }

// received is one request as an endpoint saw it.
type received struct {
	Header http.Header
	Body   []byte
}

// endpoint is a real HTTP server that records what it gets.
type endpoint struct {
	*httptest.Server
	mu       sync.Mutex
	requests []received
	answer   func(n int) int // status for the n-th request, from 1
	gate     chan struct{}   // when set, requests wait until it is closed
	arrived  chan struct{}   // when set, told of every request
}

func newEndpoint(t *testing.T, answer func(n int) int) *endpoint {
	t.Helper()
	e := &endpoint{answer: answer}
	e.Server = httptest.NewServer(e)
	t.Cleanup(e.Close)
	return e
}

func always(status int) func(int) int { return func(int) int { return status } }

// first answers with the statuses one after another, then with the last one.
func first(statuses ...int) func(int) int {
	return func(n int) int { return statuses[min(n, len(statuses))-1] }
}

func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	e.mu.Lock()
	e.requests = append(e.requests, received{r.Header.Clone(), body})
	status := e.answer(len(e.requests))
	e.mu.Unlock()
	if e.arrived != nil {
		select {
		case e.arrived <- struct{}{}:
		case <-r.Context().Done(): // what comes at the end, nobody waits for
		}
	}
	if e.gate != nil {
		<-e.gate
	}
	w.WriteHeader(status)
}

func (e *endpoint) got() []received {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]received(nil), e.requests...)
}

// platform is a simulator with one webhook for the endpoint.
type platform struct {
	*simulator.Simulator
	t    *testing.T
	hook webhook.Webhook
}

func newPlatform(t *testing.T, url string, change func(*simulator.Config), filters map[string][]string) *platform {
	t.Helper()
	cfg := simulator.Config{Seed: 1, Start: start(), Knobs: simulator.DefaultKnobs()}
	if change != nil {
		change(&cfg)
	}
	sim, err := simulator.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
	})
	p := &platform{Simulator: sim, t: t}
	p.register(url, filters)
	return p
}

func (p *platform) register(url string, filters map[string][]string) {
	p.t.Helper()
	var err error
	p.hook, err = p.RegisterWebhook(webhook.Config{DisplayName: "test", EndpointURL: url, EventFilters: filters})
	if err != nil {
		p.t.Fatal(err)
	}
}

// emit makes a sample event happen.
func (p *platform) emit(typ event.Type) {
	p.t.Helper()
	e, err := event.Sample(typ, zeros{}, p.Now())
	if err != nil {
		p.t.Fatal(err)
	}
	if _, err := p.Emit(e); err != nil {
		p.t.Fatal(err)
	}
}

func (p *platform) drain() {
	p.t.Helper()
	if err := p.Drain(p.t.Context()); err != nil {
		p.t.Fatal(err)
	}
}

func (p *platform) advance(d time.Duration) {
	p.t.Helper()
	if err := p.Advance(p.t.Context(), d); err != nil {
		p.t.Fatal(err)
	}
}

func (p *platform) webhook() webhook.Webhook {
	p.t.Helper()
	w, err := p.Webhook(p.hook.ID)
	if err != nil {
		p.t.Fatal(err)
	}
	return w
}

func (p *platform) history() []delivery.Delivery {
	p.t.Helper()
	all, err := p.Deliveries(p.hook.ID)
	if err != nil {
		p.t.Fatal(err)
	}
	return all
}

func (p *platform) setActive(active bool) {
	p.t.Helper()
	if err := p.SetActive(p.hook.ID, active); err != nil {
		p.t.Fatal(err)
	}
}

// zeros is randomness for samples whose ids do not matter.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
