package lifecycle

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sentsim/sentsim/simulator/event"
)

// Outcome is how a message ends. The zero Outcome is drawn.
type Outcome string

// The outcomes. The status that names one is always reported; others before it
// may be skipped.
const (
	EndsRead           Outcome = "read"                // not on SMS
	EndsDelivered      Outcome = "delivered"           // and is never opened
	EndsSent           Outcome = "sent"                // no receipt ever comes
	EndsRouted         Outcome = "routed"              // the provider says nothing more
	EndsQueued         Outcome = "queued"              // never leaves the queue
	EndsFailedQueued   Outcome = "failed_queued"       // no route to the destination
	EndsFailedRouted   Outcome = "failed_routed"       // the carrier refuses it
	EndsFailedSent     Outcome = "failed_sent"         // handset offline, number unreachable
	EndsFailedReceipt  Outcome = "failed_receipt"      // sent, and much later the receipt times out
	EndsFiltered       Outcome = "filtered"            // extended
	EndsBlocked        Outcome = "blocked"             // extended
	ScheduledDelivered Outcome = "scheduled_delivered" // extended: parked by quiet hours, then delivered
	EndsCancelled      Outcome = "cancelled"           // extended: parked, and cancelled before its time
	ReroutedDelivered  Outcome = "rerouted_delivered"  // extended: fails on one channel, delivered on another
)

// Outcomes are those that a message on ch can have.
func Outcomes(ch event.Channel, extended bool) []Outcome {
	all := []Outcome{
		EndsDelivered, EndsSent, EndsRouted, EndsQueued,
		EndsFailedQueued, EndsFailedRouted, EndsFailedSent, EndsFailedReceipt,
	}
	if ReportsRead(ch) {
		all = slices.Insert(all, 0, EndsRead)
	}
	if extended {
		all = append(all, EndsFiltered, EndsBlocked, ScheduledDelivered, EndsCancelled, ReroutedDelivered)
	}
	return all
}

// Step is one event in a plan.
type Step struct {
	After   time.Duration // since the plan's start; whole milliseconds, increasing
	Status  event.Status
	Channel event.Channel // as the payload says it: see Options.Automatic
	Reason  string        // of FAILED, FILTERED and BLOCKED; else ""
	Code    string        // of Reason: a stable one, such as DELIVERY_007; else ""
	Until   time.Duration // of SCHEDULED and CANCELLED: when it is to leave, since the plan's start
}

// Options is what is known of a message before its plan is drawn.
type Options struct {
	Channel  event.Channel // SMS when empty
	Extended bool          // with scheduled, filtered and blocked messages, and reroutes
	// Automatic says that Sent chooses the channel. Only with Extended: events
	// before routing then carry the channel "sent", a message that ends without
	// having been routed "auto".
	Automatic bool
	Outcome   Outcome // drawn when empty
	Skips     bool    // between the first status and the one that names the end, none is reported
	Prompt    bool    // no wait is longer than it must be, and no handset is away
}

// Validate tells whether there is such a channel, and such an outcome on it.
func (o Options) Validate() error {
	ch := o.channel()
	if !slices.Contains(event.Channels(), ch) {
		return fmt.Errorf("channel %q: a message travels on sms, whatsapp or rcs", ch)
	}
	if o.Automatic && !o.Extended {
		return fmt.Errorf("automatic routing is part of the extended set: switch extended on")
	}
	if o.Outcome == "" {
		return nil
	}
	possible := Outcomes(ch, o.Extended)
	if slices.Contains(possible, o.Outcome) {
		return nil
	}
	names := make([]string, len(possible))
	for i, p := range possible {
		names[i] = string(p)
	}
	switch {
	case o.Outcome == EndsRead:
		return fmt.Errorf("outcome %q: %s has no read receipts", o.Outcome, ch)
	case slices.Contains(Outcomes(ch, true), o.Outcome):
		return fmt.Errorf("outcome %q is part of the extended set: switch extended on", o.Outcome)
	}
	return fmt.Errorf("unknown outcome %q: use one of %s", o.Outcome, strings.Join(names, ", "))
}

func (o Options) channel() event.Channel {
	if o.Channel == "" {
		return event.SMS
	}
	return o.Channel
}
