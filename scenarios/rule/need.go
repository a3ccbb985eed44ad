package rule

// Need is something the harness must be given before it can check a rule.
type Need string

// The needs. The first six are keys of the config file.
const (
	MessageState    Need = "probe.message"         // whether a message is known
	MessageStatus   Need = "probe.message.status"  // the status a message is in
	MessageEffects  Need = "probe.message.effects" // how often an event of a message had its effect
	InboundCount    Need = "probe.inbound.count"   // how many texts from a number were taken
	TemplateStatus  Need = "probe.template.status" // the status a template is in
	ContactOptOut   Need = "probe.contact"         // whether a contact has opted out
	Restart         Need = "restart"               // the target can be stopped and started again
	Rotate          Need = "rotate"                // the target can be given another secret
	ObservedReplies Need = "replies"               // the receiver sends through an API the harness watches
)

// Needs are all of them.
func Needs() []Need {
	return []Need{MessageState, MessageStatus, MessageEffects, InboundCount, TemplateStatus, ContactOptOut, Restart, Rotate, ObservedReplies}
}

// Short says in a headline that the need was not met.
func (n Need) Short() string {
	switch n {
	case MessageState, MessageStatus, MessageEffects, InboundCount, TemplateStatus, ContactOptOut:
		return "no probe: state is invisible"
	case Restart:
		return "it cannot be restarted"
	case Rotate:
		return "its secret cannot be changed"
	case ObservedReplies:
		return "it sends no replies"
	}
	return string(n) + " is missing"
}

// Missing says, as the reason of a rule that was not checked, that the need was not met.
func (n Need) Missing() string {
	switch n {
	case MessageState, MessageStatus, MessageEffects, InboundCount, TemplateStatus, ContactOptOut:
		return "the receiver's state cannot be read: " + string(n) + " is not configured"
	case Restart:
		return "this target cannot be restarted"
	case Rotate:
		return "this target's secret cannot be changed"
	case ObservedReplies:
		return "the receiver sent no reply to an ordinary inbound text, so a missing reply proves nothing"
	}
	return string(n) + " is missing"
}

// How says how to meet the need.
func (n Need) How() string {
	switch n {
	case MessageState, MessageStatus, MessageEffects, InboundCount, TemplateStatus, ContactOptOut:
		return "give the receiver a read-only endpoint and name it in the config file: probe: {" + n.Probe() + "}"
	case Restart:
		return "let sentsim start the receiver (--exec 'CMD'), or configure target.restart with a command or URL that restarts it"
	case Rotate:
		return "let sentsim start the receiver (--exec 'CMD'), or configure target.rotate with a command or URL that gives it a new secret"
	case ObservedReplies:
		return "let the receiver send its replies to the API at SENT_BASE_URL, which sentsim sets when it starts the receiver"
	}
	return ""
}

// Probe is the line under probe in the config file that meets the need, or "".
func (n Need) Probe() string {
	switch n {
	case MessageState, MessageStatus, MessageEffects:
		return `message: {url: "/state/messages/{message_id}", status: "$.status", effects: "$.effects"}`
	case InboundCount:
		return `inbound: {url: "/state/inbound?from={from}", count: "$.count"}`
	case TemplateStatus:
		return `template: {url: "/state/templates/{template_id}", status: "$.status"}`
	case ContactOptOut:
		return `contact: {url: "/state/contacts?number={from}", opted_out: "$.opted_out"}`
	case Restart, Rotate, ObservedReplies:
	}
	return ""
}

// ProbeOf is the Probe of the need that is met as remedy says, or "": of remedies that
// stand together the lines go under one key, because a file with two is refused.
func ProbeOf(remedy string) string {
	for _, n := range Needs() {
		if n.How() == remedy {
			return n.Probe()
		}
	}
	return ""
}
