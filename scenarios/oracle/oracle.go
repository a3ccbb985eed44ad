// Package oracle knows what a correct receiver must have made of a chaos run. It
// is told of every delivery and of its answer, and computes from nothing else
// what the receiver's state must be: the final status by the partial order of
// statuses, one effect for each event, the inbound texts, the templates, and no
// trace of forged deliveries. It sends nothing and reads nothing; package
// chaosrun does both for it. What the contract does not assert is not judged.
package oracle

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/scenarios/learn"
	"github.com/sentsim/sentsim/scenarios/probe"
	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/contract"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
)

// Arrival is one step that was sent, and what came of it.
type Arrival struct {
	Step   chaos.Step
	Taken  Taken
	Answer string // what came back, in a few words
	Epoch  int    // how often the target had been restarted by then
}

// Taken is whether the target has an event after a delivery of it.
type Taken int

// What can be known.
const (
	NotTaken Taken = iota // it cannot have it: the request never arrived whole
	Maybe                 // it may have it: no acknowledgement was seen
	Acked                 // it has it: a 2xx
	Rejected              // a 4xx
)

// Of is what an outcome says. cut is for a request that was never complete.
func Of(o delivery.Outcome, cut bool) Taken {
	switch {
	case cut || o.Kind == delivery.Refused || o.Kind == delivery.Unreached || o.Kind == delivery.TLS || o.Kind == delivery.Cancelled:
		return NotTaken
	case o.Accepted():
		return Acked
	case o.Rejected():
		return Rejected
	}
	return Maybe
}

// Oracle is told what happens. It is safe for concurrent use.
type Oracle struct {
	plan  chaos.Plan
	words learn.Words // of the receiver, for the statuses of messages
	// reviews are those for the statuses of templates.
	reviews learn.Words
	// arranged: the receiver has sent the messages itself, so it has heard of all of them.
	arranged bool

	mu       sync.Mutex
	epoch    int // how often the target was restarted
	records  map[key]*Record
	units    map[int][]*Record // by the plan's message
	begun    int
	recent   []*Record // messages, the latest last: for Witness
	findings Findings

	rotated, enabled bool
	texts            map[uint32]int // how many inbound events have a text
	bursts           map[int]int    // how many deliveries of a burst were answered, by its group
	writers          map[string]*writer
	// What is explained once everything is known.
	answers, states, contacts, many, few                       []open
	answerBlame, stateBlame, contactBlame, manyBlame, fewBlame *blame
}

// maxTexts is how many different texts are remembered.
const maxTexts = 50_000

// maxRecent is how many messages are looked through for a witness.
const maxRecent = 64

// New is an oracle that has seen nothing. words and reviews are the receiver's, for
// the statuses of messages and of templates.
func New(plan chaos.Plan, words, reviews learn.Words, arranged bool) *Oracle {
	return &Oracle{
		plan: plan, words: words, reviews: reviews, arranged: arranged, records: map[key]*Record{}, units: map[int][]*Record{}, findings: NewFindings(),
		texts: map[uint32]int{}, bursts: map[int]int{}, writers: map[string]*writer{},
		answerBlame: newBlame(), stateBlame: newBlame(), contactBlame: newBlame(), manyBlame: newBlame(), fewBlame: newBlame(),
	}
}

// key tells subjects apart: what a probe can tell apart.
type key struct {
	kind  chaos.SubjectKind
	index int
	id    uuid.UUID
	from  string // of contacts, in place of id
}

func keyOf(s chaos.Subject) key {
	if s.Kind == chaos.AboutInbound || s.Kind == chaos.AboutContact {
		return key{kind: s.Kind, index: s.Index, from: s.From}
	}
	return key{kind: s.Kind, index: s.Index, id: s.ID}
}

// Record is all that happened about one message, contact or template.
type Record struct {
	Subject  chaos.Subject
	Arrivals []Arrival
	Baseline int // inbound texts that were counted before the first delivery; of signals: 1 if it had opted out

	nth   int         // in the order in which they began
	read  int         // the epoch in which its state is read
	words learn.Words // of the receiver
}

