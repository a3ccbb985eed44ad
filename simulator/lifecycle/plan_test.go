package lifecycle_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/lifecycle"
	"github.com/sentsim/sentsim/simulator/seed"
)

func drawOptions(t *rapid.T) lifecycle.Options {
	o := lifecycle.Options{
		Channel:  rapid.SampledFrom(event.Channels()).Draw(t, "channel"),
		Extended: rapid.Bool().Draw(t, "extended"),
	}
	o.Automatic = o.Extended && rapid.Bool().Draw(t, "automatic")
	o.Skips = rapid.Bool().Draw(t, "skips")
	o.Prompt = rapid.Bool().Draw(t, "prompt")
	outcomes := append([]lifecycle.Outcome{""}, lifecycle.Outcomes(o.Channel, o.Extended)...)
	o.Outcome = rapid.SampledFrom(outcomes).Draw(t, "outcome")
	return o
}

func drawPlan(t *rapid.T, o lifecycle.Options) []lifecycle.Step {
	s := seed.Seed(rapid.Uint64().Draw(t, "seed"))
	plan := lifecycle.PlanMessage(s.Stream("message", 7), o)
	if again := lifecycle.PlanMessage(s.Stream("message", 7), o); !slices.Equal(plan, again) {
		t.Fatalf("one seed, two plans:\n%v\n%v", plan, again)
	}
	return plan
}

func TestPlansKeepTheLifecycle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := drawOptions(t)
		if err := o.Validate(); err != nil {
			t.Fatal(err)
		}
		plan := drawPlan(t, o)
		if first := plan[0]; first.After != 0 || first.Status != event.Queued && first.Status != event.Scheduled {
			t.Fatalf("starts with %+v", first)
		}
		line := []event.Status{event.Scheduled, event.Queued, event.Routed, event.Sent, event.Delivered, event.Read}
		routes := 1
		for i, step := range plan {
			if step.Status == event.Read && (step.Channel == event.SMS || !slices.Contains(event.Channels(), step.Channel)) {
				t.Fatalf("read on %s", step.Channel)
			}
			ended := step.Status == event.Failed || step.Status == event.Filtered || step.Status == event.Blocked
			if ended != (step.Reason != "") || ended != (step.Code != "") {
				t.Fatalf("%s with reason %q and code %q", step.Status, step.Reason, step.Code)
			}
			if parked := step.Status == event.Scheduled || step.Status == event.Cancelled; parked != (step.Until > 0) {
				t.Fatalf("%s until %v", step.Status, step.Until)
			}
			if !o.Extended && !slices.Contains(append(line[1:], event.Failed), step.Status) {
				t.Fatalf("%s without the extended set", step.Status)
			}
			if step.After%time.Millisecond != 0 {
				t.Fatalf("%v is not in whole milliseconds", step.After)
			}
			if i == 0 {
				continue
			}
			prev := plan[i-1]
			if step.After <= prev.After {
				t.Fatalf("time stands still between %+v and %+v", prev, step)
			}
			if !lifecycle.Allowed(prev.Status, step.Status, step.Channel, o.Extended) {
				t.Fatalf("%s after %s in %v", step.Status, prev.Status, plan)
			}
			// The same once more without Allowed.
			switch {
			case prev.Status == event.Failed:
				routes++
				if !o.Extended || step.Status != event.Queued {
					t.Fatalf("%s after a failure in %v", step.Status, plan)
				}
			case prev.Status == event.Filtered, prev.Status == event.Blocked, prev.Status == event.Cancelled, prev.Status == event.Read:
				t.Fatalf("%s after the end in %v", step.Status, plan)
			case step.Status == event.Cancelled && prev.Status == event.Scheduled: // before its time, and nothing else
			case !ended && slices.Index(line, step.Status) <= slices.Index(line, prev.Status):
				t.Fatalf("%s after %s in %v", step.Status, prev.Status, plan)
			case step.Status == event.Failed && prev.Status == event.Delivered:
				t.Fatalf("failed after delivered in %v", plan)
			}
		}
		if routes > 3 {
			t.Fatalf("%d routes in %v", routes, plan)
		}
		if got := lifecycle.Rerouted(plan); got != (routes > 1) {
			t.Fatalf("Rerouted = %v with %d routes", got, routes)
		}
	})
}

