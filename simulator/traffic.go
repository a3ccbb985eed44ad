package simulator

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/history"
	"github.com/sentsim/sentsim/simulator/lifecycle"
	"github.com/sentsim/sentsim/simulator/seed"
)

// Message is an outbound message. Every field may be left empty.
type Message struct {
	ID         uuid.UUID         // drawn
	Channel    event.Channel     // sms
	To, From   string            // E.164 with its plus; drawn from numbers reserved for fiction
	TemplateID uuid.UUID         // none
	AgentID    string            // on RCS; drawn there
	Outcome    lifecycle.Outcome // how it ends; drawn
	Automatic  bool              // Sent chooses the channel; only with the knob extended
	Skips      bool              // between the first status and the one that names the end, none is reported
	Prompt     bool              // no wait is longer than it must be
	Reply      *string           // what the contact answers once it has the message; nil: nothing

	Refusal *Refusal // why it goes no further than the queue; nil: it does

	// For the record only: no event carries them.
	Text         *string // as the recipient reads it
	TemplateName string
	Content      []byte // what it has beside its text, JSON; nil: nothing
}

// Refusal is why Sent takes a message and does not send it.
type Refusal struct {
	Status event.Status // that it ends with: FAILED, FILTERED or BLOCKED
	Code   string       // stable, such as ERR_CONSENT_BLOCKED
	Reason string       // a sentence
}

// refusalTime is how long a message is queued until it is refused.
const refusalTime = 100 * time.Millisecond

// Inbound is a message from a contact.
type Inbound struct {
	ID       uuid.UUID     // drawn
	Channel  event.Channel // sms
	From, To string        // E.164 with its plus; drawn
	Text     *string       // nil: null
	Provider string        // plausible for the channel
}

// Template is a WhatsApp template that is submitted for review. Every field may be left empty.
type Template struct {
	ID       uuid.UUID                 // drawn
	Name     string                    // order_update
	Language string                    // en_US
	Category string                    // MARKETING
	Outcome  lifecycle.TemplateOutcome // how the review ends; drawn
	Prompt   bool                      // a second passes between two events of the review

	Definition []byte // for the record only: its content, JSON
}

// Send accepts a message: its events happen as time passes, the first one now.
// It returns the message's id. What a durable store has accepted is never lost.
func (s *Simulator) Send(m Message) (uuid.UUID, error) {
	ids, err := s.SendAll([]Message{m}, nil)
	if len(ids) == 0 {
		return uuid.Nil, err
	}
	return ids[0], err
}

// SendAll accepts messages, all of them or none. What answer makes of their ids,
// if it is not nil, is remembered with them: a store that was killed remembers both
// or neither. Until SendAll returns, nobody may be told.
func (s *Simulator) SendAll(messages []Message, answer func(ids []uuid.UUID) *history.Answer) ([]uuid.UUID, error) {
	defer s.clock.Hold()()
	all := make([]lifecycle.Options, len(messages))
	for i := range messages {
		m := &messages[i]
		if m.Channel == "" {
			m.Channel = event.SMS
		}
		all[i] = lifecycle.Options{
			Channel: m.Channel, Extended: s.knobs.Extended, Automatic: m.Automatic && s.knobs.Extended, Outcome: m.Outcome,
			Skips: m.Skips, Prompt: m.Prompt,
		}
		if err := errors.Join(all[i].Validate(), checkNumber("to", m.To), checkNumber("from", m.From)); err != nil {
			return nil, fmt.Errorf("message: %w", err)
		}
	}
	ids, ways, c := make([]uuid.UUID, len(messages)), make([]*course, len(messages)), history.Change{}
	for i, m := range messages {
		record, way := s.draft(m, all[i])
		ids[i], ways[i] = record.ID, way
		c.Messages = append(c.Messages, record)
	}
	if answer != nil {
		c.Answer = answer(ids)
	}
	return ids, s.begin(c, ways...)
}

// draft is a message's record and its way through its lifecycle.
func (s *Simulator) draft(m Message, options lifecycle.Options) (history.Message, *course) {
	st := s.next("message")
	o := event.Outbound{
		AccountID: s.account, MessageID: orID(m.ID, st), TemplateID: m.TemplateID,
		InboundNumber: orNumber(m.To, st), OutboundNumber: orNumber(m.From, st),
		Body: m.Text, TemplateName: m.TemplateName,
	}
	agent := idFrom(st).String()
	start := s.clock.Now()
	way := &course{}
	for _, step := range m.plan(st, options) {
		at := start.Add(step.After)
		next := o
		next.Status, next.Channel, next.Reason, next.ReasonCode, next.UpdatedAt = step.Status, step.Channel, step.Reason, step.Code, at
		if step.Until > 0 {
			next.ScheduledAt = start.Add(step.Until)
		}
		if step.Status == event.Scheduled {
			next.ScheduleReason = event.QuietHours
		}
		if step.Channel == event.RCS {
			next.AgentID = orText(m.AgentID, agent)
		}
		way.events = append(way.events, event.Event{ID: idFrom(st), Type: event.TypeOf(step.Status), CreatedAt: at, Outbound: &next})
	}
	if m.Reply != nil {
		way.events = append(way.events, s.reply(way.events, *m.Reply, st)...)
	}
	return history.Message{
		ID: o.MessageID, Channel: m.Channel, From: o.OutboundNumber, To: o.InboundNumber,
		Text: m.Text, TemplateID: m.TemplateID, TemplateName: m.TemplateName, Content: m.Content,
		Status: event.Queued, CreatedAt: start, UpdatedAt: start,
	}, way
}

