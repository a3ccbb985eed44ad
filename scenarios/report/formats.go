package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/sentsim/sentsim/scenarios/nearest"
)

// Writer writes a report in one form.
type Writer func(w io.Writer, rep Report) error

// Formats are the names that Format knows, in the order of the documentation.
func Formats() []string { return []string{"json", "junit", "markdown", "html"} }

// Format is the writer of that name. The error of an unknown one names those
// there are.
func Format(name string) (Writer, error) {
	switch name {
	case "json":
		return JSON, nil
	case "junit":
		return JUnit, nil
	case "markdown":
		return Markdown, nil
	case "html":
		return HTML, nil
	}
	return nil, fmt.Errorf("unknown report format %q%s: there are %s", name, nearest.Hint(name, Formats()), strings.Join(Formats(), ", "))
}

// Printable is text as the terminal report would print it: without what looks
// like a signing secret, and with control characters as escapes. Line feeds stay.
func Printable(text string) string { return string(redact([]byte(visible(text)))) }
