package simulator

import (
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/history"
)

// Sequence is what happens to one link, call or market, one event after another.
type Sequence struct {
	Name   string
	Events []string // their names, in order
	Doc    string
}

// Sequences are those that Play knows.
func Sequences() []Sequence {
	return []Sequence{
		{"call", []string{"call.initiated", "call.answered", "call.completed", "call.recording_ready"}, "a call that is answered and recorded"},
		{"call_failed", []string{"call.initiated", "call.failed"}, "a call that nobody answers"},
		{"link", []string{"link.clicked", "link.clicked", "link.clicked", "link.expired"}, "a link that is followed three times: by a preview, and twice by a human"},
		{"channel", []string{"channel.submitted", "channel.approved", "channel.activated"}, "a country that is opened for a channel"},
	}
}

// sequenceStep is the time between two events of a sequence.
const sequenceStep = 2 * time.Second

// Play has the events of a sequence happen as time passes, the first one now, all
// about the same link, call or market. It returns their ids. A link is one in the
// message with that id; zero is one that the receiver has not heard of.
func (s *Simulator) Play(name string, messageID uuid.UUID) ([]uuid.UUID, error) {
	defer s.clock.Hold()()
	for _, sequence := range Sequences() {
		if sequence.Name != name {
			continue
		}
		way, ids := &course{}, []uuid.UUID(nil)
		var first event.Event
		for i, name := range sequence.Events {
			k, err := event.Lookup(name)
			if err == nil {
				err = s.knobs.Has(k)
			}
			if err != nil {
				return nil, err
			}
			e, err := s.Sample(name)
			if err != nil {
				return nil, err
			}
			e.CreatedAt = s.clock.Now().Add(time.Duration(i) * sequenceStep)
			if i == 0 {
				first = e
			}
			about(&e, first, messageID, i)
			way.events, ids = append(way.events, e), append(ids, e.ID)
		}
		return ids, s.begin(history.Change{}, way)
	}
	var names []string
	for _, sequence := range Sequences() {
		names = append(names, sequence.Name)
	}
	return nil, fmt.Errorf("unknown sequence %q: use one of %s", name, strings.Join(names, ", "))
}

// about makes the i-th event of a sequence one about what the first one is about.
func about(e *event.Event, first event.Event, messageID uuid.UUID, i int) {
	switch {
	case e.Link != nil:
		l := e.Link
		l.RecordID, l.SenderProfileID, l.MessageID, l.OccurredAt = first.Link.RecordID, first.Link.SenderProfileID, first.Link.MessageID, e.CreatedAt
		if messageID != uuid.Nil {
			l.MessageID = messageID
		}
		if i == 0 && l.Request != nil { // the provider looks first
			l.Request.TrafficClass = "provider"
		}
	case e.Call != nil:
		e.Call.CallID, e.Call.Number, e.Call.UpdatedAt = first.Call.CallID, first.Call.Number, e.CreatedAt
	case e.Market != nil:
		e.Market.Country, e.Market.Channel, e.Market.NumberType, e.Market.UpdatedAt = first.Market.Country, first.Market.Channel, first.Market.NumberType, e.CreatedAt
	}
}
