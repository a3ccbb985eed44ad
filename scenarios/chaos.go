package scenarios

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/sentsim/sentsim/scenarios/chaosrun"
	"github.com/sentsim/sentsim/scenarios/exchange"
	"github.com/sentsim/sentsim/scenarios/oracle"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/scenarios/rule"
	"github.com/sentsim/sentsim/scenarios/steps"
	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/trace"
)

// ChaosRun is a run of everything that goes wrong in the wild.
type ChaosRun struct {
	Plan    chaos.Plan
	Steps   iter.Seq[chaos.Step] // nil: the plan's
	Command string               // chaos or replay
	Profile string               // as it was named: a name or a file; "" is the plan's
	Trace   string               // the file of the record, or of what is replayed, for the report
	Record  *trace.File          // what the run is written to; nil: nothing
	Options chaosrun.Options
	// Started is told once the target is up; nil: nobody.
	Started func(report.Header)
	// Found is told what the run came to, before its report; nil: nobody.
	Found func(chaosrun.Result)
}

// ChaosPlan is the plan of a run with this configuration. No event of it lies
// in the future.
func ChaosPlan(cfg Config, profile chaos.Profile, messages int) (chaos.Plan, error) {
	target := steps.Subject{Seed: cfg.Seed} // what it hears first is of the same webhook
	p := chaos.Plan{
		Seed: cfg.Seed, Messages: messages, Start: cfg.Start.UTC(), Profile: profile,
		WebhookID: target.Webhook(), AccountID: target.Account(),
		Format:   chaos.Format(cfg.Knobs.Format()),
		Extended: cfg.Knobs.Extended, EventTypeHeader: cfg.Knobs.EventTypeHeader, EventIDHeader: cfg.Knobs.EventIDHeader,
	}
	if cfg.Start.IsZero() {
		p.Start = clock.Wall().UTC().Truncate(time.Second).Add(-startedBefore)
	}
	return p, p.Validate()
}

// startedBefore keeps the latest event out of the future of a receiver whose
// clock is slow.
const startedBefore = 5 * time.Second

// Chaos carries out a chaos run and judges it. The report is complete also when
// ctx ends early (with ctx's cause) or the target falls over. The errors are
// those of Run.
func Chaos(ctx context.Context, cfg Config, version string, c ChaosRun) (report.Report, error) {
	if err := c.Plan.Validate(); err != nil {
		return report.Report{}, err
	}
	s, err := open(ctx, cfg)
	if err != nil {
		rep := withoutTarget(cfg, version, err)
		rep.Command = c.Command
		return rep, err
	}
	rep := report.Report{
		Schema: report.Schema, Sentsim: version, Command: c.Command,
		Seed: uint64(c.Plan.Seed), Strict: cfg.Strict, Target: s.subject.Target.Name(),
	}
	if c.Started != nil {
		c.Started(report.Header{Version: version, Seed: uint64(c.Plan.Seed), Target: rep.Target, Clock: "virtual", Strict: cfg.Strict})
	}
	var rec *recorder
	if c.Record != nil {
		rec = s.recording(c, version)
		c.Options.Recorder = rec
	}
	res, runErr := s.chaos(ctx, c, &rep)
	rep.DurationMS = clock.Wall().Sub(s.started).Milliseconds()
	rep.Summary = report.Summarise(rep.Rules)
	rep.ExitStatus = report.ExitStatus(rep)
	if fell := rep.Chaos.Fell; fell != "" && rep.Summary.Failed == 0 {
		rep.ExitStatus = ExitTarget
		rep.Diagnosis = &report.Diagnosis{Cause: "target-fell-over", Summary: fell, Fix: "See the last lines of its output and the last steps of the run."}
	}
	if rep.ExitStatus != report.ExitKept || rep.Summary.Warned > 0 {
		rep.TargetLog = s.subject.Target.Log()
	}
	if rec != nil {
		runErr = errors.Join(runErr, rec.end(res, rep))
	}
	if c.Found != nil {
		c.Found(res)
	}
	if err := s.close(); err != nil && ctx.Err() == nil {
		runErr = errors.Join(runErr, err)
	}
	return rep, runErr
}

