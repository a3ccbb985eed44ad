package chaos

import (
	"container/heap"
	"iter"
	"slices"
	"time"

	"github.com/sentsim/sentsim/simulator/contract"
)

// Steps is everything that is done to the target, in order. It makes each
// message when it begins and forgets it when it is over, so a long plan takes no
// more memory than a short one.
func (p Plan) Steps() iter.Seq[Step] {
	return p.merged(func(yield func([]parcel) bool) {
		for i := 1; i <= p.Messages; i++ {
			if !yield(p.unit(i)) {
				return
			}
		}
	})
}

// merged puts the parts of a plan, in the order of their index, into the order
// of their time.
func (p Plan) merged(units iter.Seq[[]parcel]) iter.Seq[Step] {
	return func(yield func(Step) bool) { p.merge(units, merger{}, yield) }
}

// merge is one pass of a merger, which says how it begins.
func (p Plan) merge(units iter.Seq[[]parcel], m merger, yield func(Step) bool) {
	next, stop := iter.Pull(units)
	defer stop()
	m.plan, m.next, m.yield = &p, next, yield
	m.controls, m.left = map[Kind]int{}, map[int]int{}
	m.run()
}

// merger is one pass over a plan.
type merger struct {
	plan   *Plan
	next   func() ([]parcel, bool)
	begun  int // units taken
	ended  bool
	queue  queue
	yield  func(Step) bool
	number int
	group  int
	over   bool // nobody wants more

	left               map[int]int         // parcels with deliveries still to come, by unit
	turns              map[string][]string // forgeries still to come in this round, by rule
	rounds             int
	varied             bool // the first forgery about a kind of subject is any of its rule's
	controls           map[Kind]int
	failing            int           // events that still have to fail until the webhook is disabled
	disabled, enableAt time.Duration // the latest time without deliveries; 0, 0 for none
}

func (m *merger) run() {
	for !m.over {
		p, ok := m.pop()
		if !ok {
			return
		}
		switch {
		case p.control != "":
			m.control(p)
		case p.burst:
			m.burst(p)
		default:
			m.done(p)
			m.emit(p.at, m.alive(p))
		}
	}
}

// pop takes the next parcel. Units that may have an earlier one are begun first.
func (m *merger) pop() (parcel, bool) {
	for !m.ended && (len(m.queue) == 0 || time.Duration(m.begun)*pace <= m.queue[0].at) {
		unit, ok := m.next()
		if !ok {
			m.ended = true
			break
		}
		m.begun++
		for _, p := range unit {
			heap.Push(&m.queue, p)
			m.expect(p)
		}
	}
	if len(m.queue) == 0 {
		return parcel{}, false
	}
	return heap.Pop(&m.queue).(parcel), true
}

// begin begins the next unit before its time, with the first event of its
// message: what comes later keeps its time.
func (m *merger) begin() (first []sending, ok bool) {
	unit, ok := m.next()
	if !ok {
		m.ended = true
		return nil, false
	}
	m.begun++
	earliest := -1
	for i, p := range unit {
		if forBurst(p.sends) && len(p.sends) == 1 && p.sends[0].step.Subject.Kind == AboutMessage && (earliest < 0 || p.at < unit[earliest].at) {
			earliest = i
		}
	}
	for i, p := range unit {
		m.expect(p)
		if i != earliest {
			heap.Push(&m.queue, p)
		}
	}
	if earliest < 0 {
		return nil, true
	}
	m.done(unit[earliest])
	return unit[earliest].sends, true
}

// alive is what is left of a parcel: while attempts fail nothing arrives, and
// while the webhook is disabled nothing is
// sent, what happens meanwhile is never delivered, and what waited is given up.
func (m *merger) alive(p parcel) []sending {
	var left []sending
	for _, s := range p.sends {
		if s.fact == nil {
			left = append(left, s)
			continue
		}
		if m.failing > 0 { // none of its attempts arrives
			m.fail(p.at, s.fact)
			continue
		}
		if m.enableAt > 0 && p.at >= m.disabled {
			waited := s.step.Occurrence != Duplicate && s.fact.created < m.enableAt
			s.fact.dead = s.fact.dead || waited
			if p.at < m.enableAt {
				continue
			}
		}
		if !s.fact.dead {
			left = append(left, s)
		}
	}
	return left
}

// fail gives an event up. The last of a row of them disables the webhook.
func (m *merger) fail(at time.Duration, f *fact) {
	if f.dead {
		return
	}
	f.dead = true
	if m.failing--; m.failing > 0 {
		return
	}
	st := m.plan.Seed.Stream("chaos control "+string(KindDisable), nth(m.controls[KindDisable]))
	m.disabled, m.enableAt = at, at+between(st, 2*time.Second, 10*time.Second)
	m.step(at, Step{Kind: KindDisable, Faults: []Fault{FaultDisable}})
	heap.Push(&m.queue, parcel{at: m.enableAt, control: KindEnable})
}

