package clock

import (
	"strings"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	start := time.Date(2025, 10, 31, 10, 0, 0, 0, time.UTC)
	for name, want := range map[string]string{
		"": "*clock.Virtual", "virtual": "*clock.Virtual", "real": "clock.Real", "scaled=60": "*clock.Scaled",
	} {
		c, err := Parse(name, start)
		if err != nil {
			t.Errorf("%q: %v", name, err)
			continue
		}
		if got := typeName(c); got != want {
			t.Errorf("%q: %s, want %s", name, got, want)
		}
	}
	for _, bad := range []string{"fast", "scaled", "scaled=", "scaled=0", "scaled=-1", "scaled=NaN", "scaled=Inf", "Virtual"} {
		if _, err := Parse(bad, start); err == nil || !strings.Contains(err.Error(), bad) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func typeName(c Clock) string {
	switch c.(type) {
	case *Virtual:
		return "*clock.Virtual"
	case *Scaled:
		return "*clock.Scaled"
	case Real:
		return "clock.Real"
	}
	return "?"
}
