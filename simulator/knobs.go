package simulator

import (
	"errors"
	"fmt"
	"time"

	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/webhook"
)

// Knobs are the platform's settings where its documentation is silent, has
// changed, or disagrees with itself. DefaultKnobs is Sent as documented today.
type Knobs struct {
	Envelope        event.Envelope
	Numbers         event.Numbers
	InboundShape    event.InboundShape
	EventTypeHeader bool // send X-Webhook-Event-Type

	Order       delivery.Order
	Concurrency int  // attempts in flight per webhook, with order concurrent
	Extended    bool // the extended set of events and reroutes

	RetryCount       int // of new webhooks that do not say
	TimeoutSeconds   int // likewise
	RetryCountCounts delivery.RetryCountCounts
	DisableCounts    webhook.Counts
	DisableThreshold int

	BackoffBase   time.Duration
	BackoffFactor float64
	BackoffCap    time.Duration
	BackoffJitter float64 // 0 to 1: up to which share a wait is shortened
}

// DefaultKnobs are the documented defaults.
func DefaultKnobs() Knobs {
	f, s := event.DefaultFormat(), delivery.DefaultSchedule()
	return Knobs{
		Envelope: f.Envelope, Numbers: f.Numbers, InboundShape: f.InboundShape, EventTypeHeader: true,
		Order: delivery.Concurrent, Concurrency: 64,
		RetryCount: webhook.DefaultRetryCount, TimeoutSeconds: webhook.DefaultTimeoutSeconds,
		RetryCountCounts: delivery.CountsRetries,
		DisableCounts:    webhook.CountsEvents, DisableThreshold: webhook.DisableThreshold,
		BackoffBase: s.Base, BackoffFactor: s.Factor, BackoffCap: s.Cap, BackoffJitter: s.Jitter,
	}
}

// Format is how events are encoded.
func (k Knobs) Format() event.Format {
	return event.Format{Envelope: k.Envelope, Numbers: k.Numbers, InboundShape: k.InboundShape}
}

// Schedule is the backoff.
func (k Knobs) Schedule() delivery.Schedule {
	return delivery.Schedule{Base: k.BackoffBase, Cap: k.BackoffCap, Factor: k.BackoffFactor, Jitter: k.BackoffJitter}
}

func (k Knobs) rules() delivery.Rules {
	return delivery.Rules{
		Schedule: k.Schedule(), RetryCountCounts: k.RetryCountCounts,
		Health: webhook.HealthRules{Counts: k.DisableCounts, Threshold: k.DisableThreshold},
		Order:  k.Order, Concurrency: k.Concurrency, EventTypeHeader: k.EventTypeHeader,
	}
}

// Validate tells which knobs have values that are not accepted, and what does
// not fit together.
func (k Knobs) Validate() error {
	var problems []error
	for _, knob := range KnobTable() {
		if err := new(Knobs).Set(knob.Name, k.Get(knob.Name)); err != nil {
			problems = append(problems, err)
		}
	}
	if len(problems) == 0 {
		if err := k.Schedule().Validate(); err != nil {
			problems = append(problems, fmt.Errorf("knobs: %w", err))
		}
	}
	return errors.Join(problems...)
}
