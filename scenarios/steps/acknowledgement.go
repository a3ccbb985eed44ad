package steps

import (
	"context"
	"fmt"
	"time"

	"github.com/sentsim/sentsim/scenarios/probe"
	"github.com/sentsim/sentsim/scenarios/rule"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
)

// smallestTimeout is the smallest timeout that Sent lets a webhook have.
const smallestTimeout = 5 * time.Second

func acknowledgementSentences() []definition {
	return []definition{
		def(`the receiver accepts it quickly, far inside the timeout`, func(w *World) any { return w.acceptsQuickly }),
		def(`(\d+) deliveries of different messages arrive at the same instant`, func(w *World) any { return w.burst }),
		def(`the receiver accepts them all within (\d+) s`, func(w *World) any { return w.acceptsAllWithin }),
		def(`all their messages show in the receiver's state`, func(w *World) any { return w.allShow }),
		def(`the receiver does not answer with a redirect`, func(w *World) any { return w.noRedirect }),
	}
}

// acceptsQuickly gives a slow answer a second and a third chance: a receiver
// that warms up, or a machine that hiccups, is not slow.
func (w *World) acceptsQuickly(ctx context.Context) error {
	xs, err := w.judge()
	if err != nil {
		return err
	}
	x := xs[len(xs)-1]
	if !x.Outcome.Accepted() {
		return notChecked("%s was not acknowledged at all: %s", x.What, x.Seen())
	}
	best := x.Outcome.Duration
	for range 2 {
		if best <= w.s.AckWithin {
			return nil
		}
		if err := w.again(ctx); err != nil {
			return err
		}
		again := w.lastExchange()
		w.pending = nil
		if again.Outcome.Accepted() {
			best = min(best, again.Outcome.Duration)
		}
	}
	if best <= w.s.AckWithin {
		return nil
	}
	return &Failure{
		Summary:  fmt.Sprintf("%s: acknowledged after %s at best", x.What, best.Round(time.Millisecond)),
		Expected: fmt.Sprintf("a 2xx within %s", w.s.AckWithin),
		At:       &x,
	}
}

func (w *World) burst(ctx context.Context, n int) error {
	requests := make([]delivery.Request, n)
	for i := range requests {
		requests[i] = w.signed(w.event(w.newMessage(event.SMS), event.Queued))
	}
	return w.sendAll(ctx, fmt.Sprintf("one of %d deliveries at the same instant", n), requests, 2*time.Millisecond, smallestTimeout)
}

func (w *World) acceptsAllWithin(seconds int) error {
	xs, err := w.judge()
	if err != nil {
		return err
	}
	limit := time.Duration(seconds) * time.Second
	bad := 0
	var first *Exchange
	for _, x := range xs {
		if !x.Outcome.Accepted() || x.Outcome.Duration > limit {
			bad++
			if first == nil {
				first = &x
			}
		}
	}
	if bad == 0 {
		return nil
	}
	return &Failure{
		Summary:  fmt.Sprintf("%d of %d deliveries were not accepted within %s; the first of them: %s", bad, len(xs), limit, first.Seen()),
		Expected: fmt.Sprintf("a 2xx to each within %s", limit),
		At:       first,
	}
}

// allShow looks for those that were accepted: the others fail the rule's other scenario.
func (w *World) allShow(ctx context.Context) error {
	xs, err := w.judge()
	if err != nil {
		return err
	}
	if err := w.needs(rule.MessageState); err != nil {
		return err
	}
	lost, accepted := 0, 0
	var last probe.State
	for i, x := range xs {
		if !x.Outcome.Accepted() {
			continue
		}
		accepted++
		st, err := w.appears(ctx, w.messageState(w.messages[i].id), known)
		if err != nil {
			return err
		}
		if !st.Known {
			lost++
			last = st
		}
		if lost > 2 {
			break // each costs the settle time, and the point is made
		}
	}
	switch {
	case accepted == 0:
		return notChecked("no delivery of the burst was accepted")
	case lost == 0:
		return nil
	}
	return &Failure{
		Summary:  fmt.Sprintf("at least %d messages of %d accepted deliveries do not show in the receiver's state", lost, accepted),
		Expected: "every accepted delivery to be processed",
		Seen:     last.Raw,
		At:       &xs[0],
	}
}

func (w *World) noRedirect() error {
	xs, err := w.judge()
	if err != nil {
		return err
	}
	for _, x := range xs {
		if x.Outcome.Kind == delivery.Answered && x.Outcome.Status/100 == 3 {
			return &Failure{Summary: x.What + ": " + x.Seen(), Expected: "an answer of the receiver itself; Sent follows no redirect", At: &x}
		}
	}
	return nil
}
