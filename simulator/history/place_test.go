//go:build unix

package history

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/event"
)

// TestOnlyFiles: what is no file is refused at once, and left as it is.
func TestOnlyFiles(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skipf("no named pipes here: %v", err)
	}
	withPipe := filepath.Join(dir, "data.db")
	if err := syscall.Mkfifo(withPipe+"-wal", 0o600); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{dir: "a directory", pipe: "a named pipe", "/dev/null": "a device", withPipe: "a named pipe"} {
		opened := make(chan error, 1)
		go func() {
			s, err := OpenSQLite(t.Context(), file, 0)
			if err == nil {
				err = errors.Join(errors.New("it was opened"), s.Close())
			}
			opened <- err
		}()
		select {
		case err := <-opened:
			if !errors.Is(err, ErrNotAFile) || !strings.Contains(err.Error(), file) || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v", file, err)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("%s: it still waits", file)
		}
	}
}

// TestMakesPrivate: the file holds signing secrets.
func TestMakesPrivate(t *testing.T) {
	file := filepath.Join(t.TempDir(), "data.db")
	s, err := OpenSQLite(t.Context(), file, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(file, 0o666); err != nil {
		t.Fatal(err)
	}
	if s, err = OpenSQLite(t.Context(), file, 0); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, name := range []string{file, file + "-wal", file + "-shm"} {
		info, err := os.Stat(name)
		if err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
}

// TestFull: a disk without room says what to do, and the file is whole.
func TestFull(t *testing.T) {
	file := filepath.Join(t.TempDir(), "data.db")
	s, err := OpenSQLite(t.Context(), file, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.db.ExecContext(t.Context(), "PRAGMA max_page_count = 40"); err != nil {
		t.Fatal(err)
	}
	text := strings.Repeat("x", 2000)
	accepted := 0
	for err == nil {
		if err = s.Save(Change{Messages: []Message{{ID: uuid.New(), Status: event.Queued, Text: &text}}}); err == nil {
			err = s.Flush()
		}
		if err == nil {
			accepted++
		}
		if accepted > 1000 {
			t.Fatal("it never was full")
		}
	}
	if !errors.Is(err, ErrFull) || !strings.Contains(err.Error(), file) {
		t.Errorf("a full disk: %v", err)
	}
	if err := s.Close(); !errors.Is(err, ErrFull) {
		t.Errorf("closed with %v", err)
	}
	if s, err = OpenSQLite(t.Context(), file, 0); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if p, err := s.Messages(Query{}); err != nil || p.Total != accepted {
		t.Errorf("%d of %d accepted messages are there: %v", p.Total, accepted, err)
	}
}

// That the file is gone is found by whoever waits, also where there is nothing to write.
func TestAnIdleStoreMissesItsFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "data.db")
	s, err := OpenSQLite(t.Context(), file, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(file, file+".away"); err != nil {
		t.Fatal(err)
	}
	if err := s.Flush(); !errors.Is(err, ErrGone) {
		t.Errorf("flushed: %v", err)
	}
	if err := s.Close(); !errors.Is(err, ErrGone) {
		t.Errorf("closed with %v", err)
	}
}

// A file that somebody cuts is found, also where it is measured before that is looked
// for; one that we cut ourselves is not.
func TestACutIsNotMeasuredAway(t *testing.T) {
	file := filepath.Join(t.TempDir(), "data.db")
	if err := os.WriteFile(file, []byte("0123456789"), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := placeOf(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(file, 5); err != nil {
		t.Fatal(err)
	}
	p.measure()
	if err := p.check(); !errors.Is(err, ErrGone) {
		t.Errorf("the file is half as large as it was: %v", err)
	}
	p.mayShrink()
	p.measure()
	if err := p.check(); err != nil {
		t.Errorf("it was to shrink: %v", err)
	}
}
