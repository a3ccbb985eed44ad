package api

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/sentsim/sentsim/simulator/delivery"
)

// metrics are the server's, for Prometheus. Their labels are closed sets: no id,
// no path as a client wrote it.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	answers  *prometheus.HistogramVec
	attempts *prometheus.CounterVec
	sending  prometheus.Histogram
}

func newMetrics(s *Server) *metrics {
	m := &metrics{
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
	webhooks := func(active bool) func() float64 {
		return func() float64 {
			n := 0
			for _, w := range s.Simulator().Webhooks() {
				if w.IsActive == active {
					n++
				}
			}
			return float64(n)
		}
	}
	gauge := func(active bool) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "sentsim_webhooks", Help: "Registered webhooks.", ConstLabels: prometheus.Labels{"active": strconv.FormatBool(active)},
		}, webhooks(active))
	}
	m.registry.MustRegister(m.requests, m.answers, m.attempts, m.sending, gauge(true), gauge(false), collectors.NewGoCollector())
	return m
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

func (m *metrics) request(route, method string, status int, took time.Duration) {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete:
	default:
		method = "other"
	}
	m.requests.WithLabelValues(route, method, strconv.Itoa(status)).Inc()
	m.answers.WithLabelValues(route).Observe(took.Seconds())
}

func (m *metrics) attempt(o delivery.Outcome) {
	outcome := string(o.Kind)
	if o.Kind == delivery.Answered {
		outcome = strconv.Itoa(o.Status/100) + "xx"
	}
	m.attempts.WithLabelValues(outcome).Inc()
	if o.Timed() {
		m.sending.Observe(o.Duration.Seconds())
	}
}
