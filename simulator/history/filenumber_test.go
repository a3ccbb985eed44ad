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
	s := open(t, file)
	before := read(t, file)
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

// TestKilledBeforeItHasItsNumber: the same, while the file gets a new number, and
// again while the next process gives it another one.
func TestKilledBeforeItHasItsNumber(t *testing.T) {
	file := filepath.Join(t.TempDir(), "data.db")
	open(t, file).Close()
	whole := read(t, file)
	for once := range len(numbering(0)) + 1 {
		for again := range len(numbering(0)) + 1 {
			for name, data := range map[string][]byte{file: whole, file + "-wal": nil} {
				if err := os.WriteFile(name, data, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			killedAfter(t, file, numbering(1234)[:once])
			if once > 1 && bytes.Equal(read(t, file), whole) && len(read(t, file+"-wal")) == 0 {
				t.Fatalf("%d steps changed nothing", once)
			}
			killedAfter(t, file, numbering(5678)[:again])
			if s, err := OpenSQLite(t.Context(), file, 0); err != nil {
				t.Errorf("killed after %d steps, and then after %d: %v", once, again, err)
			} else if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// killedAfter leaves the file and its log as a process that was killed after these steps.
func killedAfter(t *testing.T, file string, steps []numberStep) {
	t.Helper()
	db, err := openOwner(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range slices.Insert(slices.Clone(steps), 0, numberStep{"PRAGMA journal_mode = WAL", nil}) {
		if _, err := db.ExecContext(t.Context(), s.text, s.args...); err != nil {
			t.Fatal(err)
		}
	}
	data, log := read(t, file), read(t, file+"-wal")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{file: data, file + "-wal": log} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestBackupBesideALaterLog: a backup is copied back to where a later process was
// killed. The log of that one is not replayed, and is what is blamed.
func TestBackupBesideALaterLog(t *testing.T) {
	file := filepath.Join(t.TempDir(), "data.db")
	save := func(s *SQLite, n int) {
		for range n {
			d := delivery.Delivery{ID: uuid.New(), Number: s.saved + 1, Status: delivery.Delivered, Body: bytes.Repeat([]byte("x"), 4000)}
			if err := errors.Join(s.Save(Change{Deliveries: []delivery.Delivery{d}}), s.Flush()); err != nil {
				t.Fatal(err)
			}
		}
	}
	s := open(t, file)
	save(s, 5)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	backup := read(t, file)
	for later := 1; later <= 40; later += 13 { // more than a page, and less
		s := open(t, file)
		save(s, later)
		log := read(t, file+"-wal")
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		for name, data := range map[string][]byte{file: backup, file + "-wal": log} {
			if err := os.WriteFile(name, data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if s, err := OpenSQLite(t.Context(), file, 0); !errors.Is(err, ErrForeignLog) {
			if err == nil {
				_ = s.Close()
			}
			t.Errorf("with the log of a process that wrote %d more: %v", later, err)
		}
		if !bytes.Equal(read(t, file), backup) {
			t.Error("the backup is not as it was")
		}
		if err := os.Remove(file + "-wal"); err != nil {
			t.Fatal(err)
		}
	}
}

// TestEveryTableIsEmptied: a reset that leaves a table out would remember what it
// has promised to forget.
func TestEveryTableIsEmptied(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "data.db"))
	defer s.Close()
	rows, err := s.read.QueryContext(t.Context(), "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'counters'")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		all = append(all, name)
	}
	if slices.Sort(all); rows.Err() != nil || !slices.Equal(all, slices.Sorted(slices.Values(otherTables()))) {
		t.Errorf("there are %v, and emptied are %v; %v", all, otherTables(), rows.Err())
	}
}

// TestNoSecretIsLeft: what was forgotten is gone from the disk at once, also where
// the process is killed later.
func TestNoSecretIsLeft(t *testing.T) {
	file := filepath.Join(t.TempDir(), "data.db")
	s := open(t, file)
	defer s.Close()
	const secret = "these bytes must not stay"
	for _, c := range []Change{{Deliveries: []delivery.Delivery{{ID: uuid.New(), Number: 1, Body: []byte(secret)}}}, {Empty: true}} {
		if err := errors.Join(s.Save(c), s.Flush()); err != nil {
			t.Fatal(err)
		}
		left := bytes.Contains(read(t, file), []byte(secret)) || bytes.Contains(read(t, file+"-wal"), []byte(secret))
		if left == c.Empty {
			t.Errorf("emptied: %t, on the disk: %t", c.Empty, left)
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