func TestArrivalNeverChangesTheEnd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := drawOptions(t)
		if o.Outcome == lifecycle.ReroutedDelivered {
			o.Outcome = ""
		}
		plan := drawPlan(t, o)
		if lifecycle.Rerouted(plan) {
			t.Skip("a rerouted message is not judged")
		}
		var arrived []event.Status
		for _, step := range plan {
			arrived = append(arrived, step.Status)
		}
		last := arrived[len(arrived)-1]
		arrived = rapid.Permutation(append(arrived, arrived...)).Draw(t, "arrived")
		if got := lifecycle.Resolve(arrived); got != last || len(lifecycle.Acceptable(arrived)) != 1 {
			t.Fatalf("%v resolves to %q, planned %q", arrived, got, last)
		}
	})
}

func TestOutcomesEndAsTheySay(t *testing.T) {
	last := map[lifecycle.Outcome]string{ // the plan's last statuses
		lifecycle.EndsRead:           "READ",
		lifecycle.EndsDelivered:      "DELIVERED",
		lifecycle.EndsSent:           "SENT",
		lifecycle.EndsRouted:         "ROUTED",
		lifecycle.EndsQueued:         "QUEUED",
		lifecycle.EndsFailedQueued:   "QUEUED FAILED",
		lifecycle.EndsFailedRouted:   "ROUTED FAILED",
		lifecycle.EndsFailedSent:     "SENT FAILED",
		lifecycle.EndsFailedReceipt:  "SENT FAILED",
		lifecycle.EndsFiltered:       "QUEUED FILTERED",
		lifecycle.EndsBlocked:        "QUEUED BLOCKED",
		lifecycle.ScheduledDelivered: "DELIVERED",
		lifecycle.EndsCancelled:      "SCHEDULED CANCELLED",
		lifecycle.ReroutedDelivered:  "DELIVERED",
	}
	for _, ch := range event.Channels() {
		for _, outcome := range lifecycle.Outcomes(ch, true) {
			for n := range uint64(40) {
				plan := lifecycle.PlanMessage(seed.Seed(1).Stream("m", n), lifecycle.Options{Channel: ch, Extended: true, Outcome: outcome})
				if got := names(plan); !strings.HasSuffix(got, last[outcome]) || last[outcome] == "" {
					t.Errorf("%s on %s: %s, want it to end in %s", outcome, ch, got, last[outcome])
				}
				if got, want := plan[0].Status == event.Scheduled, outcome == lifecycle.ScheduledDelivered || outcome == lifecycle.EndsCancelled; got != want {
					t.Errorf("%s on %s: %s", outcome, ch, names(plan))
				}
				if got, want := lifecycle.Rerouted(plan), outcome == lifecycle.ReroutedDelivered; got != want {
					t.Errorf("%s on %s: %s", outcome, ch, names(plan))
				}
				if end := plan[len(plan)-1]; lifecycle.Rerouted(plan) && end.Channel == ch {
					t.Errorf("rerouted from %s to %s", ch, end.Channel)
				}
				receipt := plan[len(plan)-1].After >= 24*time.Hour
				if outcome == lifecycle.EndsFailedReceipt && !receipt {
					t.Errorf("the receipt times out after %v", plan[len(plan)-1].After)
				}
			}
		}
	}
}

func names(plan []lifecycle.Step) string {
	var out []string
	for _, s := range plan {
		out = append(out, string(s.Status))
	}
	return strings.Join(out, " ")
}

// TestTraffic looks at many drawn plans at once: every way occurs, and SMS
// skips most.
func TestSkipsAllButTheFirstAndTheEnd(t *testing.T) {
	for n := range uint64(200) {
		o := lifecycle.Options{Channel: event.WhatsApp, Outcome: lifecycle.EndsRead, Skips: true}
		plan := lifecycle.PlanMessage(seed.Seed(1).Stream("m", n), o)
		if len(plan) != 2 || plan[0].Status != event.Queued || plan[1].Status != event.Read {
			t.Fatalf("message %d: %v", n, plan)
		}
	}
}

func TestPromptWaitsTheLeast(t *testing.T) {
	odds := lifecycle.OddsOf(event.SMS)
	least := odds.Routing.Min + odds.Handover.Min + odds.Travel.Min
	for n := range uint64(200) {
		o := lifecycle.Options{Channel: event.SMS, Outcome: lifecycle.EndsDelivered, Prompt: true}
		plan := lifecycle.PlanMessage(seed.Seed(1).Stream("m", n), o)
		if end := plan[len(plan)-1]; end.After != least {
			t.Fatalf("message %d ends after %v, want %v: %v", n, end.After, least, plan)
		}
	}
}

