package event

import (
	"strings"
	"time"

	"github.com/google/uuid"
)

// Encode is the body of e's deliveries: compact UTF-8 JSON with its keys in a
// fixed order, byte for byte what JavaScript's JSON.stringify(JSON.parse(body))
// prints, so that a body is never a reason for a receiver that re-serialises it
// to fail by luck or to pass by luck (SIG-9 is tested on purpose, elsewhere).
func (e Event) Encode(f Format) []byte {
	return e.Append(make([]byte, 0, 640), f)
}

// Append is Encode, appended to dst.
//
// Template events have field "templates" and no name, in every dialect. Times
// are whole seconds in UTC: two events within a second carry the same time.
func (e Event) Append(dst []byte, f Format) []byte {
	parent := e.Type.Parent()
	if f.Envelope == EnvelopeLegacy && parent == ParentMessage {
		parent = "messages"
	}
	dst = append(dst, `{"field":`...)
	dst = appendString(dst, parent)
	if sub := e.Type.SubType(); sub != "" && e.Template == nil {
		switch f.Envelope {
		case EnvelopeLegacy:
		case EnvelopeEvent:
			dst = appendField(dst, "event", string(e.Type))
		case EnvelopeCurrent, "":
			dst = appendField(dst, "sub_type", string(e.Type))
		}
	}
	dst = appendTime(dst, "timestamp", e.CreatedAt)
	dst = append(dst, `,"payload":`...)
	switch {
	case e.Outbound != nil:
		dst = e.Outbound.append(dst, f)
	case e.Inbound != nil:
		dst = e.Inbound.append(dst, f)
	case e.Template != nil:
		dst = e.Template.append(dst)
	default:
		dst = append(dst, '{', '}')
	}
	return append(dst, '}')
}

func (o *Outbound) append(dst []byte, f Format) []byte {
	dst = append(dst, `{"account_id":`...)
	dst = appendID(dst, o.AccountID)
	dst = append(dst, `,"message_id":`...)
	dst = appendID(dst, o.MessageID)
	dst = appendField(dst, "message_status", string(o.Status))
	dst = appendField(dst, "channel", string(o.Channel))
	dst = appendField(dst, "inbound_number", number(o.InboundNumber, f))
	dst = appendField(dst, "outbound_number", number(o.OutboundNumber, f))
	if o.TemplateID != uuid.Nil {
		dst = append(dst, `,"template_id":`...)
		dst = appendID(dst, o.TemplateID)
	}
	if o.AgentID != "" {
		dst = appendField(dst, "agent_id", o.AgentID)
	}
	dst = appendTime(dst, "updated_at", o.UpdatedAt)
	if o.Reason != "" {
		dst = appendField(dst, "reason", o.Reason)
	}
	return append(dst, '}')
}

func (in *Inbound) append(dst []byte, f Format) []byte {
	numbered := f.InboundShape == InboundNumbered
	dst = append(dst, `{"account_id":`...)
	dst = appendID(dst, in.AccountID)
	if numbered {
		dst = append(dst, `,"message_id":`...)
		dst = appendID(dst, in.MessageID)
		dst = appendField(dst, "inbound_number", number(in.From, f))
		dst = appendField(dst, "outbound_number", number(in.To, f))
	} else {
		dst = appendField(dst, "from", number(in.From, f))
		dst = appendField(dst, "to", number(in.To, f))
	}
	dst = appendOptional(dst, "text", in.Text)
	dst = appendField(dst, "channel", string(in.Channel))
	dst = appendField(dst, "provider", in.Provider)
	dst = appendTime(dst, "received_at", in.ReceivedAt)
	if numbered {
		dst = appendTime(dst, "updated_at", in.ReceivedAt)
	}
	return append(dst, '}')
}

func (t *Template) append(dst []byte) []byte {
	dst = append(dst, `{"account_id":`...)
	dst = appendID(dst, t.AccountID)
	dst = append(dst, `,"template_id":`...)
	dst = appendID(dst, t.TemplateID)
	dst = appendField(dst, "template_name", t.Name)
	dst = appendField(dst, "whatsapp_template_id", t.WhatsAppTemplateID)
	dst = appendField(dst, "status", t.Status)
	dst = appendField(dst, "language", t.Language)
	dst = appendField(dst, "category", t.Category)
	dst = appendField(dst, "channel", string(t.Channel))
	dst = appendOptional(dst, "reason", t.Reason)
	return append(dst, '}')
}

// number is an E.164 number as the format writes it.
func number(e164 string, f Format) string {
	if f.Numbers == NumbersDigits {
		return strings.TrimPrefix(e164, "+")
	}
	return e164
}

// appendField appends a comma, the key (which needs no escaping) and the value.
func appendField(dst []byte, key, value string) []byte {
	return appendString(appendKey(dst, key), value)
}

func appendOptional(dst []byte, key string, value *string) []byte {
	dst = appendKey(dst, key)
	if value == nil {
		return append(dst, "null"...)
	}
	return appendString(dst, *value)
}

func appendTime(dst []byte, key string, t time.Time) []byte {
	dst = append(appendKey(dst, key), '"')
	return append(t.UTC().AppendFormat(dst, time.RFC3339), '"')
}

func appendKey(dst []byte, key string) []byte {
	dst = append(dst, ',', '"')
	dst = append(dst, key...)
	return append(dst, '"', ':')
}
