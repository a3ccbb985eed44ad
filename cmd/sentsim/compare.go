package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sentsim/sentsim/scenarios/input"
	"github.com/sentsim/sentsim/scenarios/report"
)

func (a *app) compareCommand() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "compare OLD.json NEW.json [flags]",
		Short: "compare two reports: what broke, what was fixed, what is no longer seen",
		Long: `Compares two JSON reports (sentsim verify --report json=FILE), that of the main
branch with that of a pull request, say. It tells which rules broke, which were fixed,
and which were seen before and no longer are; and where the runs differ in what a
verdict may depend on: version, edition, seed.`,
		Example: `  sentsim compare main.json branch.json
  sentsim compare main.json branch.json --output json`,
		Args: cobra.ArbitraryArgs,
		Annotations: map[string]string{helpStatuses: `  0  neither of these
  1  a rule fails that did not or was not seen, or a MUST rule that was seen no longer is
  2  a report cannot be read
`},
		RunE: func(cmd *cobra.Command, args []string) error {
			asJSON, err := checkOutput(output)
			if err != nil {
				return err
			}
			if len(args) != 2 {
				return usage("which reports? name two: the old one and the new one")
			}
			var reports [2]report.Report
			for i, name := range args {
				if reports[i], err = a.readReport(cmd.Context(), name); err != nil {
					return err
				}
			}
			c := report.Compare(reports[0], reports[1])
			if asJSON {
				err = a.printJSON(c)
			} else {
				err = c.WriteText(a.stdout)
			}
			if err != nil {
				return exit(statusTrouble, err)
			}
			return exit(c.ExitStatus(), nil)
		},
	}
	outputFlag(cmd, &output)
	return cmd
}

// readReport reads a JSON report. A report of a later form may have fields that we
// do not know; one of another schema may mean something else.
func (a *app) readReport(ctx context.Context, name string) (report.Report, error) {
	var rep report.Report
	data, err := a.readInput(ctx, name, input.Data)
	if err != nil {
		return rep, err
	}
	if err := json.Unmarshal(data, &rep); err != nil {
		return rep, fmt.Errorf("%s: is not a JSON report of sentsim: %w", name, err)
	}
	switch {
	case rep.Schema != report.Schema:
		return rep, fmt.Errorf("%s: is not a JSON report of schema %d (sentsim verify --report json=FILE writes one)", name, report.Schema)
	case len(rep.Rules) == 0:
		return rep, fmt.Errorf("%s: no rule was judged in this run, so there is nothing to compare", name)
	}
	return rep, nil
}