func TestTraffic(t *testing.T) {
	const messages = 6000
	skipped := map[event.Channel]int{}
	for _, ch := range event.Channels() {
		seen := map[string]int{}
		delivered := 0
		for n := range uint64(messages) {
			plan := lifecycle.PlanMessage(seed.Seed(3).Stream("m", n), lifecycle.Options{Channel: ch})
			seen[names(plan)]++
			end := plan[len(plan)-1].Status
			if end == event.Delivered || end == event.Read {
				delivered++
				if !strings.Contains(names(plan), "SENT") {
					skipped[ch]++
				}
			}
		}
		for _, way := range []string{
			"QUEUED", "QUEUED FAILED", "QUEUED ROUTED", "QUEUED ROUTED FAILED", "QUEUED ROUTED SENT", "QUEUED ROUTED SENT FAILED",
			"QUEUED ROUTED SENT DELIVERED", "QUEUED ROUTED DELIVERED", "QUEUED SENT DELIVERED", "QUEUED DELIVERED",
		} {
			if seen[way] == 0 {
				t.Errorf("%s: no message of %d went %s", ch, messages, way)
			}
		}
		if got := seen["QUEUED ROUTED SENT DELIVERED READ"] > 0; got != lifecycle.ReportsRead(ch) {
			t.Errorf("%s: read %v", ch, got)
		}
		if share := float64(delivered) / messages; share < 0.75 || share > 0.97 {
			t.Errorf("%s: %.2f delivered", ch, share)
		}
	}
	if skipped[event.SMS] < messages/2 || skipped[event.SMS] < 3*skipped[event.WhatsApp] {
		t.Errorf("sms should skip most: %v", skipped)
	}
}

func TestExtendedTraffic(t *testing.T) {
	const messages = 20000
	seen := map[event.Status]int{}
	channels := map[event.Channel]int{}
	most := 0
	for n := range uint64(messages) {
		plan := lifecycle.PlanMessage(seed.Seed(3).Stream("m", n), lifecycle.Options{Channel: event.SMS, Extended: true, Automatic: true})
		routes := map[event.Channel]bool{}
		for _, s := range plan {
			if s.Channel == event.Auto && len(routes) > 0 {
				t.Fatalf("auto on a message that was routed: %v", plan)
			}
			seen[s.Status]++
			channels[s.Channel]++
			if s.Status != event.Queued && s.Status != event.Scheduled && s.Channel != event.Auto {
				routes[s.Channel] = true
			}
			if s.Channel == event.Unrouted && s.Status != event.Queued && s.Status != event.Scheduled {
				t.Fatalf("%s names no channel", s.Status)
			}
		}
		most = max(most, len(routes))
	}
	for _, s := range []event.Status{event.Scheduled, event.Filtered, event.Blocked, event.Read} {
		if seen[s] == 0 {
			t.Errorf("%s never occurs in %d messages", s, messages)
		}
	}
	for _, ch := range []event.Channel{event.SMS, event.WhatsApp, event.RCS, event.Unrouted, event.Auto} {
		if channels[ch] == 0 {
			t.Errorf("channel %s never occurs in %d messages", ch, messages)
		}
	}
	if most != 3 {
		t.Errorf("at most %d channels are tried, want 3", most)
	}
}

func TestValidate(t *testing.T) {
	for _, c := range []struct {
		o    lifecycle.Options
		want string // in the error; "" for none
	}{
		{lifecycle.Options{}, ""},
		{lifecycle.Options{Channel: event.RCS, Outcome: "read"}, ""},
		{lifecycle.Options{Channel: event.SMS, Outcome: "read"}, "sms has no read receipts"},
		{lifecycle.Options{Outcome: "blocked"}, "switch extended on"},
		{lifecycle.Options{Automatic: true}, "switch extended on"},
		{lifecycle.Options{Outcome: "lost"}, "use one of delivered, sent"},
		{lifecycle.Options{Channel: "pigeon"}, "sms, whatsapp or rcs"},
		{lifecycle.Options{Channel: event.Auto}, "sms, whatsapp or rcs"},
	} {
		err := c.o.Validate()
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", c.o, err, c.want)
		}
		for n := range uint64(50) { // and no plan breaks because of it
			for _, s := range lifecycle.PlanMessage(seed.Seed(1).Stream("m", n), c.o) {
				if s.Status == event.Read && c.o.Channel != event.RCS || s.Status == event.Blocked || s.Channel == event.Unrouted {
					t.Errorf("%+v: %s", c.o, s.Status)
				}
			}
		}
	}
	if err := (lifecycle.TemplateOptions{Outcome: "lost"}).Validate(); err == nil || !strings.Contains(err.Error(), "approved, rejected") {
		t.Errorf("template outcome: %v", err)
	}
}

