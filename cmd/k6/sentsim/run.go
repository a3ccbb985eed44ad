package sentsim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"

	"go.k6.io/k6/errext"
	"go.k6.io/k6/lib"
	"go.k6.io/k6/metrics"

	"github.com/sentsim/sentsim/scenarios"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/trace"
)

// sharedRun is a run in one k6 process.
type sharedRun struct {
	settings

	opening sync.Mutex
	load    *scenarios.Load // nil until the first message
	failed  error           // why it could not be opened
	segment string          // that this process carries out, as 1/3:2/3; "" for all of it
	closed  bool

	// ballast is never touched, so it takes no memory; the collector counts it, lets that
	// much more garbage gather and runs less often: a tenth more messages a second.
	ballast []byte
}

const ballastSize = 64 << 20

// openTime is how long reaching the target may take at most, besides the time that it
// is given to accept connections.
const openTime = time.Minute

// open reaches the target, once.
func (r *sharedRun) open(ctx context.Context, segment string) (*scenarios.Load, error) {
	r.opening.Lock()
	defer r.opening.Unlock()
	if r.load != nil || r.failed != nil {
		return r.load, r.failed
	}
	r.segment, r.ballast = segment, make([]byte, ballastSize)
	if r.noTarget {
		r.failed = errors.New("no target is given: say target: URL in new Run(), set SENTSIM_TARGET, or name it in the config file")
		return nil, r.failed
	}
	ctx, cancel := context.WithTimeout(ctx, openTime+r.cfg.WaitForTarget)
	defer cancel()
	run := r.run
	if r.record != "" {
		if run.Record, r.failed = trace.Create(r.record); r.failed != nil {
			return nil, r.failed
		}
	}
	r.load, r.failed = scenarios.OpenLoad(ctx, r.cfg, run)
	if r.failed != nil && run.Record != nil {
		r.failed = errors.Join(r.failed, run.Record.Close())
	}
	if r.failed == nil {
		r.failed = r.forgetEarlier()
	}
	return r.load, r.failed
}

// forgetEarlier removes the reports that an earlier run of k6 left: if this process is
// killed, nobody must take them for its own. Another file of that name stays.
func (r *sharedRun) forgetEarlier() error {
	name := fileName(r.segment)
	data, err := os.ReadFile(name + ".json")
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err == nil && !ofLoad(data):
		return nil
	case err == nil:
		err = os.Remove(name + ".json")
		if xml := os.Remove(name + ".xml"); xml != nil && !errors.Is(xml, fs.ErrNotExist) {
			err = errors.Join(err, xml)
		}
	}
	if err != nil {
		return fmt.Errorf("the report of an earlier run: %w", err)
	}
	return nil
}

// ofLoad reports whether data is a report of a load.
func ofLoad(data []byte) bool {
	var r report.Report
	return json.Unmarshal(data, &r) == nil && r.Command == scenarios.LoadCommand
}

// report is what this process has carried out so far, and ends the run.
func (r *sharedRun) report(ctx context.Context) (rep report.Report, none bool, err error) {
	r.opening.Lock()
	defer r.opening.Unlock()
	switch {
	case r.closed:
		return rep, false, errors.New("run.summary() was called already")
	case r.load == nil:
		return rep, true, r.failed
	}
	r.closed = true
	if rep, err = r.load.Report(ctx, r.segment == ""); err != nil {
		return rep, false, errors.Join(err, r.load.Close(rep))
	}
	return rep, false, r.load.Close(rep)
}

// run is a Run in the script of one virtual user.
type run struct {
	*instance
	shared *sharedRun
}

// message carries out the message of this iteration, and tells k6 what came of it.
func (r *run) message() (map[string]any, error) {
	state := r.vu.State()
	if state == nil || state.GetScenarioGlobalVUIter == nil {
		return nil, errors.New("run.message() is one iteration: call it in the function that a scenario runs")
	}
	ctx := r.vu.Context()
	load, err := r.shared.open(ctx, segmentOf(state))
	if err != nil {
		return nil, r.end(ctx, state, err)
	}
	iteration := int(state.GetScenarioGlobalVUIter()) //nolint:gosec // counted up from 0
	m, err := load.Message(ctx, iteration)
	r.tell(ctx, state, m)
	var end *scenarios.EndError
	switch {
	case errors.As(err, &end):
		return nil, r.end(ctx, state, err)
	case err != nil && ctx.Err() != nil: // k6 does not wait for it any more
		state.TestStatus.MarkFailed()
		return nil, fmt.Errorf("iteration %d was not carried out to its end", iteration)
	case err != nil:
		state.TestStatus.MarkFailed()
		return nil, err
	}
	violations := make([]map[string]any, 0, len(m.Violations))
	for _, v := range m.Violations {
		violations = append(violations, map[string]any{"rule": v.Rule, "cause": causeOf(v), "summary": report.Printable(v.Summary)})
	}
	return map[string]any{"iteration": iteration, "deliveries": len(m.Deliveries), "violations": violations}, nil
}

// end ends the whole test: nothing else can be carried out. k6 then exits with a
// status of its own, whatever the thresholds say.
func (r *run) end(ctx context.Context, state *lib.State, why error) error {
	if ctx.Err() == nil {
		state.TestStatus.MarkFailed()
		r.vu.Runtime().Interrupt(&errext.InterruptError{Reason: errext.AbortTest + ": " + report.Printable(why.Error())})
	}
	return why
}

// segmentOf is the part of the test that this process carries out, "" for all of it.
func segmentOf(state *lib.State) string {
	s := state.Options.ExecutionSegment
	if s == nil || s.String() == "0:1" {
		return ""
	}
	return s.String()
}

// unexplained is the tag of a violation behind which nothing was recognised.
const unexplained = "unexplained"

func causeOf(v scenarios.LoadViolation) string {
	if v.Cause == "" {
		return unexplained
	}
	return v.Cause
}

// tell pushes what came of a message to k6's outputs. The tags hold names of events,
// rules and mistakes, and nothing that came from the receiver.
func (r *run) tell(ctx context.Context, state *lib.State, m scenarios.LoadMessage) {
	base := state.Tags.GetCurrentValues()
	now := time.Now() //nolint:forbidigo // k6's outputs go by the wall clock
	var all []metrics.Sample
	add := func(of *metrics.Metric, at time.Time, value float64, tags *metrics.TagSet) {
		all = append(all, metrics.Sample{
			TimeSeries: metrics.TimeSeries{Metric: of, Tags: tags}, Time: at, Value: value, Metadata: base.Metadata,
		})
	}
	retries := 0
	for _, d := range m.Deliveries {
		if d.Skipped != "" && d.Outcome.Kind == "" {
			continue // it was not sent
		}
		at := d.Outcome.Start
		if at.IsZero() {
			at = now
		}
		tags := base.Tags.With("event", string(d.Step.Event.Type))
		add(r.metrics.deliveries, at, 1, tags)
		if d.Outcome.Kind == delivery.Answered {
			add(r.metrics.duration, at, metrics.D(d.Outcome.Duration), tags)
		}
		if d.Step.Occurrence == chaos.Retry {
			retries++
		}
	}
	add(r.metrics.retries, now, float64(retries), base.Tags)
	for _, v := range m.Violations {
		add(r.metrics.violations, now, 1, base.Tags.With("rule", v.Rule).With("cause", causeOf(v)))
	}
	if len(m.Violations) == 0 {
		add(r.metrics.violations, now, 0, base.Tags) // so that none is a count as well
	}
	metrics.PushIfNotDone(ctx, state.Samples, metrics.ConnectedSamples{Samples: all, Tags: base.Tags, Time: now})
}
