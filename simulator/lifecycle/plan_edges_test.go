package lifecycle_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/lifecycle"
	"github.com/sentsim/sentsim/simulator/seed"
)

// plans draws n plans from one seed.
func plans(n uint64, o lifecycle.Options) [][]lifecycle.Step {
	var all [][]lifecycle.Step
	for i := range n {
		all = append(all, lifecycle.PlanMessage(seed.Seed(11).Stream("edges", i), o))
	}
	return all
}

func TestOutcomesInTheOrderOffered(t *testing.T) {
	const plain = "delivered sent routed queued failed_queued failed_routed failed_sent failed_receipt"
	const extended = " filtered blocked scheduled_delivered cancelled rerouted_delivered"
	for _, c := range []struct {
		ch       event.Channel
		extended bool
		want     string
	}{
		{event.SMS, false, plain},
		{event.SMS, true, plain + extended},
		{event.WhatsApp, false, "read " + plain},
		{event.RCS, true, "read " + plain + extended},
	} {
		var got []string
		for _, o := range lifecycle.Outcomes(c.ch, c.extended) {
			got = append(got, string(o))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s, extended %v: %v, want %s", c.ch, c.extended, got, c.want)
		}
	}
}

func TestNoChannelMeansSMS(t *testing.T) {
	for _, extended := range []bool{false, true} {
		for _, o := range []lifecycle.Outcome{"", lifecycle.EndsDelivered} {
			sms := plans(100, lifecycle.Options{Channel: event.SMS, Extended: extended, Outcome: o})
			none := plans(100, lifecycle.Options{Extended: extended, Outcome: o})
			for i := range sms {
				if !slices.Equal(sms[i], none[i]) {
					t.Fatalf("plan %d: %v, want %v", i, none[i], sms[i])
				}
			}
		}
	}
}

func TestRefusedOptionsCountAsNone(t *testing.T) {
	drawn := plans(200, lifecycle.Options{Channel: event.SMS})
	for name, o := range map[string]lifecycle.Options{
		"read on sms":                {Channel: event.SMS, Outcome: lifecycle.EndsRead},
		"unknown outcome":            {Channel: event.SMS, Outcome: "lost"},
		"automatic without extended": {Channel: event.SMS, Automatic: true},
	} {
		for i, plan := range plans(200, o) {
			if !slices.Equal(plan, drawn[i]) {
				t.Fatalf("%s: plan %d is %v, want %v", name, i, plan, drawn[i])
			}
		}
	}
}

// Before routing, an event of an automatically routed message names the channel
// "sent", or "auto" when the message ends there; after routing the real one.
func TestChannelsOfAutomaticRouting(t *testing.T) {
	for _, ch := range event.Channels() {
		for _, plan := range plans(3000, lifecycle.Options{Channel: ch, Extended: true}) {
			for _, s := range plan {
				if !slices.Contains(event.Channels(), s.Channel) {
					t.Fatalf("%s on %q although the channel was chosen: %v", s.Status, s.Channel, plan)
				}
			}
		}
		for _, plan := range plans(3000, lifecycle.Options{Channel: ch, Extended: true, Automatic: true}) {
			routed := false
			for i, s := range plan {
				switch s.Status {
				case event.Scheduled, event.Queued:
					if s.Channel != event.Unrouted {
						t.Fatalf("%s on %q before routing: %v", s.Status, s.Channel, plan)
					}
				case event.Filtered, event.Blocked, event.Cancelled:
					if s.Channel != event.Auto {
						t.Fatalf("%s on %q without a route: %v", s.Status, s.Channel, plan)
					}
				case event.Failed:
					// ROUTED may go unreported only where the failure says that it happened.
					rightAfterQueued := plan[i-1].Status == event.Queued
					if rightAfterQueued && !routed && s.Channel != event.Auto {
						t.Fatalf("FAILED on %q without ever a route: %v", s.Channel, plan)
					}
					if (!rightAfterQueued || routed) && !slices.Contains(event.Channels(), s.Channel) {
						t.Fatalf("FAILED on %q after routing: %v", s.Channel, plan)
					}
					routed = true // where another route follows
				case event.Routed, event.Sent, event.Delivered, event.Read, event.Received, event.Processed:
					routed = true
					if !slices.Contains(event.Channels(), s.Channel) {
						t.Fatalf("%s on %q after routing: %v", s.Status, s.Channel, plan)
					}
				}
			}
		}
	}
}

