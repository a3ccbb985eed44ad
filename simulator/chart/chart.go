// Package chart makes pictures of numbers: data in, SVG out, for the dashboard and
// for reports. The pictures have no colours of their own: they name the variables
// of package style, so that they are light on a light page and dark on a dark one,
// and they hold nothing that a strict content security policy forbids.
package chart

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/go-analyze/charts"
)

// The size of a chart in its own units; on the page it takes the width it is given.
const (
	width  = 520
	height = 200
)

// Tone is what a colour stands for.
type Tone int

// The tones, as in package style.
const (
	Passed Tone = iota
	Failed
	Warned
	Off
	Accent
)

// variable is the name of the tone's colour on the page.
func (t Tone) variable() string {
	switch t {
	case Passed:
		return "--passed"
	case Failed:
		return "--failed"
	case Warned:
		return "--warned"
	case Off:
		return "--edge"
	case Accent:
		return "--accent"
	}
	return "--text"
}

// Series is one row of numbers, one for each label.
type Series struct {
	Name   string
	Tone   Tone
	Values []float64
}

// Bars stacks the series over each label, in their order from the bottom. title
// is what a screen reader says. Without labels there is nothing to draw, and the
// picture is "".
func Bars(title string, labels []string, series ...Series) (string, error) {
	return bars(title, labels, series, false)
}

// Rows draws one horizontal bar for each label, the first at the top.
func Rows(title string, labels []string, s Series) (string, error) {
	return bars(title, labels, []Series{s}, true)
}

func bars(title string, labels []string, series []Series, horizontal bool) (string, error) {
	if len(labels) == 0 || len(series) == 0 {
		return "", nil
	}
	h := height
	if horizontal {
		h = 46 + 26*len(labels)
		labels, series = reversed(labels, series)
	}
	var data [][]float64
	var tones []Tone
	highest := make([]float64, len(labels))
	for _, s := range series {
		if len(s.Values) != len(labels) {
			return "", fmt.Errorf("chart %q: %d values of %q for %d labels", title, len(s.Values), s.Name, len(labels))
		}
		for i, v := range s.Values {
			if v < 0 || math.IsNaN(v) || math.IsInf(v, 0) {
				return "", fmt.Errorf("chart %q: %v is no number of things", title, v)
			}
			highest[i] += v
		}
		data, tones = append(data, s.Values), append(tones, s.Tone)
	}
	opt := charts.NewBarChartOptionWithData(data)
	opt.Theme = theme(tones)
	opt.StackSeries = new(len(series) > 1)
	opt.Horizontal = horizontal
	opt.Padding = charts.NewBox(4, 8, 12, 4)
	opt.Legend.Show = new(false) // the page has one, which can be read aloud
	opt.BarSize = .72
	opt.CategoryAxis.Labels = labels
	opt.CategoryAxis.LabelFontStyle = charts.NewFontStyleWithSize(fontSize)
	if !horizontal && len(labels) > allLabels {
		opt.CategoryAxis.LabelCount = maxLabels
	}
	if len(opt.ValueAxis) == 0 {
		opt.ValueAxis = make([]charts.ValueAxisOption, 1)
	}
	opt.ValueAxis[0].Min = new(0.0)
	opt.ValueAxis[0].LabelFontStyle = charts.NewFontStyleWithSize(fontSize)
	opt.ValueAxis[0].LabelCount = 3
	opt.ValueAxis[0].ValueFormatter = short
	opt.ValueAxis[0].Max = new(roof(maximum(highest)))
	p := charts.NewPainter(charts.PainterOptions{OutputFormat: charts.ChartOutputSVG, Width: width, Height: h})
	if err := p.BarChart(opt); err != nil {
		return "", fmt.Errorf("chart %q: %w", title, err)
	}
	drawn, err := p.Bytes()
	if err != nil {
		return "", fmt.Errorf("chart %q: %w", title, err)
	}
	return themed(title, drawn)
}

