// Package chaosrun carries out a plan of package chaos against a target: it
// sends the plan's deliveries in their order, does to the target what the plan
// says, tells the oracle of everything, and reads the target's state at the end.
// What the target must have made of it only the oracle knows.
package chaosrun

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/scenarios/exchange"
	"github.com/sentsim/sentsim/scenarios/learn"
	"github.com/sentsim/sentsim/scenarios/oracle"
	"github.com/sentsim/sentsim/scenarios/steps"
	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/signing"
)

// Options are how a plan is carried out. The zero value sends one delivery after
// another, as fast as the target takes them.
type Options struct {
	Concurrency int           // deliveries under way, about different messages; those of one instant come on top
	Rate        float64       // deliveries a second; 0: no limit
	Duration    time.Duration // when to stop sending; 0: when the plan ends
	Recorder    Recorder      // nil: none
	Watch       func(Counts)  // told after each step, from one goroutine at a time; nil: nobody
	Redact      func(string) string
	Headers     []delivery.Header // whose values are private
}

// Recorder keeps what happens. It is told of the steps in their order, each
// once it is over, from one goroutine at a time. An error of it ends the run.
type Recorder interface {
	Begin(plan chaos.Plan) error
	Step(s chaos.Step, done Done) error
}

// Done is what came of a step.
type Done struct {
	Outcome delivery.Outcome // of a delivery
	Skipped string           // why nothing was done, or ""
	Err     error            // of what was done to the target
}

// Counts is how far a run is.
type Counts struct {
	Steps    int `json:"steps"`    // over
	Sent     int `json:"sent"`     // deliveries
	Accepted int `json:"accepted"` // genuine ones that were answered 2xx
	Refused  int `json:"refused"`  // forged ones that were answered 4xx
	Failed   int `json:"failed"`   // answers that were not what a correct receiver gives
	Lost     int `json:"lost"`     // whose answer nobody waited for, or could come
	Skipped  int `json:"skipped"`  // steps that this target cannot be subjected to
	Message  int `json:"message"`  // the latest message that was begun
	Violated int `json:"violated"` // violations so far
}

// Result is what a run came to.
type Result struct {
	Counts
	Plan      chaos.Plan // that was carried out
	Traits    learn.Traits
	Findings  oracle.Findings
	Secret    signing.Secret // that the target verifies with when all is over
	Latencies Latencies
	ByType    map[event.Type]*Latencies // of genuine deliveries, but for those of one instant
	Unseen    map[string]string         // by rule: why it could not be checked
	Fell      string                    // why the target was given up, or ""
	Known     string                    // why its state says nothing: it knew the plan's messages before; or ""
	Stopped   string                    // why not all of the plan was sent, or ""
	Took      time.Duration
	Sending   time.Duration // of Took
	Virtual   time.Duration // simulated time
	Trouble   []string      // of ours: what could not be read or done
}

// runner is one run.
type runner struct {
	o       Options
	s       *steps.Subject
	plan    chaos.Plan
	oracle  *oracle.Oracle
	base    string         // where deliveries go
	old     signing.Secret // that a rotation replaced
	own     signing.Secret // that the target had before the first rotation
	other   signing.Secret // somebody else's
	paused  bool
	resumed func() // lets the judges read again after a pause
	record  *sequence
	judges  *judges // nil: everything is judged at the end
	flights flights
	wg      sync.WaitGroup

	stop context.CancelCauseFunc // ends the sending

	mu          sync.Mutex
	counts      Counts
	latencies   Latencies
	byType      map[event.Type]*Latencies
	silent      int // deliveries in a row that were not answered in time
	fell        string
	full        string // why the target takes no more deliveries, or ""
	trouble     []string
	virtual     time.Duration
	stamps      map[int]map[uuid.UUID]int64     // when an event of a message was signed last
	ids         map[int]map[uuid.UUID]uuid.UUID // of arranged messages, by the plan's; only the sending goroutine has it
	looks       sync.Mutex                      // one look at the target at a time
	durable     bool                            // the target has kept its state over a restart
	awaited     int                             // templates' statuses that did not come
	hasty       []chaos.Subject                 // contacts who wrote, or gave a signal, before the last one showed
	knownBefore string                          // why the state says nothing
	begun       bool
}

var (
	errFell = errors.New("the target fell over")
	errOver = errors.New("the time is up")
	errFull = errors.New("the target takes no more deliveries")
)

// maxSilent is after how many unanswered deliveries in a row a target is given up.
const maxSilent = 10

