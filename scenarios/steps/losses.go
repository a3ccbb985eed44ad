package steps

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/sentsim/sentsim/scenarios/probe"
	"github.com/sentsim/sentsim/scenarios/rule"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/event"
)

const (
	// lossRounds and lossMessages are how many messages Losses tells of: enough to meet a
	// receiver that loses one update of a hundred in most runs. Each round is read before the
	// next is sent, so that one that keeps only the latest messages is not taken for lossy.
	lossRounds, lossMessages = 4, 30
	// lossTime is how long the deliveries of Losses may take in all.
	lossTime = 8 * time.Second
)

// Losses is what was seen of updates, or of inbound texts, that were delivered one after
// another, each once, in the order of the lifecycle, and acknowledged.
type Losses struct {
	Messages, Events int       // that were delivered, until some were lost; texts are both
	Lost             int       // messages that do not show all of theirs
	Example          string    // of one of them
	Seen             string    // its state
	At               *Exchange // the last delivery of it

	still int  // messages that do not show the last status
	some  bool // of messages that were treated alike, some show all and others do not
}

// partway is a message of which the first events of its lifecycle were delivered.
type partway struct {
	m    *message
	last event.Status // the last that the receiver keeps
	x    Exchange
}

// Losses tells a receiver that now and then loses what it has acknowledged from one that
// gets something wrong whenever it comes: nothing here comes twice, late, or together with
// anything else. The messages end anywhere in the lifecycle, so that a loss of each n-th
// update meets every one of its statuses. It is the zero Losses where that cannot be seen, or
// where most are lost, which is no chance. Whoever calls it has the turn to send.
//
// Where nothing was wrong so far, one round has to do, in half the time.
func (s *Subject) Losses(ctx context.Context, wrong bool) Losses {
	return s.lossRounds(ctx, wrong, rule.MessageStatus, (*World).loseUpdates)
}

// LostTexts is Losses of inbound texts, each of a contact of its own.
func (s *Subject) LostTexts(ctx context.Context, wrong bool) Losses {
	return s.lossRounds(ctx, wrong, rule.InboundCount, (*World).loseTexts)
}

// lossRounds looks round by round, until something is lost or its time is over, of which that
// does not count that this machine had none for. A round reports whether it could be seen.
func (s *Subject) lossRounds(ctx context.Context, wrong bool, needs rule.Need, round func(w *World, ctx context.Context, over func() bool, out *Losses) bool) Losses {
	var out Losses
	rounds, within, start := lossRounds, lossTime, clock.Wall()
	if !wrong {
		within = lossTime / 2
	}
	if !wrong || s.Arrange != nil {
		rounds = 1
	}
	over := func() bool { return clock.Wall().Sub(start)-s.Pulse.Starved(start) > within }
	for n := 0; n < rounds && !over() && s.Traits.Quickest < slowAnswer; n++ {
		w := NewWorld(s, "what is lost", s.asked.Add(1))
		if w.needs(needs) != nil || ctx.Err() != nil || !round(w, ctx, over, &out) || out.Lost > 0 {
			break
		}
	}
	if !out.some || out.still*2 > out.Messages {
		return Losses{}
	}
	return out
}

// loseUpdates is one round of Losses.
func (w *World) loseUpdates(ctx context.Context, over func() bool, out *Losses) bool {
	all, ok := w.sendPartways(ctx, over)
	if !ok {
		return false
	}
	for _, t := range all {
		out.Events += len(t.m.history)
	}
	out.Messages += len(all)
	return w.missing(ctx, all, out)
}

// loseTexts is one round of LostTexts.
func (w *World) loseTexts(ctx context.Context, over func() bool, out *Losses) bool {
	var expected []expectation
	var sent []Exchange
	for len(sent) < lossMessages && !over() {
		w.contact = nil
		if w.sendsText(ctx, w.newText()) != nil || !w.lastExchange().Outcome.Accepted() {
			return false
		}
		sent = append(sent, *w.lastExchange())
		expected = append(expected, expectation{w.inboundState(w.form(w.contact.number)), func(st probe.State) bool { return st.Count > 0 }})
	}
	out.Messages, out.Events = out.Messages+len(sent), out.Events+len(sent)
	shown, err := w.allAppear(ctx, expected)
	if err != nil && !isStarved(err) {
		return false
	}
	lost, err := w.lost(ctx, expected, shown)
	if err != nil {
		return false
	}
	for _, i := range lost {
		out.Example, out.Seen, out.At = "one that was the only text of its contact is not counted", shown[i].Raw, &sent[i]
	}
	out.Lost += len(lost)
	out.some, out.still = out.Lost > 0, out.Lost
	return true
}

