package dashboard_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/api"
	"github.com/sentsim/sentsim/simulator/dashboard"
)

// newServedDesk is a desk at an API server, whose faults it can use.
func newServedDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{t: t, feed: &dashboard.Feed{}}
	var server *api.Server
	pages, err := dashboard.New(dashboard.Config{
		Simulator: func() *simulator.Simulator { return server.Simulator() }, StandsStill: true,
		Disturb: func(hook uuid.UUID, fault string) error { return server.Disturb(hook, fault) },
	}, d.feed)
	if err != nil {
		t.Fatal(err)
	}
	server, err = api.New(api.Config{Pages: pages, Simulator: simulator.Config{Seed: 1, Start: start(), Watch: d.feed.Watch}})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(server)
	d.url, d.sim = srv.URL, server.Simulator()
	d.http = &http.Client{Transport: &http.Transport{}, Timeout: 20 * time.Second}
	t.Cleanup(func() {
		d.feed.Close()
		d.http.CloseIdleConnections()
		srv.Close()
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// What goes wrong on the way is sent as it would be, and Sent goes on as it does.
func TestComposeFaultsOnTheWay(t *testing.T) {
	t.Parallel()
	d, r := newServedDesk(t), newReceiver(t)
	w := d.register("orders", r.URL)
	for fault, c := range map[string]struct {
		arrive int
		want   string
	}{
		"lost_ack":          {2, "The first time the answer was lost (injected fault); this is the second."},
		"refuse":            {1, "The first time connection refused (injected fault); this is the second."},
		"reset":             {1, "this is the second."},
		"hang_up":           {2, "this is the second."},
		"duplicate_at_once": {2, "Sent, and the receiver took it."},
		"slow_sender":       {1, "Sent, and the receiver took it."},
	} {
		before := r.received()
		p := d.post("/compose/event", url.Values{"webhook": {w.ID.String()}, "event": {"message.read"}, "fault": {fault}})
		d.wants(p, 200, c.want, "message.read")
		deadline := time.Now().Add(5 * time.Second)
		for r.received() < before+c.arrive && time.Now().Before(deadline) { // a hang-up is not waited for
			time.Sleep(5 * time.Millisecond)
		}
		if n := r.received() - before; n != c.arrive {
			t.Errorf("%s: %d arrived, want %d", fault, n, c.arrive)
		}
	}
	if err := d.sim.SetActive(w.ID, false); err != nil {
		t.Fatal(err)
	}
	d.wants(d.post("/compose/event", url.Values{"webhook": {w.ID.String()}, "event": {"message.read"}, "fault": {"lost_ack"}}), 200, "Nothing was sent: orders is disabled")
	d.wants(d.get("/compose"), 200, "the receiver's answer is lost")
}
