package main

import (
	"fmt"
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
		Short: "list the events that Sent delivers, or print the body of one",
		Long: `Lists every event: what has happened, which way, on which channels, and where it
can go wrong. With the name of one it prints a sample of its body, in the dialect
that the flags choose.`,
		Example: `  sentsim events
  sentsim events message.delivered --envelope event
  sentsim events message.received --knob inbound_shape=numbered --knob numbers=digits
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
				return a.eventsJSON()
			}
			if len(args) == 0 {
				return a.eventsTable()
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
	eventFlags(cmd)
	outputFlag(cmd, &output)
	configFlag(cmd)
	return cmd
}

func channels(k event.Kind) []string {
	names := []string{}
	for _, c := range k.Channels {
		names = append(names, string(c))
	}
	return names
}

func (a *app) eventsTable() error {
	var b strings.Builder
	for _, k := range event.Catalogue() {
		extended := ""
		if k.Extended {
			extended = ", only with --extended"
		}
		fmt.Fprintf(&b, "%s (%s, %s%s)\n", k.Name, k.Direction, strings.Join(channels(k), " "), extended)
		for _, line := range fold(k.Meaning, plainWidth-2) {
			fmt.Fprintf(&b, "  %s\n", line)
		}
		if k.Trouble == "" {
			continue
		}
		for _, line := range fold("where it can go wrong: "+k.Trouble, plainWidth-2) {
			fmt.Fprintf(&b, "  %s\n", line)
		}
	}
	return a.print("%s", b.String())
}

func (a *app) eventsJSON() error {
	type eventJSON struct {
		Name      string   `json:"name"`
		Parent    string   `json:"parent"`
		Status    string   `json:"status"`
		Direction string   `json:"direction"`
		Channels  []string `json:"channels"`
		Meaning   string   `json:"meaning"`
		Trouble   string   `json:"trouble"`
		Extended  bool     `json:"extended"`
	}
	all := []eventJSON{}
	for _, k := range event.Catalogue() {
		all = append(all, eventJSON{k.Name, k.Parent(), k.Status, string(k.Direction), channels(k), k.Meaning, k.Trouble, k.Extended})
	}
	return a.printJSON(all)
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
