package report

import (
	"bytes"
	"strings"
	"testing"
)

// Every form tells the causes, and a rule that has one does not say its own fix.
func TestCausesAreTold(t *testing.T) {
	rep := Report{
		Command: "verify", ExitStatus: 1,
		Causes: []Cause{{ID: "no-deduplication", Summary: "nothing is deduplicated", Fix: "Put a unique key on the event.", Rules: []string{"IDEM-1"}, Certainty: "matches"}},
		Rules:  []Rule{{ID: "IDEM-1", Level: "MUST", Verdict: Failed, Title: "twice", Fix: "the rule's usual fix", Cause: "no-deduplication", Scenarios: []Scenario{{Name: "a", Verdict: Failed, Reason: "5 effects"}}}},
	}
	forms := map[string]func(*bytes.Buffer) error{
		"terminal": func(b *bytes.Buffer) error { return NewTerminal(TerminalOptions{Out: b}).Finish(rep) },
		"markdown": func(b *bytes.Buffer) error { return Markdown(b, rep) },
		"junit":    func(b *bytes.Buffer) error { return JUnit(b, rep) },
		"html":     func(b *bytes.Buffer) error { return HTML(b, rep) },
	}
	for name, write := range forms {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			t.Fatal(name, err)
		}
		text := strings.Join(strings.Fields(b.String()), " ")
		for _, want := range []string{"no-deduplication", "nothing is deduplicated", "Put a unique key on the event.", "why IDEM-1 failed"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s does not say %q:\n%s", name, want, b.String())
			}
		}
		if strings.Contains(text, "usual fix") {
			t.Errorf("%s says the rule's fix, which is not the cause's", name)
		}
	}
}

// What the diagnosis says is not said again.
func TestTheDiagnosisIsNotToldTwice(t *testing.T) {
	rep := Report{Diagnosis: &Diagnosis{Cause: "wrong-secret"}, Causes: []Cause{{ID: "wrong-secret"}, {ID: "other"}}}
	if all := toTell(rep); len(all) != 1 || all[0].ID != "other" {
		t.Errorf("%+v", all)
	}
}
