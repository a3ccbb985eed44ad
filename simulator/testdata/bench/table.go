package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// table prints the medians of everybody's turns, and which goals they meet.
// Ratios are made within a round and their median is taken, so that a machine
// that is slow for a while does not count against whoever had that turn. Where not
// even the ceiling meets a goal, its ratio is told: there the receiver is what takes
// the time.
func table(w io.Writer, all []contender, turns map[string][]turn) {
	fmt.Fprintf(w, "%-10s %14s %10s %16s %12s\n", "", "deliveries/s", "of wrk", "CPU µs/delivery", "peak memory")
	for _, c := range all {
		if c.missing != "" {
			fmt.Fprintf(w, "%-10s skipped: %s\n", c.name, c.missing)
			continue
		}
		own := turns[c.name]
		of := "-"
		if r, ok := ratio(own, turns["wrk"], turn.rate); ok {
			of = fmt.Sprintf("%.2f", r)
		}
		fmt.Fprintf(w, "%-10s %14s %10s %16.1f %8.1f MiB\n", c.name, thousands(median(own, turn.rate)), of,
			median(own, turn.cost), median(own, turn.mebibytes))
	}
	fmt.Fprintln(w)
	own, withUs := turns["sentsim"], turns[k6WithUs]
	for _, g := range []struct {
		own   []turn
		other string
		of    func(turn) float64
		want  float64
		most  bool // want is the most, not the least
		text  string
	}{
		{own, "bare loop", turn.rate, 0.95, false, "times the deliveries of the bare loop"},
		{own, "bare loop", turn.cost, 1.25, true, "times the CPU time of the bare loop"},
		{own, "wrk", turn.rate, 0.85, false, "times the deliveries of wrk with one thread"},
		{own, "net/http", turn.rate, 1.8, false, "times the deliveries of a plain net/http client"},
		{own, "k6", turn.rate, 6, false, "times the deliveries of k6"},
		{withUs, "k6", turn.rate, 2.5, false, "times the deliveries of k6, with k6/x/sentsim in it"},
	} {
		r, ok := ratio(g.own, turns[g.other], g.of)
		if !ok {
			missing := g.other
			if len(g.own) == 0 {
				missing = k6WithUs
			}
			fmt.Fprintf(w, "unknown  %s: %s did not take part\n", g.text, missing)
			continue
		}
		bound := "at least"
		if g.most {
			bound = "at most"
		}
		ceiling := ""
		if r, ok := ratio(turns["wrk"], turns[g.other], g.of); ok && !g.most && g.other != "wrk" && r < g.want {
			ceiling = fmt.Sprintf("; on this machine wrk itself: %.2f", r)
		}
		fmt.Fprintf(w, "%-8s %.2f %s (goal: %s %g%s)\n", verdict(r >= g.want != g.most), r, g.text, bound, g.want, ceiling)
	}
	if r, ok := ratio(own, turns[contenderBefore], turn.rate); ok {
		cost, _ := ratio(own, turns[contenderBefore], turn.cost)
		fmt.Fprintf(w, "%-8s %.2f times the deliveries of the commit before, %.2f times its CPU time\n", "", r, cost)
	}
}

// memory prints the peaks of runs of different length.
func memory(w io.Writer, peaks []turn) {
	fmt.Fprintln(w)
	for _, t := range peaks {
		fmt.Fprintf(w, "%9s messages: peak memory %.1f MiB, %s deliveries/s\n", thousands(float64(t.Deliveries)), t.mebibytes(), thousands(t.rate()))
	}
	first, last := peaks[0], peaks[len(peaks)-1]
	if first.memory == 0 {
		return // not known here
	}
	r := float64(last.memory) / float64(first.memory)
	fmt.Fprintf(w, "%-8s %.2f times the memory (goal: at most %g)\n", verdict(r <= flat), r, flat)
}

// flat is by how much memory may grow with ten times the messages.
const flat = 1.25

func verdict(met bool) string {
	if met {
		return "met"
	}
	return "missed"
}

func (t turn) mebibytes() float64 { return float64(t.memory) / (1 << 20) }

// ratio is the median of a's to b's over the rounds.
func ratio(a, b []turn, of func(turn) float64) (float64, bool) {
	var all []float64
	for i := range min(len(a), len(b)) {
		all = append(all, of(a[i])/of(b[i]))
	}
	return middle(all), len(all) > 0
}

func median(turns []turn, of func(turn) float64) float64 {
	all := make([]float64, len(turns))
	for i, t := range turns {
		all[i] = of(t)
	}
	return middle(all)
}

func middle(all []float64) float64 {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	n := len(all)
	return (all[(n-1)/2] + all[n/2]) / 2
}

// thousands is a whole number with commas.
func thousands(x float64) string {
	digits := fmt.Sprintf("%.0f", x)
	var b strings.Builder
	for i, c := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(c)
	}
	return b.String()
}
