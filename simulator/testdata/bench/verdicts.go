package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sentsim/sentsim/simulator/clock"
)

// task is what a user waits for: a verdict, or an answer of the API.
type task struct {
	name, unit string
	missing    string // why it cannot be measured; "": it can
	measure    func(ctx context.Context, p programs) (float64, error)
}

// The names of tasks that goals speak of.
const (
	postsInMemory = "POST /v3/messages, memory"
	postsInSQLite = "POST /v3/messages, SQLite"
	inMemory      = "deliveries of a server, memory"
	inSQLite      = "deliveries of a server, SQLite"
	generated     = "generate and sign an event"
	bareHMAC      = "bare HMAC of an event"
)

// chaosMessages is how many messages a run of chaos has.
const chaosMessages = 300

// tasks are all of them. dir is for their files, root has the README, whose receiver
// in Node is the one that is verified: it has a probe, and keeps 43 rules.
func tasks(dir, root string, duration time.Duration) ([]task, error) {
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		return nil, err
	}
	missing := ""
	if _, err := exec.LookPath("node"); err != nil {
		missing = "there is no node on the PATH"
	}
	files := map[string]string{"good.mjs": block(readme, "// good.mjs"), "sentsim.yaml": block(readme, "# sentsim.yaml")}
	const first = "    const chunks = []"
	files["slow.mjs"] = strings.Replace(files["good.mjs"], first, "    await new Promise((done) => setTimeout(done, 500));\n"+first, 1)
	if files["sentsim.yaml"] == "" || files["slow.mjs"] == files["good.mjs"] {
		return nil, fmt.Errorf("the README has no good.mjs or sentsim.yaml any more")
	}
	node := filepath.Join(dir, "node")
	if err := os.MkdirAll(node, 0o700); err != nil {
		return nil, err
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(node, name), []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	verify := func(dir string, args ...string) func(context.Context, programs) (float64, error) {
		return func(ctx context.Context, p programs) (float64, error) {
			return seconds(ctx, dir, p.sentsim, append([]string{"verify", "--seed", "1"}, args...)...)
		}
	}
	return []task{
		{"verify, receiver inside sentsim", "s", "", verify(dir, "--embedded")},
		{"verify, Node, settle 2s", "s", missing, verify(node, "--exec", "node good.mjs", "--settle", "2s")},
		{"verify, Node, 500 ms an answer", "s", missing, verify(node, "--exec", "node slow.mjs", "--settle", "2s")},
		{"chaos with the oracle", "messages/s", "", func(ctx context.Context, p programs) (float64, error) {
			s, err := seconds(ctx, dir, p.sentsim, "chaos", "--embedded", "--seed", "1", "--messages", strconv.Itoa(chaosMessages))
			return chaosMessages / s, err
		}},
		{"sentsim version", "ms", "", coldStart},
		{postsInMemory, "requests/s", "", func(ctx context.Context, p programs) (float64, error) { return posts(ctx, p, duration) }},
		{postsInSQLite, "requests/s", "", func(ctx context.Context, p programs) (float64, error) {
			data, err := os.MkdirTemp(dir, "data-")
			if err != nil {
				return 0, err
			}
			return posts(ctx, p, duration, "--data", filepath.Join(data, "sentsim.db"))
		}},
		{inMemory, "deliveries/s", "", metric("^BenchmarkDeliveries$/^memory$", "deliveries/s", "-test.benchtime", "20000x")},
		{inSQLite, "deliveries/s", "", metric("^BenchmarkDeliveries$/^sqlite$", "deliveries/s", "-test.benchtime", "20000x")},
		{generated, "ns", "", metric("^BenchmarkEvent$/^generate_and_sign$", "ns/event", "-test.benchtime", "50ms", "-test.count", "10")},
		{bareHMAC, "ns", "", metric("^BenchmarkEvent$/^bare_HMAC$", "ns/event", "-test.benchtime", "50ms", "-test.count", "10")},
	}, nil
}

// block is the fenced block of a Markdown text whose first line is given.
func block(text []byte, firstLine string) string {
	m := regexp.MustCompile("(?ms)^```\\w+\n(" + regexp.QuoteMeta(firstLine) + "\n.*?)^```$").FindSubmatch(text)
	if m == nil {
		return ""
	}
	return string(m[1])
}

// seconds is how long a program takes from its start to its end.
func seconds(ctx context.Context, dir, program string, args ...string) (float64, error) {
	start := clock.Wall()
	_, err := output(ctx, dir, program, args...)
	return clock.Wall().Sub(start).Seconds(), err
}

