package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sentsim/sentsim/scenarios/nearest"
)

// Keys of what a command's help has that cobra does not know of.
const (
	helpEnvironment = "environment"
	helpStatuses    = "statuses"
	helpGroup       = "group"
)

// helpWidth is how wide help is: it is read beside other windows, and in CI logs.
const helpWidth = 100

const exitStatuses = `  0    no MUST rule failed, nothing errored, at least one MUST rule passed
  1    the contract is broken (with --strict, by a SHOULD rule too)
  2    usage or configuration, or nothing was selected or judged
  3    the target could not be reached or started
  4    a rule errored, which is sentsim's own trouble, and none failed
  130  interrupted, 143 terminated; both print the report so far
`

// group adds flags under a heading of the help.
func group(cmd *cobra.Command, title string, add func(f *pflag.FlagSet)) {
	f := pflag.NewFlagSet(title, pflag.ContinueOnError)
	f.SortFlags = false
	add(f)
	f.VisitAll(func(flag *pflag.Flag) {
		_ = f.SetAnnotation(flag.Name, helpGroup, []string{title}) // the flag is there
	})
	cmd.Flags().AddFlagSet(f)
}

// printHelp is the help of every command.
func printHelp(cmd *cobra.Command, _ []string) {
	w := cmd.OutOrStdout()
	about := cmd.Long
	if about == "" {
		about = cmd.Short
	}
	fmt.Fprintf(w, "%s\n\nUsage:\n  %s\n", strings.TrimSpace(about), usageLine(cmd))
	if cmd.Example != "" {
		fmt.Fprintf(w, "\nExamples:\n%s\n", strings.TrimRight(cmd.Example, "\n"))
	}
	if cmd.HasAvailableSubCommands() {
		fmt.Fprint(w, "\nCommands:\n")
		for _, c := range cmd.Commands() {
			if !c.Hidden {
				fmt.Fprintf(w, "  %-11s %s\n", c.Name(), c.Short)
			}
		}
	}
	flagGroups(w, cmd)
	section(w, "Environment", cmd.Annotations[helpEnvironment])
	section(w, "Exit status", cmd.Annotations[helpStatuses])
	if cmd.HasAvailableSubCommands() {
		fmt.Fprint(w, "\nsentsim COMMAND --help says more about each.\n")
	}
}

func usageLine(cmd *cobra.Command) string {
	if cmd.HasParent() {
		return cmd.UseLine()
	}
	return cmd.Name() + " COMMAND [flags]"
}

func section(w io.Writer, title, text string) {
	if text != "" {
		fmt.Fprintf(w, "\n%s:\n%s\n", title, strings.TrimRight(text, "\n"))
	}
}

// flagGroups prints the flags under their headings, in the order in which they
// were added; those without one come last.
func flagGroups(w io.Writer, cmd *cobra.Command) {
	const rest = "Other"
	var titles []string
	groups := map[string]*pflag.FlagSet{}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		title := rest
		if t := f.Annotations[helpGroup]; len(t) > 0 {
			title = t[0]
		}
		if groups[title] == nil {
			groups[title] = pflag.NewFlagSet(title, pflag.ContinueOnError)
			groups[title].SortFlags = false
			titles = append(titles, title)
		}
		groups[title].AddFlag(f)
	})
	for _, title := range titles {
		if text := groups[title].FlagUsagesWrapped(helpWidth); text != "" {
			section(w, title+" flags", text)
		}
	}
}

func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "help about a command",
		Args:  atMostOne,
		RunE: func(cmd *cobra.Command, args []string) error {
			root := cmd.Root()
			if len(args) == 0 {
				return root.Help()
			}
			for _, c := range root.Commands() {
				if c.Name() == args[0] {
					return c.Help()
				}
			}
			return usage("unknown command %q%s", args[0], nearest.Hint(args[0], commandNames(root)))
		},
	}
}
