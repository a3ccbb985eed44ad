package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sentsim/sentsim/scenarios"
	"github.com/sentsim/sentsim/scenarios/chaosrun"
	"github.com/sentsim/sentsim/scenarios/config"
	"github.com/sentsim/sentsim/scenarios/exchange"
	"github.com/sentsim/sentsim/scenarios/learn"
	"github.com/sentsim/sentsim/scenarios/oracle"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/scenarios/shrink"
	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/signing"
	"github.com/sentsim/sentsim/simulator/trace"
)

// shrinkOptions are what becomes of a failing run.
type shrinkOptions struct {
	shrink bool
	story  string
}

const shrinkHelp = `With --shrink a run that fails is reduced to a smallest one that still breaks the
same rule, told of new messages each time and bounded in time. It is written as a
Gherkin scenario, which sentsim verify --feature runs, and as a trace. A failure
that comes and goes is reported with its rate.`

func (o *shrinkOptions) shrinkFlags(f *pflag.FlagSet) {
	f.BoolVar(&o.shrink, "shrink", false, "if it fails: find the smallest part that does, and write it as a scenario and a trace")
	f.StringVar(&o.story, "story", "shrunk", "`NAME` of what --shrink writes: NAME.feature and NAME.jsonl (default shrunk)")
	plainDefault(f, "story")
	f.StringArray("rule", nil, "the `RULE` that --shrink goes after (default: a MUST, the one that was broken most)")
}

// check refuses what cannot go well, before anything is sent.
func (o shrinkOptions) check(cmd *cobra.Command, rules []string) error {
	switch {
	case !o.shrink && (cmd.Flags().Changed("story") || cmd.Flags().Changed("rule")):
		return usage("--story and --rule are about what --shrink writes: use it as well")
	case !o.shrink:
		return nil
	case o.story == "":
		return usage("--story is given but empty")
	case len(rules) > 1:
		return usage("--rule: --shrink goes after one rule at a time")
	}
	for _, name := range o.files() {
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE, 0o644) //nolint:gosec // for colleagues to read
		if err != nil {
			return fmt.Errorf("--story: %w", err)
		}
		info, err := f.Stat()
		_ = f.Close()
		if err == nil && info.Size() == 0 {
			_ = os.Remove(name)
		}
	}
	return nil
}

func (o shrinkOptions) files() []string {
	base := strings.TrimSuffix(o.story, ".feature")
	return []string{base + ".feature", base + ".jsonl"}
}

// taken is what a run did of its steps, and what it found.
type taken struct {
	run      scenarios.ChaosRun
	seen     bool
	findings oracle.Findings
	done     int // steps

	secret signing.Secret
	traits learn.Traits
}

func (t *taken) found(res chaosrun.Result) {
	t.seen, t.findings, t.done, t.secret = true, res.Findings, res.Steps, res.Secret
	t.run.Plan, t.traits = res.Plan, res.Traits // as it was adapted to the receiver
}

// steps are those that were done.
func (t *taken) steps() iter.Seq[chaos.Step] {
	all := t.run.Steps
	if all == nil {
		all = t.run.Plan.Steps()
	}
	return func(yield func(chaos.Step) bool) {
		n := 0
		for s := range all {
			if n++; n > t.done || !yield(s) {
				return
			}
		}
	}
}

// wants tells whether a run that ended with err is to be reduced: one that failed,
// or that broke the rule which is asked for.
func (o shrinkOptions) wants(cmd *cobra.Command, t *taken, err error) bool {
	var e *exitError
	failed := errors.As(err, &e) && e.status == statusBroken
	return o.shrink && t.seen && len(t.findings.Violated) > 0 && cmd.Context().Err() == nil && (failed || cmd.Flags().Changed("rule"))
}

