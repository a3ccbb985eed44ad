package simulator_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/signing"
)

func TestOrder(t *testing.T) {
	// The first event is refused twice; the second is taken at once.
	answer := first(500, 200, 500, 200)
	for _, c := range []struct {
		order   delivery.Order
		answer  func(int) int
		arrival string
		takes   time.Duration
	}{
		{delivery.Strict, first(500, 500, 200), "sent sent sent read", 3 * time.Minute},
		{delivery.Concurrent, answer, "sent read sent sent", 3 * time.Minute},
	} {
		e := newEndpoint(t, c.answer)
		p := newPlatform(t, e.URL, func(cfg *simulator.Config) { cfg.Knobs.Order = c.order }, nil)
		p.emit("message.sent")
		p.advance(time.Second)
		p.emit("message.read")
		p.drain()
		var arrival []string
		for _, r := range e.got() {
			arrival = append(arrival, event.Type(r.Header.Get(signing.HeaderEventType)).SubType())
		}
		if got := strings.Join(arrival, " "); got != c.arrival {
			t.Errorf("%s: %s, want %s", c.order, got, c.arrival)
		}
		if got := p.Now().Sub(start()); got != c.takes {
			t.Errorf("%s: took %s", c.order, got)
		}
	}
}

// TestConcurrency holds every request until as many as the bound are there: so
// they must come together, and never more.
func TestConcurrency(t *testing.T) {
	for _, c := range []struct {
		order          delivery.Order
		bound, busiest int
	}{{delivery.Concurrent, 4, 4}, {delivery.Concurrent, 50, 20}, {delivery.Strict, 50, 1}} {
		const events = 20
		e := newEndpoint(t, always(200))
		s := &counting{all: make(chan struct{}), want: min(c.busiest, events)}
		p := newPlatform(t, e.URL, func(cfg *simulator.Config) {
			cfg.Knobs.Order, cfg.Knobs.Concurrency, cfg.Sender = c.order, c.bound, s
		}, nil)
		for range events {
			p.emit("message.sent")
		}
		p.drain()
		if s.most != c.busiest || s.sent != events {
			t.Errorf("%s, concurrency %d: at most %d of %d at a time, want %d", c.order, c.bound, s.most, s.sent, c.busiest)
		}
		if !p.Now().Equal(start()) {
			t.Error("time passed while attempts were under way")
		}
	}
}

// TestASlowAttemptHoldsUpOnlyItsOwnPlace: the first of three attempts, two at a
// time, waits for the third.
func TestASlowAttemptHoldsUpOnlyItsOwnPlace(t *testing.T) {
	var n atomic.Int64
	third := make(chan struct{})
	s := senderFunc(func(ctx context.Context, _ delivery.Request, _ time.Duration) delivery.Outcome {
		switch n.Add(1) {
		case 1:
			select {
			case <-third:
			case <-ctx.Done():
			}
		case 3:
			close(third)
		}
		return delivery.Outcome{Kind: delivery.Answered, Status: 200}
	})
	p := newPlatform(t, "http://127.0.0.1:9", func(cfg *simulator.Config) { cfg.Sender, cfg.Knobs.Concurrency = s, 2 }, nil)
	for range 3 {
		p.emit("message.sent")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := p.Drain(ctx); err != nil {
		t.Errorf("after %d attempts: %v", n.Load(), err)
	}
}

func TestRetriesDueTogetherGoTogether(t *testing.T) {
	s := &counting{all: make(chan struct{}), want: 10, status: 500}
	p := newPlatform(t, "http://127.0.0.1:9", func(cfg *simulator.Config) { cfg.Sender = s }, nil)
	for range 10 {
		p.emit("message.sent")
	}
	p.advance(0)
	s.again()
	p.advance(time.Minute)
	if s.most != 10 {
		t.Errorf("%d retries at a time, want 10", s.most)
	}
}
