package scenarios

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sentsim/sentsim/scenarios/cause"
	"github.com/sentsim/sentsim/scenarios/chaosrun"
	"github.com/sentsim/sentsim/scenarios/oracle"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/scenarios/rule"
	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/contract"
	"github.com/sentsim/sentsim/simulator/delivery"
)

// LoadCommand is what the report of a Load calls its command.
const LoadCommand = "k6"

// Load is a chaos run whose messages are carried out one by one, in any order and any
// number at a time, by a load generator; several processes may carry out one plan
// together. Each message is sent and judged as Chaos does it, alone: nothing is learned
// of the receiver, which is taken to be as the configuration says, and nothing is sent
// but the plan's messages and the controls of those that were got wrong. So what N
// processes send and find is together what one process sends and finds. A Load is safe
// for concurrent use. Close it.
type Load struct {
	s    *session
	pool *delivery.Pool
	run  ChaosRun
	keep *loadRecorder // nil: nothing is recorded

	mu      sync.Mutex
	taken   bool // whether a genuine delivery was accepted
	refused int  // genuine deliveries, while none was accepted
	ended   bool // because there were too many of those
	begun   iterations
	done    iterations
	found   chaosrun.Result
	first   time.Time // when the first message began; zero: none has
}

// LoadMessage is what one message of a Load came to.
type LoadMessage struct {
	Deliveries []LoadDelivery
	Violations []LoadViolation // in the order of the rules
}

// LoadDelivery is one delivery and what came of it.
type LoadDelivery struct {
	Step chaos.Step
	chaosrun.Done
}

// LoadViolation is one thing that a correct receiver does not do.
type LoadViolation struct {
	Rule contract.ID
	// Cause is the id of the mistake that was recognised behind it, or else what was
	// special about what was got wrong, such as "the same request again"; "" for nothing.
	Cause   string
	Summary string
}

// EndError is returned for a message when the run cannot go on with any other.
type EndError struct{ Reason string }

func (e *EndError) Error() string { return e.Reason }

// OpenLoad reaches the target, which must run already. c.Steps and c.Options mean
// nothing here. The errors are those of Run.
func OpenLoad(ctx context.Context, cfg Config, c ChaosRun) (*Load, error) {
	if c.Version == "" {
		c.Version = moduleVersion()
	}
	c.Command = LoadCommand
	if err := c.Plan.Validate(); err != nil {
		return nil, err
	}
	switch {
	case cfg.Target.URL == "":
		return nil, errors.New("the target of a load must run already: give its URL")
	case !cfg.Target.Arrange.IsZero():
		return nil, errors.New("target.arrange: the ids that a receiver gives to its own messages differ from process to process, so a load cannot have them sent")
	}
	cfg.NextSeed, cfg.SentBaseURL = false, "" // every process sends the same plan, and many have no port of their own for Sent's API
	s, err := open(ctx, cfg)
	if err != nil {
		return nil, err
	}
	sender, err := newSender(cfg)
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	pool := delivery.NewPool(sender) // a connection for each delivery would be most of the work
	s.subject.Sender = pool
	s.subject.API = nil // what the receiver sends to it cannot be told apart by process
	s.subject.Traits = s.confirmed().Traits()
	c.Plan.Channels, c.Plan.InboundChannels = s.subject.Traits.Channels, s.subject.Traits.InboundChannels
	l := &Load{s: s, pool: pool, run: c}
	if c.Record != nil {
		l.keep = &loadRecorder{to: s.recording(c)}
		if err := l.keep.to.Begin(c.Plan); err != nil {
			pool.Close()
			return nil, errors.Join(err, s.close())
		}
	}
	return l, nil
}

// unobserved is why nothing is said of the receiver's own messages.
const unobserved = "a load does not look at what the receiver sends itself: sentsim verify and sentsim chaos do"

// deliveries collects what came of a message's steps.
type deliveries []LoadDelivery

// Begin is for chaosrun.Recorder.
func (d *deliveries) Begin(chaos.Plan) error { return nil }

