package steps

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/scenarios/driver"
	"github.com/sentsim/sentsim/scenarios/learn"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/seed"
)

// message is an outbound message of a scenario.
type message struct {
	driver.Message
	history []event.Status // what was delivered, in order, without repetitions
	hidden  bool           // that does not show in the receiver's state
}

// newMessage is a message on that channel, or on one that shows in the
// receiver's state instead. Where the configuration says how, the receiver has
// sent it itself. It is none of those that the scenario's sentences are about.
func (w *World) newMessage(ctx context.Context, want event.Channel) (*message, error) {
	if w.s.Traits.Refuses() && w.s.Arrange == nil {
		return nil, &NotChecked{Reason: w.s.Traits.Outbound.Why, Remedy: w.s.Traits.Outbound.Remedy}
	}
	made, err := w.s.Message(ctx, w.chance, w.channel(want), w.at)
	if err != nil {
		return nil, err
	}
	return &message{Message: made}, nil
}

// addMessage is a newMessage that the scenario's sentences are about.
func (w *World) addMessage(ctx context.Context, want event.Channel) (*message, error) {
	m, err := w.newMessage(ctx, want)
	if err == nil {
		w.messages = append(w.messages, m)
	}
	return m, err
}

// foreignMessage is a message that the receiver has never heard of, whatever the
// configuration says.
func (w *World) foreignMessage(want event.Channel) *message {
	return &message{Message: driver.NewMessage(w.chance, w.account, w.channel(want), w.at)}
}

// channel is the one that a scenario asks for if it shows, else another that
// does: one on which messages are read, if the first is such a one.
func (w *World) channel(want event.Channel) event.Channel {
	t := w.s.Traits
	if driver.Travels(event.Read, want) {
		if ch, ok := t.Channel(want, event.Read); ok {
			return ch
		}
	}
	ch, _ := t.Channel(want)
	return ch
}

// newNumber is a phone number nobody else in the run has.
func (w *World) newNumber() string { return driver.NewNumber(w.chance) }

// the is the scenario's message; a first or second one by number.
func (w *World) the(n int) (*message, error) {
	if n >= len(w.messages) {
		return nil, fmt.Errorf("the scenario has no message number %d", n+1)
	}
	return w.messages[n], nil
}

// messagesOf are the messages that a sentence is about: all of the scenario's for
// "each", the second for "the second", or else the first; likewise for "each message's".
func (w *World) messagesOf(whose string) ([]*message, error) {
	n, each := 0, strings.HasPrefix(whose, "each")
	if !each {
		var err error
		if n, err = place(whose); err != nil {
			return nil, err
		}
	}
	m, err := w.the(n)
	if each && err == nil {
		return w.messages, nil
	}
	return []*message{m}, err
}

// event is the message's event of that status.
func (w *World) event(m *message, st event.Status) event.Event { return m.Event(st) }

// eventOn is likewise, where the status can occur on the message's channel.
func (w *World) eventOn(m *message, st event.Status) (event.Event, error) {
	if !driver.Travels(st, m.Channel) {
		return event.Event{}, leftOut("%s does not exist on SMS, and messages on no other channel show in the receiver's state", st)
	}
	if err := w.travels(st); err != nil {
		return event.Event{}, err
	}
	return m.Event(st), nil
}

// travels leaves a scenario out that is about an event that the receiver refuses.
func (w *World) travels(all ...event.Status) error {
	for _, st := range all {
		if !w.s.Traits.Travels(st) {
			return leftOut("the receiver refuses %s events (SIG-1 says so)", st)
		}
	}
	return nil
}

// travelling are those of a sentence's statuses whose events the receiver takes, or all
// where it takes none of them.
func (w *World) travelling(names string) (all []event.Status) {
	for _, name := range list(names) {
		all = append(all, event.Status(name))
	}
	some := slices.DeleteFunc(slices.Clone(all), func(st event.Status) bool { return !w.s.Traits.Travels(st) })
	if len(some) == 0 {
		return all
	}
	return some
}

func (w *World) body(e event.Event) []byte { return w.driver().Encode(e) }

// signed is a fresh, genuine delivery of an event.
func (w *World) signed(e event.Event) delivery.Request { return w.request(e, w.body(e)) }

// deliver sends the message's event of that status.
func (w *World) deliver(ctx context.Context, m *message, st event.Status) error {
	e, err := w.eventOn(m, st)
	if err != nil {
		return err
	}
	_, err = w.send(ctx, fmt.Sprintf("its %s event", st), w.signed(e), string(e.Type))
	m.history = append(m.history, st)
	return err
}

// see delivers the event as part of a scenario's setting. A receiver that
// refuses it cannot be judged by what follows: the refusal is another rule's
// (ORD-2, ORD-5). Only the first event of a message is what SIG-1 has shown to
// be accepted, so refusing that is a failure.
func (w *World) see(ctx context.Context, m *message, st event.Status) error {
	e, err := w.eventOn(m, st)
	if err != nil {
		return err
	}
	m.history = append(m.history, st)
	err = w.introduce(ctx, fmt.Sprintf("a genuine %s event", e.Type), w.signed(e), string(e.Type))
	return settingOf(err, st)
}

