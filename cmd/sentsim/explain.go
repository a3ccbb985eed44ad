package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sentsim/sentsim/scenarios/capture"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/signing"
)

func (a *app) explainCommand() *cobra.Command {
	var at string
	cmd := &cobra.Command{
		Use:   "explain [FILE] [flags]",
		Short: "say what is wrong with the signature of a captured request",
		Long: `Reads a captured delivery (a curl command, a HAR file or a raw HTTP request) from
a file or the standard input, and says whether its signature is right, or which
mistake was made and how to fix it. It sends nothing.

A capture is usually older than the 300 s that a receiver tolerates, so it is
judged as of its own timestamp; --at says otherwise.`,
		Example: `  sentsim explain captured.curl
  pbpaste | sentsim explain --secret whsec_…
  sentsim explain traffic.har --at now`,
		Args:        atMostOne,
		Annotations: map[string]string{helpEnvironment: signingHelp, helpStatuses: "  0  every signature is right\n  1  one is wrong\n  2  usage, configuration, or nothing that can be read\n"},
		RunE: func(cmd *cobra.Command, args []string) error {
			name := "-"
			if len(args) > 0 {
				name = args[0]
			}
			if name == "-" && cmd.Flags().Changed("secret-stdin") {
				return usage("the captured request and --secret-stdin: the standard input can be only one of them; give a FILE")
			}
			when, err := moment(at)
			if err != nil {
				return err
			}
			secret, err := a.secret(cmd)
			if err != nil {
				return err
			}
			if _, tty := isTerminal(a.stdin); tty && name == "-" {
				a.note("paste the captured request, and end it with Ctrl-D")
			}
			data, err := a.readInput(name)
			if err != nil {
				return err
			}
			requests, err := capture.Parser{ReadFile: os.ReadFile}.Parse(data)
			if err != nil {
				return err
			}
			return a.explain(requests, secret, when)
		},
	}
	group(cmd, "Time", func(f *pflag.FlagSet) {
		f.StringVar(&at, "at", "", "`TIME` as of which to judge: 2025-10-31T10:10:42Z, Unix seconds, or now")
	})
	secretFlags(cmd)
	configFlag(cmd)
	return cmd
}

// moment reads --at; zero is the request's own time.
func moment(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if text == "now" {
		return clock.Wall(), nil
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return time.Unix(n, 0), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, usage("--at %q: write it as 2025-10-31T10:10:42Z, as Unix seconds, or now", text)
	}
	return at, nil
}

func (a *app) explain(requests []capture.Request, secret signing.Secret, at time.Time) error {
	var b strings.Builder
	wrong := 0
	for i, r := range requests {
		if len(requests) > 1 {
			fmt.Fprintf(&b, "request %d: %s %s\n", i+1, r.Method, r.URL)
		}
		h := signing.HeadersFrom(r.Get)
		judged, own := at, false
		if judged.IsZero() {
			judged, own = r.When(clock.Wall())
		}
		f := signing.Explain(secret, h, r.Body, judged)
		if f.OK {
			fmt.Fprintf(&b, "right: %s\n", f.Summary)
		} else {
			wrong++
			fmt.Fprintf(&b, "WRONG (%s): %s\nfix: %s\n", f.Cause, f.Summary, f.Fix)
		}
		if own {
			fmt.Fprintf(&b, "judged as of its own timestamp, %s; --at now judges its age too\n", judged.UTC().Format(time.RFC3339))
		}
	}
	if err := a.print("%s", report.Printable(b.String())); err != nil {
		return err
	}
	if wrong > 0 {
		return exit(statusBroken, nil)
	}
	return nil
}
