package chaosrun

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/clock"
)

// flights are the deliveries under way, by what they are about.
type flights struct {
	mu  sync.Mutex
	now map[string]chan struct{}
}

func keysOf(batch []chaos.Step) []string {
	var keys []string
	for _, s := range batch {
		key := string(s.Subject.Kind) + s.Subject.ID.String()
		if s.Subject.Kind == chaos.AboutContact {
			key = signalsOf(s)
		}
		if s.Subject.Kind == "" {
			continue // about nothing
		}
		if !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	return keys
}

// signalsOf is the key of a contact's signals.
func signalsOf(s chaos.Step) string { return string(chaos.AboutContact) + s.Subject.From }

// before is the keys of what must be over before a batch: what it is about, and
// the signals of the contacts who write.
func before(batch []chaos.Step) []string {
	keys := keysOf(batch)
	for _, s := range batch {
		if s.Subject.Kind == chaos.AboutInbound {
			keys = append(keys, signalsOf(s))
		}
	}
	return keys
}

// wait lets those that are under way end first. Only one goroutine begins any.
func (f *flights) wait(ctx context.Context, keys []string) error {
	for _, k := range keys {
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
func (f *flights) begin(keys []string) (done func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.now == nil {
		f.now = map[string]chan struct{}{}
	}
	over := make(chan struct{})
	for _, k := range keys {
		f.now[k] = over
	}
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		for _, k := range keys {
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
	waiting map[int]recorded
	err     error
}

type recorded struct {
	step chaos.Step
	done Done
}

func newSequence(to Recorder) *sequence { return &sequence{to: to, waiting: map[int]recorded{}} }

// expect notes that a step is under way: those after it wait for it.
func (q *sequence) expect(number int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.to != nil {
		q.waiting[number] = recorded{}
	}
}

func (q *sequence) add(s chaos.Step, done Done) error {
	if q.to == nil {
		return nil
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting[s.Number] = recorded{s, done}
	for q.err == nil && len(q.waiting) > 0 {
		first := -1
		for n := range q.waiting {
			if first < 0 || n < first {
				first = n
			}
		}
		r := q.waiting[first]
		if r.step.Number == 0 {
			break // still under way
		}
		delete(q.waiting, first)
		q.err = q.to.Step(r.step, r.done)
	}
	return q.err
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
