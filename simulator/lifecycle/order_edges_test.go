package lifecycle_test

import (
	"slices"
	"testing"

	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/lifecycle"
)

func TestRankFollowsTheLine(t *testing.T) {
	line := []event.Status{event.Scheduled, event.Queued, event.Processed, event.Routed, event.Sent, event.Delivered, event.Read}
	last := 0
	for _, s := range line {
		rank, ok := lifecycle.Rank(s)
		if !ok || rank <= last {
			t.Errorf("Rank(%s) = %d, %v; want more than %d", s, rank, ok, last)
		}
		last = rank
		if got := lifecycle.Resolve([]event.Status{s}); got != s {
			t.Errorf("%s alone resolves to %q", s, got)
		}
	}
	for name, s := range statuses() {
		if slices.Contains(line, s) {
			continue
		}
		if rank, ok := lifecycle.Rank(s); ok || rank != 0 {
			t.Errorf("Rank(%q) = %d, %v; %q is not on the line", s, rank, ok, name)
		}
	}
}

// What the lifecycle does not know comes neither before nor after anything.
func TestUnknownStatusesPrecedeNothing(t *testing.T) {
	for _, s := range statuses() {
		for _, unknown := range []event.Status{"ON_FIRE", "", event.Received} {
			if lifecycle.Precedes(s, unknown) || lifecycle.Precedes(unknown, s) {
				t.Errorf("%q and %q stand in an order", s, unknown)
			}
		}
	}
}

func TestReroutedNeedsSomethingAfterAFailure(t *testing.T) {
	plan := func(statuses ...event.Status) []lifecycle.Step {
		var steps []lifecycle.Step
		for _, s := range statuses {
			steps = append(steps, lifecycle.Step{Status: s})
		}
		return steps
	}
	for _, c := range []struct {
		plan []lifecycle.Step
		want bool
	}{
		{nil, false},
		{plan(event.Failed), false},
		{plan(event.Queued, event.Failed), false},
		{plan(event.Failed, event.Queued), true},
		{plan(event.Queued, event.Failed, event.Queued, event.Delivered), true},
		{plan(event.Queued, event.Sent, event.Delivered), false},
	} {
		if got := lifecycle.Rerouted(c.plan); got != c.want {
			t.Errorf("Rerouted(%s) = %v", names(c.plan), got)
		}
	}
}
