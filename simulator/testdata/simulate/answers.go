package main

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/sentsim/sentsim/simulator/history"
)

// answersKept is how long the answer to a request with a key is kept.
const answersKept = 24 * time.Hour

// expire answers a request with a key, as the API does: answers whose time is over
// are forgotten with it. Its key is a new one, or one of those.
func (l *life) expire(s step, o *op) error {
	now := l.clock.Now()
	l.mu.Lock()
	for _, key := range slices.Sorted(maps.Keys(l.answers)) {
		if now.Sub(l.answers[key]) >= answersKept {
			o.forgotten = append(o.forgotten, key)
		}
	}
	o.key = "answer " + strconv.Itoa(len(l.log))
	if len(o.forgotten) > 0 && s.number%3 == 0 {
		o.key = o.forgotten[s.choice%len(o.forgotten)]
	}
	l.mu.Unlock()
	if err := l.sim.KeepAnswer(&history.Answer{Key: o.key, Status: 200, At: now}, o.forgotten); err != nil {
		return err
	}
	return l.sim.Flush()
}

// checkAnswer: answers are forgotten when their time is over, and only then.
func (l *life) checkAnswer(c history.Change) {
	var forgotten []string
	if l.op != nil && l.op.kind == expire {
		forgotten = l.op.forgotten
		if c.Answer != nil && (c.Answer.Key != l.op.key || !c.Answer.At.Equal(l.now)) {
			l.violated(lost, "an answer is written down as %+v, and is to %s", *c.Answer, l.op.key)
		}
	}
	if !slices.Equal(forgotten, c.Forgotten) {
		l.violated(lost, "%d answers are forgotten, and %d must be", len(c.Forgotten), len(forgotten))
	}
}

// adoptAnswer makes answers that are given or forgotten the state.
func (w *world) adoptAnswer(c history.Change) {
	for _, key := range c.Forgotten {
		delete(w.answers, key)
	}
	if c.Answer != nil {
		w.answers[c.Answer.Key] = c.Answer.At
	}
}

// compareAnswers compares the answers that are remembered with those that must be.
func (l *life) compareAnswers(remembered []history.Answer) {
	given := map[string]time.Time{}
	for _, a := range remembered {
		given[a.Key] = a.At
	}
	if !maps.EqualFunc(given, l.answers, time.Time.Equal) {
		l.violated(lost, "%d answers are remembered, and %d must be, each of its time", len(given), len(l.answers))
	}
}
