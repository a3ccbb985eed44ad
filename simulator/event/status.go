package event

import (
	"fmt"
	"strings"
)

// Channel is how a message travels.
type Channel string

// The channels. Auto and Unrouted appear only in the extended set.
const (
	SMS      Channel = "sms"
	WhatsApp Channel = "whatsapp"
	RCS      Channel = "rcs"

	Unrouted Channel = "sent" // routing is automatic and has not happened yet
	Auto     Channel = "auto" // routing is automatic and never happened
)

// Channels are those that a message can really travel on.
func Channels() []Channel { return []Channel{SMS, WhatsApp, RCS} }

// ParseChannel reads sms, whatsapp or rcs, in any case.
func ParseChannel(text string) (Channel, error) {
	ch := Channel(strings.ToLower(text))
	switch ch {
	case SMS, WhatsApp, RCS:
		return ch, nil
	case Unrouted, Auto:
	}
	return "", fmt.Errorf("unknown channel %q: use sms, whatsapp or rcs", text)
}

// Status is where a message is in its lifecycle, spelled as on the wire.
type Status string

// The statuses. Received is inbound and outside the lifecycle; the last four
// appear only in the extended set.
const (
	Queued    Status = "QUEUED"
	Routed    Status = "ROUTED"
	Sent      Status = "SENT"
	Delivered Status = "DELIVERED"
	Read      Status = "READ"
	Failed    Status = "FAILED"
	Received  Status = "RECEIVED"

	Scheduled Status = "SCHEDULED" // parked by quiet hours, re-enters the queue later
	Filtered  Status = "FILTERED"  // stopped by a policy
	Blocked   Status = "BLOCKED"   // stopped by the account's settings
	Processed Status = "PROCESSED" // between queued and routed; in activities only, never an event
)

// Type is the full name of an event: the parent, for message events a dot and
// the sub-type ("message.delivered"), for template events nothing more.
type Type string

// Templates is the type of every template event: they have no sub-type.
const Templates Type = "templates"

// The parents, as they stand in field and in a webhook's event_types.
const (
	ParentMessage   = "message"
	ParentTemplates = "templates"
)

// TypeOf is the type of a message event with that status: "message." and the
// status in lower case, for unknown statuses too (TOL-1).
func TypeOf(s Status) Type { return Type(ParentMessage + "." + strings.ToLower(string(s))) }

// Parent is the part before the first dot: "message" or "templates".
func (t Type) Parent() string {
	parent, _, _ := strings.Cut(string(t), ".")
	return parent
}

// SubType is the part after the first dot, e.g. "delivered"; "" for template events.
func (t Type) SubType() string {
	_, sub, _ := strings.Cut(string(t), ".")
	return sub
}
