package chaos

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/seed"
)

// Plan is what a run's steps are drawn from: the same plan has the same steps,
// byte for byte. It holds no secret.
type Plan struct {
	Seed      seed.Seed `json:"seed"`
	Messages  int       `json:"messages"` // outbound, inbound and templates together
	Start     time.Time `json:"start"`    // when it happens: no event is dated later
	WebhookID uuid.UUID `json:"webhook_id"`
	AccountID uuid.UUID `json:"account_id"`
	Profile   Profile   `json:"profile"`

	Format          Format `json:"format"`
	Extended        bool   `json:"extended"`                  // the extended set of statuses
	EventTypeHeader bool   `json:"event_type_header"`         // deliveries carry X-Webhook-Event-Type
	EventIDHeader   bool   `json:"event_id_header,omitempty"` // deliveries carry X-Webhook-Event-ID

	// Families are those of events that there are; "" in traces from before: message and templates.
	Families event.Families `json:"families,omitempty"`

	// Channels are those that messages travel on, InboundChannels those that texts
	// come on; empty: all.
	Channels        []event.Channel `json:"channels,omitempty"`
	InboundChannels []event.Channel `json:"inbound_channels,omitempty"`

	Sending Sending `json:"sending,omitzero"`
	Strict  bool    `json:"strict,omitempty"` // forgeries on which only a strict run insists come too
}

// Format is event.Format as it stands in a trace.
type Format struct {
	Envelope      event.Envelope      `json:"envelope"`
	Numbers       event.Numbers       `json:"numbers"`
	InboundShape  event.InboundShape  `json:"inbound_shape"`
	OutboundShape event.OutboundShape `json:"outbound_shape,omitempty"` // "" in traces from before there were editions: classic
}

func (f Format) event() event.Format {
	if f.OutboundShape == "" {
		f.OutboundShape = event.OutboundClassic
	}
	return event.Format(f)
}

// Kind is what a step does.
type Kind string

// The kinds of steps. All but KindDeliver and KindForge need a target that can be
// controlled; where it cannot, they are passed over.
const (
	KindDeliver Kind = "deliver" // a genuine delivery, signed when it is sent
	KindForge   Kind = "forge"   // a delivery that a correct receiver refuses
	KindPause   Kind = "pause"   // the target stands still: it takes connections and answers nothing
	KindResume  Kind = "resume"
	KindRestart Kind = "restart"
	KindRotate  Kind = "rotate"  // the webhook gets a new signing secret, the old one is dead at once
	KindDisable Kind = "disable" // the webhook is disabled: nothing is sent until it is enabled
	KindEnable  Kind = "enable"
)

// Step is one thing that is done to the target. Steps stand in the order in
// which they are done, which is that of At; those of one Group are done at the
// same instant.
type Step struct {
	Number  int           `json:"number"` // from 1
	At      time.Duration `json:"at"`     // since the plan's start
	Kind    Kind          `json:"kind"`
	Group   int           `json:"group,omitempty"` // 0: alone
	Subject Subject       `json:"subject,omitzero"`
	Event   Event         `json:"event,omitzero"` // of a delivery; a forgery's is the genuine one
	Body    Body          `json:"body,omitempty"` // exact; a forgery's is the genuine one

	Occurrence Occurrence            `json:"occurrence,omitempty"`
	Attempt    int                   `json:"attempt,omitempty"` // how often this event has been sent, from 1
	Faults     []Fault               `json:"faults,omitempty"`  // that had a part in this step
	Sender     delivery.Misbehaviour `json:"sender,omitempty"`
	Forgery    string                `json:"forgery,omitempty"` // of Forgeries, for KindForge
	// Skew is how far the clock that signs the delivery is ahead of the right one.
	Skew time.Duration `json:"skew,omitempty"`

	// Rule is what a wrong answer to this delivery breaks, e.g. "SIG-1".
	Rule string `json:"rule,omitempty"`
	// Last says that nothing follows about the same one of the plan's messages. It
	// may be missing where what would have followed was given up.
	Last bool `json:"last,omitempty"`
}

// SubjectKind is what a delivery is about.
type SubjectKind string

// The kinds of subjects.
const (
	AboutMessage  SubjectKind = "message"
	AboutInbound  SubjectKind = "inbound"
	AboutTemplate SubjectKind = "template"
	AboutContact  SubjectKind = "contact" // whether it wants messages; its texts are inbound
)

// Subject is what a delivery is about, and how a probe finds it.
type Subject struct {
	Kind  SubjectKind   `json:"kind"`
	Index int           `json:"index"`          // of the plan's messages, from 1
	ID    uuid.UUID     `json:"id"`             // message_id, template_id or contact_id; of an inbound message only in the numbered shape
	From  string        `json:"from,omitempty"` // the number of a contact, with its plus
	On    event.Channel `json:"channel"`
}

// Event is the event that a delivery carries. Deliveries with the same ID carry
// the same event, and the same body.
type Event struct {
	ID     uuid.UUID  `json:"id"`
	Type   event.Type `json:"type"`
	Status string     `json:"status,omitempty"` // message_status or the template's status
	At     time.Time  `json:"at"`               // when it happened, as its body says
}

// Occurrence is which of an event's deliveries one is.
type Occurrence string

// The occurrences.
const (
	First     Occurrence = "first"
	Duplicate Occurrence = "duplicate" // the same request again, timestamp and all
	Retry     Occurrence = "retry"     // the event again, signed anew
)

// Body is the bytes of a request's body. In JSON it is a text, or
// {"base64": "…"} where it is not UTF-8.
type Body []byte

type binary struct {
	Base64 string `json:"base64"`
}

// MarshalJSON writes the body.
func (b Body) MarshalJSON() ([]byte, error) {
	if utf8.Valid(b) {
		return json.Marshal(string(b))
	}
	return json.Marshal(binary{Base64: base64.StdEncoding.EncodeToString(b)})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (b *Body) UnmarshalJSON(data []byte) error {
	var text string
	if json.Unmarshal(data, &text) == nil {
		*b = Body(text)
		return nil
	}
	var raw binary
	if err := json.Unmarshal(data, &raw); err != nil {
		return fmt.Errorf("body: neither a text nor {\"base64\": …}")
	}
	bytes, err := base64.StdEncoding.DecodeString(raw.Base64)
	if err != nil {
		return fmt.Errorf("body: base64: %w", err)
	}
	*b = bytes
	return nil
}

// Validate tells what is wrong with a plan that was put together by hand.
func (p Plan) Validate() error {
	if p.Messages < 1 || p.Messages > MaxMessages {
		return fmt.Errorf("%d messages: a run has 1 to %d", p.Messages, MaxMessages)
	}
	if err := p.Profile.Validate(); err != nil {
		return fmt.Errorf("profile %s: %w", p.Profile.Name, err)
	}
	return nil
}

// MaxMessages is how many messages a plan has at most.
const MaxMessages = 100_000_000
