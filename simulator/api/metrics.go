package api

import (
	"net/http"
	"time"

	"github.com/sentsim/sentsim/simulator/delivery"
)

// Metrics measure a server. Package simulator/metrics has those for Prometheus. Its
// methods are called concurrently.
type Metrics interface {
	http.Handler // answers /metrics

	// CountWebhooks is called once, by New. count tells at any time how many webhooks are active, or are not.
	CountWebhooks(count func(active bool) int)
	// Answered is told of a request: route is one of a closed set, method is as the client wrote it.
	Answered(route, method string, status int, took time.Duration)
	// Attempted is told of a delivery attempt.
	Attempted(o delivery.Outcome)
}

// countWebhooks is how many webhooks there are that are active, or are not.
func (s *Server) countWebhooks(active bool) (n int) {
	for _, w := range s.Simulator().Webhooks() {
		if w.IsActive == active {
			n++
		}
	}
	return n
}

// noMetrics measures nothing.
type noMetrics struct{ s *Server }

func (noMetrics) CountWebhooks(func(bool) int)                {}
func (noMetrics) Answered(string, string, int, time.Duration) {}
func (noMetrics) Attempted(delivery.Outcome)                  {}

// ServeHTTP says what to do about it.
func (n noMetrics) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n.s.refuse(w, r, refusal(http.StatusNotFound, codeNotFound,
		`this server measures nothing: import "github.com/sentsim/sentsim/simulator/metrics" and give api.Config its metrics.New()`))
}