// chaos fills in what the run shows.
func (s *session) chaos(ctx context.Context, c ChaosRun, rep *report.Report) (chaosrun.Result, error) {
	rep.Chaos = &report.Chaos{Profile: c.Plan.Profile.Name, Messages: c.Plan.Messages, Trace: c.Trace}
	for _, p := range c.Plan.Profile.Probabilities() {
		rep.Chaos.Probabilities = append(rep.Chaos.Probabilities, report.Probability(p))
	}
	s.openGate(ctx)
	if s.gate.closed != "" {
		r, _ := rule.Get(plainRule)
		rep.Diagnosis = s.diagnosis
		rep.Rules = append(rep.Rules, report.Conclude(r, []report.Scenario{s.gate.plain}, s.cfg.Strict))
		rep.Chaos.Stopped = s.gate.closed
		return chaosrun.Result{}, context.Cause(ctx)
	}
	if c.Steps == nil {
		c.Steps = c.Plan.Steps()
	}
	o := c.Options
	o.Redact, o.Headers = s.redact, s.cfg.Headers
	s.subject.TakeWire()
	res, err := chaosrun.Run(ctx, s.subject, c.Plan, c.Steps, o)
	s.subject.LeaveWire()
	s.latency(&res)
	if c.Command == "replay" { // which sends what it was given, whatever the seed
		for id, reason := range res.Unseen {
			res.Unseen[id] = strings.Replace(reason, "use --seed random", "use --new-ids", 1)
		}
	}
	rep.VirtualMS = res.Virtual.Milliseconds()
	rep.Rules = s.chaosRules(res, c)
	fill(rep.Chaos, res)
	return res, err
}

// enough is of how many answers a median says something.
const enough = 5

// latency judges how fast the events of each type are acknowledged: by their
// median, for a machine may be busy.
func (s *session) latency(res *chaosrun.Result) {
	for _, typ := range slices.Sorted(maps.Keys(res.ByType)) {
		of := res.ByType[typ]
		median := of.Quantile(0.5)
		if of.Count() < enough {
			continue
		}
		res.Book.Checked["ACK-1"] += of.Count()
		if median <= s.cfg.AckWithin {
			continue
		}
		res.Violated++
		res.Book.Violated["ACK-1"]++
		res.Book.Violations["ACK-1"] = append(res.Book.Violations["ACK-1"], oracle.Violation{
			Rule: "ACK-1", Expected: "an answer within " + s.cfg.AckWithin.String(),
			Summary: fmt.Sprintf("half of the %d %s events, one at a time, were answered only after %s", of.Count(), typ, median.Round(time.Millisecond)),
		})
	}
}

func fill(c *report.Chaos, res chaosrun.Result) {
	c.Begun, c.Steps, c.Sent, c.Accepted, c.Refused = res.Message, res.Steps, res.Sent, res.Accepted, res.Refused
	c.Failed, c.Lost, c.Skipped, c.Violated = res.Failed, res.Lost, res.Skipped, res.Violated
	c.Stopped, c.Fell, c.Trouble = res.Stopped, res.Fell, append([]string{}, res.Trouble...)
	if s := res.Sending.Seconds(); s > 0 {
		c.PerSecond = float64(int(10*float64(res.Sent)/s)) / 10
	}
	ms := func(d time.Duration) float64 { return math.Round(d.Seconds()*1e5) / 100 }
	of := func(q float64) float64 { return ms(res.Latencies.Quantile(q)) }
	c.LatencyMS = report.LatencyMS{P50: of(0.5), P95: of(0.95), P99: of(0.99), Max: ms(res.Latencies.Max())}
	c.Violations = []report.Violation{}
	for _, r := range rule.All() {
		for _, v := range res.Book.Violations[r.ID] {
			c.Violations = append(c.Violations, report.Violation{
				Rule: v.Rule, Summary: v.Summary, Expected: v.Expected, Seen: v.Seen, Subject: v.About(),
				Step: v.Step, Story: append([]string{}, v.Story...),
			})
		}
	}
}

