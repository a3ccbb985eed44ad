package sentapi

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/history"
)

// Send is a message that the receiver sent, with the id that it is answered.
type Send struct {
	ID      uuid.UUID
	To      string // E.164 with its plus
	Channel event.Channel
	At      time.Time // wall time
}

// ErrNoSend is returned when the receiver sent nothing that was waited for.
var ErrNoSend = errors.New("the receiver sent no such message")

// Mark is a place between two sends.
type Mark int

// Mark is the place behind all sends so far.
func (s *Server) Mark() Mark {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Mark(len(s.sends))
}

// Sends are what the receiver sent since a mark, oldest first. A send is among
// them before the receiver has its answer.
func (s *Server) Sends(since Mark) []Send {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Send(nil), s.sends[min(int(since), len(s.sends)):]...)
}

// Await is the first send since a mark that fits, as soon as there is one. The
// error is ErrNoSend when ctx ends first.
func (s *Server) Await(ctx context.Context, since Mark, fits func(Send) bool) (Send, error) {
	for {
		s.mu.Lock()
		sends, more := s.sends, s.sent // what is in sends never changes
		s.mu.Unlock()
		for ; int(since) < len(sends); since++ {
			if fits(sends[since]) {
				return sends[since], nil
			}
		}
		select {
		case <-more:
		case <-s.closed:
			return Send{}, fmt.Errorf("%w before its session ended", ErrNoSend)
		case <-ctx.Done():
			return Send{}, fmt.Errorf("%w: %w", ErrNoSend, context.Cause(ctx))
		}
	}
}

// saved notes what was sent.
func (s *Server) saved(c history.Change) {
	if len(c.Messages) == 0 {
		return
	}
	now := clock.Wall()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range c.Messages {
		if len(s.sends) < maxMessages {
			s.sends = append(s.sends, Send{m.ID, m.To, m.Channel, now})
		}
	}
	close(s.sent)
	s.sent = make(chan struct{})
}

// Digits is a number as it is compared, however it was written.
func Digits(number string) string { return digits(number) }