const (
	fontSize  = 11.5
	maxLabels = 6
	allLabels = 11 // up to so many, short ones, fit
)

// reversed puts the first label at the top: horizontal bars are drawn from below.
func reversed(labels []string, series []Series) ([]string, []Series) {
	n := len(labels)
	turned := make([]string, n)
	for i, l := range labels {
		turned[n-1-i] = cut(l)
	}
	out := make([]Series, len(series))
	for k, s := range series {
		out[k] = s
		out[k].Values = make([]float64, len(s.Values))
		for i, v := range s.Values {
			out[k].Values[len(s.Values)-1-i] = v
		}
	}
	return turned, out
}

// cut keeps a name from taking the whole width.
func cut(label string) string {
	const most = 24
	r := []rune(label)
	if len(r) <= most {
		return label
	}
	return strings.TrimSpace(string(r[:most-1])) + "…"
}

func maximum(values []float64) float64 {
	m := 0.0
	for _, v := range values {
		m = max(m, v)
	}
	return m
}

// roof is the end of an axis that goes up to v in two even steps: 2, 4, 10, 20, 50, 100 …
func roof(v float64) float64 {
	for unit := 1.0; ; unit *= 10 {
		for _, n := range []float64{2, 4, 10} {
			if v <= n*unit {
				return n * unit
			}
		}
	}
}

// short writes a number as an axis has room for it: 1200 is 1.2k.
func short(v float64) string {
	switch {
	case v >= 1e6:
		return trim(v/1e6) + "M"
	case v >= 1e3:
		return trim(v/1e3) + "k"
	}
	return trim(v)
}

func trim(v float64) string { return strings.TrimSuffix(fmt.Sprintf("%.1f", v), ".0") }

// latencyEdges are the upper ends of the classes of a latency distribution.
func latencyEdges() []time.Duration {
	return []time.Duration{
		time.Millisecond, 3 * time.Millisecond, 10 * time.Millisecond, 30 * time.Millisecond, 100 * time.Millisecond,
		300 * time.Millisecond, time.Second, 3 * time.Second, 10 * time.Second, 30 * time.Second,
	}
}

// Latencies counts durations in classes, each about three times as long as the
// one before. The zero value counts from nothing.
type Latencies struct{ counts [11]int }

// Add counts n answers that took d.
func (l *Latencies) Add(d time.Duration, n int) {
	for i, edge := range latencyEdges() {
		if d <= edge {
			l.counts[i] += n
			return
		}
	}
	l.counts[len(l.counts)-1] += n
}

// Class is how many answers took up to so long.
type Class struct {
	UpTo time.Duration // 0: longer than any class
	N    int
}

// Classes are the classes that are not empty, the shortest first. Adding them,
// with more than the last edge for the open one, makes the same Latencies.
func (l *Latencies) Classes() []Class {
	var all []Class
	edges := latencyEdges()
	for i, n := range l.counts {
		if n == 0 {
			continue
		}
		c := Class{N: n}
		if i < len(edges) {
			c.UpTo = edges[i]
		}
		all = append(all, c)
	}
	return all
}

// Beyond is longer than any class that ends.
const Beyond = time.Hour

// Bars draws how many answers took up to so long, without the empty classes at
// both ends; "" when nothing was counted.
func (l *Latencies) Bars(title string) (string, error) {
	first, last := -1, -1
	for i, n := range l.counts {
		if n > 0 {
			if first < 0 {
				first = i
			}
			last = i
		}
	}
	if first < 0 {
		return "", nil
	}
	first, last = max(first-1, 0), min(last+1, len(l.counts)-1)
	var labels []string
	var values []float64
	for i := first; i <= last; i++ {
		if edges := latencyEdges(); i < len(edges) {
			labels = append(labels, edges[i].String())
		} else {
			labels = append(labels, "more")
		}
		values = append(values, float64(l.counts[i]))
	}
	return Bars(title, labels, Series{"answers", Accent, values})
}
