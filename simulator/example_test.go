package simulator_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/lifecycle"
	"github.com/sentsim/sentsim/simulator/webhook"
)

// A receiver that is down for its first three requests gets an event with the last
// retry, seven simulated minutes later.
func ExampleNew() {
	requests := 0
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if requests++; requests <= 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer receiver.Close()

	sim, err := simulator.New(simulator.Config{Seed: 1, Start: time.Date(2025, 10, 31, 10, 0, 0, 0, time.UTC)})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = sim.Close() }()
	hook, err := sim.RegisterWebhook(webhook.Config{
		DisplayName: "orders", EndpointURL: receiver.URL,
		EventFilters: map[string][]string{"message": {"failed"}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, _ = sim.Send(simulator.Message{Channel: event.SMS, To: "+14155550100", Outcome: lifecycle.EndsFailedQueued})
	if err := sim.Advance(context.Background(), time.Hour); err != nil {
		fmt.Println(err)
		return
	}
	history, _ := sim.Deliveries(hook.ID)
	for _, d := range history {
		fmt.Println(d.EventType, d.Status, "after", len(d.Attempts), "attempts")
	}
	// Output:
	// message.failed DELIVERED after 4 attempts
}
