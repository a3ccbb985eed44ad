package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/sentsim/sentsim/scenarios/nearest"
)

// Writer writes a report in one form.
type Writer func(w io.Writer, rep Report) error

// format is one form that a report is written in.
type format struct {
	name  string
	write Writer
	doc   string // what it is for
}

// formats are all of them. Help, completion and errors are made from this table.
func formats() []format {
	return []format{
		{"json", JSON, "for programs, and for sentsim compare"},
		{"junit", JUnit, "for CI systems"},
		{"markdown", Markdown, "for a job's page or a comment"},
		{"html", HTML, "one file for people"},
		{"badge", Badge, "a picture (SVG) for a README"},
		{"sarif", SARIF, "for code scanning"},
	}
}

// Formats are the names that Format knows, in the order of the documentation.
func Formats() []string {
	var names []string
	for _, f := range formats() {
		names = append(names, f.name)
	}
	return names
}

// FormatsDoc says what each format is for, a line each, for help.
func FormatsDoc() string {
	var b strings.Builder
	for _, f := range formats() {
		fmt.Fprintf(&b, "  %-9s %s\n", f.name, f.doc)
	}
	return b.String()
}

// Format is the writer of that name. The error of an unknown one names those
// there are.
func Format(name string) (Writer, error) {
	for _, f := range formats() {
		if f.name == name {
			return f.write, nil
		}
	}
	return nil, fmt.Errorf("unknown report format %q%s: there are %s", name, nearest.Hint(name, Formats()), strings.Join(Formats(), ", "))
}

// Printable is text as the terminal report would print it: without what looks
// like a signing secret, and with control characters and commands for a CI runner
// as escapes. Line feeds stay.
func Printable(text string) string { return string(redact([]byte(visible(text)))) }
