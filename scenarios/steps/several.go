package steps

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sentsim/sentsim/scenarios/driver"
	"github.com/sentsim/sentsim/scenarios/rule"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
)

// few is how many messages are enough where every answer takes a second.
const few = 6

// slowAnswer is from when on an answer is slow.
const slowAnswer = 150 * time.Millisecond

// messagesSeenUpTo are the messages that a scenario begins with: one, two, many, or one
// on each channel that shows. What happens only now and then, or only on one channel,
// is met by many. ago is not "" where the scenario spends time afterwards.
func (w *World) messagesSeenUpTo(ctx context.Context, which, number, status, ago string) error {
	channels := []event.Channel{event.WhatsApp}
	switch {
	case which == "two messages to one recipient" && w.s.Arrange != nil:
		return leftOut("the app sends its messages itself, and may refuse a second one to the same recipient")
	case strings.HasPrefix(which, "two messages"):
		channels = slices.Repeat(channels, 2)
	case which == OnEveryChannel:
		channels = slices.DeleteFunc(event.Channels(), func(ch event.Channel) bool { return !w.s.Traits.Takes(ch) })
	case number != "":
		if err := w.needs(rule.MessageStatus); err != nil {
			return err
		}
		n, err := strconv.Atoi(number)
		if err != nil {
			return err
		}
		if w.s.Traits.Answer > slowAnswer && !w.s.Wide() {
			n = min(n, few)
		}
		w.s.behind.Store(w.s.behind.Load() || w.s.Traits.Lag > slowAnswer) // so much may take a queue a while
		channels = nil
		for i := range n {
			channels = append(channels, event.Channels()[i%len(event.Channels())])
		}
	}
	retried := ago == ", some minutes ago" // as many as its retries take
	if retried {
		if err := w.startSeries(w.lead()); err != nil {
			return err
		}
	}
	var all []*message
	for _, ch := range channels {
		m, err := w.addMessage(ctx, ch)
		if err != nil {
			return err
		}
		if which == "two messages to one recipient" && len(all) > 0 {
			m.To = all[0].To
		}
		all = append(all, m)
		switch {
		case retried:
			m.Born = w.series.start.Add(-driver.Position(event.Delivered))
		case ago != "": // within the five that receivers may wrongly allow an event itself: that is RET-1's
			m.Born = w.at.Add(-4 * time.Minute)
		}
	}
	return w.seeAll(ctx, all, w.s.Traits.WayTo(event.Status(status)))
}

// gaps are how long after the first of two events the second is sent: a receiver
// that reads a row and writes it some milliseconds later is met in between.
func gaps() []time.Duration {
	return []time.Duration{0, 500 * time.Microsecond, time.Millisecond, 2 * time.Millisecond, 3 * time.Millisecond}
}

// deliversBoth delivers two events of a message that differ in nothing but the status:
// in turn, or at the same instant, or, for many messages, the newer first by a little
// more each time, and the other way.
func (w *World) deliversBoth(ctx context.Context, whose, older, newer, how string) error {
	messages, err := w.messagesOf(whose)
	if err != nil {
		return err
	}
	first, second := event.Status(older), event.Status(newer)
	if err := w.travels(first, second); err != nil {
		return err
	}
	atOnce, inTurn := how == "at the same instant", how == InTurn
	if !atOnce && !inTurn && w.s.Traits.Words.Same(first, second) {
		return leftOut("%s and %s go under one word in the receiver's state", first, second)
	}
	var pairs [][]driver.Planned
	for i, m := range messages {
		a, b := m.Event(first), m.Event(second)
		a.CreatedAt, a.Outbound.UpdatedAt = b.CreatedAt, b.Outbound.UpdatedAt
		m.history = append(m.history, first, second)
		both := []driver.Planned{
			{What: fmt.Sprintf("its %s event", first), Request: w.signed(a)},
			{What: fmt.Sprintf("its %s event", second), Request: w.signed(b)},
		}
		switch {
		case inTurn:
			pairs = append(pairs, both[:1], both[1:])
			continue
		case atOnce:
			both[0].What = fmt.Sprintf("its %s and %s events at the same instant", first, second)
			both[1].What = both[0].What
		default:
			both[0].What += ", almost at the same instant"
			if i%3 != 2 {
				slices.Reverse(both)
			}
			both[1].After = gaps()[i/3%len(gaps())]
		}
		pairs = append(pairs, both)
	}
	if !inTurn && w.s.Wide() {
		pairs = [][]driver.Planned{slices.Concat(pairs...)}
	}
	for _, both := range pairs {
		if inTurn {
			err = w.sendEach(ctx, both)
		} else {
			_, err = w.sendPlanned(ctx, both)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// deliversOfTwo delivers an event of each of two messages, in turn or together.
func (w *World) deliversOfTwo(ctx context.Context, first, second, together string) error {
	if w.s.Traits.Words.Same(event.Status(first), event.Status(second)) && first != second { // if they mixed, nobody could see it
		return leftOut("%s and %s go under one word in the receiver's state", first, second)
	}
	var both []delivery.Request
	for i, st := range []event.Status{event.Status(first), event.Status(second)} {
		m, err := w.the(i)
		if err != nil {
			return err
		}
		if together == "" {
			if err := w.deliver(ctx, m, st); err != nil {
				return err
			}
			continue
		}
		m.history = append(m.history, st)
		both = append(both, w.signed(m.Event(st)))
	}
	if together == "" {
		return nil
	}
	return w.sendAll(ctx, fmt.Sprintf("the %s event of one message and the %s event of another at the same instant", first, second), both)
}

// copiesArrive sends copies of one event together, and those of one message after those
// of another: all of them together would be a burst, which is ACK-2's.
func (w *World) copiesArrive(ctx context.Context, n int, whose, status string) error {
	messages, err := w.messagesOf(whose)
	if err != nil {
		return err
	}
	st := event.Status(status)
	for i, m := range messages {
		what := fmt.Sprintf("one of %d copies of its %s event", n, st)
		if whose != "its" {
			what += " on " + string(m.Channel)
		}
		if i > 0 {
			if err := w.workedOff(ctx, messages[i-1], st); err != nil {
				return err
			}
		}
		m.history = append(m.history, st)
		if err := w.sendAll(ctx, what+" at the same instant", slices.Repeat([]delivery.Request{w.signed(m.Event(st))}, n)); err != nil {
			return err
		}
	}
	return nil
}
