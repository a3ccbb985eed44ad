package event

// Envelope is a dialect of the JSON around the payload.
type Envelope string

// The envelope dialects.
const (
	EnvelopeCurrent Envelope = "current" // field "message", the name in sub_type
	EnvelopeEvent   Envelope = "event"   // field "message", the name in event
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
	InboundClassic  InboundShape = "classic"  // from, to
	InboundNumbered InboundShape = "numbered" // message_id, inbound_number (the contact), outbound_number, updated_at
)

// Format is everything that may differ in how one event is encoded. A field
// left empty means its default, so the zero Format is DefaultFormat.
type Format struct {
	Envelope     Envelope
	Numbers      Numbers
	InboundShape InboundShape
}

// DefaultFormat is what Sent sends today.
func DefaultFormat() Format {
	return Format{Envelope: EnvelopeCurrent, Numbers: NumbersE164, InboundShape: InboundClassic}
}

// Envelopes are the accepted values, the default first.
func Envelopes() []Envelope { return []Envelope{EnvelopeCurrent, EnvelopeEvent, EnvelopeLegacy} }

// NumberForms are the accepted values, the default first.
func NumberForms() []Numbers { return []Numbers{NumbersE164, NumbersDigits} }

// InboundShapes are the accepted values, the default first.
func InboundShapes() []InboundShape { return []InboundShape{InboundClassic, InboundNumbered} }
