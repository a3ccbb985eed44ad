package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// tables are the flags whose values stand in a table, each with one that is offered.
func tables() map[string]string {
	return map[string]string{
		"clock": "scaled=", "color": "always", "edition": "2025", "envelope": "legacy", "forge": "list", "format": "json",
		"knob": "ack_within=", "log-format": "json", "mutant": "last-write-wins", "output": "json", "profile": "retry-storm",
		"report": "sarif", "rule": "SIG-1", "skip": "SIG", "status": "FAILED",
	}
}

// anything are the flags that take what no table holds.
func anything() []string {
	return strings.Fields(`add allow-host allow-public-target allow-target api-key at body-file cacert config curl data dockerfile
		duration env exec feature forward-to from header id image keep listen messages path port rate rate-limit ready ready-log
		ready-port record remove report-dir secret secret-env seed server set settle signed-at since start start-timeout story
		tags target time-limit timeout times timestamp wait-for-target webhook webhook-id`)
}

// Whatever a flag can only be is offered by the shell, in every command that has it.
func TestEveryTableCompletes(t *testing.T) {
	t.Parallel()
	a, met := &app{}, map[string]bool{}
	for _, cmd := range a.root().Commands() {
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			offer, ok := cmd.GetFlagCompletionFunc(f.Name)
			want, fixed := tables()[f.Name]
			met[f.Name] = true
			switch {
			case f.Value.Type() == "bool":
			case fixed == slices.Contains(anything(), f.Name):
				t.Errorf("%s --%s: has it a table of values, or does it take anything?", cmd.Name(), f.Name)
			case fixed != ok:
				t.Errorf("%s --%s: has a table of values: %v; completes them: %v", cmd.Name(), f.Name, fixed, ok)
			case ok:
				values, directive := offer(cmd, nil, "")
				noFiles := directive&cobra.ShellCompDirectiveNoFileComp != 0
				if !slices.Contains(values, want) || noFiles != (f.Name != "profile") {
					t.Errorf("%s --%s offers %q and files: %v, and not %q", cmd.Name(), f.Name, values, !noFiles, want)
				}
			}
		})
	}
	for name := range tables() {
		if !met[name] {
			t.Errorf("no command has --%s", name)
		}
	}
	for _, name := range anything() {
		if !met[name] {
			t.Errorf("no command has --%s", name)
		}
	}
}
