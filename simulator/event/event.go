// Package event is what goes over the wire: the facts that Sent tells a webhook
// about messages, templates, contacts, channels, links and calls, the catalogue
// of them, and their encoding in each edition (sections "events" and "payloads"
// of Sent's webhook documentation). It knows no HTTP, no clock and no chance of its own.
package event

import (
	"time"

	"github.com/google/uuid"
)

// Event is one fact. It is immutable: its body is encoded once and is the same on
// every attempt, retry and replay.
//
// Exactly one of the payloads is set; with none of them the payload is an empty
// object.
type Event struct {
	ID        uuid.UUID // the X-Webhook-Event-ID of every delivery of it; not in the body
	Type      Type
	CreatedAt time.Time // the envelope's timestamp: when it happened, not when it is sent

	Outbound *Outbound
	Inbound  *Inbound
	Template *Template
	Contact  *Contact
	Market   *Market
	Link     *Link
	Call     *Call
}

// Subject is the id of what the event is about: a message, a template, a contact,
// a link's record, a call. Markets have none; zero for none.
func (e Event) Subject() uuid.UUID {
	switch {
	case e.Outbound != nil:
		return e.Outbound.MessageID
	case e.Inbound != nil:
		return e.Inbound.MessageID
	case e.Template != nil:
		return e.Template.TemplateID
	case e.Contact != nil:
		return e.Contact.ContactID
	case e.Link != nil:
		return e.Link.RecordID
	case e.Call != nil:
		return e.Call.CallID
	}
	return uuid.Nil
}

// Account is where the account stands that the event is about, so that it can be
// set on an event of any family; nil without a payload.
func (e Event) Account() *uuid.UUID {
	switch {
	case e.Outbound != nil:
		return &e.Outbound.AccountID
	case e.Inbound != nil:
		return &e.Inbound.AccountID
	case e.Template != nil:
		return &e.Template.AccountID
	case e.Contact != nil:
		return &e.Contact.AccountID
	case e.Market != nil:
		return &e.Market.AccountID
	case e.Link != nil:
		return &e.Link.CustomerID
	case e.Call != nil:
		return &e.Call.AccountID
	}
	return nil
}

// Outbound is the payload of an event about a message that an account sent. The
// numbers are named as in the classic shape; the numbered one has the recipient's
// alone, and calls it outbound_number.
type Outbound struct {
	AccountID      uuid.UUID
	MessageID      uuid.UUID
	Status         Status
	Channel        Channel
	InboundNumber  string    // of the recipient, E.164 with its plus
	OutboundNumber string    // of the sender, E.164 with its plus
	TemplateID     uuid.UUID // null when zero
	AgentID        string    // RCS only; left out when empty
	UpdatedAt      time.Time // when it reached the status
	Reason         string    // why it failed, or was filtered or blocked; left out when empty

	// Only in the numbered shape:
	Body           *string   // as rendered; nil: null. Of a longer one the first MaxBody characters are sent
	TemplateName   string    // left out when empty
	ReasonCode     string    // stands with Reason; left out when empty
	ScheduleReason string    // of SCHEDULED; left out when empty
	ScheduledAt    time.Time // of SCHEDULED and CANCELLED; left out when zero
}

// Codes that Sent's types name; others of a message's reasons stand with the
// lifecycle.
const (
	ConsentBlocked = "ERR_CONSENT_BLOCKED" // reason_code: the contact has opted out
	QuietHours     = "QUIET_HOURS"         // schedule_reason
)

// MaxBody is how many characters of a message's text an event carries.
const MaxBody = 3072

// Inbound is the payload of message.received: a contact wrote, or tapped a
// suggestion chip on RCS (its text is then in Text).
type Inbound struct {
	AccountID  uuid.UUID
	MessageID  uuid.UUID // on the wire only in the numbered shape
	From       string    // the contact, E.164 with its plus
	To         string    // the account's number, E.164 with its plus
	Text       *string   // nil: null, e.g. a picture without a caption
	Channel    Channel
	Provider   string // the carrier or channel provider that took it in; only in the classic shape
	ReceivedAt time.Time
	Media      []Media // only in the numbered shape; left out when there is none
}

// Media is a picture, a recording or a file that came with an inbound message.
type Media struct {
	URL        string
	MIMEType   string
	SizeBytes  int64
	HashSHA256 string // hex
}

// Template is the payload of an event about a template's review.
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

	// Whole says that the decision is about the whole template and not about its leg
	// on Channel, which the numbered shape then leaves out.
	Whole bool
	// AutoReplyAction is what a template does that answers keywords: OPT_IN, OPT_OUT,
	// HELP or OTHER. Only in the numbered shape; left out when empty.
	AutoReplyAction string
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
