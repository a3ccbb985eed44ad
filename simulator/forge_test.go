package simulator_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/history"
)

// A forged delivery goes out as it says, and nothing of it stays behind.
func TestSendForged(t *testing.T) {
	e := newEndpoint(t, always(401))
	p := newPlatform(t, e.URL, nil, nil)
	for _, f := range chaos.Forgeries() {
		got, err := p.SendForged(t.Context(), p.hook.ID, "message.read", f.Name)
		if err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		if !got.Outcome.Rejected() || got.Forgery.Name != f.Name {
			t.Errorf("%s: %+v", f.Name, got.Outcome)
		}
		last := e.requests[len(e.requests)-1]
		if string(last.Body) != string(got.Sent.Body) {
			t.Errorf("%s: what arrived is not what was sent", f.Name)
		}
	}
	if n := len(e.requests); n != len(chaos.Forgeries()) {
		t.Errorf("%d requests", n)
	}
	if page, err := p.DeliveryPage(p.hook.ID, history.Query{}); err != nil || page.Total != 0 {
		t.Errorf("the history has %d, %v", page.Total, err)
	}
	hook, err := p.Webhook(p.hook.ID)
	if err != nil || hook.ConsecutiveFailures != 0 || hook.LastDeliveryAttemptAt != nil {
		t.Errorf("the webhook's health has noticed: %+v, %v", hook, err)
	}
}

func TestSendForgedRefuses(t *testing.T) {
	p := newPlatform(t, "http://127.0.0.1:1/", nil, nil)
	if _, err := p.SendForged(t.Context(), uuid.New(), "message.read", "body-tampered"); !errors.Is(err, simulator.ErrNoWebhook) {
		t.Errorf("unknown webhook: %v", err)
	}
	if _, err := p.SendForged(t.Context(), p.hook.ID, "message.reed", "body-tampered"); err == nil || !strings.Contains(err.Error(), "message.read") {
		t.Errorf("unknown type: %v", err)
	}
	if _, err := p.SendForged(t.Context(), p.hook.ID, "message.read", "body-tampert"); err == nil || !strings.Contains(err.Error(), "body-tampered") {
		t.Errorf("unknown forgery: %v", err)
	}
	if err := p.SetActive(p.hook.ID, false); err != nil {
		t.Fatal(err)
	}
	if _, err := p.SendForged(t.Context(), p.hook.ID, "message.read", "body-tampered"); !errors.Is(err, simulator.ErrInactive) {
		t.Errorf("disabled: %v", err)
	}
}

// Whoever watches is told of everything that the history then has.
func TestWatch(t *testing.T) {
	var mu sync.Mutex
	deliveries, webhooks := map[uuid.UUID]bool{}, 0
	p := newPlatform(t, newEndpoint(t, always(200)).URL, func(cfg *simulator.Config) {
		cfg.Watch = func(c history.Change) {
			mu.Lock()
			defer mu.Unlock()
			for _, d := range c.Deliveries {
				deliveries[d.ID] = true
			}
			if c.Webhook != nil {
				webhooks++
			}
		}
	}, nil)
	p.emit("message.sent")
	p.drain()
	page, err := p.DeliveryPage(uuid.Nil, history.Query{})
	if err != nil || page.Total != 1 {
		t.Fatalf("%d deliveries, %v", page.Total, err)
	}
	mu.Lock()
	defer mu.Unlock()
	if !deliveries[page.Rows[0].ID] || webhooks < 2 { // it was registered, and its health moved
		t.Errorf("told of %d deliveries and %d changes of webhooks", len(deliveries), webhooks)
	}
}
