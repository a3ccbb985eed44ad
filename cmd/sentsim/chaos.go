package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sentsim/sentsim/scenarios"
	"github.com/sentsim/sentsim/scenarios/chaosrun"
	"github.com/sentsim/sentsim/scenarios/config"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/simulator/chaos"
)

const (
	defaultMessages = 300
	// messagesForDuration is how many messages a run has at most that ends by time.
	messagesForDuration = 1_000_000
	// sideBySide is how many deliveries about different messages are under way.
	sideBySide = 16
)

type chaosOptions struct {
	verifyOptions
	recordOptions
	shrinkOptions
	messages, rate, duration, profile string
}

func (a *app) chaosCommand() *cobra.Command {
	var o chaosOptions
	cmd := &cobra.Command{
		Use:   "chaos [flags]",
		Short: "send a receiver everything that goes wrong in the wild",
		Long: `Sends hundreds of messages' events with faults that are drawn from the seed, and
compares what the receiver made of them with what a correct one must have: final
statuses, one effect for each event, inbound texts, templates, and no trace of
forged deliveries. It sees that through the state probe of the config file;
without one it judges the answers, and says what it could not check. The same
seed and profile make the same run. Minutes of retries take no time: events are
dated back instead.

Profiles: calm, carrier, retry-storm, hostile, everything, or a YAML file with
name, base, mix and faults.

` + shrinkHelp + "\n\n" + reportHelp(),
		Example: `  sentsim chaos --exec 'node server.js' --messages 1000
  sentsim chaos --target http://127.0.0.1:8080/webhooks/sent --profile retry-storm --rate 50
  sentsim chaos --embedded --seed random --report json=chaos.json
  sentsim chaos --profile carrier --dry-run`,
		Args:        noArgs,
		Annotations: map[string]string{helpEnvironment: environment, helpStatuses: exitStatuses},
		RunE:        func(cmd *cobra.Command, _ []string) error { return a.chaos(cmd, o) },
	}
	group(cmd, "Run", func(f *pflag.FlagSet) {
		f.StringVar(&o.messages, "messages", "", "`N` messages, inbound texts' contacts and templates included (default 300)")
		f.StringVar(&o.rate, "rate", "", "at most `R` deliveries a second (default: as many as the receiver takes)")
		f.StringVar(&o.duration, "duration", "", "stop sending after `DURATION`; without --messages, send until then")
		f.StringVar(&o.profile, "profile", chaos.DefaultProfile, "how much goes wrong: `NAME|FILE` (default everything)")
		plainDefault(f, "profile")
		o.recordFlag(f)
		o.shrinkFlags(f)
	})
	_ = cmd.RegisterFlagCompletionFunc("rule", fixed(ruleNames()...))
	targetFlags(cmd)
	secretFlags(cmd)
	judgingFlags(cmd)
	chaosOutputFlags(cmd, &o.verifyOptions)
	eventFlags(cmd, "1")
	limitFlags(cmd)
	deliveryFlags(cmd)
	configFlag(cmd)
	_ = cmd.RegisterFlagCompletionFunc("profile", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return chaos.ProfileNames(), cobra.ShellCompDirectiveDefault // or a file
	})
	return cmd
}

// judgingFlags say how a run is judged.
func judgingFlags(cmd *cobra.Command) {
	group(cmd, "Selection", func(f *pflag.FlagSet) {
		f.StringArray("skip", nil, "all but these `RULES`: ids and families with commas between, e.g. SIG,ACK-3; repeatable")
		f.Bool("strict", false, "SHOULD rules fail the run")
		f.String("settle", "", "how long state may lag behind the acknowledgement (`DURATION`, default 2s)")
	})
	_ = cmd.RegisterFlagCompletionFunc("skip", fixed(ruleNames()...))
}

// chaosOutputFlags are what is printed of a run.
func chaosOutputFlags(cmd *cobra.Command, o *verifyOptions) {
	group(cmd, "Output", func(f *pflag.FlagSet) {
		f.StringVar(&o.output, "output", "auto", "`FORM` of what is printed: auto, plain (as where there is no terminal) or json (default auto)")
		plainDefault(f, "output")
		reportFlags(f, o)
		f.BoolVarP(&o.quiet, "quiet", "q", false, "only what is wrong, and the last line")
		f.BoolVarP(&o.verbose, "verbose", "v", false, "evidence in full, and every probability")
		f.BoolVar(&o.dryRun, "dry-run", false, "print the plan, a line for each step; send and start nothing")
	})
	_ = cmd.RegisterFlagCompletionFunc("output", fixed("auto", "plain", "json"))
	colorFlag(cmd, &o.color)
	_ = cmd.RegisterFlagCompletionFunc("report", fixed(report.Formats()...))
}

