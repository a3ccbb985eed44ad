package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"github.com/sentsim/sentsim/scenarios/report"
)

// reportHelp says which reports there are and where they go.
func reportHelp() string {
	return "Report formats:\n" + report.FormatsDoc() + `Without =FILE a report goes to the standard output, and what is for people to the
standard error; markdown goes to the job's summary where GITHUB_STEP_SUMMARY names
one. Files are also written when the run fails or is interrupted. On GitHub Actions,
broken rules become annotations.`
}

// here is the folder that sentsim runs in.
const here = "."

// reportFlags ask for reports.
func reportFlags(f *pflag.FlagSet, o *verifyOptions) {
	names := report.Formats()
	last := len(names) - 1
	f.StringArrayVar(&o.reports, "report", nil,
		"a report, `FORMAT[=FILE]`: "+strings.Join(names[:last], ", ")+" or "+names[last]+"; repeatable")
	f.StringVar(&o.reportDir, "report-dir", here, "`DIR` for the reports whose FILE is relative; made if it is not there (default: the folder that sentsim runs in)")
	plainDefault(f, "report-dir")
}

// outputs are the reports that were asked for.
type outputs struct {
	toStdout report.Writer // nil: none
	summary  string        // file to which the markdown report is added; "": none
	wanted   []wanted
	dirs     []string // that --report-dir is to have made
	files    []*report.File
}

type wanted struct {
	path  string
	write report.Writer
}

// planOutput reads --output and --report. summary is the file of the job's page
// on GitHub Actions, to which several steps write, or "".
func planOutput(o verifyOptions, summary string) (*outputs, error) {
	p := &outputs{}
	if err := checkColor(o.color); err != nil {
		return nil, err
	}
	if o.reportDir == "" {
		return nil, usage("--report-dir is given but empty")
	}
	switch o.output {
	case "auto", "plain":
	case "json":
		p.toStdout = report.JSON
	default:
		return nil, usage("--output %q: use auto, plain or json", o.output)
	}
	if o.quiet && o.verbose {
		return nil, usage("--quiet and --verbose: use one of them")
	}
	for _, text := range o.reports {
		format, path, toFile := strings.Cut(text, "=")
		if path == "-" {
			toFile = false // the standard output, as elsewhere
		}
		write, err := report.Format(format)
		if err != nil {
			return nil, usage("--report: %v", err)
		}
		switch {
		case toFile && path == "":
			return nil, usage("--report %s: the file's name is missing", text)
		case format == "markdown" && !toFile && path != "-" && summary != "":
			p.summary = summary
		case toFile:
			if o.reportDir != here && !filepath.IsAbs(path) {
				path = filepath.Join(o.reportDir, path)
				p.dirs = append(p.dirs, filepath.Dir(path))
			}
			p.wanted = append(p.wanted, wanted{path, write})
		case p.toStdout != nil:
			return nil, usage("--report %s: the standard output takes one report; write this one to a file, --report %s=FILE", format, format)
		default:
			p.toStdout = write
		}
	}
	if o.reportDir != here && len(p.wanted) == 0 {
		return nil, usage("--report-dir %s: no report goes to a file; name one with --report FORMAT=FILE", o.reportDir)
	}
	for i, w := range p.wanted {
		for _, other := range p.wanted[:i] {
			if filepath.Clean(w.path) == filepath.Clean(other.path) {
				return nil, usage("--report: two reports to the file %s", w.path)
			}
		}
	}
	return p, nil
}

// create makes sure that the files can be written. After an error there are none.
func (p *outputs) create() error {
	for _, dir := range p.dirs {
		if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // reports are for everybody to read
			return fmt.Errorf("--report-dir: %w", err)
		}
	}
	for _, w := range p.wanted {
		f, err := report.Create(w.path, w.write)
		if err != nil {
			p.discard()
			return err
		}
		p.files = append(p.files, f)
	}
	return nil
}

func (p *outputs) discard() {
	for _, f := range p.files {
		f.Discard()
	}
}

// write writes all of them, also when one fails.
func (p *outputs) write(stdout io.Writer, rep report.Report) error {
	var errs []error
	for _, f := range p.files {
		errs = append(errs, f.Write(rep))
	}
	if p.toStdout != nil {
		errs = append(errs, p.toStdout(stdout, rep))
	}
	if p.summary != "" {
		errs = append(errs, addTo(p.summary, rep))
	}
	return errors.Join(errs...)
}

// addTo adds the markdown report to a file that others write to as well.
func addTo(path string, rep report.Report) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644) //nolint:gosec // the runner's own file, for everybody to read
	if err != nil {
		return err
	}
	return errors.Join(report.Markdown(f, rep), f.Close())
}
