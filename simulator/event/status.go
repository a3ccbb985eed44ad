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

	MMS   Channel = "mms"   // of inbound messages only
	Voice Channel = "voice" // of calls only

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
	case MMS, Voice, Unrouted, Auto:
	}
	return "", fmt.Errorf("unknown channel %q: use sms, whatsapp or rcs", text)
}

// Status is where a message is in its lifecycle, spelled as on the wire.
type Status string

// The statuses. Received is inbound and outside the lifecycle; the last five
// appear only in the extended set.
const (
	Queued    Status = "QUEUED"
	Routed    Status = "ROUTED"
	Sent      Status = "SENT"
	Delivered Status = "DELIVERED"
	Read      Status = "READ"
	Failed    Status = "FAILED"
	Received  Status = "RECEIVED"

	Scheduled Status = "SCHEDULED" // parked by quiet hours or by the caller, re-enters the queue later
	Cancelled Status = "CANCELLED" // ends a scheduled one
	Filtered  Status = "FILTERED"  // stopped by a policy
	Blocked   Status = "BLOCKED"   // stopped by the account's settings
	Processed Status = "PROCESSED" // between queued and routed; in activities only, never an event
)

// Type is the full name of an event: its family, a dot and the sub-type
// ("message.delivered"); for template events the family and nothing more.
type Type string

// Templates is the type of every template event: they have no sub-type.
const Templates Type = "templates"

// The families of events, as they stand in field and in a webhook's event_types.
const (
	ParentMessage   = "message"
	ParentTemplates = "templates"
	ParentContact   = "contact"
	ParentChannel   = "channel"
	ParentLink      = "link"
	ParentCall      = "call"
)

// AllFamilies are the families that any edition has, in the order of the catalogue.
func AllFamilies() []string {
	return []string{ParentMessage, ParentTemplates, ParentContact, ParentChannel, ParentLink, ParentCall}
}

// ParseFamily reads a family's name in the singular or the plural and in any
// case, as people write it ("messages", "template", "contacts").
func ParseFamily(name string) (family string, ok bool) {
	name = strings.TrimSuffix(strings.ToLower(name), "s")
	for _, f := range AllFamilies() {
		if strings.TrimSuffix(f, "s") == name {
			return f, true
		}
	}
	return "", false
}

// TypeOf is the type of a message event with that status: "message." and the
// status in lower case, for unknown statuses too (TOL-1).
func TypeOf(s Status) Type {
	const message = ParentMessage + "."
	switch s {
	// What nearly every message reports takes no memory.
	case Queued:
		return message + "queued"
	case Routed:
		return message + "routed"
	case Sent:
		return message + "sent"
	case Delivered:
		return message + "delivered"
	case Read:
		return message + "read"
	case Failed, Received, Scheduled, Cancelled, Filtered, Blocked, Processed:
	}
	return Type(message + strings.ToLower(string(s)))
}

// Parent is the part before the first dot, the family: "message", "templates".
func (t Type) Parent() string {
	parent, _, _ := strings.Cut(string(t), ".")
	return parent
}

// SubType is the part after the first dot, e.g. "delivered"; "" for template events.
func (t Type) SubType() string {
	_, sub, _ := strings.Cut(string(t), ".")
	return sub
}
