package steps

import (
	"context"
	"fmt"
	"time"

	"github.com/sentsim/sentsim/scenarios/driver"
	"github.com/sentsim/sentsim/scenarios/target"
	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/webhook"
)

// series is a simulator whose time the scenario spends. It starts as long ago
// as it will spend, so that no event lies in the receiver's future. Attempts that
// are meant to fail fail on the sending side and never reach the receiver.
type series struct {
	sim     *simulator.Simulator
	webhook webhook.Webhook
	fault   *target.FaultPoint
	start   time.Time
	w       *World
}

// retriesOfSeries is how often a series retries an event: enough for every scenario.
const retriesOfSeries = 3

// lead is the backoff of one event that fails for good, or that gets through
// with its last retry.
func (w *World) lead() time.Duration {
	schedule := delivery.Schedule{
		Base: w.s.Knobs.BackoffBase, Cap: w.s.Knobs.BackoffCap, Factor: w.s.Knobs.BackoffFactor,
	}
	var sum time.Duration
	for n := 1; n <= retriesOfSeries; n++ {
		sum += schedule.Delay(n, 0)
	}
	return sum
}

func (w *World) startSeries(lead time.Duration) error {
	start := w.s.Start
	if start.IsZero() {
		start = clock.Wall()
	}
	start = start.Add(-lead).Truncate(time.Second).UTC()
	ticks, err := clock.Parse(w.s.Clock, start)
	if err != nil {
		return err
	}
	s := &series{w: w, start: start}
	s.fault = target.NewFaultPoint(passage{s})
	s.sim, err = simulator.New(simulator.Config{Seed: w.s.Seed, Clock: ticks, Start: start, Knobs: w.driver().Knobs, Sender: s.fault})
	if err != nil {
		return err
	}
	w.series = s
	retries := retriesOfSeries
	if w.s.Knobs.RetryCountCounts == "attempts" {
		retries++
	}
	s.webhook, err = s.sim.AdoptWebhook(w.webhook, webhook.Config{
		DisplayName: "target", EndpointURL: w.s.Target.URL(), RetryCount: &retries,
	}, w.s.Env.Secret)
	return err
}

func (s *series) close() error {
	s.w.s.spent.Add(int64(s.sim.Now().Sub(s.start)))
	return s.sim.Close()
}

// drain lets time pass until no delivery waits; others may send meanwhile only
// on a clock that really takes that long.
func (s *series) drain(ctx context.Context) error { return s.sim.Drain(ctx) }

// passage is what gets through to the receiver: it adds the run's own headers
// and timeout and keeps what was seen.
type passage struct{ s *series }

// Send implements delivery.Sender.
func (p passage) Send(ctx context.Context, r delivery.Request, _ time.Duration) delivery.Outcome {
	w := p.s.w
	r.Headers = append(r.Headers, w.s.Headers...)
	sent := p.s.sim.Now()
	x := w.sendPaced(ctx, driver.Planned{What: "a delivery minutes after its event", Request: r})
	x.Sent = sent
	return w.keep(x).Outcome
}

func (w *World) cannotBeReached(ctx context.Context, attempts int, status string) error {
	m, err := w.the(0)
	if err != nil {
		return err
	}
	w.series.fault.Refuse(attempts)
	if _, err := w.series.sim.Emit(w.event(m, event.Status(status))); err != nil {
		return err
	}
	return w.series.drain(ctx)
}

func (w *World) failedEventsDisable(ctx context.Context) error {
	events := w.s.Knobs.DisableThreshold
	if w.s.Knobs.DisableCounts == "attempts" {
		events = (events + retriesOfSeries) / (1 + retriesOfSeries) // rounded up
	}
	if err := w.startSeries(time.Duration(events) * w.lead()); err != nil {
		return err
	}
	s := w.series
	defer s.fault.Clear() // the last event may have been cut short
	for range events {
		s.fault.Refuse(1 + retriesOfSeries)
		e, err := w.eventNow(ctx)
		if err != nil {
			return err
		}
		if _, err := s.sim.Emit(e); err != nil {
			return err
		}
		if err := s.drain(ctx); err != nil {
			return err
		}
	}
	hook, err := s.sim.Webhook(s.webhook.ID)
	if err != nil {
		return err
	}
	if hook.IsActive {
		return fmt.Errorf("%d failed events did not disable the webhook: %d count, with the knobs of this run", events, hook.ConsecutiveFailures)
	}
	return nil
}

// eventNow is an event of a new message, at the series' time.
func (w *World) eventNow(ctx context.Context) (event.Event, error) {
	before := w.at
	defer func() { w.at = before }()
	w.at = w.series.sim.Now()
	return w.plain(ctx)
}

func (w *World) reEnabled() error {
	return w.series.sim.SetActive(w.series.webhook.ID, true)
}

func (w *World) deliversThroughIt(ctx context.Context) error {
	e, err := w.eventNow(ctx)
	if err != nil {
		return err
	}
	if _, err := w.series.sim.Emit(e); err != nil {
		return err
	}
	return w.series.drain(ctx)
}
