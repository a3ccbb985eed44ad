//go:build unix

package report_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/sentsim/sentsim/scenarios/report"
)

// A report to /dev/stdout or a pipe goes through it, and leaves it there. (Not
// tried on a device of this machine: a mistake would replace that.)
func TestAPipeIsNotReplaced(t *testing.T) {
	t.Parallel()
	pipe, link := filepath.Join(t.TempDir(), "pipe"), filepath.Join(t.TempDir(), "link")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	reader, err := os.OpenFile(pipe, os.O_RDWR, 0) // does not wait for a writer
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reader.Close() }()
	if err := os.Symlink(pipe, link); err != nil {
		t.Fatal(err)
	}
	f, err := report.Create(link, report.JSON)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Write(report.Report{Sentsim: "through the pipe"}); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 4096)
	n, err := reader.Read(buf)
	if err != nil || !strings.Contains(string(buf[:n]), "through the pipe") {
		t.Errorf("read %q, %v", buf[:n], err)
	}
	if info, err := os.Stat(pipe); err != nil || info.Mode()&os.ModeNamedPipe == 0 {
		t.Errorf("%s is no pipe any more: %v, %v", pipe, info, err)
	}
}