// chaosRun is what the command's own flags ask for.
func (o chaosOptions) chaosRun(ctx context.Context, cfg config.Config) (scenarios.ChaosRun, error) {
	c := scenarios.ChaosRun{Command: "chaos", Options: chaosrun.Options{Concurrency: sideBySide}}
	messages := defaultMessages
	if o.duration != "" {
		d, err := time.ParseDuration(o.duration)
		if err != nil || d <= 0 || d > 24*time.Hour {
			return c, usage("--duration %q: write it with its unit, as 30s or 5m (24h at most)", o.duration)
		}
		c.Options.Duration, messages = d, messagesForDuration
	}
	if o.messages != "" {
		n, err := strconv.Atoi(o.messages)
		if err != nil || n < 1 || n > chaos.MaxMessages {
			return c, usage("--messages %q: use a whole number from 1 to %d", o.messages, chaos.MaxMessages)
		}
		messages = n
	}
	if o.rate != "" {
		r, err := strconv.ParseFloat(o.rate, 64)
		if err != nil || !(r >= 0.01 && r <= 1e6) {
			return c, usage("--rate %q: use a number of deliveries a second, from 0.01 to 1000000", o.rate)
		}
		c.Options.Rate = r
	}
	c.Profile = o.profile
	profile, err := config.LoadProfile(ctx, o.profile)
	if err != nil {
		return c, err
	}
	c.Plan, err = scenarios.ChaosPlan(cfg, profile, messages)
	return c, err
}

func (a *app) chaos(cmd *cobra.Command, o chaosOptions) error {
	out, err := planOutput(o.verifyOptions, a.getenv("GITHUB_STEP_SUMMARY"))
	if err != nil {
		return err
	}
	res, err := a.load(cmd)
	if err != nil {
		return err
	}
	if err := probesNothing(res); err != nil {
		return err
	}
	run, err := o.chaosRun(cmd.Context(), res.Config)
	if err != nil {
		return err
	}
	if o.dryRun {
		return a.chaosDryRun(run, o.verifyOptions)
	}
	run.Trace = o.record
	return a.carryOut(cmd, res, run, o.verifyOptions, o.recordOptions, o.shrinkOptions, out)
}

// carryOut carries a run out and prints what it came to.
func (a *app) carryOut(cmd *cobra.Command, res config.Resolved, run scenarios.ChaosRun, o verifyOptions, keep recordOptions, shrink shrinkOptions, out *outputs) (err error) {
	if err := shrink.check(cmd, res.Rules); err != nil {
		return err
	}
	if run.Record, err = keep.create(cmd); err != nil {
		return err
	}
	if run.Record != nil {
		defer func() {
			if closeErr := run.Record.Close(); err == nil && closeErr != nil {
				err = exit(statusTrouble, closeErr)
			}
		}()
	}
	if err := out.create(); err != nil {
		return err
	}
	defer out.discard()
	screen := a.stdout
	switch {
	case o.output == "json":
		screen = io.Discard
	case out.toStdout != nil:
		screen = a.stderr
	}
	style := a.style(screen, o.output == "plain", o.color)
	style.Quiet, style.Verbose = o.quiet, o.verbose
	if assumed(res) && !o.quiet {
		note := screen
		if o.output == "json" {
			note = a.stderr
		}
		fmt.Fprintln(note, "no target is given: this is a run against the embedded reference receiver (name yours with --target URL or --exec 'CMD')")
	}
	terminal := report.NewTerminal(style)
	a.prepare(cmd, &res)
	var progress *progress
	profile, messages := run.Plan.Profile.Name, run.Plan.Messages
	run.Started = func(h report.Header) {
		progress.above(func() { terminal.StartChaos(h, profile, messages) })
	}
	t := &taken{run: run}
	run.Found = t.found
	progress = a.watchChaos(cmd.Context(), &run, o)
	run.Version = thisBuild().version
	rep, err := scenarios.Chaos(cmd.Context(), res.Config, run)
	progress.close()
	for _, r := range rep.Rules {
		terminal.RuleDone(r)
	}
	err = a.conclude(cmd.Context(), rep, err, terminal, out)
	if !shrink.wants(cmd, t, err) {
		return err
	}
	if screen == io.Discard {
		screen = a.stderr
	}
	if shrinkErr := a.shrinkRun(cmd.Context(), res, t, shrink, screen, o); shrinkErr != nil {
		if stop := stopped(cmd.Context()); stop != nil {
			return exit(stop.status, stop)
		}
		a.complain(shrinkErr)
	}
	return err
}
