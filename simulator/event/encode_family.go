package event

import (
	"strconv"

	"github.com/google/uuid"
)

func (c *Contact) append(dst []byte, f Format) []byte {
	dst = append(dst, `{"account_id":`...)
	dst = appendID(dst, c.AccountID)
	dst = append(dst, `,"contact_id":`...)
	dst = appendID(dst, c.ContactID)
	dst = appendField(dst, "from", number(c.From, f))
	dst = appendKey(dst, "to")
	if c.To == nil {
		dst = append(dst, "null"...)
	} else {
		dst = appendString(dst, number(*c.To, f))
	}
	dst = strconv.AppendBool(appendKey(dst, "opt_out"), c.OptOut)
	dst = appendField(dst, "source", c.Source)
	dst = appendField(dst, "channel", string(c.Channel))
	dst = appendGiven(dst, "agent_id", c.AgentID)
	dst = appendOptionalID(dst, "message_id", c.MessageID)
	dst = appendOptionalID(dst, "template_id", c.TemplateID)
	dst = appendOptional(dst, "text", c.Text)
	return append(dst, '}')
}

func (m *Market) append(dst []byte, f Format) []byte {
	dst = append(dst, `{"country":`...)
	dst = appendString(dst, m.Country)
	dst = append(dst, `,"account_id":`...)
	dst = appendID(dst, m.AccountID)
	dst = appendField(dst, "channel", string(m.Channel))
	dst = appendGiven(dst, "number_type", m.NumberType)
	dst = appendKey(dst, "sender_value")
	if m.SenderValue == nil {
		dst = append(dst, "null"...)
	} else {
		dst = appendString(dst, number(*m.SenderValue, f))
	}
	dst = appendField(dst, "status", m.Status)
	dst = appendGiven(dst, "reason", m.Reason)
	dst = appendGiven(dst, "reason_code", m.ReasonCode)
	dst = appendTime(dst, "updated_at", m.UpdatedAt)
	return append(dst, '}')
}

func (l *Link) append(dst []byte) []byte {
	dst = append(dst, `{"record_id":`...)
	dst = appendID(dst, l.RecordID)
	dst = appendField(dst, "link_kind", l.Kind)
	dst = append(dst, `,"customer_id":`...)
	dst = appendID(dst, l.CustomerID)
	dst = appendOptionalID(dst, "sender_profile_id", l.SenderProfileID)
	dst = appendOptionalID(dst, "message_id", l.MessageID)
	dst = appendTime(dst, "occurred_at", l.OccurredAt)
	if r := l.Request; r != nil {
		dst = appendField(dst, "traffic_class", r.TrafficClass)
		dst = appendGiven(dst, "country", r.Country)
		dst = appendInt(dst, "status_code", int64(r.StatusCode))
		dst = appendField(dst, "request_method", r.Method)
	}
	return append(dst, '}')
}

func (c *Call) append(dst []byte, f Format) []byte {
	dst = append(dst, `{"call_id":`...)
	dst = appendID(dst, c.CallID)
	dst = append(dst, `,"account_id":`...)
	dst = appendID(dst, c.AccountID)
	dst = appendField(dst, "channel", string(Voice))
	dst = appendField(dst, "number", number(c.Number, f))
	dst = appendTime(dst, "updated_at", c.UpdatedAt)
	if c.Ended != nil {
		dst = appendInt(dst, "duration_seconds", int64(c.Ended.Seconds))
		dst = strconv.AppendFloat(appendKey(dst, "price"), c.Ended.Price, 'f', -1, 64)
	}
	dst = appendGiven(dst, "reason", c.Reason)
	if c.RecordingID != uuid.Nil {
		dst = appendOptionalID(dst, "recording_id", c.RecordingID)
	}
	return append(dst, '}')
}
