package lifecycle

import (
	"time"

	"github.com/sentsim/sentsim/simulator/event"
)

// Span is a range of waiting times, both ends included; Min is at least a
// millisecond, so that no two steps of a plan coincide.
type Span struct{ Min, Max time.Duration }

// Share is the part of messages that end in a certain way.
type Share struct {
	Outcome Outcome
	Of      float64 // 0 to 1
}

// Odds is how messages fare on one channel. The numbers are estimates that make
// a run look like traffic; Sent publishes none. Everything that is drawn for a
// plan stands here and in ExtendedOdds and TemplateOdds, nowhere else.
type Odds struct {
	// Ends are the shares of messages that are not delivered. The rest is.
	Ends []Share
	// Read is the share of delivered messages that are opened.
	Read float64

	// SkipRouted, SkipSent and SkipDelivered are how often a status that the
	// message went through is not reported.
	SkipRouted, SkipSent, SkipDelivered float64

	Routing  Span // queued to routed
	Handover Span // routed to sent
	Travel   Span // sent to delivered, or to a failure there
	Opening  Span // delivered to read

	// Offline is the share of messages that wait Away in addition to Travel.
	Offline float64
	Away    Span
	Receipt Span // sent to failed, when the receipt times out
}

// OddsOf is the table of a channel; of SMS for one that it does not know.
func OddsOf(ch event.Channel) Odds {
	switch ch {
	case event.WhatsApp:
		return Odds{
			Ends: []Share{
				{EndsFailedQueued, 0.010},
				{EndsFailedRouted, 0.025},
				{EndsFailedSent, 0.015},
				{EndsFailedReceipt, 0.005},
				{EndsSent, 0.060}, // the phone stays off
				{EndsRouted, 0.004},
				{EndsQueued, 0.002},
			},
			Read:       0.70,
			SkipRouted: 0.05, SkipSent: 0.03,
			SkipDelivered: 0.03, // the chat was open: only read is reported
			Routing:       Span{20 * time.Millisecond, 400 * time.Millisecond},
			Handover:      Span{80 * time.Millisecond, 1500 * time.Millisecond},
			Travel:        Span{300 * time.Millisecond, 6 * time.Second},
			Opening:       Span{2 * time.Second, 2 * time.Hour},
			Offline:       0.08, Away: Span{2 * time.Minute, 8 * time.Hour},
			Receipt: Span{24 * time.Hour, 48 * time.Hour},
		}
	case event.RCS:
		return Odds{
			Ends: []Share{
				{EndsFailedQueued, 0.040}, // many devices have no RCS
				{EndsFailedRouted, 0.020},
				{EndsFailedSent, 0.025},
				{EndsFailedReceipt, 0.010},
				{EndsSent, 0.070},
				{EndsRouted, 0.005},
				{EndsQueued, 0.002},
			},
			Read:       0.45,
			SkipRouted: 0.10, SkipSent: 0.12, SkipDelivered: 0.05,
			Routing:  Span{30 * time.Millisecond, 600 * time.Millisecond},
			Handover: Span{100 * time.Millisecond, 2 * time.Second},
			Travel:   Span{400 * time.Millisecond, 10 * time.Second},
			Opening:  Span{3 * time.Second, 3 * time.Hour},
			Offline:  0.10, Away: Span{2 * time.Minute, 8 * time.Hour},
			Receipt: Span{24 * time.Hour, 48 * time.Hour},
		}
	case event.SMS, event.MMS, event.Voice, event.Unrouted, event.Auto:
	}
	return Odds{
		Ends: []Share{
			{EndsFailedQueued, 0.010},
			{EndsFailedRouted, 0.030},
			{EndsFailedSent, 0.030},
			{EndsFailedReceipt, 0.015},
			{EndsSent, 0.050}, // the carrier sends no receipt
			{EndsRouted, 0.010},
			{EndsQueued, 0.002},
		},
		Read:       0, // carriers cannot know
		SkipRouted: 0.20,
		SkipSent:   0.60, // many carriers skip straight from routed to delivered
		Routing:    Span{20 * time.Millisecond, 500 * time.Millisecond},
		Handover:   Span{100 * time.Millisecond, 3 * time.Second},
		Travel:     Span{800 * time.Millisecond, 25 * time.Second},
		Offline:    0.06, Away: Span{2 * time.Minute, 12 * time.Hour},
		Receipt: Span{24 * time.Hour, 72 * time.Hour},
	}
}

// Extension is what the extended set adds, on every channel.
type Extension struct {
	Scheduled         float64 // parked by quiet hours first
	Cancelled         float64 // of those that are parked: cancelled before their time
	Filtered, Blocked float64 // stopped before routing
	Reroute           float64 // of failures after routing: a channel not tried yet is
	QuietHours        Span    // scheduled to queued
	Requeue           Span    // failed to queued
}

// ExtendedOdds is the table of the extended set.
func ExtendedOdds() Extension {
	return Extension{
		Scheduled: 0.05, Cancelled: 0.10, Filtered: 0.02, Blocked: 0.01, Reroute: 0.60,
		QuietHours: Span{30 * time.Minute, 10 * time.Hour},
		Requeue:    Span{50 * time.Millisecond, 2 * time.Second},
	}
}

// reason is what FAILED, FILTERED and BLOCKED say: a stable code and its sentence.
type reason struct{ code, text string }

// reasons are those that there are, by outcome and channel.
func reasons(end Outcome, ch event.Channel) []reason {
	switch end {
	case EndsFailedQueued:
		common := []reason{
			{"DELIVERY_001", "No route available to the destination country"}, {"DELIVERY_002", "No provider available for this channel"},
		}
		switch ch {
		case event.WhatsApp:
			return append(common, reason{"DELIVERY_003", "Recipient has no WhatsApp account"})
		case event.RCS:
			return append(common, reason{"DELIVERY_004", "Recipient's device does not support RCS"})
		case event.SMS, event.MMS, event.Voice, event.Unrouted, event.Auto:
		}
		return append(common, reason{"DELIVERY_005", "Destination is a landline"})
	case EndsFailedRouted:
		common := []reason{
			{"DELIVERY_011", "Rejected by carrier: content policy"}, {"DELIVERY_012", "Rejected by carrier: blocked number"},
		}
		switch ch {
		case event.WhatsApp:
			return []reason{
				{"DELIVERY_013", "Rejected by provider: template is paused"},
				{"DELIVERY_014", "Rejected by provider: recipient limit reached"},
				common[1],
			}
		case event.RCS:
			return append(common, reason{"DELIVERY_015", "Rejected by provider: agent is not launched on this carrier"})
		case event.SMS, event.MMS, event.Voice, event.Unrouted, event.Auto:
		}
		return append(common, reason{"DELIVERY_016", "Rejected by carrier: sender is not registered"})
	case EndsFailedSent:
		return []reason{
			{"DELIVERY_008", "Handset offline"}, {"DELIVERY_007", "Number unreachable"}, {"DELIVERY_009", "Number no longer in service"},
		}
	case EndsFailedReceipt:
		return []reason{{"DELIVERY_010", "Delivery receipt timed out"}}
	case EndsFiltered:
		return []reason{{"BUSINESS_006", "Stopped by content policy"}, {"BUSINESS_007", "Stopped by frequency policy"}}
	case EndsBlocked:
		return []reason{
			{event.ConsentBlocked, "Recipient has opted out"}, {"BUSINESS_008", "Destination country is blocked for this account"},
		}
	case EndsRead, EndsDelivered, EndsSent, EndsRouted, EndsQueued, ScheduledDelivered, EndsCancelled, ReroutedDelivered:
	}
	return []reason{{}}
}
