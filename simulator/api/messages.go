package api

import (
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/history"
)

// How much one request may send.
const (
	maxRecipients = 1000
	maxText       = 4096 // characters
)

// Recipients are E.164 numbers; a missing + is forgiven, as Sent's own events
// are seen without it.
var phone = regexp.MustCompile(`^\+?[1-9][0-9]{6,14}$`)

// autoChannel leaves the choice to Sent.
const autoChannel = "sent"

type sentView struct {
	Status       string          `json:"status"`
	TemplateID   *uuid.UUID      `json:"template_id"`
	TemplateName *string         `json:"template_name"`
	Recipients   []recipientView `json:"recipients"`
}

// recipientView has no channel and no body where Sent chooses the channel.
type recipientView struct {
	MessageID uuid.UUID      `json:"message_id"`
	To        string         `json:"to"`
	Channel   *event.Channel `json:"channel"`
	Body      *string        `json:"body"`
}

// sending is what a request to send says.
type sending struct {
	to       []string
	channels []event.Channel // "" leaves the choice to Sent
	text     *string
	template *usedTemplate
}

// sendMessage answers POST /v3/messages.
func sendMessage(c *call) (answer, *problem) {
	b, p := readBody(c.w, c.r)
	if p != nil {
		return answer{}, p
	}
	sandbox := b.isTrue("sandbox")
	s := sending{to: b.recipients(), channels: b.channels(), text: b.text("text")}
	t := b.object("template")
	switch {
	case b.problems.has("template") || b.problems.has("text"):
	case t != nil && s.text != nil && *s.text != "":
		b.bad(codeInvalid, "text", "goes without a template: give one of them")
	case t != nil:
		if s.template, p = c.findTemplate(t); p != nil {
			return answer{}, p
		}
	case s.text == nil || *s.text == "":
		b.bad(codeRequired, "template", "is required, unless there is a text")
	case utf8.RuneCountInString(*s.text) > maxText:
		b.bad(codeRange, "text", "is longer than %d characters", maxText)
	}
	messages := c.messages(b, s)
	if p := b.problems.refusal(); p != nil {
		return answer{}, p
	}
	view := sentView{Status: string(event.Queued), Recipients: make([]recipientView, 0, len(messages))}
	if s.template != nil {
		view.TemplateID, view.TemplateName = &s.template.id, textOrNull(s.template.name)
	}
	if sandbox {
		c.sandbox()
	}
	for _, m := range messages {
		r := recipientView{MessageID: uuid.New(), To: m.To}
		if m.Channel != "" {
			r.Channel, r.Body = &m.Channel, m.Text
		}
		view.Recipients = append(view.Recipients, r)
	}
	a := answer{http.StatusAccepted, &view}
	if sandbox {
		return a, nil
	}
	_, err := c.sim.SendAll(messages, func(ids []uuid.UUID) *history.Answer {
		for i, id := range ids {
			view.Recipients[i].MessageID = id
		}
		return c.keepWith(a)
	})
	if err != nil {
		return answer{}, fromSimulator(err)
	}
	c.somethingDue()
	return a, nil
}

// recipients reads the numbers, each with its plus.
func (b *body) recipients() []string {
	to := b.texts("to")
	switch {
	case b.problems.has("to"):
	case len(to) == 0:
		b.bad(codeRequired, "to", "is required: a list of numbers")
	case len(to) > maxRecipients:
		b.bad(codeRange, "to", "has %d numbers: at most %d are taken", len(to), maxRecipients)
		return nil
	}
	for i, number := range to {
		if !phone.MatchString(number) {
			b.bad(codePhone, "to", "[%d] is no number in E.164: write it like +14155550100", i)
		}
		to[i] = "+" + strings.TrimPrefix(number, "+")
	}
	return to
}

func (b *body) channels() []event.Channel {
	names := b.texts("channel")
	if len(names) == 0 {
		return []event.Channel{""}
	}
	var channels []event.Channel
	for i, name := range names {
		ch := event.Channel("")
		if !strings.EqualFold(name, autoChannel) {
			var err error
			if ch, err = event.ParseChannel(name); err != nil {
				b.bad(codeEnum, "channel", "[%d] is none of sms, whatsapp, rcs, sent", i)
				continue
			}
		}
		if !slices.Contains(channels, ch) {
			channels = append(channels, ch)
		}
	}
	return channels
}

