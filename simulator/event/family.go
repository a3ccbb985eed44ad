package event

import (
	"time"

	"github.com/google/uuid"
)

// Contact is the payload of an event about what a contact wants: to get messages,
// to get none, to get help, or what a keyword of the account's means.
type Contact struct {
	AccountID  uuid.UUID
	ContactID  uuid.UUID
	OptOut     bool    // the state after the signal: help and keywords leave it as it was
	Source     string  // InboundKeyword or ProviderSignal
	From       string  // the contact, E.164 with its plus
	To         *string // the account's number; nil: null
	Channel    Channel
	AgentID    string    // RCS only; left out when empty
	MessageID  uuid.UUID // that carried the signal; null when zero
	TemplateID uuid.UUID // null when zero
	Text       *string   // nil: null
}

// The sources of a contact's signal.
const (
	InboundKeyword = "INBOUND_KEYWORD" // the contact wrote a message whose text is a keyword
	ProviderSignal = "PROVIDER_SIGNAL" // the network reported it: often without a message
)

// The types of contact events.
const (
	ContactOptIn         Type = "contact.opt_in"
	ContactOptOut        Type = "contact.opt_out"
	ContactHelp          Type = "contact.help"
	ContactCustomKeyword Type = "contact.custom_keyword"
)

// Market is the payload of a channel event: where one country stands in being
// opened for one of the account's channels.
type Market struct {
	AccountID   uuid.UUID
	Country     string // ISO 3166-1 alpha-2
	Channel     Channel
	NumberType  string  // e.g. TEN_DLC, LOCAL, ALPHANUMERIC; left out when empty
	SenderValue *string // a number or a name; nil: null, for there is no sender yet
	Status      string
	Reason      string // left out when empty
	ReasonCode  string // likewise
	UpdatedAt   time.Time
}

// The statuses of a market.
const (
	MarketPendingReview = "PENDING_REVIEW" // a registry or a carrier has it
	MarketActionNeeded  = "ACTION_NEEDED"  // the account must correct something
	MarketProvisioning  = "PROVISIONING"   // Sent is getting the sender
	MarketActive        = "ACTIVE"
	MarketInactive      = "INACTIVE" // it had a sender and has none any more
)

// Link is the payload of an event about a short link in a message.
type Link struct {
	RecordID        uuid.UUID
	Kind            string    // url or file
	CustomerID      uuid.UUID // the account
	SenderProfileID uuid.UUID // null when zero
	MessageID       uuid.UUID // may be of a message that the receiver has not heard of
	OccurredAt      time.Time
	Request         *LinkRequest // of somebody who followed it; nil where nobody did
}

// LinkRequest is what is known of the request of somebody who followed a link.
type LinkRequest struct {
	TrafficClass string // likely_human, provider, bot or unknown
	Country      string // a guess; left out when empty
	StatusCode   int
	Method       string
}

// Call is the payload of an event about a phone call.
type Call struct {
	CallID      uuid.UUID
	AccountID   uuid.UUID
	Number      string // the account's, E.164 with its plus
	UpdatedAt   time.Time
	Ended       *CallEnd  // of call.completed; else nil
	Reason      string    // of call.failed; left out when empty
	RecordingID uuid.UUID // of call.recording_ready; left out when zero
}

// CallEnd is what a call that was completed came to.
type CallEnd struct {
	Seconds int
	Price   float64
}
