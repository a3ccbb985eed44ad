package scenarios

import (
	"flag"
	"regexp"
	"slices"
	"strings"

	"github.com/sentsim/sentsim/scenarios/rule"
)

// reachable narrows the rules of a Verify to those that `go test -run` can reach
// below the test of that name; nil leaves them as they are. It may let more
// through than the testing package will, never less.
func reachable(test string, rules []string) []string {
	f := flag.Lookup("test.run")
	if f == nil {
		return nil
	}
	return reachableBy(f.Value.String(), test, rules)
}

func reachableBy(pattern, test string, rules []string) []string {
	depth := strings.Count(test, "/") + 1
	parts := strings.Split(pattern, "/")
	// A slash or a bar within brackets would be no separator; whoever writes such a
	// pattern gets the whole run.
	if pattern == "" || len(parts) <= depth || strings.ContainsAny(pattern, "|()[]{}\\") {
		return nil
	}
	name, err := regexp.Compile(parts[depth])
	if err != nil {
		return nil // testing will say so
	}
	selected, err := rule.Select(rules)
	if len(rules) == 0 {
		selected = rule.All()
	} else if err != nil {
		return nil // whoever selects for the run will say so
	}
	selected = slices.DeleteFunc(selected, func(r rule.Rule) bool { return !name.MatchString(r.ID) })
	ids := []string{}
	for _, r := range selected {
		ids = append(ids, r.ID)
	}
	if len(ids) == 0 {
		return nil // nothing will run, and Verify says so
	}
	return ids
}
