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

// window counts the requests of one minute of the simulation's time.
type window struct {
	mu    sync.Mutex
	limit int // 0: none
	start time.Time
	count int
}

// clear begins to count anew.
func (l *window) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.start, l.count = time.Time{}, 0
}

// allow counts a request and writes the headers that tell how many are left.
func (s *Server) allow(l *window, w http.ResponseWriter) error {
	if l.limit == 0 {
		return nil
	}
	now := s.Simulator().Now()
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
	// A client waits in wall time, of which a scaled clock needs less.
	left := reset.Sub(now)
	if scaled, ok := s.cfg.Simulator.Clock.(*clock.Scaled); ok {
		left = scaled.Wall(left)
	}
	wait := max(1, int((left+time.Second-1)/time.Second)) // rounded up
	header.Set("Retry-After", strconv.Itoa(wait))
	return refusal(http.StatusTooManyRequests, codeTooMany, "more than %d requests within a minute: wait %d s", l.limit, wait)
}
