package main

import (
	"fmt"
	"time"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/seed"
	"github.com/sentsim/sentsim/simulator/webhook"
)

// plan is everything that a seed decides: the platform's settings, and what is
// done to it, step by step.
type plan struct {
	seed  seed.Seed
	knobs simulator.Knobs
	keep  int // the history's limit; 0: none
	steps []step
	told  bool // somebody wants to read the story
}

// step is one thing that is done, after a wait. What it is done to is chosen by
// numbers among what there is by then, so that a step still means something when
// others are left out.
type step struct {
	kind   kind
	wait   time.Duration // that passes before it
	number int           // of the webhook, receiver, delivery or choice
	choice int
}

// kind is what a step does.
type kind string

const (
	register       kind = "register a webhook"
	send           kind = "send a message"
	burst          kind = "emit events at the same instant"
	receive        kind = "receive a message"
	hear           kind = "hear a contact's signal"
	submit         kind = "submit a template"
	decide         kind = "decide the review of a template"
	editTemplate   kind = "edit a template"
	removeTemplate kind = "remove a template"
	rotate         kind = "rotate the secret"
	disable        kind = "disable a webhook"
	enable         kind = "enable a webhook"
	remove         kind = "remove a webhook"
	edit           kind = "edit a webhook"
	replay         kind = "replay a delivery"
	test           kind = "make a test delivery"
	expire         kind = "answer a request with a key, more than a day later"
	receiver       kind = "change a receiver"
	stop           kind = "stop and start again"
	shutdown       kind = "stop in good order and start again"
	crash          kind = "crash at a write"
	reset          kind = "reset"
	pass           kind = "let time pass"
)

// weights are how often each kind is drawn.
func weights() []struct {
	kind
	weight int
} {
	return []struct {
		kind
		weight int
	}{
		{register, 3},
		{send, 10},
		{burst, 14},
		{receive, 4},
		{hear, 3},
		{submit, 4},
		{decide, 4},
		{editTemplate, 2},
		{removeTemplate, 1},
		{rotate, 4},
		{disable, 3},
		{enable, 5},
		{remove, 1},
		{edit, 5},
		{replay, 4},
		{test, 2},
		{expire, 1},
		{receiver, 14},
		{stop, 3},
		{shutdown, 3},
		{crash, 6},
		{reset, 1},
		{pass, 12},
	}
}

// receivers is how many receivers there are; webhooks may share one.
const receivers = 3

// draw draws the plan of a seed.
func draw(s seed.Seed) plan {
	st := s.Stream("plan")
	p := plan{seed: s, knobs: drawKnobs(st), keep: seed.Pick(st, []int{0, 0, 0, 3})}
	for range 1 + st.IntN(2) {
		p.steps = append(p.steps, step{kind: register, number: st.IntN(100), choice: st.IntN(100)})
	}
	total := 0
	for _, w := range weights() {
		total += w.weight
	}
	for range 10 + st.IntN(25) {
		n := st.IntN(total)
		var k kind
		for _, w := range weights() {
			if n -= w.weight; n < 0 {
				k = w.kind
				break
			}
		}
		next := step{kind: k, wait: drawWait(st), number: st.IntN(100), choice: st.IntN(100)}
		switch k { //nolint:exhaustive // the others wait for nothing more
		case expire:
			next.wait += answersKept
		case hear:
			next.wait += time.Millisecond // no two of them have the same bytes
		}
		p.steps = append(p.steps, next)
	}
	return p
}

// drawWait is mostly a few minutes, often nothing, and sometimes hours.
func drawWait(st *seed.Stream) time.Duration {
	switch n := st.IntN(10); {
	case n < 3:
		return 0
	case n < 5:
		return time.Duration(st.IntN(10)) * time.Minute // on the dot, as retries are
	case n < 9:
		return st.Between(0, 20*time.Minute)
	default:
		return st.Between(0, 12*time.Hour)
	}
}

func drawKnobs(st *seed.Stream) simulator.Knobs {
	k := simulator.DefaultKnobs()
	k.Order = seed.Pick(st, []delivery.Order{delivery.Concurrent, delivery.Concurrent, delivery.Strict})
	k.Concurrency = seed.Pick(st, []int{1, 2, 3, 64, 64})
	k.RetryCountCounts = seed.Pick(st, []delivery.RetryCountCounts{delivery.CountsRetries, delivery.CountsRetries, delivery.CountsAttempts})
	k.DisableCounts = seed.Pick(st, []webhook.Counts{webhook.CountsEvents, webhook.CountsEvents, webhook.CountsAttempts})
	k.DisableThreshold = seed.Pick(st, []int{1, 2, 3, 5, 10, 10})
	k.BackoffBase = seed.Pick(st, []time.Duration{time.Minute, time.Minute, time.Second, 10 * time.Minute})
	k.BackoffFactor = seed.Pick(st, []float64{2, 2, 1, 3})
	k.BackoffCap = seed.Pick(st, []time.Duration{time.Hour, time.Hour, 15 * time.Minute})
	k.BackoffJitter = seed.Pick(st, []float64{0, 0, 0, 0.5})
	return k
}

// String says what the step does, in words.
func (s step) String() string {
	text := string(s.kind)
	switch s.kind {
	case register, rotate, disable, enable, remove, edit, test:
		text += fmt.Sprintf(" (webhook %d)", s.number)
	case receiver:
		text = fmt.Sprintf("receiver %d is now %s", s.number%receivers, moods()[s.choice%len(moods())])
	case crash:
		text = fmt.Sprintf("crash at the write after %d more", s.number%maxWrites)
	case burst:
		text = fmt.Sprintf("emit %d events at the same instant", 1+s.number%maxBurst)
	case receive:
		text = fmt.Sprintf("contact %d writes %q", s.choice%len(numbers())+1, s.word())
	case hear:
		text = fmt.Sprintf("contact %d tells the network %s", s.choice%len(numbers())+1, s.signal())
	case send, submit, decide, editTemplate, removeTemplate, replay, expire, stop, shutdown, reset, pass:
	}
	return text
}

const (
	maxWrites = 12 // between a step that arms a crash and the write at which it happens
	maxBurst  = 12
)

// downtime is how long it is down after a crash or a stop.
func (s step) downtime() time.Duration {
	return []time.Duration{0, 0, time.Second, time.Minute, 7 * time.Minute, 5 * time.Hour}[s.choice%6]
}
