// Command mutate asks whether the tests would notice if the code were wrong.
// It makes one small change at a time (a comparison, a constant, a deleted
// statement), runs the tests of that package, and reports every change that no
// test objects to. The work tree is never touched: all changes of a package are
// compiled into one test binary through an overlay and switched on one by one.
//
//	go run ./simulator/testdata/mutate [flags] [FILE or FOLDER ...]
//
// Without arguments it takes the files named in targets.go. A change that is
// no change in behaviour is listed in equivalent.txt with the reason; an entry
// there that matches nothing, or that a test does object to, is an error.
// Exit status: 0 nothing survived but what is listed, 1 something did or the
// list is out of date, 2 usage, or the tests fail by themselves.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"time"
)

// options are the command line after parsing.
type options struct {
	targets    []target
	all        bool // the default targets, not some chosen on the command line
	list       bool
	verbose    bool
	only       *regexp.Regexp // nil: every mutant
	skip       string         // -test.skip
	jobs       int
	timeout    time.Duration // per mutant, at most
	budget     time.Duration // for the whole run
	equivalent string        // path of the list of equivalent mutants
	root       string        // the module's folder; empty: found with the go command
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := mutate(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// mutate is main without the process around it.
func mutate(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parseFlags(ctx, args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(stderr, "mutate:", err)
		return 2
	}
	started := time.Now()
	ctx, cancel := context.WithTimeout(ctx, o.budget)
	defer cancel()

	s, err := load(ctx, o)
	if err != nil {
		fmt.Fprintln(stderr, "mutate:", err)
		return 2
	}
	listed, err := readEquivalents(o.equivalent)
	if err != nil {
		fmt.Fprintln(stderr, "mutate:", err)
		return 2
	}
	if o.list {
		s.printList(stdout)
		return 0
	}
	if err := s.run(ctx, o, stderr); err != nil {
		fmt.Fprintln(stderr, "mutate:", err)
		return 2
	}
	return s.report(stdout, listed, o, time.Since(started))
}

func parseFlags(ctx context.Context, args []string, stderr io.Writer) (options, error) {
	o := options{targets: defaultTargets(), all: true}
	var only string
	fs := flag.NewFlagSet("mutate", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.BoolVar(&o.list, "list", false, "print the mutants and run nothing")
	fs.BoolVar(&o.verbose, "v", false, "print every mutant's fate as it is known")
	fs.StringVar(&only, "only", "", "take only mutants whose `PATTERN` (regexp) is found in 'file:line function: change'")
	fs.StringVar(&o.skip, "skip", "", "leave out tests whose name matches `PATTERN`, to see what the others notice")
	fs.IntVar(&o.jobs, "jobs", 2, "mutants tested at the same time")
	fs.DurationVar(&o.timeout, "timeout", 20*time.Second, "time for the tests of one mutant, at most")
	fs.DurationVar(&o.budget, "budget", 10*time.Minute, "time for the whole run; what is left then counts as not judged")
	fs.StringVar(&o.equivalent, "equivalent", "", "list of equivalent mutants (default equivalent.txt beside this program)")
	fs.StringVar(&o.root, "root", "", "folder of the module (default: where the go command says)")
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	if o.jobs < 1 {
		return o, fmt.Errorf("--jobs %d: at least 1", o.jobs)
	}
	if only != "" {
		re, err := regexp.Compile(only)
		if err != nil {
			return o, fmt.Errorf("--only: %w", err)
		}
		o.only = re
	}
	if fs.NArg() > 0 {
		o.targets, o.all = nil, false
		for _, arg := range fs.Args() {
			o.targets = withTarget(o.targets, targetOf(arg))
		}
	}
	if o.root == "" {
		root, err := moduleRoot(ctx)
		if err != nil {
			return o, err
		}
		o.root = root
	}
	if o.equivalent == "" {
		o.equivalent = filepath.Join(o.root, "simulator", "testdata", "mutate", "equivalent.txt")
	}
	return o, nil
}
