package clock

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Parse makes the clock of a name as users write it: "virtual", "real", or
// "scaled=N" for one that runs N times as fast as the wall. Virtual and scaled
// clocks begin at start.
func Parse(name string, start time.Time) (Clock, error) {
	switch name {
	case "", "virtual":
		return NewVirtual(start), nil
	case "real":
		return Real{}, nil
	}
	if text, ok := strings.CutPrefix(name, "scaled="); ok {
		factor, err := strconv.ParseFloat(text, 64)
		if err == nil && factor > 0 && factor <= 1e6 {
			return NewScaled(start, factor), nil
		}
		return nil, fmt.Errorf("clock %q: the factor must be a number above 0, at most 1000000", name)
	}
	return nil, fmt.Errorf("clock %q: use virtual, real or scaled=N", name)
}
