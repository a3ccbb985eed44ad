package api

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/tidwall/sjson"

	"github.com/sentsim/sentsim/simulator/event"
)

// emitEvent makes an event happen now, whatever came before it:
//
//	{"type": "message.delivered", "payload": {"message_id": "…", "extra": 1}, "timestamp": "…"}
//
// What the payload leaves out is made up, or is that of the message or template
// that it names, if that is one of this account. Fields that Sent does not have
// are added as they are. With body, the event is that text and nothing else.
func emitEvent(c *call) (any, error) {
	b := c.body
	e := c.newEvent()
	b.instant("timestamp", &e.CreatedAt)
	extra := map[string]json.RawMessage{}
	if payload := b.object("payload"); payload != nil && !b.has("type") {
		c.about(payload, &e)
		extra = payload.onto(&e)
	}
	raw := b.text("body")
	if err := c.check(); err != nil {
		return nil, err
	}
	encoded := e.Encode(c.sim.Knobs().Format())
	if raw != nil {
		encoded = []byte(*raw)
	}
	for _, key := range slices.Sorted(maps.Keys(extra)) {
		var err error
		if encoded, err = sjson.SetRawBytes(encoded, "payload."+escaped(key), extra[key]); err != nil {
			return nil, refusal(http.StatusBadRequest, codeInvalid, "payload.%s cannot be set", printable(key))
		}
	}
	ids, err := c.sim.EmitBody(e, encoded)
	c.somethingDue()
	return map[string]any{"deliveries": views(ids, uuid.UUID.String)}, err
}

// newEvent is a sample of the type that is asked for.
func (c *call) newEvent() event.Event {
	name := c.body.text("type")
	if name == nil || *name == "" {
		c.body.required("type")
		return event.Event{}
	}
	if strings.EqualFold(*name, string(event.Templates)) {
		*name = "templates.approved"
	}
	e, err := c.sim.Sample(*name)
	if err != nil {
		c.body.bad(codeEnum, "type", "%s", printable(err.Error()))
	}
	return e
}

// about makes e one about the message or template that the payload names, if it
// is here.
func (c *call) about(payload *body, e *event.Event) {
	named := func(field string) uuid.UUID {
		var text string
		_ = json.Unmarshal(payload.fields[field], &text)
		id, _ := parseID(text)
		return id
	}
	if e.Template != nil {
		_ = c.aboutTemplate(named("template_id"), e.Template) // else it is about one of somewhere else
		return
	}
	m, err := c.sim.Message(named("message_id"))
	switch {
	case err != nil:
	case e.Outbound != nil && !m.Inbound:
		o := e.Outbound
		o.Channel, o.InboundNumber, o.OutboundNumber, o.TemplateID = m.Channel, m.To, m.From, m.TemplateID
		if o.Channel == event.Unrouted || o.Channel == event.Auto {
			o.Channel = event.SMS
		}
	case e.Inbound != nil && m.Inbound:
		e.Inbound.Channel, e.Inbound.From, e.Inbound.To, e.Inbound.Text = m.Channel, m.From, m.To, m.Text
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