func TestOddsAreProbabilities(t *testing.T) {
	check := func(name string, p float64) {
		t.Helper()
		if p < 0 || p > 1 {
			t.Errorf("%s is %v", name, p)
		}
	}
	span := func(name string, s lifecycle.Span) {
		t.Helper()
		if s.Min < time.Millisecond || s.Max < s.Min {
			t.Errorf("%s is %v", name, s)
		}
	}
	for _, ch := range event.Channels() {
		o := lifecycle.OddsOf(ch)
		sum := 0.0
		for _, share := range o.Ends {
			check(string(ch)+" "+string(share.Outcome), share.Of)
			sum += share.Of
			if err := (lifecycle.Options{Channel: ch, Outcome: share.Outcome}).Validate(); err != nil {
				t.Error(err)
			}
		}
		check(string(ch)+" ends together", sum)
		for _, p := range []float64{o.Read, o.SkipRouted, o.SkipSent, o.SkipDelivered, o.Offline} {
			check(string(ch), p)
		}
		for _, s := range []lifecycle.Span{o.Routing, o.Handover, o.Travel, o.Away, o.Receipt} {
			span(string(ch), s)
		}
		if lifecycle.ReportsRead(ch) {
			span(string(ch), o.Opening)
		} else if o.Read != 0 {
			t.Errorf("%s: read %v", ch, o.Read)
		}
	}
	x := lifecycle.ExtendedOdds()
	check("gates", x.Filtered+x.Blocked)
	check("scheduled", x.Scheduled)
	check("cancelled", x.Cancelled)
	check("reroute", x.Reroute)
	span("quiet hours", x.QuietHours)
	span("requeue", x.Requeue)
	review := lifecycle.TemplateOdds()
	span("deciding", review.Deciding)
	span("later", review.Later)
}

func TestTemplatePlans(t *testing.T) {
	last := map[lifecycle.TemplateOutcome]string{
		lifecycle.TemplatePending: "PENDING", lifecycle.TemplateApproved: "APPROVED", lifecycle.TemplateRejected: "REJECTED",
		lifecycle.TemplateCategoryUpdated: "CATEGORY_UPDATED", lifecycle.TemplatePaused: "PAUSED", lifecycle.TemplateDisabled: "DISABLED",
	}
	ends := map[string]bool{}
	for _, outcome := range append(lifecycle.TemplateOutcomes(), "") {
		rapid.Check(t, func(t *rapid.T) {
			o := lifecycle.TemplateOptions{
				Category: rapid.SampledFrom([]string{"", event.Marketing, event.Utility, event.Authentication}).Draw(t, "category"),
				Outcome:  outcome,
			}
			s := seed.Seed(rapid.Uint64().Draw(t, "seed"))
			plan := lifecycle.PlanTemplate(s.Stream("template"), o)
			if again := lifecycle.PlanTemplate(s.Stream("template"), o); !reflect.DeepEqual(plan, again) {
				t.Fatalf("one seed, two plans: %v, %v", plan, again)
			}
			if plan[0].After != 0 || plan[0].Status != "PENDING" || plan[0].Approved || plan[0].Category == "" {
				t.Fatalf("starts with %+v", plan[0])
			}
			end := plan[len(plan)-1]
			ends[end.Status] = true
			if o.Outcome != "" && end.Status != last[o.Outcome] {
				t.Fatalf("%s ends in %s", o.Outcome, end.Status)
			}
			if o.Outcome == "" && !slices.Contains([]string{"PENDING", "APPROVED", "REJECTED", "CATEGORY_UPDATED", "PAUSED", "DISABLED"}, end.Status) {
				t.Fatalf("ends in %q", end.Status)
			}
			for i, step := range plan[1:] {
				if step.After <= plan[i].After {
					t.Fatalf("time stands still: %+v", plan)
				}
				if (step.Status == "REJECTED" || step.Status == "CATEGORY_UPDATED") && step.Reason == nil {
					t.Fatalf("%s without a reason", step.Status)
				}
				if step.Approved != (step.Status != "REJECTED") {
					t.Fatalf("%s approved %v", step.Status, step.Approved)
				}
				if moved := step.Category != plan[i].Category; moved != (step.Status == "CATEGORY_UPDATED") {
					t.Fatalf("category from %s to %s with %s", plan[i].Category, step.Category, step.Status)
				}
			}
		})
	}
	if len(ends) != len(last) {
		t.Errorf("only these ends occur: %v", ends)
	}
}

func TestTemplateTraffic(t *testing.T) {
	seen := map[string]int{}
	for n := range uint64(3000) {
		plan := lifecycle.PlanTemplate(seed.Seed(5).Stream("template", n), lifecycle.TemplateOptions{})
		seen[plan[len(plan)-1].Status]++
	}
	if len(seen) != 6 || seen["APPROVED"] < 1500 {
		t.Errorf("drawn ends: %v", seen)
	}
}
