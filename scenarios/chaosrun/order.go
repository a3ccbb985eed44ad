package chaosrun

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/clock"
)

// flights are the deliveries under way, by what they are about.
type flights struct {
	mu  sync.Mutex
	now map[flight]chan struct{}
}

// flight is what a delivery is about.
type flight struct {
	kind chaos.SubjectKind
	id   uuid.UUID
	from string // of a contact's signals, in place of id
}

// flightsOf are those of a batch, but for what is about nothing.
func flightsOf(batch []chaos.Step) []flight {
	var all []flight
	for _, s := range batch {
		of := flight{kind: s.Subject.Kind, id: s.Subject.ID}
		if s.Subject.Kind == chaos.AboutContact {
			of = signalsOf(s)
		}
		if s.Subject.Kind != "" && !slices.Contains(all, of) {
			all = append(all, of)
		}
	}
	return all
}

// signalsOf is a contact's signals.
func signalsOf(s chaos.Step) flight { return flight{kind: chaos.AboutContact, from: s.Subject.From} }

// before is what must be over before a batch: what it is about, and the signals of the
// contacts who write.
func before(batch []chaos.Step, own []flight) []flight {
	own = slices.Clip(own)
	for _, s := range batch {
		if s.Subject.Kind == chaos.AboutInbound {
			own = append(own, signalsOf(s))
		}
	}
	return own
}

// wait lets those that are under way end first. Only one goroutine begins any.
func (f *flights) wait(ctx context.Context, all []flight) error {
	for _, k := range all {
		f.mu.Lock()
		under := f.now[k]
		f.mu.Unlock()
		if under == nil {
			continue
		}
		select {
		case <-under:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return ctx.Err()
}

// begin notes that they are under way until done is called.
func (f *flights) begin(all []flight) (done func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.now == nil {
		f.now = map[flight]chan struct{}{}
	}
	over := make(chan struct{})
	for _, k := range all {
		f.now[k] = over
	}
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		for _, k := range all {
			delete(f.now, k)
		}
		close(over)
	}
}

// sequence hands steps to a recorder in their order, whichever is over first.
// It holds as many as are under way.
type sequence struct {
	to      Recorder
	mu      sync.Mutex
	waiting map[int]*recorded // nil: still under way
	err     error
}

type recorded struct {
	step chaos.Step
	done Done
}

func newSequence(to Recorder) *sequence { return &sequence{to: to, waiting: map[int]*recorded{}} }

// expect notes that a step is under way: those after it wait for it.
func (q *sequence) expect(number int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.to != nil {
		q.waiting[number] = nil
	}
}

func (q *sequence) add(s chaos.Step, done Done) error {
	if q.to == nil {
		return nil
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.err == nil && s.Number == q.first() { // as nearly always
		delete(q.waiting, s.Number)
		q.err = q.to.Step(s, done)
	} else {
		q.waiting[s.Number] = &recorded{s, done}
	}
	for q.err == nil && len(q.waiting) > 0 {
		first := q.first()
		r := q.waiting[first]
		if r == nil {
			break
		}
		delete(q.waiting, first)
		q.err = q.to.Step(r.step, r.done)
	}
	return q.err
}

// first is the lowest number that is waited for.
func (q *sequence) first() int {
	first := -1
	for n := range q.waiting {
		if first < 0 || n < first {
			first = n
		}
	}
	return first
}

// pacer spreads deliveries over time.
type pacer struct {
	each time.Duration
	next time.Time
}

func newPacer(rate float64) *pacer {
	if rate <= 0 {
		return &pacer{}
	}
	return &pacer{each: time.Duration(float64(time.Second) / rate)}
}

// wait waits until n more may be sent at once.
func (p *pacer) wait(ctx context.Context, n int) error {
	if p.each == 0 {
		return ctx.Err()
	}
	now := clock.Wall()
	if p.next.Before(now) {
		p.next = now
	}
	err := (clock.Real{}).Sleep(ctx, p.next.Sub(now))
	p.next = p.next.Add(time.Duration(n) * p.each)
	return err
}
