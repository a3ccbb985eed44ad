package lifecycle_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/lifecycle"
)

// statuses is the columns of the tables below, by initial: Queued, rOuted,
// Sent, Delivered, rEad, Failed, Inbound received, sCheduled, fiLtered, Blocked, X cancelled, Processed.
func statuses() map[string]event.Status {
	return map[string]event.Status{
		"Q": event.Queued, "O": event.Routed, "S": event.Sent, "D": event.Delivered, "E": event.Read, "F": event.Failed,
		"I": event.Received, "C": event.Scheduled, "L": event.Filtered, "B": event.Blocked, "X": event.Cancelled, "P": event.Processed, "?": "ON_FIRE", "": "",
	}
}

func TestAllowed(t *testing.T) {
	for _, c := range []struct {
		name     string
		ch       event.Channel
		extended bool
		next     map[string]string // from -> every allowed successor
	}{
		{"sms: never read", event.SMS, false, map[string]string{
			"": "QOSDF", "Q": "OSDF", "O": "SDF", "S": "DF", "D": "",
		}},
		{"whatsapp", event.WhatsApp, false, map[string]string{
			"": "QOSDEF", "Q": "OSDEF", "O": "SDEF", "S": "DEF", "D": "E",
		}},
		{"rcs", event.RCS, false, map[string]string{
			"": "QOSDEF", "Q": "OSDEF", "O": "SDEF", "S": "DEF", "D": "E",
		}},
		{"rcs, extended: gates before routing, reroutes after a failure", event.RCS, true, map[string]string{
			"": "CXQPOSDEFLB", "C": "XQPOSDEFLB", "Q": "POSDEFLB", "P": "OSDEFLB", "O": "SDEF", "S": "DEF", "D": "E", "F": "Q",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for f, from := range statuses() {
				for s, to := range statuses() {
					want := s != "" && strings.Contains(c.next[f], s)
					if got := lifecycle.Allowed(from, to, c.ch, c.extended); got != want {
						t.Errorf("Allowed(%q, %q) = %v, want %v", from, to, got, want)
					}
				}
			}
		})
	}
}

func TestTerminal(t *testing.T) {
	for name, s := range statuses() {
		if got, want := lifecycle.Terminal(s, false), name != "" && strings.Contains("EF", name); got != want {
			t.Errorf("Terminal(%q) = %v, want %v", s, got, want)
		}
		if got, want := lifecycle.Terminal(s, true), name != "" && strings.Contains("EFLBX", name); got != want {
			t.Errorf("Terminal(%q, extended) = %v, want %v", s, got, want)
		}
	}
}

func TestPrecedesIsAStrictPartialOrder(t *testing.T) {
	all := statuses()
	for _, a := range all {
		for _, b := range all {
			if lifecycle.Precedes(a, b) && lifecycle.Precedes(b, a) {
				t.Errorf("%q and %q precede each other", a, b)
			}
			for _, c := range all {
				if lifecycle.Precedes(a, b) && lifecycle.Precedes(b, c) && !lifecycle.Precedes(a, c) {
					t.Errorf("%q precedes %q precedes %q, but not the last", a, b, c)
				}
			}
		}
	}
}

func TestResolve(t *testing.T) {
	for _, c := range []struct {
		name, arrived string
		want          string // acceptable, Resolve's answer first
	}{
		{"nothing", "", ""},
		{"the full lifecycle", "QOSDE", "E"},
		{"skipped states", "OD", "D"},
		{"a late earlier status never moves it back", "QDOSQ", "D"},
		{"read before delivered", "QSED", "E"},
		{"the first event is unknown to the receiver", "S", "S"},
		{"failed is terminal", "QF", "F"},
		{"a late sent does not overwrite failed", "QFS", "F"},
		{"failed alone", "F", "F"},
		{"duplicates", "QQOOFF", "F"},
		{"unknown and inbound statuses count for nothing", "?QI?", "Q"},
		{"only unknown ones", "?I", ""},
		{"undecided: failed after delivered", "QDF", "DF"},
		{"undecided: delivered after failed", "QFD", "DF"},
		{"undecided: read after failed", "FE", "EF"},
		{"extended: parked", "CQ", "Q"},
		{"extended: filtered", "QL", "L"},
		{"extended: blocked, then a late queued", "BQC", "B"},
		{"extended: cancelled, then a late scheduled", "XC", "X"},
		{"extended: two terminal gates", "LFL", "LF"},
	} {
		t.Run(c.name, func(t *testing.T) {
			list := func(initials string) []event.Status {
				var out []event.Status
				for _, r := range initials {
					out = append(out, statuses()[string(r)])
				}
				return out
			}
			arrived, want := list(c.arrived), list(c.want)
			if got := lifecycle.Acceptable(arrived); !slices.Equal(got, want) {
				t.Errorf("Acceptable(%v) = %v, want %v", arrived, got, want)
			}
			var first event.Status
			if len(want) > 0 {
				first = want[0]
			}
			if got := lifecycle.Resolve(arrived); got != first {
				t.Errorf("Resolve(%v) = %q, want %q", arrived, got, first)
			}
		})
	}
}

// TestResolveIgnoresArrival: repetition never matters, and order matters to no
// message of which only one answer is right.
func TestResolveIgnoresArrival(t *testing.T) {
	var all []event.Status
	for _, s := range statuses() {
		all = append(all, s)
	}
	slices.Sort(all)
	rapid.Check(t, func(t *rapid.T) {
		arrived := rapid.SliceOf(rapid.SampledFrom(all)).Draw(t, "arrived")
		if len(lifecycle.Acceptable(arrived)) > 1 {
			t.Skip("more than one answer is right")
		}
		repeated := append(slices.Clone(arrived), arrived...)
		shuffled := rapid.Permutation(repeated).Draw(t, "shuffled")
		if got, want := lifecycle.Resolve(shuffled), lifecycle.Resolve(arrived); got != want {
			t.Fatalf("%v gives %q, %v gives %q", arrived, want, shuffled, got)
		}
	})
}
