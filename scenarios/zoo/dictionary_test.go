package zoo_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/sentsim/sentsim/scenarios/cause"
	"github.com/sentsim/sentsim/scenarios/receiver/mutant"
)

var update = flag.Bool("update", false, "write the dictionary of known mistakes anew")

const dictionaryFile = "../cause/dictionary.txt"

// The dictionary says what verify fails of each mutant.
func TestDictionary(t *testing.T) {
	known, err := cause.Dictionary()
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	seen := map[string][]cause.Sign{}
	ofEach(t, mutants(), func(t *testing.T, m mutant.Mutant, runs *runs) []string {
		t.Helper()
		signs := cause.Signs(runs.verify(t).Rules)
		mu.Lock()
		seen[m.Name] = signs
		mu.Unlock()
		if *update || alike(signs, known[m.Name]) || m.Name == "shared-variable" { // what that mixes up is another thing in each run
			return nil
		}
		return []string{fmt.Sprintf("seen:\n%s\nknown:\n%s\n-update writes it anew", cause.FormatDictionary(map[string][]cause.Sign{m.Name: signs}), cause.FormatDictionary(map[string][]cause.Sign{m.Name: known[m.Name]}))}
	})
	all := map[string]bool{}
	for _, m := range mutant.All() {
		all[m.Name] = true
	}
	if *update {
		maps.Copy(known, seen)
		maps.DeleteFunc(known, func(name string, _ []cause.Sign) bool { return !all[name] })
		if err := os.WriteFile(dictionaryFile, []byte(cause.FormatDictionary(known)), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got, want := slices.Sorted(maps.Keys(known)), slices.Sorted(maps.Keys(all)); !slices.Equal(got, want) {
		t.Errorf("the dictionary knows %v, and the mutants are %v", got, want)
	}
}

// alike reports whether a run showed the signs that are known. Scenarios that
// are won or lost by a race may differ by a few, and of few signs by one: which of two
// deliveries of one instant comes first is chance.
func alike(seen, known []cause.Sign) bool {
	common, races := 0, 0
	for _, s := range seen {
		if slices.Contains(known, s) {
			common++
		}
	}
	for _, s := range known {
		if !slices.Contains(seen, s) && strings.Contains(s.Scenario, "the same instant") {
			races++
		}
	}
	return common*4 >= 3*max(len(seen), len(known)) || races == 1 && common > 0 && common == len(seen) && common+1 == len(known)
}
