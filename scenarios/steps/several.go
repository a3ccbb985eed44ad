package steps

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/sentsim/sentsim/scenarios/driver"
	"github.com/sentsim/sentsim/scenarios/probe"
	"github.com/sentsim/sentsim/scenarios/rule"
	"github.com/sentsim/sentsim/simulator/event"
)

// The sentences about several messages at once: what happens only now and then,
// or only on one channel, is met by many.
func severalSentences() []definition {
	return []definition{
		def(`the sender gives up waiting for the answers to the "([^"]+)" events of (\d+) messages, a moment later each time`, func(w *World) any { return w.givesUp }),
		def(`Sent retries their "([^"]+)" events`, func(w *World) any { return w.retriesTheirs }),
		def(`messages on every channel that the receiver has seen up to "([^"]+)"`, func(w *World) any { return w.onEveryChannel }),
		def(`(\d+) copies of the "([^"]+)" event of each arrive at the same instant`, func(w *World) any { return w.copiesOfEach }),
		def(`the events of each have had the same effect as on a message that got each of them once`, func(w *World) any { return w.onceEachOfAll }),
		def(`(\d+) messages that the receiver has seen up to "([^"]+)"`, func(w *World) any { return w.manyMessages }),
		def(`Sent delivers all events up to "([^"]+)" of (\d+) messages, one message after the other`, func(w *World) any { return w.deliversAllOfMany }),
		def(`Sent delivers the "([^"]+)" and "([^"]+)" events of each at almost the same instant, in either order`, func(w *World) any { return w.deliversAlmostAtOnce }),
		def(`the late "([^"]+)" event of each arrives`, func(w *World) any { return w.lateOfEach }),
		def(`each message is still "([^"]+)"`, func(w *World) any { return w.eachIsStill }),
		def(`each message ends as "([^"]+)"`, func(w *World) any { return w.eachEnds }),
		def(`each message ends as "([^"]+)", as it does when they arrive one after the other in either order`, func(w *World) any { return w.eachEndsAsInEitherOrder }),
	}
}

// several are the messages of such a scenario, and what the events of one amount
// to when each is delivered once.
type several struct {
	messages []*message
	controls []*message // by message; nil where the first message's stands for all
	shown    []bool     // by message: what it was seen up to shows
}

// few is how many messages are enough where every answer takes a second.
const few = 6

func (w *World) manyMessages(ctx context.Context, n int, status string) error {
	if err := w.needs(rule.MessageStatus); err != nil {
		return err
	}
	if w.s.Traits.Answer > slowAnswer && !w.s.Wide() {
		n = min(n, few)
	}
	w.s.behind.Store(w.s.behind.Load() || w.s.Traits.Lag > slowAnswer) // so much may take a queue a while
	w.several = &several{}
	for i := range n {
		m, err := w.newMessage(ctx, event.Channels()[i%len(event.Channels())])
		if err != nil {
			return err
		}
		w.several.messages = append(w.several.messages, m)
	}
	return w.seeAllUpTo(ctx, w.several.messages, event.Status(status))
}

// slowAnswer is from when on an answer is slow.
const slowAnswer = 150 * time.Millisecond

// deliversAllOfMany delivers whole ways, so that messages that mix do not matter.
func (w *World) deliversAllOfMany(ctx context.Context, status string, n int) error {
	return w.manyMessages(ctx, n, status)
}

// sendEach sends one after the other, or side by side to a receiver that is slow
// and takes them so.
func (w *World) sendEach(ctx context.Context, planned []driver.Planned) error {
	if w.s.Wide() {
		_, err := w.sendPlanned(ctx, planned)
		return err
	}
	for _, p := range planned {
		if _, err := w.send(ctx, p.What, p.Request); err != nil {
			return err
		}
	}
	return nil
}

// gaps are how long after the first of two events the second is sent: a receiver
// that reads a row and writes it some milliseconds later is met in between.
func gaps() []time.Duration {
	return []time.Duration{0, 500 * time.Microsecond, time.Millisecond, 2 * time.Millisecond, 3 * time.Millisecond}
}

// deliversAlmostAtOnce sends two statuses of each message, with the same times in
// them, the newer first by a little more each time, and the other way.
func (w *World) deliversAlmostAtOnce(ctx context.Context, older, newer string) error {
	first, second := event.Status(older), event.Status(newer)
	if err := w.travels(first, second); err != nil {
		return err
	}
	if w.s.Traits.Words.Same(first, second) {
		return leftOut("%s and %s go under one word in the receiver's state", first, second)
	}
	var pairs [][]driver.Planned
	for i, m := range w.several.messages {
		a, b := m.Event(first), m.Event(second)
		a.CreatedAt, a.Outbound.UpdatedAt = b.CreatedAt, b.Outbound.UpdatedAt
		m.history = append(m.history, first, second)
		both := []driver.Planned{
			{What: fmt.Sprintf("its %s event", second), Request: w.signed(b)},
			{What: fmt.Sprintf("its %s event, almost at the same instant", first), Request: w.signed(a)},
		}
		if i%3 == 2 {
			both[0], both[1] = both[1], both[0]
		}
		both[1].After = gaps()[i/3%len(gaps())]
		pairs = append(pairs, both)
	}
	if w.s.Wide() {
		pairs = [][]driver.Planned{slices.Concat(pairs...)}
	}
	for _, both := range pairs {
		if _, err := w.sendPlanned(ctx, both); err != nil {
			return err
		}
	}
	return nil
}