// TestExtendedShares holds the extended set to its table: with this many
// messages a share is well within a fifth of what the table says.
func TestExtendedShares(t *testing.T) {
	const messages = 12000
	x := lifecycle.ExtendedOdds()
	scheduled, cancelled, filtered, blocked := 0, 0, 0, 0
	failedLate, rerouted := map[event.Status]int{}, map[event.Status]int{} // by the last status before the failure
	for _, plan := range plans(messages, lifecycle.Options{Channel: event.SMS, Extended: true}) {
		for i, s := range plan {
			last := i == len(plan)-1
			switch s.Status {
			case event.Scheduled:
				scheduled++
			case event.Cancelled:
				cancelled++
			case event.Filtered:
				filtered++
			case event.Blocked:
				blocked++
			case event.Failed:
				if s.Channel != event.SMS { // the first route only
					continue
				}
				before := plan[i-1].Status
				failedLate[before]++
				if !last {
					rerouted[before]++
				}
			case event.Queued, event.Routed, event.Sent, event.Delivered, event.Read, event.Received, event.Processed:
			}
			if (s.Status == event.Filtered || s.Status == event.Blocked || s.Status == event.Read) && !last {
				t.Fatalf("goes on after %s: %v", s.Status, plan)
			}
			if !last && plan[i+1].After <= s.After {
				t.Fatalf("time stands still: %v", plan)
			}
		}
	}
	about := func(name string, n, of int, want float64) {
		t.Helper()
		if got := float64(n) / float64(of); got < want*0.8 || got > want*1.2 {
			t.Errorf("%s: %d of %d, want a share of about %v", name, n, of, want)
		}
	}
	about("scheduled", scheduled, messages, x.Scheduled)
	if rough := float64(cancelled) / float64(scheduled); rough < x.Cancelled/2 || rough > x.Cancelled*2 {
		t.Errorf("%d of %d parked messages are cancelled, want a share of about %v", cancelled, scheduled, x.Cancelled)
	}
	about("filtered", filtered, messages, x.Filtered)
	about("blocked", blocked, messages, x.Blocked)
	about("rerouted after routed", rerouted[event.Routed], failedLate[event.Routed], x.Reroute)
	if failedLate[event.Queued] == 0 || rerouted[event.Queued] > 0 {
		t.Errorf("%d of %d failures without a route are rerouted", rerouted[event.Queued], failedLate[event.Queued])
	}
	// A failure after SENT is rerouted, one whose receipt times out is not.
	if n := rerouted[event.Sent]; n == 0 || n >= failedLate[event.Sent]*2/3 {
		t.Errorf("%d of %d failures after SENT are rerouted", n, failedLate[event.Sent])
	}
}

// TestRoutesRunOut: a message that fails on every channel ends there.
func TestRoutesRunOut(t *testing.T) {
	ranOut := 0
	for n := range uint64(150_000) {
		plan := lifecycle.PlanMessage(seed.Seed(11).Stream("routes", n), lifecycle.Options{Channel: event.SMS, Extended: true})
		routes := map[event.Channel]int{}
		for _, s := range plan {
			if s.Status == event.Queued {
				routes[s.Channel]++
			}
		}
		for ch, times := range routes {
			if times > 1 || !slices.Contains(event.Channels(), ch) {
				t.Fatalf("%d routes on %q: %v", times, ch, plan)
			}
		}
		if len(routes) == len(event.Channels()) && plan[len(plan)-1].Status == event.Failed {
			ranOut++
		}
	}
	if ranOut == 0 {
		t.Error("no message fails on every channel: draw more of them")
	}
}