// Run carries out the steps of a plan and judges what they led to. When ctx ends
// it returns what it knows by then, with ctx's cause.
func Run(ctx context.Context, s *steps.Subject, plan chaos.Plan, all iter.Seq[chaos.Step], o Options) (Result, error) {
	if o.Concurrency < 1 {
		o.Concurrency = 1
	}
	if o.Redact == nil {
		o.Redact = func(text string) string { return text }
	}
	other, err := signing.GenerateSecret(plan.Seed.Stream("chaos other secret"))
	if err != nil {
		return Result{}, err
	}
	started := clock.Wall()
	sending, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	r := &runner{
		o: o, s: s, plan: plan, oracle: oracle.New(plan, s.Traits.Words, s.Traits.Reviews, s.Arrange != nil), base: s.Target.URL(), other: other, stop: stop,
		record: newSequence(o.Recorder), stamps: map[int]map[uuid.UUID]int64{}, ids: map[int]map[uuid.UUID]uuid.UUID{},
		byType: map[event.Type]*Latencies{},
	}
	if o.Recorder != nil {
		if err := o.Recorder.Begin(plan); err != nil {
			return Result{Stopped: err.Error()}, err
		}
	}
	r.judges = r.startJudges(ctx)
	r.send(sending, all)
	r.wg.Wait()
	err = r.restore(ctx) // or the judges could not read
	r.judges.close()
	spent := clock.Wall().Sub(started)
	unseen := r.judge(ctx)
	err = errors.Join(err, r.rotateBack(ctx))
	res := Result{
		Counts: r.counts, Plan: plan, Traits: s.Traits, Findings: r.oracle.Findings(), Secret: s.Env.Secret, Latencies: r.latencies, ByType: r.byType, Unseen: unseen, Fell: r.fell, Known: r.knownBefore,
		Took: clock.Wall().Sub(started), Sending: spent, Virtual: r.virtual, Trouble: r.trouble,
	}
	res.Violated = r.oracle.Violated()
	cause := context.Cause(sending)
	switch {
	case ctx.Err() != nil:
		res.Stopped, err = "the run was interrupted", context.Cause(ctx)
	case errors.Is(cause, errFell):
		res.Stopped = r.fell
	case errors.Is(cause, errFull):
		res.Stopped = r.full
	case errors.Is(cause, errOver):
		res.Stopped = fmt.Sprintf("the time was up (%s)", o.Duration)
	case cause != nil:
		res.Stopped, err = cause.Error(), cause
	}
	return res, err
}

// send does the steps in their order. Deliveries about one message wait for each
// other, unless they are of one instant.
func (r *runner) send(ctx context.Context, all iter.Seq[chaos.Step]) {
	if r.o.Duration > 0 {
		timed, cancel := context.WithTimeoutCause(ctx, r.o.Duration, errOver)
		defer cancel()
		defer context.AfterFunc(timed, func() { r.stop(context.Cause(timed)) })()
	}
	tokens := make(chan struct{}, r.o.Concurrency)
	pacer := newPacer(r.o.Rate)
	var batch []chaos.Step
	flush := func() bool {
		defer func() { batch = nil }()
		return len(batch) == 0 || r.dispatch(ctx, tokens, pacer, batch)
	}
	for s := range all {
		if len(batch) > 0 && (s.Group == 0 || s.Group != batch[0].Group) && !flush() {
			return
		}
		if s.Kind != chaos.KindDeliver && s.Kind != chaos.KindForge {
			if r.wg.Wait(); ctx.Err() != nil {
				return
			}
			r.control(ctx, s)
			continue
		}
		var skipped string
		var err error
		s, skipped, err = r.arrange(ctx, s)
		if err != nil && ctx.Err() == nil {
			r.stop(err)
		}
		if err != nil {
			return
		}
		if skipped != "" {
			r.record.expect(s.Number)
			r.finish(s, Done{Skipped: skipped})
			continue
		}
		batch = append(batch, s)
	}
	flush()
}

// dispatch sends what is sent at one instant. It does not wait for the answers, unless
// nothing else may be under way meanwhile.
func (r *runner) dispatch(ctx context.Context, tokens chan struct{}, p *pacer, batch []chaos.Step) bool {
	select {
	case tokens <- struct{}{}:
	case <-ctx.Done():
		return false
	}
	release := func() { <-tokens }
	about := flightsOf(batch)
	if r.flights.wait(ctx, before(batch, about)) != nil || p.wait(ctx, len(batch)) != nil || !r.ready(ctx, batch) {
		release()
		return false
	}
	done := r.flights.begin(about)
	for _, s := range batch {
		r.record.expect(s.Number)
	}
	if len(batch) == 1 && r.o.Concurrency == 1 {
		r.deliver(ctx, batch[0])
		done()
		release()
		return true
	}
	start := make(chan struct{})
	var group sync.WaitGroup
	for _, s := range batch {
		group.Go(func() {
			<-start
			r.deliver(ctx, s)
		})
	}
	close(start)
	r.wg.Go(func() {
		group.Wait()
		done()
		release()
	})
	return true
}

