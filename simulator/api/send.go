package api

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/history"
	"github.com/sentsim/sentsim/simulator/lifecycle"
)

// How much one request may send.
const (
	maxRecipients = 1000
	maxText       = 4096 // characters
)

// phone is a number in E.164. A receiver under test may leave out the plus:
// Sent's own events are seen without it.
var phone = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)

// autoChannel leaves the choice to Sent.
const autoChannel event.Channel = "sent"

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

// sendMessages answers POST /v3/messages.
func sendMessages(c *call) (any, error) {
	b := c.body
	s := sending{to: c.recipients(), channels: c.channels(), text: b.text("text")}
	t := b.object("template")
	switch {
	case b.has("template") || b.has("text"):
	case t != nil && s.text != nil && *s.text != "":
		b.bad(codeInvalid, "text", "goes without a template: give one of them")
	case t != nil:
		var err error
		if s.template, err = c.findTemplate(t); err != nil {
			return nil, err
		}
	case s.text == nil || *s.text == "":
		b.bad(codeRequired, "template", "is required, unless there is a text")
	case utf8.RuneCountInString(*s.text) > maxText && !c.cfg.TakeEverySend:
		b.bad(codeRange, "text", "is longer than %d characters", maxText)
	}
	messages := c.messages(s)
	if err := c.check(); err != nil {
		return nil, err
	}
	if err := c.refuseSending(s, messages); err != nil {
		return nil, err
	}
	view := sentView{Status: string(event.Queued), Recipients: make([]recipientView, 0, len(messages))}
	if s.template != nil {
		view.TemplateID, view.TemplateName = &s.template.id, textOrNull(s.template.name)
	}
	for _, m := range messages {
		r := recipientView{MessageID: uuid.New(), To: m.To}
		if !m.Automatic {
			r.Channel, r.Body = &m.Channel, m.Text
		}
		view.Recipients = append(view.Recipients, r)
	}
	if c.sandbox() {
		return &view, nil
	}
	_, err := c.sim.SendAll(messages, func(ids []uuid.UUID) *history.Answer {
		for i, id := range ids {
			view.Recipients[i].MessageID = id
		}
		return c.keepWith(&view)
	})
	c.somethingDue()
	return &view, err
}

// recipients reads the numbers, each with its plus.
func (c *call) recipients() []string {
	b, to := c.body, c.body.texts("to")
	switch {
	case b.has("to"):
	case len(to) == 0:
		b.bad(codeRequired, "to", "is required: a list of numbers")
	case len(to) > maxRecipients:
		b.bad(codeRange, "to", "has %d numbers: at most %d are taken", len(to), maxRecipients)
		return nil
	}
	for i, number := range to {
		if c.cfg.TakeEverySend {
			number = "+" + strings.TrimPrefix(number, "+")
		}
		if !phone.MatchString(number) {
			b.bad(codePhone, "to", "[%d] is no number in E.164: write it like +14155550100", i)
		}
		to[i] = number
	}
	return to
}

func (c *call) channels() []event.Channel {
	var channels []event.Channel
	known := append(event.Channels(), autoChannel)
	for i, name := range c.body.texts("channel") {
		ch := event.Channel(name)
		if c.cfg.TakeEverySend {
			ch = event.Channel(strings.ToLower(name))
		}
		switch {
		case !slices.Contains(known, ch):
			c.body.bad(codeEnum, "channel", "[%d] is none of %s", i, joined(known))
			continue
		case ch == autoChannel:
			ch = ""
		}
		if !slices.Contains(channels, ch) {
			channels = append(channels, ch)
		}
	}
	if channels == nil {
		return []event.Channel{""}
	}
	return channels
}

// messages makes one message of each recipient and channel.
func (c *call) messages(s sending) []simulator.Message {
	var all []simulator.Message
	_, inRealTime := c.cfg.Simulator.Clock.(clock.Real)
	for i, to := range s.to {
		for _, ch := range s.channels {
			m := simulator.Message{To: to, From: accountNumber, Channel: ch, Automatic: ch == "", Text: s.text}
			name := ""
			if s.template != nil {
				m.TemplateID, m.TemplateName, name = s.template.id, s.template.name, s.template.name
			}
			magic, isMagic := magicOf(to, name)
			if magic.Extended && !c.sim.Knobs().Extended {
				c.body.bad(codeInvalid, "to", "[%d]: the outcome %s is part of the extended set (--extended)", i, magic.Name)
			}
			if c.problems.details != nil {
				continue // nothing is drawn for a request that is refused
			}
			if m.Automatic {
				m.Channel = c.choose(s, to, magic)
			}
			if isMagic {
				m.Outcome, m.Skips, m.Reply = magic.outcome(m.Channel), magic.Skips, textOrNull(magic.Reply)
			}
			if s.template != nil {
				m.Text, m.Content = s.template.render(m.Channel)
			}
			m.Prompt = isMagic || inRealTime // else somebody would sit and wait
			m.Refusal = c.whyNotSent(s, m, isMagic)
			all = append(all, m)
		}
	}
	return all
}

// choose is the channel that Sent takes for a message whose sender leaves it open:
// one that may carry it, and that tells of reading where the recipient promises
// to read.
func (c *call) choose(s sending, to string, magic Magic) event.Channel {
	from := []event.Channel{event.SMS, event.WhatsApp, event.RCS}
	switch {
	case s.template == nil:
		from = slices.DeleteFunc(from, func(ch event.Channel) bool { return magic.Name == "" && !c.mayCarryText(ch, to) })
	case len(s.template.definition.channels()) > 0:
		from = s.template.definition.channels()
	}
	if magic.Outcome == lifecycle.EndsRead {
		if reading := slices.DeleteFunc(slices.Clone(from), func(ch event.Channel) bool { return !lifecycle.ReportsRead(ch) }); len(reading) > 0 {
			from = reading
		}
	}
	if c.sandboxed {
		return from[0]
	}
	return c.sim.Choose(from)
}

// mayCarryText reports whether free-form text to a contact may travel on ch.
func (c *call) mayCarryText(ch event.Channel, to string) bool {
	return c.cfg.TakeEverySend || ch == event.SMS || c.sim.Conversation(ch, to)
}

// SentMessage is a message whose id was answered to a request to send it.
type SentMessage struct {
	ID       uuid.UUID
	To       string
	Replayed bool // the request was answered before, for the same idempotency key: this is no message more
}

// tellSends tells Config.Sends which ids a request to send is answered, before it is.
func (s *Server) tellSends(w http.ResponseWriter, op operation, next func(http.ResponseWriter) error) error {
	if s.cfg.Sends == nil || op.method != http.MethodPost || op.path != "/v3/messages" {
		return next(w)
	}
	answer := &recorded{ResponseWriter: w}
	if err := next(answer); err != nil {
		return err
	}
	var view struct {
		Data sentView `json:"data"`
	}
	if err := json.Unmarshal(answer.body.Bytes(), &view); err == nil && w.Header().Get(sandboxHeader) == "" {
		s.cfg.Sends(views(view.Data.Recipients, func(r recipientView) SentMessage {
			return SentMessage{ID: r.MessageID, To: r.To, Replayed: w.Header().Get(replayedHeader) != ""}
		}))
	}
	answer.give()
	return nil
}
