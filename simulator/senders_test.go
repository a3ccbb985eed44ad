package simulator_test

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/history"
)

type senderFunc func(context.Context, delivery.Request, time.Duration) delivery.Outcome

func (f senderFunc) Send(ctx context.Context, r delivery.Request, d time.Duration) delivery.Outcome {
	return f(ctx, r, d)
}

// counting is a sender whose attempts wait until want of them are under way at
// the same time; all that come later pass.
type counting struct {
	mu        sync.Mutex
	want      int
	status    int // 0: 200
	all       chan struct{}
	opened    bool
	now, most int
	sent      int
}

// again makes the next want attempts wait for each other.
func (s *counting) again() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all, s.opened, s.most, s.sent = make(chan struct{}), false, 0, 0
}

func (s *counting) Send(ctx context.Context, _ delivery.Request, _ time.Duration) delivery.Outcome {
	s.mu.Lock()
	s.sent++
	s.now++
	s.most = max(s.most, s.now)
	all := s.all
	if s.now == s.want && !s.opened {
		close(all)
		s.opened = true
	}
	s.mu.Unlock()
	select {
	case <-all:
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now--
	status := s.status
	if status == 0 {
		status = 200
	}
	return delivery.Outcome{Kind: delivery.Answered, Status: status}
}

// brokenStore is a history that takes nothing more once there is a webhook.
type brokenStore struct {
	*history.Memory
	err    error
	broken bool
}

func (b *brokenStore) Save(c history.Change) error {
	if b.broken {
		return b.err
	}
	b.broken = c.Webhook != nil
	return b.Memory.Save(c)
}

func (b *brokenStore) Delivery(uuid.UUID) (delivery.Delivery, error) {
	return delivery.Delivery{}, b.err
}

func (b *brokenStore) Deliveries(uuid.UUID, history.Query) (history.Page[delivery.Delivery], error) {
	return history.Page[delivery.Delivery]{}, b.err
}
