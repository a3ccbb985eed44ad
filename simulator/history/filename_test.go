package history

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// TestForeignLog: a process is killed, and its file replaced by another one before
// the next start. What is left in the log must not get into that file.
func TestForeignLog(t *testing.T) {
	dir := t.TempDir()
	file, other := filepath.Join(dir, "data.db"), filepath.Join(dir, "other.db")
	// A whole file, and one whose process was killed: its log holds what it wrote last.
	for _, name := range []string{file, other} {
		s := open(t, name)
		write(t, s)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	s := open(t, file)
	write(t, s)
	write(t, s)
	log, err := os.ReadFile(file + "-wal")
	if err != nil || len(log) == 0 {
		t.Fatalf("no log: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	leave := func(name string) {
		if err := os.WriteFile(name+"-wal", log, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	leave(file) // its own: replayed
	open(t, file).Close()

	before, err := os.ReadFile(other)
	if err != nil {
		t.Fatal(err)
	}
	leave(other)
	if s, err := OpenSQLite(t.Context(), other, 0); !errors.Is(err, ErrForeignLog) {
		if err == nil {
			_ = s.Close()
		}
		t.Errorf("with the log of another file: %v", err)
	}
	if after, err := os.ReadFile(other); err != nil || string(after) != string(before) {
		t.Errorf("the file is not as it was: %v", err)
	}
}

func open(t *testing.T, file string) *SQLite {
	t.Helper()
	s, err := OpenSQLite(t.Context(), file, 0)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func write(t *testing.T, s *SQLite) {
	t.Helper()
	if err := errors.Join(s.Save(Change{Counters: map[string]uint64{"message": s.saved + 1}}), s.Flush()); err != nil {
		t.Fatal(err)
	}
}
