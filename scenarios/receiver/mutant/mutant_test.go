package mutant_test

import (
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sentsim/sentsim/scenarios/receiver"
	"github.com/sentsim/sentsim/scenarios/receiver/mutant"
	"github.com/sentsim/sentsim/scenarios/rule"
	"github.com/sentsim/sentsim/simulator/contract"
	_ "github.com/sentsim/sentsim/simulator/history/sqlite" // the reference receiver needs it
)

const secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

var update = flag.Bool("update", false, "write the table of mutants anew instead of comparing with it")

func TestTable(t *testing.T) {
	const file, head = "README.md", "| mutant | mistake | breaks | may carry it |\n|---|---|---|---|\n"
	var table strings.Builder
	table.WriteString(head)
	for _, m := range mutant.All() {
		var breaks []string
		for _, b := range m.Breaks {
			breaks = append(breaks, fmt.Sprintf("%s: %s", b.Rule, b.Phrase))
		}
		fmt.Fprintf(&table, "| `%s` | %s | %s | %s |\n", m.Name, m.Mistake, strings.Join(breaks, "<br>"), strings.Join(m.May, ", "))
	}
	for line := range strings.Lines(table.String()) {
		if strings.Count(line, "|") != 5 {
			t.Errorf("a bar in the text breaks the table: %s", line)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, got, _ := strings.Cut(string(text), "| mutant |")
	if *update {
		if err := os.WriteFile(file, []byte(before+table.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if "| mutant |"+got != table.String() {
		t.Errorf("the table in %s is not what the mutants are: go test ./scenarios/receiver/mutant -run TestTable -update", file)
	}
}

// A mutant says what it breaks in the words of the contract.
func TestMutantsQuoteTheContract(t *testing.T) {
	names := map[string]bool{}
	for _, m := range mutant.All() {
		if names[m.Name] || m.Name != strings.ToLower(m.Name) || strings.ContainsAny(m.Name, " _") {
			t.Errorf("%q is not a name of its own in kebab case", m.Name)
		}
		names[m.Name] = true
		if len(m.Breaks) == 0 || !strings.HasSuffix(m.Mistake, ".") {
			t.Errorf("%s: breaks %v, mistake %q", m.Name, m.Breaks, m.Mistake)
		}
		seen := map[contract.ID]bool{}
		for _, b := range m.Breaks {
			r, ok := rule.Get(b.Rule)
			if !ok || b.Phrase == "" || !strings.Contains(r.Title, b.Phrase) {
				t.Errorf("%s: %s does not say %q but %q", m.Name, b.Rule, b.Phrase, r.Title)
			}
			if seen[b.Rule] {
				t.Errorf("%s declares %s twice", m.Name, b.Rule)
			}
			seen[b.Rule] = true
		}
		for i, id := range m.May {
			if _, ok := rule.Get(id); !ok || seen[id] || slices.Contains(m.May[:i], id) {
				t.Errorf("%s: %s is no rule, or is named twice", m.Name, id)
			}
		}
	}
	if len(names) < 40 {
		t.Errorf("only %d mutants", len(names))
	}
}

func TestUnknownMutant(t *testing.T) {
	for name, want := range map[string]string{
		"chek-then-insert": `did you mean "check-then-insert"?`,
		"Any_Timestamp":    `did you mean "any-timestamp"?`,
		"zzzzzzzzzzzzzzz":  "--mutant list",
	} {
		err := mutant.Apply(&receiver.Config{Secret: secret}, name)
		if !errors.Is(err, receiver.ErrConfig) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
}

func TestListNamesThemAll(t *testing.T) {
	list := mutant.List()
	for _, m := range mutant.All() {
		if !strings.Contains(list, m.Name+" (") || !strings.Contains(list, m.Mistake) {
			t.Errorf("%s is missing", m.Name)
		}
	}
}

// A mutant works like the receiver otherwise: it starts, says what it is on its
// log only, and closes.
func TestEveryMutantStartsAndStops(t *testing.T) {
	for _, m := range mutant.All() {
		t.Run(m.Name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "state.db")
			for range 2 { // what it keeps must not stop it from starting again
				cfg := receiver.Config{Secret: secret, File: file}
				if err := mutant.Apply(&cfg, m.Name); err != nil {
					t.Fatal(err)
				}
				r, err := receiver.New(cfg)
				if err != nil {
					t.Fatal(err)
				}
				answer := httptest.NewRecorder()
				r.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/healthz", http.NoBody))
				if got := strings.TrimSpace(answer.Body.String()); got != `{"ok":true}` {
					t.Errorf("it answers %q", got)
				}
				if err := r.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}
