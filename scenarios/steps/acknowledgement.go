package steps

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/sentsim/sentsim/scenarios/probe"
	"github.com/sentsim/sentsim/scenarios/rule"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
)

// smallestTimeout is the smallest timeout that Sent lets a webhook have.
const smallestTimeout = 5 * time.Second

// acceptsQuickly gives a slow answer a second and a third chance: a receiver
// that warms up, or a machine that hiccups, is not slow.
func (w *World) acceptsQuickly(ctx context.Context) error {
	xs, err := w.judge()
	if err != nil {
		return err
	}
	x := xs[len(xs)-1]
	if !x.Outcome.Accepted() {
		return refusedBefore(x, "%s was not acknowledged at all: %s", x.What, x.Seen())
	}
	best, slow := x.Outcome.Duration, 0
	for tries := 1; ; tries++ {
		last := w.lastExchange()
		if last.Outcome.Accepted() {
			best = min(best, last.Outcome.Duration)
		}
		if best <= w.s.AckWithin {
			return nil
		}
		if w.s.Pulse.Starved(last.Sent) == 0 {
			slow++
		}
		if slow == chances || slow > 0 && w.s.Traits.Quickest > w.s.AckWithin {
			break
		}
		if tries == 2*chances {
			return Starved("the receiver answered")
		}
		if err := w.again(ctx); err != nil {
			return err
		}
		w.pending = nil
	}
	return &Failure{
		Summary:  fmt.Sprintf("%s: acknowledged after %s at best", x.What, best.Round(time.Millisecond)),
		Expected: fmt.Sprintf("a 2xx within %s", w.s.AckWithin),
		At:       &x,
	}
}

// chances are how many answers must have been slow, where not every answer was so far.
const chances = 3

func (w *World) burst(ctx context.Context, n int) error {
	requests := make([]delivery.Request, n)
	for i := range requests {
		m, e, err := w.plainOf(ctx)
		if err == nil && m != nil && w.first() != event.Queued {
			e, err = w.eventOn(m, w.first()) // the first that shows
		}
		if err != nil {
			return err
		}
		if m != nil {
			m.history = append(m.history, e.Outbound.Status)
			w.messages = append(w.messages, m)
		}
		requests[i] = w.signed(e)
	}
	w.s.behind.Store(true) // it may take the receiver a while
	what := fmt.Sprintf("one of %d deliveries at the same instant", n)
	_, err := w.sendTogether(ctx, planned(what, requests, 2*time.Millisecond, smallestTimeout)) // who is turned away here is what the rule is about
	return err
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
	refused := slices.ContainsFunc(xs, func(x Exchange) bool { return x.Outcome.Kind == delivery.Answered && !x.Outcome.Accepted() })
	if !refused && w.s.Pulse.Starved(xs[0].Sent) > limit/8 {
		return Starved("the receiver answered")
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
	if len(w.messages) < len(xs) {
		return notChecked("the burst was not of messages: of what else the receiver takes, its state is not looked at")
	}
	lost, accepted := 0, 0
	var last probe.State
	var all []expectation
	for i, x := range xs {
		if x.Outcome.Accepted() {
			accepted++
			all = append(all, expectation{w.messageState(w.messages[i].ID), w.shows(w.messages[i])})
		}
	}
	shown, err := w.allAppear(ctx, all)
	if err != nil {
		return err
	}
	for i, e := range all {
		if !e.want(shown[i]) {
			lost++
			last = shown[i]
		}
	}
	switch {
	case accepted == 0:
		return notChecked("no delivery of the burst was accepted")
	case lost == 0:
		return nil
	}
	return &Failure{
		Summary:  fmt.Sprintf("%d messages of %d accepted deliveries do not show in the receiver's state", lost, accepted),
		Expected: "every accepted delivery to be processed",
		Seen:     last.Raw,
		At:       &xs[0],
	}
}
