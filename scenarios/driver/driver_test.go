package driver_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sentsim/sentsim/scenarios/driver"
	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/seed"
)

func newDriver(t *testing.T, h http.HandlerFunc) (driver.Driver, driver.Message) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	s := seed.Seed(1)
	d := driver.Driver{
		Sender: delivery.HTTP{}, URL: server.URL, Webhook: driver.WebhookID(s), Knobs: simulator.DefaultKnobs(), Timeout: 5 * time.Second,
	}
	return d, driver.NewMessage(s.Stream("test"), driver.NewAccount(s), event.SMS, clock.Wall())
}

// However a sender misbehaves, the receiver gets the delivery; what the sender
// learns of the answer differs.
func TestAMisbehavingSender(t *testing.T) {
	t.Parallel()
	for kind, want := range map[delivery.Misbehaviour]delivery.Kind{
		delivery.Well: delivery.Answered, delivery.LoseAck: delivery.Timeout, delivery.HangUp: delivery.Reset, delivery.Dawdle: delivery.Answered,
	} {
		t.Run("kind "+string(kind), func(t *testing.T) {
			t.Parallel()
			got := make(chan string, 1)
			d, m := newDriver(t, func(_ http.ResponseWriter, r *http.Request) { got <- r.Header.Get("X-Webhook-Event-Type") })
			x := d.Send(t.Context(), driver.Planned{Request: d.Event(m.Event(event.Sent)), How: kind, For: time.Millisecond})
			if x.Outcome.Kind != want {
				t.Errorf("the sender saw %s, want %s", x.Outcome.Kind, want)
			}
			if lost := x.Answer != nil && x.Answer.Accepted(); lost != (kind == delivery.LoseAck) {
				t.Errorf("the real answer is %v", x.Answer)
			}
			select {
			case name := <-got:
				if name != "message.sent" {
					t.Errorf("the receiver got %q", name)
				}
			case <-time.After(5 * time.Second):
				t.Error("the receiver got nothing")
			}
		})
	}
}

func TestDeliveriesTogetherKeepTheirOrderInTheResult(t *testing.T) {
	t.Parallel()
	var n atomic.Int64
	d, m := newDriver(t, func(http.ResponseWriter, *http.Request) { n.Add(1) })
	var all []driver.Planned
	for _, st := range driver.Lifecycle() {
		all = append(all, driver.Planned{What: string(st), Request: d.Event(m.Event(st))})
	}
	for i, x := range d.SendTogether(t.Context(), all) {
		if x.What != all[i].What || !x.Outcome.Accepted() {
			t.Errorf("%d: %s: %s", i, x.What, x.Seen())
		}
	}
	if n.Load() != int64(len(all)) {
		t.Errorf("%d arrived", n.Load())
	}
}

func TestAMessageOnItsWay(t *testing.T) {
	t.Parallel()
	if !driver.Before(event.Queued, event.Failed) || driver.Before(event.Delivered, event.Failed) || driver.Before(event.Read, event.Read) {
		t.Error("FAILED comes after QUEUED, not after DELIVERED, and nothing comes before itself")
	}
	if driver.Travels(event.Read, event.SMS) || !driver.Travels(event.Read, event.RCS) {
		t.Error("READ is of WhatsApp and RCS")
	}
}

// On a machine that has time, the pulse says so.
func TestThePulseOfAnIdleMachine(t *testing.T) {
	t.Parallel()
	p, err := driver.StartPulse(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if (*driver.Pulse)(nil).Starved(clock.Wall()) != 0 {
		t.Error("no pulse knows of nothing")
	}
	future := clock.Wall().Add(time.Hour)
	if got := p.Starved(future); got != 0 {
		t.Errorf("starved for %s in the future", got)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	// Closed, it beats no more: whoever asks later learns that.
	if err := (clock.Real{}).Sleep(context.Background(), 300*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if p.Starved(clock.Wall().Add(-250*time.Millisecond)) == 0 {
		t.Error("a pulse that has stopped counts as starvation")
	}
}
