package steps

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sentsim/sentsim/scenarios/driver"
	"github.com/sentsim/sentsim/scenarios/probe"
	"github.com/sentsim/sentsim/scenarios/rule"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
)

// betweenCopies is how long a receiver whose state cannot be read has to work off
// the copies of one event before those of the next come.
const betweenCopies = 200 * time.Millisecond

// workedOff waits until the receiver has worked off what it got about a message.
func (w *World) workedOff(ctx context.Context, m *message, st event.Status) error {
	if !w.can(rule.MessageStatus) || !w.s.Traits.Words.Kept(st) {
		return clock.Real{}.Sleep(ctx, betweenCopies)
	}
	_, err := w.appears(ctx, w.messageState(m.ID), w.is(st))
	return err
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
	way := driver.WayTo(st)
	control, err := w.newMessage(ctx, event.WhatsApp)
	for range n {
		if err == nil {
			_, err = w.addMessage(ctx, event.WhatsApp)
		}
	}
	if err != nil {
		return err
	}
	w.controls = []*message{control}
	if err := w.seeAll(ctx, append(w.controls, w.messages...), w.s.Traits.WayTo(way[len(way)-2])); err != nil {
		return err
	}
	if err := w.see(ctx, control, st); err != nil {
		return err
	}
	usual := w.lastExchange().Outcome.Duration
	var planned []driver.Planned
	for i, m := range w.messages {
		m.history = append(m.history, st)
		waits := max(usual*time.Duration(i+1)/time.Duration(n), 50*time.Microsecond)
		planned = append(planned, driver.Planned{
			What:    fmt.Sprintf("its %s event, while the sender waits for %s", st, waits),
			Request: w.signed(m.Event(st)), How: delivery.GiveUp, For: waits,
		})
	}
	if w.s.Wide() {
		_, err := w.sendPlanned(ctx, planned)
		w.pending = nil
		if err != nil {
			return err
		}
	} else {
		for _, p := range planned {
			x := w.driver().Send(ctx, p)
			w.all, w.acked = append(w.all, x), clock.Wall()
			if err := driver.Stopped(ctx, x); err != nil {
				return err
			}
		}
	}
	_, err = w.settled(ctx, w.messageState(control.ID), never)
	return err
}

