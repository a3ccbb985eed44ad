package dashboard

import (
	"fmt"
	"html/template"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/chart"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/webhook"
)

// pictures are the charts of some deliveries; "" where there is nothing to draw.
type pictures struct {
	Outcomes, Latency, Retries template.HTML
	Delivered, Failed, Waiting int
	Typical                    string // how long half of the answers took at most
}

// buckets is how many bars deliveries over time have.
const buckets = 24

// draw makes the charts of deliveries, which are newest first.
func draw(rows []delivery.Delivery, hooks []webhook.Webhook) (p pictures, err error) {
	if len(rows) == 0 {
		return p, nil
	}
	first, last := rows[len(rows)-1].CreatedAt, rows[0].CreatedAt
	for _, d := range rows {
		if d.CreatedAt.Before(first) {
			first = d.CreatedAt
		}
		if d.CreatedAt.After(last) {
			last = d.CreatedAt
		}
	}
	step := evenStep(last.Sub(first)/(buckets-1) + 1)
	start := first.Truncate(step)
	n := int(last.Sub(start)/step) + 1
	labels := make([]string, n)
	layout := "15:04"
	switch {
	case step < time.Minute:
		layout = "15:04:05"
	case last.Sub(first) > 24*time.Hour:
		layout = "2 Jan 15:04"
	}
	for i := range labels {
		labels[i] = start.Add(time.Duration(i) * step).UTC().Format(layout)
	}
	delivered, failed, waiting := make([]float64, n), make([]float64, n), make([]float64, n)
	retries := map[uuid.UUID]int{}
	var times chart.Latencies
	answers := 0
	for _, d := range rows {
		i := int(d.CreatedAt.Sub(start) / step)
		switch d.Status {
		case delivery.Delivered:
			delivered[i]++
			p.Delivered++
		case delivery.Failed:
			failed[i]++
			p.Failed++
		case delivery.Pending, delivery.Retrying:
			waiting[i]++
			p.Waiting++
		}
		retries[d.WebhookID] += max(len(d.Attempts)-1, 0)
		for _, a := range d.Attempts {
			if a.Outcome.Kind == delivery.Answered {
				times.Add(a.Outcome.Duration, 1)
				answers++
			}
		}
	}
	title := fmt.Sprintf("Deliveries over time: %d delivered, %d failed, %d waiting", p.Delivered, p.Failed, p.Waiting)
	if p.Outcomes, err = safe(chart.Bars(title, labels,
		chart.Series{Name: "delivered", Tone: chart.Passed, Values: delivered}, chart.Series{Name: "failed", Tone: chart.Failed, Values: failed},
		chart.Series{Name: "waiting", Tone: chart.Off, Values: waiting})); err != nil {
		return p, err
	}
	if p.Latency, err = safe(times.Bars(fmt.Sprintf("How long %d answers took", answers))); err != nil {
		return p, err
	}
	p.Retries, err = drawRetries(retries, hooks)
	return p, err
}

// mostRows is how many webhooks the chart of retries has room for.
const mostRows = 6

func drawRetries(retries map[uuid.UUID]int, hooks []webhook.Webhook) (template.HTML, error) {
	var names []string
	var values []float64
	total := 0
	for _, w := range hooks {
		if n := retries[w.ID]; len(names) < mostRows {
			names, values = append(names, w.DisplayName), append(values, float64(n))
			total += n
		}
	}
	if total == 0 {
		return "", nil
	}
	return safe(chart.Rows(fmt.Sprintf("Retries by webhook: %d", total), names, chart.Series{Name: "retries", Tone: chart.Warned, Values: values}))
}

// safe takes a chart as markup: package chart has escaped what is in it.
func safe(svg string, err error) (template.HTML, error) {
	return template.HTML(svg), err //nolint:gosec // see above
}

// evenStep is the next step that people count time in.
func evenStep(d time.Duration) time.Duration {
	steps := []time.Duration{
		time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second,
		time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
		time.Hour, 2 * time.Hour, 4 * time.Hour, 6 * time.Hour, 12 * time.Hour,
	}
	for _, s := range steps {
		if d <= s {
			return s
		}
	}
	days := int64((d + 24*time.Hour - 1) / (24 * time.Hour))
	return time.Duration(days) * 24 * time.Hour
}
