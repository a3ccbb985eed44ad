package simulator_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/webhook"
)

// TestTenFailedEventsDisable is the lifecycle page's auto-disable: ten events,
// each with all its retries, against an endpoint that answers 500.
func TestTenFailedEventsDisable(t *testing.T) {
	for _, c := range []struct {
		retries int
		takes   time.Duration // ten times 1+2+4 (+8+16) minutes
	}{{3, 70 * time.Minute}, {5, 310 * time.Minute}} {
		var histories []string
		for range 10 {
			e := newEndpoint(t, always(500))
			wall := clock.Wall()
			p := newPlatform(t, e.URL, func(cfg *simulator.Config) { cfg.Knobs.RetryCount = c.retries }, nil)
			for n := range 10 {
				if w := p.webhook(); !w.IsActive || w.ConsecutiveFailures != n {
					t.Fatalf("after %d failed events: active %v, %d consecutive failures", n, w.IsActive, w.ConsecutiveFailures)
				}
				p.emit("message.delivered")
				p.drain()
			}
			if w := p.webhook(); w.IsActive || w.ConsecutiveFailures != 10 {
				t.Errorf("after ten failed events: active %v, %d consecutive failures", w.IsActive, w.ConsecutiveFailures)
			}
			if got := p.Now().Sub(start()); got != c.takes {
				t.Errorf("with %d retries it took %s, want %s", c.retries, got, c.takes)
			}
			if took := clock.Wall().Sub(wall); took > 20*time.Second {
				t.Errorf("it took %s of wall time", took)
			}
			if got, want := len(e.got()), 10*(1+c.retries); got != want {
				t.Errorf("%d attempts, want %d", got, want)
			}
			histories = append(histories, comparable(t, p.history()))
			p.emit("message.delivered")
			p.drain()
			if len(e.got()) != 10*(1+c.retries) || len(p.history()) != 10 {
				t.Error("an event that happens while the webhook is disabled is delivered or kept")
			}
		}
		for i, h := range histories {
			if h != histories[0] {
				t.Fatalf("run %d differs:\n%s\nthe first:\n%s", i, h, histories[0])
			}
		}
	}
}

