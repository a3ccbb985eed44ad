package event

import (
	"slices"
	"strings"
)

// Direction is which way the message of an event travels.
type Direction string

// The directions. What a contact does is inbound; everything else that is not
// about a message counts as outbound.
const (
	Out Direction = "outbound"
	In  Direction = "inbound"
)

// Kind is one entry of the catalogue: an event that Sent emits.
type Kind struct {
	Name      string    // what a user types: "message.delivered", "templates.approved"
	Type      Type      // what a delivery is called: Name, but "templates" for every template event
	Status    string    // message_status or status in the payload; "" where it has none
	Direction Direction // which way the message travels
	Channels  []Channel // where it can occur
	Meaning   string    // what has happened
	Trouble   string    // where it can go wrong; "" where Sent documents nothing
	Extended  bool      // emitted only with the extended set
}

// Parent is the event's family: "message", "templates", "contact".
func (k Kind) Parent() string { return k.Type.Parent() }

// Catalogue is every event of every family: messages in lifecycle order, then the
// extended set, then templates and the other families. The caller owns the result.
func Catalogue() []Kind {
	return slices.Concat(messageKinds(), templateKinds(), contactKinds(), channelKinds(), linkKinds(), callKinds())
}

func messageKinds() []Kind {
	all := []Channel{SMS, WhatsApp, RCS}
	message := func(s Status, channels []Channel, meaning, trouble string) Kind {
		return Kind{
			Name: string(TypeOf(s)), Type: TypeOf(s), Status: string(s),
			Direction: Out, Channels: slices.Clone(channels), Meaning: meaning, Trouble: trouble,
		}
	}
	extended := func(s Status, meaning, trouble string) Kind {
		k := message(s, all, meaning, trouble)
		k.Extended = true
		return k
	}
	received := message(Received, all,
		"A contact wrote to one of your numbers or, on RCS, tapped a suggestion chip: the chip's text is then the message's text.",
		"Only the delivery to your endpoint can fail: it is retried like any other.")
	received.Direction, received.Status = In, ""

	return []Kind{
		message(Queued, all,
			"Sent has accepted the request and queues it for routing.",
			"Validation errors (a bad number, missing template parameters) refuse the request before this event."),
		message(Routed, all,
			"The message has been assigned to a carrier or channel provider.",
			"Routing fails when there is no route to the destination: message.failed."),
		message(Sent, all,
			"The carrier or provider has accepted the message for delivery.",
			"The carrier refuses it (content policy, blocked number): message.failed."),
		message(Delivered, all,
			"The message reached the recipient's device.",
			"Handset offline, number unreachable or receipt missing: message.failed, or it stays at sent until the receipt times out."),
		message(Read, []Channel{WhatsApp, RCS},
			"The recipient opened the message. Never emitted for SMS.",
			"The recipient never opens it or has read receipts disabled: it stays at delivered."),
		message(Failed, all,
			"Terminal failure: the message will not be delivered. The payload's reason says why.",
			""),
		received,
		extended(Scheduled,
			"The message is parked by quiet hours or for a time that the caller chose, and re-enters the queue then.",
			"It may be cancelled, and may still be stopped or fail once it re-enters."),
		extended(Cancelled,
			"Terminal: a scheduled message was cancelled before its time.",
			""),
		extended(Filtered,
			"Terminal: a policy stopped the message before routing.",
			""),
		extended(Blocked,
			"Terminal: something about the account or the contact stopped the message before routing: no balance, a template that is not approved, no open conversation, an opt-out.",
			""),
	}
}

func templateKinds() []Kind {
	template := func(status, meaning, trouble string) Kind {
		return Kind{
			Name: ParentTemplates + "." + strings.ToLower(status), Type: Templates, Status: status,
			Direction: Out, Channels: []Channel{WhatsApp}, Meaning: meaning, Trouble: trouble,
		}
	}
	return []Kind{
		template(TemplatePending,
			"The template has been submitted to Meta for review.",
			""),
		template(TemplateApproved,
			"Meta approved the template: it can be used for WhatsApp.",
			""),
		template(TemplateRejected,
			"Meta rejected the template. The payload's reason says why.",
			"Fix the template's content or category, then submit it again."),
		template(TemplateCategoryUpdated,
			"Meta moved the template to another category. The payload's reason describes the change.",
			""),
		template(TemplatePaused,
			"Meta paused the template. One of the values that Sent forwards as they come: the set of template statuses is open.",
			""),
		template(TemplateDisabled,
			"Meta disabled the template. One of the values that Sent forwards as they come: the set of template statuses is open.",
			""),
	}
}
