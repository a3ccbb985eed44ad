package delivery_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sentsim/sentsim/simulator/delivery"
)

func TestDefaultSchedule(t *testing.T) {
	s := delivery.DefaultSchedule()
	for n, minutes := range []int{1, 2, 4, 8, 16, 32, 60, 60} {
		if got, want := s.Delay(n+1, 0.99), time.Duration(minutes)*time.Minute; got != want {
			t.Errorf("after failed attempt %d: %s, want %s", n+1, got, want)
		}
	}
	if err := s.Validate(); err != nil {
		t.Error(err)
	}
}

func TestSchedules(t *testing.T) {
	for _, c := range []struct {
		name string
		s    delivery.Schedule
		n    int
		u    float64
		want time.Duration
	}{
		{"factor 1 repeats the base", delivery.Schedule{Base: time.Second, Cap: time.Hour, Factor: 1}, 500, 0, time.Second},
		{"factor 3", delivery.Schedule{Base: time.Second, Cap: time.Hour, Factor: 3}, 4, 0, 27 * time.Second},
		{"cap below the next step", delivery.Schedule{Base: time.Second, Cap: 3 * time.Second, Factor: 2}, 3, 0, 3 * time.Second},
		{"a number of attempts that leaves every range", delivery.Schedule{Base: time.Second, Cap: time.Hour, Factor: 1000}, 5000, 0, time.Hour},
		{"half the jitter", delivery.Schedule{Base: time.Minute, Cap: time.Hour, Factor: 2, Jitter: 0.5}, 1, 0.5, 45 * time.Second},
		{"the jitter shortens the cap too", delivery.Schedule{Base: time.Minute, Cap: time.Minute, Factor: 2, Jitter: 1}, 9, 0.25, 45 * time.Second},
	} {
		if got := c.s.Delay(c.n, c.u); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestDelayStaysWithin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := delivery.Schedule{
			Base:   time.Duration(rapid.Int64Range(1, int64(24*time.Hour)).Draw(t, "base")),
			Factor: rapid.Float64Range(1, 1000).Draw(t, "factor"),
			Jitter: rapid.Float64Range(0, 1).Draw(t, "jitter"),
		}
		s.Cap = s.Base + time.Duration(rapid.Int64Range(0, math.MaxInt64/2).Draw(t, "above base"))
		if err := s.Validate(); err != nil {
			t.Fatal(err)
		}
		n := rapid.IntRange(1, 100).Draw(t, "n")
		u := rapid.Float64Range(0, 0.999).Draw(t, "u")
		d, plain, next := s.Delay(n, u), s.Delay(n, 0), s.Delay(n+1, 0)
		if d < 0 || d > s.Cap || d > plain || plain < s.Base || next < plain {
			t.Fatalf("%+v: delay %s of %s, the next %s", s, d, plain, next)
		}
	})
}

func TestScheduleValidate(t *testing.T) {
	good := delivery.DefaultSchedule()
	for want, change := range map[string]func(*delivery.Schedule){
		"backoff base 0s: must be above zero":                   func(s *delivery.Schedule) { s.Base = 0 },
		"backoff cap 59s: must not be below the base, 1m0s":     func(s *delivery.Schedule) { s.Cap = 59 * time.Second },
		"backoff factor 0.99: must be 1 or more":                func(s *delivery.Schedule) { s.Factor = 0.99 },
		"backoff factor NaN: must be 1 or more":                 func(s *delivery.Schedule) { s.Factor = math.NaN() },
		"backoff factor +Inf: must be 1 or more":                func(s *delivery.Schedule) { s.Factor = math.Inf(1) },
		"backoff jitter -0.1: must be 0 to 1":                   func(s *delivery.Schedule) { s.Jitter = -0.1 },
		"backoff jitter 1.1: must be 0 to 1":                    func(s *delivery.Schedule) { s.Jitter = 1.1 },
		"backoff jitter NaN: must be 0 to 1":                    func(s *delivery.Schedule) { s.Jitter = math.NaN() },
		"backoff factor 0: must be 1 or more\nbackoff jitter 2": func(s *delivery.Schedule) { s.Factor, s.Jitter = 0, 2 },
	} {
		s := good
		change(&s)
		if err := s.Validate(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%+v: %v, want %s", s, err, want)
		}
	}
}
