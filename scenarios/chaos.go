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

	"github.com/sentsim/sentsim/scenarios/cause"
	"github.com/sentsim/sentsim/scenarios/chaosrun"
	"github.com/sentsim/sentsim/scenarios/exchange"
	"github.com/sentsim/sentsim/scenarios/learn"
	"github.com/sentsim/sentsim/scenarios/oracle"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/scenarios/rule"
	"github.com/sentsim/sentsim/scenarios/steps"
	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/contract"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/trace"
	"github.com/sentsim/sentsim/simulator/webhook"
)

// ChaosRun is a run of everything that goes wrong in the wild.
type ChaosRun struct {
	Plan    chaos.Plan
	Steps   iter.Seq[chaos.Step] // nil: the plan's
	Command string               // chaos or replay
	Version string               // of sentsim, for the report; "" is that of this module in the program
	Profile string               // as it was named: a name or a file; "" is the plan's
	Trace   string               // the file of the record, or of what is replayed, for the report
	Record  *trace.File          // what the run is written to; nil: nothing
	Options chaosrun.Options
	// Started is told once the target is up; nil: nobody.
	Started func(report.Header)
	// Found is told what the run came to, before its report; nil: nobody.
	Found func(chaosrun.Result)
	// Learned is told what was learned of the receiver, before the run; nil: nobody.
	Learned func(report.Learned)
}

// ChaosPlan is the plan of a run with this configuration. No event of it lies
// in the future.
func ChaosPlan(cfg Config, profile chaos.Profile, messages int) (chaos.Plan, error) {
	target := steps.Subject{Seed: cfg.Seed} // what it hears first is of the same webhook
	p := chaos.Plan{
		Seed: cfg.Seed, Messages: messages, Start: cfg.Start.UTC(), Profile: profile,
		WebhookID: target.Webhook(), AccountID: target.Account(),
		Format:   chaos.Format(cfg.Knobs.Format()),
		Extended: cfg.Knobs.Extended, EventTypeHeader: cfg.Knobs.EventTypeHeader, EventIDHeader: cfg.Knobs.EventIDHeader, Families: cfg.Knobs.Families,
		Sending: sending(cfg.Knobs), Strict: cfg.Strict,
	}
	if cfg.Start.IsZero() {
		p.Start = learn.Started(cfg.Start, clock.Wall())
	}
	return p, p.Validate()
}

// sending is what the knobs say of retries, order and disabling.
func sending(k simulator.Knobs) chaos.Sending {
	attempts := delivery.Rules{RetryCountCounts: k.RetryCountCounts}.Attempts(k.RetryCount)
	disable := k.DisableThreshold
	if k.DisableCounts == webhook.CountsAttempts { // each failed event is that many of them
		disable = (disable + attempts - 1) / attempts
	}
	return chaos.Sending{
		Attempts: attempts, Base: k.BackoffBase, Factor: k.BackoffFactor, Cap: k.BackoffCap, Jitter: k.BackoffJitter,
		Strict: k.Order == delivery.Strict, DisableAfter: disable,
	}
}

