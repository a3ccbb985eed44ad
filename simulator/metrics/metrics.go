// Package metrics measures a server of package api, for Prometheus: what it answers
// and what it sends. It is a package of its own because Prometheus's client is large.
package metrics

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/sentsim/sentsim/simulator/delivery"
)

// Prometheus are the metrics of one server, as api.Config takes them. Their labels
// are closed sets: no id, no path as a client wrote it. It is safe for concurrent use.
type Prometheus struct {
	http.Handler // answers with the metrics

	registry *prometheus.Registry
	requests *prometheus.CounterVec
	answers  *prometheus.HistogramVec
	attempts *prometheus.CounterVec
	sending  prometheus.Histogram
}

// New makes the metrics of one server.
func New() *Prometheus {
	m := &Prometheus{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sentsim_http_requests_total", Help: "Requests answered.",
		}, []string{"route", "method", "status"}),
		answers: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "sentsim_http_request_duration_seconds", Help: "How long answers took.", Buckets: prometheus.ExponentialBuckets(0.0005, 4, 9),
		}, []string{"route"}),
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sentsim_delivery_attempts_total", Help: "Delivery attempts by how they ended.",
		}, []string{"outcome"}),
		sending: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "sentsim_delivery_attempt_duration_seconds", Help: "How long receivers took to answer delivery attempts.", Buckets: prometheus.ExponentialBuckets(0.001, 4, 9),
		}),
	}
	m.registry.MustRegister(m.requests, m.answers, m.attempts, m.sending, collectors.NewGoCollector())
	m.Handler = promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
	return m
}

// CountWebhooks implements api.Metrics. It panics the second time: these are the
// metrics of one server.
func (m *Prometheus) CountWebhooks(count func(active bool) int) {
	for _, active := range []bool{true, false} {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "sentsim_webhooks", Help: "Registered webhooks.", ConstLabels: prometheus.Labels{"active": strconv.FormatBool(active)},
		}, func() float64 { return float64(count(active)) }))
	}
}

// Answered implements api.Metrics.
func (m *Prometheus) Answered(route, method string, status int, took time.Duration) {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete:
	default:
		method = "other"
	}
	m.requests.WithLabelValues(route, method, strconv.Itoa(status)).Inc()
	m.answers.WithLabelValues(route).Observe(took.Seconds())
}

// Attempted implements api.Metrics.
func (m *Prometheus) Attempted(o delivery.Outcome) {
	outcome := string(o.Kind)
	if o.Kind == delivery.Answered {
		outcome = strconv.Itoa(o.Status/100) + "xx"
	}
	m.attempts.WithLabelValues(outcome).Inc()
	if o.Timed() {
		m.sending.Observe(o.Duration.Seconds())
	}
}
