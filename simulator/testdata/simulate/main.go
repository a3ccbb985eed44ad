// Command simulate looks for a story in which Sent's side breaks its word. The
// real dispatcher, health, schedule and clock run against simulated receivers and
// a simulated file, from a seed, without sockets or real time: receivers refuse,
// hang and lose acknowledgements, contacts opt out, reviews are decided, somebody
// rotates, disables, edits, replays and removes, and the process shuts down in good
// order or dies between any two writes. After everything that happens a second
// reading of the contract (model.go, check.go) says what must have come of it.
//
//	go run ./simulator/testdata/simulate --seeds 20000
//	go run ./simulator/testdata/simulate --seed 42      one seed again, as a short story
//	go run ./simulator/testdata/simulate --faults       does it find the mistakes in faults.go?
//
// Exit status: 0 nothing was found (with --faults: every mistake was), 1 something
// was, 2 usage.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sentsim/sentsim/simulator/seed"
	"github.com/sentsim/sentsim/simulator/trace"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := simulate(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// simulate is main without the process around it.
func simulate(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	fs := flag.NewFlagSet("simulate", flag.ContinueOnError)
	fs.SetOutput(stderr)
	seeds := fs.Uint64("seeds", 20_000, "how many seeds to try")
	first := fs.Uint64("first", 1, "the first of them")
	one := fs.String("seed", "", "try this `SEED` only, and tell its story")
	faults := fs.Bool("faults", false, "put every mistake of faults.go into the code, and see that it is found")
	only := fs.String("only", "", "with --faults: those whose name contains `TEXT`")
	brief := fs.Bool("brief", false, "tell how many seeds it took, and no story")
	jobs := fs.Int("jobs", runtime.NumCPU(), "seeds tried at the same time")
	if err := fs.Parse(args); err != nil || fs.NArg() > 0 || *jobs < 1 || *seeds < 1 {
		fmt.Fprintln(stderr, "simulate: use --seeds N, --seed SEED or --faults")
		return 2
	}
	switch {
	case *faults:
		return proveFaults(ctx, *seeds, *only, stdout, stderr)
	case *one != "":
		s, err := seed.Parse(*one)
		if err != nil {
			fmt.Fprintln(stderr, "simulate:", err)
			return 2
		}
		return search(ctx, uint64(s), 1, 1, false, stdout)
	}
	return search(ctx, *first, *seeds, *jobs, *brief, stdout)
}

// search tries seeds until one fails.
func search(ctx context.Context, first, seeds uint64, jobs int, brief bool, stdout io.Writer) int {
	debug.SetGCPercent(400) // much is made and little of it lives
	debug.SetMemoryLimit(512 << 20)
	patience := patience
	if brief {
		patience /= 10
	}
	began := time.Now()
	var next, tried atomic.Uint64
	var mu sync.Mutex
	var all result
	var hours float64 // a million seeds are more time than a Duration holds
	var failed *seed.Seed
	var broken law
	var workers sync.WaitGroup
	for range jobs {
		workers.Go(func() {
			for ctx.Err() == nil {
				n := next.Add(1)
				mu.Lock()
				enough := failed != nil
				mu.Unlock()
				if n > seeds || enough {
					return
				}
				s := seed.Seed(first + n - 1)
				r := carryOut(ctx, draw(s), patience)
				tried.Add(1)
				mu.Lock()
				hours += r.simulated.Hours()
				all.requests, all.phantoms, all.restarts = all.requests+r.requests, all.phantoms+r.phantoms, all.restarts+r.restarts
				if r.bad != nil && ctx.Err() == nil && (failed == nil || s < *failed) {
					failed, broken = &s, r.bad.law
				}
				mu.Unlock()
			}
		})
	}
	workers.Wait()
	took := time.Since(began)
	fmt.Fprintf(stdout, "%d seeds in %.1f s: %.0f simulated hours (%.0f a second), %d requests, %d starts again, %d attempts cut short\n",
		tried.Load(), took.Seconds(), hours, hours/took.Seconds(), all.requests, all.restarts, all.phantoms)
	switch {
	case failed != nil && brief:
		fmt.Fprintf(stdout, "found after %5d seeds: %-75s", uint64(*failed)-first+1, broken)
		return 1
	case failed != nil:
		explain(ctx, *failed, stdout)
		return 1
	case ctx.Err() != nil:
		fmt.Fprintln(stdout, "interrupted")
		return 1
	}
	return 0
}

// explain tells the shortest story in which the seed fails.
func explain(ctx context.Context, s seed.Seed, stdout io.Writer) {
	p := draw(s)
	r := carryOut(ctx, p, patience)
	fmt.Fprintf(stdout, "\nFAILED at seed %s; again with:\n  go run ./simulator/testdata/simulate --seed %s\n", s, s)
	if r.bad == nil {
		fmt.Fprintln(stdout, "the second time it did not fail: something happens in another order")
		return
	}
	law := r.bad.law
	short, _ := trace.Minimise(ctx, p.steps, 400, func(ctx context.Context, steps []step) (bool, error) {
		q := p
		q.steps = slices.Clone(steps)
		again := carryOut(ctx, q, patience/10)
		return again.bad != nil && again.bad.law == law, nil
	})
	p.steps, p.told = short.Items, true
	if again := carryOut(ctx, p, patience); again.bad != nil {
		r = again
	}
	fmt.Fprintf(stdout, "\nThe rule: %s.\nThe shortest story found (%d of its steps; %s order, %d at a time, threshold %d):\n\n",
		law, len(p.steps), p.knobs.Order, p.knobs.Concurrency, p.knobs.DisableThreshold)
	for _, text := range r.story {
		fmt.Fprintln(stdout, text)
	}
	fmt.Fprintf(stdout, "%14s  %s\n", r.bad.at.Sub(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)).Round(time.Millisecond), "WRONG: "+r.bad.text)
}
