package zoo_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/sentsim/sentsim/scenarios/cause"
	"github.com/sentsim/sentsim/scenarios/receiver/mutant"
)

var update = flag.Bool("update", false, "write the dictionary of known mistakes anew")

const dictionaryFile = "../cause/dictionary.txt"

const (
	// mixing is the mutant that mixes up another thing in each run.
	mixing = "shared-variable"
	// moreRuns is how many more runs a mutant may need to show all of its signs.
	moreRuns = 3
)

// The dictionary says what verify fails of each mutant.
func TestDictionary(t *testing.T) {
	known, err := cause.Dictionary()
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	seen := map[string][]cause.Sign{}
	ofEach(t, mutants(), func(t *testing.T, m mutant.Mutant, first *runs) []string {
		t.Helper()
		signs := cause.Signs(first.verify(t).Rules)
		// Which of two deliveries of one instant comes first is chance: a scenario that was
		// won by it is lost in another run.
		for n := 0; n < moreRuns && !*update && !alike(signs, known[m.Name]) && m.Name != mixing; n++ {
			another := &runs{mutant: m.Name}
			for _, s := range cause.Signs(another.verify(t).Rules) {
				if !slices.Contains(signs, s) {
					signs = append(signs, s)
				}
			}
		}
		mu.Lock()
		seen[m.Name] = signs
		mu.Unlock()
		if *update || alike(signs, known[m.Name]) || m.Name == mixing {
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
// are won or lost by a race may differ by a few.
func alike(seen, known []cause.Sign) bool {
	common := 0
	for _, s := range seen {
		if slices.Contains(known, s) {
			common++
		}
	}
	return common*4 >= 3*max(len(seen), len(known))
}
