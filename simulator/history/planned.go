package history

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/event"
)

// eventRecord is a planned event as it stands in the file.
type eventRecord struct {
	ID        uuid.UUID       `json:"id"`
	Type      event.Type      `json:"type"`
	CreatedAt time.Time       `json:"created_at"`
	Outbound  *outboundRecord `json:"outbound,omitempty"`
	Inbound   *inboundRecord  `json:"inbound,omitempty"`
	Template  *templateRecord `json:"template,omitempty"`
	Contact   *event.Contact  `json:"contact,omitempty"`
	Market    *event.Market   `json:"market,omitempty"`
	Link      *event.Link     `json:"link,omitempty"`
	Call      *event.Call     `json:"call,omitempty"`
}

// The fields of these are event's, in its order.
type (
	outboundRecord struct {
		AccountID      uuid.UUID     `json:"account_id"`
		MessageID      uuid.UUID     `json:"message_id"`
		Status         event.Status  `json:"status"`
		Channel        event.Channel `json:"channel"`
		InboundNumber  string        `json:"inbound_number"`
		OutboundNumber string        `json:"outbound_number"`
		TemplateID     uuid.UUID     `json:"template_id"`
		AgentID        string        `json:"agent_id"`
		UpdatedAt      time.Time     `json:"updated_at"`
		Reason         string        `json:"reason"`
		Body           *string       `json:"body,omitempty"`
		TemplateName   string        `json:"template_name,omitempty"`
		ReasonCode     string        `json:"reason_code,omitempty"`
		ScheduleReason string        `json:"schedule_reason,omitempty"`
		ScheduledAt    time.Time     `json:"scheduled_at,omitzero"`
	}
	inboundRecord struct {
		AccountID  uuid.UUID     `json:"account_id"`
		MessageID  uuid.UUID     `json:"message_id"`
		From       string        `json:"from"`
		To         string        `json:"to"`
		Text       *string       `json:"text"`
		Channel    event.Channel `json:"channel"`
		Provider   string        `json:"provider"`
		ReceivedAt time.Time     `json:"received_at"`
		Media      []event.Media `json:"media,omitempty"`
	}
	templateRecord struct {
		AccountID          uuid.UUID     `json:"account_id"`
		TemplateID         uuid.UUID     `json:"template_id"`
		Name               string        `json:"name"`
		WhatsAppTemplateID string        `json:"whatsapp_template_id"`
		Status             string        `json:"status"`
		Language           string        `json:"language"`
		Category           string        `json:"category"`
		Channel            event.Channel `json:"channel"`
		Reason             *string       `json:"reason"`
		Whole              bool          `json:"whole,omitempty"`
		AutoReplyAction    string        `json:"auto_reply_action,omitempty"`
	}
)

func encodeEvent(e *event.Event) ([]byte, error) {
	return json.Marshal(eventRecord{ //nolint:musttag // the families added later are kept as they are
		e.ID, e.Type, e.CreatedAt, (*outboundRecord)(e.Outbound), (*inboundRecord)(e.Inbound), (*templateRecord)(e.Template),
		e.Contact, e.Market, e.Link, e.Call,
	})
}

func decodeEvent(record []byte) (event.Event, error) {
	var r eventRecord
	if err := json.Unmarshal(record, &r); err != nil { //nolint:musttag // as above
		return event.Event{}, fmt.Errorf("a planned event's record: %w", ErrCorrupt)
	}
	return event.Event{
		ID: r.ID, Type: r.Type, CreatedAt: r.CreatedAt,
		Outbound: (*event.Outbound)(r.Outbound), Inbound: (*event.Inbound)(r.Inbound), Template: (*event.Template)(r.Template),
		Contact: r.Contact, Market: r.Market, Link: r.Link, Call: r.Call,
	}, nil
}
