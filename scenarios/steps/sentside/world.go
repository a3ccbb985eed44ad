// Package sentside is the vocabulary of features/simulator: what Sent does to a
// webhook's endpoint, seen from that endpoint and from the delivery history. Each
// scenario has a world of its own: a real HTTP endpoint that records what it gets
// and answers as told, and a simulator on a virtual clock.
package sentside

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cucumber/godog"
	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/seed"
	"github.com/sentsim/sentsim/simulator/signing"
	"github.com/sentsim/sentsim/simulator/webhook"
)

// world is one scenario's.
type world struct {
	endpoint *endpoint
	clock    *clock.Virtual
	start    time.Time
	chance   *seed.Stream

	// What the Givens said; it takes effect with the first When.
	knobs simulator.Knobs
	cfg   webhook.Config

	sim     *simulator.Simulator
	id      uuid.UUID
	secrets []signing.Secret // of the webhook, the current one last
	since   time.Time        // of the last event or message
}

// Bind gives a scenario its steps, on a fresh world.
func Bind(sc *godog.ScenarioContext) {
	w := &world{
		start:  time.Date(2025, 10, 31, 10, 10, 42, 0, time.UTC),
		chance: seed.Seed(1).Stream("features/simulator"),
		knobs:  simulator.DefaultKnobs(),
	}
	w.clock = clock.NewVirtual(w.start)
	sc.Before(func(ctx context.Context, _ *godog.Scenario) (context.Context, error) {
		var err error
		w.endpoint, err = newEndpoint(ctx)
		if err == nil {
			w.cfg = webhook.Config{DisplayName: "orders", EndpointURL: w.endpoint.url()}
		}
		return ctx, err
	})
	sc.After(func(ctx context.Context, _ *godog.Scenario, _ error) (context.Context, error) {
		return ctx, w.close()
	})
	w.bindGiven(sc)
	w.bindWhen(sc)
	w.bindThen(sc)
	w.bindThenRequest(sc)
}

func (w *world) close() error {
	var err error
	if w.sim != nil {
		err = w.sim.Close()
	}
	if w.endpoint != nil {
		err = errors.Join(err, w.endpoint.close())
	}
	return err
}

// begin registers the webhook as the Givens said, once.
func (w *world) begin() error {
	if w.sim != nil {
		return nil
	}
	sim, err := simulator.New(simulator.Config{
		Seed: 1, Clock: w.clock, Knobs: w.knobs,
		// Attempts are signed with simulated time: so it shows that each has its own.
		Wall: w.clock.Now,
	})
	if err != nil {
		return err
	}
	w.sim = sim
	hook, err := sim.RegisterWebhook(w.cfg)
	w.id, w.secrets = hook.ID, []signing.Secret{hook.SigningSecret}
	return err
}

// emit makes the event of that name happen.
func (w *world) emit(name string) error {
	if err := w.begin(); err != nil {
		return err
	}
	kind, err := event.Lookup(name)
	if err != nil {
		return err
	}
	e, err := kind.Sample(w.chance, w.sim.Now())
	if err != nil {
		return err
	}
	w.since = w.sim.Now()
	_, err = w.sim.Emit(e)
	return err
}

func (w *world) webhook() (webhook.Webhook, error) {
	if err := w.begin(); err != nil {
		return webhook.Webhook{}, err
	}
	return w.sim.Webhook(w.id)
}

func (w *world) history() ([]delivery.Delivery, error) {
	if err := w.begin(); err != nil {
		return nil, err
	}
	return w.sim.Deliveries(w.id)
}

// last is the latest delivery.
func (w *world) last() (delivery.Delivery, error) {
	all, err := w.history()
	if err == nil && len(all) == 0 {
		err = errors.New("the history has no delivery")
	}
	if err != nil {
		return delivery.Delivery{}, err
	}
	return all[len(all)-1], nil
}

// same is nil when got is want, else an error that says of what.
func same[T comparable](what string, got, want T) error {
	if got == want {
		return nil
	}
	return fmt.Errorf("%s: got %v, want %v", what, got, want)
}
