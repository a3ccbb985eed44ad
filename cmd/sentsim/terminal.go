package main

import (
	"io"
	"os"

	"github.com/mattn/go-isatty"

	"github.com/sentsim/sentsim/scenarios/report"
)

// plainWidth is how many columns a report has where there is no terminal to ask.
const plainWidth = 100

// isTerminal tells whether somebody looks at w.
func isTerminal(w any) (f *os.File, ok bool) {
	f, ok = w.(*os.File)
	return f, ok && (isatty.IsTerminal(f.Fd()) || isatty.IsCygwinTerminal(f.Fd()))
}

// style is how a report for people is printed to w. plain asks for what is
// printed where there is no terminal.
func (a *app) style(w io.Writer, plain bool) report.TerminalOptions {
	o := report.TerminalOptions{Out: w, Width: plainWidth}
	f, tty := isTerminal(w)
	if plain || !tty {
		return o
	}
	o.Color = a.getenv("NO_COLOR") == "" && a.getenv("TERM") != "dumb"
	if n := columns(f); n > 0 {
		o.Width = n
	}
	return o
}
