package receiver

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the table of mutants anew instead of comparing with it")

func TestMutantTable(t *testing.T) {
	const file, head = "README.md", "| mutant | mistake | breaks |\n|---|---|---|\n"
	var table strings.Builder
	table.WriteString(head)
	for _, m := range Mutants() {
		var breaks []string
		for _, b := range m.Breaks {
			breaks = append(breaks, fmt.Sprintf("%s: %s", b.Rule, b.Phrase))
		}
		fmt.Fprintf(&table, "| `%s` | %s | %s |\n", m.Name, m.Mistake, strings.Join(breaks, "<br>"))
	}
	for line := range strings.Lines(table.String()) {
		if strings.Count(line, "|") != 4 {
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
		t.Errorf("the table in %s is not what the mutants are: go test ./scenarios/receiver -run TestMutantTable -update", file)
	}
}

func TestUnknownMutant(t *testing.T) {
	for name, want := range map[string]string{
		"chek-then-insert": `did you mean "check-then-insert"?`,
		"Any_Timestamp":    `did you mean "any-timestamp"?`,
		"zzzzzzzzzzzzzzz":  "--mutant list",
	} {
		_, err := New(Config{Secret: secret, Mutant: name})
		if !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
}

func TestMutantListNamesThemAll(t *testing.T) {
	list := MutantList()
	for _, m := range Mutants() {
		if !strings.Contains(list, m.Name+" (") || !strings.Contains(list, m.Mistake) {
			t.Errorf("%s is missing", m.Name)
		}
	}
}

// A mutant works like the receiver otherwise: it starts, says what it is on its
// log only, and closes.
func TestEveryMutantStartsAndStops(t *testing.T) {
	for _, m := range Mutants() {
		t.Run(m.Name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "state.db")
			for range 2 { // what it keeps must not stop it from starting again
				s := start(t, Config{Mutant: m.Name, File: file})
				s.wants("/healthz", `{"ok":true}`)
				s.close()
			}
		})
	}
}
