package rule_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/sentsim/sentsim/scenarios/rule"
)

// contract is the contract's table: id, level, whether the whole rule needs the
// state, and whether a part of it does. It is written out a second time on
// purpose: changing a rule's level must take two deliberate edits.
const contract = `
SIG-1 MUST
SIG-2 MUST
SIG-3 MUST
SIG-4 MUST
SIG-5 MUST
SIG-6 MUST
SIG-7 MUST
SIG-8 MUST
SIG-9 MUST
SIG-10 MUST
SIG-11 MUST
SIG-12 SHOULD
SIG-13 MUST state
SIG-14 MUST
ACK-1 SHOULD
ACK-2 MUST part
ACK-3 MUST
IDEM-1 MUST part
IDEM-2 MUST part
IDEM-3 MUST part
IDEM-4 MUST state
IDEM-5 MUST state
IDEM-6 MUST state
IDEM-7 SHOULD state
ORD-1 MUST state
ORD-2 MUST part
ORD-3 MUST state
ORD-4 MUST state
ORD-5 MUST
ORD-6 MUST state
ORD-7 MUST state
TOL-1 MUST
TOL-2 MUST
TOL-3 MUST
TOL-4 MUST
TOL-5 MUST
TOL-6 SHOULD
TOL-7 SHOULD
TOL-8 MUST
TOL-9 MUST
RET-1 MUST state
RET-2 MUST
INB-1 MUST part
INB-2 SHOULD state
CON-1 SHOULD state
CON-2 SHOULD state
TPL-1 MUST part
ROT-1 SHOULD state
`

func TestAllIsTheContract(t *testing.T) {
	t.Parallel()
	var got strings.Builder
	got.WriteString("\n")
	for _, r := range rule.All() {
		line := fmt.Sprintf("%s %s", r.ID, r.Level)
		if r.State {
			line += " state"
		}
		if r.StatePart != "" {
			line += " part"
		}
		got.WriteString(line + "\n")
	}
	if got.String() != contract {
		t.Errorf("the rules are\n%s\nthe contract is\n%s", got.String(), contract)
	}
}

func TestEveryRuleIsComplete(t *testing.T) {
	t.Parallel()
	families := map[string]string{}
	for _, f := range rule.Families() {
		families[f.Code] = f.Name
	}
	for _, r := range rule.All() {
		for name, text := range map[string]string{
			"title": r.Title, "why": r.Why, "fix": r.Fix, "source": r.Source, "family": r.Family,
		} {
			if strings.TrimSpace(text) != text || text == "" || !utf8.ValidString(text) {
				t.Errorf("%s: bad %s: %q", r.ID, name, text)
			}
		}
		if r.Family != families[r.Code()] {
			t.Errorf("%s: family %q, want %q", r.ID, r.Family, families[r.Code()])
		}
		for name, text := range map[string]string{"why": r.Why, "fix": r.Fix} {
			if !strings.ContainsAny(text[len(text)-1:], ".)") {
				t.Errorf("%s: %s does not end as a sentence: %q", r.ID, name, text)
			}
		}
		if (r.State || r.StatePart != "") != (len(r.Needs) > 0) {
			t.Errorf("%s: a rule needs something exactly when it looks at state: needs %v", r.ID, r.Needs)
		}
		if r.State && r.StatePart != "" {
			t.Errorf("%s: the whole rule needs state, so it has no state part", r.ID)
		}
		if (r.StatePart != "") != strings.Contains(r.Title, "(state: ") {
			t.Errorf("%s: title and state part disagree: %q", r.ID, r.Title)
		}
		for _, n := range r.Needs {
			if n.How() == "" || strings.HasSuffix(n.Missing(), " is missing") {
				t.Errorf("%s: need %s does not say how it is met", r.ID, n)
			}
		}
	}
}

func TestAllIsACopy(t *testing.T) {
	t.Parallel()
	rule.All()[0].Title = "changed"
	if r, ok := rule.Get("SIG-1"); !ok || r.Title == "changed" {
		t.Error("a caller changed the rules of another")
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, id, err string }{
		{"SIG-1", "SIG-1", ""},
		{" sig-14 ", "SIG-14", ""},
		{"SIG-15", "", "the SIG rules are SIG-1, SIG-2"},
		{"sig-0", "", "the SIG rules are SIG-1, SIG-2"},
		{"IDME-1", "", `did you mean "IDEM-1"?`},
		{"ROT1", "", `did you mean "ROT-1"?`},
		{"colour", "", "sentsim rules lists them all"},
		{"", "", "sentsim rules lists them all"},
	} {
		r, err := rule.Parse(c.text)
		if c.err == "" && (err != nil || r.ID != c.id) {
			t.Errorf("Parse(%q) = %s, %v; want %s", c.text, r.ID, err, c.id)
		}
		if c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("Parse(%q): error %v, want one with %q", c.text, err, c.err)
		}
	}
}

func TestSelect(t *testing.T) {
	t.Parallel()
	selected, err := rule.Select([]string{"TPL", "ack-3", "SIG-1", "ACK", "SIG-1"})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, r := range selected {
		ids = append(ids, r.ID)
	}
	if got, want := strings.Join(ids, " "), "SIG-1 ACK-1 ACK-2 ACK-3 TPL-1"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if _, err := rule.Select([]string{"SIG-1", "NO-1"}); err == nil {
		t.Error("an unknown rule was selected silently")
	}
	if none, err := rule.Select(nil); err != nil || len(none) != 0 {
		t.Errorf("no names: got %v, %v", none, err)
	}
}

func TestGuideIsReadableInATerminal(t *testing.T) {
	t.Parallel()
	for i, line := range strings.Split(rule.Guide(), "\n") {
		if utf8.RuneCountInString(line) > 78 {
			t.Errorf("line %d is wider than 78 columns: %s", i+1, line)
		}
	}
	for _, word := range []string{"MUST", "SHOULD", "rejects", "not checked", "errored", "state"} {
		if !strings.Contains(rule.Guide(), word) {
			t.Errorf("the guide does not explain %q", word)
		}
	}
}