// record is that of a subject, made when there is none. The lock is held.
func (o *Oracle) record(s chaos.Subject) *Record {
	k := keyOf(s)
	r := o.records[k]
	if r != nil {
		return r
	}
	o.begun++
	r = &Record{Subject: s, nth: o.begun, words: o.words}
	o.records[k] = r
	o.units[s.Index] = append(o.units[s.Index], r)
	if s.Kind == chaos.AboutTemplate {
		r.words = o.reviews
	}
	if s.Kind == chaos.AboutMessage {
		if len(o.recent) == maxRecent {
			o.recent = append(o.recent[:0], o.recent[1:]...)
		}
		o.recent = append(o.recent, r)
	}
	return r
}

// Saw notes a step that was sent.
func (o *Oracle) Saw(s chaos.Step, out delivery.Outcome, said string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.occurred(s, out)
	if s.Subject.Kind == "" {
		return
	}
	r := o.record(s.Subject)
	if s.Subject.Kind == chaos.AboutInbound && s.Occurrence == chaos.First && len(o.texts) < maxTexts {
		o.texts[textOf(s)]++
	}
	taken := Of(out, s.Sender == delivery.Cut)
	r.Arrivals = append(r.Arrivals, Arrival{Step: s, Taken: taken, Answer: said, Epoch: o.epoch})
	switch s.Subject.Kind {
	case chaos.AboutInbound:
		o.wrote(s, taken, out.Start)
	case chaos.AboutContact:
		o.signalled(s, taken, out.Start.Add(out.Duration))
	case chaos.AboutMessage, chaos.AboutTemplate:
	}
}

// Baseline notes how many texts of a contact the target counted before any of
// this run's were sent; of its signals, 1 where it had opted out by then.
func (o *Oracle) Baseline(s chaos.Subject, count int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.record(s).Baseline = count
}

// LastStatus is how a template's review stood last, for certain; "" where nothing
// was told of it.
func (o *Oracle) LastStatus(s chaos.Subject) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	r := o.records[keyOf(s)]
	if r == nil {
		return ""
	}
	last := ""
	for _, a := range r.Arrivals {
		if a.Step.Kind == chaos.KindDeliver && a.Taken == Acked && isReview(a.Step.Event.Status) {
			last = a.Step.Event.Status
		}
	}
	return last
}

// Met reports whether anything has been sent about a subject that is not over.
func (o *Oracle) Met(s chaos.Subject) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.records[keyOf(s)] != nil
}

// Rotated notes that the target has another secret than at first, Enabled that
// the webhook was disabled for a while.
func (o *Oracle) Rotated() { o.note(&o.rotated) }

// Enabled is described with Rotated.
func (o *Oracle) Enabled() { o.note(&o.enabled) }

func (o *Oracle) note(b *bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	*b = true
}

// Restarted notes that the target was restarted. One that forgot what it had
// taken is a new one: nothing that it was told before is expected of it.
func (o *Oracle) Restarted(forgot bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.epoch++
	if forgot {
		for _, r := range o.records {
			r.sort()
			o.ended(r)
		}
		clear(o.records)
		clear(o.units)
		o.recent = nil
	}
}

// Snapshot is what is known now of everything that is not over.
func (o *Oracle) Snapshot() []*Record {
	o.mu.Lock()
	defer o.mu.Unlock()
	all := make([]*Record, 0, len(o.records))
	for _, r := range o.records {
		cut := *r
		cut.read = o.epoch
		cut.Arrivals = slices.Clone(r.Arrivals)
		cut.sort()
		all = append(all, &cut)
	}
	slices.SortFunc(all, func(a, b *Record) int { return cmp.Compare(a.nth, b.nth) })
	return all
}

// Witness is a message whose status must be known by now, the latest there is.
func (o *Oracle) Witness() (r *Record, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, r := range slices.Backward(o.recent) {
		if r.Forged() {
			continue
		}
		for _, a := range r.Arrivals {
			if a.Taken == Acked && a.Step.Kind == chaos.KindDeliver && a.Epoch == o.epoch && a.Step.Rule != contract.TOL1 && o.words.Kept(event.Status(a.Step.Event.Status)) {
				return r, true
			}
		}
	}
	return nil, false
}

// Recent reports whether a delivery about it was sent since the target was
// restarted last.
func (o *Oracle) Recent(r *Record) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.ContainsFunc(r.Arrivals, func(a Arrival) bool { return a.Epoch == o.epoch })
}

// Take hands over, and forgets, the records of one of the plan's messages, about
// which nothing more will be told.
func (o *Oracle) Take(index int) []*Record {
	o.mu.Lock()
	defer o.mu.Unlock()
	all := o.units[index]
	delete(o.units, index)
	for _, r := range all {
		delete(o.records, keyOf(r.Subject))
		r.read = o.epoch
		r.sort()
		o.ended(r)
	}
	return all
}

