package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/sentsim/sentsim/scenarios"
	"github.com/sentsim/sentsim/scenarios/nearest"
)

// invocation is everything that one call of the program depends on.
type invocation struct {
	args           []string // without the program's name
	environ        []string
	stdin          io.Reader
	stdout, stderr io.Writer
	hurry          <-chan struct{} // closed when the user asks a second time to stop
}

// app is one call of the program.
type app struct{ invocation }

// run returns the exit status.
func run(ctx context.Context, inv invocation) (status int) {
	a := &app{inv}
	defer func() {
		if bug := recover(); bug != nil {
			status = a.bug(bug)
		}
	}()
	root := a.root()                              //nolint:contextcheck // commands take their context from cobra
	root.SetArgs(append([]string{}, inv.args...)) // nil would mean os.Args
	root.SetIn(inv.stdin)
	help := bufio.NewWriter(inv.stdout) // cobra has no way to say that it could not be printed
	root.SetOut(help)
	root.SetErr(inv.stderr)
	cmd, err := root.ExecuteContextC(ctx)
	if flushErr := help.Flush(); err == nil && flushErr != nil {
		err = unprinted(flushErr)
	}
	return a.report(cmd, err)
}

const long = `Sent's webhook deliveries without Sent, and a check of what a receiver owes them.

It needs no account: it signs with the receiver's own secret, and what Sent does
over hours (retries, auto-disable) takes seconds.`

func (a *app) root() *cobra.Command {
	var version bool
	root := &cobra.Command{
		Use:   "sentsim",
		Short: "test a receiver of Sent's webhooks",
		Long:  long,
		Example: `  sentsim verify --target http://127.0.0.1:8080/webhooks/sent --secret-stdin < secret.txt
  sentsim verify --exec 'node server.js' --report junit=report.xml
  sentsim trigger message.delivered --target http://127.0.0.1:8080/webhooks/sent
  sentsim explain captured.curl`,
		Args:          cobra.ArbitraryArgs, // a command that there is not is an argument here
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case len(args) > 0:
				return usage("unknown command %q%s", args[0], commandHint(cmd, args[0]))
			case version:
				return a.printVersion()
			}
			return cmd.Help()
		},
	}
	root.Flags().BoolVar(&version, "version", false, "print the version")
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetFlagErrorFunc(flagError)
	root.SetHelpFunc(printHelp)
	root.SetHelpCommand(helpCommand())
	root.AddCommand(
		a.verifyCommand(), a.compareCommand(), a.mergeCommand(), a.chaosCommand(), a.replayCommand(), a.triggerCommand(),
		a.serveCommand(), a.resendCommand(), a.receiverCommand(),
		a.signCommand(), a.explainCommand(),
		a.eventsCommand(), a.rulesCommand(), a.vectorsCommand(),
		a.initCommand(), a.configCommand(),
		a.versionCommand(), a.completionCommand(),
	)
	for _, cmd := range root.Commands() {
		cmd.Flags().SortFlags = false
		cmd.Flags().BoolP("help", "h", false, "this help")
	}
	root.Flags().BoolP("help", "h", false, "this help")
	return root
}

// commandHint offers the command that was meant: what other tools call otherwise,
// or the nearest name.
func commandHint(root *cobra.Command, word string) string {
	ours := map[string]string{
		"listen": "serve --forward-to URL", "forward": "serve --forward-to URL", "start": "serve", "run": "verify", "test": "verify",
		"list": "events, rules or config --knobs", "ls": "events, rules or config --knobs", "send": "trigger EVENT",
	}
	if name, ok := ours[word]; ok {
		return fmt.Sprintf(": here it is sentsim %s", name)
	}
	return nearest.Hint(word, commandNames(root))
}

func commandNames(root *cobra.Command) []string {
	var names []string
	for _, c := range root.Commands() {
		if !c.Hidden {
			names = append(names, c.Name())
		}
	}
	return names
}

// signalled is why a run ended that somebody stopped.
type signalled struct {
	word   string
	status int
}

func (s *signalled) Error() string { return s.word }

// ExitStatus is the status of a run that the signal ended.
func (s *signalled) ExitStatus() int { return s.status }

// ended is the reason that a signal gives.
func ended(s os.Signal) error {
	if s == syscall.SIGTERM || s == syscall.SIGHUP { // the terminal is gone, or whoever supervises it wants it to end
		return &signalled{"terminated", scenarios.ExitTerminated}
	}
	return &signalled{"interrupted", scenarios.ExitInterrupted}
}

// stopped is the signal that ended ctx, or nil.
func stopped(ctx context.Context) *signalled {
	var s *signalled
	if ctx.Err() != nil && errors.As(context.Cause(ctx), &s) {
		return s
	}
	return nil
}

// getenv looks into the environment of this call.
func (a *app) getenv(name string) string {
	for i := len(a.environ) - 1; i >= 0; i-- {
		if value, ok := strings.CutPrefix(a.environ[i], name+"="); ok {
			return value
		}
	}
	return ""
}

// print writes data. That it could not be written is our trouble, and no success.
func (a *app) print(format string, args ...any) error {
	if _, err := fmt.Fprintf(a.stdout, format, args...); err != nil {
		return unprinted(err)
	}
	return nil
}

func unprinted(err error) error { return exit(statusTrouble, fmt.Errorf("standard output: %w", err)) }