// messages makes one message of each recipient and channel.
func (c *call) messages(b *body, s sending) []simulator.Message {
	var all []simulator.Message
	for i, to := range s.to {
		for _, ch := range s.channels {
			m := simulator.Message{To: to, From: accountNumber, Channel: ch, Automatic: ch == "", Text: s.text, Prompt: false}
			name := ""
			if s.template != nil {
				m.TemplateID, m.TemplateName, name = s.template.id, s.template.name, s.template.name
				m.Text = s.template.render(ch)
			}
			if magic, ok := magicOf(to, name); ok {
				if magic.Extended && !c.sim.Knobs().Extended {
					b.bad(codeInvalid, "to", "[%d]: the outcome %s is part of the extended set (--extended)", i, magic.Name)
				}
				m.Outcome, m.Skips, m.Prompt, m.Reply = magic.outcome(ch), magic.Skips, true, textOrNull(magic.Reply)
			}
			all = append(all, m)
		}
	}
	return all
}

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
	Content string   `json:"content"`
	Footer  *string  `json:"footer"`
	Buttons []string `json:"buttons"`
}

type activityView struct {
	Status      event.Status `json:"status"`
	Timestamp   string       `json:"timestamp"`
	Description string       `json:"description"`
}

// message is the message that the path names.
func (c *call) message() (history.Message, *problem) {
	id, p := pathID(c.r)
	if p != nil {
		return history.Message{}, p
	}
	m, err := c.sim.Message(id)
	if errors.Is(err, simulator.ErrNotFound) {
		return m, refusal(http.StatusNotFound, codeNoMessage, "there is no message with this id")
	}
	return m, fromSimulator(err)
}

func getMessage(c *call) (answer, *problem) {
	m, p := c.message()
	if p != nil {
		return answer{}, p
	}
	return answer{http.StatusOK, c.viewMessage(m)}, nil
}

func (c *call) viewMessage(m history.Message) messageView {
	contact, direction := m.To, "outbound"
	if m.Inbound {
		contact, direction = m.From, "inbound"
	}
	v := messageView{
		ID: m.ID, CustomerID: c.sim.Account(), ContactID: uuid.NewSHA1(c.sim.Account(), []byte(contact)),
		Phone: contact, PhoneInternational: contact, Direction: direction,
		TemplateName: textOrNull(m.TemplateName), Channel: m.Channel, Status: m.Status,
		CreatedAt: rfc3339(m.CreatedAt), Events: []activityView{},
	}
	if m.TemplateID != uuid.Nil {
		v.TemplateID = &m.TemplateID
		if t, err := c.sim.Template(m.TemplateID); err == nil {
			v.TemplateCategory = &t.Category
		}
	}
	if m.Text != nil {
		v.MessageBody = &messageBody{Content: *m.Text}
	}
	for _, a := range c.activities(m) {
		v.Events = append(v.Events, activityView{a.Status, rfc3339(a.At), describe(a)})
	}
	return v
}

func getActivities(c *call) (answer, *problem) {
	m, p := c.message()
	if p != nil {
		return answer{}, p
	}
	type view struct {
		activityView
		From               *string `json:"from"`
		Price              *string `json:"price"`
		ActiveContactPrice *string `json:"active_contact_price"`
	}
	views := []view{}
	for _, a := range slices.Backward(c.activities(m)) {
		v := view{activityView: activityView{a.Status, rfc3339(a.At), describe(a)}}
		if a.Status != event.Queued && a.Status != event.Processed {
			v.From = &m.From
		}
		views = append(views, v)
	}
	return answer{http.StatusOK, map[string]any{"message_id": m.ID, "activities": views}}, nil
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
	case event.Filtered:
		return "Message filtered"
	case event.Blocked:
		return "Message blocked"
	}
	return string(a.Status)
}