// plan is what is reported of the message, and when.
func (m Message) plan(st *seed.Stream, options lifecycle.Options) []lifecycle.Step {
	if m.Refusal == nil {
		return lifecycle.PlanMessage(st, options)
	}
	return []lifecycle.Step{
		{Status: event.Queued, Channel: m.Channel},
		{After: refusalTime, Status: m.Refusal.Status, Channel: m.Channel, Reason: m.Refusal.Reason, Code: m.Refusal.Code},
	}
}

// reply is what a contact answers to a message a moment after it has it; nothing
// when the message never arrives.
func (s *Simulator) reply(way []event.Event, text string, st *seed.Stream) []event.Event {
	last := way[len(way)-1]
	if last.Outbound.Status != event.Delivered && last.Outbound.Status != event.Read {
		return nil
	}
	at, o := last.CreatedAt.Add(replyTime), last.Outbound
	return s.withSignal(event.Event{ID: idFrom(st), Type: event.TypeOf(event.Received), CreatedAt: at, Inbound: &event.Inbound{
		AccountID: o.AccountID, MessageID: idFrom(st), From: o.InboundNumber, To: o.OutboundNumber,
		Text: &text, Channel: o.Channel, Provider: provider(o.Channel), ReceivedAt: at,
	}}, st)
}

// replyTime is how long a contact takes to answer.
const replyTime = 2 * time.Second

// Receive is a contact's message arriving now. A text that is a keyword makes the
// event of the contact's signal too. It returns the message's id.
func (s *Simulator) Receive(in Inbound) (uuid.UUID, error) {
	if in.Channel == "" {
		in.Channel = event.SMS
	}
	var err error
	if !slices.Contains(append(event.Channels(), event.MMS), in.Channel) {
		err = fmt.Errorf("unknown channel %q: use sms, whatsapp, rcs or mms", in.Channel)
	}
	if err := errors.Join(err, checkNumber("from", in.From), checkNumber("to", in.To)); err != nil {
		return uuid.Nil, fmt.Errorf("inbound message: %w", err)
	}
	st, now := s.next("inbound"), s.clock.Now()
	e := event.Event{ID: idFrom(st), Type: event.TypeOf(event.Received), CreatedAt: now, Inbound: &event.Inbound{
		AccountID: s.account, MessageID: orID(in.ID, st), From: orNumber(in.From, st), To: orNumber(in.To, st),
		Text: in.Text, Channel: in.Channel, Provider: orText(in.Provider, provider(in.Channel)), ReceivedAt: now,
	}}
	for _, e := range s.withSignal(e, st) {
		if _, err = s.Emit(s.contacts.settled(e)); err != nil {
			break
		}
	}
	return e.Inbound.MessageID, err
}

// Choose draws one of these channels: where Sent chooses how a message travels.
func (s *Simulator) Choose(from []event.Channel) event.Channel {
	return seed.Pick(s.next("channel"), from)
}

// SubmitTemplate submits a template: its events happen as time passes. A review
// that it is in already ends without a decision. It returns the template's id.
func (s *Simulator) SubmitTemplate(t Template) (uuid.UUID, error) {
	defer s.clock.Hold()()
	options := lifecycle.TemplateOptions{Category: orText(t.Category, event.Marketing), Outcome: t.Outcome}
	if err := options.Validate(); err != nil {
		return uuid.Nil, fmt.Errorf("template: %w", err)
	}
	cancelled := s.endReview(t.ID)
	st := s.next("template")
	made := s.newTemplate(t, st)
	about := event.Template{
		AccountID: s.account, TemplateID: made.ID, Channel: event.WhatsApp, Name: made.Name, Language: made.Language,
	}
	metaID := fmt.Sprintf("%016d", st.IntN(1e15)+1e15) // Meta's ids are long decimal numbers
	start := s.clock.Now()
	var way course
	for i, step := range lifecycle.PlanTemplate(st, options) {
		at := start.Add(step.After)
		if t.Prompt {
			at = start.Add(time.Duration(i) * time.Second)
		}
		next := about
		next.Status, next.Category, next.Reason = step.Status, step.Category, step.Reason
		if step.Approved {
			next.WhatsAppTemplateID = metaID
		}
		way.events = append(way.events, event.Event{ID: idFrom(st), Type: event.Templates, CreatedAt: at, Template: &next})
	}
	return made.ID, s.begin(history.Change{Template: &made, Cancelled: cancelled}, &way)
}

