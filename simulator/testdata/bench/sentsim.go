package main

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/history"
	"github.com/sentsim/sentsim/simulator/signing"
	"github.com/sentsim/sentsim/simulator/webhook"
)

// sentsim sends as the simulator does: every event is made and encoded, matched
// with the webhook's subscription, delivered, signed afresh, and its delivery
// with every attempt kept in the history.
func sentsim(o order) (result, error) {
	secret, err := signing.ParseSecret(o.secret)
	if err != nil {
		return result{}, err
	}
	pool := delivery.NewPool(delivery.HTTP{})
	defer pool.Close()
	store := &settling{Memory: history.NewMemory(keep), room: make(chan struct{}, 4*connections)}
	knobs := simulator.DefaultKnobs()
	knobs.Concurrency = connections
	sim, err := simulator.New(simulator.Config{Knobs: knobs, Clock: clock.Real{}, Sender: pool, Store: store})
	if err != nil {
		return result{}, err
	}
	defer func() { _ = sim.Close() }()
	hook, err := sim.AdoptWebhook(uuid.MustParse(webhookID), webhook.Config{DisplayName: "bench", EndpointURL: o.url}, secret)
	if err != nil {
		return result{}, err
	}
	start := clock.Wall()
	for n := 0; o.more(n, start); n++ {
		store.room <- struct{}{}
		if _, err := sim.Emit(sample(n)); err != nil {
			return result{}, err
		}
	}
	if err := sim.Drain(context.Background()); err != nil {
		return result{}, err
	}
	took := clock.Wall().Sub(start)
	if hook, err = sim.Webhook(hook.ID); err != nil || hook.ConsecutiveFailures != 0 {
		return result{}, fmt.Errorf("%d failures, %v", hook.ConsecutiveFailures, err)
	}
	return result{Deliveries: store.delivered, Seconds: took.Seconds()}, nil
}

// keep is how many deliveries the history remembers.
const keep = 1000

// settling is a history that makes room for another event when one is delivered.
type settling struct {
	*history.Memory
	room      chan struct{}
	delivered int
}

func (s *settling) Save(d delivery.Delivery) error {
	if err := s.Memory.Save(d); err != nil {
		return err
	}
	if d.Done() {
		if d.Status == delivery.Delivered && len(d.Attempts) == 1 {
			s.delivered++
		}
		<-s.room
	}
	return nil
}

// sample is the nth event. Its body has 429 bytes.
func sample(n int) event.Event {
	at := time.Date(2025, 10, 31, 10, 10, 42, 0, time.UTC)
	var id uuid.UUID
	for i := range 8 {
		id[15-i] = byte(n >> (8 * i))
	}
	return event.Event{Type: "message.failed", CreatedAt: at, Outbound: &event.Outbound{
		AccountID: uuid.MustParse(webhookID), MessageID: id, Status: event.Failed, Channel: event.SMS,
		InboundNumber: "+12025550143", OutboundNumber: "+12025550100", TemplateID: uuid.MustParse(webhookID), UpdatedAt: at,
		Reason: "the handset cannot be reached",
	}}
}
