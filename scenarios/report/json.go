package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

// JSON writes the report as one indented JSON object and a line feed, in the
// form that the package's documentation describes. The same report gives the
// same bytes.
func JSON(w io.Writer, rep Report) error {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false) // bodies with < and & stay readable
	enc.SetIndent("", "  ")
	if err := enc.Encode(complete(rep)); err != nil {
		return fmt.Errorf("json report: %w", err)
	}
	if _, err := w.Write(mutedJSON(redact(buf.Bytes()))); err != nil {
		return fmt.Errorf("json report: %w", err)
	}
	return nil
}

// complete is rep with empty lists where there are none, so that none is null.
func complete(rep Report) Report {
	rep.TargetLog = append([]string{}, rep.TargetLog...)
	rep.Answers = append([]Answers{}, rep.Answers...)
	rep.Causes = append([]Cause{}, rep.Causes...)
	rep.Notes, rep.Levels = append([]string{}, rep.Notes...), Levels(rep)
	if rep.Diagnosis != nil {
		d := *rep.Diagnosis
		d.Evidence = append([]string{}, d.Evidence...)
		rep.Diagnosis = &d
	}
	rep.Causes = append([]Cause{}, rep.Causes...)
	for i, c := range rep.Causes {
		rep.Causes[i].Rules = append([]string{}, c.Rules...)
	}
	if rep.Learned != nil {
		l := *rep.Learned
		l.Channels, l.Notes = append([]string{}, l.Channels...), append([]string{}, l.Notes...)
		if l.Statuses == nil {
			l.Statuses = map[string]*string{}
		}
		rep.Learned = &l
	}
	if rep.Chaos != nil {
		c := *rep.Chaos
		c.Probabilities, c.Trouble = append([]Probability{}, c.Probabilities...), append([]string{}, c.Trouble...)
		c.Violations = append([]Violation{}, c.Violations...)
		for i := range c.Violations {
			c.Violations[i].Story = append([]string{}, c.Violations[i].Story...)
		}
		rep.Chaos = &c
	}
	rep.Rules = append([]Rule{}, rep.Rules...)
	for i, r := range rep.Rules {
		scenarios := append([]Scenario{}, r.Scenarios...)
		for j, s := range scenarios {
			scenarios[j].Evidence = append([]Evidence{}, s.Evidence...)
		}
		rep.Rules[i].Scenarios = scenarios
	}
	return rep
}
