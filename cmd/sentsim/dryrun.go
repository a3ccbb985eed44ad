package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/sentsim/sentsim/scenarios"
	"github.com/sentsim/sentsim/scenarios/config"
)

// verifyDryRun prints what verify would judge.
func (a *app) verifyDryRun(ctx context.Context, res config.Resolved, o verifyOptions) error {
	selected, err := scenarios.Selection(ctx, res.Config)
	if err != nil {
		return err
	}
	target, origin := namedTarget(res)
	if o.output == "json" {
		return a.dryRunJSON(res, selected, target, origin)
	}
	count := 0
	var b strings.Builder
	for _, s := range selected {
		fmt.Fprintf(&b, "%-7s %-6s %s\n", s.Rule.ID, s.Rule.Level, s.Rule.Title)
		count += len(s.Scenarios)
		if o.quiet {
			continue
		}
		for _, name := range s.Scenarios {
			fmt.Fprintf(&b, "        %s\n", name)
		}
	}
	return a.print("dry run: nothing is sent and nothing is started\ntarget: %s (from %s)\nseed: %s\n%s, %s\n\n%s",
		target, origin, res.Seed, counted(len(selected), "rule"), counted(count, "scenario"), b.String())
}

func (a *app) dryRunJSON(res config.Resolved, selected []scenarios.Selected, target, origin string) error {
	type ruleJSON struct {
		ID        string   `json:"id"`
		Level     string   `json:"level"`
		Title     string   `json:"title"`
		Scenarios []string `json:"scenarios"`
	}
	rules := []ruleJSON{}
	for _, s := range selected {
		rules = append(rules, ruleJSON{s.Rule.ID, string(s.Rule.Level), s.Rule.Title, s.Scenarios})
	}
	return a.printJSON(map[string]any{
		"dry_run": true, "target": target, "target_from": origin, "seed": uint64(res.Seed), "rules": rules,
	})
}

// namedTarget is the target as the user named it, and where.
func namedTarget(res config.Resolved) (target, origin string) {
	for _, v := range res.Values {
		switch {
		case v.Key == "target.url" && res.Target.URL != "":
			return v.Text, v.Origin
		case v.Key == "target.exec" && res.Target.Exec != "":
			return "exec: " + v.Text, v.Origin
		case v.Key == "target.embedded" && res.Embedded:
			target, origin = "the embedded reference receiver", v.Origin
		}
	}
	return target, origin
}

// printJSON prints data for programs.
func (a *app) printJSON(v any) error {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return exit(statusTrouble, err)
	}
	return a.print("%s", b.String())
}
