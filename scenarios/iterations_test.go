package scenarios

import (
	"testing"

	"pgregory.net/rapid"
)

func TestIterationsInWords(t *testing.T) {
	for _, tc := range []struct {
		name string
		in   []int
		want string
	}{
		{"none", nil, ""},
		{"one", []int{7}, "7"},
		{"a row", []int{0, 1, 2, 3}, "0-3"},
		{"two beside each other", []int{4, 5}, "4-5"},
		{"two apart make no row", []int{4, 9}, "4,9"},
		{"a third of all", []int{1, 4, 7, 10}, "1-10/3"},
		{"a gap", []int{0, 1, 2, 5, 6, 7}, "0-2,5-7"},
		{"across words", []int{63, 64, 65, 200}, "63-65,200"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := &iterations{}
			for _, i := range tc.in {
				s.add(i)
			}
			if s.String() != tc.want {
				t.Errorf("%v: %q, want %q", tc.in, s, tc.want)
			}
		})
	}
}

// What is written is read again, and a set and what it lacks are all there is.
func TestIterationsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const most = 300
		s := &iterations{}
		for _, i := range rapid.SliceOf(rapid.IntRange(0, most-1)).Draw(t, "iterations") {
			s.add(i)
		}
		back, err := parseIterations(s.String(), most)
		if err != nil || back.String() != s.String() || back.n != s.n {
			t.Fatalf("%q came back as %q: %v", s, back, err)
		}
		left := s.without(most)
		if _, both := s.common(left); both || left.n+s.n != most {
			t.Fatalf("%q and what it lacks, %q, are not %d", s, left, most)
		}
	})
}

func TestIterationsThatAreNone(t *testing.T) {
	for _, text := range []string{"x", "3-1", "-1", "1-", "0-9/0", "10", "0-10", "1,1", "0-3,2", ",", "1/2/3"} {
		if s, err := parseIterations(text, 10); err == nil {
			t.Errorf("%q was read as %q", text, s)
		}
	}
}
