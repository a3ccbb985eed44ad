package trace_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/sentsim/sentsim/simulator/trace"
)

func numbers(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

func holds(part []int, needed ...int) bool {
	for _, n := range needed {
		if !slices.Contains(part, n) {
			return false
		}
	}
	return true
}

func TestMinimiseFindsWhatIsNeeded(t *testing.T) {
	tests := map[string]struct {
		of     int
		needed []int
	}{
		"one of many":                 {300, []int{217}},
		"two neighbours":              {300, []int{10, 11}},
		"two far apart":               {300, []int{0, 299}},
		"four":                        {300, []int{3, 77, 150, 280}},
		"everything":                  {7, []int{0, 1, 2, 3, 4, 5, 6}},
		"the only one":                {1, []int{0}},
		"nothing: it fails when idle": {5, nil},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := trace.Minimise(t.Context(), numbers(tc.of), 2000, func(_ context.Context, part []int) (bool, error) {
				return holds(part, tc.needed...), nil
			})
			if err != nil || !got.Minimal {
				t.Fatalf("minimal %v, error %v", got.Minimal, err)
			}
			if !slices.Equal(got.Items, tc.needed) && len(got.Items)+len(tc.needed) > 0 {
				t.Errorf("got %v, want %v", got.Items, tc.needed)
			}
			if limit := 40 + 20*len(tc.needed)*len(tc.needed); got.Trials > limit {
				t.Errorf("%d trials for %d of %d, want at most %d", got.Trials, len(tc.needed), tc.of, limit)
			}
		})
	}
}

// TestMinimiseLaws: for any way of failing, a monotone one or not.
func TestMinimiseLaws(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 24).Draw(rt, "items")
		causes := rapid.SliceOfN(rapid.SliceOfN(rapid.IntRange(0, n-1), 1, 4), 1, 3).Draw(rt, "causes")
		hidden := rapid.IntRange(-1, n-1).Draw(rt, "hides the failure unless a cause is whole twice")
		budget := rapid.IntRange(0, 400).Draw(rt, "budget")
		fails := func(part []int) bool {
			if len(part) == n {
				return true
			}
			whole := 0
			for _, c := range causes {
				if holds(part, c...) {
					whole++
				}
			}
			return whole > 1 || whole == 1 && !slices.Contains(part, hidden)
		}
		var asked [][]int
		run := func() (trace.Reduced[int], error) {
			asked = nil
			return trace.Minimise(context.Background(), numbers(n), budget, func(_ context.Context, part []int) (bool, error) {
				asked = append(asked, part)
				return fails(part), nil
			})
		}
		got, err := run()
		switch {
		case !fails(got.Items):
			rt.Fatalf("%v does not fail", got.Items)
		case !slices.IsSorted(got.Items):
			rt.Fatalf("%v is out of order", got.Items)
		case got.Trials > budget || got.Trials != len(asked):
			rt.Fatalf("%d trials said, %d made, %d allowed", got.Trials, len(asked), budget)
		case got.Minimal != (err == nil) || err != nil && !errors.Is(err, trace.ErrBudget):
			rt.Fatalf("minimal %v with error %v", got.Minimal, err)
		}
		if got.Minimal {
			for i := range got.Items {
				if rest := slices.Delete(slices.Clone(got.Items), i, i+1); fails(rest) {
					rt.Fatalf("%v fails, and so does %v", got.Items, rest)
				}
			}
		}
		seen := map[string]bool{}
		for _, part := range asked {
			key := string(encode(part))
			if seen[key] {
				rt.Fatalf("%v was tried twice", part)
			}
			seen[key] = true
		}
		before := asked
		again, _ := run()
		if !slices.Equal(again.Items, got.Items) || !slices.EqualFunc(before, asked, slices.Equal) {
			rt.Fatalf("%v the first time, %v the second", got.Items, again.Items)
		}
	})
}

func encode(part []int) (key []rune) {
	for _, i := range part {
		key = append(key, rune(i))
	}
	return key
}

func TestMinimiseEndsEarly(t *testing.T) {
	boom := errors.New("the target could not be restarted")
	ctx, cancel := context.WithCancelCause(t.Context())
	tests := map[string]struct {
		ctx   context.Context //nolint:containedctx // a table of them
		after int
		do    func() error
		want  error
	}{
		"on the error of a trial": {t.Context(), 3, func() error { return boom }, boom},
		"when its context ends":   {ctx, 2, func() error { cancel(context.DeadlineExceeded); return nil }, context.DeadlineExceeded},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			n := 0
			got, err := trace.Minimise(tc.ctx, numbers(64), 1000, func(_ context.Context, part []int) (bool, error) {
				if n++; n >= tc.after {
					return holds(part, 5, 50), tc.do()
				}
				return holds(part, 5, 50), nil
			})
			if !errors.Is(err, tc.want) || got.Minimal || got.Trials > tc.after+1 || !holds(got.Items, 5, 50) {
				t.Errorf("%+v, error %v", got, err)
			}
		})
	}
}
