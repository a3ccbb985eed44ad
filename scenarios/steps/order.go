package steps

import (
	"context"
	"fmt"

	"github.com/sentsim/sentsim/scenarios/rule"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
)

func orderSentences() []definition {
	return []definition{
		def(`the message ends as "([^"]+)"`, func(w *World) any {
			return func(ctx context.Context, want string) error { return w.messageEnds(ctx, 0, want) }
		}),
		def(`the message ends as "([^"]+)" or "([^"]+)"`, func(w *World) any {
			return func(ctx context.Context, want, or string) error { return w.messageEnds(ctx, 0, want, or) }
		}),
		def(`the `+ordinal+` message ends as "([^"]+)"`, func(w *World) any { return w.nthMessageEnds }),
		def(`Sent has delivered its "([^"]+)" events, and "([^"]+)" shows in the receiver's state`, func(w *World) any { return w.hasDelivered }),
		def(`its "([^"]+)" event arrives late`, func(w *World) any { return w.arrivesLate }),
		def(`the message is still "([^"]+)"`, func(w *World) any { return w.isStill }),
		def(`two messages that the receiver has seen up to "([^"]+)" under one X-Webhook-ID`, func(w *World) any { return w.twoMessages }),
		def(`Sent delivers the "([^"]+)" event of the first and the "([^"]+)" event of the second`, func(w *World) any { return w.deliversOfBoth }),
		def(`Sent delivers the "([^"]+)" event of the first and the "([^"]+)" event of the second at the same instant`, func(w *World) any { return w.deliversOfBothAtOnce }),
	}
}

func (w *World) nthMessageEnds(ctx context.Context, word, want string) error {
	n, err := place(word)
	if err != nil {
		return err
	}
	return w.messageEnds(ctx, n, want)
}

func (w *World) twoMessages(ctx context.Context, status string) error {
	for range 2 {
		if _, err := w.newMessage(ctx, event.WhatsApp); err != nil {
			return err
		}
	}
	return w.seeAllUpTo(ctx, w.messages, event.Status(status))
}

// apart leaves a scenario out in which two messages end under one word: if they
// mixed, nobody could see it.
func (w *World) apart(first, second string) error {
	if w.s.Traits.Words.Same(event.Status(first), event.Status(second)) && first != second {
		return leftOut("%s and %s go under one word in the receiver's state", first, second)
	}
	return nil
}

func (w *World) deliversOfBoth(ctx context.Context, first, second string) error {
	if err := w.apart(first, second); err != nil {
		return err
	}
	for i, status := range []string{first, second} {
		m, err := w.the(i)
		if err != nil {
			return err
		}
		if err := w.deliver(ctx, m, event.Status(status)); err != nil {
			return err
		}
	}
	return nil
}

func (w *World) deliversOfBothAtOnce(ctx context.Context, first, second string) error {
	if err := w.apart(first, second); err != nil {
		return err
	}
	var both []delivery.Request
	for i, status := range []string{first, second} {
		m, err := w.the(i)
		if err != nil {
			return err
		}
		both = append(both, w.signed(w.event(m, event.Status(status))))
	}
	return w.sendAll(ctx, fmt.Sprintf("the %s event of one message and the %s event of another at the same instant", first, second), both)
}

// hasDelivered is the control of a late event: only what shows can be moved back.
func (w *World) hasDelivered(ctx context.Context, statuses, shown string) error {
	if err := w.needs(rule.MessageStatus); err != nil {
		return err
	}
	m, err := w.the(0)
	if err != nil {
		return err
	}
	for _, st := range w.travelling(list(statuses)) {
		if err := w.see(ctx, m, event.Status(st)); err != nil {
			return err
		}
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

func (w *World) arrivesLate(ctx context.Context, status string) error {
	m, err := w.the(0)
	if err != nil {
		return err
	}
	late := event.Status(status)
	if shown := m.history[len(m.history)-1]; w.s.Traits.Words.Same(late, shown) {
		return leftOut("%s and %s go under one word in the receiver's state", late, shown)
	}
	if err := w.travels(late); err != nil {
		return err
	}
	e := w.event(m, late)
	_, err = w.send(ctx, fmt.Sprintf("its late %s event", status), w.signed(e), string(e.Type))
	return err
}

// isStill judges the state only: whether a late event is accepted is ORD-2's and
// IDEM-2's to say.
func (w *World) isStill(ctx context.Context, want string) error {
	w.pending = nil
	m, err := w.the(0)
	if err != nil {
		return err
	}
	is := w.is(event.Status(want))
	st, err := w.settled(ctx, w.messageState(m.ID), never)
	if err != nil {
		return err
	}
	if is(st) {
		return nil
	}
	return &Failure{
		Summary:  fmt.Sprintf("%s moved the message from %s to %s", w.lastExchange().What, want, status(st)),
		Expected: "the message still " + want,
		Seen:     st.Raw,
		At:       w.lastExchange(),
	}
}
