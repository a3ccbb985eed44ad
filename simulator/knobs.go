package simulator

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/webhook"
)

// Knobs are the platform's settings where its documentation is silent, has
// changed, or disagrees with itself. DefaultKnobs is Sent as it is today.
type Knobs struct {
	Edition       string // that the knobs up to Families were taken from; see Deviations
	Envelope      event.Envelope
	InboundShape  event.InboundShape
	OutboundShape event.OutboundShape
	EventIDHeader bool           // send X-Webhook-Event-ID
	Families      event.Families // of events that there are

	Numbers         event.Numbers
	EventTypeHeader bool   // send X-Webhook-Event-Type
	Keywords        string // the account's own, with commas between

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
	s := delivery.DefaultSchedule()
	return Knobs{
		Numbers: event.NumbersE164, EventTypeHeader: true, Keywords: "JOIN",
		Order: delivery.Concurrent, Concurrency: 64,
		RetryCount: webhook.DefaultRetryCount, TimeoutSeconds: webhook.DefaultTimeoutSeconds,
		RetryCountCounts: delivery.CountsRetries,
		DisableCounts:    webhook.CountsEvents, DisableThreshold: webhook.DisableThreshold,
		BackoffBase: s.Base, BackoffFactor: s.Factor, BackoffCap: s.Cap, BackoffJitter: s.Jitter,
	}.In(event.NewestEdition())
}

// In is k with every knob of an edition as that edition has it.
func (k Knobs) In(e event.Edition) Knobs {
	k.Edition, k.Envelope, k.InboundShape, k.OutboundShape = e.Name, e.Envelope, e.InboundShape, e.OutboundShape
	k.EventIDHeader, k.Families = e.EventIDHeader, e.Families
	return k
}

// Deviations are the names of the knobs that differ from k's edition, in the
// order of the table; none where k is that edition.
func (k Knobs) Deviations() []string {
	var names []string
	edition, err := event.LookupEdition(k.Edition)
	if err != nil {
		return nil
	}
	for _, name := range EditionKnobs() {
		if k.Get(name) != k.In(edition).Get(name) {
			names = append(names, name)
		}
	}
	return names
}

// EditionText is the edition in force, with the knobs that differ from it:
// "2026-05 with inbound_shape=numbered".
func (k Knobs) EditionText() string {
	text, word := k.Edition, " with "
	for _, name := range k.Deviations() {
		text, word = text+word+name+"="+k.Get(name), ", "
	}
	return text
}

// Has tells whether an event of the catalogue exists with these knobs. The error
// names the editions that have it.
func (k Knobs) Has(kind event.Kind) error {
	if k.Families == "" || k.Families.Has(kind.Parent()) { // the zero Knobs are the default ones
		return nil
	}
	return fmt.Errorf("edition %s has no event %q: the family %s is in %s (--edition)",
		k.EditionText(), kind.Name, kind.Parent(), strings.Join(event.InEditions(kind.Parent()), ", "))
}

// KeywordList is the account's own keywords one by one.
func (k Knobs) KeywordList() []string {
	return strings.FieldsFunc(k.Keywords, func(r rune) bool { return r == ',' || r == ' ' })
}

// Format is how events are encoded.
func (k Knobs) Format() event.Format {
	return event.Format{Envelope: k.Envelope, Numbers: k.Numbers, InboundShape: k.InboundShape, OutboundShape: k.OutboundShape}
}

// EventHeaders are the headers of an event's deliveries that are not signed, as
// far as they are sent.
func (k Knobs) EventHeaders(t event.Type, id uuid.UUID) delivery.EventHeaders {
	return k.rules().EventHeaders(t, id)
}

// Schedule is the backoff.
func (k Knobs) Schedule() delivery.Schedule {
	return delivery.Schedule{Base: k.BackoffBase, Cap: k.BackoffCap, Factor: k.BackoffFactor, Jitter: k.BackoffJitter}
}

func (k Knobs) rules() delivery.Rules {
	return delivery.Rules{
		Schedule: k.Schedule(), RetryCountCounts: k.RetryCountCounts,
		Health: webhook.HealthRules{Counts: k.DisableCounts, Threshold: k.DisableThreshold},
		Order:  k.Order, Concurrency: k.Concurrency,
		EventTypeHeader: k.EventTypeHeader, EventIDHeader: k.EventIDHeader,
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