// comparable is a history as text, without what the wall clock decides.
func comparable(t *testing.T, all []delivery.Delivery) string {
	t.Helper()
	for _, d := range all {
		for i := range d.Attempts {
			a := &d.Attempts[i]
			a.Timestamp, a.Signature = 0, ""
			a.Outcome.Start, a.Outcome.Duration, a.Outcome.Header = time.Time{}, 0, nil
		}
	}
	text, err := json.MarshalIndent(all, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestASuccessResetsTheCount(t *testing.T) {
	// Nine events fail with all their attempts, the tenth's last retry succeeds.
	e := newEndpoint(t, func(n int) int {
		if n == 40 {
			return 204
		}
		return 500
	})
	p := newPlatform(t, e.URL, nil, nil)
	for range 9 {
		p.emit("message.sent")
		p.drain()
	}
	if got := p.webhook().ConsecutiveFailures; got != 9 {
		t.Fatalf("%d consecutive failures", got)
	}
	p.emit("message.sent")
	p.drain()
	if w := p.webhook(); w.ConsecutiveFailures != 0 || !w.IsActive || !w.LastSuccessfulDeliveryAt.Equal(p.Now()) {
		t.Errorf("after a success: %d consecutive failures, active %v, last success %v", w.ConsecutiveFailures, w.IsActive, w.LastSuccessfulDeliveryAt)
	}
	for range 9 {
		p.emit("message.sent")
		p.drain()
	}
	if w := p.webhook(); !w.IsActive || w.ConsecutiveFailures != 9 {
		t.Errorf("nine failures after a success: active %v, %d consecutive failures", w.IsActive, w.ConsecutiveFailures)
	}
}

func TestAttemptsCanCountInstead(t *testing.T) {
	e := newEndpoint(t, always(503))
	p := newPlatform(t, e.URL, func(cfg *simulator.Config) { cfg.Knobs.DisableCounts = webhook.CountsAttempts }, nil)
	for range 3 {
		p.emit("message.sent")
		p.drain()
	}
	// 4 + 4 + 2 attempts: the third event's remaining retries are never made.
	if got := len(e.got()); got != 10 {
		t.Errorf("%d attempts", got)
	}
	if w := p.webhook(); w.IsActive || w.ConsecutiveFailures != 10 {
		t.Errorf("active %v, %d consecutive failures", w.IsActive, w.ConsecutiveFailures)
	}
	last := p.history()[2]
	if last.Status != delivery.Failed || len(last.Attempts) != 2 ||
		last.Error != "the webhook was disabled after 10 failed attempts in a row: not attempted again" {
		t.Errorf("the third delivery: %s after %d attempts: %s", last.Status, len(last.Attempts), last.Error)
	}
}

func TestWaitingRetriesOfADisabledWebhookEnd(t *testing.T) {
	e := newEndpoint(t, always(500))
	p := newPlatform(t, e.URL, func(cfg *simulator.Config) { cfg.Knobs.DisableThreshold = 1 }, nil)
	p.emit("message.queued") // fails for good after 7 minutes
	p.advance(5 * time.Minute)
	p.emit("message.routed") // has retries left then
	p.drain()
	if got := p.Now().Sub(start()); got != 7*time.Minute {
		t.Errorf("something waited until %s", got)
	}
	all := p.history()
	if got := all[0]; got.Status != delivery.Failed || got.Error != "all 4 attempts failed; at the last, it answered 500" {
		t.Errorf("the first: %s: %s", got.Status, got.Error)
	}
	want := "the webhook was disabled after 1 failed event in a row: not attempted again"
	if got := all[1]; got.Status != delivery.Failed || got.Error != want || !got.CompletedAt.Equal(p.Now()) {
		t.Errorf("the second: %s at %s: %s", got.Status, got.CompletedAt, got.Error)
	}
}

func TestDisabledByHandAndEnabledAgain(t *testing.T) {
	e := newEndpoint(t, first(500, 500, 200))
	p := newPlatform(t, e.URL, nil, nil)
	p.emit("message.queued")
	p.advance(time.Minute) // two attempts
	p.setActive(false)
	p.emit("message.routed")
	p.drain()
	all := p.history()
	if len(all) != 1 || all[0].Status != delivery.Failed || !strings.HasPrefix(all[0].Error, "the webhook was disabled by hand") {
		t.Fatalf("while disabled: %+v", all)
	}
	p.setActive(true)
	p.advance(24 * time.Hour)
	if got := len(e.got()); got != 2 {
		t.Errorf("enabling it redelivered something: %d attempts", got)
	}
	p.emit("message.sent")
	p.drain()
	if all := p.history(); len(all) != 2 || all[1].Status != delivery.Delivered {
		t.Errorf("after enabling it: %+v", all)
	}
}

func TestEnablingRestartsTheCount(t *testing.T) {
	e := newEndpoint(t, always(500))
	p := newPlatform(t, e.URL, nil, nil)
	for round := range 2 {
		for range 9 {
			p.emit("message.sent")
			p.drain()
		}
		if w := p.webhook(); !w.IsActive || w.ConsecutiveFailures != 9 {
			t.Fatalf("round %d: active %v, %d consecutive failures", round, w.IsActive, w.ConsecutiveFailures)
		}
		p.emit("message.sent")
		p.drain()
		if p.webhook().IsActive {
			t.Fatalf("round %d: the tenth failed event did not disable the webhook", round)
		}
		p.setActive(true)
		if got := p.webhook().ConsecutiveFailures; got != 0 {
			t.Fatalf("enabled with %d consecutive failures", got)
		}
	}
}
