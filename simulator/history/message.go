package history

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/event"
)

// Message is one message of the account, in either direction.
type Message struct {
	ID           uuid.UUID
	Inbound      bool // a contact sent it: status RECEIVED, no activities
	Channel      event.Channel
	From, To     string // E.164 with its plus
	Text         *string
	TemplateID   uuid.UUID // zero: none
	TemplateName string
	Content      []byte // what it has beside its text, JSON as its author wrote it; nil: nothing

	Status     event.Status // QUEUED until its first event
	Reason     string       // of the status, when it failed
	CreatedAt  time.Time
	UpdatedAt  time.Time  // when its last event happened
	Activities []Activity // oldest first
}

// Activity is one step of a message that has happened.
type Activity struct {
	Status  event.Status
	Channel event.Channel
	Reason  string
	At      time.Time
}

// take moves the message to what an event says of it.
func (m *Message) take(e event.Event) {
	o := e.Outbound
	m.Status, m.Channel, m.Reason, m.UpdatedAt = o.Status, o.Channel, o.Reason, e.CreatedAt
	m.Activities = append(m.Activities, activity(e))
}

func activity(e event.Event) Activity {
	return Activity{Status: e.Outbound.Status, Channel: e.Outbound.Channel, Reason: e.Outbound.Reason, At: e.CreatedAt}
}

// received is the message that an inbound event is about.
func received(e event.Event) Message {
	in := e.Inbound
	return Message{
		ID: in.MessageID, Inbound: true, Channel: in.Channel, From: in.From, To: in.To, Text: in.Text,
		Status: event.Received, CreatedAt: in.ReceivedAt, UpdatedAt: in.ReceivedAt,
	}
}

func (m Message) clone() Message {
	m.Activities = slices.Clone(m.Activities)
	return m
}

// Template is one message template.
type Template struct {
	ID                 uuid.UUID
	Name               string
	Language           string
	Category           string
	Status             string // TemplateDraft until it is submitted for review
	Reason             string // of the status
	WhatsAppTemplateID string // empty until Meta approved it
	Definition         []byte // as its author wrote it, JSON; nil where nobody did
	CreatedAt          time.Time
	UpdatedAt          time.Time
}

// TemplateDraft is the status of a template that was not submitted for review.
const TemplateDraft = "DRAFT"

// edit takes over what an author writes. The rest is the review's, which may decide
// at the same time.
func (t *Template) edit(to Template) {
	t.Name, t.Language, t.Category, t.Definition, t.UpdatedAt = to.Name, to.Language, to.Category, to.Definition, to.UpdatedAt
}

// take moves the template to what an event says of it.
func (t *Template) take(e event.Event) {
	about := e.Template
	t.Category, t.WhatsAppTemplateID, t.UpdatedAt = about.Category, about.WhatsAppTemplateID, e.CreatedAt
	if about.Status != event.TemplateCategoryUpdated { // which says nothing about the review
		t.Status = about.Status
	}
	t.Reason = ""
	if about.Reason != nil {
		t.Reason = *about.Reason
	}
}
