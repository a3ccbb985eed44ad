package steps

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/sentsim/sentsim/scenarios/probe"
	"github.com/sentsim/sentsim/scenarios/rule"
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
// Where nothing was wrong so far, a quarter of it has to do.
func (s *Subject) Losses(ctx context.Context, wrong bool) Losses {
	return s.lossRounds(ctx, wrong, len(s.Traits.WayTo(event.Delivered)), rule.MessageStatus, (*World).loseUpdates)
}

// LostTexts is Losses of inbound texts, each of a contact of its own.
func (s *Subject) LostTexts(ctx context.Context, wrong bool) Losses {
	return s.lossRounds(ctx, wrong, 1, rule.InboundCount, (*World).loseTexts)
}

// lossRounds looks round by round, until something is lost or its time is over. each is how
// many deliveries a message takes; a round reports whether it could be seen.
func (s *Subject) lossRounds(ctx context.Context, wrong bool, each int, needs rule.Need, round func(*World, context.Context, *Losses) bool) Losses {
	var out Losses
	rounds, within, one := lossRounds, lossTime, s.Traits.Quickest
	if !wrong {
		rounds, within, one = 1, lossTime/4, max(one, s.Traits.Lag)
	}
	affords := int(within / max(one, time.Millisecond) / time.Duration(max(each, 1)))
	if s.Arrange != nil {
		affords = min(affords, lossMessages)
	}
	for done := 0; done < rounds*lossMessages && affords-done >= lossMessages; done += lossMessages {
		w := NewWorld(s, "what is lost", s.asked.Add(1))
		if w.needs(needs) != nil || ctx.Err() != nil || !round(w, ctx, &out) || out.Lost > 0 {
			break
		}
	}
	if !out.some || out.still*2 > out.Messages {
		return Losses{}
	}
	return out
}

// loseUpdates is one round of Losses.
func (w *World) loseUpdates(ctx context.Context, out *Losses) bool {
	all, ok := w.sendPartways(ctx, lossMessages)
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
func (w *World) loseTexts(ctx context.Context, out *Losses) bool {
	expected, sent := make([]expectation, lossMessages), make([]Exchange, lossMessages)
	for i := range expected {
		w.contact = nil
		if w.sendsText(ctx, w.newText()) != nil || !w.lastExchange().Outcome.Accepted() {
			return false
		}
		sent[i] = *w.lastExchange()
		expected[i] = expectation{w.inboundState(w.form(w.contact.number)), func(st probe.State) bool { return st.Count > 0 }}
	}
	out.Messages, out.Events = out.Messages+lossMessages, out.Events+lossMessages
	shown, err := w.allAppear(ctx, expected)
	if err != nil {
		return false
	}
	early := true // of texts that are gone, as where only the latest are kept
	for i, st := range shown {
		if out.some = out.some || st.Count > 0; st.Count > 0 {
			early = false
		} else if !early {
			out.Lost++
			out.Example, out.Seen, out.At = "one that was the only text of its contact is not counted", st.Raw, &sent[i]
		}
	}
	out.still = out.Lost
	return true
}

// sendPartways delivers the beginning of the lifecycle, so long as chance has it, of each of so many
// messages.
func (w *World) sendPartways(ctx context.Context, n int) (all []partway, ok bool) {
	way := w.s.Traits.WayTo(event.Delivered)
	first := slices.IndexFunc(way, w.s.Traits.Words.Kept)
	if first < 0 {
		return nil, false
	}
	for range n {
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
	if err != nil {
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
		if shown, err = w.allAppear(ctx, expected); err != nil {
			return false
		}
	}
	right := map[event.Status]bool{}
	for i, t := range all {
		right[t.last] = right[t.last] || expected[i].want(shown[i])
	}
	early := true // of messages that are gone, as where only the latest are kept
	for i, t := range all {
		if early = early && !shown[i].Known; early || expected[i].want(shown[i]) {
			continue
		}
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
