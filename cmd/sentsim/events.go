package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/sentsim/sentsim/scenarios/trigger"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/event"
)

func (a *app) eventsCommand() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "events [EVENT] [flags]",
		Short: "describe what Sent delivers, or print the body of an event",
		Long: `Describes an edition of Sent: the headers and the envelope of its deliveries, where
each of that is known from, and every event: what has happened, which way, on which
channels, where it can go wrong, and the fields of its payload. With the name of an
event it prints a sample of its body.`,
		Example: `  sentsim events
  sentsim events --edition 2026-05
  sentsim events contact.opt_out
  sentsim events message.received --edition 2025 --knob numbers=digits
  sentsim events --output json`,
		Args: atMostOne,
		RunE: func(cmd *cobra.Command, args []string) error {
			asJSON, err := checkOutput(output)
			if err != nil {
				return err
			}
			res, err := a.loadTargetless(cmd)
			if err != nil {
				return err
			}
			if len(args) == 0 && asJSON {
				return a.eventsJSON(res.Knobs)
			}
			if len(args) == 0 {
				return a.eventsPage(res.Knobs)
			}
			order := trigger.Order{Event: args[0], Seed: res.Seed, At: res.Start, Knobs: res.Knobs}
			if order.At.IsZero() {
				order.At = clock.Wall()
			}
			d, err := trigger.New(order)
			if err != nil {
				return usage("%v", err)
			}
			return a.print("%s\n", d.Body)
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			var names []string
			for _, k := range event.Catalogue() {
				names = append(names, k.Name)
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
	}
	eventFlags(cmd, "1")
	outputFlag(cmd, &output)
	configFlag(cmd)
	return cmd
}

// fold breaks text into lines of at most width columns.
func fold(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		switch {
		case line == "":
			line = word
		case len([]rune(line))+1+len([]rune(word)) > width:
			lines = append(lines, line)
			line = word
		default:
			line += " " + word
		}
	}
	return append(lines, line)
}
