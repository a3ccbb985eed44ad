// Package learn finds out how a receiver was built before it is judged: which
// edition shows in its state, which channels, which statuses it keeps and under
// which words, whether it knows only messages that it sent itself. It sends
// genuine deliveries only, and draws them from the run's seed. What it cannot
// tell it does not guess. What differs from the contract and is not confirmed by
// the configuration is a Deviation: one failure of one rule.
package learn

import (
	"slices"
	"time"

	"github.com/sentsim/sentsim/scenarios/driver"
	"github.com/sentsim/sentsim/scenarios/probe"
	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/event"
)

// Traits are what was learned of a receiver. The zero value is a receiver of
// which nothing was learned: it is judged by the contract's own words.
type Traits struct {
	Learned bool // learning came to its end

	Edition string          // what deliveries are made like from here on; "" for the run's own knobs
	Knobs   simulator.Knobs // of these deliveries

	Channels        []event.Channel // of outbound messages, those that show; empty: not told
	Refused         []event.Channel // of outbound messages, those on which events are refused
	InboundChannels []event.Channel // likewise of inbound texts
	// RefusedStatuses are those whose events are refused, though others of the same
	// messages are taken.
	RefusedStatuses []event.Status
	Words           Words

	// Reviews are its words for a template's statuses PENDING, APPROVED and REJECTED;
	// nil where they are not told, and Sent's own are looked for.
	Reviews Words

	// OwnOnly: only messages that it sent itself show, or are taken.
	OwnOnly Certainty
	Arrange bool   // the configuration says how such a message comes to be
	Before  string // what an arranged message shows before its first event, "" for nothing

	Plain Plain // the genuine delivery that it takes without knowing anything

	InboundShape event.InboundShape // that shows; "" for none, or not told
	Inbound      Sight
	Outbound     Sight
	Template     Sight

	// WebhookIDIsEventID: it takes X-Webhook-ID, which never changes, for the id of the event.
	WebhookIDIsEventID bool

	Lag        time.Duration // the longest between an acknowledgement and the state
	Answer     time.Duration // the longest answer to one of several deliveries together
	Quickest   time.Duration // the quickest answer of all
	SideBySide int           // how many deliveries it takes in about the time of one; 0: not told

	// Notes are what gives a defect away without a probe, a sentence each.
	Notes      []string
	Deviations []Deviation
}

// Sight is whether something can be seen in the receiver's state.
type Sight struct {
	Shows  bool
	Why    string // it does not, in one sentence
	Remedy string // what would make it visible
	Cause  string // id of the cause that stands behind it, or ""
}

// Certainty is how sure a trait or a cause is.
type Certainty string

// The certainties.
const (
	Unknown Certainty = ""
	Likely  Certainty = "likely"  // nothing speaks against it
	Matches Certainty = "matches" // what was seen is what it would look like
	Tried   Certainty = "tried"   // an experiment has told it from everything else
)

// Deviation is what differs from the contract and is not confirmed: it fails its
// rule, and only that.
type Deviation struct {
	ID        string // of the cause
	Rule      string
	Name      string // of the failed scenario
	Reason    string
	Fix       string // the line of the configuration that confirms it, or what to change
	Seen      string // of the receiver's state or answer
	Certainty Certainty
	At        *driver.Exchange // the genuine delivery that was refused; nil: none was, or it is the plain one
}

// Plain is a kind of delivery that needs nothing to have happened before.
type Plain string

// The kinds, in the order in which they are tried.
const (
	PlainMessage  Plain = ""
	PlainInbound  Plain = "message.received"
	PlainTemplate Plain = "templates"
)

// Word is what the receiver calls a status; Kept is false where it does not keep it.
type Word struct {
	Text string
	Kept bool
}

// Words are the receiver's words, by status. A status that is missing goes under
// Sent's own word.
type Words map[event.Status]Word

// Of is the word of a status, as the receiver or as Sent spells it.
func (w Words) Of(st event.Status) string {
	if word, ok := w[st]; ok && word.Text != "" {
		return word.Text
	}
	return string(st)
}

// Kept reports whether a status has a word.
func (w Words) Kept(st event.Status) bool {
	word, ok := w[st]
	return !ok || word.Kept
}

// Same reports whether two statuses cannot be told apart in the state.
func (w Words) Same(a, b event.Status) bool { return bare(w.Of(a)) == bare(w.Of(b)) }

// Is reports whether a reading shows the status.
func (w Words) Is(s probe.State, st event.Status) bool { return w.Kept(st) && s.StatusIs(w.Of(st)) }

// First is the first status of the lifecycle by which an event shows, "" for none:
// not one under whose word an arranged message begins.
func (t Traits) First() event.Status {
	for _, st := range driver.Lifecycle() {
		if t.Words.Kept(st) && (t.Before == "" || bare(t.Words.Of(st)) != bare(t.Before)) {
			return st
		}
	}
	return ""
}

// Takes reports whether messages on a channel show, as far as is known.
func (t Traits) Takes(ch event.Channel) bool {
	return len(t.Channels) == 0 || slices.Contains(t.Channels, ch)
}

// TakesInbound likewise for texts of contacts.
func (t Traits) TakesInbound(ch event.Channel) bool {
	return len(t.InboundChannels) == 0 || slices.Contains(t.InboundChannels, ch)
}

// Channel is the channel that shows for a scenario that asks for one: that one, or
// the first that shows and on which the statuses can occur.
func (t Traits) Channel(want event.Channel, statuses ...event.Status) (event.Channel, bool) {
	fits := func(ch event.Channel) bool {
		return t.Takes(ch) && !slices.ContainsFunc(statuses, func(st event.Status) bool { return !driver.Travels(st, ch) })
	}
	if fits(want) {
		return want, true
	}
	for _, ch := range event.Channels() {
		if fits(ch) {
			return ch, true
		}
	}
	return "", false
}

// InboundChannel is the channel that shows for an inbound text that wants one.
func (t Traits) InboundChannel(want event.Channel) event.Channel {
	if !t.TakesInbound(want) {
		return t.InboundChannels[0]
	}
	return want
}

// Refuses reports whether an event of a message that it did not send is refused.
func (t Traits) Refuses() bool { return t.Plain != PlainMessage }

// Travels reports whether an event of that status is taken, as far as is known.
func (t Traits) Travels(st event.Status) bool { return !slices.Contains(t.RefusedStatuses, st) }

// Opening is the status of the first event of a message that is taken.
func (t Traits) Opening() event.Status {
	for _, st := range append(driver.Lifecycle(), event.Failed) {
		if t.Travels(st) {
			return st
		}
	}
	return event.Queued
}

// WayTo is the statuses of a message in order until that one, without those whose
// events are refused.
func (t Traits) WayTo(last event.Status) []event.Status {
	return slices.DeleteFunc(slices.Clone(driver.WayTo(last)), func(st event.Status) bool { return !t.Travels(st) })
}

// bare is a word without what never matters: case, spaces and the event's "message.".
func bare(word string) string { return probe.BareWord(word) }
