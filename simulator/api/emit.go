package api

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/tidwall/sjson"

	"github.com/sentsim/sentsim/simulator"
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
	payload := b.object("payload")
	if payload != nil && !b.has("type") {
		c.about(payload, &e)
		payload.onto(&e)
	}
	raw := b.text("body")
	if err := c.check(); err != nil {
		return nil, err
	}
	encoded := e.Encode(c.sim.Knobs().Format())
	if raw != nil {
		encoded = []byte(*raw)
	}
	if payload != nil { // as it was written, whatever Sent would have made of it
		for _, key := range slices.Sorted(maps.Keys(payload.fields)) {
			var err error
			if encoded, err = sjson.SetRawBytes(encoded, "payload."+escaped(key), payload.fields[key]); err != nil {
				return nil, refusal(http.StatusBadRequest, codeInvalid, "payload.%s cannot be set", printable(key))
			}
		}
	}
	ids, err := c.sim.EmitBody(e, encoded)
	c.somethingDue()
	return map[string]any{"event_id": e.ID, "deliveries": views(ids, uuid.UUID.String)}, err
}

func sequenceNames() []string {
	return views(simulator.Sequences(), func(s simulator.Sequence) string { return s.Name })
}

// play has the events of a sequence happen.
func play(c *call) (any, error) {
	b := c.body
	var name string
	enum(b, "name", &name, sequenceNames()...)
	b.required("name")
	message := b.id("message_id")
	if err := c.check(); err != nil {
		return nil, err
	}
	if message == nil {
		message = &uuid.Nil
	}
	ids, err := c.sim.Play(name, *message)
	if err != nil {
		return nil, refusal(http.StatusBadRequest, codeEnum, "%s", printable(err.Error()))
	}
	c.somethingDue()
	return map[string]any{"event_ids": ids}, nil
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
	k, err := event.Lookup(*name)
	if err == nil {
		err = c.sim.Knobs().Has(k)
	}
	if err != nil {
		c.body.bad(codeEnum, "type", "%s", printable(err.Error()))
		return event.Event{}
	}
	e, err := c.sim.Sample(k.Name)
	if err != nil {
		c.body.bad(codeEnum, "type", "%s", printable(err.Error()))
	}
	return e
}

// about makes e one about the message, template or contact that the payload
// names, if it is here.
func (c *call) about(payload *body, e *event.Event) {
	named := func(field string) (text string) {
		_ = json.Unmarshal(payload.fields[field], &text)
		return text
	}
	id := func(field string) uuid.UUID {
		id, _ := parseID(named(field))
		return id
	}
	switch {
	case e.Template != nil:
		_ = c.aboutTemplate(id("template_id"), e.Template) // else it is about one of somewhere else
	case e.Contact != nil && phone.MatchString(named("from")):
		e.Contact.ContactID = c.sim.ContactID(named("from"))
		if e.Type == event.ContactHelp || e.Type == event.ContactCustomKeyword {
			e.Contact.OptOut = c.sim.OptedOut(named("from"))
		}
	}
	m, err := c.sim.Message(id("message_id"))
	switch {
	case err != nil:
	case e.Outbound != nil && !m.Inbound:
		o := e.Outbound
		o.Channel, o.InboundNumber, o.OutboundNumber = m.Channel, m.To, m.From
		o.TemplateID, o.TemplateName, o.Body = m.TemplateID, m.TemplateName, m.Text
		if o.Channel == event.Unrouted || o.Channel == event.Auto {
			o.Channel = event.SMS
		}
	case e.Inbound != nil && m.Inbound:
		in := e.Inbound
		in.Channel, in.From, in.To, in.Text, in.ReceivedAt, in.Media = m.Channel, m.From, m.To, m.Text, m.CreatedAt, nil
	}
}

// onto sets those of e's fields that decide what becomes of stored objects. The
// payload's other fields are only on the wire.
func (payload *body) onto(e *event.Event) {
	texts, ids := fieldsOf(e)
	for field, raw := range payload.fields {
		var text string
		if err := json.Unmarshal(raw, &text); err != nil || raw[0] != '"' {
			continue // of another type than Sent's: for the wire only
		}
		if set, ok := texts[field]; ok {
			set(text)
		}
		if id, ok := ids[field]; ok {
			if *id, ok = parseID(text); !ok {
				payload.bad(codeUUID, field, "must be a UUID")
			}
		}
	}
}

// fieldsOf are those fields, by their names on the wire.
func fieldsOf(e *event.Event) (texts map[string]func(string), ids map[string]*uuid.UUID) {
	to := func(s *string) func(string) { return func(text string) { *s = text } }
	optional := func(s **string) func(string) { return func(text string) { *s = &text } }
	switch {
	case e.Outbound != nil:
		o := e.Outbound
		return map[string]func(string){
			"message_status": func(text string) { o.Status = event.Status(text) },
			"channel":        func(text string) { o.Channel = event.Channel(text) },
			"reason":         to(&o.Reason), "reason_code": to(&o.ReasonCode),
		}, map[string]*uuid.UUID{"message_id": &o.MessageID, "template_id": &o.TemplateID}
	case e.Inbound != nil:
		in := e.Inbound
		return map[string]func(string){
			"channel": func(text string) { in.Channel = event.Channel(text) }, "text": optional(&in.Text),
			"from": to(&in.From), "inbound_number": to(&in.From), "to": to(&in.To), "outbound_number": to(&in.To),
		}, map[string]*uuid.UUID{"message_id": &in.MessageID}
	case e.Template != nil:
		t := e.Template
		return map[string]func(string){
			"whatsapp_template_id": to(&t.WhatsAppTemplateID), "status": to(&t.Status), "category": to(&t.Category), "reason": optional(&t.Reason),
		}, map[string]*uuid.UUID{"template_id": &t.TemplateID}
	case e.Contact != nil:
		return map[string]func(string){"from": to(&e.Contact.From)}, map[string]*uuid.UUID{"contact_id": &e.Contact.ContactID}
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
