package api

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/tidwall/sjson"

	"github.com/sentsim/sentsim/simulator/event"
)

// emitEvent makes an event happen now, whatever came before it:
//
//	{"type": "message.delivered", "payload": {"message_id": "…", "extra": 1}, "timestamp": "…"}
//
// What the payload leaves out is made up, or is the message's if it is one that
// was sent here. Fields that Sent does not have are added as they are. With body,
// the event is that text and nothing else.
func emitEvent(c *call) (answer, *problem) {
	b, p := readBody(c.w, c.r)
	if p != nil {
		return answer{}, p
	}
	b.only("type", "payload", "timestamp", "body")
	e := c.newEvent(b)
	if v := b.text("timestamp"); v != nil {
		at, err := time.Parse(time.RFC3339, *v)
		if err != nil {
			b.bad(codeInvalid, "timestamp", "must be a time such as 2025-10-31T10:10:42Z")
		}
		e.CreatedAt = at
	}
	extra := map[string]json.RawMessage{}
	if payload := b.object("payload"); payload != nil && !b.problems.has("type") {
		c.about(payload, &e)
		extra = payload.onto(&e)
	}
	if p := b.problems.refusal(); p != nil {
		return answer{}, p
	}
	encoded := e.Encode(c.sim.Knobs().Format())
	if raw := b.text("body"); raw != nil {
		encoded = []byte(*raw)
	}
	for _, key := range slices.Sorted(maps.Keys(extra)) {
		var err error
		if encoded, err = sjson.SetRawBytes(encoded, "payload."+escaped(key), extra[key]); err != nil {
			return answer{}, refusal(http.StatusBadRequest, codeInvalid, "payload.%s cannot be set", printable(key))
		}
	}
	ids, err := c.sim.EmitBody(e, encoded)
	if err != nil {
		return answer{}, fromSimulator(err)
	}
	c.somethingDue()
	if ids == nil {
		ids = []uuid.UUID{}
	}
	return answer{http.StatusCreated, map[string]any{"deliveries": ids}}, nil
}

// newEvent is a sample of the type that is asked for.
func (c *call) newEvent(b *body) event.Event {
	name := b.text("type")
	if name == nil || *name == "" {
		if !b.problems.has("type") {
			b.bad(codeRequired, "type", "is required")
		}
		return event.Event{}
	}
	if strings.EqualFold(*name, string(event.Templates)) {
		*name = "templates.approved"
	}
	e, err := c.sim.Sample(*name)
	if err != nil {
		b.bad(codeEnum, "type", "%s", printable(err.Error()))
	}
	return e
}

// about makes e one about the message that the payload names, if it was sent here.
func (c *call) about(payload *body, e *event.Event) {
	text := payload.text("message_id")
	if text == nil || e.Outbound == nil {
		return
	}
	id, ok := parseID(*text)
	if !ok {
		return
	}
	m, err := c.sim.Message(id)
	if err != nil || m.Inbound {
		return
	}
	o := e.Outbound
	o.Channel, o.InboundNumber, o.OutboundNumber, o.TemplateID = m.Channel, m.To, m.From, m.TemplateID
	if o.Channel == event.Unrouted || o.Channel == event.Auto {
		o.Channel = event.SMS
	}
}

// onto sets e's fields as the payload says, and returns what e has no field for:
// unknown names, and values of another type.
func (payload *body) onto(e *event.Event) (extra map[string]json.RawMessage) {
	extra = map[string]json.RawMessage{}
	texts, ids := fieldsOf(e)
	for field, raw := range payload.fields {
		var text string
		isText := json.Unmarshal(raw, &text) == nil && raw[0] == '"'
		if e.Inbound != nil && field == "text" && !isText && string(raw) == "null" {
			e.Inbound.Text = nil
			continue
		}
		id, isID := ids[field]
		set, isKnown := texts[field]
		switch {
		case isText && isKnown:
			set(text)
		case isText && isID:
			parsed, ok := parseID(text)
			if !ok {
				payload.bad(codeUUID, field, "must be a UUID")
				continue
			}
			*id = parsed
		default:
			extra[field] = raw
		}
	}
	return extra
}

// fieldsOf are the fields of an event's payload, by their names on the wire.
func fieldsOf(e *event.Event) (texts map[string]func(string), ids map[string]*uuid.UUID) {
	to := func(s *string) func(string) { return func(text string) { *s = text } }
	optional := func(s **string) func(string) { return func(text string) { *s = &text } }
	switch {
	case e.Outbound != nil:
		o := e.Outbound
		return map[string]func(string){
			"message_status": func(text string) { o.Status = event.Status(text) },
			"channel":        func(text string) { o.Channel = event.Channel(text) },
			"inbound_number": to(&o.InboundNumber), "outbound_number": to(&o.OutboundNumber),
			"agent_id": to(&o.AgentID), "reason": to(&o.Reason),
		}, map[string]*uuid.UUID{"account_id": &o.AccountID, "message_id": &o.MessageID, "template_id": &o.TemplateID}
	case e.Inbound != nil:
		in := e.Inbound
		return map[string]func(string){
			"channel": func(text string) { in.Channel = event.Channel(text) },
			"from":    to(&in.From), "to": to(&in.To), "provider": to(&in.Provider), "text": optional(&in.Text),
		}, map[string]*uuid.UUID{"account_id": &in.AccountID, "message_id": &in.MessageID}
	case e.Template != nil:
		t := e.Template
		return map[string]func(string){
			"template_name": to(&t.Name), "whatsapp_template_id": to(&t.WhatsAppTemplateID), "status": to(&t.Status),
			"language": to(&t.Language), "category": to(&t.Category), "reason": optional(&t.Reason),
			"channel": func(text string) { t.Channel = event.Channel(text) },
		}, map[string]*uuid.UUID{"account_id": &t.AccountID, "template_id": &t.TemplateID}
	}
	return nil, nil
}

// escaped is a key as sjson takes it.
func escaped(key string) string {
	var b strings.Builder
	for _, r := range key {
		if strings.ContainsRune(`.*?|#@\:!{}[]()`, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
