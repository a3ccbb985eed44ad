package driver

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/seed"
)

// Account is the Sent account of a run and its own number.
type Account struct {
	ID     uuid.UUID
	Number string
}

// NewAccount is the account of the run with that seed.
func NewAccount(s seed.Seed) Account {
	return Account{
		ID:     NewID(s.Stream("account")),
		Number: fmt.Sprintf("+1888%07d", s.Stream("account number").IntN(10_000_000)),
	}
}

// WebhookID is the id of the webhook that the target is registered as in the run
// with that seed: the same on all its deliveries.
func WebhookID(s seed.Seed) uuid.UUID { return NewID(s.Stream("webhook of the target")) }

// NewID draws an id.
func NewID(st *seed.Stream) uuid.UUID {
	return uuid.Must(uuid.NewRandomFromReader(st)) // a stream never fails
}

// NewNumber draws a phone number of a contact.
func NewNumber(st *seed.Stream) string { return fmt.Sprintf("+1415%07d", st.IntN(10_000_000)) }

// Message is an outbound message. Its events happen in the order of the
// lifecycle, a second apart, in whichever order they are delivered.
type Message struct {
	ID       uuid.UUID
	Template uuid.UUID
	Account  Account
	Channel  event.Channel
	To, From string
	Born     time.Time // when it was queued
}

// NewMessage draws a message that nobody has heard of.
func NewMessage(st *seed.Stream, a Account, ch event.Channel, born time.Time) Message {
	return Message{
		ID: NewID(st), Template: NewID(st), Account: a, Channel: ch,
		To: NewNumber(st), From: a.Number, Born: born,
	}
}

// Event is the message's event of that status.
func (m Message) Event(st event.Status) event.Event {
	at := m.Born.Add(Position(st))
	out := &event.Outbound{
		AccountID:     m.Account.ID,
		MessageID:     m.ID,
		Status:        st,
		Channel:       m.Channel,
		InboundNumber: m.To, OutboundNumber: m.From,
		TemplateID: m.Template,
		UpdatedAt:  at,
	}
	if m.Channel == event.RCS {
		out.AgentID = "sentsim-agent"
	}
	if st == event.Failed {
		out.Reason, out.ReasonCode = "Handset unreachable: no delivery receipt from the carrier", "DELIVERY_007"
	}
	return event.Event{ID: uuid.NewSHA1(m.ID, []byte(st)), Type: event.TypeOf(st), CreatedAt: at, Outbound: out}
}

// Lifecycle is the way of a message that nothing happens to.
func Lifecycle() []event.Status {
	return []event.Status{event.Queued, event.Routed, event.Sent, event.Delivered, event.Read}
}

// Statuses are the statuses of the lifecycle, and how it can end otherwise.
func Statuses() []event.Status { return append(Lifecycle(), event.Failed) }

// WayTo is the statuses of a message in order, none left out, until that one.
func WayTo(last event.Status) []event.Status {
	if last == event.Failed {
		return []event.Status{event.Queued, event.Routed, event.Sent, event.Failed}
	}
	for i, st := range Lifecycle() {
		if st == last {
			return Lifecycle()[:i+1]
		}
	}
	return []event.Status{last}
}

// Before reports whether a message can have had the status a on its way to b.
func Before(a, b event.Status) bool {
	for _, st := range WayTo(b) {
		if st == b {
			return false
		}
		if st == a {
			return true
		}
	}
	return false
}

// Position is when a status happens in a message's life.
func Position(st event.Status) time.Duration {
	for i, s := range Lifecycle() {
		if s == st {
			return time.Duration(i) * time.Second
		}
	}
	return 3 * time.Second // FAILED and unknown ones: where DELIVERED would stand
}

// Travels reports whether a status can occur on a channel: nobody is told that
// an SMS was read.
func Travels(st event.Status, ch event.Channel) bool { return st != event.Read || ch != event.SMS }

// Inbound is a text that a contact sends; nil is a null text.
func Inbound(id uuid.UUID, a Account, from string, text *string, ch event.Channel, at time.Time) event.Event {
	return event.Event{
		ID:        uuid.NewSHA1(id, []byte(event.Received)),
		Type:      event.TypeOf(event.Received),
		CreatedAt: at,
		Inbound: &event.Inbound{
			AccountID: a.ID, MessageID: id, From: from, To: a.Number,
			Text: text, Channel: ch, Provider: "sentsim", ReceivedAt: at,
		},
	}
}

// Template is an event of a template's review.
func Template(id uuid.UUID, a Account, status string, at time.Time) event.Event {
	t := &event.Template{
		AccountID: a.ID, TemplateID: id, Name: "order_update_" + id.String()[:8],
		Status: status, Language: "en_US", Category: event.Marketing, Channel: event.WhatsApp,
	}
	switch status {
	case event.TemplateRejected:
		reason := "INVALID_FORMAT: the template holds a variable without an example"
		t.Reason = &reason
	case event.TemplateCategoryUpdated:
		reason := "Category changed from MARKETING to UTILITY"
		t.Category, t.Reason = event.Utility, &reason
	}
	if status != event.TemplatePending && status != event.TemplateRejected {
		t.WhatsAppTemplateID = fmt.Sprintf("%d", binary.BigEndian.Uint64(id[:8])>>4) // unique, as Meta's
	}
	return event.Event{ID: uuid.NewSHA1(id, []byte(status)), Type: event.Templates, CreatedAt: at, Template: t}
}
