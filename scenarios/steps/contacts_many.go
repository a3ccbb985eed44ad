package steps

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/sentsim/sentsim/scenarios/driver"
	"github.com/sentsim/sentsim/scenarios/probe"
	"github.com/sentsim/sentsim/scenarios/rule"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/event"
)

// contactsSendOnEveryChannel is for those channels that the receiver handles. Every
// text comes from a contact of its own: once, in so many copies at the same instant,
// or with another text of that contact at almost the same instant.
func (w *World) contactsSendOnEveryChannel(ctx context.Context, n int, copies, another string) error {
	if another != "" && w.s.Traits.Answer > slowAnswer && !w.s.Wide() {
		n = 1
	}
	perContact, _ := strconv.Atoi(copies) // digits, or none
	var groups [][]driver.Planned         // by contact
	for _, ch := range event.Channels() {
		if !w.s.Traits.TakesInbound(ch) || slices.Contains(w.s.Traits.Refused, ch) {
			continue
		}
		for range n {
			w.contact = nil
			text := w.textOn(ch, 0)
			group := []driver.Planned{text}
			switch {
			case perContact > 1:
				text.What = fmt.Sprintf("one of %d copies of %s at the same instant", perContact, text.What)
				group = slices.Repeat([]driver.Planned{text}, perContact)
			case another != "":
				other := w.textOn(ch, time.Second)
				other.After = gaps()[len(groups)%len(gaps())]
				group = append(group, other)
			}
			w.contact.copied = perContact > 1
			w.contacts = append(w.contacts, w.contact)
			groups = append(groups, group)
		}
	}
	switch {
	case perContact > 1:
		return w.sendGroups(ctx, groups, true)
	case another == "":
		return w.sendEach(ctx, slices.Concat(groups...))
	}
	return w.sendGroups(ctx, groups, false)
}

// textOn is a new text of the scenario's contact on a channel, so much after the
// scenario's beginning.
func (w *World) textOn(ch event.Channel, after time.Duration) driver.Planned {
	text := w.newText()
	e := w.inboundAt(&text, ch, w.at.Add(after))
	return driver.Planned{What: fmt.Sprintf("an inbound %q on %s", text, ch), Request: w.signed(e)}
}

// sendGroups sends what each contact writes together, and one contact's after that of
// another: all of it together would be a burst, which is ACK-2's. apart waits in
// between, so that what was sent is worked off. A contact of whom nothing is accepted
// is left out: INB-1 says so.
func (w *World) sendGroups(ctx context.Context, groups [][]driver.Planned, apart bool) error {
	writers, before := w.contacts, w.pending
	w.contacts = nil
	var accepted []Exchange
	send := func(group []driver.Planned) ([]Exchange, error) {
		w.pending = nil
		return w.sendPlanned(ctx, group)
	}
	var together []Exchange
	if !apart && w.s.Wide() {
		var err error
		if together, err = send(slices.Concat(groups...)); err != nil {
			return err
		}
	}
	for i, group := range groups {
		var xs []Exchange
		if together != nil {
			xs, together = together[:len(group)], together[len(group):]
		} else {
			if apart && len(w.contacts) > 0 {
				if err := w.countedAlready(ctx, w.contacts[len(w.contacts)-1]); err != nil {
					return err
				}
			}
			var err error
			if xs, err = send(group); err != nil {
				return err
			}
		}
		if slices.ContainsFunc(xs, func(x Exchange) bool { return x.Outcome.Accepted() }) {
			w.contacts, accepted = append(w.contacts, writers[i]), append(accepted, xs...)
		}
	}
	w.pending = append(before, accepted...)
	if len(w.contacts) == 0 {
		return leftOut("no inbound text is accepted (INB-1 says so)")
	}
	return nil
}

// countedAlready waits until the receiver has counted a text of a contact, but no
// longer than for one whose count cannot be read: state may lag by seconds.
func (w *World) countedAlready(ctx context.Context, c *contact) error {
	return w.away(func() error {
		if !w.can(rule.InboundCount) {
			return clock.Real{}.Sleep(ctx, betweenCopies)
		}
		_, err := probe.Poll(ctx, betweenCopies, w.inboundState(w.form(c.number)), func(st probe.State) bool { return st.Count > 0 })
		return err
	})
}
