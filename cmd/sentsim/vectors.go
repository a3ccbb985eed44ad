package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sentsim/sentsim/scenarios/vectors"
	"github.com/sentsim/sentsim/simulator/event"
)

func (a *app) vectorsCommand() *cobra.Command {
	var edition, format string
	cmd := &cobra.Command{
		Use:   "vectors [flags]",
		Short: "write signed deliveries, genuine and forged, for a unit test in any language",
		Long: `Writes signed deliveries with what a receiver must answer to each, so that a unit
test in any language needs no sentsim: put the file beside the test, and go
through its list. The same edition gives the same bytes at any time.

The document is {"schema": 1, "edition": …, "vectors": […]}. Each vector has
  id           its name, which stays
  headers      the headers by name; each character of a value is one byte
  body         the body as text, or null and body_base64 where it is not UTF-8
  secret       the signing secret, whsec_ and base64
  now          Unix seconds that the receiver's clock must show
  expect       accept (2xx) or reject (4xx)
  rule, why    the rule that says so (sentsim rules RULE), and the reason
  strict       true where only a strict run insists on it`,
		Example: `  sentsim vectors --format json > testdata/vectors.json
  sentsim vectors --edition 2025 --format json
  sentsim vectors`,
		Args:        noArgs,
		Annotations: map[string]string{helpStatuses: "  0  written\n  2  usage\n"},
		RunE: func(*cobra.Command, []string) error {
			chosen := event.NewestEdition()
			if edition != "" {
				var err error
				if chosen, err = event.LookupEdition(edition); err != nil {
					return usage("--edition: %v", err)
				}
			}
			if format != "text" && format != "json" {
				return usage("--format %q: use text or json", format)
			}
			document, err := vectors.Make(chosen)
			if err != nil {
				return exit(statusTrouble, err)
			}
			if format == "json" {
				return a.vectorsJSON(document)
			}
			return a.vectorsTable(document)
		},
	}
	group(cmd, "Output", func(f *pflag.FlagSet) {
		f.StringVar(&edition, "edition", "", "`EDITION` of Sent: "+strings.Join(event.EditionNames(), ", ")+" (default the first)")
		f.StringVar(&format, "format", "text", "`FORM`: json, or text for a list to look at (default text)")
		plainDefault(f, "format")
	})
	_ = cmd.RegisterFlagCompletionFunc("edition", fixed(event.EditionNames()...))
	_ = cmd.RegisterFlagCompletionFunc("format", fixed("text", "json"))
	return cmd
}

func (a *app) vectorsJSON(document vectors.Document) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(document); err != nil {
		return exit(statusTrouble, err)
	}
	return a.print("%s", b.String())
}

func (a *app) vectorsTable(document vectors.Document) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%d vectors of edition %s; --format json writes them\n\n", len(document.Vectors), document.Edition)
	for _, v := range document.Vectors {
		strict := ""
		if v.Strict {
			strict = " (strict)"
		}
		fmt.Fprintf(&b, "%-6s  %-6s  %s: %s%s\n", v.Expect, v.Rule, v.ID, v.Why, strict)
	}
	return a.print("%s", b.String())
}
