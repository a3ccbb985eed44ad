package report_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sentsim/sentsim/scenarios/report"
)

func entries(t *testing.T, dir string) string {
	t.Helper()
	all, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range all {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestAReportFileReplacesTheOldOneAsAWhole(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "r.json")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := report.Create(path, report.JSON)
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, path); got != "old" {
		t.Errorf("the old report reads %q before the new one is there", got)
	}
	if err := f.Write(report.Report{Sentsim: "new"}); err != nil {
		t.Fatal(err)
	}
	f.Discard() // does nothing any more
	if got := read(t, path); !strings.Contains(got, `"new"`) {
		t.Errorf("the new report reads %q", got)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v; want that of the old file", info.Mode(), err)
	}
	if got := entries(t, dir); got != "r.json" {
		t.Errorf("the folder holds %s", got)
	}
}

func TestAReportFileThatIsNotWritten(t *testing.T) {
	t.Parallel()
	broken := func(io.Writer, report.Report) error { return errors.New("disk full") }
	for name, end := range map[string]func(*report.File) error{
		"discarded": func(f *report.File) error { f.Discard(); return errors.New("disk full") },
		"failed":    func(f *report.File) error { return f.Write(report.Report{}) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path := filepath.Join(dir, "r.json")
			if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
				t.Fatal(err)
			}
			f, err := report.Create(path, broken)
			if err != nil {
				t.Fatal(err)
			}
			if err := end(f); err == nil || !strings.Contains(err.Error(), "disk full") {
				t.Errorf("error %v", err)
			}
			if got := read(t, path) + " in " + entries(t, dir); got != "old in r.json" {
				t.Errorf("there is %s", got)
			}
		})
	}
}

func TestAReportFileThatCannotBe(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for path, want := range map[string]string{
		dir:                                  "is a directory",
		filepath.Join(dir, "none", "r.json"): "no such file or directory",
		filepath.Join(dir, "file", "r", "x"): "no such file or directory",
		"/dev/null/r.json":                   "not a directory",
		strings.Repeat("x", 300) + "/report": "file name too long",
	} {
		f, err := report.Create(path, report.JSON)
		if err == nil {
			f.Discard()
			t.Errorf("%s can be created", path)
			continue
		}
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want it to say %q", path, err, want)
		}
	}
}

func TestFormats(t *testing.T) {
	t.Parallel()
	for _, name := range report.Formats() {
		write, err := report.Format(name)
		if err != nil || write(io.Discard, report.Report{}) != nil {
			t.Errorf("%s cannot be written", name)
		}
	}
	_, err := report.Format("jsn")
	if err == nil || !strings.Contains(err.Error(), `did you mean "json"?`) || !strings.Contains(err.Error(), "json, junit, markdown") {
		t.Errorf("error %v", err)
	}
}

func TestPrintable(t *testing.T) {
	t.Parallel()
	if got := report.Printable("a\n\x1b[2Jwhsec_abcdefgh12345678"); got != "a\n\\x1b[2Jwhsec_***" {
		t.Errorf("got %q", got)
	}
}
