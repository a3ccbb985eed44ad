package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sentsim/sentsim/scenarios"
	"github.com/sentsim/sentsim/scenarios/capture"
	"github.com/sentsim/sentsim/scenarios/explain"
	"github.com/sentsim/sentsim/scenarios/input"
	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/signing"
)

func (a *app) explainCommand() *cobra.Command {
	var at string
	cmd := &cobra.Command{
		Use:   "explain [FILE] [flags]",
		Short: "say what is wrong with the signature of a captured request",
		Long: `Reads a captured delivery from a file or the standard input, and says whether its
signature is right, what was changed where it is not, or what the capture lacks
to tell. It sends nothing.

What it reads: commands of curl, wget, HTTPie and PowerShell as they were pasted,
what a browser copies (cURL, fetch, PowerShell), raw HTTP, HAR files, collections
of Postman and Insomnia, any JSON that has headers and a body (inspectors, events
of serverless platforms, logs), traces and dumps, lines of a log.

A capture is usually older than the 300 s that a receiver tolerates, so it is
judged as of its own timestamp; --at says otherwise.`,
		Example: `  sentsim explain captured.curl
  pbpaste | sentsim explain --secret whsec_…
  sentsim explain traffic.har --at now`,
		Args:        atMostOne,
		Annotations: map[string]string{helpEnvironment: signingHelp, helpStatuses: "  0  every signature is right\n  1  one is wrong\n  2  usage, configuration, or a capture that cannot be read or is not enough to tell\n"},
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
			data, err := a.readInput(cmd.Context(), name, capture.MaxBytes)
			if err != nil {
				return err
			}
			readings, err := capture.Parser{ReadFile: readRegular}.Readings(data)
			if err != nil {
				return err
			}
			return a.explain(readings, secret, when)
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

// readRegular reads a file that a captured command names. A capture is somebody
// else's text: a device or a pipe in it must not make explain wait for ever.
func readRegular(name string) ([]byte, error) {
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, errors.New("there is no such file here")
	case !info.Mode().IsRegular():
		return nil, errors.New("it is no regular file")
	case info.Size() > capture.MaxBytes:
		return nil, fmt.Errorf("it has more than %d bytes", capture.MaxBytes)
	}
	return input.Regular(name, capture.MaxBytes)
}

func (a *app) explain(readings []capture.Reading, secret signing.Secret, at time.Time) error {
	var b strings.Builder
	wrong, undecided := 0, 0
	findings := explain.Explain(secret, readings, func(r capture.Request) time.Time {
		if at.IsZero() {
			own, _ := r.When(clock.Wall())
			return own
		}
		return at
	})
	for i, f := range findings {
		if len(findings) > 1 {
			fmt.Fprintf(&b, "request %d: %s %s\n", i+1, f.Request.Method, f.Request.URL)
		}
		switch f.Verdict {
		case explain.Right:
			fmt.Fprintf(&b, "right: %s\n", f.Summary)
		case explain.Wrong:
			wrong++
			fmt.Fprintf(&b, "WRONG (%s): %s\nfix: %s\n", f.Cause, f.Summary, f.Fix)
		case explain.CannotTell:
			undecided++
			fmt.Fprintf(&b, "CANNOT TELL (%s): %s\nfix: %s\n", f.Cause, f.Summary, f.Fix)
		}
		for _, note := range f.Notes {
			fmt.Fprintf(&b, "note: %s\n", note)
		}
		if own, ok := f.Request.When(clock.Wall()); ok && at.IsZero() && f.Verdict != explain.CannotTell {
			fmt.Fprintf(&b, "judged as of its own timestamp, %s; --at now judges its age too\n", own.UTC().Format(time.RFC3339))
		}
	}
	if err := a.print("%s", report.Printable(secretless(b.String(), secret))); err != nil {
		return err
	}
	switch {
	case wrong > 0:
		return exit(statusBroken, nil)
	case undecided > 0:
		return exit(scenarios.ExitUsage, nil)
	}
	return nil
}

// secretless takes the secret out of a text in every form in which it may have
// stood in the capture, for a finding quotes parts of that.
func secretless(text string, secret signing.Secret) string {
	for _, s := range secret.Spellings() {
		if len(s) >= 6 {
			text = strings.ReplaceAll(text, s, "***")
		}
	}
	return text
}
