package main

import (
	"strconv"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/history"
)

// traffic makes events: of a message's own lifecycle, or at once.
func (l *life) traffic(s step, o *op) error {
	channels := []event.Channel{event.SMS, event.WhatsApp, event.RCS}
	switch s.kind {
	case receive, hear:
		return l.hear(s, o, channels[s.number%3])
	case burst:
		names := []string{"message.delivered", "message.failed", "message.sent", "templates.approved", "message.received"}
		for i := range 1 + s.number%maxBurst {
			e, err := l.sim.Sample(names[(s.choice+i)%len(names)])
			if err != nil {
				return err
			}
			e.ID = uuid.Nil
			o.events++
			if _, err := l.sim.Emit(e); err != nil {
				return err
			}
		}
		return nil
	case send:
		return l.send(s, channels[s.choice%3])
	case register, submit, decide, editTemplate, removeTemplate, rotate, disable, enable, remove, edit, replay, test, expire, receiver, stop, shutdown, crash, reset, pass:
	}
	return errNothing
}

// send accepts messages with the answer to a request that has a key: both are
// remembered, or neither.
func (l *life) send(s step, channel event.Channel) error {
	reply := s.word()
	messages := make([]simulator.Message, 1+s.number%3)
	for i := range messages {
		messages[i] = simulator.Message{Channel: channel, To: s.contact(), Skips: s.choice%4 == 0, Prompt: s.choice%3 == 0}
		if s.choice%2 == 0 {
			messages[i].Reply = &reply
		}
	}
	var key string
	ids, err := l.sim.SendAll(messages, func(ids []uuid.UUID) *history.Answer {
		key = ids[0].String() + strconv.Itoa(len(ids))
		return &history.Answer{Key: key, Status: 202, At: l.clock.Now()}
	})
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, id := range ids {
		if l.messages[id] == nil {
			l.violated(lost, "message %s was accepted and not written down", id)
		}
	}
	if l.answers[key].IsZero() {
		l.violated(lost, "the answer to a request with a key was not written down")
	}
	return nil
}
