package chaos

import (
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/seed"
)

const (
	// pace is the time between the beginnings of two messages: a message is
	// still on its way when dozens of later ones have begun.
	pace = 200 * time.Millisecond
	// longestGap bounds the time between two events of a message, which in the
	// wild can be days: a long run keeps only what is under way.
	longestGap = time.Minute
	// longestReview is likewise for a template: long enough for a retry.
	longestReview = 3 * time.Minute
)

// Span is how much simulated time passes until the last event at most: a plan
// that begins this long before now has no event in the future. (Retries come
// later still: they carry old events.)
func (p Plan) Span() time.Duration {
	return time.Duration(p.Messages)*pace + 10*time.Minute
}

// fact is one event on its way to the target.
type fact struct {
	subject Subject
	event   Event
	body    Body
	created time.Duration // since the plan's start
	at      time.Duration // of its first delivery
	faults  []Fault       // of its making
	rule    string        // what refusing it breaks
	dead    bool          // its delivery ended without having reached the target
}

// sending is a step that is not in the plan's order yet.
type sending struct {
	step Step
	fact *fact // nil: of none that the target is to learn of
}

// parcel is what is done at one instant.
type parcel struct {
	at    time.Duration
	unit  int // whose it is, and which of its: decides between equal times
	seq   int
	sends []sending

	control Kind          // of a parcel that is no delivery
	burst   time.Duration // of one that begins a burst: how long things are held back
}

// drawer draws everything about one of the plan's messages. Each fault of each
// event has a stream of its own, so a probability that is changed moves nothing
// but its own fault.
type drawer struct {
	plan  *Plan
	index int
	st    *seed.Stream // what the message is
	start time.Duration
	out   []parcel
}

func (p *Plan) unit(index int) []parcel {
	d := &drawer{
		plan: p, index: index, start: time.Duration(index-1) * pace,
		st: p.Seed.Stream("chaos message", uint64(index)),
	}
	d.start += d.st.Between(0, pace-time.Millisecond).Truncate(time.Millisecond)
	switch u := d.st.Float64(); {
	case u < p.Profile.Mix.Inbound:
		d.inbound()
	case u < p.Profile.Mix.Inbound+p.Profile.Mix.Template:
		d.template()
	default:
		d.outbound()
	}
	d.oddities()
	d.controls()
	for i := range d.out {
		d.out[i].unit, d.out[i].seq = index, i
	}
	return d.out
}

// hit draws whether a fault befalls event n of the message. The stream is for
// what else there is to draw about it.
func (d *drawer) hit(f Fault, n int) (st *seed.Stream, ok bool) {
	p := d.plan.Profile.Chance(f)
	if p <= 0 {
		return nil, false
	}
	st = d.plan.Seed.Stream("chaos "+string(f), uint64(d.index), uint64(n))
	return st, st.Chance(p)
}

func (d *drawer) add(at time.Duration, sends ...sending) {
	d.out = append(d.out, parcel{at: max(at, d.start), sends: sends})
}

// event is the stream of what is drawn about event n of the message.
func (d *drawer) event(n int) *seed.Stream {
	return d.plan.Seed.Stream("chaos event", uint64(d.index), uint64(n))
}

// fact makes an event that happened at created. e's own times are set here.
func (d *drawer) fact(st *seed.Stream, s Subject, e event.Event, status string, created time.Duration) *fact {
	at := d.plan.Start.Add(created)
	e.CreatedAt = at
	switch {
	case e.Outbound != nil:
		e.Outbound.UpdatedAt = at
	case e.Inbound != nil:
		e.Inbound.ReceivedAt = at
	}
	f := d.plan.Format
	return &fact{
		subject: s, created: created, rule: "SIG-1",
		event: Event{ID: newID(st), Type: e.Type, Status: status, At: at.UTC().Truncate(time.Second)},
		body:  e.Encode(event.Format{Envelope: f.Envelope, Numbers: f.Numbers, InboundShape: f.InboundShape}),
	}
}

// deliver is a delivery of f.
func (d *drawer) deliver(f *fact, o Occurrence, attempt int, how Sender, rule string, faults ...Fault) sending {
	if rule == "" {
		rule = f.rule
	}
	return sending{fact: f, step: Step{
		Kind: KindDeliver, Subject: f.subject, Event: f.event, Body: f.body,
		Occurrence: o, Attempt: attempt, Sender: how, Rule: rule,
		Faults: append(append([]Fault(nil), f.faults...), faults...),
	}}
}

func newID(st *seed.Stream) uuid.UUID {
	return uuid.Must(uuid.NewRandomFromReader(st)) // a stream never fails
}

// between draws whole milliseconds.
func between(st *seed.Stream, lo, hi time.Duration) time.Duration {
	return st.Between(lo, hi).Truncate(time.Millisecond)
}