// Chaos carries out a chaos run and judges it. The report is complete also when
// ctx ends early (with ctx's cause) or the target falls over. The errors are
// those of Run.
func Chaos(ctx context.Context, cfg Config, c ChaosRun) (report.Report, error) {
	if c.Version == "" {
		c.Version = moduleVersion()
	}
	if err := c.Plan.Validate(); err != nil {
		return report.Report{}, err
	}
	s, err := open(ctx, cfg)
	if err != nil {
		rep := withoutTarget(cfg, c.Version, err)
		rep.Command = c.Command
		return rep, err
	}
	if c.Steps == nil && s.cfg.Seed != cfg.Seed { // the target knows the messages of that one
		c.Plan.Seed = s.cfg.Seed
	}
	rep := s.opened(c.Version, c.Command)
	rep.Seed = uint64(c.Plan.Seed)
	if c.Started != nil {
		c.Started(report.Header{Version: c.Version, Seed: uint64(c.Plan.Seed), Target: rep.Target, Clock: "virtual", Strict: cfg.Strict, Notes: rep.Notes})
	}
	var rec *recorder
	if c.Record != nil {
		rec = s.recording(c)
		c.Options.Recorder = rec
	}
	res, runErr := s.chaos(ctx, c, &rep)
	if t := s.subject.Traits; t.Learned && t.Edition != "" {
		rep.Edition = t.Edition
	}
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
		if endErr := rec.end(res, rep, Status(rep, runErr)); !errors.Is(runErr, endErr) { // the first error of a trace stays, and may have ended the run
			runErr = errors.Join(runErr, endErr)
		}
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
	s.sendFirst(ctx)
	if s.first.closed != "" {
		r, _ := rule.Get(plainRule)
		rep.Diagnosis = s.diagnosis
		rep.Rules = append(rep.Rules, report.Conclude(r, []report.Scenario{s.first.plain}, s.cfg.Strict))
		rep.Chaos.Stopped = s.first.closed
		return chaosrun.Result{}, context.Cause(ctx)
	}
	s.learn(ctx)
	if c.Learned != nil && s.subject.Traits.Learned {
		c.Learned(*s.learned(nil))
	}
	if c.Steps == nil {
		c.Plan = s.adapt(c.Plan)
		c.Steps = c.Plan.Steps()
	}
	o := c.Options
	if c.Plan.Sending.Strict {
		o.Concurrency = 1
	}
	o.Redact, o.Headers = s.redact, s.cfg.Headers
	s.subject.TakeTurn()
	res, err := chaosrun.Run(ctx, s.subject, c.Plan, c.Steps, o)
	s.subject.EndTurn()
	s.late.end(len(res.Findings.Violated) > 0 || slices.ContainsFunc(s.subject.Traits.Deviations, aboutState))
	s.latency(&res, o.Concurrency != 1)
	for _, id := range s.cfg.Skip { // what it shows of them is nobody's failure
		res.Violated -= res.Findings.Violated[id]
		delete(res.Findings.Violated, id)
		delete(res.Findings.Violations, id)
	}
	if c.Command == "replay" { // which sends what it was given, whatever the seed
		for id, reason := range res.Unseen {
			res.Unseen[id] = strings.Replace(reason, "use --seed random", "use --new-ids", 1)
		}
	}
	if err != nil && res.Plan.Messages == 0 { // it never began, and there is nothing to judge
		fill(rep.Chaos, res)
		return res, err
	}
	rep.VirtualMS = res.Virtual.Milliseconds()
	var judged map[string]report.Rule
	if len(res.Findings.Violated) > 0 && res.Fell == "" && c.Command == "chaos" && ctx.Err() == nil {
		s.losing = slices.ContainsFunc(slices.Concat(slices.Collect(maps.Values(res.Findings.Violations))...), func(v oracle.Violation) bool { return v.Seen != "" })
		if judged, err = s.experiment(ctx, suspects(res.Findings)); err != nil {
			return res, err
		}
	}
	fill(rep.Chaos, res)
	rules, ruleErr := s.chaosRules(ctx, res, c, judged)
	rep.Rules, rep.Learned = rules, s.learned(nil)
	rep.Causes = append([]report.Cause{}, cause.Explain(s.facts(rules))...)
	cause.Assign(rep.Rules, rep.Causes)
	return res, errors.Join(err, ruleErr)
}

// adapt makes a plan one that this receiver can be judged by: in the edition and
// on the channels that show in its state, and without messages that it did not
// send, if it refuses those.
func (s *session) adapt(p chaos.Plan) chaos.Plan {
	t := s.subject.Traits
	if !t.Learned {
		return p
	}
	p.Format = chaos.Format(t.Knobs.Format())
	p.EventTypeHeader, p.EventIDHeader, p.Families = t.Knobs.EventTypeHeader, t.Knobs.EventIDHeader, t.Knobs.Families
	p.Channels, p.InboundChannels = t.Channels, t.InboundChannels
	if t.Refuses() && s.subject.Arrange == nil {
		p.Profile.Mix.Inbound = 1 - p.Profile.Mix.Template
		p.Profile.Faults = maps.Clone(p.Profile.Faults)
		delete(p.Profile.Faults, chaos.FaultUnknownStatus)
	}
	return p
}

