package nearest_test

import (
	"testing"

	"github.com/sentsim/sentsim/scenarios/nearest"
)

func TestName(t *testing.T) {
	t.Parallel()
	keys := []string{"url", "exec", "secret", "secret_env", "start_timeout", "path"}
	for _, c := range []struct{ why, text, want string }{
		{"one letter missing", "secrt", "secret"},
		{"two letters swapped", "exce", "exec"},
		{"another separator and case", "Start-Timeout", "start_timeout"},
		{"one letter too many", "paths", "path"},
		{"the longer of two", "secretenv", "secret_env"},
		{"nothing like it", "colour", ""},
		{"short names are not guessed wildly", "abc", ""},
		{"empty", "", ""},
	} {
		if got := nearest.Name(c.text, keys); got != c.want {
			t.Errorf("%s: Name(%q) = %q, want %q", c.why, c.text, got, c.want)
		}
	}
	if got := nearest.Name("x", nil); got != "" {
		t.Errorf("no known names: got %q", got)
	}
}

func TestHint(t *testing.T) {
	t.Parallel()
	if got, want := nearest.Hint("exce", []string{"exec"}), `, did you mean "exec"?`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := nearest.Hint("zzz", []string{"exec"}); got != "" {
		t.Errorf("a hint from nowhere: %s", got)
	}
}
