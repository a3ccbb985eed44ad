package scenarios

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/sentsim/sentsim/scenarios/cause"
	"github.com/sentsim/sentsim/scenarios/chaosrun"
	"github.com/sentsim/sentsim/scenarios/oracle"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/scenarios/steps"
	"github.com/sentsim/sentsim/scenarios/target"
	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/contract"
	"github.com/sentsim/sentsim/simulator/event"
)

// share is what one process carried out of a plan, and what it found.
type share struct {
	done  *iterations
	found found
}

// found is what was judged, as it stands in a report. It holds no secret: its texts
// were redacted when they were made.
type found struct {
	Plan      chaos.Plan    `json:"plan"`
	Skip      []contract.ID `json:"skip,omitempty"`
	AckWithin time.Duration `json:"ack_within"`

	Counts    chaosrun.Counts                    `json:"counts"`
	Findings  oracle.Findings                    `json:"findings"`
	Latencies chaosrun.Latencies                 `json:"latencies"`
	ByType    map[event.Type]*chaosrun.Latencies `json:"by_type,omitempty"`
	Unseen    map[contract.ID]string             `json:"unseen,omitempty"`
	Fell      string                             `json:"fell,omitempty"`
	Stopped   string                             `json:"stopped,omitempty"`
	Trouble   []string                           `json:"trouble,omitempty"`
	Sending   time.Duration                      `json:"sending"`
	Virtual   time.Duration                      `json:"virtual"`
}

// newShare is a share of its own: nothing of it changes with what is found later.
func newShare(plan chaos.Plan, cfg Config, res chaosrun.Result, done *iterations) (share, error) {
	if res.Findings.Checked == nil {
		res.Findings = oracle.NewFindings()
	}
	data, err := json.Marshal(found{
		Plan: plan, Skip: cfg.Skip, AckWithin: cfg.AckWithin,
		Counts: res.Counts, Findings: res.Findings, Latencies: res.Latencies, ByType: res.ByType, Unseen: res.Unseen,
		Fell: res.Fell, Stopped: res.Stopped, Trouble: res.Trouble, Sending: res.Sending, Virtual: res.Virtual,
	})
	if err != nil {
		return share{}, err
	}
	return readShare(report.Share{Done: done.String(), Found: data})
}

// readShare reads a share as it stands in a report.
func readShare(in report.Share) (share, error) {
	s := share{}
	if err := json.Unmarshal(in.Found, &s.found); err != nil {
		return s, fmt.Errorf("chaos.share.found: %w", err)
	}
	if err := s.found.Plan.Validate(); err != nil {
		return s, fmt.Errorf("chaos.share.found.plan: %w", err)
	}
	if b := &s.found.Findings; b.Checked == nil || b.Violated == nil || b.Violations == nil || b.Occasions == nil {
		return s, errors.New("chaos.share.found.findings: is not whole")
	}
	var err error
	if s.done, err = parseIterations(in.Done, s.found.Plan.Messages); err != nil {
		return s, fmt.Errorf("chaos.share.done: %w", err)
	}
	return s, nil
}

// result is what was found, as a run has it.
func (f found) result() chaosrun.Result {
	return chaosrun.Result{
		Counts: f.Counts, Plan: f.Plan, Findings: f.Findings, Latencies: f.Latencies, ByType: f.ByType, Unseen: f.Unseen,
		Fell: f.Fell, Stopped: f.Stopped, Trouble: f.Trouble, Sending: f.Sending, Virtual: f.Virtual,
	}
}

// concludeLoad fills in what a share comes to. whole says that it should be all of the plan.
func (s *session) concludeLoad(ctx context.Context, rep report.Report, run ChaosRun, mine share, whole bool) (report.Report, error) {
	kept, err := json.Marshal(mine.found) // before the run's own judgement of its latencies
	if err != nil {
		return rep, err
	}
	res := mine.found.result()
	missing := mine.done.without(run.Plan.Messages)
	if whole && missing.n > 0 && res.Stopped == "" {
		res.Stopped = fmt.Sprintf("%s of %d %s missing: %s", counted(missing.n, "iteration"), run.Plan.Messages, are(missing.n), missing)
	}
	rep.Chaos = &report.Chaos{
		Profile: run.Plan.Profile.Name, Messages: run.Plan.Messages, Trace: run.Trace,
		Share: &report.Share{Done: mine.done.String(), Missing: missing.String(), Found: kept},
	}
	for _, p := range run.Plan.Profile.Probabilities() {
		rep.Chaos.Probabilities = append(rep.Chaos.Probabilities, report.Probability(p))
	}
	s.latency(&res, true)
	fill(rep.Chaos, res)
	rep.Chaos.Begun = mine.done.n
	rep.VirtualMS = res.Virtual.Milliseconds()
	if rep.Rules, err = s.chaosRules(ctx, res, run, nil); err != nil {
		return rep, err
	}
	rep.Causes = append([]report.Cause{}, cause.Explain(s.facts(rep.Rules))...)
	cause.Assign(rep.Rules, rep.Causes)
	rep.Summary = report.Summarise(rep.Rules)
	rep.ExitStatus = report.ExitStatus(rep)
	switch {
	case res.Fell != "" && rep.Summary.Failed == 0:
		rep.ExitStatus = ExitTarget
	case res.Stopped != "" && rep.ExitStatus == report.ExitKept:
		rep.ExitStatus = report.ExitErrored // a part of the run is no run
	}
	return rep, nil
}

