package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/history"
	"github.com/sentsim/sentsim/simulator/webhook"
)

// sentsim sends as the simulator does: every event is matched with the webhook's
// subscription and delivered, every attempt signed afresh, its outcome told to the
// webhook's health, and the delivery with its attempts kept in the history. The
// body is always the same, as everybody's; what it costs to make one is measured
// by the Go benchmarks.
func sentsim(o order) (result, error) {
	// A machine that has just made very many connections may lose a new one's first
	// packet; the kernel would ask again after a second.
	pool := delivery.NewPool(delivery.HTTP{Redial: 200 * time.Millisecond})
	defer pool.Close()
	store := &settling{Memory: history.NewMemory(kept), room: make(chan struct{}, 2)}
	knobs := simulator.DefaultKnobs()
	knobs.Concurrency = connections
	sim, err := simulator.New(simulator.Config{Knobs: knobs, Clock: clock.Real{}, Sender: pool, Store: store})
	if err != nil {
		return result{}, err
	}
	defer func() { _ = sim.Close() }()
	hook := webhook.Config{DisplayName: "bench", EndpointURL: o.url}
	if _, err := sim.AdoptWebhook(uuid.MustParse(webhookID), hook, o.secret); err != nil {
		return result{}, err
	}
	store.room <- struct{}{}
	store.room <- struct{}{}
	ctx, cancel := context.WithCancelCause(context.Background())
	store.broken = cancel
	e, body, start := sample(), body(), clock.Wall()
	for n := 0; o.more(n, start) && ctx.Err() == nil; n++ {
		if n%batch == 0 {
			select {
			case <-store.room:
			case <-ctx.Done():
				return result{}, context.Cause(ctx)
			}
		}
		e.ID = numbered(n)
		if _, err := sim.EmitBody(e, body); err != nil {
			return result{}, err
		}
	}
	if err := sim.Drain(ctx); err != nil {
		return result{}, errors.Join(err, context.Cause(ctx))
	}
	took := clock.Wall().Sub(start)
	return result{Deliveries: store.delivered, Seconds: took.Seconds()}, nil
}

// kept is how many deliveries the history remembers.
const kept = 1000

// batch is how many events are made in one go: another one when a batch is
// delivered, so that between one and two of them wait or are under way.
const batch = 2 * connections

// settling is a history that makes room for another batch, and breaks everything
// off when a delivery fails. The dispatcher has one webhook, and tells of its
// deliveries one after another.
type settling struct {
	*history.Memory
	room      chan struct{}
	delivered int
	broken    context.CancelCauseFunc
}

func (s *settling) Save(c history.Change) error {
	if err := s.Memory.Save(c); err != nil {
		return err
	}
	for _, d := range c.Deliveries {
		switch d.Status {
		case delivery.Pending:
		case delivery.Delivered:
			if s.delivered++; s.delivered%batch == 0 {
				s.room <- struct{}{}
			}
		case delivery.Retrying, delivery.Failed:
			s.broken(fmt.Errorf("a delivery failed: %s", d.Error))
		}
	}
	return nil
}
