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
		if err := w.seeUpTo(ctx, w.newMessage(event.WhatsApp), event.Status(status)); err != nil {
			return err
		}
	}
	return nil
}

func (w *World) deliversOfBoth(ctx context.Context, first, second string) error {
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
	var both []delivery.Request
	for i, status := range []string{first, second} {
		m, err := w.the(i)
		if err != nil {
			return err
		}
		both = append(both, w.signed(w.event(m, event.Status(status))))
	}
	return w.sendAll(ctx, fmt.Sprintf("the %s event of one message and the %s event of another at the same instant", first, second), both, 0, w.s.Timeout)
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
	for _, st := range list(statuses) {
		if err := w.see(ctx, m, event.Status(st)); err != nil {
			return err
		}
	}
	st, err := w.appears(ctx, w.messageState(m.id), isStatus(shown))
	if err != nil {
		return err
	}
	if !isStatus(shown)(st) {
		return notChecked("after %s the message is %s in the receiver's state, not %s (ORD-1 and ORD-2 say so): a late event could not be seen to move it back", statuses, status(st), shown)
	}
	return nil
}

func (w *World) arrivesLate(ctx context.Context, status string) error {
	m, err := w.the(0)
	if err != nil {
		return err
	}
	e := w.event(m, event.Status(status))
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
	is := isStatus(want)
	st, err := w.settled(ctx, w.messageState(m.id), never)
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
