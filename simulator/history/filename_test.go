package history

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/delivery"
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
	log := read(t, file+"-wal")
	if len(log) == 0 {
		t.Fatal("no log")
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

	before := read(t, other)
	leave(other)
	if s, err := OpenSQLite(t.Context(), other, 0); !errors.Is(err, ErrForeignLog) {
		if err == nil {
			_ = s.Close()
		}
		t.Errorf("with the log of another file: %v", err)
	}
	if !bytes.Equal(read(t, other), before) {
		t.Error("the file is not as it was")
	}
}

// TestKilledInACheckpoint: a process is killed while SQLite copies pages from the
// log into the file, after any number of them. The file is whole only together
// with its log, and nothing is lost.
func TestKilledInACheckpoint(t *testing.T) {
	file := filepath.Join(t.TempDir(), "data.db")
	open(t, file).Close()
	before := read(t, file)
	s := open(t, file)
	for i := range 20 { // pages come and go: the file must grow
		body := bytes.Repeat([]byte("x"), 4000)
		err := s.Save(Change{Deliveries: []delivery.Delivery{{ID: uuid.New(), Number: uint64(i) + 1, Status: delivery.Delivered, Body: body}}})
		if err := errors.Join(err, s.Flush()); err != nil {
			t.Fatal(err)
		}
	}
	log := read(t, file+"-wal")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	after := read(t, file)
	if len(after) < len(before)+20*4000 {
		t.Fatalf("the file grew from %d to %d bytes only", len(before), len(after))
	}
	const page = 4096
	for copied := 0; copied <= len(after); copied += page {
		torn := slices.Clone(after[:copied])
		if copied < len(before) {
			torn = append(torn, before[copied:]...)
		}
		for name, data := range map[string][]byte{file: torn, file + "-wal": log} {
			if err := os.WriteFile(name, data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		s, err := OpenSQLite(t.Context(), file, 0)
		if err != nil {
			t.Fatalf("%d of %d pages copied: %v", copied/page, len(after)/page, err)
		}
		var n int
		err = s.read.QueryRowContext(t.Context(), "SELECT count(*) FROM deliveries").Scan(&n)
		if err := errors.Join(err, s.Close()); err != nil || n != 20 {
			t.Fatalf("%d of %d pages copied: %d deliveries of 20, %v", copied/page, len(after)/page, n, err)
		}
	}
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
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
