package trace

import (
	"context"
	"encoding/binary"
	"errors"
)

// Trial reports whether a part of a failing run still fails in the same way.
// An error ends the search: it is about the trial, not about the receiver.
type Trial[T any] func(ctx context.Context, part []T) (fails bool, err error)

// Reduced is what a search came to.
type Reduced[T any] struct {
	Items []T // in their order; the smallest failing part that was found
	// Minimal says that leaving out any single item was tried and did not fail.
	// It is false when the search was ended by its budget, ctx or an error.
	Minimal bool
	Trials  int
}

// ErrBudget is the error of a search that ran out of trials.
var ErrBudget = errors.New("the trials are used up")

// Minimise reduces a failing run: it is delta debugging ("ddmin", Zeller and
// Hildebrandt 2002). items is known to fail as a whole and is not tried again.
// The search is deterministic, tries no part twice, and makes at most budget
// trials. What it found so far is returned with every error too: ErrBudget,
// ctx's, or that of a trial.
func Minimise[T any](ctx context.Context, items []T, budget int, trial Trial[T]) (Reduced[T], error) {
	s := search[T]{items: items, trial: trial, budget: budget, tried: map[string]bool{}}
	s.best = make([]int, len(items))
	for i := range items {
		s.best[i] = i
	}
	err := s.run(ctx)
	return Reduced[T]{Items: s.pick(s.best), Minimal: err == nil, Trials: s.trials}, err
}

type search[T any] struct {
	items  []T
	trial  Trial[T]
	budget int
	trials int
	best   []int // positions of the smallest failing part
	tried  map[string]bool
}

// run halves, then quarters, and so on: first it keeps one piece, then it leaves
// one out. Pieces of a single item that can all not be left out end it.
func (s *search[T]) run(ctx context.Context) error {
	pieces := 2
	for len(s.best) > 0 {
		if len(s.best) == 1 {
			_, err := s.fails(ctx, nil) // does it fail without any?
			return err
		}
		smaller, err := s.step(ctx, min(pieces, len(s.best)))
		switch {
		case err != nil:
			return err
		case smaller > 0:
			pieces = smaller
		case pieces >= len(s.best):
			return nil
		default:
			pieces *= 2
		}
	}
	return nil
}

// step looks for a smaller failing part at this granularity, and returns the
// next one to look at; 0 when there is none.
func (s *search[T]) step(ctx context.Context, pieces int) (next int, err error) {
	all := s.best
	bound := func(i int) int { return i * len(all) / pieces }
	if pieces > 1 {
		for i := range pieces {
			if fails, err := s.fails(ctx, all[bound(i):bound(i+1)]); fails || err != nil {
				return 2, err
			}
		}
	}
	for i := range pieces {
		rest := make([]int, 0, len(all))
		rest = append(rest, all[:bound(i)]...)
		rest = append(rest, all[bound(i+1):]...)
		if fails, err := s.fails(ctx, rest); fails || err != nil {
			return max(pieces-1, 2), err
		}
	}
	return 0, nil
}

// fails makes a trial, and keeps the part if it fails.
func (s *search[T]) fails(ctx context.Context, part []int) (bool, error) {
	key := make([]byte, 0, 2*len(part))
	for _, i := range part {
		key = binary.AppendUvarint(key, uint64(i)) //nolint:gosec // a position is not negative
	}
	if s.tried[string(key)] {
		return false, nil // had it failed, it would be the best
	}
	if err := ctx.Err(); err != nil {
		return false, context.Cause(ctx)
	}
	if s.trials >= s.budget {
		return false, ErrBudget
	}
	s.tried[string(key)] = true
	s.trials++
	fails, err := s.trial(ctx, s.pick(part))
	if err != nil {
		return false, err
	}
	if fails {
		s.best = part
	}
	return fails, nil
}

func (s *search[T]) pick(part []int) []T {
	out := make([]T, len(part))
	for k, i := range part {
		out[k] = s.items[i]
	}
	return out
}