// TakeAll is Take for all that is left, in the order in which they began.
func (o *Oracle) TakeAll() []*Record {
	o.mu.Lock()
	defer o.mu.Unlock()
	all := slices.Collect(maps.Values(o.records))
	clear(o.records)
	clear(o.units)
	for _, r := range all {
		r.read = o.epoch
		r.sort()
		o.ended(r)
	}
	slices.SortFunc(all, func(a, b *Record) int { return cmp.Compare(a.nth, b.nth) })
	return all
}

func (r *Record) sort() {
	slices.SortStableFunc(r.Arrivals, func(a, b Arrival) int { return cmp.Compare(a.Step.Number, b.Step.Number) })
}

// Forged reports whether a forged delivery was about it.
// is reports whether the state shows a status, under the receiver's word for it.
func (r *Record) is(st probe.State, status string) bool {
	return r.words.Is(st, event.Status(status))
}

// Forged reports whether a forged delivery was about it.
func (r *Record) Forged() bool {
	return slices.ContainsFunc(r.Arrivals, func(a Arrival) bool { return a.Step.Kind == chaos.KindForge })
}

// tainted reports whether the target accepted a forged delivery about it: that
// has a rule of its own, and the state says no more.
func (r *Record) tainted() bool {
	return slices.ContainsFunc(r.Arrivals, func(a Arrival) bool {
		return a.Step.Kind == chaos.KindForge && (a.Taken == Acked || a.Taken == Maybe)
	})
}

// genuine are the arrivals of what Sent delivered.
func (r *Record) genuine() []Arrival {
	return slices.DeleteFunc(slices.Clone(r.Arrivals), func(a Arrival) bool { return a.Step.Kind != chaos.KindDeliver })
}

// forged are the arrivals of what Sent did not deliver.
func (r *Record) forged() []Arrival {
	return slices.DeleteFunc(slices.Clone(r.Arrivals), func(a Arrival) bool { return a.Step.Kind != chaos.KindForge })
}

// epochs are the first and the last epoch with an arrival.
func (r *Record) epochs() (first, last int) {
	for i, a := range r.Arrivals {
		if i == 0 || a.Epoch < first {
			first = a.Epoch
		}
		last = max(last, a.Epoch)
	}
	return first, last
}

// deliveredAcrossRestart reports whether a restart lies between two deliveries: what
// came before may count once more after it.
func (r *Record) deliveredAcrossRestart() bool {
	first, last := r.epochs()
	return first != last
}

// readAcrossRestart reports whether a restart lies between the first delivery and
// the reading of the state: what came before may be lost.
func (r *Record) readAcrossRestart() bool {
	first, _ := r.epochs()
	return first < r.read
}

// Story is what happened, a line each.
func (r *Record) Story() []string {
	var lines []string
	for _, a := range r.Arrivals {
		lines = append(lines, Tell(a))
	}
	return lines
}

const atOnce = ", at the same instant as others"

// Tell says in a line what was sent and what came back.
func Tell(a Arrival) string {
	var b strings.Builder
	s := a.Step
	b.WriteString("step " + itoa(s.Number) + ", +" + s.At.Round(time.Millisecond).String() + ": ")
	if s.Kind == chaos.KindForge {
		b.WriteString("forged (" + s.Forgery + ") ")
	}
	what := string(s.Event.Type)
	switch {
	case s.Subject.Kind == chaos.AboutTemplate:
		what = s.Event.Status
	case s.Event.Status != "" && s.Subject.Kind == chaos.AboutMessage:
		what = s.Event.Status
	}
	b.WriteString(what)
	if s.Attempt > 1 {
		b.WriteString(", " + string(s.Occurrence) + ", attempt " + itoa(s.Attempt))
	}
	if s.Group > 0 {
		b.WriteString(atOnce)
	}
	switch s.Sender {
	case delivery.LoseAck:
		b.WriteString(", the answer is lost")
	case delivery.HangUp:
		b.WriteString(", the sender hangs up")
	case delivery.Dawdle:
		b.WriteString(", slowly")
	case delivery.Cut:
		b.WriteString(", reset in the middle")
	case delivery.Well, delivery.GiveUp:
	}
	b.WriteString(" → " + a.Answer)
	return b.String()
}