// Step keeps a step that is over.
func (d *deliveries) Step(s chaos.Step, done chaosrun.Done) error {
	*d = append(*d, LoadDelivery{s, done})
	return nil
}

// forgery is how the delivery of a step was forged, "" where it was not.
func (d deliveries) forgery(step int) string {
	for _, of := range d {
		if of.Step.Number == step && of.Step.Forgery != "" {
			return "forged as " + of.Step.Forgery
		}
	}
	return ""
}

// Message carries out and judges the message of an iteration, which are counted from
// 0. It waits for the receiver's state to settle. What it returns is whole also with
// an error, which says that the message was not judged to its end; an *EndError ends
// the run.
func (l *Load) Message(ctx context.Context, iteration int) (LoadMessage, error) {
	if iteration < 0 || iteration >= l.run.Plan.Messages {
		return LoadMessage{}, &EndError{fmt.Sprintf("iteration %d: the plan has %s, for iterations 0 to %d: give it more messages, or end after as many iterations (shared-iterations)",
			iteration, counted(l.run.Plan.Messages, "message"), l.run.Plan.Messages-1)}
	}
	if !l.begin(iteration) {
		return LoadMessage{}, fmt.Errorf("iteration %d was carried out already: each scenario of a script needs a run of its own, with a seed of its own", iteration)
	}
	steps := l.run.Plan.Message(iteration + 1)
	sent := make(deliveries, 0, len(steps))
	one := l.run.Plan
	one.Messages = 1 // it is judged at its own end
	res, err := chaosrun.Run(ctx, l.s.subject, one, slices.Values(steps), chaosrun.Options{
		Concurrency: 1, Recorder: &sent, Redact: l.s.redact, Headers: l.s.cfg.Headers,
	})
	for _, id := range l.s.cfg.Skip { // what it shows of them is nobody's failure
		res.Violated -= res.Findings.Violated[id]
		delete(res.Findings.Violated, id)
		delete(res.Findings.Violations, id)
	}
	if res.Unseen != nil {
		for r := range rule.Each() {
			if slices.Contains(r.Needs, rule.ObservedReplies) {
				res.Unseen[r.ID] = unobserved
			}
		}
	}
	out := LoadMessage{Deliveries: sent, Violations: l.violations(res.Findings, sent)}
	var end *EndError
	switch {
	case err != nil:
	case res.Fell != "" || res.Stopped != "":
		end = &EndError{cmp.Or(res.Fell, res.Stopped)}
	case res.Known != "":
		end = &EndError{strings.Replace(res.Known, "use --seed random", "use another seed", 1)}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended { // why is not for the rules to say
		res.Findings = oracle.NewFindings()
	}
	l.found.Add(res)
	if why := l.refusesAll(sent); why != "" && end == nil {
		end = &EndError{why}
	}
	if end != nil {
		l.found.Stopped, l.found.Fell = end.Reason, cmp.Or(l.found.Fell, res.Fell)
		err = end
	}
	if err == nil {
		l.done.add(iteration)
	}
	if l.keep != nil {
		err = errors.Join(err, l.keep.add(sent, res.Findings))
	}
	return out, err
}

// manyRefused is after how many refusals, and not one delivery taken, a load ends.
const manyRefused = 20

// refusesAll is why the run ends where no genuine delivery was ever taken: the rules that
// these would fail say nothing of the reason. The caller has locked mu.
func (l *Load) refusesAll(sent deliveries) string {
	for _, d := range sent {
		o := d.Outcome
		switch {
		case l.taken || l.ended || d.Step.Kind != chaos.KindDeliver || d.Step.Rule == contract.TOL7: // which is to be refused
			continue
		case o.Accepted():
			l.taken = true
			continue
		case !o.Rejected():
			continue
		}
		if l.refused++; l.refused < manyRefused {
			continue
		}
		l.ended = true
		l.found.Findings = oracle.NewFindings()
		l.found.Findings.Checked[contract.SIG1], l.found.Findings.Violated[contract.SIG1] = 1, 1
		l.found.Findings.Violations[contract.SIG1] = []oracle.Violation{{
			Rule: contract.SIG1, Step: d.Step.Number, Subject: d.Step.Subject, Expected: "a 2xx",
			Summary: fmt.Sprintf("no genuine delivery was accepted: %d were refused, the last one with %d %s", l.refused, o.Status, http.StatusText(o.Status)),
		}}
		return "the receiver refuses every genuine delivery: `sentsim verify` with the same target and secret finds out why"
	}
	return ""
}

// begin notes that a message begins. It reports false where it had begun before.
func (l *Load) begin(iteration int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.first.IsZero() {
		l.first = clock.Wall()
	}
	return l.begun.add(iteration)
}

// violations are those of one message, each with the cause that this message alone shows.
func (l *Load) violations(findings oracle.Findings, sent deliveries) []LoadViolation {
	if len(findings.Violations) == 0 {
		return nil
	}
	var rules []report.Rule
	var all []LoadViolation
	for r := range rule.Each() {
		if vs := findings.Violations[r.ID]; len(vs) > 0 {
			rules = append(rules, report.Conclude(r, l.s.violations(vs, findings.Violated[r.ID], l.run), true))
		}
	}
	if len(rules) == 0 {
		return nil
	}
	cause.Assign(rules, cause.Explain(l.s.facts(rules)))
	for _, r := range rules {
		for _, v := range findings.Violations[r.ID] {
			all = append(all, LoadViolation{Rule: r.ID, Cause: cmp.Or(r.Cause, v.By, sent.forgery(v.Step)), Summary: v.Summary})
		}
	}
	return all
}

// Report is what the run has come to by now. whole says that this process was to
// carry out all of the plan, and not a part of it.
func (l *Load) Report(ctx context.Context, whole bool) (report.Report, error) {
	l.mu.Lock()
	found := l.found
	if !l.first.IsZero() {
		found.Sending = clock.Wall().Sub(l.first)
	}
	mine, err := newShare(l.run.Plan, l.s.cfg, found, &l.done)
	l.mu.Unlock()
	if err != nil {
		return report.Report{}, err
	}
	rep := l.s.opened(l.run.Version, LoadCommand)
	rep.DurationMS = clock.Wall().Sub(l.s.started).Milliseconds()
	return l.s.concludeLoad(ctx, rep, l.run, mine, whole)
}

// Close ends the record, and what OpenLoad started. The report is that of the run.
func (l *Load) Close(rep report.Report) error {
	var err error
	if l.keep != nil {
		stopped := ""
		if rep.Chaos != nil {
			stopped = rep.Chaos.Stopped
		}
		err = errors.Join(l.keep.to.to.End(rep.ExitStatus, stopped), l.run.Record.Close())
	}
	l.pool.Close()
	return errors.Join(err, l.s.close())
}

// loadRecorder writes messages to a trace, one after another as they end: a message's
// steps stand together, and what was found about it right behind them.
type loadRecorder struct {
	to     *recorder
	number int // of the last step
	group  int
	at     time.Duration
}

// add writes a message that is over.
func (k *loadRecorder) add(all []LoadDelivery, findings oracle.Findings) error {
	number, group, at := k.number, k.group, k.at
	for _, d := range all {
		s := d.Step
		s.Number += number
		s.At += at - all[0].Step.At
		if s.Group > 0 {
			s.Group += group
		}
		if err := k.to.Step(s, d.Done); err != nil {
			return err
		}
		k.number, k.group, k.at = s.Number, max(k.group, s.Group), s.At
	}
	for _, id := range slices.Sorted(maps.Keys(findings.Violations)) {
		for _, v := range findings.Violations[id] {
			if v.Step > 0 {
				v.Step += number
			}
			if err := k.to.violation(v); err != nil {
				return err
			}
		}
	}
	return nil
}
