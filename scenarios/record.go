package scenarios

import (
	"github.com/sentsim/sentsim/scenarios/chaosrun"
	"github.com/sentsim/sentsim/scenarios/oracle"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/trace"
)

// recorder writes a chaos run to a trace.
type recorder struct {
	to     *trace.Writer
	run    trace.Run
	redact func(string) string
}

// recording makes the recorder of a run; the file is empty until the run begins.
func (s *session) recording(c ChaosRun) *recorder {
	for _, secret := range s.subject.Secrets() {
		c.Record.Hide(secret)
	}
	return &recorder{
		to: c.Record.Writer, redact: s.redact,
		run: trace.Run{
			Sentsim: c.Version, Command: c.Command, Target: s.subject.Target.Name(),
			Started: clock.Wall().UTC(), Concurrency: c.Options.Concurrency,
		},
	}
}

// Begin writes the first line.
func (r *recorder) Begin(plan chaos.Plan) error {
	r.run.Plan = plan
	return r.to.Begin(r.run)
}

// Step writes a step that is over.
func (r *recorder) Step(s chaos.Step, done chaosrun.Done) error {
	a := trace.Answer{
		Outcome: done.Outcome.Kind, Status: done.Outcome.Status, Error: r.redact(done.Outcome.Err), Skipped: r.redact(done.Skipped),
		DurationMS: float64(done.Outcome.Duration.Microseconds()) / 1000,
	}
	if done.Err != nil {
		a.Error = r.redact(done.Err.Error())
	}
	return r.to.Step(s, a)
}

// violation writes one thing that was found.
func (r *recorder) violation(v oracle.Violation) error {
	return r.to.Violation(trace.Violation{Rule: v.Rule, Subject: v.Subject, Text: r.redact(v.Summary), Step: v.Step})
}

// end writes what was found, and the last line. A run that never began has none.
func (r *recorder) end(res chaosrun.Result, rep report.Report, status int) error {
	if r.run.Plan.Messages == 0 {
		return nil
	}
	for _, of := range rep.Rules {
		for _, v := range res.Findings.Violations[of.ID] {
			if err := r.violation(v); err != nil {
				return err
			}
		}
	}
	return r.to.End(status, rep.Chaos.Stopped)
}
