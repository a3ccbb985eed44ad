package sentsim

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sentsim/sentsim/scenarios/report"
)

// width is how many columns the text of a summary has.
const width = 100

// summary is what handleSummary returns: the text for the terminal, and the reports
// for programs by the name of their file.
func (r *run) summary(data map[string]any) (map[string]any, error) {
	ctx := r.vu.Context()
	rep, none, err := r.shared.report(ctx)
	switch {
	case none && err != nil:
		return map[string]any{"stderr": "sentsim: " + report.Printable(err.Error()) + "\n"}, nil
	case none:
		return map[string]any{"stderr": "sentsim: no message was carried out\n"}, nil
	case err != nil:
		return nil, err
	}
	return summaryOf(rep, r.shared.segment, data)
}

func summaryOf(rep report.Report, segment string, data map[string]any) (map[string]any, error) {
	var text, asJSON, asJUnit bytes.Buffer
	terminal := report.NewTerminal(report.TerminalOptions{Out: &text, Width: width, NoExit: true})
	terminal.StartChaos(report.Header{
		Version: rep.Sentsim, Seed: rep.Seed, Target: rep.Target, Strict: rep.Strict, Notes: rep.Notes,
	}, rep.Chaos.Profile, rep.Chaos.Messages)
	for _, r := range rep.Rules {
		terminal.RuleDone(r)
	}
	if err := terminal.Finish(rep); err != nil {
		return nil, err
	}
	text.WriteString(carriedOut(rep, segment))
	text.WriteString(thresholds(data))
	if err := report.JSON(&asJSON, rep); err != nil {
		return nil, err
	}
	if err := report.JUnit(&asJUnit, rep); err != nil {
		return nil, err
	}
	file := fileName(segment)
	return map[string]any{"stdout": text.String(), file + ".json": asJSON.String(), file + ".xml": asJUnit.String()}, nil
}

// fileName is the name of the reports: each of the processes that carry out one run
// together on one machine has its own. The segment 1/3:2/3 is sentsim-1of3-to-2of3.
func fileName(segment string) string {
	if segment == "" {
		return "sentsim"
	}
	return "sentsim-" + strings.NewReplacer("/", "of", ":", "-to-").Replace(segment)
}

// carriedOut says which part of the plan this process carried out.
func carriedOut(rep report.Report, segment string) string {
	text := fmt.Sprintf("%d of %d iterations", rep.Chaos.Begun, rep.Chaos.Messages)
	if segment != "" {
		text += " in this process, of the segment " + segment + ": sentsim merge makes one report of all of them"
	}
	return text + "\n"
}

// thresholds are those of the script, and whether they hold: k6 prints them only where
// a script has no summary of its own.
func thresholds(data map[string]any) string {
	all, _ := data["metrics"].(map[string]any)
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(all)) {
		metric, _ := all[name].(map[string]any)
		of, _ := metric["thresholds"].(map[string]any)
		for _, expression := range slices.Sorted(maps.Keys(of)) {
			held, _ := of[expression].(map[string]any)
			word := "broken"
			if ok, _ := held["ok"].(bool); ok {
				word = "kept"
			}
			fmt.Fprintf(&b, "threshold %s: %s %s\n", word, name, expression)
		}
	}
	return b.String()
}
