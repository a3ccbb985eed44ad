package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sentsim/sentsim/scenarios"
	"github.com/sentsim/sentsim/scenarios/config"
	"github.com/sentsim/sentsim/scenarios/report"
)

type verifyOptions struct {
	output, color  string
	reports        []string
	reportDir      string
	quiet, verbose bool
	dryRun         bool
}

func (a *app) verifyCommand() *cobra.Command {
	var o verifyOptions
	cmd := &cobra.Command{
		Use:   "verify [flags]",
		Short: "check a receiver against the contract",
		Long: `Runs the contract's scenarios against a receiver and gives a verdict on every
rule, with evidence, the reason and the fix. Without a target it runs against the
reference receiver inside sentsim.

` + reportHelp(),
		Example: `  sentsim verify --target http://127.0.0.1:8080/webhooks/sent --secret-stdin < secret.txt
  sentsim verify --exec 'node server.js' --path /hooks/sent --strict
  sentsim verify --image my-receiver:ci --port 8080
  sentsim verify --exec ./receiver --rule SIG,ACK-1 --verbose
  sentsim verify --config ci/sentsim.yaml --report junit=report.xml --report json=report.json
  sentsim verify --dry-run`,
		Args:        noArgs,
		Annotations: map[string]string{helpEnvironment: environment, helpStatuses: exitStatuses},
		RunE:        func(cmd *cobra.Command, _ []string) error { return a.verify(cmd, o) },
	}
	targetFlags(cmd)
	secretFlags(cmd)
	selectionFlags(cmd)
	group(cmd, "Output", func(f *pflag.FlagSet) {
		f.StringVar(&o.output, "output", "auto", "`FORM` of what is printed: auto, plain (as where there is no terminal) or json (default auto)")
		plainDefault(f, "output")
		reportFlags(f, &o)
		f.BoolVarP(&o.quiet, "quiet", "q", false, "only what is wrong, and the last line")
		f.BoolVarP(&o.verbose, "verbose", "v", false, "scenarios and steps too, and evidence in full")
		f.BoolVar(&o.dryRun, "dry-run", false, "print what would be judged; send and start nothing")
	})
	eventFlags(cmd, "1")
	clockFlags(cmd, "virtual")
	limitFlags(cmd)
	deliveryFlags(cmd)
	configFlag(cmd)
	_ = cmd.RegisterFlagCompletionFunc("output", fixed("auto", "plain", "json"))
	colorFlag(cmd, &o.color)
	_ = cmd.RegisterFlagCompletionFunc("report", fixed(report.Formats()...))
	return cmd
}

func (a *app) verify(cmd *cobra.Command, o verifyOptions) error {
	plan, err := planOutput(o, a.getenv("GITHUB_STEP_SUMMARY"))
	if err != nil {
		return err
	}
	res, err := a.load(cmd)
	if err != nil {
		return err
	}
	if len(res.Features) > 0 && assumed(res) {
		return usage("--feature: which receiver? name it with --target URL, --exec 'CMD' or in the config file (--embedded is the reference receiver)")
	}
	if err := probesNothing(res); err != nil {
		return err
	}
	if o.dryRun {
		return a.verifyDryRun(cmd.Context(), res, o)
	}
	if err := plan.create(); err != nil {
		return err
	}
	defer plan.discard()

	screen := a.stdout
	switch {
	case o.output == "json":
		screen = io.Discard
	case plan.toStdout != nil:
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
	shown := a.watch(cmd.Context(), terminal, screen, o)
	rep, err := scenarios.Run(cmd.Context(), res.Config, scenarios.WithVersion(thisBuild().version), scenarios.WithWatcher(shown))
	shown.close()
	return a.conclude(cmd.Context(), rep, err, terminal, plan)
}

// assumed tells whether nobody asked for the embedded receiver: it is the default.
func assumed(res config.Resolved) bool {
	for _, v := range res.Values {
		if v.Key == "target.embedded" {
			return v.Origin == "default"
		}
	}
	return false
}

// probesNothing refuses a probe of a receiver that nobody named: the embedded one,
// which would be judged in its place, says nothing of that.
func probesNothing(res config.Resolved) error {
	if !assumed(res) {
		return nil
	}
	for _, v := range res.Values {
		if strings.HasPrefix(v.Key, "probe.") && v.Origin != "default" {
			return usage("%s: %s is set and no target: which receiver? name it with --target URL, --exec 'CMD' or target: in the config file (--embedded is the reference receiver)", v.Origin, v.Key)
		}
	}
	return nil
}

// conclude prints what a run came to, however it ended.
func (a *app) conclude(ctx context.Context, rep report.Report, err error, terminal *report.Terminal, plan *outputs) error {
	status := scenarios.Status(rep, err)
	if status == scenarios.ExitUsage && isFull(err) { // nothing was judged, and that is not the user's mistake
		status = statusTrouble
	}
	stop := stopped(ctx)
	if stop != nil {
		status = stop.status
	}
	var unreachable *scenarios.TargetError
	switch {
	case rep.Schema == 0 && stop != nil: // it had not even begun
		return exit(status, stop)
	case rep.Schema == 0:
		return err
	case stop != nil:
	case errors.As(err, &unreachable):
		a.targetTrouble(unreachable)
	case err != nil:
		defer a.complain(err) // below the report, where it is not missed
	}
	rep.ExitStatus = status
	var trouble []error
	if unreachable == nil {
		trouble = append(trouble, terminal.Finish(rep))
	}
	trouble = append(trouble, plan.write(a.stdout, rep))
	if a.getenv("GITHUB_ACTIONS") == "true" {
		trouble = append(trouble, report.Annotations(a.stderr, rep)) // the runner reads both streams
	}
	if err := errors.Join(trouble...); err != nil {
		if status == report.ExitKept {
			status = statusTrouble // nobody will read that all is well
		}
		return exit(status, err)
	}
	return exit(status, nil)
}
