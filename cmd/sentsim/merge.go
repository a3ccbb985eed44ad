package main

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sentsim/sentsim/scenarios"
	"github.com/sentsim/sentsim/scenarios/report"
)

func (a *app) mergeCommand() *cobra.Command {
	var o verifyOptions
	cmd := &cobra.Command{
		Use:   "merge REPORT.json… [flags]",
		Short: "make one report of those of several k6 processes",
		Long: `Makes one report of those that the processes of one test in k6 wrote, each of its
own --execution-segment, and judges the rules by all of them together: as one process
would that had carried out the whole test. It names the iterations that no report
holds, of a process that was killed, say; then the run is no success. Iterations that
two reports hold, and reports of different runs, are refused.

` + reportHelp(),
		Example: `  sentsim merge sentsim-*.json
  sentsim merge a.json b.json c.json --report junit=report.xml`,
		Args: cobra.ArbitraryArgs,
		Annotations: map[string]string{helpStatuses: `  0  no MUST rule failed, at least one passed, and no iteration is missing
  1  the contract is broken
  2  a report cannot be read, they are not of one run, or nothing was judged
  3  the receiver went down
  4  iterations are missing, or a rule could not be judged
`},
		RunE: func(cmd *cobra.Command, args []string) error { return a.merge(cmd, args, o) },
	}
	group(cmd, "Output", func(f *pflag.FlagSet) {
		f.StringVar(&o.output, "output", "auto", "`FORM` of what is printed: auto, plain (as where there is no terminal) or json (default auto)")
		plainDefault(f, "output")
		reportFlags(f, &o)
		f.BoolVarP(&o.quiet, "quiet", "q", false, "only what is wrong, and the last line")
		f.BoolVarP(&o.verbose, "verbose", "v", false, "evidence in full, and every probability")
	})
	_ = cmd.RegisterFlagCompletionFunc("output", fixed("auto", "plain", "json"))
	colorFlag(cmd, &o.color)
	_ = cmd.RegisterFlagCompletionFunc("report", fixed(report.Formats()...))
	return cmd
}

func (a *app) merge(cmd *cobra.Command, args []string, o verifyOptions) error {
	if len(args) == 0 {
		return usage("which reports? name those of all processes: run.summary in k6 writes them")
	}
	out, err := planOutput(o, a.getenv("GITHUB_STEP_SUMMARY"))
	if err != nil {
		return err
	}
	reports := make([]report.Report, len(args))
	for i, name := range args {
		for _, other := range args[:i] {
			if filepath.Clean(other) == filepath.Clean(name) {
				return usage("%s is named twice", name)
			}
		}
		if reports[i], err = a.readReport(cmd.Context(), name); err != nil {
			return err
		}
	}
	rep, err := scenarios.Merge(cmd.Context(), reports, args)
	if err != nil {
		return err
	}
	if err := out.create(); err != nil {
		return err
	}
	defer out.discard()
	screen := a.stdout
	if out.toStdout != nil {
		screen = a.stderr
	}
	style := a.style(screen, o.output == "plain", o.color)
	style.Quiet, style.Verbose = o.quiet, o.verbose
	terminal := report.NewTerminal(style)
	terminal.StartChaos(report.Header{Version: rep.Sentsim, Seed: rep.Seed, Target: rep.Target, Strict: rep.Strict, Notes: rep.Notes}, rep.Chaos.Profile, rep.Chaos.Messages)
	for _, r := range rep.Rules {
		terminal.RuleDone(r)
	}
	if !o.quiet {
		fmt.Fprintf(screen, "%d of %d iterations, from %s\n\n", rep.Chaos.Begun, rep.Chaos.Messages, counted(len(args), "report"))
	}
	return a.conclude(cmd.Context(), rep, nil, terminal, out)
}
