package main

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sentsim/sentsim/scenarios/config"
)

func (a *app) configCommand() *cobra.Command {
	var output string
	var knobs bool
	cmd := &cobra.Command{
		Use:   "config [flags]",
		Short: "print every setting and where it came from",
		Long: `Prints what flags, environment, config file and defaults come to, in this order of
precedence, and where each value came from. Secrets are not printed. It takes the
flags of verify; nothing is sent.`,
		Example: `  sentsim config
  sentsim config --config ci/sentsim.yaml --output json
  sentsim config --knobs`,
		Args:        noArgs,
		Annotations: map[string]string{helpEnvironment: environment, helpStatuses: "  0  the configuration is right\n  2  it is not\n"},
		RunE: func(cmd *cobra.Command, _ []string) error {
			asJSON, err := checkOutput(output)
			if err != nil {
				return err
			}
			if knobs {
				return a.printKnobs(asJSON)
			}
			res, err := a.load(cmd)
			if err != nil {
				return err
			}
			return a.printConfig(res, asJSON)
		},
	}
	group(cmd, "Output", func(f *pflag.FlagSet) {
		f.BoolVar(&knobs, "knobs", false, "list the knobs: defaults, accepted values, what they do")
	})
	outputFlag(cmd, &output)
	targetFlags(cmd)
	secretFlags(cmd)
	selectionFlags(cmd)
	eventFlags(cmd, "1")
	clockFlags(cmd, "virtual")
	limitFlags(cmd)
	deliveryFlags(cmd)
	configFlag(cmd)
	return cmd
}

func (a *app) printConfig(res config.Resolved, asJSON bool) error {
	if asJSON {
		type valueJSON struct {
			Key    string `json:"key"`
			Value  string `json:"value"`
			Origin string `json:"origin"`
		}
		values := []valueJSON{}
		for _, v := range res.Values {
			values = append(values, valueJSON{v.Key, v.Text, v.Origin})
		}
		return a.printJSON(map[string]any{"file": res.File, "values": values})
	}
	var b strings.Builder
	if res.File == "" {
		b.WriteString("no config file was read\n\n")
	} else {
		fmt.Fprintf(&b, "config file: %s\n\n", res.File)
	}
	keys, texts := 0, 0
	for _, v := range res.Values {
		keys = max(keys, utf8.RuneCountInString(v.Key))
		texts = max(texts, min(utf8.RuneCountInString(v.Text), 40)) // a long one does not push all to the right
	}
	for _, v := range res.Values {
		fmt.Fprintf(&b, "%-*s  %-*s  %s\n", keys, v.Key, texts, v.Text, v.Origin)
	}
	return a.print("%s", b.String())
}

func (a *app) printKnobs(asJSON bool) error {
	if asJSON {
		type knobJSON struct {
			Name    string `json:"name"`
			Default string `json:"default"`
			Values  string `json:"values"`
			Doc     string `json:"doc"`
		}
		all := []knobJSON{}
		for _, k := range config.KnobTable() {
			all = append(all, knobJSON{k.Name, k.Default, k.Values, k.Doc})
		}
		return a.printJSON(all)
	}
	var b strings.Builder
	for _, k := range config.KnobTable() {
		fmt.Fprintf(&b, "%s (default %s)\n", k.Name, k.Default)
		for _, text := range []string{k.Doc, "values: " + k.Values} {
			for _, line := range fold(text, plainWidth-2) {
				fmt.Fprintf(&b, "  %s\n", line)
			}
		}
	}
	return a.print("%s", b.String())
}