// forgery is the next one of a rule's, each in turn, so that none is missed by
// bad luck.
func (m *merger) forgery(rule string, about SubjectKind) string {
	if m.turns == nil {
		m.turns = map[string][]string{}
	}
	if plain := plainest(rule); plain != "" && !m.varied && about != AboutMessage && m.turns[rule+" "+string(about)] == nil {
		m.turns[rule+" "+string(about)] = []string{} // the contract asks for it with every kind of event
		return plain
	}
	if len(m.turns[rule]) == 0 {
		for _, f := range m.plan.forgeriesOf(rule) {
			m.turns[rule] = append(m.turns[rule], f.Name)
		}
		m.rounds++
		st := m.plan.Seed.Stream("chaos forgeries "+rule, nth(m.rounds))
		names := m.turns[rule]
		for i := len(names) - 1; i > 0; i-- {
			j := st.IntN(i + 1)
			names[i], names[j] = names[j], names[i]
		}
	}
	next := m.turns[rule][0]
	m.turns[rule] = m.turns[rule][1:]
	return next
}

// plainest is the forgery of a rule that goes with events of every kind; "" for none.
func plainest(rule string) string {
	for _, name := range []string{"body-tampered", "wrong-secret", "no-signature"} {
		if f, err := Lookup(name); err == nil && f.Rule == rule {
			return name
		}
	}
	return ""
}

// expect notes that a parcel has deliveries: a rotation is one with the old secret.
func (m *merger) expect(p parcel) {
	if len(p.sends) > 0 || p.control == KindRotate {
		m.left[p.unit]++
	}
}

// done notes that a parcel's deliveries are about to be emitted, or given up.
func (m *merger) done(p parcel) {
	m.left[p.unit]--
	if m.left[p.unit] == 0 && (len(p.sends) == 0 || p.sends[0].step.Subject.Kind == "") {
		delete(m.left, p.unit) // no step of it can say so
	}
}

// emit hands out steps that are done at one instant.
func (m *merger) emit(at time.Duration, sends []sending) {
	group := 0
	if len(sends) > 1 {
		m.group++
		group = m.group
	}
	for i, s := range sends {
		s.step.Group = group
		if s.claim != nil && s.step.Forgery == "" {
			s.step.Forgery = m.forgery(s.step.Rule, s.step.Subject.Kind)
		}
		unit := s.step.Subject.Index
		last := !slices.ContainsFunc(sends[i+1:], func(o sending) bool { return o.step.Subject.Index == unit })
		if left, ok := m.left[unit]; ok && left == 0 && last {
			s.step.Last = true
			delete(m.left, unit)
		}
		m.step(at, s.step)
	}
}

func (m *merger) step(at time.Duration, s Step) {
	if m.over {
		return
	}
	m.number++
	s.Number, s.At = m.number, at
	m.over = !m.yield(s)
}

// control does something to the target, if that has not been done often enough.
func (m *merger) control(p parcel) {
	if p.control == KindEnable {
		m.step(p.at, Step{Kind: KindEnable, Faults: []Fault{FaultDisable}})
		return
	}
	if p.at < m.enableAt && m.controls[p.control] < maxControls && p.control != KindDisable {
		p.at = m.enableAt + time.Millisecond // where it finds deliveries to disturb
		heap.Push(&m.queue, p)
		return
	}
	if m.controls[p.control] == maxControls || p.at < m.enableAt || m.failing > 0 {
		if p.control == KindRotate {
			m.done(p)
		}
		return
	}
	m.controls[p.control]++
	switch p.control {
	case KindPause:
		if !m.pause(p) {
			m.controls[p.control]--
		}
	case KindDisable:
		m.failing = m.plan.Sending.disableAfter()
	case KindRotate:
		m.step(p.at, Step{Kind: KindRotate, Faults: []Fault{FaultRotate}})
		d, st := drawer{plan: m.plan, index: p.unit}, m.plan.Seed.Stream("chaos control "+string(p.control), nth(p.unit))
		old := forged(d.ghost(st, "DELIVERED", p.at), ForgeryOldSecret, contract.ROT1)
		old.claim.make(m.plan, m.plan.Start)
		old.step.Event, old.step.Body = old.claim.event, old.claim.body
		old.step.Faults = []Fault{FaultRotate}
		m.left[p.unit]--
		m.emit(p.at, []sending{old})
	case KindRestart:
		m.step(p.at, Step{Kind: KindRestart, Faults: []Fault{FaultRestart}})
	case KindDeliver, KindForge, KindResume, KindEnable:
	}
}

// queue is the parcels by their time.
type queue []parcel

func (q queue) Len() int { return len(q) }

func (q queue) Less(i, j int) bool {
	a, b := &q[i], &q[j]
	switch {
	case a.at != b.at:
		return a.at < b.at
	case a.unit != b.unit:
		return a.unit < b.unit
	}
	return a.seq < b.seq
}

func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }

// Push is for package heap.
func (q *queue) Push(x any) { *q = append(*q, x.(parcel)) }

// Pop is for package heap.
func (q *queue) Pop() any {
	old := *q
	last := old[len(old)-1]
	old[len(old)-1] = parcel{}
	*q = old[:len(old)-1]
	return last
}
