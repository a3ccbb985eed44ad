package steps

import (
	"context"
	"fmt"

	"github.com/sentsim/sentsim/scenarios/driver"
	"github.com/sentsim/sentsim/scenarios/probe"
	"github.com/sentsim/sentsim/scenarios/rule"
	"github.com/sentsim/sentsim/simulator/event"
)

// SameSecond is what becomes of a message whose older status arrives alone, after the newer
// one, with the same timestamps.
type SameSecond string

// What was seen; "" where it could not be.
const (
	MovesBack SameSecond = "it moves back"  // it goes by the timestamps, and of equal ones the last counts
	Stays     SameSecond = "it stays there" // what goes wrong when both arrive at the same instant does so by a race
)

// sameSecondTries is how many messages must show the same.
const sameSecondTries = 3

// TellSameSecond tells a receiver that orders statuses by timestamps, which have no more than
// seconds, from one that has a race: nothing here comes together with anything else. Whoever
// calls it has the turn to send.
func (s *Subject) TellSameSecond(ctx context.Context) SameSecond {
	seen := map[SameSecond]int{}
	for range sameSecondTries {
		w := NewWorld(s, "two statuses in one second, alone", s.asked.Add(1))
		words := s.Traits.Words
		if w.needs(rule.MessageStatus) != nil || words.Same(event.Sent, event.Delivered) || !words.Kept(event.Sent) || !words.Kept(event.Delivered) {
			return ""
		}
		now, ok := w.tellSameSecond(ctx)
		if !ok {
			return ""
		}
		seen[now]++
	}
	for now, n := range seen {
		if n == sameSecondTries {
			return now
		}
	}
	return ""
}

func (w *World) tellSameSecond(ctx context.Context) (now SameSecond, ok bool) {
	m, err := w.newMessage(ctx, event.SMS)
	if err != nil || w.seeUpTo(ctx, m, event.Routed) != nil {
		return "", false
	}
	older, newer := m.Event(event.Sent), m.Event(event.Delivered)
	older.CreatedAt, older.Outbound.UpdatedAt = newer.CreatedAt, newer.Outbound.UpdatedAt
	for _, e := range []event.Event{newer, older} {
		x := w.keep(w.driver().Send(ctx, driver.Planned{What: fmt.Sprintf("its %s event", e.Outbound.Status), Request: w.signed(e)}))
		if !x.Outcome.Accepted() {
			return "", false
		}
		if e.Outbound.Status != event.Delivered {
			continue
		}
		if st, err := w.appears(ctx, w.messageState(m.ID), w.is(event.Delivered)); err != nil || !w.is(event.Delivered)(st) {
			return "", false
		}
	}
	st, err := w.settled(ctx, w.messageState(m.ID), func(st probe.State) bool { return w.is(event.Sent)(st) })
	switch {
	case err == nil && w.is(event.Sent)(st):
		return MovesBack, true
	case err == nil && w.is(event.Delivered)(st):
		return Stays, true
	}
	return "", false
}
