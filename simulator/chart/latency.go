package chart

import (
	"strconv"
	"time"
)

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
// both ends; "" when nothing was counted. Its labels are milliseconds.
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
			labels = append(labels, strconv.FormatInt(edges[i].Milliseconds(), 10))
		} else {
			labels = append(labels, "more")
		}
		values = append(values, float64(l.counts[i]))
	}
	return bars(title, "ms", labels, []Series{{"answers", Accent, values}})
}
