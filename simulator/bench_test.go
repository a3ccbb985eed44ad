package simulator_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/history"
	"github.com/sentsim/sentsim/simulator/webhook"
)

// BenchmarkDelivery is all that a delivery costs but for HTTP: making and encoding
// the event, matching the subscription, signing, deciding the outcome, history.
func BenchmarkDelivery(b *testing.B) {
	ok := delivery.Outcome{Kind: delivery.Answered, Status: 200}
	sender := senderFunc(func(context.Context, delivery.Request, time.Duration) delivery.Outcome { return ok })
	for name, c := range map[string]func() clock.Clock{
		"real":    func() clock.Clock { return clock.Real{} },
		"virtual": func() clock.Clock { return clock.NewVirtual(clock.Wall()) },
	} {
		b.Run(name, func(b *testing.B) {
			sim, err := simulator.New(simulator.Config{Clock: c(), Sender: sender, Store: history.NewMemory(1000)})
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = sim.Close() }()
			if _, err := sim.RegisterWebhook(webhook.Config{DisplayName: "bench", EndpointURL: "http://127.0.0.1:1/webhooks/sent"}); err != nil {
				b.Fatal(err)
			}
			at := time.Date(2025, 10, 31, 10, 10, 42, 0, time.UTC)
			id := uuid.MustParse("5b4d3f7e-0f0a-4c62-9d33-0c86a5a3b7c1")
			b.ReportAllocs()
			const together = 256
			for n := 0; b.Loop(); n++ {
				e := event.Event{Type: "message.delivered", CreatedAt: at, Outbound: &event.Outbound{
					AccountID: id, MessageID: id, Status: event.Delivered, Channel: event.SMS, TemplateID: id,
					InboundNumber: "+12025550143", OutboundNumber: "+12025550100", UpdatedAt: at,
				}}
				if _, err := sim.Emit(e); err != nil {
					b.Fatal(err)
				}
				if n%together == together-1 {
					if err := sim.Drain(b.Context()); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}
