package driver

import (
	"context"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/delivery"
)

// Later reports whether an answer asks the sender to come again: there are too many
// requests (429), or the receiver cannot take any just now (503). It says nothing of
// what was sent, unless other deliveries are taken meanwhile.
func Later(o delivery.Outcome) bool {
	return o.Kind == delivery.Answered && (o.Status == http.StatusTooManyRequests || o.Status == http.StatusServiceUnavailable)
}

// Pace is how a delivery is sent to a receiver that turns some away.
type Pace struct {
	Limit time.Duration  // how long a delivery is sent again; 0: it is sent once
	Seen  func(Exchange) // told of those that were turned away and sent again; nil: nobody
	// Control reports whether the receiver takes a plain delivery now. Where it does,
	// another answer than 429 is about what is sent. nil: it is not known.
	Control func(context.Context) bool
	// Selects is whether the receiver was seen to turn deliveries away for what they
	// are: then the first that is turned away has its control at once. nil: it is not kept.
	Selects *atomic.Bool
	// Away reports whether an answer turns a delivery away. nil: Later.
	Away func(delivery.Outcome) bool
}

// controlAfter is how often a delivery is turned away before a plain one is sent
// beside it.
const controlAfter = 3

// SendPaced sends a delivery until the receiver takes it or refuses it. What was still
// turned away when the pace's limit was over, or asked for more time than was left,
// is returned as it is.
func (d Driver) SendPaced(ctx context.Context, p Planned, pace Pace) Exchange {
	end := clock.Wall().Add(pace.Limit)
	away, controlled, patience := pace.Away, false, controlAfter
	if away == nil {
		away = Later
	}
	if pace.Selects != nil && pace.Selects.Load() {
		patience = 1
	}
	for n := 1; ; n++ {
		x := d.Send(ctx, p)
		if !away(x.Outcome) || controlled {
			if controlled && away(x.Outcome) && pace.Selects != nil {
				pace.Selects.Store(true)
			}
			return x
		}
		pause, ok := PauseAfter(x.Outcome, n, end.Sub(clock.Wall()))
		if !ok || (clock.Real{}).Sleep(ctx, pause) != nil {
			return x
		}
		if pace.Seen != nil {
			pace.Seen(x)
		}
		if n >= patience && x.Outcome.Status != http.StatusTooManyRequests && pace.Control != nil && pace.Control(ctx) {
			controlled = true
			if (clock.Real{}).Sleep(ctx, pause) != nil { // a limiter that took the control takes this one too
				return x
			}
		}
	}
}

// The pauses before a delivery is sent again, where the answer does not name one:
// they double.
const (
	shortestPause = 50 * time.Millisecond
	longestPause  = time.Second
)

// PauseAfter is how long to wait before the n-th repetition, as the answer's
// Retry-After says or else a growing time. ok is false where that is more than what
// is left.
func PauseAfter(o delivery.Outcome, n int, left time.Duration) (pause time.Duration, ok bool) {
	if asked, told := RetryAfter(o.Header, clock.Wall()); told {
		return max(asked, shortestPause), asked <= left && left > 0
	}
	pause = shortestPause
	for i := 1; i < n && pause < longestPause; i++ {
		pause *= 2
	}
	pause = min(pause, longestPause)
	return pause, pause <= left
}

// RetryAfter is how long the header of an answer asks to wait: seconds, or a date.
func RetryAfter(h http.Header, now time.Time) (wait time.Duration, told bool) {
	value := h.Get("Retry-After")
	if value == "" {
		return 0, false
	}
	if seconds, err := strconv.ParseFloat(value, 64); err == nil && seconds >= 0 && seconds < 1e6 {
		return time.Duration(seconds * float64(time.Second)), true
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0, false
	}
	return max(0, at.Sub(now)), true
}
