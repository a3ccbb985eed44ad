package scenarios

import (
	"slices"
	"testing"
)

// go test -run narrows the run to the rules that it can reach, and never further.
func TestReachable(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		pattern, test string
		rules, want   []string // nil: as they are
	}{
		{"", "TestContract", nil, nil},
		{"TestContract", "TestContract", nil, nil},
		{"TestContract/ORD-3", "TestContract", nil, []string{"ORD-3"}},
		{"TestContract/IDEM-1/twice", "TestContract", nil, []string{"IDEM-1"}},
		{"TestAll/mine/^SIG-1$", "TestAll/mine", nil, []string{"SIG-1"}},
		{"TestContract/ORD", "TestContract", []string{"ORD-1", "SIG-1"}, []string{"ORD-1"}},
		{"TestContract/(ORD-1|ORD-2)", "TestContract", nil, nil},
		{"TestContract/nothing", "TestContract", nil, nil},
	} {
		if got := reachableBy(tt.pattern, tt.test, tt.rules); !slices.Equal(got, tt.want) {
			t.Errorf("%q of %s: %v, want %v", tt.pattern, tt.test, got, tt.want)
		}
	}
}