// hadTheirEffectOnce asserts that events have had the effect that they have on a control
// that got each of them once. It leaves refusals to the scenario that asks for acceptance.
func (w *World) hadTheirEffectOnce(ctx context.Context, whose, kind string) error {
	w.pending = nil
	if kind == "template" {
		return w.templateEffectOnce(ctx, whose)
	}
	if err := w.needs(rule.MessageEffects); err != nil {
		return err
	}
	messages, err := w.messagesOf(whose)
	if err != nil {
		return err
	}
	last, controls := w.lastExchange(), w.controls
	if controls == nil {
		if controls, err = w.controlsOf(ctx, messages); err != nil {
			return err
		}
	}
	once, err := w.onceOf(ctx, controls[0])
	if err == nil {
		err = hasEffects(once, kind, statuses(messages[0].history))
	}
	if err != nil {
		return err
	}
	for i, m := range messages {
		want := once
		if i > 0 && i < len(controls) {
			if want, err = w.messageState(controls[i].ID)(ctx); err != nil {
				return err
			}
		}
		c := comparison{kind, "the message", w.messageState(m.ID), statuses(m.history), last}
		if whose == "each message's" {
			c.what, c.last = "a message on "+string(m.Channel), w.lastOf(m)
		}
		err := w.sameEffect(ctx, c, want)
		var failure *Failure
		if whose == "each message's" && errors.As(err, &failure) {
			if mixed, err := w.mixes(ctx, m.history, want.Effects); err != nil || mixed {
				return err
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// controlsOf are messages that get the same events as others, each exactly once.
func (w *World) controlsOf(ctx context.Context, messages []*message) (controls []*message, err error) {
	for _, m := range messages {
		control, err := w.newMessage(ctx, m.Channel)
		if err != nil {
			return nil, err
		}
		controls = append(controls, control)
	}
	first := messages[0].history
	if !slices.ContainsFunc(messages, func(m *message) bool { return !slices.Equal(m.history, first) }) {
		return controls, w.seeAll(ctx, controls, first)
	}
	for i, m := range messages {
		if err := w.seeAll(ctx, controls[i:i+1], m.history); err != nil {
			return nil, err
		}
	}
	return controls, nil
}

// templateEffectOnce is hadTheirEffectOnce for a template's events.
func (w *World) templateEffectOnce(ctx context.Context, which string) error {
	if err := w.needs(rule.TemplateStatus); err != nil {
		return err
	}
	t, err := w.theTemplate(which)
	if err != nil {
		return err
	}
	last, control := w.lastExchange(), newID(w.chance)
	for i, status := range t.history {
		e := w.templateEvent(control, status)
		e.CreatedAt = e.CreatedAt.Add(time.Duration(i) * time.Second)
		if err := w.introduce(ctx, "the "+status+" event of another template", w.signed(e)); err != nil {
			return err
		}
	}
	once, err := w.settled(ctx, w.templateState(control), never)
	history := strings.Join(t.history, ", ")
	if err == nil {
		err = hasEffects(once, "template", history)
	}
	if err != nil {
		return err
	}
	return w.sameEffect(ctx, comparison{"template", "the template", w.templateState(t.id), history, last}, once)
}

// comparison is what is compared with a control.
type comparison struct {
	kind    string // "message" or "template"
	what    string // "the message"
	read    reader
	history string    // which events both got
	last    *Exchange // about it
}

// hasEffects makes sure of the control: that it shows what its events amount to.
func hasEffects(once probe.State, kind, history string) error {
	if once.HasEffects && once.Effects > 0 {
		return nil
	}
	return notChecked("the probe shows no effect of events that were delivered once (effects of a %s with %s): an effect too many could not be seen", kind, history)
}

// sameEffect asserts that what is read comes to as many effects as the control has.
func (w *World) sameEffect(ctx context.Context, c comparison, once probe.State) error {
	same := func(st probe.State) bool { return st.HasEffects && st.Effects == once.Effects }
	got, err := w.appears(ctx, c.read, same)
	if err != nil || same(got) {
		return err
	}
	return &Failure{
		Summary:  fmt.Sprintf("%d effects on %s; each event delivered once has %d", got.Effects, c.what, once.Effects),
		Expected: fmt.Sprintf("%d effects, as on a %s that got each of %s once", once.Effects, c.kind, c.history),
		Seen:     got.Raw,
		At:       c.last,
	}
}

// lastOf is the last delivery of a message.
func (w *World) lastOf(m *message) *Exchange {
	body := w.body(m.Event(m.history[len(m.history)-1]))
	for i := len(w.all) - 1; i >= 0; i-- {
		if string(w.all[i].Request.Body) == string(body) {
			return &w.all[i]
		}
	}
	return w.lastExchange()
}

// mixes reports, as an error, a receiver that loses a message's last event to
// another message that got this far in between, although nobody gave up.
func (w *World) mixes(ctx context.Context, history []event.Status, effects int) (bool, error) {
	first, err := w.newMessage(ctx, event.WhatsApp)
	if err != nil {
		return true, err
	}
	between, err := w.newMessage(ctx, event.WhatsApp)
	if err != nil {
		return true, err
	}
	last := len(history) - 1
	for _, m := range []*message{first, between} {
		if err := w.seeAll(ctx, []*message{m}, history[:last]); err != nil {
			return true, err
		}
	}
	if err := w.see(ctx, first, history[last]); err != nil {
		return true, err
	}
	st, err := w.appears(ctx, w.messageState(first.ID), func(st probe.State) bool { return st.Effects == effects })
	if err != nil || st.Effects == effects {
		return false, err
	}
	return true, notChecked("messages mix: an event that comes after another message's has its effect elsewhere (ORD-7 says so)")
}
