package main

import (
	"io"
	"os"
	"slices"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sentsim/sentsim/scenarios/report"
)

// plainWidth is how many columns a report has where there is no terminal to ask.
const plainWidth = 100

// isTerminal tells whether somebody looks at w.
func isTerminal(w any) (f *os.File, ok bool) {
	f, ok = w.(*os.File)
	return f, ok && (isatty.IsTerminal(f.Fd()) || isatty.IsCygwinTerminal(f.Fd()))
}

// colors are the values of --color.
func colors() []string { return []string{"auto", "always", "never"} }

func colorFlag(cmd *cobra.Command, color *string) {
	group(cmd, "Output", func(f *pflag.FlagSet) {
		f.StringVar(color, "color", "auto", "`WHEN` to print in colour: auto (on a terminal, unless NO_COLOR is set), always or never (default auto)")
		plainDefault(f, "color")
	})
	_ = cmd.RegisterFlagCompletionFunc("color", fixed(colors()...))
}

func checkColor(color string) error {
	if slices.Contains(colors(), color) {
		return nil
	}
	return usage("--color %q: use auto, always or never", color)
}

// style is how a report for people is printed to w. plain asks for what is
// printed where there is no terminal.
func (a *app) style(w io.Writer, plain bool, color string) report.TerminalOptions {
	o := report.TerminalOptions{Out: w, Width: plainWidth, Color: color == "always"}
	f, tty := isTerminal(w)
	if plain || !tty {
		return o
	}
	if color == "auto" {
		o.Color = a.getenv("NO_COLOR") == "" && a.getenv("TERM") != "dumb"
	}
	if n := columns(f); n > 0 {
		o.Width = n
	}
	return o
}
