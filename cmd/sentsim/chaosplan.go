package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/sentsim/sentsim/scenarios"
	"github.com/sentsim/sentsim/simulator/chaos"
)

// chaosDryRun prints the plan of a run, as it is made: one JSON document, or a
// line for each step.
func (a *app) chaosDryRun(run scenarios.ChaosRun, o verifyOptions) error {
	w := bufio.NewWriter(a.stdout)
	var err error
	if run.Steps == nil {
		run.Steps = run.Plan.Steps()
	}
	if o.output == "json" {
		err = planJSON(w, run)
	} else {
		planText(w, run, o.quiet)
	}
	if flushErr := w.Flush(); err == nil && flushErr != nil {
		err = fmt.Errorf("standard output: %w", flushErr)
	}
	if err != nil {
		return exit(statusTrouble, err)
	}
	return nil
}

func planJSON(w *bufio.Writer, run scenarios.ChaosRun) error {
	write := func(v any) error {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		return enc.Encode(v)
	}
	_, _ = w.WriteString(`{"dry_run":true,"plan":`)
	if err := write(run.Plan); err != nil {
		return err
	}
	_, _ = w.WriteString(`,"steps":[`)
	comma := ""
	for s := range run.Steps {
		_, _ = w.WriteString(comma)
		comma = ","
		if err := write(s); err != nil {
			return err
		}
	}
	_, err := w.WriteString("]}\n")
	return err
}

func planText(w *bufio.Writer, run scenarios.ChaosRun, quiet bool) {
	p := run.Plan
	fmt.Fprintf(w, "dry run: nothing is sent and nothing is started\nseed: %s\nmessages: %d\nstart: %s\n\nprofile %s\n",
		p.Seed, p.Messages, p.Start.Format(time.RFC3339), p.Profile.Name)
	for _, c := range p.Profile.Probabilities() {
		fmt.Fprintf(w, "  %-24s %-6g per %-8s %s\n", c.Name, c.Of, c.Per, c.Doc)
	}
	steps := 0
	for s := range run.Steps {
		steps++
		if quiet {
			continue
		}
		if steps == 1 {
			fmt.Fprintln(w)
		}
		fmt.Fprintln(w, planLine(s))
	}
	fmt.Fprintf(w, "\n%d steps\n", steps)
}

// planLine is one step for people.
func planLine(s chaos.Step) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%6d  +%-12s %-8s", s.Number, s.At.Round(time.Millisecond), s.Kind)
	if s.Event.Type != "" {
		what := string(s.Event.Type)
		if s.Subject.Kind == chaos.AboutTemplate {
			what += " " + s.Event.Status
		}
		fmt.Fprintf(&b, " %-20s %s %d", what, s.Subject.Kind, s.Subject.Index)
	}
	if s.Attempt > 1 {
		fmt.Fprintf(&b, " · %s, attempt %d", s.Occurrence, s.Attempt)
	}
	if s.Forgery != "" {
		fmt.Fprintf(&b, " · %s", s.Forgery)
	}
	if s.Sender != "" {
		fmt.Fprintf(&b, " · the sender %s", strings.ReplaceAll(string(s.Sender), "_", " "))
	}
	if s.Group > 0 {
		fmt.Fprintf(&b, " · at once with group %d", s.Group)
	}
	if len(s.Faults) > 0 {
		names := make([]string, len(s.Faults))
		for i, f := range s.Faults {
			names[i] = string(f)
		}
		fmt.Fprintf(&b, " [%s]", strings.Join(names, " "))
	}
	return strings.TrimRight(b.String(), " ")
}
