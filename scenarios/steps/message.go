package steps

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
)

// message is an outbound message of a scenario. Its events happen in lifecycle
// order, a second apart, in whichever order they are delivered.
type message struct {
	id       uuid.UUID
	template uuid.UUID
	channel  event.Channel
	to, from string
	born     time.Time
	history  []event.Status // what was delivered, in order, without repetitions
}

func (w *World) newMessage(ch event.Channel) *message {
	m := &message{
		id:       newID(w.chance),
		template: newID(w.chance),
		channel:  ch,
		to:       w.newNumber(),
		from:     w.accountNumber(),
		born:     w.at,
	}
	w.messages = append(w.messages, m)
	return m
}

// newNumber is a phone number nobody else in the run has.
func (w *World) newNumber() string { return fmt.Sprintf("+1415%07d", w.chance.IntN(10_000_000)) }

// accountNumber is the account's own number, the same in the whole run.
func (w *World) accountNumber() string {
	return fmt.Sprintf("+1888%07d", w.s.Seed.Stream("account number").IntN(10_000_000))
}

// the is the scenario's message; a first or second one by number.
func (w *World) the(n int) (*message, error) {
	if n >= len(w.messages) {
		return nil, fmt.Errorf("the scenario has no message number %d", n+1)
	}
	return w.messages[n], nil
}

// event is the message's event of that status.
func (w *World) event(m *message, st event.Status) event.Event {
	at := m.born.Add(position(st))
	out := &event.Outbound{
		AccountID:     w.account,
		MessageID:     m.id,
		Status:        st,
		Channel:       m.channel,
		InboundNumber: m.to, OutboundNumber: m.from,
		TemplateID: m.template,
		UpdatedAt:  at,
	}
	if m.channel == event.RCS {
		out.AgentID = "sentsim-agent"
	}
	if st == event.Failed {
		out.Reason, out.ReasonCode = "Handset unreachable: no delivery receipt from the carrier", "DELIVERY_007"
	}
	return event.Event{ID: uuid.NewSHA1(m.id, []byte(st)), Type: event.TypeOf(st), CreatedAt: at, Outbound: out}
}

// lifecycle is the way of a message that nothing happens to.
func lifecycle() []event.Status {
	return []event.Status{event.Queued, event.Routed, event.Sent, event.Delivered, event.Read}
}

// position is when a status happens in a message's life.
func position(st event.Status) time.Duration {
	for i, s := range lifecycle() {
		if s == st {
			return time.Duration(i) * time.Second
		}
	}
	return 3 * time.Second // FAILED and unknown ones: where DELIVERED would stand
}

func (w *World) body(e event.Event) []byte { return e.Encode(w.s.Knobs.Format()) }

// signed is a fresh, genuine delivery of an event.
func (w *World) signed(e event.Event) delivery.Request { return w.request(e, w.body(e)) }

// deliver sends the message's event of that status.
func (w *World) deliver(ctx context.Context, m *message, st event.Status) error {
	e := w.event(m, st)
	_, err := w.send(ctx, fmt.Sprintf("its %s event", st), w.signed(e), string(e.Type))
	m.history = append(m.history, st)
	return err
}

// see delivers the event as part of a scenario's setting. A receiver that
// refuses it cannot be judged by what follows: the refusal is another rule's
// (ORD-2, ORD-5). Only the first event of a message is what SIG-1 has shown to
// be accepted, so refusing that is a failure.
func (w *World) see(ctx context.Context, m *message, st event.Status) error {
	e := w.event(m, st)
	m.history = append(m.history, st)
	err := w.introduce(ctx, fmt.Sprintf("a genuine %s event", e.Type), w.signed(e), string(e.Type))
	var refused *Failure
	if errors.As(err, &refused) && st != event.Queued {
		return notChecked("the scenario could not be set: %s", refused.Summary)
	}
	return err
}

// seeUpTo delivers the lifecycle in order, none left out, until that status.
func (w *World) seeUpTo(ctx context.Context, m *message, last event.Status) error {
	for _, st := range lifecycle() {
		if err := w.see(ctx, m, st); err != nil || st == last {
			return err
		}
	}
	return fmt.Errorf("no status %q in the lifecycle", last)
}

// plain is a genuine event that a receiver needs to know nothing for.
func (w *World) plain() event.Event { return w.event(w.newMessage(event.SMS), event.Queued) }

// sample is a genuine event of the type by that name, of something new.
func (w *World) sample(name string) (event.Event, error) {
	switch t := event.Type(name); {
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
		return w.event(w.newMessage(ch), st), nil
	default:
		return event.Event{}, fmt.Errorf("no event %q", name)
	}
}
