package simulator

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/history"
	"github.com/sentsim/sentsim/simulator/seed"
)

// conversationTime is how long a contact's message keeps a conversation open.
const conversationTime = 24 * time.Hour

// contacts is what the account knows of the people that it writes to: who has
// opted out, and who has an open conversation. It is part of the store, as notes.
type contacts struct {
	mu       sync.Mutex
	optedOut map[string]bool      // by number
	wrote    map[string]time.Time // when a contact last wrote, by channel and number
}

// The notes of contacts begin so.
const (
	noteOptedOut = "opted out "
	noteWrote    = "wrote "
)

func (c *contacts) restore(notes map[string]string) {
	c.optedOut, c.wrote = map[string]bool{}, map[string]time.Time{}
	for key, text := range notes {
		if number, ok := strings.CutPrefix(key, noteOptedOut); ok {
			c.optedOut[number] = true
		}
		if conversation, ok := strings.CutPrefix(key, noteWrote); ok {
			if at, err := time.Parse(time.RFC3339Nano, text); err == nil {
				c.wrote[conversation] = at
			}
		}
	}
}

// take notes what an event says of a contact. It returns the notes that change.
func (c *contacts) take(e event.Event) map[string]string {
	if e.Inbound == nil && e.Contact == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	notes := map[string]string{}
	if e.Contact != nil {
		c.hear(e.Type, e.Contact.From, notes)
		return notes
	}
	in := e.Inbound
	conversation := conversationOf(in.Channel, in.From)
	if at := e.CreatedAt; at.After(c.wrote[conversation]) {
		c.wrote[conversation] = at
		notes[noteWrote+conversation] = at.UTC().Format(time.RFC3339Nano)
	}
	if signal, ok := signalOf(in.Text, nil); ok { // also in the editions that tell nobody of it
		c.hear(signal, in.From, notes)
	}
	return notes
}

// hear is what a contact's signal makes of it: help and keywords change nothing.
func (c *contacts) hear(signal event.Type, number string, notes map[string]string) {
	switch signal {
	case event.ContactOptOut:
		c.optOut(number, true, notes)
	case event.ContactOptIn:
		c.optOut(number, false, notes)
	case event.ContactHelp, event.ContactCustomKeyword, event.Templates:
	}
}

func (c *contacts) optOut(number string, out bool, notes map[string]string) {
	if out == c.optedOut[number] {
		return
	}
	if out {
		c.optedOut[number], notes[noteOptedOut+number] = true, "true"
		return
	}
	delete(c.optedOut, number)
	notes[noteOptedOut+number] = ""
}

// signalOf is what a text means that is a keyword, in any case: one of those that
// everybody knows, or of the account's own.
func signalOf(text *string, own []string) (signal event.Type, ok bool) {
	if text == nil {
		return "", false
	}
	word := strings.TrimSpace(*text)
	known := map[string]event.Type{"STOP": event.ContactOptOut, "START": event.ContactOptIn, "HELP": event.ContactHelp}
	if signal, ok = known[strings.ToUpper(word)]; ok {
		return signal, true
	}
	isIt := func(keyword string) bool { return strings.EqualFold(keyword, word) }
	return event.ContactCustomKeyword, slices.ContainsFunc(own, isIt)
}

func conversationOf(ch event.Channel, number string) string { return string(ch) + " " + number }

// settled is a planned event as it is when it happens: whether the contact has
// opted out shows only then.
func (c *contacts) settled(e event.Event) event.Event {
	if e.Contact == nil || e.Type == event.ContactOptOut || e.Type == event.ContactOptIn {
		return e
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	about := *e.Contact
	about.OptOut = c.optedOut[about.From]
	e.Contact = &about
	return e
}

// ContactID is the id of the contact with a number: the same on all channels.
func (s *Simulator) ContactID(number string) uuid.UUID {
	return uuid.NewSHA1(s.account, []byte(number))
}

// Signal is what a contact wants, told by the network and not by a message.
type Signal struct {
	Type    event.Type    // event.ContactOptOut …
	From    string        // the contact, E.164 with its plus; drawn
	Channel event.Channel // sms
}

// Hear is a contact's signal arriving now. In the editions that have no family
// contact nobody is told, and it has its consequence all the same. It returns the
// contact's number.
func (s *Simulator) Hear(signal Signal) (number string, err error) {
	k, err := event.Lookup(string(signal.Type))
	if err == nil && k.Parent() != event.ParentContact {
		err = fmt.Errorf("%s is no signal of a contact", k.Name)
	}
	if err := errors.Join(err, checkNumber("from", signal.From)); err != nil {
		return "", fmt.Errorf("signal: %w", err)
	}
	st := s.next("signal")
	e := s.signal(k.Type, event.Inbound{From: orNumber(signal.From, st), Channel: cmp.Or(signal.Channel, event.SMS)}, s.clock.Now(), st)
	e.Contact.Source = event.ProviderSignal
	if !s.knobs.Families.Has(event.ParentContact) {
		return e.Contact.From, s.accept(history.Change{Notes: s.contacts.take(e)})
	}
	_, err = s.Emit(s.contacts.settled(e))
	return e.Contact.From, err
}

// signal is the event of a contact's signal that came with an inbound message.
func (s *Simulator) signal(typ event.Type, in event.Inbound, at time.Time, st *seed.Stream) event.Event {
	about := &event.Contact{
		AccountID: s.account, ContactID: s.ContactID(in.From), OptOut: typ == event.ContactOptOut, Source: event.InboundKeyword,
		From: in.From, Channel: in.Channel, MessageID: in.MessageID, Text: in.Text,
	}
	if in.To != "" {
		about.To = &in.To
	}
	id, agent := idFrom(st), idFrom(st)
	if in.Channel == event.RCS {
		about.AgentID = agent.String()
	}
	return event.Event{ID: id, Type: typ, CreatedAt: at, Contact: about}
}

// withSignal is an inbound message's event and, if its text is a keyword and the
// edition has the family, that of the contact's signal.
func (s *Simulator) withSignal(e event.Event, st *seed.Stream) []event.Event {
	typ, ok := signalOf(e.Inbound.Text, s.knobs.KeywordList())
	if !ok || !s.knobs.Families.Has(event.ParentContact) {
		return []event.Event{e}
	}
	return []event.Event{e, s.signal(typ, *e.Inbound, e.CreatedAt, st)}
}

// OptedOut reports whether a contact wants no messages: its last signal was an
// opt-out. The number is in E.164 with its plus.
func (s *Simulator) OptedOut(number string) bool {
	s.contacts.mu.Lock()
	defer s.contacts.mu.Unlock()
	return s.contacts.optedOut[number]
}

// Conversation reports whether a contact wrote on a channel within the last 24
// hours, so that free-form text may be sent to it there.
func (s *Simulator) Conversation(ch event.Channel, number string) bool {
	s.contacts.mu.Lock()
	defer s.contacts.mu.Unlock()
	at, ok := s.contacts.wrote[conversationOf(ch, number)]
	return ok && s.clock.Now().Sub(at) < conversationTime
}
