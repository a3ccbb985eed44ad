// Package event is what goes over the wire: the facts that Sent tells a webhook
// about a message or a template, the catalogue of them, and their encoding in
// each dialect of the envelope (sections "events" and "payloads" of Sent's
// webhook documentation). It knows no HTTP, no clock and no chance of its own.
package event

import (
	"time"

	"github.com/google/uuid"
)

// Event is one fact about a message or a template. It is immutable: its body is
// encoded once and is the same on every attempt, retry and replay.
//
// Exactly one of Outbound, Inbound and Template is set; with none of them the
// payload is an empty object.
type Event struct {
	ID        uuid.UUID // ours, to tell events apart; not on the wire
	Type      Type
	CreatedAt time.Time // the envelope's timestamp: when it happened, not when it is sent

	Outbound *Outbound
	Inbound  *Inbound
	Template *Template
}

// Subject is the id of the message or template that the event is about; zero for
// none.
func (e Event) Subject() uuid.UUID {
	switch {
	case e.Outbound != nil:
		return e.Outbound.MessageID
	case e.Inbound != nil:
		return e.Inbound.MessageID
	case e.Template != nil:
		return e.Template.TemplateID
	}
	return uuid.Nil
}

// Outbound is the payload of an event about a message that an account sent.
type Outbound struct {
	AccountID      uuid.UUID
	MessageID      uuid.UUID
	Status         Status
	Channel        Channel
	InboundNumber  string    // of the recipient, E.164 with its plus
	OutboundNumber string    // of the sender, E.164 with its plus
	TemplateID     uuid.UUID // left out when zero
	AgentID        string    // RCS only; left out when empty
	UpdatedAt      time.Time
	Reason         string // why it failed; left out when empty
}

// Inbound is the payload of message.received: a contact wrote, or tapped a
// suggestion chip on RCS (its text is then in Text).
type Inbound struct {
	AccountID  uuid.UUID
	MessageID  uuid.UUID // on the wire only in the numbered shape
	From       string    // the contact, E.164 with its plus
	To         string    // the account's number, E.164 with its plus
	Text       *string   // nil: null, e.g. a picture without a caption
	Channel    Channel
	Provider   string // the carrier or channel provider that took it in
	ReceivedAt time.Time
}

// Template is the payload of an event about a WhatsApp template.
type Template struct {
	AccountID          uuid.UUID
	TemplateID         uuid.UUID
	Name               string
	WhatsAppTemplateID string // empty until Meta approved it
	Status             string // PENDING, APPROVED, REJECTED, CATEGORY_UPDATED, or whatever else Meta says (TOL-2)
	Language           string // e.g. en_US
	Category           string // MARKETING, UTILITY or AUTHENTICATION
	Channel            Channel
	Reason             *string // nil: null
}

// The template statuses that Sent documents. The set is open: Meta's other
// values (PAUSED, DISABLED, anything) arrive as they are.
const (
	TemplatePending         = "PENDING"
	TemplateApproved        = "APPROVED"
	TemplateRejected        = "REJECTED"
	TemplateCategoryUpdated = "CATEGORY_UPDATED"
	TemplatePaused          = "PAUSED"
	TemplateDisabled        = "DISABLED"
)

// The template categories.
const (
	Marketing      = "MARKETING"
	Utility        = "UTILITY"
	Authentication = "AUTHENTICATION"
)
