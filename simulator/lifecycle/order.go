// Package lifecycle is what may happen to a message or a template and in which
// order: the partial order of message statuses, the state that a receiver must
// end in whatever the order of arrival, and plans of a message's or template's
// way drawn from a seed (sections "message lifecycle" and "template events" of
// Sent's webhook documentation). It is pure: it knows no clock and no HTTP.
package lifecycle

import "github.com/sentsim/sentsim/simulator/event"

// Rank is how far along the line QUEUED < ROUTED < SENT < DELIVERED < READ a
// status is; from the extended set, SCHEDULED comes before QUEUED and PROCESSED
// between QUEUED and ROUTED. ok is false for statuses that are not on the line:
// FAILED, FILTERED, BLOCKED and CANCELLED leave it, RECEIVED is inbound, others are unknown.
func Rank(s event.Status) (rank int, ok bool) {
	switch s {
	case event.Scheduled:
		return 1, true
	case event.Queued:
		return 2, true
	case event.Processed:
		return 3, true
	case event.Routed:
		return 4, true
	case event.Sent:
		return 5, true
	case event.Delivered:
		return 6, true
	case event.Read:
		return 7, true
	case event.Failed, event.Filtered, event.Blocked, event.Cancelled, event.Received:
	}
	return 0, false
}

// Precedes reports whether a comes before b in every message that has both: a
// is lower on the line, or b leaves the line and a is where it can be left from.
// FAILED can follow whatever is before DELIVERED; FILTERED and BLOCKED whatever
// is before ROUTED, CANCELLED only SCHEDULED. Reroutes of the extended set are the exception.
func Precedes(a, b event.Status) bool {
	from, ok := Rank(a)
	if !ok {
		return false
	}
	if to, ok := Rank(b); ok {
		return from < to
	}
	limit, ok := leavesBefore(b)
	if !ok {
		return false
	}
	end, _ := Rank(limit)
	return from < end
}

// leavesBefore is the first status of the line from which s cannot be reached
// any more; ok is false when s does not leave the line.
func leavesBefore(s event.Status) (limit event.Status, ok bool) {
	switch s {
	case event.Failed:
		return event.Delivered, true
	case event.Filtered, event.Blocked:
		return event.Routed, true
	case event.Cancelled:
		return event.Queued, true
	case event.Queued, event.Routed, event.Sent, event.Delivered, event.Read,
		event.Received, event.Scheduled, event.Processed:
	}
	return "", false
}

// Terminal reports whether nothing follows s: FAILED and READ; with the
// extended set FILTERED, BLOCKED and CANCELLED too. There, a FAILED of one route can be
// followed by a reroute, which Allowed knows; it is terminal all the same.
func Terminal(s event.Status, extended bool) bool {
	switch s {
	case event.Failed, event.Read:
		return true
	case event.Filtered, event.Blocked, event.Cancelled:
		return extended
	case event.Queued, event.Routed, event.Sent, event.Delivered,
		event.Received, event.Scheduled, event.Processed:
	}
	return false
}

// Allowed reports whether to may be the next status that Sent generates after
// from for a message on ch; from is "" before the first. Statuses in between
// may be missing, so every later one is allowed. READ needs a channel that
// reports it. With extended, a FAILED may be followed by the QUEUED of a reroute.
func Allowed(from, to event.Status, ch event.Channel, extended bool) bool {
	if !known(to, extended) || to == event.Read && !ReportsRead(ch) {
		return false
	}
	if from == "" {
		return true
	}
	if from == event.Failed {
		return extended && to == event.Queued
	}
	return known(from, extended) && Precedes(from, to)
}

// ReportsRead reports whether a channel tells that a message was opened.
func ReportsRead(ch event.Channel) bool {
	switch ch {
	case event.WhatsApp, event.RCS:
		return true
	case event.SMS, event.MMS, event.Voice, event.Unrouted, event.Auto:
	}
	return false
}

// known reports whether s belongs to the outbound lifecycle.
func known(s event.Status, extended bool) bool {
	switch s {
	case event.Queued, event.Routed, event.Sent, event.Delivered, event.Read, event.Failed:
		return true
	case event.Scheduled, event.Cancelled, event.Filtered, event.Blocked, event.Processed:
		return extended
	case event.Received:
	}
	return false
}