// newTemplate is a template's record, new or of one that is there already.
func (s *Simulator) newTemplate(t Template, st *seed.Stream) history.Template {
	now := s.clock.Now()
	made := history.Template{
		ID: orID(t.ID, st), Name: orText(t.Name, "order_update"), Language: orText(t.Language, "en_US"),
		Category: orText(t.Category, event.Marketing), Status: history.TemplateDraft, Definition: t.Definition,
		CreatedAt: now, UpdatedAt: now,
	}
	if earlier, err := s.store.Template(made.ID); err == nil {
		made.CreatedAt = earlier.CreatedAt
	}
	return made
}

// begin accepts what a change makes, together with its courses. Nothing happens
// before it is safe: else an event could be out in the world of a message that
// nobody remembers.
func (s *Simulator) begin(c history.Change, ways ...*course) error {
	if s.pending.ended() {
		return ErrClosed
	}
	for _, way := range ways {
		c.Planned = append(c.Planned, way.events...)
	}
	if err := s.accept(c); err != nil {
		return err
	}
	for _, way := range ways {
		if err := s.follow(way, time.Time{}); err != nil {
			return err
		}
	}
	return nil
}

// Emit makes an event happen now, whatever came before it. Webhooks that do not
// subscribe to it, or are disabled, never hear of it. It returns the ids of the
// deliveries, in the order in which the webhooks were registered.
func (s *Simulator) Emit(e event.Event) ([]uuid.UUID, error) {
	return s.emitNow(e, nil)
}

// Sample is a plausible event of that name (as in event.Catalogue) that happens
// now to somebody of this account, to be changed and emitted. The error is that of
// an unknown event, or of one that the edition does not have.
func (s *Simulator) Sample(name string) (event.Event, error) {
	k, err := event.Lookup(name)
	if err != nil {
		return event.Event{}, err
	}
	if err := s.knobs.Has(k); err != nil {
		return event.Event{}, err
	}
	e, err := k.Sample(s.next("sample"), s.clock.Now())
	if account := e.Account(); account != nil {
		*account = s.account
	}
	return e, err
}

// EmitBody is Emit with a body of the caller's own, which nobody looks at: what
// Sent might send one day, or never.
func (s *Simulator) EmitBody(e event.Event, body []byte) ([]uuid.UUID, error) {
	if body == nil {
		body = []byte{}
	}
	return s.emitNow(e, body)
}

// emitNow emits what somebody asked for; a nil body is made of e.
func (s *Simulator) emitNow(e event.Event, body []byte) ([]uuid.UUID, error) {
	defer s.clock.Hold()()
	if e.ID == uuid.Nil {
		e.ID = s.newID("event")
	}
	if e.Template != nil { // a decision is one, whoever makes it
		if cancelled := s.endReview(e.Template.TemplateID); len(cancelled) > 0 {
			s.cancels.Store(e.ID, cancelled)
		}
	}
	ids, err := s.emit(e, body)
	if err != nil {
		return ids, err
	}
	return ids, s.failure()
}

// emit is emitNow but for the wait until it is safe.
func (s *Simulator) emit(e event.Event, body []byte) ([]uuid.UUID, error) {
	defer s.clock.Hold()()
	// Counted before they exist: one that is over at once must not count below zero.
	most := s.dispatcher.Len()
	s.pending.add(most)
	ids, err := s.dispatcher.Emit(e, body)
	s.pending.add(len(ids) - most)
	return ids, err
}

func orID(id uuid.UUID, st *seed.Stream) uuid.UUID {
	drawn := idFrom(st) // drawn in any case: what a caller sets does not move the rest
	if id != uuid.Nil {
		return id
	}
	return drawn
}

// orNumber draws a North American number from the range reserved for fiction.
func orNumber(number string, st *seed.Stream) string {
	areas := []string{"202", "206", "212", "303", "312", "404", "415", "512", "617", "702", "808", "917"}
	drawn := fmt.Sprintf("+1%s55501%02d", seed.Pick(st, areas), st.IntN(100))
	return orText(number, drawn)
}

func orText(text, otherwise string) string {
	if text != "" {
		return text
	}
	return otherwise
}

func checkNumber(field, number string) error {
	digits := strings.TrimPrefix(number, "+")
	isDigit := func(r rune) bool { return r >= '0' && r <= '9' }
	if number == "" || (number != digits && len(digits) >= 7 && len(digits) <= 15 && digits[0] != '0' &&
		strings.TrimFunc(digits, isDigit) == "") {
		return nil
	}
	return fmt.Errorf("%s %q is no number in E.164: write it like +14155550100", field, number)
}

// provider is who plausibly takes in messages of a channel.
func provider(ch event.Channel) string {
	switch ch {
	case event.WhatsApp:
		return "meta"
	case event.RCS:
		return "google"
	case event.SMS, event.MMS, event.Voice, event.Unrouted, event.Auto:
	}
	return "carrier"
}
