package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/sentsim/sentsim/scenarios/rule"
)

// The parts of SARIF 2.1.0 that a report needs.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool        sarifTool         `json:"tool"`
		Invocations []sarifInvocation `json:"invocations"`
		Results     []sarifResult     `json:"results"`
		Properties  map[string]any    `json:"properties"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"version"`
		URI     string      `json:"informationUri"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID      string       `json:"id"`
		Short   sarifText    `json:"shortDescription"`
		Full    sarifText    `json:"fullDescription"`
		Help    sarifText    `json:"help"`
		HelpURI string       `json:"helpUri,omitempty"`
		Default sarifDefault `json:"defaultConfiguration"`
	}
	sarifDefault struct {
		Level string `json:"level"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifInvocation struct {
		Successful bool   `json:"executionSuccessful"`
		ExitCode   int    `json:"exitCode"`
		Started    string `json:"startTimeUtc,omitempty"`
	}
	sarifResult struct {
		RuleID    string          `json:"ruleId"`
		RuleIndex int             `json:"ruleIndex"`
		Kind      string          `json:"kind"`
		Level     string          `json:"level"`
		Message   sarifText       `json:"message"`
		Locations []sarifLocation `json:"locations"`
	}
	sarifLocation struct {
		Physical sarifPhysical  `json:"physicalLocation"`
		Logical  []sarifLogical `json:"logicalLocations"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   sarifRegion   `json:"region"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine int `json:"startLine"`
	}
	sarifLogical struct {
		Name string `json:"name"`
		Kind string `json:"kind"`
	}
)

// SARIF writes what is broken in the form that code scanning reads: SARIF 2.1.0, a
// result for each rule that did not pass. A receiver has no source here, so a
// result points at the clause of the contract, the scenario in features/ that
// states the rule; the page of Sent's documentation is the rule's help.
func SARIF(w io.Writer, rep Report) error {
	run := sarifRun{
		Tool: sarifTool{sarifDriver{
			Name: "sentsim", Version: or(visible(rep.Sentsim), "devel"), URI: "https://github.com/sentsim/sentsim", Rules: []sarifRule{},
		}},
		Invocations: []sarifInvocation{{Successful: rep.ExitStatus == ExitKept || rep.ExitStatus == ExitBroken, ExitCode: rep.ExitStatus, Started: rep.Started}},
		Results:     []sarifResult{},
		Properties: map[string]any{
			"result": visible(Meaning(rep)), "target": visible(rep.Target), "seed": rep.Seed, "edition": rep.Edition, "proven": append([]string{}, reached(rep)...),
		},
	}
	for i, r := range rep.Rules {
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRuleOf(r))
		kind, level := sarifKind(r.Verdict)
		if r.Verdict == Passed {
			continue
		}
		text := visible(r.Title) + ": " + visible(r.Reason)
		if r.Verdict == Failed || r.Verdict == Warned {
			text += "\nFix: " + visible(r.Fix)
		}
		run.Results = append(run.Results, sarifResult{
			RuleID: visible(r.ID), RuleIndex: i, Kind: kind, Level: level, Message: sarifText{text}, Locations: []sarifLocation{clause(r)},
		})
	}
	log := sarifLog{Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0", Runs: []sarifRun{run}}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(log); err != nil {
		return fmt.Errorf("sarif report: %w", err)
	}
	if _, err := w.Write(mutedJSON(redact(b.Bytes()))); err != nil {
		return fmt.Errorf("sarif report: %w", err)
	}
	return nil
}

func sarifRuleOf(r Rule) sarifRule {
	out := sarifRule{
		ID: visible(r.ID), Short: sarifText{visible(r.Title)}, Full: sarifText{or(visible(r.Why), visible(r.Title))},
		Help: sarifText{or(visible(r.Fix), visible(r.Title))}, Default: sarifDefault{"error"},
	}
	if r.Level == string(rule.Should) {
		out.Default.Level = "warning"
	}
	if known, ok := rule.Get(r.ID); ok {
		if _, address, found := strings.Cut(known.Source, "https://"); found {
			address, _, _ = strings.Cut(address, " ")
			if u, err := url.Parse("https://" + strings.TrimRight(address, ";,")); err == nil {
				out.HelpURI = u.String()
			}
		}
	}
	return out
}

// sarifKind is a verdict in SARIF's words: its level only goes with a failure.
func sarifKind(v Verdict) (kind, level string) {
	switch v {
	case Failed:
		return "fail", "error"
	case Warned:
		return "fail", "warning"
	case Passed:
		return "pass", "none"
	case NotChecked:
		return "open", "none"
	case Errored:
		return "review", "none"
	}
	return "review", "none"
}

// clause is where the contract states the rule: the scenario that did not pass.
func clause(r Rule) sarifLocation {
	at := sarifLocation{
		Physical: sarifPhysical{Artifact: sarifArtifact{"features/"}, Region: sarifRegion{1}},
		Logical:  []sarifLogical{{Name: visible(r.ID), Kind: "member"}},
	}
	for _, s := range r.Scenarios {
		name, line, found := strings.Cut(s.File, ":")
		var n int
		if _, err := fmt.Sscanf(line, "%d", &n); !found || err != nil || n < 1 || s.Verdict != r.Verdict {
			continue
		}
		if !strings.Contains(name, "/") {
			name = "features/" + name
		}
		at.Physical = sarifPhysical{Artifact: sarifArtifact{(&url.URL{Path: visible(name)}).EscapedPath()}, Region: sarifRegion{n}}
		break
	}
	return at
}
