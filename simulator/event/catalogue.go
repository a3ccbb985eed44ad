package event

import (
	"fmt"
	"slices"
	"strings"
)

// Direction is which way the message of an event travels.
type Direction string

// The directions. Template events count as outbound.
const (
	Out Direction = "outbound"
	In  Direction = "inbound"
)

// Kind is one entry of the catalogue: an event that Sent emits.
type Kind struct {
	Name      string    // what a user types: "message.delivered", "templates.approved"
	Type      Type      // what a delivery is called: Name, but "templates" for every template event
	Status    string    // message_status or status in the payload; "" for message.received
	Direction Direction // which way the message travels
	Channels  []Channel // where it can occur
	Meaning   string    // what has happened
	Trouble   string    // where it can go wrong; "" where Sent documents nothing
	Extended  bool      // emitted only with the extended set
}

// Parent is the event's parent: "message" or "templates".
func (k Kind) Parent() string { return k.Type.Parent() }

// Catalogue is every event: messages in lifecycle order, then the extended
// set, then templates. The caller owns the result.
func Catalogue() []Kind {
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
	template := func(status, meaning, trouble string) Kind {
		return Kind{
			Name: ParentTemplates + "." + strings.ToLower(status), Type: Templates, Status: status,
			Direction: Out, Channels: []Channel{WhatsApp}, Meaning: meaning, Trouble: trouble,
		}
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
			"The message is parked by quiet hours and re-enters the queue when they end.",
			"It may still be stopped or fail once it re-enters."),
		extended(Filtered,
			"Terminal: a policy stopped the message before routing.",
			""),
		extended(Blocked,
			"Terminal: the account's settings stopped the message before routing.",
			""),
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

// Lookup is the catalogue's entry of that name. It also takes the parents'
// other spellings ("messages.delivered", "template.approved") and any case. The
// error names the nearest known event.
func Lookup(name string) (Kind, error) {
	parent, sub, _ := strings.Cut(strings.ToLower(name), ".")
	switch parent {
	case "messages":
		parent = ParentMessage
	case "template":
		parent = ParentTemplates
	}
	kinds := Catalogue()
	for _, k := range kinds {
		if k.Name == parent+"."+sub {
			return k, nil
		}
	}
	if name == "" {
		return Kind{}, fmt.Errorf("no event named: give one such as %q", kinds[0].Name)
	}
	return Kind{}, fmt.Errorf("unknown event %q: did you mean %q?", name, nearest(strings.ToLower(name), kinds))
}

// ParseType is the type of the event of that name: "templates" itself, or
// whatever Lookup takes.
func ParseType(name string) (Type, error) {
	if Type(strings.ToLower(name)) == Templates {
		return Templates, nil
	}
	k, err := Lookup(name)
	return k.Type, err
}

// nearest is the name of the entry that is fewest typing errors away from name,
// which may be a sub-type alone. The catalogue's order breaks ties.
func nearest(name string, kinds []Kind) string {
	best, distance := "", -1
	for _, k := range kinds {
		_, sub, _ := strings.Cut(k.Name, ".")
		d := min(edits(name, k.Name), edits(name, sub)+1)
		if distance < 0 || d < distance {
			best, distance = k.Name, d
		}
	}
	return best
}

// edits is the Levenshtein distance of a and b in bytes.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			substitute := diagonal
			if a[i] != b[j] {
				substitute++
			}
			diagonal = row[j+1]
			row[j+1] = min(substitute, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
