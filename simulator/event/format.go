package event

// Envelope is a dialect of the JSON around the payload.
type Envelope string

// The envelope dialects.
const (
	EnvelopeEvent   Envelope = "event"   // field is the family, the name in event, request_id
	EnvelopeCurrent Envelope = "current" // field "message", the name in sub_type
	EnvelopeLegacy  Envelope = "legacy"  // field "messages", no name at all
)

// Numbers is how phone numbers are written.
type Numbers string

// The ways to write a number.
const (
	NumbersE164   Numbers = "e164"   // +14155550100
	NumbersDigits Numbers = "digits" // 14155550100
)

// InboundShape is which fields an inbound payload has.
type InboundShape string

// The inbound shapes.
const (
	InboundNumbered InboundShape = "numbered" // message_id, inbound_number (the contact), outbound_number, updated_at, media
	InboundClassic  InboundShape = "classic"  // from, to, provider
)

// OutboundShape is which fields the payload of an outbound message has.
type OutboundShape string

// The outbound shapes.
const (
	OutboundNumbered OutboundShape = "numbered" // outbound_number is the recipient's; body, template_name, reason_code
	OutboundClassic  OutboundShape = "classic"  // inbound_number is the recipient's, outbound_number the sender's
)

// Format is everything that may differ in how one event is encoded. A field
// left empty means its default, so the zero Format is DefaultFormat.
type Format struct {
	Envelope      Envelope
	Numbers       Numbers
	InboundShape  InboundShape
	OutboundShape OutboundShape
}

// DefaultFormat is what Sent sends today: that of the newest edition.
func DefaultFormat() Format { return NewestEdition().Format() }

// Envelopes are the accepted values, the default first.
func Envelopes() []Envelope { return []Envelope{EnvelopeEvent, EnvelopeCurrent, EnvelopeLegacy} }

// NumberForms are the accepted values, the default first.
func NumberForms() []Numbers { return []Numbers{NumbersE164, NumbersDigits} }

// InboundShapes are the accepted values, the default first.
func InboundShapes() []InboundShape { return []InboundShape{InboundNumbered, InboundClassic} }

// OutboundShapes are the accepted values, the default first.
func OutboundShapes() []OutboundShape { return []OutboundShape{OutboundNumbered, OutboundClassic} }
