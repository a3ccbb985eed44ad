package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sentsim/sentsim/scenarios"
	"github.com/sentsim/sentsim/scenarios/chaosrun"
	"github.com/sentsim/sentsim/scenarios/input"
	"github.com/sentsim/sentsim/simulator/seed"
	"github.com/sentsim/sentsim/simulator/trace"
)

type replayOptions struct {
	verifyOptions
	recordOptions
	shrinkOptions
	partial, newIDs bool
}

func (a *app) replayCommand() *cobra.Command {
	var o replayOptions
	cmd := &cobra.Command{
		Use:   "replay FILE [flags]",
		Short: "do a recorded chaos run again",
		Long: `Sends what a trace holds (see sentsim chaos --record): the same bytes in the same
order, signed anew with the secret of this target, with the same faults, forgeries
and restarts; and judges the outcome as the chaos run was judged.

A receiver that still remembers the recorded run cannot be judged by it: give it a
fresh state, or replay with --new-ids, which tells the same of other messages.

` + shrinkHelp,
		Example: `  sentsim replay run.jsonl --exec 'node server.js'
  sentsim replay run.jsonl --target http://127.0.0.1:8080/webhooks/sent --new-ids`,
		Args:        cobra.ArbitraryArgs,
		Annotations: map[string]string{helpEnvironment: environment, helpStatuses: exitStatuses},
		RunE:        func(cmd *cobra.Command, args []string) error { return a.replay(cmd, args, o) },
	}
	group(cmd, "Run", func(f *pflag.FlagSet) {
		f.BoolVar(&o.partial, "partial", false, "replay what is whole of a trace that is cut off")
		f.BoolVar(&o.newIDs, "new-ids", false, "the same of other messages, templates and contacts, drawn from --seed (default random)")
		o.recordFlag(f)
		o.shrinkFlags(f)
	})
	_ = cmd.RegisterFlagCompletionFunc("rule", fixed(ruleNames()...))
	targetFlags(cmd)
	secretFlags(cmd)
	judgingFlags(cmd)
	chaosOutputFlags(cmd, &o.verifyOptions)
	group(cmd, "Events", func(f *pflag.FlagSet) {
		f.String("seed", "", "`SEED` of the new ids: a whole number or random")
	})
	deliveryFlags(cmd)
	configFlag(cmd)
	return cmd
}

// recordOptions are where a run is kept.
type recordOptions struct{ record string }

func (o *recordOptions) recordFlag(f *pflag.FlagSet) {
	f.StringVar(&o.record, "record", "", "write the run to `FILE`, a line for each step, for sentsim replay")
}

// create makes sure that the trace can be written; nil where none is asked for.
func (o recordOptions) create(cmd *cobra.Command) (*trace.File, error) {
	if o.record == "" {
		if cmd.Flags().Changed("record") {
			return nil, usage("--record is given but empty")
		}
		return nil, nil
	}
	f, err := trace.Create(o.record)
	if err != nil {
		return nil, fmt.Errorf("--record: %w", err)
	}
	return f, nil
}

// readTrace reads a trace as a whole, before anything is sent.
func readTrace(ctx context.Context, name string, partial bool) (*trace.Trace, error) {
	f, err := input.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	t, err := trace.Read(f)
	switch {
	case err == nil:
	case errors.Is(err, trace.ErrCut) && t != nil && len(t.Steps) > 0:
		if partial {
			break
		}
		return nil, fmt.Errorf("%s: %w; what comes before that is whole (%s): replay it with --partial", name, err, counted(len(t.Steps), "step"))
	default:
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(t.Steps) == 0 {
		return nil, fmt.Errorf("%s: nothing was sent in this run, so there is nothing to replay", name)
	}
	if err := t.Run.Plan.Validate(); err != nil {
		return nil, fmt.Errorf("%s: line 1, %q: %w", name, "plan", err)
	}
	return t, nil
}

func (a *app) replay(cmd *cobra.Command, args []string, o replayOptions) error {
	switch {
	case len(args) == 0:
		return usage("which trace? sentsim chaos --record FILE writes one")
	case len(args) > 1:
		return noArgs(cmd, args[1:])
	}
	if same(args[0], o.record) {
		return usage("--record %s: that is the trace to replay", o.record)
	}
	out, err := planOutput(o.verifyOptions, a.getenv("GITHUB_STEP_SUMMARY"))
	if err != nil {
		return err
	}
	t, err := readTrace(cmd.Context(), args[0], o.partial)
	if err != nil {
		return err
	}
	res, err := a.load(cmd)
	if err != nil {
		return err
	}
	run := scenarios.ChaosRun{
		Command: "replay", Trace: args[0], Plan: t.Run.Plan,
		Options: chaosrun.Options{Concurrency: max(t.Run.Concurrency, 1)},
	}
	steps := t.Plan()
	switch {
	case o.newIDs:
		if !cmd.Flags().Changed("seed") {
			res.Seed = seed.Random()
		}
		run.Plan.Seed = res.Seed
		steps = trace.NewRedraw(res.Seed.Stream("replay")).Steps(steps)
	case cmd.Flags().Changed("seed"):
		return usage("--seed draws new ids: use it with --new-ids")
	default:
		res.Seed = run.Plan.Seed
	}
	run.Steps = slices.Values(steps)
	if o.dryRun {
		return a.chaosDryRun(run, o.verifyOptions)
	}
	return a.carryOut(cmd, res, run, o.verifyOptions, o.recordOptions, o.shrinkOptions, out)
}

// same tells whether two names are of one file.
func same(a, b string) bool {
	if b == "" {
		return false
	}
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return filepath.Clean(a) == filepath.Clean(b) || errX == nil && errY == nil && os.SameFile(x, y)
}