func settingOf(err error, st event.Status) error {
	var refused *Failure
	if errors.As(err, &refused) && st != event.Queued {
		return refusedBefore(*refused.At, "the scenario could not be set: %s", refused.Summary)
	}
	return err
}

// seeUpTo delivers the lifecycle in order, none left out, until that status.
func (w *World) seeUpTo(ctx context.Context, m *message, last event.Status) error {
	return w.seeAll(ctx, []*message{m}, w.s.Traits.WayTo(last))
}

// seePatiently is see for one of many messages: what is turned away because there
// are too many is sent again, as Sent does, once the receiver takes more.
func (w *World) seePatiently(ctx context.Context, m *message, st event.Status) error {
	err := w.see(ctx, m, st)
	for range 3 {
		if x := w.lastExchange(); err == nil || x == nil || !driver.NotNow(x.Outcome) {
			break
		}
		if takes, _ := w.s.TakesAgain(ctx, fmt.Sprintf("%s, message %s", w.name, m.ID), w.attempt, w.s.Settle); !takes {
			break
		}
		e := m.Event(st)
		err = settingOf(w.introduce(ctx, fmt.Sprintf("a retry of the %s event", e.Type), w.later(e, w.body(e))), st)
	}
	return err
}

// seeAll is see for several messages and events: one message after the other, or side
// by side where the receiver is slow and takes them so.
func (w *World) seeAll(ctx context.Context, all []*message, events []event.Status) error {
	see := w.seePatiently
	if len(all) == 1 {
		see = w.see
	}
	if len(all) == 1 || !w.s.Wide() {
		for _, m := range all {
			for _, st := range events {
				if err := see(ctx, m, st); err != nil {
					return err
				}
			}
		}
		return nil
	}
	for _, st := range events {
		planned := make([]driver.Planned, len(all))
		for i, m := range all {
			e, err := w.eventOn(m, st)
			if err != nil {
				return err
			}
			m.history = append(m.history, st)
			planned[i] = driver.Planned{What: fmt.Sprintf("a genuine %s event", e.Type), Request: w.signed(e)}
		}
		before := len(w.pending)
		xs, err := w.sendPlanned(ctx, planned)
		w.pending = w.pending[:before]
		if err != nil {
			return err
		}
		for _, x := range xs {
			if err := settingOf(mustAccept(x), st); err != nil {
				return err
			}
		}
	}
	return nil
}

// first is the first status that shows in the receiver's state, of messages that
// get the lifecycle in order.
func (w *World) first() event.Status {
	if st := w.s.Traits.First(); st != "" {
		return st
	}
	return event.Queued
}

// visible leaves a scenario out that looks for a status that the receiver does not keep.
func (w *World) visible(st event.Status) error {
	if w.s.Traits.Words.Kept(st) {
		return nil
	}
	return leftOut("the receiver does not keep %s", st)
}

// plain is a genuine event that a receiver needs to know nothing for.
func (w *World) plain(ctx context.Context) (event.Event, error) {
	_, e, err := w.plainOf(ctx)
	return e, err
}

// plainOf is a plain event and its message; nil where it is of none.
func (w *World) plainOf(ctx context.Context) (*message, event.Event, error) {
	switch w.s.Traits.Plain {
	case learn.PlainInbound:
		text := w.newText()
		return nil, driver.Inbound(newID(w.chance), w.account, w.newNumber(), &text, w.s.Traits.InboundChannel(event.SMS), w.at), nil
	case learn.PlainTemplate:
		return nil, w.templateEvent(newID(w.chance), event.TemplatePending), nil
	case learn.PlainMessage:
	}
	m, err := w.newMessage(ctx, event.SMS)
	if err != nil {
		return nil, event.Event{}, err
	}
	return m, w.event(m, w.s.Traits.Opening()), nil
}

// sample is a genuine event of the type by that name, of something new. A
// receiver that takes no message that it did not send is shown what it takes.
func (w *World) sample(ctx context.Context, name string) (event.Event, error) {
	switch t := event.Type(name); {
	case t == event.TypeOf(event.Queued):
		m, e, err := w.plainOf(ctx)
		if m != nil {
			w.messages = append(w.messages, m)
		}
		return e, err
	case t == event.TypeOf(event.Received):
		return w.inbound("hello"), nil
	case t == event.Templates:
		return w.templateEvent(newID(w.chance), event.TemplatePending), nil
	case t.Parent() == event.ParentMessage:
		ch := event.SMS
		st := event.Status(strings.ToUpper(t.SubType()))
		if st == event.Read {
			ch = event.WhatsApp
		}
		m, err := w.addMessage(ctx, ch)
		if err != nil {
			return event.Event{}, err
		}
		return w.eventOn(m, st)
	default:
		return w.familyEvent(name)
	}
}

func newID(st *seed.Stream) uuid.UUID { return driver.NewID(st) }