// lateOfEach delivers an earlier status of all messages.
func (w *World) lateOfEach(ctx context.Context, status string) error {
	st := event.Status(status)
	if err := w.travels(st); err != nil {
		return err
	}
	var planned []driver.Planned
	var all []expectation
	for _, m := range w.several.messages {
		last := m.history[len(m.history)-1]
		if w.s.Traits.Words.Same(st, last) {
			return leftOut("%s and %s go under one word in the receiver's state", st, last)
		}
		all = append(all, expectation{w.messageState(m.ID), w.is(last)})
	}
	before, err := w.allAppear(ctx, all) // only what shows can be moved back
	if err != nil {
		return err
	}
	for i, e := range all {
		w.several.shown = append(w.several.shown, e.want(before[i]))
	}
	for _, m := range w.several.messages {
		planned = append(planned, driver.Planned{What: fmt.Sprintf("the late %s event of a message", st), Request: w.signed(m.Event(st))})
	}
	return w.sendEach(ctx, planned)
}

// eachEnds asserts the status in which all messages end.
func (w *World) eachEnds(ctx context.Context, want string) error {
	w.pending = nil
	failure, err := w.strays(ctx, event.Status(want))
	if err != nil || failure == nil {
		return err
	}
	return failure
}

// eachIsStill judges the state only, as isStill does. What has not come so far is
// ORD-1's to say.
func (w *World) eachIsStill(ctx context.Context, want string) error {
	w.pending = nil
	st := event.Status(want)
	if err := w.visible(st); err != nil {
		return err
	}
	moved, example := 0, probe.State{}
	for i, m := range w.several.messages {
		read := w.messageState(m.ID)
		got, err := read(ctx)
		if i == 0 {
			got, err = w.settled(ctx, read, never)
		}
		if err != nil {
			return err
		}
		if w.several.shown[i] && !w.is(st)(got) {
			moved++
			example = got
		}
	}
	if moved == 0 {
		return nil
	}
	return &Failure{
		Summary:  fmt.Sprintf("a late event moved %d of %d messages from %s; one is %s", moved, len(w.several.messages), w.word(st), status(example)),
		Expected: "every message still " + w.word(st),
		Seen:     example.Raw,
		At:       w.lastExchange(),
	}
}

// strays are the messages that do not come to a status, as a failure; nil for none.
func (w *World) strays(ctx context.Context, want event.Status) (*Failure, error) {
	if err := w.needs(rule.MessageStatus); err != nil {
		return nil, err
	}
	if err := w.visible(want); err != nil {
		return nil, err
	}
	var all []expectation
	for _, m := range w.several.messages {
		all = append(all, expectation{w.messageState(m.ID), w.is(want)})
	}
	shown, err := w.allAppear(ctx, all)
	if err != nil {
		return nil, err
	}
	if w.allHold(all, shown) { // they stay there
		if _, err := w.settled(ctx, all[0].read, never); err != nil {
			return nil, err
		}
		for i, e := range all {
			if shown[i], err = e.read(ctx); err != nil {
				return nil, err
			}
		}
	}
	lost, example := 0, probe.State{}
	for i := range shown {
		if !all[i].want(shown[i]) {
			lost++
			example = shown[i]
		}
	}
	if lost == 0 {
		return nil, nil
	}
	return &Failure{
		Sporadic: lost < len(all)/2,
		Summary:  fmt.Sprintf("%d of %d messages do not end as %s in the receiver's state, though every event was acknowledged; one is %s", lost, len(all), w.word(want), status(example)),
		Expected: fmt.Sprintf("every message to end as %s, within %s of the last delivery", w.word(want), w.s.Settle),
		Seen:     example.Raw,
		At:       w.lastExchange(),
	}, nil
}

// eachEndsAsInEitherOrder leaves it to the rules of order what a receiver does
// with the later status first, and to ORD-1 what it loses anyway.
func (w *World) eachEndsAsInEitherOrder(ctx context.Context, want string) error {
	if err := w.acceptedSoFar(); err != nil {
		return err
	}
	failure, err := w.strays(ctx, event.Status(want))
	if err != nil || failure == nil {
		return err
	}
	history := w.several.messages[0].history
	n := len(history) - 2
	for _, last := range [][]event.Status{{history[n+1], history[n]}, {history[n], history[n+1]}} {
		control, err := w.newMessage(ctx, w.several.messages[0].Channel)
		if err != nil {
			return err
		}
		for _, st := range history[:n] {
			if err := w.see(ctx, control, st); err != nil {
				return err
			}
		}
		for _, st := range last {
			if err := w.deliver(ctx, control, st); err != nil {
				return err
			}
		}
		w.pending = nil
		st, err := w.settled(ctx, w.messageState(control.ID), never)
		if err != nil {
			return err
		}
		if !w.is(event.Status(want))(st) {
			return notChecked("at the same instant either of the two may come first, and a message that gets %s before %s is %s in the receiver's state (ORD-1, ORD-2 and ORD-3 say so)",
				last[0], last[1], status(st))
		}
	}
	return failure
}