// deliver sends one step and judges the answer.
func (r *runner) deliver(ctx context.Context, s chaos.Step) {
	req, skipped, err := r.request(s)
	if err != nil {
		r.note(fmt.Sprintf("step %d: %v", s.Number, err))
		skipped = err.Error()
	}
	if skipped != "" {
		r.finish(s, Done{Skipped: skipped})
		return
	}
	out, turned := r.paced(ctx, s, req)
	if out.Kind == delivery.Cancelled && ctx.Err() != nil {
		// The receiver may have it all the same.
		r.oracle.Saw(s, delivery.Outcome{Kind: delivery.Reset, Err: "the run ended"}, "the run ended")
		r.finish(s, Done{Outcome: out, Skipped: "the run ended"})
		return
	}
	lenient := s.Forgery == chaos.Trailing && out.Accepted() && r.lenient(ctx, s)
	met := r.paused || lenient || turned // what a target that stands still answers, or not, says nothing
	ok := true
	if !met {
		ok = r.oracle.Answered(s, out, out.Start, func() oracle.Evidence {
			return oracle.Evidence{
				Said:     r.o.Redact(exchange.Seen(out)),
				Request:  r.o.Redact(exchange.Curl(req, exchange.CurlOptions{Private: r.o.Headers, MaxBody: maxBodyShown})),
				Response: r.o.Redact(exchange.Response(out)),
			}
		})
		r.echoes(s, req, out)
	}
	r.oracle.Saw(s, out, r.o.Redact(exchange.Seen(out)))
	r.tally(s, out, ok, met)
	r.finish(s, Done{Outcome: out})
	if s.Last {
		r.mu.Lock()
		delete(r.stamps, s.Subject.Index)
		r.mu.Unlock()
		r.over(ctx, s.Subject.Index)
	}
	r.survives(ctx, s, out, met)
}

// over says that nothing follows about a message. Of a receiver whose state
// cannot be read nothing more is to be learned: what is known of it is dropped.
func (r *runner) over(ctx context.Context, index int) {
	switch {
	case r.judges != nil:
		r.judges.over(ctx, index)
	case !r.reads():
		r.oracle.Take(index)
	}
}

// lenient reports whether the receiver's base64 decoder passes over foreign
// characters anywhere, as Python's and Node's do: that it took a digest with
// more text behind it is then no mistake of the receiver's.
func (r *runner) lenient(ctx context.Context, s chaos.Step) bool {
	s.Kind, s.Forgery = chaos.KindDeliver, ""
	req, _, err := r.request(s)
	return err == nil && r.outcome(ctx, chaos.Foreign(req), delivery.Well).Accepted()
}

// maxBodyShown is how many bytes of a body are printed.
const maxBodyShown = 8192

// tally counts a delivery.
func (r *runner) tally(s chaos.Step, out delivery.Outcome, ok, met bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := &r.counts
	c.Sent++
	c.Message = max(c.Message, s.Subject.Index)
	switch {
	case s.Sender.Leaves() || met:
		c.Lost++
	case !ok:
		c.Failed++
	case s.Kind == chaos.KindForge || out.Rejected():
		c.Refused++
	default:
		c.Accepted++
	}
	if out.Kind == delivery.Answered && s.Sender == "" && s.Group == 0 {
		r.latencies.add(out.Duration)
		// A machine that had no time for a control of ours says nothing of the receiver.
		starved := out.Duration > r.s.AckWithin && r.s.Pulse.Starved(out.Start) > 0
		if s.Kind == chaos.KindDeliver && s.Occurrence == chaos.First && !starved {
			of := r.byType[s.Event.Type]
			if of == nil {
				of = new(Latencies)
				r.byType[s.Event.Type] = of
			}
			of.add(out.Duration)
		}
	}
}

// finish hands a step to the recorder, in order.
func (r *runner) finish(s chaos.Step, done Done) {
	if err := r.record.add(s, done); err != nil {
		r.stop(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts.Steps++
	if done.Skipped != "" {
		r.counts.Skipped++
	}
	r.virtual = max(r.virtual, s.At)
	if r.o.Watch != nil {
		r.counts.Violated = r.oracle.Violated()
		r.o.Watch(r.counts)
	}
}

// survives looks whether the target is still there after a delivery that was
// not answered, and ends the run if it is not.
func (r *runner) survives(ctx context.Context, s chaos.Step, out delivery.Outcome, met bool) {
	if met || s.Sender.Leaves() || ctx.Err() != nil {
		return
	}
	switch out.Kind {
	case delivery.Timeout:
		r.mu.Lock()
		r.silent++
		silent := r.silent
		r.mu.Unlock()
		if silent >= maxSilent {
			r.giveUp(fmt.Sprintf("the target gave no answer to %d deliveries in a row, the last of them step %d", silent, s.Number))
		}
	case delivery.Refused, delivery.Unreached, delivery.Reset:
		r.looks.Lock()
		defer r.looks.Unlock()
		if ctx.Err() == nil && !r.s.Target.Alive(ctx) && !clock.Over(ctx) {
			r.giveUp(fmt.Sprintf("the target no longer takes connections: seen at step %d", s.Number))
		}
	case delivery.Answered, delivery.TLS, delivery.Malformed, delivery.Cancelled:
		r.mu.Lock()
		r.silent = 0
		r.mu.Unlock()
	}
}

func (r *runner) giveUp(why string) {
	r.mu.Lock()
	if r.fell == "" {
		r.fell = why
	}
	r.mu.Unlock()
	r.stop(errFell)
}

// note keeps our own trouble.
func (r *runner) note(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.trouble) < maxTrouble {
		r.trouble = append(r.trouble, r.o.Redact(text))
	}
}
