// Command sentsim checks a receiver of Sent's webhooks against the contract, and
// sends it single deliveries. The commands take flags and print; what they do is
// in the packages that they call.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	// What a Go module imports only where it wants it, the program has.
	_ "github.com/sentsim/sentsim/scenarios/target/container"
	_ "github.com/sentsim/sentsim/simulator/history/sqlite"
)

func main() {
	ctx, cancel := context.WithCancelCause(context.Background())
	hurry := make(chan struct{})
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // nohup wants it to go on
		signal.Notify(signals, syscall.SIGHUP)
	}
	go func() {
		cancel(ended(<-signals))
		<-signals
		close(hurry)
		// The third one ends it the hard way.
		signal.Reset()
	}()
	os.Exit(run(ctx, invocation{
		args: os.Args[1:], environ: os.Environ(),
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, hurry: hurry,
	}))
}
