package api

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/sentsim/sentsim/simulator/clock"
)

// Sent's limits, in requests a minute.
const (
	StandardLimit  = 200 // of everything
	sensitiveLimit = 10  // of rotating secrets and of test deliveries, each
)

// window counts the requests of one minute of wall time.
type window struct {
	mu    sync.Mutex
	limit int // 0: none
	start time.Time
	count int
}

// allow counts a request and writes the headers that tell how many are left.
func (l *window) allow(w http.ResponseWriter) *problem {
	if l.limit == 0 {
		return nil
	}
	now := clock.Wall()
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Sub(l.start) >= time.Minute || now.Before(l.start) {
		l.start, l.count = now, 0
	}
	l.count++
	reset := l.start.Add(time.Minute)
	header := w.Header()
	header.Set("X-RateLimit-Limit", strconv.Itoa(l.limit))
	header.Set("X-RateLimit-Remaining", strconv.Itoa(max(l.limit-l.count, 0)))
	header.Set("X-RateLimit-Reset", strconv.FormatInt(reset.Unix(), 10))
	if l.count <= l.limit {
		return nil
	}
	wait := int(reset.Sub(now)/time.Second) + 1
	header.Set("Retry-After", strconv.Itoa(wait))
	return refusal(http.StatusTooManyRequests, codeTooMany, "more than %d requests within a minute: wait %d s", l.limit, wait)
}
