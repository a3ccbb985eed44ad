package steps

import (
	"context"
	"fmt"
	"time"

	"github.com/sentsim/sentsim/scenarios/probe"
	"github.com/sentsim/sentsim/scenarios/rule"
	"github.com/sentsim/sentsim/simulator/event"
)

func patienceSentences() []definition {
	return []definition{
		def(`the sender gives up waiting for the answers to the "([^"]+)" events of (\d+) messages, a moment later each time`, func(w *World) any { return w.givesUp }),
		def(`Sent retries their "([^"]+)" events`, func(w *World) any { return w.retriesTheirs }),
		def(`the events of each have had the same effect as on a message that got each of them once`, func(w *World) any { return w.onceEachOfAll }),
	}
}

// patience is how senders gave up on messages, and what each event delivered
// once amounts to.
type patience struct {
	messages []*message
	once     probe.State
}

// givesUp spreads the moments over the time that an answer takes: a receiver
// that works in several steps, and stops between them when nobody waits any
// more, is met between two of them. Then it waits until nothing is under way,
// for what arrives meanwhile is IDEM-3's.
func (w *World) givesUp(ctx context.Context, status string, n int) error {
	if err := w.needs(rule.MessageEffects); err != nil {
		return err
	}
	st := event.Status(status)
	seen := func() (*message, error) {
		m := w.newMessage(event.WhatsApp)
		for _, before := range lifecycle() {
			if before == st {
				break
			}
			if err := w.see(ctx, m, before); err != nil {
				return nil, err
			}
		}
		return m, nil
	}
	control, err := seen()
	if err == nil {
		err = w.see(ctx, control, st)
	}
	if err != nil {
		return err
	}
	usual := w.lastExchange().Outcome.Duration
	w.patience = &patience{}
	for i := range n {
		m, err := seen()
		if err != nil {
			return err
		}
		w.patience.messages = append(w.patience.messages, m)
		m.history = append(m.history, st)
		waits := max(usual*time.Duration(i+1)/time.Duration(n), 50*time.Microsecond)
		x := Exchange{What: fmt.Sprintf("its %s event, while the sender waits for %s", st, waits), Request: w.signed(w.event(m, st))}
		x.Outcome = w.s.Sender.Send(ctx, x.Request, waits)
		w.all = append(w.all, x)
		if err := stopped(ctx, x); err != nil {
			return err
		}
	}
	w.patience.once, err = w.settled(ctx, w.messageState(control.id), never)
	return err
}

func (w *World) retriesTheirs(ctx context.Context, status string) error {
	for _, m := range w.patience.messages {
		e := w.event(m, event.Status(status))
		if _, err := w.send(ctx, fmt.Sprintf("a retry of its %s event", status), w.later(e, w.body(e))); err != nil {
			return err
		}
	}
	return nil
}

// onceEachOfAll leaves refusals to the scenario that asks for acceptance.
func (w *World) onceEachOfAll(ctx context.Context) error {
	retries, once := w.pending, w.patience.once
	w.pending = nil
	if !once.HasEffects || once.Effects == 0 {
		return notChecked("the probe shows no effect of events that were delivered once: an effect too many could not be seen")
	}
	for i, m := range w.patience.messages {
		got, err := w.appears(ctx, w.messageState(m.id), func(st probe.State) bool { return st.HasEffects && st.Effects == once.Effects })
		if err != nil {
			return err
		}
		if got.HasEffects && got.Effects == once.Effects {
			continue
		}
		if mixed, err := w.mixes(ctx, m.history, once.Effects); err != nil || mixed {
			return err
		}
		return &Failure{
			Summary:  fmt.Sprintf("%d effects on a message whose sender gave up and tried again; each event delivered once has %d", got.Effects, once.Effects),
			Expected: fmt.Sprintf("%d effects, as on a message that got each of %s once", once.Effects, statuses(m.history)),
			Seen:     got.Raw,
			At:       &retries[i],
		}
	}
	return nil
}

// mixes reports, as an error, a receiver that loses a message's last event to
// another message that got this far in between, although nobody gave up.
func (w *World) mixes(ctx context.Context, history []event.Status, effects int) (bool, error) {
	first, between := w.newMessage(event.WhatsApp), w.newMessage(event.WhatsApp)
	last := len(history) - 1
	for _, m := range []*message{first, between} {
		for _, st := range history[:last] {
			if err := w.see(ctx, m, st); err != nil {
				return true, err
			}
		}
	}
	if err := w.see(ctx, first, history[last]); err != nil {
		return true, err
	}
	st, err := w.appears(ctx, w.messageState(first.id), func(st probe.State) bool { return st.Effects == effects })
	if err != nil || st.Effects == effects {
		return false, err
	}
	return true, notChecked("messages mix: an event that comes after another message's has its effect elsewhere (ORD-7 says so)")
}
