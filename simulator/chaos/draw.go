package chaos

import (
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/contract"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/seed"
)

const (
	// pace is the time between the beginnings of two messages: a message is
	// still on its way when dozens of later ones have begun.
	pace = 200 * time.Millisecond
	// longestGap bounds the time between two events of a message, which in the
	// wild can be days: a long run keeps only what is under way.
	longestGap = 30 * time.Second
	// longestReview is likewise for a template: long enough for a retry.
	longestReview = 90 * time.Second
)

// fact is one event on its way to the target.
type fact struct {
	subject Subject
	event   Event
	what    event.Event       // of which the body is made
	edits   []func(Body) Body // of the body, once it is made
	body    Body
	made    bool
	created time.Duration // since the plan's start
	at      time.Duration // of its first delivery
	faults  []Fault       // of its making
	rule    string        // what refusing it breaks
	dead    bool          // its delivery ended without having reached the target
}

// sending is a step that is not in the plan's order yet.
type sending struct {
	step  Step
	fact  *fact // nil: of none that the target is to learn of
	claim *fact // what a forged delivery claims
}

// carries is the event in the step's body.
func (s sending) carries() *fact {
	if s.fact != nil {
		return s.fact
	}
	return s.claim
}

// parcel is what is done at one instant.
type parcel struct {
	at    time.Duration
	unit  int // whose it is, and which of its: decides between equal times
	seq   int
	sends []sending

	control Kind // of a parcel that is no delivery
	burst   bool // of one that begins a burst
}

// drawer draws everything about one of the plan's messages. Each fault of each
// event has a stream of its own, so a probability that is changed moves nothing
// but its own fault.
type drawer struct {
	plan  *Plan
	index int
	base  int          // the number of its first event, in the streams
	st    *seed.Stream // what the message is
	start time.Duration
	out   []parcel
}

func (p *Plan) unit(index int) []parcel {
	d := &drawer{
		plan: p, index: index, start: time.Duration(index-1) * pace,
		st: p.Seed.Stream("chaos message", nth(index)),
	}
	d.start += d.st.Between(0, pace-time.Millisecond).Truncate(time.Millisecond)
	switch u := d.st.Float64(); {
	case d.isDrill():
		d.outbound()
	case d.isTextDrill():
		d.drillTexts()
	case u < p.Profile.Mix.Inbound:
		d.inbound()
	case u < p.Profile.Mix.Inbound+p.Profile.Mix.Template:
		d.template()
	default:
		d.outbound()
	}
	d.oddities()
	d.addedFamily()
	d.controls()
	d.encode()
	d.out = append(d.out, p.contactOf(index)...)
	for i := range d.out {
		d.out[i].unit, d.out[i].seq = index, i
	}
	return d.out
}

// hit draws whether a fault befalls event n of the message. The stream is for
// what else there is to draw about it.
func (d *drawer) hit(f Fault, n int) (st *seed.Stream, ok bool) {
	p := d.plan.Profile.Chance(f)
	if p <= 0 || !d.plan.Sending.allows(f) {
		return nil, false
	}
	st = d.plan.Seed.Stream("chaos "+string(f), nth(d.index), nth(d.base+n))
	return st, st.Chance(p)
}

func (d *drawer) add(at time.Duration, sends ...sending) {
	d.out = append(d.out, parcel{at: max(at, d.start), sends: sends})
}

// event is the stream of what is drawn about event n of the message.
func (d *drawer) event(n int) *seed.Stream {
	return d.plan.Seed.Stream("chaos event", nth(d.index), nth(d.base+n))
}

// fact is an event that happened at created.
func (d *drawer) fact(st *seed.Stream, s Subject, e event.Event, status string, created time.Duration) *fact {
	return &fact{
		subject: s, created: created, rule: contract.SIG1, what: e,
		event: Event{ID: newID(st), Type: e.Type, Status: status},
	}
}

// lateAfter is from when on a delivery is a late one.
const lateAfter = 30 * time.Second

// encode dates the message's events and makes their bodies. A run takes seconds
// for what takes Sent minutes, so events are dated back: the last of a message
// happens at the plan's start, or as long before as the latest of its deliveries
// is late. So an event is about as old as Sent's would be when it arrives, and
// none lies in the future.
func (d *drawer) encode() {
	var last, late time.Duration
	each := func(do func(at time.Duration, s *sending)) {
		for i := range d.out {
			for j := range d.out[i].sends {
				do(d.out[i].at, &d.out[i].sends[j])
			}
		}
	}
	each(func(at time.Duration, s *sending) {
		f := s.carries()
		last = max(last, f.created)
		if wait := at - f.created; s.fact != nil && wait >= lateAfter {
			late = max(late, wait)
		}
	})
	each(func(_ time.Duration, s *sending) {
		f := s.carries()
		f.make(d.plan, d.plan.Start.Add(f.created-last-late))
		s.step.Event, s.step.Body = f.event, f.body
	})
}

// make makes the body of an event that happened at a time, once.
func (f *fact) make(p *Plan, at time.Time) {
	if f.made {
		return
	}
	f.made = true
	e := f.what
	e.CreatedAt, f.event.At = at, at.UTC().Truncate(time.Second)
	switch {
	case e.Outbound != nil:
		e.Outbound.UpdatedAt = at
	case e.Inbound != nil:
		e.Inbound.ReceivedAt = at
	}
	f.body = e.Encode(p.Format.event())
	for _, edit := range f.edits {
		f.body = edit(f.body)
	}
}

// deliver is a delivery of f.
func (d *drawer) deliver(f *fact, o Occurrence, attempt int, how delivery.Misbehaviour, rule string, faults ...Fault) sending {
	if rule == "" {
		rule = f.rule
	}
	return sending{fact: f, step: Step{
		Kind: KindDeliver, Subject: f.subject,
		Occurrence: o, Attempt: attempt, Sender: how, Rule: rule,
		Faults: append(append([]Fault(nil), f.faults...), faults...),
	}}
}

func newID(st *seed.Stream) uuid.UUID {
	return uuid.Must(uuid.NewRandomFromReader(st)) // a stream never fails
}

// nth is a number of a stream.
func nth(n int) uint64 { return uint64(n) } //nolint:gosec // counted up from 0

// between draws whole milliseconds.
func between(st *seed.Stream, lo, hi time.Duration) time.Duration {
	return st.Between(lo, hi).Truncate(time.Millisecond)
}
