package report

import (
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/sentsim/sentsim/scenarios/rule"
)

// What is printed to see the state is one mapping that a config file takes: the lines
// of all probes, each once, and no reason has a snippet of its own beside it.
func TestOneProbeSnippet(t *testing.T) {
	t.Parallel()
	var rules []Rule
	for _, n := range rule.Needs() {
		rules = append(rules, Rule{ID: "R-" + string(n), Verdict: NotChecked, Reason: n.Missing(), Remedy: n.How()})
	}
	var page strings.Builder
	if err := NewTerminal(TerminalOptions{Out: &page, Width: 80}).Finish(Report{Rules: rules}); err != nil {
		t.Fatal(err)
	}
	_, snippet, found := strings.Cut(page.String(), "\nprobe:\n")
	snippet, _, _ = strings.Cut(snippet, "\n\n")
	if !found || strings.Count(page.String(), "\nprobe:") != 1 {
		t.Fatalf("want one snippet:\n%s", page.String())
	}
	var file map[string]map[string]map[string]string
	if err := yaml.Unmarshal([]byte("probe:\n"+snippet), &file); err != nil {
		t.Fatalf("%v:\n%s", err, snippet)
	}
	for _, name := range []string{"message", "inbound", "template", "contact"} {
		if file["probe"][name]["url"] == "" {
			t.Errorf("no probe %s:\n%s", name, snippet)
		}
	}
}

// A command is printed whole, or not at all.
func TestNoPartOfACommand(t *testing.T) {
	t.Parallel()
	for _, command := range []string{"curl -X POST " + strings.Repeat("x", maxLine), "echo AAF7 | base64 -d | curl -X POST " + strings.Repeat("x", maxLine)} {
		var page strings.Builder
		term := NewTerminal(TerminalOptions{Out: &page, Width: 80})
		term.evidence([]Evidence{{What: "a delivery of garbage", Request: command}})
		if !strings.Contains(page.String(), "a delivery of garbage") || strings.Contains(page.String(), "xxx") {
			t.Errorf("%s", page.String())
		}
	}
}