// chaosJudges are the rules that a chaos run can judge.
func chaosJudges(id string) bool {
	switch id {
	case "SIG-9", "SIG-11", "SIG-12", "TOL-6", "TOL-8", "INB-2":
		return false // they need deliveries that no fault makes
	}
	return true
}

// chaosRules are the verdicts on the rules.
func (s *session) chaosRules(res chaosrun.Result, c ChaosRun) []report.Rule {
	var rules []report.Rule
	for _, r := range rule.All() {
		if chaosJudges(r.ID) || res.Book.Violated[r.ID] > 0 {
			rules = append(rules, report.Conclude(r, s.chaosScenarios(r, res, c), s.cfg.Strict))
		}
	}
	return rules
}

// maxTold is how many violations of a rule are told in full.
const maxTold = 5

// chaosScenarios are what the run says of one rule: its violations, or how often
// it was kept, and what could not be seen.
func (s *session) chaosScenarios(r rule.Rule, res chaosrun.Result, c ChaosRun) []report.Scenario {
	var all []report.Scenario
	for i, v := range res.Book.Violations[r.ID] {
		if i == maxTold {
			break
		}
		all = append(all, s.violation(v, res.Book.Violated[r.ID], c))
	}
	if len(all) > 0 {
		return all
	}
	where := c.Command + " run"
	unseen := res.Unseen[r.ID]
	if n := res.Book.Checked[r.ID]; n > 0 && (unseen == "" || !r.State) {
		all = append(all, report.Scenario{Name: fmt.Sprintf("kept %d times", n), File: where, Verdict: report.Passed})
		if unseen != "" {
			all = append(all, report.Scenario{Name: "what the state shows", File: where, Reason: unseen, Remedy: remedy(r), Partial: true})
		}
		return all
	}
	none := report.Scenario{Name: "nothing to judge it by", File: where, Reason: unseen}
	if unseen != "" {
		none.Remedy = remedy(r)
	} else {
		none.Reason = fmt.Sprintf("this run had no occasion for it (profile %s, %d messages)", c.Plan.Profile.Name, c.Plan.Messages)
		if res.Stopped != "" {
			none.Reason = "nothing had shown it when the run ended: " + res.Stopped
		}
	}
	return append(all, none)
}

// remedy is how what a rule needs can be given.
func remedy(r rule.Rule) string {
	if len(r.Needs) == 0 {
		return ""
	}
	return r.Needs[0].How()
}

func (s *session) violation(v oracle.Violation, total int, c ChaosRun) report.Scenario {
	out := report.Scenario{Name: v.Summary, File: c.Command + " run", Verdict: report.Failed, Reason: v.Summary}
	if v.Step > 0 {
		out.File = fmt.Sprintf("step %d", v.Step)
	}
	if total > 1 {
		out.Reason += fmt.Sprintf(" (%d violations of this rule in all)", total)
	}
	e := report.Evidence{Request: v.Request, Response: v.Response, Expected: v.Expected, Reproduce: s.reproduceChaos(c)}
	if v.Seen != "" {
		e.Response = "state: " + oneLine(v.Seen)
	}
	if e.Request == "" {
		e.Request = strings.Join(v.Story, "\n")
	}
	out.Evidence = []report.Evidence{e}
	return out
}

// reproduceChaos is the command that does the run again.
func (s *session) reproduceChaos(c ChaosRun) string {
	if c.Command != "chaos" {
		return fmt.Sprintf("sentsim %s %s %s", c.Command, exchange.Quote(c.Trace), s.subject.Reproduce)
	}
	profile := c.Profile
	if profile == "" {
		profile = c.Plan.Profile.Name
	}
	command := fmt.Sprintf("sentsim chaos --seed %s --messages %d --profile %s", c.Plan.Seed, c.Plan.Messages, exchange.Quote(profile))
	if c.Plan.Extended {
		command += " --extended"
	}
	return command + " " + s.subject.Reproduce
}