func are(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

// Merge makes one report of those of the processes that carried out one plan together.
// Iterations that none of them carried out are named in it, and are no success. names
// are what errors call the reports.
func Merge(ctx context.Context, reports []report.Report, names []string) (report.Report, error) {
	var all share
	var first report.Report
	var shares []share
	var plan []byte
	for i, rep := range reports {
		if rep.Chaos == nil || rep.Chaos.Share == nil {
			return report.Report{}, fmt.Errorf("%s: is not the report of a part of a run: run.summary in k6 writes those", names[i])
		}
		mine, err := readShare(*rep.Chaos.Share)
		if err != nil {
			return report.Report{}, fmt.Errorf("%s: %w", names[i], err)
		}
		its, err := json.Marshal(mine.found.Plan)
		if err != nil {
			return report.Report{}, err
		}
		if i == 0 {
			all = share{done: &iterations{}, found: found{Plan: mine.found.Plan, Skip: mine.found.Skip, AckWithin: mine.found.AckWithin}}
			first, plan = rep, its
		}
		if err := sameRun(first, rep, string(plan), string(its)); err != nil {
			return report.Report{}, fmt.Errorf("%s and %s are not of one run: %w", names[0], names[i], err)
		}
		for j, other := range shares {
			if n, both := other.done.common(mine.done); both {
				return report.Report{}, fmt.Errorf("iteration %d was carried out twice: it stands in %s and in %s", n, names[j], names[i])
			}
		}
		shares = append(shares, mine)
	}
	res := chaosrun.Result{}
	for _, mine := range shares {
		one := mine.found.result()
		res.Add(one)
		res.Fell, res.Stopped = cmp.Or(res.Fell, one.Fell), cmp.Or(res.Stopped, one.Stopped)
		res.Sending = max(res.Sending, one.Sending)
		for i, ok := mine.done.next(0); ok; i, ok = mine.done.next(i + 1) {
			all.done.add(i)
		}
	}
	cfg := DefaultConfig()
	cfg.Seed, cfg.Strict, cfg.RequireAll, cfg.Skip, cfg.AckWithin = all.found.Plan.Seed, first.Strict, first.RequireAll, all.found.Skip, all.found.AckWithin
	cfg.Knobs.Edition, cfg.Target = first.Edition, target.Spec{URL: first.Target}
	sum, err := newShare(all.found.Plan, cfg, res, all.done)
	if err != nil {
		return report.Report{}, err
	}
	tgt, err := target.New(cfg.Target)
	if err != nil {
		return report.Report{}, fmt.Errorf("%s: %w", names[0], err)
	}
	s := &session{cfg: cfg, late: newLate(cfg.Settle, nil), subject: steps.NewSubject(&steps.Subject{Target: tgt, Seed: cfg.Seed})}
	rep := opened(cfg, first.Sentsim, LoadCommand, first.Target, time.Time{})
	for i, part := range reports {
		if part.Started != "" && (rep.Started == "" || part.Started < rep.Started) {
			rep.Started = part.Started
		}
		rep.DurationMS = max(rep.DurationMS, part.DurationMS)
		rep.Notes = append(rep.Notes, fmt.Sprintf("%s: %s", names[i], counted(shares[i].done.n, "iteration")))
	}
	return s.concludeLoad(ctx, rep, ChaosRun{Plan: all.found.Plan, Command: LoadCommand, Version: first.Sentsim}, sum, true)
}

// sameRun says why two reports are not of one run.
func sameRun(a, b report.Report, planA, planB string) error {
	switch {
	case a.Seed != b.Seed:
		return fmt.Errorf("seed %d and seed %d", a.Seed, b.Seed)
	case a.Chaos.Messages != b.Chaos.Messages:
		return fmt.Errorf("%d messages and %d messages", a.Chaos.Messages, b.Chaos.Messages)
	case a.Chaos.Profile != b.Chaos.Profile:
		return fmt.Errorf("profile %s and profile %s", a.Chaos.Profile, b.Chaos.Profile)
	case a.Sentsim != b.Sentsim:
		return fmt.Errorf("sentsim %s and sentsim %s", a.Sentsim, b.Sentsim)
	case planA != planB:
		return errors.New("their plans differ (edition, start, channels or another setting)")
	case a.Strict != b.Strict || a.RequireAll != b.RequireAll:
		return errors.New("they were judged in different ways (strict, require_all)")
	}
	return nil
}
