package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sentsim/sentsim/scenarios/rule"
	"github.com/sentsim/sentsim/simulator/chaos"
)

func (a *app) rulesCommand() *cobra.Command {
	var output string
	var forgeries bool
	cmd := &cobra.Command{
		Use:   "rules [RULE…] [flags]",
		Short: "print the contract: what a receiver owes, why, and how to fix it",
		Long: `Prints the rules that verify judges, with the reason, the fix and the page of
Sent's documentation that says so. Rules are named by id or family.`,
		Example: `  sentsim rules
  sentsim rules SIG-1 ORD
  sentsim rules --output json
  sentsim rules --forgeries`,
		RunE: func(_ *cobra.Command, args []string) error {
			asJSON, err := checkOutput(output)
			if err != nil {
				return err
			}
			if forgeries {
				if len(args) > 0 {
					return usage("--forgeries lists all of them: leave out %q", args[0])
				}
				return a.printForgeries(asJSON)
			}
			rules := rule.All()
			if len(args) > 0 {
				if rules, err = rule.Select(strings.Split(strings.Join(args, ","), ",")); err != nil {
					return usage("%v", err)
				}
			}
			if asJSON {
				return a.rulesJSON(rules)
			}
			return a.rulesText(rules, len(args) == 0)
		},
		ValidArgsFunction: fixed(ruleNames()...),
	}
	group(cmd, "Rules", func(f *pflag.FlagSet) {
		f.BoolVar(&forgeries, "forgeries", false, "list the forgeries that a receiver must reject")
	})
	outputFlag(cmd, &output)
	return cmd
}

func (a *app) rulesText(rules []rule.Rule, guide bool) error {
	var b strings.Builder
	if guide {
		b.WriteString(rule.Guide() + "\n")
	}
	families := map[string]rule.Family{}
	for _, f := range rule.Families() {
		families[f.Code] = f
	}
	last := ""
	for _, r := range rules {
		if code := r.Code(); code != last {
			f := families[code]
			fmt.Fprintf(&b, "%s  %s\n%s\n\n", strings.ToUpper(f.Name), f.Code, f.Doc)
			last = code
		}
		state := ""
		if r.State {
			state = ", state"
		}
		for i, line := range fold(fmt.Sprintf("%s (%s%s) %s", r.ID, r.Level, state, r.Title), plainWidth-2) {
			if i > 0 {
				line = "  " + line
			}
			b.WriteString(line + "\n")
		}
		for _, part := range []struct{ label, text string }{
			{"state", r.StatePart}, {"why", r.Why}, {"fix", r.Fix}, {"source", r.Source}, {"needs", needs(r)},
		} {
			paragraph(&b, part.label, part.text)
		}
		b.WriteString("\n")
	}
	return a.print("%s", b.String())
}

func needs(r rule.Rule) string {
	var names []string
	for _, n := range r.Needs {
		names = append(names, string(n))
	}
	return strings.Join(names, ", ")
}

// paragraph prints a labelled text with a hanging indentation.
func paragraph(b *strings.Builder, label, text string) {
	if text == "" {
		return
	}
	const indent = 10
	for _, line := range fold(text, plainWidth-indent) {
		fmt.Fprintf(b, "  %-7s %s\n", label, line)
		label = ""
	}
}

func (a *app) rulesJSON(rules []rule.Rule) error {
	type ruleJSON struct {
		ID        string      `json:"id"`
		Level     string      `json:"level"`
		State     bool        `json:"state"`
		Family    string      `json:"family"`
		Title     string      `json:"title"`
		StatePart string      `json:"state_part"`
		Needs     []rule.Need `json:"needs"`
		Why       string      `json:"why"`
		Fix       string      `json:"fix"`
		Source    string      `json:"source"`
	}
	all := []ruleJSON{}
	for _, r := range rules {
		all = append(all, ruleJSON{
			r.ID, string(r.Level), r.State, r.Family, r.Title, r.StatePart,
			append([]rule.Need{}, r.Needs...), r.Why, r.Fix, r.Source,
		})
	}
	return a.printJSON(all)
}

func (a *app) printForgeries(asJSON bool) error {
	if asJSON {
		type forgeryJSON struct {
			Name   string `json:"name"`
			Rule   string `json:"rule"`
			Doc    string `json:"doc"`
			Strict bool   `json:"strict_only"`
		}
		all := []forgeryJSON{}
		for _, f := range chaos.Forgeries() {
			all = append(all, forgeryJSON{f.Name, f.Rule, f.Doc, f.StrictOnly})
		}
		return a.printJSON(all)
	}
	var b strings.Builder
	for _, f := range chaos.Forgeries() {
		strict := ""
		if f.StrictOnly {
			strict = " (judged only with --strict)"
		}
		fmt.Fprintf(&b, "%-7s %-28s %s%s\n", f.Rule, f.Name, f.Doc, strict)
	}
	return a.print("%s", b.String())
}
