package chaos

import (
	"container/heap"
	"slices"
	"time"

	"github.com/sentsim/sentsim/simulator/contract"
)

// MaxBurst is how many deliveries about messages a whole burst has (ACK-2); signals
// come on top.
const MaxBurst = 50

// What a burst or a pause takes out of turn.
const (
	burstReach = 4 * time.Second  // how long things are held back for one
	maxPaused  = 3                // deliveries that meet a target that stands still
	pauseReach = 10 * time.Second // from how far ahead they are taken
)

// pause lets the next deliveries meet a target that stands still. Each is tried
// again later. It reports whether there are any.
func (m *merger) pause(p parcel) bool {
	var met []sending
	var other []parcel
	seen := map[Subject]bool{}
	end := p.at
	most := maxPaused
	if m.plan.Sending.Strict {
		most = 1
	}
	for len(met) < most {
		next, ok := m.pop()
		if !ok {
			break
		}
		if next.at > p.at+pauseReach || next.control != "" || next.burst {
			other = append(other, next)
			break
		}
		s := sending{}
		if len(next.sends) == 1 {
			s = next.sends[0]
		}
		if s.fact == nil || s.step.Subject.Kind == "" || s.step.Sender != "" || s.step.Subject.Kind == AboutTemplate || seen[s.step.Subject] || len(m.alive(next)) == 0 {
			other = append(other, next)
			seen = addAll(seen, next)
			continue
		}
		seen[s.step.Subject] = true
		s.step.Faults = append(s.step.Faults[:len(s.step.Faults):len(s.step.Faults)], FaultPause)
		met = append(met, s)
		end = next.at
		m.done(next)
		m.left[s.step.Subject.Index]++ // it is tried again
	}
	m.putBack(other, end)
	if len(met) == 0 {
		return false
	}
	m.step(p.at, Step{Kind: KindPause, Faults: []Fault{FaultPause}})
	m.emit(end, met)
	m.step(end, Step{Kind: KindResume, Faults: []Fault{FaultPause}})
	for i, s := range met {
		s.step.Occurrence, s.step.Rule = Retry, contract.IDEM2
		s.step.Attempt++
		wait := m.plan.Sending.schedule().Delay(1, 0) + time.Duration(i)*time.Millisecond
		heap.Push(&m.queue, parcel{at: end + wait, unit: s.step.Subject.Index, seq: -1 - i, sends: []sending{s}})
	}
	return true
}

// putBack returns what was taken out of turn: it comes after now, in its order.
func (m *merger) putBack(parcels []parcel, now time.Duration) {
	for i, p := range parcels {
		if p.at <= now {
			p.at = now + time.Duration(i+1)*time.Microsecond
		}
		if p.control == KindEnable {
			m.enableAt = p.at
		}
		heap.Push(&m.queue, p)
	}
}

func addAll(seen map[Subject]bool, p parcel) map[Subject]bool {
	for _, s := range p.sends {
		seen[s.step.Subject] = true
	}
	return seen
}

// burst holds back the events of messages that are due until there are enough of
// them, and sends them at once. Of a message only the first parcel is part of it;
// what else was due follows right after.
func (m *merger) burst(p parcel) {
	if p.at < m.enableAt || m.failing > 0 {
		return // nothing is sent
	}
	end, last := p.at+burstReach, p.at
	var all []sending
	var after []parcel
	taken := map[Subject]bool{}
	messages := 0
	for messages < MaxBurst {
		next, ok := m.pop()
		if !ok {
			break
		}
		if next.at > end {
			after = append(after, next)
			break
		}
		if next.control != "" {
			if next.control == KindEnable || m.controls[next.control] < maxControls {
				after = append(after, next)
			}
			continue
		}
		if next.burst {
			continue // it is one already
		}
		sends := m.alive(next)
		if len(sends) == 0 {
			m.done(next)
			continue
		}
		subject := sends[0].step.Subject
		if taken[subject] || !forBurst(sends) || len(sends) > 1 {
			next.sends = sends
			after = append(after, next)
			taken = addAll(taken, next)
			continue
		}
		taken[subject] = true
		all = append(all, sends...)
		if subject.Kind == AboutMessage {
			messages++
		}
		last = next.at
		m.done(next)
	}
	if messages == MaxBurst {
		end = last
	}
	for messages < MaxBurst && !m.ended { // a campaign begins
		unit, ok := m.begin()
		if !ok {
			break
		}
		all = append(all, unit...)
		messages += len(unit)
	}
	m.putBack(after, end)
	for i := range all {
		s := &all[i].step
		s.Faults = append(s.Faults[:len(s.Faults):len(s.Faults)], FaultBurst)
		if s.Kind == KindDeliver && s.Rule == contract.SIG1 {
			s.Rule = contract.ACK2
		}
	}
	m.emit(end, all)
}

// forBurst reports whether deliveries can be part of a burst: first ones about
// messages, or of contacts' signals, by senders that behave.
func forBurst(sends []sending) bool {
	return !slices.ContainsFunc(sends, func(s sending) bool {
		kind := s.step.Subject.Kind
		return s.fact == nil || kind != AboutMessage && kind != AboutContact || s.step.Sender != "" || s.step.Occurrence != First
	}) && len(sends) > 0
}
