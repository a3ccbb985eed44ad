package cause

import (
	_ "embed" // the dictionary is a part of the program
	"fmt"
	"slices"
	"strings"
	"sync"
)

//go:embed dictionary.txt
var dictionaryText string

// Dictionary is what verify fails of each mutant of the reference receiver, by
// its name. It is made by running them (make zoo keeps it current).
func Dictionary() (map[string][]Sign, error) { return parseDictionary(dictionaryText) }

const dictionaryHead = `# What verify fails of each mutant of the reference receiver: the signs of known mistakes.
# Made by running them: SENTSIM_ZOO=all go test ./scenarios/zoo -run TestDictionary -update
# A mutant, then a line for each scenario that failed: rule | scenario | what showed.
`

// FormatDictionary writes a dictionary as Dictionary reads it.
func FormatDictionary(d map[string][]Sign) string {
	var b strings.Builder
	b.WriteString(dictionaryHead)
	names := make([]string, 0, len(d))
	for name := range d {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(&b, "\n%s\n", name)
		for _, s := range d[name] {
			fmt.Fprintf(&b, "\t%s | %s | %s\n", s.Rule, s.Scenario, s.Shows)
		}
	}
	return b.String()
}

func parseDictionary(text string) (map[string][]Sign, error) {
	all := map[string][]Sign{}
	name := ""
	for i, line := range strings.Split(text, "\n") {
		switch {
		case strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#"):
		case !strings.HasPrefix(line, "\t"):
			name = line
			all[name] = []Sign{}
		default:
			sign, ok := parseSign(line)
			if name == "" || !ok {
				return nil, fmt.Errorf("dictionary.txt:%d: %q is no line of rule | scenario | what showed", i+1, line)
			}
			all[name] = append(all[name], sign)
		}
	}
	return all, nil
}

// everyForm is what the program knows; a dictionary that cannot be read, which a
// test would have found, knows nothing.
var everyForm = sync.OnceValue(func() []form { //nolint:gochecknoglobals // made once
	dictionary, err := Dictionary()
	if err != nil {
		return nil
	}
	return forms(knownMistakes(), dictionary)
})
