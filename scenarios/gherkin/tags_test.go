package gherkin

import (
	"strings"
	"testing"
)

func TestTags(t *testing.T) {
	for _, c := range []struct {
		expr, tags string
		want       bool
	}{
		{"", "", true},
		{"@a", "@a", true},
		{"@a", "@b", false},
		{"not @a", "@b", true},
		{"@a and @b", "@a", false},
		{"@a or @b", "@b", true},
		{"@a or @b and @c", "@a", true},
		{"(@a or @b) and @c", "@a", false},
		{"(@a or @b) and not @c", "@b", true},
		{"not (@a or @b)", "@b", false},
		{"not not @a", "@a", true},
	} {
		e, err := ParseTags(c.expr)
		if err != nil {
			t.Errorf("%q: %v", c.expr, err)
			continue
		}
		if got := e.Match(strings.Fields(c.tags)); got != c.want {
			t.Errorf("%q on %q: %v, want %v", c.expr, c.tags, got, c.want)
		}
	}
	for _, bad := range []string{"a", "@", "@a @b", "@a and", "(@a", "@a)", "and @a", "not", "()"} {
		if _, err := ParseTags(bad); err == nil || !strings.Contains(err.Error(), bad) {
			t.Errorf("%q: got %v", bad, err)
		}
	}
}
