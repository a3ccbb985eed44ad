package lifecycle

import (
	"slices"

	"github.com/sentsim/sentsim/simulator/event"
)

// Resolve is the status in which a correct receiver has a message once these
// events arrived, in whatever order and however often each: the order of arrival
// never matters (ORD-1 to ORD-7). A terminal failure beats everything before
// DELIVERED; else the furthest on the line wins. Statuses outside the lifecycle
// are ignored; with nothing left the result is "".
//
// A failure together with DELIVERED or READ is undecided: sources and good
// receivers differ. Resolve then says DELIVERED or READ, since the message did
// reach the device; Acceptable lists every answer that is right.
func Resolve(arrived []event.Status) event.Status {
	if all := Acceptable(arrived); len(all) > 0 {
		return all[0]
	}
	return ""
}

// Acceptable is every status that a correct receiver may end in, the one that
// Resolve says first. A message that was rerouted (see Rerouted) is not to be
// judged by it at all: a receiver cannot tell a reroute's SENT from a late one.
func Acceptable(arrived []event.Status) []event.Status {
	var furthest event.Status
	var failures []event.Status // in order of arrival, without repetition
	best := 0
	for _, s := range arrived {
		if rank, ok := Rank(s); ok {
			if rank > best {
				best, furthest = rank, s
			}
			continue
		}
		if _, ok := leavesBefore(s); ok && !slices.Contains(failures, s) {
			failures = append(failures, s)
		}
	}
	switch {
	case len(failures) == 0 && furthest == "":
		return nil
	case len(failures) == 0:
		return []event.Status{furthest}
	case furthest == event.Delivered || furthest == event.Read:
		return append([]event.Status{furthest}, failures...)
	}
	return failures
}

// Rerouted reports whether a plan goes on after a failure: only in the extended
// set. The final status of such a message is not judged.
func Rerouted(plan []Step) bool {
	for i, s := range plan {
		if s.Status == event.Failed && i < len(plan)-1 {
			return true
		}
	}
	return false
}
