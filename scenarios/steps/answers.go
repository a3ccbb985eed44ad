package steps

import (
	"sync"

	"github.com/sentsim/sentsim/simulator/chart"
	"github.com/sentsim/sentsim/simulator/delivery"
)

// answerTimes counts how long the answers of a run took.
type answerTimes struct {
	mu sync.Mutex
	l  chart.Latencies
}

func (a *answerTimes) add(o delivery.Outcome) {
	if o.Kind != delivery.Answered {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.l.Add(o.Duration, 1)
}

// AnswerTimes is how many answers of the scenarios so far took how long.
func (s *Subject) AnswerTimes() []chart.Class {
	s.answers.mu.Lock()
	defer s.answers.mu.Unlock()
	return s.answers.l.Classes()
}
