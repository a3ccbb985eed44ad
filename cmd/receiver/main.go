// Command receiver is the reference receiver as a program: what a good receiver
// of Sent's webhooks looks like, and something to try sentsim on.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/sentsim/sentsim/scenarios/receiver"
	_ "github.com/sentsim/sentsim/simulator/history/sqlite" // the driver "sqlite"
)

const usage = `Usage: receiver [--listen HOST:PORT] [--path PATH] [--data FILE] [--verbose]

Takes Sent's webhook deliveries and keeps what they say.

  --listen HOST:PORT  where to listen (default 127.0.0.1:PORT, PORT from the environment or 8080)
  --path PATH         where deliveries arrive (default /webhooks/sent)
  --data FILE         keep events in this SQLite database (default $STATE_FILE; without, in memory)
  --verbose           log every delivery

Environment:
  SENT_DM_WEBHOOK_SECRET  the webhook's signing secret, whsec_… (required)
  SENT_BASE_URL           Sent's API, without /v3: reply to incoming messages through it
  SENT_DM_API_KEY         the API's key, for replies
`

func main() {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // nohup wants it to go on
		signals = append(signals, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), signals...)
	context.AfterFunc(ctx, stop) // a second signal ends it the hard way
	os.Exit(run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
}

// run returns the exit status: 0 stopped or helped, 1 failed, 2 badly configured.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	var cfg receiver.Config
	flags := flag.NewFlagSet("receiver", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // usage and errors are printed here, once
	flags.StringVar(&cfg.Listen, "listen", "", "")
	flags.StringVar(&cfg.Path, "path", "", "")
	flags.StringVar(&cfg.File, "data", "", "")
	verbose := flags.Bool("verbose", false, "")
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, usage)
		return 0
	}
	if err == nil {
		err = check(flags)
	}
	if err != nil {
		fmt.Fprintf(stderr, "receiver: %v\n\n%s", err, usage)
		return 2
	}
	if getenv("SENTSIM_MUTANT") != "" {
		fmt.Fprintln(stderr, "receiver: SENTSIM_MUTANT is set, and this program makes no mistakes: run sentsim receiver --mutant NAME")
		return 2
	}
	level := slog.LevelInfo
	if *verbose {
		level = slog.LevelDebug
	}
	cfg.Logger = slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: level}))
	if err = cfg.FromEnv(getenv); err == nil {
		err = receiver.Serve(ctx, cfg, stdout)
	}
	switch {
	case err == nil:
		return 0
	case errors.Is(err, receiver.ErrConfig):
		fmt.Fprintf(stderr, "receiver: %v\n", err)
		return 2
	default:
		fmt.Fprintf(stderr, "receiver: %v\n", err)
		return 1
	}
}

// check refuses what a shell variable that is not set makes of a command line.
func check(flags *flag.FlagSet) (err error) {
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	flags.Visit(func(f *flag.Flag) {
		if f.Value.String() == "" {
			err = fmt.Errorf("--%s is given but empty", f.Name)
		}
	})
	return err
}