// TestRerouteFailsEitherWay: a reroute on request follows a refusal by the
// carrier or a failure on the way.
func TestRerouteFailsEitherWay(t *testing.T) {
	ways := map[event.Status]int{}
	for _, plan := range plans(100, lifecycle.Options{Channel: event.RCS, Extended: true, Outcome: lifecycle.ReroutedDelivered}) {
		for i, s := range plan {
			if s.Status == event.Failed {
				ways[plan[i-1].Status]++
			}
		}
	}
	if len(ways) != 2 || ways[event.Routed] < 20 || ways[event.Sent] < 20 {
		t.Errorf("failures after %v, want ROUTED and SENT", ways)
	}
}

// TestWaitsStayInTheirSpans reads the waiting times of full lifecycles.
func TestWaitsStayInTheirSpans(t *testing.T) {
	const messages = 4000
	odds := lifecycle.OddsOf(event.WhatsApp)
	within := func(s lifecycle.Span, d time.Duration) bool {
		return d >= s.Min.Truncate(time.Millisecond) && d <= s.Max
	}
	full, away, uneven := 0, 0, 0
	for _, plan := range plans(messages, lifecycle.Options{Channel: event.WhatsApp, Outcome: lifecycle.EndsRead}) {
		if names(plan) != "QUEUED ROUTED SENT DELIVERED READ" {
			continue
		}
		full++
		gap := func(i int) time.Duration { return plan[i].After - plan[i-1].After }
		if !within(odds.Routing, gap(1)) || !within(odds.Handover, gap(2)) || !within(odds.Opening, gap(4)) {
			t.Fatalf("waits out of their spans: %v", plan)
		}
		if gap(1)%time.Second != 0 {
			uneven++
		}
		if !within(odds.Travel, gap(3)) {
			away++
			if !within(lifecycle.Span{Min: odds.Travel.Min + odds.Away.Min, Max: odds.Travel.Max + odds.Away.Max}, gap(3)) {
				t.Fatalf("delivered %v after sent", gap(3))
			}
		}
	}
	if share := float64(away) / float64(full); share < odds.Offline*2/3 || share > odds.Offline*4/3 {
		t.Errorf("%d of %d wait for the phone, want a share of about %v", away, full, odds.Offline)
	}
	if uneven < full*9/10 {
		t.Errorf("only %d of %d waits are finer than a second", uneven, full)
	}
	x := lifecycle.ExtendedOdds()
	for _, plan := range plans(200, lifecycle.Options{Channel: event.SMS, Extended: true, Outcome: lifecycle.ScheduledDelivered}) {
		if plan[0].Reason != "" || plan[1].Status != event.Queued || !within(x.QuietHours, plan[1].After) || plan[0].Until != plan[1].After {
			t.Fatalf("parked from %+v to %+v, want %v", plan[0], plan[1], x.QuietHours)
		}
	}
	for _, plan := range plans(200, lifecycle.Options{Channel: event.SMS, Extended: true, Outcome: lifecycle.EndsCancelled}) {
		if at := plan[1].After; at < time.Second || at >= plan[0].Until || plan[1].Until != plan[0].Until || !within(x.QuietHours, plan[0].Until) {
			t.Fatalf("parked by %+v and cancelled by %+v", plan[0], plan[1])
		}
	}
	for _, plan := range plans(200, lifecycle.Options{Channel: event.SMS, Extended: true, Outcome: lifecycle.ReroutedDelivered}) {
		for i, s := range plan {
			if s.Status == event.Failed && !within(x.Requeue, plan[i+1].After-s.After) {
				t.Fatalf("queued again %v after the failure, want %v", plan[i+1].After-s.After, x.Requeue)
			}
		}
	}
}