// coldStart is the median of a few starts, in milliseconds.
func coldStart(ctx context.Context, p programs) (float64, error) {
	all := make([]float64, 11)
	for i := range all {
		s, err := seconds(ctx, "", p.sentsim, "version")
		if err != nil {
			return 0, err
		}
		all[i] = 1000 * s
	}
	return middle(all), nil
}

// metric is a number that one of the Go benchmarks reports, the smallest one where
// it runs several times: what else the machine does only adds to a time.
func metric(name, unit string, args ...string) func(context.Context, programs) (float64, error) {
	pattern := regexp.MustCompile(`([\d.]+) ` + regexp.QuoteMeta(unit))
	return func(ctx context.Context, p programs) (float64, error) {
		said, err := output(ctx, "", p.tests, append([]string{"-test.run", "^$", "-test.bench", name}, args...)...)
		if err != nil {
			return 0, err
		}
		var all []float64
		for _, m := range pattern.FindAllStringSubmatch(said, -1) {
			x, err := strconv.ParseFloat(m[1], 64)
			if err != nil {
				return 0, err
			}
			all = append(all, x)
		}
		if len(all) == 0 {
			return 0, fmt.Errorf("%s did not report %s: %s", name, unit, last(said))
		}
		return slices.Min(all), nil
	}
}

// outcomes are what was measured, round by round.
type outcomes map[string][]float64

// verdicts measures all tasks in turns, with the programs of now and, if there are
// two sides, of the commit before, and prints what came of it.
func verdicts(ctx context.Context, all []task, rounds int, sides []programs, w io.Writer) error {
	got := []outcomes{{}, {}}
	for round := range rounds {
		for _, t := range all {
			for i := range sides {
				side := (i + round) % len(sides)
				if t.missing != "" {
					continue
				}
				x, err := t.measure(ctx, sides[side])
				if err != nil {
					return fmt.Errorf("%s: %w", t.name, err)
				}
				got[side][t.name] = append(got[side][t.name], x)
			}
		}
	}
	verdictTable(w, all, got[0], got[1])
	return nil
}

// verdictTable prints the medians, beside those of the commit before, and which
// goals they meet.
func verdictTable(w io.Writer, all []task, now, before outcomes) {
	fmt.Fprintln(w)
	for _, t := range all {
		if t.missing != "" {
			fmt.Fprintf(w, "%-32s skipped: %s\n", t.name, t.missing)
			continue
		}
		beside := ""
		if old := before[t.name]; len(old) > 0 {
			beside = fmt.Sprintf("  before %s, ratio %.2f", number(middle(slices.Clone(old))), quotient(now[t.name], old))
		}
		fmt.Fprintf(w, "%-32s %10s %s%s\n", t.name, number(middle(slices.Clone(now[t.name]))), t.unit, beside)
	}
	fmt.Fprintln(w)
	for _, g := range []struct {
		name, of string // of: what it is compared with; "": it counts by itself
		want     float64
		most     bool // want is the most, not the least
		text     string
	}{
		{postsInMemory, "", 25_000, false, "POST /v3/messages a second in memory"},
		{postsInSQLite, "", 10_000, false, "POST /v3/messages a second with SQLite"},
		{inSQLite, inMemory, 0.5, false, "times the deliveries of a server in memory, with SQLite"},
		{generated, bareHMAC, 2, true, "times the bare HMAC to generate and sign an event"},
	} {
		x, bound := middle(slices.Clone(now[g.name])), "at least"
		if g.of != "" {
			x = quotient(now[g.name], now[g.of])
		}
		if x == 0 {
			fmt.Fprintf(w, "unknown  %s: not measured\n", g.text)
			continue
		}
		if g.most {
			bound = "at most"
		}
		fmt.Fprintf(w, "%-8s %s %s (goal: %s %s)\n", verdict(x >= g.want != g.most), number(x), g.text, bound, number(g.want))
	}
}

// quotient is the median of a's to b's over the rounds.
func quotient(a, b []float64) float64 {
	var all []float64
	for i := range min(len(a), len(b)) {
		all = append(all, a[i]/b[i])
	}
	return middle(all)
}

// number is x with as many digits as tell something.
func number(x float64) string {
	switch {
	case x < 10:
		return fmt.Sprintf("%.2f", x)
	case x < 1000:
		return fmt.Sprintf("%.1f", x)
	}
	return thousands(x)
}
