package api

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/history"
)

type messageView struct {
	ID                 uuid.UUID      `json:"id"`
	CustomerID         uuid.UUID      `json:"customer_id"`
	ContactID          uuid.UUID      `json:"contact_id"`
	Phone              string         `json:"phone"`
	PhoneInternational string         `json:"phone_international"`
	RegionCode         *string        `json:"region_code"`
	Direction          string         `json:"direction"`
	TemplateID         *uuid.UUID     `json:"template_id"`
	TemplateName       *string        `json:"template_name"`
	TemplateCategory   *string        `json:"template_category"`
	Channel            event.Channel  `json:"channel"`
	MessageBody        *messageBody   `json:"message_body"`
	Status             event.Status   `json:"status"`
	CreatedAt          string         `json:"created_at"`
	Price              *float64       `json:"price"`
	ActiveContactPrice *float64       `json:"active_contact_price"`
	Events             []activityView `json:"events"`
}

type messageBody struct {
	Header  *string  `json:"header"`
	Content string   `json:"content,omitempty"`
	Footer  *string  `json:"footer"`
	Buttons []button `json:"buttons"`
}

type activityView struct {
	Status      event.Status `json:"status"`
	Timestamp   string       `json:"timestamp"`
	Description string       `json:"description"`
}

// message is the message that the path names.
func (c *call) message() (history.Message, error) {
	id, err := c.pathID()
	if err != nil {
		return history.Message{}, err
	}
	m, err := c.sim.Message(id)
	return m, orMissing(err, codeNoMessage, "message")
}

func getMessage(c *call) (any, error) {
	m, err := c.message()
	if err != nil {
		return nil, err
	}
	return c.viewMessage(m), nil
}

func (c *call) viewMessage(m history.Message) messageView {
	contact, direction := m.To, "outbound"
	if m.Inbound {
		contact, direction = m.From, "inbound"
	}
	v := messageView{
		ID: m.ID, CustomerID: c.sim.Account(), ContactID: c.sim.ContactID(contact),
		Phone: contact, PhoneInternational: contact, Direction: direction,
		TemplateName: textOrNull(m.TemplateName), Channel: m.Channel, Status: m.Status,
		CreatedAt: rfc3339(m.CreatedAt), Events: views(c.activities(m), viewActivity),
	}
	if m.TemplateID != uuid.Nil {
		v.TemplateID = &m.TemplateID
		if t, err := c.sim.Template(m.TemplateID); err == nil {
			v.TemplateCategory = &t.Category
		}
	}
	if m.Text != nil {
		v.MessageBody = &messageBody{Content: *m.Text}
		if len(m.Content) > 0 {
			_ = json.Unmarshal(m.Content, v.MessageBody) // it is ours
		}
	}
	return v
}

func viewActivity(a history.Activity) activityView {
	return activityView{a.Status, rfc3339(a.At), describe(a)}
}

func getActivities(c *call) (any, error) {
	m, err := c.message()
	if err != nil {
		return nil, err
	}
	type activity struct {
		activityView
		From               *string `json:"from"`
		Price              *string `json:"price"`
		ActiveContactPrice *string `json:"active_contact_price"`
	}
	all := views(c.activities(m), func(a history.Activity) activity {
		v := activity{activityView: viewActivity(a)}
		if a.Status != event.Queued && a.Status != event.Processed {
			v.From = &m.From
		}
		return v
	})
	slices.Reverse(all)
	return map[string]any{"message_id": m.ID, "activities": all}, nil
}

// activities are what has happened to a message, oldest first. In the extended
// set a message is PROCESSED between QUEUED and what follows.
func (c *call) activities(m history.Message) []history.Activity {
	if m.Inbound {
		return []history.Activity{{Status: event.Received, Channel: m.Channel, At: m.CreatedAt}}
	}
	var all []history.Activity
	for i, a := range m.Activities {
		if i > 0 && c.sim.Knobs().Extended && m.Activities[i-1].Status == event.Queued && a.Status != event.Scheduled {
			between := m.Activities[i-1].At.Add(a.At.Sub(m.Activities[i-1].At) / 2).Truncate(time.Millisecond)
			all = append(all, history.Activity{Status: event.Processed, Channel: a.Channel, At: between})
		}
		all = append(all, a)
	}
	return all
}

// describe says in a few words what an activity is.
func describe(a history.Activity) string {
	if a.Reason != "" {
		return a.Reason
	}
	switch a.Status {
	case event.Queued:
		return "Message accepted and queued for processing"
	case event.Processed:
		return "Message processed and queued for sending"
	case event.Routed:
		return "Message routed to a provider"
	case event.Sent:
		return "Message sent via " + string(a.Channel)
	case event.Delivered:
		return "Message delivered to recipient"
	case event.Read:
		return "Message read by recipient"
	case event.Failed:
		return "Message failed"
	case event.Received:
		return "Message received from contact"
	case event.Scheduled:
		return "Message scheduled for after quiet hours"
	case event.Cancelled:
		return "Message cancelled before its time"
	case event.Filtered:
		return "Message filtered"
	case event.Blocked:
		return "Message blocked"
	}
	return string(a.Status)
}