// sendPartways delivers the beginning of the lifecycle, so long as chance has it, of each of
// many messages, until its time is over.
func (w *World) sendPartways(ctx context.Context, over func() bool) (all []partway, ok bool) {
	way := w.s.Traits.WayTo(event.Delivered)
	first := slices.IndexFunc(way, w.s.Traits.Words.Kept)
	if first < 0 {
		return nil, false
	}
	for len(all) < lossMessages && !over() {
		m, err := w.newMessage(ctx, event.SMS)
		if err != nil {
			return nil, false
		}
		t := partway{m: m}
		for _, st := range way[:first+1+w.chance.IntN(len(way)-first)] {
			if w.deliver(ctx, m, st) != nil || !w.lastExchange().Outcome.Accepted() {
				return nil, false
			}
			if w.s.Traits.Words.Kept(st) {
				t.last = st
			}
		}
		t.x = *w.lastExchange()
		all = append(all, t)
	}
	return all, true
}

// missing counts the messages that do not show what was delivered of them, by their status,
// or by fewer effects than most others have that got the same events. It reports whether
// that could be seen.
func (w *World) missing(ctx context.Context, all []partway, out *Losses) bool {
	expected := make([]expectation, len(all))
	for i, t := range all {
		expected[i] = expectation{w.messageState(t.m.ID), w.is(t.last)}
	}
	shown, err := w.allAppear(ctx, expected)
	if err != nil && !isStarved(err) {
		return false
	}
	usual := map[event.Status]int{} // effects, by the last status
	if w.can(rule.MessageEffects) {
		for i, t := range all {
			usual[t.last] = usualEffects(all, shown, t.last)
			is := expected[i].want
			expected[i].want = func(st probe.State) bool { return is(st) && st.Effects >= usual[t.last] }
		}
	}
	if !w.allHold(expected, shown) { // an effect may show later than the status does
		if shown, err = w.allAppear(ctx, expected); err != nil && !isStarved(err) {
			return false
		}
	}
	right := map[event.Status]bool{}
	for i, t := range all {
		right[t.last] = right[t.last] || expected[i].want(shown[i])
	}
	lost, err := w.lost(ctx, expected, shown)
	if err != nil {
		return false
	}
	for _, i := range lost {
		t := all[i]
		out.Lost++
		out.some = out.some || right[t.last]
		if !w.is(t.last)(shown[i]) {
			out.still++
		}
		out.Seen, out.At = shown[i].Raw, &t.x
		history := statuses(t.m.history)
		if out.Example = fmt.Sprintf("one that got %s is %s", history, status(shown[i])); w.is(t.last)(shown[i]) {
			out.Example = fmt.Sprintf("one that got %s has %d effects, most others that got these have %d", history, shown[i].Effects, usual[t.last])
		}
	}
	return true
}

// lost are those of what was delivered one after another that do not hold though a later one
// does: what is missing at the end may wait in a queue, and what is unknown at the beginning
// be gone already, where only the latest are kept. Each is read once more, since the later
// one was read after it, and once this machine had as much time for the receiver as state
// may take.
func (w *World) lost(ctx context.Context, expected []expectation, shown []probe.State) (lost []int, err error) {
	first := slices.IndexFunc(shown, func(st probe.State) bool { return st.Known })
	last := len(shown) - 1
	for last >= 0 && !expected[last].want(shown[last]) {
		last--
	}
	for i := max(first, 0); i < last; i++ {
		if expected[i].want(shown[i]) {
			continue
		}
		if len(lost) == 0 {
			if err := w.rest(ctx, w.s.Settle, func() bool { return false }); err != nil {
				return nil, err
			}
		}
		if shown[i], err = expected[i].read(ctx); err != nil {
			return nil, err
		}
		if !expected[i].want(shown[i]) {
			lost = append(lost, i)
		}
	}
	return lost, nil
}

// usualEffects is the number of effects that more messages with that last status have than
// any other number.
func usualEffects(all []partway, shown []probe.State, last event.Status) (usual int) {
	count := map[int]int{}
	for i, t := range all {
		if n := shown[i].Effects; t.last == last && shown[i].HasEffects {
			if count[n]++; count[n] > count[usual] {
				usual = n
			}
		}
	}
	return usual
}
