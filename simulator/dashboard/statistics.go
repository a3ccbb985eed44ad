package dashboard

import (
	"fmt"
	"html/template"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sentsim/sentsim/simulator/chart"
	"github.com/sentsim/sentsim/simulator/delivery"
)

// statistics is what some deliveries come to.
type statistics struct {
	Counted                    int // deliveries that it is made of
	Delivered, Failed, Waiting int
	Accepted, Refused          int    // attempts
	Answers                    int    // whose time was measured
	P50, P95, P99              string // of the answers' durations, all in the same unit; "" without answers
	Bar                        string // the time that one bar stands for
	Attempts, Latency          template.HTML
}

// Rate is the share of the deliveries that are over and have arrived; "" when
// none is over.
func (s statistics) Rate() string { return rate(s.Delivered, s.Failed) }

func rate(good, bad int) string {
	if good+bad == 0 {
		return ""
	}
	share := float64(good) / float64(good+bad) * 100
	if bad > 0 {
		share = min(share, 99.9) // what is not all does not read as all
	}
	return strings.TrimSuffix(strconv.FormatFloat(math.Floor(share*10)/10, 'f', 1, 64), ".0") + " %"
}

// count makes statistics without pictures.
func count(rows []delivery.Delivery) statistics {
	s := statistics{Counted: len(rows)}
	var took []time.Duration
	for _, d := range rows {
		switch d.Status {
		case delivery.Delivered:
			s.Delivered++
		case delivery.Failed:
			s.Failed++
		case delivery.Pending, delivery.Retrying:
			s.Waiting++
		}
		for _, a := range d.Attempts {
			if a.Outcome.Accepted() {
				s.Accepted++
			} else {
				s.Refused++
			}
			if a.Outcome.Timed() {
				took = append(took, a.Outcome.Duration)
			}
		}
	}
	if s.Answers = len(took); s.Answers > 0 {
		slices.Sort(took)
		s.P50, s.P95, s.P99 = millis(percentile(took, 50)), millis(percentile(took, 95)), millis(percentile(took, 99))
	}
	return s
}

// percentile is the smallest duration within which p percent of them lie.
func percentile(sorted []time.Duration, p int) time.Duration {
	return sorted[max((len(sorted)*p+99)/100, 1)-1]
}

// millis writes a duration in milliseconds: percentiles are compared, and one unit
// makes that easy.
func millis(d time.Duration) string {
	if d < 10*time.Millisecond {
		return strconv.FormatFloat(float64(d)/float64(time.Millisecond), 'f', 1, 64)
	}
	return strconv.FormatInt(d.Milliseconds(), 10)
}

// measure makes statistics with pictures.
func measure(rows []delivery.Delivery) (s statistics, err error) {
	s = count(rows)
	if s.Accepted+s.Refused == 0 {
		return s, nil
	}
	var times chart.Latencies
	var first, last time.Time
	eachAttempt(rows, func(a delivery.Attempt) {
		if a.Outcome.Timed() {
			times.Add(a.Outcome.Duration, 1)
		}
		if first.IsZero() || a.At.Before(first) {
			first = a.At
		}
		if a.At.After(last) {
			last = a.At
		}
	})
	scale := newTimeScale(first, last)
	accepted, refused := make([]float64, len(scale.labels)), make([]float64, len(scale.labels))
	eachAttempt(rows, func(a delivery.Attempt) {
		if i := scale.index(a.At); a.Outcome.Accepted() {
			accepted[i]++
		} else {
			refused[i]++
		}
	})
	s.Bar = span(scale.step)
	title := fmt.Sprintf("Attempts over time, %s a bar: %d accepted, %d failed", s.Bar, s.Accepted, s.Refused)
	if s.Attempts, err = safe(chart.Bars(title, scale.labels,
		chart.Series{Name: "accepted", Tone: chart.Passed, Values: accepted}, chart.Series{Name: "failed", Tone: chart.Failed, Values: refused})); err != nil {
		return s, err
	}
	s.Latency, err = safe(times.Bars(fmt.Sprintf("How many of %d answers took up to how many milliseconds", s.Answers)))
	return s, err
}

func eachAttempt(rows []delivery.Delivery, f func(delivery.Attempt)) {
	for _, d := range rows {
		for _, a := range d.Attempts {
			f(a)
		}
	}
}

// safe takes a chart as markup: package chart has escaped what is in it.
func safe(svg string, err error) (template.HTML, error) {
	return template.HTML(svg), err //nolint:gosec // see above
}

// timeScale cuts a time into bars.
type timeScale struct {
	start  time.Time
	step   time.Duration
	labels []string
}

// mostBars is how many bars a time is cut into at most.
const mostBars = 32

func newTimeScale(first, last time.Time) timeScale {
	s := timeScale{step: evenStep(last.Sub(first)/(mostBars-1) + 1)}
	s.start = first.Truncate(s.step)
	layout := "15:04"
	switch {
	case s.step < time.Minute:
		layout = "15:04:05"
	case last.Sub(first) > 24*time.Hour:
		layout = "2 Jan 15:04"
	}
	s.labels = make([]string, s.index(last)+1)
	for i := range s.labels {
		s.labels[i] = s.start.Add(time.Duration(i) * s.step).UTC().Format(layout)
	}
	return s
}

func (s timeScale) index(t time.Time) int { return int(t.Sub(s.start) / s.step) }

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