// shrinkRun reduces a run that failed, and prints what is left.
func (a *app) shrinkRun(ctx context.Context, res config.Resolved, t *taken, o shrinkOptions, screen io.Writer, v verifyOptions) error {
	f := shrink.Failing{
		Plan: t.run.Plan, Steps: t.steps(), Findings: t.findings, Concurrency: t.run.Options.Concurrency,
		Origin: origin(t), Secret: t.secret, Traits: t.traits,
	}
	if len(res.Rules) > 0 {
		f.Rule = res.Rules[0]
	}
	p := startProgress(ctx, progressOptions{out: a.stderr, plain: v.output == "plain", quiet: v.quiet, what: "shrinking", unit: "trials"})
	f.Watch = func(w shrink.Progress) {
		failed := 0
		if w.Fails {
			failed = 1
		}
		p.add(1, failed)
	}
	got, err := scenarios.Shrink(ctx, res.Config, f)
	p.close()
	switch {
	case errors.Is(err, shrink.ErrNothing) && f.Rule != "":
		return fmt.Errorf("--shrink: the run did not break %s", f.Rule)
	case errors.Is(err, shrink.ErrNothing):
		return errors.New("--shrink: what this run broke cannot be reduced")
	case err != nil && got.Steps == nil:
		return fmt.Errorf("--shrink: %w", err)
	}
	return errors.Join(err, a.printShrunk(t, res, got, o, screen))
}

// origin is where a run comes from, for people who find its scenario in a year.
func origin(t *taken) string {
	p := t.run.Plan
	return fmt.Sprintf("Reduced from the %s of: sentsim chaos --seed %s --messages %d --profile %s",
		counted(t.done, "step"), p.Seed, p.Messages, p.Profile.Name)
}

func (a *app) printShrunk(t *taken, res config.Resolved, got shrink.Shrunk, o shrinkOptions, screen io.Writer) error {
	var b strings.Builder
	found := ""
	if got.Found != got.Rule.ID {
		found = ", found by " + got.Found
	}
	fmt.Fprintf(&b, "\nSHRUNK %s (%s%s): ", got.Rule.ID, got.Rule.Level, found)
	if got.Steps == nil {
		fmt.Fprintf(&b, "nothing, after %s\n  %s\n", counted(got.Trials, "trial"), got.Why)
		_, err := io.WriteString(screen, report.Printable(b.String()))
		return err
	}
	fmt.Fprintf(&b, "%s → %s, after %s; it fails %s times\n",
		counted(t.done, "step"), counted(len(got.Steps), "step"), counted(got.Trials, "trial"), got.Ended)
	if got.Why != "" {
		fmt.Fprintf(&b, "  %s\n", got.Why)
	} else if !got.Ended.Always() {
		fmt.Fprintf(&b, "  flaky: it does not fail every time\n")
	}
	fmt.Fprintf(&b, "  %s\n", got.Violation.Summary)
	files := o.files()
	next := func(command, what string) string {
		return strings.Join([]string{"sentsim", command, what, res.Again(command)}, " ")
	}
	newIDs := ""
	if res.Target.URL != "" { // it still knows the messages of this run
		newIDs = " --new-ids"
	}
	if err := writeShrunk(files[1], t.run, got); err != nil {
		return err
	}
	switch {
	case got.Feature != "":
		if err := os.WriteFile(files[0], []byte(got.Feature), 0o644); err != nil { //nolint:gosec // for colleagues to read
			return err
		}
		fmt.Fprintf(&b, "  scenario %s (run it: %s)\n", files[0], next("verify", "--feature "+exchange.Quote(files[0])))
	default:
		fmt.Fprintf(&b, "  no scenario: %s\n", cmp.Or(got.NoFeature, "it ended before one was tried"))
	}
	fmt.Fprintf(&b, "  trace    %s (replay it: %s)\n", files[1], next("replay", exchange.Quote(files[1])+newIDs))
	if got.Feature != "" {
		fmt.Fprintf(&b, "\n%s", got.Feature)
	}
	_, err := io.WriteString(screen, report.Printable(b.String()))
	return err
}

func counted(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}

// writeShrunk writes the reduced run as a trace.
func writeShrunk(name string, run scenarios.ChaosRun, got shrink.Shrunk) (err error) {
	f, err := trace.Create(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	err = f.Begin(trace.Run{
		Sentsim: thisBuild().version, Command: "shrink", Target: "", Started: clock.Wall().UTC(), Concurrency: 1, Plan: run.Plan,
	})
	for _, s := range got.Steps {
		err = errors.Join(err, f.Step(s, trace.Answer{Skipped: "not sent as a whole: reduced from a larger run"}))
	}
	return errors.Join(err,
		f.Violation(trace.Violation{Rule: got.Rule.ID, Subject: got.Violation.Subject, Text: got.Violation.Summary, Step: got.Violation.Step}),
		f.End(report.ExitBroken, ""))
}
