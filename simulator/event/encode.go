package event

import (
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Encode is the body of e's deliveries: compact UTF-8 JSON with its keys in a
// fixed order, byte for byte what JavaScript's JSON.stringify(JSON.parse(body))
// prints, so that a body is never a reason for a receiver that re-serialises it
// to fail by luck or to pass by luck (SIG-9 is tested on purpose, elsewhere).
func (e Event) Encode(f Format) []byte {
	return e.Append(make([]byte, 0, 768), f)
}

// Append is Encode, appended to dst.
//
// Template events have field "templates" and no name, in every dialect. Times
// are whole seconds in UTC: two events within a second carry the same time.
func (e Event) Append(dst []byte, f Format) []byte {
	family := e.Type.Parent()
	if f.Envelope == EnvelopeLegacy && family == ParentMessage {
		family = "messages"
	}
	dst = append(dst, `{"field":`...)
	dst = appendString(dst, family)
	if sub := e.Type.SubType(); sub != "" && e.Template == nil {
		switch f.Envelope {
		case EnvelopeLegacy:
		case EnvelopeCurrent:
			dst = appendField(dst, "sub_type", string(e.Type))
		case EnvelopeEvent, "":
			dst = appendField(dst, "event", string(e.Type))
		}
	}
	dst = appendTime(dst, "timestamp", e.CreatedAt)
	if f.Envelope == EnvelopeEvent || f.Envelope == "" {
		dst = append(dst, `,"request_id":null`...)
	}
	dst = append(dst, `,"payload":`...)
	switch {
	case e.Outbound != nil:
		dst = e.Outbound.append(dst, f)
	case e.Inbound != nil:
		dst = e.Inbound.append(dst, f)
	case e.Template != nil:
		dst = e.Template.append(dst, f)
	case e.Contact != nil:
		dst = e.Contact.append(dst, f)
	case e.Market != nil:
		dst = e.Market.append(dst, f)
	case e.Link != nil:
		dst = e.Link.append(dst)
	case e.Call != nil:
		dst = e.Call.append(dst, f)
	default:
		dst = append(dst, '{', '}')
	}
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

// appendGiven leaves out a value that is empty.
func appendGiven(dst []byte, key, value string) []byte {
	if value == "" {
		return dst
	}
	return appendField(dst, key, value)
}

// appendOptional writes null for nil.
func appendOptional(dst []byte, key string, value *string) []byte {
	dst = appendKey(dst, key)
	if value == nil {
		return append(dst, "null"...)
	}
	return appendString(dst, *value)
}

// appendOptionalID writes null for the zero id.
func appendOptionalID(dst []byte, key string, id uuid.UUID) []byte {
	dst = appendKey(dst, key)
	if id == uuid.Nil {
		return append(dst, "null"...)
	}
	return appendID(dst, id)
}

func appendInt(dst []byte, key string, value int64) []byte {
	return strconv.AppendInt(appendKey(dst, key), value, 10)
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
