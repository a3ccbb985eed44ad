package sentapi

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/api"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/event"
)

// Send is a message id that the receiver was answered when it asked to send.
type Send struct {
	ID      uuid.UUID
	To      string // E.164 with its plus
	Channel event.Channel
	At      time.Time // wall time of the answer
	// Replayed says that the receiver repeated an idempotency key: the id is that
	// of an earlier Send, and no message more was sent.
	Replayed bool
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

// Sends are the ids that the receiver was answered since a mark, in the order of
// the answers; the zero Mark is before all of them. One is in it before the
// receiver has its answer.
func (s *Server) Sends(since Mark) []Send {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Send(nil), s.sends[min(int(since), len(s.sends)):]...)
}

// Await is the first send since a mark that fits, as soon as there is one. The
// error is ErrNoSend when ctx ends first; nil fits takes any.
func (s *Server) Await(ctx context.Context, since Mark, fits func(Send) bool) (Send, error) {
	for {
		s.mu.Lock()
		sends, more := s.sends, s.sent // what is in sends never changes
		s.mu.Unlock()
		for ; int(since) < len(sends); since++ {
			if fits == nil || fits(sends[since]) {
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

// answered notes which ids the receiver is answered.
func (s *Server) answered(messages []api.SentMessage) {
	now := clock.Wall()
	sends := make([]Send, len(messages))
	for i, m := range messages {
		sends[i] = Send{ID: m.ID, To: m.To, At: now, Replayed: m.Replayed}
		if known, err := s.api.Simulator().Message(m.ID); err == nil { // there also where Sent chose the channel
			sends[i].Channel = known.Channel
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.sends) < maxMessages {
		s.sends = append(s.sends, sends...)
	}
	close(s.sent)
	s.sent = make(chan struct{})
}

// Digits is a number as it is compared, however it was written.
func Digits(number string) string { return digits(number) }
