package delivery

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// Schedule is the backoff between the attempts of one delivery: Base after the
// first failure, Factor times as long after each further one, never above Cap.
type Schedule struct {
	Base, Cap time.Duration
	Factor    float64
	Jitter    float64 // up to which share a wait is shortened; 0: none
}

// DefaultSchedule is Sent's: a minute, doubling, at most an hour.
func DefaultSchedule() Schedule {
	return Schedule{Base: time.Minute, Cap: time.Hour, Factor: 2}
}

// Delay is the wait after failed attempt n (the first is 1). The caller draws u
// from [0,1), so one seed replays one schedule.
func (s Schedule) Delay(n int, u float64) time.Duration {
	d := s.Cap
	// In floating point a delay that leaves the range of a Duration is still
	// above Cap; Sent's own delays are exact.
	if f := float64(s.Base) * math.Pow(s.Factor, float64(n-1)); f < float64(s.Cap) {
		d = time.Duration(f)
	}
	return d - time.Duration(u*s.Jitter*float64(d)) // jitter shortens, so Cap holds
}

// Validate tells what is wrong with the schedule, every problem in one error.
func (s Schedule) Validate() error {
	var problems []error
	problem := func(bad bool, format string, args ...any) {
		if bad {
			problems = append(problems, fmt.Errorf(format, args...))
		}
	}
	problem(s.Base <= 0, "backoff base %s: must be above zero", s.Base)
	problem(s.Cap < s.Base, "backoff cap %s: must not be below the base, %s", s.Cap, s.Base)
	problem(!(s.Factor >= 1) || math.IsInf(s.Factor, 1), "backoff factor %v: must be 1 or more", s.Factor)
	problem(!(s.Jitter >= 0 && s.Jitter <= 1), "backoff jitter %v: must be 0 to 1", s.Jitter)
	return errors.Join(problems...)
}
