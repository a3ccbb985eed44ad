package simulator

import (
	"strings"
	"sync"
	"time"

	"github.com/sentsim/sentsim/simulator/event"
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
	if e.Inbound == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	in := e.Inbound
	notes := map[string]string{}
	conversation := conversationOf(in.Channel, in.From)
	if at := e.CreatedAt; at.After(c.wrote[conversation]) {
		c.wrote[conversation] = at
		notes[noteWrote+conversation] = at.UTC().Format(time.RFC3339Nano)
	}
	return notes
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

func conversationOf(ch event.Channel, number string) string { return string(ch) + " " + number }

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
