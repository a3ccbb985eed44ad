package delivery_test

import (
	"math"
	"testing"
	"time"

	"github.com/sentsim/sentsim/simulator/delivery"
)

// As a float64 the longest duration is one more than a Duration can hold.
func TestScheduleAtTheLongestCap(t *testing.T) {
	for _, s := range []delivery.Schedule{
		{Base: math.MaxInt64, Cap: math.MaxInt64, Factor: 1},
		{Base: time.Minute, Cap: math.MaxInt64, Factor: 1e9},
	} {
		for _, n := range []int{3, 4, 100, math.MaxInt} {
			if got := s.Delay(n, 0); got != s.Cap {
				t.Errorf("%+v: Delay(%d) = %v, want the cap", s, n, got)
			}
		}
	}
}
