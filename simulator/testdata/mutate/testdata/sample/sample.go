// Package sample has code that its tests watch well and code that they do not,
// for the test of the mutation tool.
package sample

import (
	"errors"
	"fmt"
)

// Limit is at package level: its mutants are compiled one by one.
const Limit = 10

// ErrTooBig is returned by Check.
var ErrTooBig = errors.New("too big")

// Clamp is tested at its edges.
func Clamp(n int) int {
	if n > Limit {
		return Limit
	}
	return n
}

// Check is tested with one value only, far from the edge.
func Check(n int) error {
	if n > Limit {
		return fmt.Errorf("%d: %w", n, ErrTooBig)
	}
	return nil
}

// Count never ends when its increment is deleted.
func Count(n int) int {
	c := 0
	for i := 0; i < n; i++ {
		c++
	}
	return c
}

// Note returns nothing and is not tested at all.
func Note(seen map[string]bool, name string) {
	seen[name] = true
}
