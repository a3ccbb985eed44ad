// Command bench measures how fast deliveries go out, side by side with others
// that send to the same receiver on this machine: a bare loop that signs and keeps
// nothing, a plain net/http client, k6, k6 with k6/x/sentsim in it, and wrk. Everybody is a process of their own with 64
// connections and the same body of 424 bytes, but for k6/x/sentsim, whose messages are those of a plan; their turns alternate, so that a machine that slows down
// slows everybody down.
//
//	go run ./simulator/testdata/bench [--rounds N] [--duration D] [--tools=false] [--memory=false] [--verdicts=false] [--before COMMIT]
//
// k6 and wrk take part when they are in bin/ or on the PATH, k6/x/sentsim when it is in bin/k6; make bench sees to that.
//
// Then it measures what users wait for: verdicts on receivers, the command's start,
// the API's answers. With --before the programs of an earlier commit take their
// turns beside those of the code as it is.
//
// It prints tables, and for each goal whether it was met. Exit status: 0 it was
// measured, 1 something failed or a count of deliveries differs from the
// receiver's, 2 usage.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := bench(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code) //nolint:forbidigo // this is main
}

// bench is main without the process around it.
func bench(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	var err error
	if len(args) > 0 && args[0] == receiverRole {
		err = receive(ctx, stdin, stdout)
	} else if role, ok := roles()[first(args)]; ok {
		err = play(role, args[1:], stdout)
	} else {
		var o options
		if o, err = parseFlags(args, stderr); err == nil {
			err = compare(ctx, o, stdout)
		}
	}
	var usage usageError
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.As(err, &usage):
		fmt.Fprintln(stderr, "bench:", err)
		return 2
	default:
		fmt.Fprintln(stderr, "bench:", err)
		return 1
	}
}

type options struct {
	rounds   int
	duration time.Duration // of one turn
	memory   []int         // messages; memory is compared between these
	tools    bool          // k6 and wrk too
	verdicts bool          // and what users wait for
	before   string        // a commit that is measured beside; "": none
}

type usageError struct{ error }

func parseFlags(args []string, stderr io.Writer) (options, error) {
	o := options{memory: []int{100_000, 1_000_000}}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.IntVar(&o.rounds, "rounds", 5, "how often everybody has a turn")
	flags.DurationVar(&o.duration, "duration", 3*time.Second, "how long a turn takes")
	flags.BoolVar(&o.tools, "tools", true, "run k6 and wrk too")
	flags.BoolVar(&o.verdicts, "verdicts", true, "measure verdicts and the API too; it builds the command")
	flags.StringVar(&o.before, "before", "", "measure the programs of an earlier `COMMIT` beside those of now")
	memory := flags.Bool("memory", true, "compare the memory of 100,000 and 1,000,000 messages")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return o, err
		}
		return o, usageError{err}
	}
	switch {
	case flags.NArg() > 0:
		return o, usageError{fmt.Errorf("unexpected argument %q", flags.Arg(0))}
	case o.rounds < 1 || o.duration < time.Second: // k6 refuses less
		return o, usageError{errors.New("at least one round, and 1s for each turn")}
	}
	if !*memory {
		o.memory = nil
	}
	return o, nil
}

func first(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[0]
}
