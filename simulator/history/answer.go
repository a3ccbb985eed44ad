package history

import (
	"cmp"
	"slices"
	"time"
)

// Answer is what a request with an idempotency key was answered: whoever sends
// the key again gets it again.
type Answer struct {
	Key         string
	RequestID   string
	At          time.Time
	Status      int // of HTTP
	ContentType string
	Body        []byte
}

// answers are those that Memory keeps. Its zero value is empty.
type answers struct {
	byKey map[string]numbered
	given uint64
}

type numbered struct {
	Answer
	number uint64
}

func (l *answers) save(c Change) {
	for _, key := range c.Forgotten {
		delete(l.byKey, key)
	}
	if c.Answer == nil {
		return
	}
	if l.byKey == nil {
		l.byKey = map[string]numbered{}
	}
	l.given++
	l.byKey[c.Answer.Key] = numbered{*c.Answer, l.given}
}

// all are the answers in the order in which they were given.
func (l *answers) all() []Answer {
	rows := make([]numbered, 0, len(l.byKey))
	for _, a := range l.byKey {
		rows = append(rows, a)
	}
	slices.SortFunc(rows, func(a, b numbered) int { return cmp.Compare(a.number, b.number) })
	all := make([]Answer, len(rows))
	for i, a := range rows {
		all[i] = a.Answer
	}
	return all
}
