package steps

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/sentsim/sentsim/scenarios/driver"
	"github.com/sentsim/sentsim/scenarios/probe"
	"github.com/sentsim/sentsim/scenarios/rule"
	"github.com/sentsim/sentsim/simulator/event"
)

// hasDelivered is the control of a late event: only what shows can be moved back.
func (w *World) hasDelivered(ctx context.Context, statuses, shown string) error {
	if err := w.needs(rule.MessageStatus); err != nil {
		return err
	}
	m, err := w.the(0)
	if err != nil {
		return err
	}
	if err := w.seeAll(ctx, []*message{m}, w.travelling(statuses)); err != nil {
		return err
	}
	if err := w.visible(event.Status(shown)); err != nil {
		return err
	}
	is := w.is(event.Status(shown))
	st, err := w.appears(ctx, w.messageState(m.ID), is)
	if err != nil {
		return err
	}
	if !is(st) {
		return notChecked("after %s the message is %s in the receiver's state, not %s (ORD-1 and ORD-2 say so): a late event could not be seen to move it back", statuses, status(st), shown)
	}
	return nil
}

// arrivesLate delivers an earlier status. Of many messages, those that do not show what
// they were seen up to cannot be moved back.
func (w *World) arrivesLate(ctx context.Context, whose, status string) error {
	messages, err := w.messagesOf(whose)
	if err != nil {
		return err
	}
	late := event.Status(status)
	if err := w.travels(late); err != nil {
		return err
	}
	var all []expectation
	for _, m := range messages {
		last := m.history[len(m.history)-1]
		if w.s.Traits.Words.Same(late, last) {
			return leftOut("%s and %s go under one word in the receiver's state", late, last)
		}
		all = append(all, expectation{w.messageState(m.ID), w.is(last)})
	}
	if len(messages) == 1 {
		e := w.event(messages[0], late)
		_, err = w.send(ctx, fmt.Sprintf("its late %s event", status), w.signed(e), string(e.Type))
		return err
	}
	before, err := w.allAppear(ctx, all)
	if err != nil {
		return err
	}
	var planned []driver.Planned
	for i, m := range messages {
		m.hidden = !all[i].want(before[i])
		planned = append(planned, driver.Planned{What: fmt.Sprintf("the late %s event of a message", late), Request: w.signed(m.Event(late))})
	}
	return w.sendEach(ctx, planned)
}

// isStill judges the state only: whether a late event is accepted is ORD-2's and
// IDEM-2's to say, and what has not come so far ORD-1's.
func (w *World) isStill(ctx context.Context, which, want string) error {
	w.pending = nil
	messages, err := w.messagesOf(which)
	if err != nil {
		return err
	}
	st := event.Status(want)
	if err := w.visible(st); err != nil {
		return err
	}
	moved, example := 0, probe.State{}
	for i, m := range messages {
		read := w.messageState(m.ID)
		got, err := read(ctx)
		if i == 0 {
			got, err = w.settled(ctx, read, never)
		}
		if err != nil {
			return err
		}
		if !m.hidden && !w.is(st)(got) {
			moved++
			example = got
		}
	}
	if moved == 0 {
		return nil
	}
	f := &Failure{
		Summary:  fmt.Sprintf("%s moved the message from %s to %s", w.lastExchange().What, want, status(example)),
		Expected: "the message still " + want,
		Seen:     example.Raw,
		At:       w.lastExchange(),
	}
	if len(messages) > 1 {
		f.Summary = fmt.Sprintf("a late event moved %d of %d messages from %s; one is %s", moved, len(messages), w.word(st), status(example))
		f.Expected = "every message still " + w.word(st)
	}
	return f
}

// endsAs asserts the status in which messages, or a template, end.
func (w *World) endsAs(ctx context.Context, which, kind, want, or, inEitherOrder string) error {
	if err := w.acceptedSoFar(); err != nil {
		return err
	}
	if kind == "template" {
		return w.templateEnds(ctx, which, want)
	}
	if err := w.needs(rule.MessageStatus); err != nil {
		return err
	}
	messages, err := w.messagesOf(which)
	if err != nil {
		return err
	}
	words, reached := []string{}, func(st probe.State) bool {
		return w.is(event.Status(want))(st) || or != "" && w.is(event.Status(or))(st)
	}
	for _, st := range []event.Status{event.Status(want), event.Status(or)} {
		if st == "" {
			continue
		}
		if err := w.visible(st); err != nil {
			return err
		}
		words = append(words, w.word(st))
	}
	var all []expectation
	for _, m := range messages {
		// Whether it ends in one or in the other could not be seen.
		if n := len(m.history); n > 0 && or == "" && m.history[n-1] != event.Status(want) && w.s.Traits.Words.Same(m.history[n-1], event.Status(want)) {
			return leftOut("%s and %s go under one word in the receiver's state", want, m.history[n-1])
		}
		all = append(all, expectation{w.messageState(m.ID), reached})
	}
	err = w.end(ctx, kind, all, strings.Join(words, " or "))
	var failure *Failure
	if inEitherOrder != "" && errors.As(err, &failure) {
		if err := w.inEitherOrder(ctx, messages[0], event.Status(want)); err != nil {
			return err
		}
	}
	return err
}

// inEitherOrder leaves it to the rules of order what a receiver does with the later of
// a message's last two events first, and to ORD-1 what it loses anyway: at the same
// instant, their order is a matter of luck.
func (w *World) inEitherOrder(ctx context.Context, m *message, want event.Status) error {
	n := len(m.history) - 2
	before, first, second := m.history[:n], m.history[n], m.history[n+1]
	for _, last := range [][]event.Status{{second, first}, {first, second}} {
		control, err := w.newMessage(ctx, m.Channel)
		if err != nil {
			return err
		}
		if err := w.seeAll(ctx, []*message{control}, before); err != nil {
			return err
		}
		if err := w.deliverAll(ctx, control, last); err != nil {
			return err
		}
		w.pending = nil
		st, err := w.settled(ctx, w.messageState(control.ID), never)
		if err != nil {
			return err
		}
		if !w.is(want)(st) {
			return notChecked("at the same instant either of the two may come first, and a message that gets %s before %s is %s in the receiver's state (ORD-1, ORD-2 and ORD-3 say so)",
				last[0], last[1], status(st))
		}
	}
	return nil
}