// enough is of how many answers a median says something.
const enough = 5

// slow is which share of the answers must be slow. What a receiver does for each new
// template, and for no later event of it, it does at less than half of the events.
const slow = 0.4

// latency judges how fast the events of each type are acknowledged, of which there
// are enough. Where several are under way at once, late answers may be of ACK-2.
func (s *session) latency(res *chaosrun.Result, together bool) {
	var could []contract.ID
	if together {
		could = []contract.ID{contract.ACK1, contract.ACK2}
	}
	for _, typ := range slices.Sorted(maps.Keys(res.ByType)) {
		of := res.ByType[typ]
		most := of.Quantile(1 - slow)
		if of.Count() < enough {
			continue
		}
		res.Findings.Checked[contract.ACK1] += of.Count()
		if most <= s.cfg.AckWithin {
			continue
		}
		res.Violated++
		res.Findings.Violated[contract.ACK1]++
		res.Findings.Violations[contract.ACK1] = append(res.Findings.Violations[contract.ACK1], oracle.Violation{
			Rule: contract.ACK1, Could: could, Expected: "an answer within " + s.cfg.AckWithin.String(),
			Summary: fmt.Sprintf("two of five of the %d %s events were answered only after %s", of.Count(), typ, most.Round(time.Millisecond)),
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
		for _, v := range res.Findings.Violations[r.ID] {
			c.Violations = append(c.Violations, report.Violation{
				Rule: v.Rule, Summary: v.Summary, Expected: v.Expected, Seen: v.Seen, Subject: v.About(),
				Step: v.Step, Story: append([]string{}, v.Story...),
			})
		}
	}
}

// chaosRules are the verdicts on the rules. judged is what the contract's
// scenarios showed after a run that met a violation; it is empty after any other.
func (s *session) chaosRules(ctx context.Context, res chaosrun.Result, c ChaosRun, judged map[string]report.Rule) ([]report.Rule, error) {
	plans, err := selectScenarios(ctx, s.cfg)
	if err != nil {
		return nil, err
	}
	needed := occasions(plans, c.Plan)
	to := attribute(res.Findings, judged)
	s.sporadicToo(res.Findings, judged, to)
	s.notByLosses(res.Findings, to)
	accused := map[string][]oracle.Violation{}
	count := map[string]int{}
	for _, id := range slices.Sorted(maps.Keys(to.rule)) {
		accused[to.rule[id]] = append(accused[to.rule[id]], res.Findings.Violations[id]...)
		count[to.rule[id]] += res.Findings.Violated[id]
	}
	all, err := rule.Except(rule.All(), s.cfg.Skip)
	if err != nil {
		return nil, err
	}
	rules := make([]report.Rule, 0, len(all))
	for _, r := range all {
		of, ran := judged[r.ID]
		scenarios := of.Scenarios
		var deviations []report.Scenario
		for _, d := range s.subject.Traits.Deviations {
			if d.Rule == r.ID && !ran {
				deviations = append(deviations, s.late.learned(s.deviation(d), aboutState(d), s.subject.Traits))
			}
		}
		switch reason := to.unsure[r.ID]; {
		case len(deviations) > 0 && count[r.ID] == 0:
			scenarios = deviations
		case reason != "":
			scenarios = []report.Scenario{{Name: "cannot be told apart", File: c.Command + " run", Reason: reason}}
		case count[r.ID] > 0:
			scenarios = slices.Concat(deviations, s.violations(accused[r.ID], count[r.ID], c), failed(scenarios))
		case !ran:
			scenarios = s.chaosScenarios(r, res, c, needed)
		}
		if more := s.unsteady(); r.ID == plainRule && len(more) > 0 {
			scenarios = failed(scenarios)
			if !ran { // else they say it
				scenarios = append(scenarios, more...)
			}
		}
		for i, out := range scenarios {
			scenarios[i] = s.late.learned(out, r.State, s.subject.Traits)
		}
		rules = append(rules, report.Conclude(r, scenarios, s.cfg.Strict))
	}
	s.lookAtAll(rules)
	return rules, nil
}

// counted is a number of things: 1 message, 2 messages.
func counted(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}

// missed names what a run had no occasion for.
func missed(names []string) string {
	switch len(names) {
	case 0:
		return "it"
	case 1, 2:
		return strings.Join(names, " and ")
	}
	return fmt.Sprintf("%s, %s and %d more", names[0], names[1], len(names)-2)
}

// failed is the scenarios that failed.
func failed(all []report.Scenario) []report.Scenario {
	return slices.DeleteFunc(slices.Clone(all), func(sc report.Scenario) bool { return sc.Verdict != report.Failed })
}

// maxTold is how many violations of a rule are told in full.
const maxTold = 5

func (s *session) violations(all []oracle.Violation, total int, c ChaosRun) []report.Scenario {
	var told []report.Scenario
	for _, v := range all[:min(len(all), maxTold)] {
		told = append(told, s.violation(v, total, c))
	}
	return told
}

// chaosScenarios are what a run without a violation says of one rule: how often
// it was kept, or what could not be seen.
func (s *session) chaosScenarios(r rule.Rule, res chaosrun.Result, c ChaosRun, needed map[contract.ID][]oracle.Occasion) []report.Scenario {
	where := c.Command + " run"
	unseen := res.Unseen[r.ID]
	missing := res.Findings.Missing(needed[r.ID])
	if n := res.Findings.Checked[r.ID]; n > 0 && len(missing) == 0 && (unseen == "" || !r.State) {
		all := []report.Scenario{{Name: fmt.Sprintf("kept %d times", n), File: where, Verdict: report.Passed}}
		if unseen != "" {
			all = append(all, report.Scenario{Name: "what the state shows", File: where, Reason: unseen, Remedy: remedy(r), Partial: true})
		}
		return all
	}
	none := report.Scenario{Name: "not all of it was seen", File: where, Reason: unseen}
	switch {
	case unseen != "":
		none.Remedy = remedy(r)
	case res.Stopped != "":
		none.Reason = "not everything had shown it when the run ended: " + res.Stopped
	default:
		none.Reason = fmt.Sprintf("this run had no occasion for %s (profile %s, %s)", missed(missing), c.Plan.Profile.Name, counted(c.Plan.Messages, "message"))
		none.Remedy = byVerify
	}
	return []report.Scenario{none}
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
	e := report.Evidence{Request: v.Request, Response: v.Response, Expected: v.Expected, Reproduce: s.reproduceChaos(c, v.Seen != "")}
	if v.Seen != "" {
		e.Response = "state: " + oneLine(v.Seen)
	}
	if e.Request == "" {
		e.Request = strings.Join(v.Story, "\n")
	}
	out.Evidence = []report.Evidence{e}
	return out
}

// reproduceChaos is the command that does the run again. Where the receiver's state
// is wrong, and it still knows this run, it is told of other messages.
func (s *session) reproduceChaos(c ChaosRun, state bool) string {
	remembers := state && !s.subject.Target.CanRestart()
	if c.Command == LoadCommand && c.Trace == "" {
		return "" // it takes the script and all its processes
	}
	if c.Command != "chaos" || remembers && c.Trace != "" {
		words := []string{exchange.Quote(c.Trace)}
		if remembers {
			words = append(words, "--new-ids")
		}
		if s.cfg.Strict {
			words = append(words, "--strict")
		}
		return s.command("replay", words...)
	}
	profile := c.Profile
	if profile == "" {
		profile = c.Plan.Profile.Name
	}
	words := []string{"--seed " + s.seedAgain(state), fmt.Sprintf("--messages %d", c.Plan.Messages), "--profile " + exchange.Quote(profile)}
	if s.cfg.Strict {
		words = append(words, "--strict")
	}
	if c.Plan.Extended && s.cfg.Again == nil {
		words = append(words, "--extended")
	}
	return s.command("chaos", words...)
}
