package history_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/history"
)

// contents is every file in a directory with its hash; but for the index of a
// log, where everybody who reads leaves a mark.
func contents(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if strings.HasSuffix(path, "-shm") {
			fmt.Fprintln(&b, d.Name())
			return nil
		}
		data, err := os.ReadFile(path)
		fmt.Fprintf(&b, "%s %d %x\n", d.Name(), len(data), sha256.Sum256(data))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// filled is a data file with n deliveries in it, closed.
func filled(t *testing.T, n int) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "data.db")
	s := openSQLite(t, file, 0)
	w := newWebhook(t)
	saveAll(t, s, history.Change{Account: uuid.New(), Webhook: &w})
	for i := range n {
		saveAll(t, s, history.Change{Deliveries: []delivery.Delivery{{
			ID: uuid.New(), Number: uint64(i) + 1, WebhookID: w.ID, Status: delivery.Delivered, Body: bytes.Repeat([]byte("x"), 500), CompletedAt: noon(),
		}}})
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return file
}

func execSQL(t *testing.T, file string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range statements {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
}

// TestFilesThatCannotBeUsed: the error says so in a line, and nothing changes.
func TestFilesThatCannotBeUsed(t *testing.T) {
	damage := func(at int64, with []byte) func(t *testing.T, file string) {
		return func(t *testing.T, file string) {
			t.Helper()
			f, err := os.OpenFile(file, os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if _, err := f.WriteAt(with, at); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, c := range []struct {
		name  string
		spoil func(t *testing.T, file string)
		want  error
	}{
		{"text", func(t *testing.T, file string) {
			t.Helper()
			if err := os.WriteFile(file, []byte("these are my notes, not a database"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, history.ErrNotOurs},
		{"a short text", func(t *testing.T, file string) {
			t.Helper()
			if err := os.WriteFile(file, []byte("notes"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, history.ErrNotOurs},
		{"another program's database", func(t *testing.T, file string) {
			t.Helper()
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
			execSQL(t, file, "CREATE TABLE deliveries (id TEXT)")
		}, history.ErrNotOurs},
		{"a newer version", func(t *testing.T, file string) { t.Helper(); execSQL(t, file, "PRAGMA user_version = 99") }, history.ErrNewer},
		{"damaged pages", damage(3*4096, bytes.Repeat([]byte{0xa5}, 30*4096)), history.ErrCorrupt},
		{"a damaged schema", damage(100, bytes.Repeat([]byte{0xff}, 1000)), history.ErrCorrupt},
		{"cut in the middle", func(t *testing.T, file string) {
			t.Helper()
			if err := os.Truncate(file, 5*4096+17); err != nil {
				t.Fatal(err)
			}
		}, history.ErrCorrupt},
		{"a cut header", func(t *testing.T, file string) {
			t.Helper()
			if err := os.Truncate(file, 50); err != nil {
				t.Fatal(err)
			}
		}, history.ErrCorrupt},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := filled(t, 200)
			c.spoil(t, file)
			before := contents(t, filepath.Dir(file))
			s, err := history.OpenSQLite(t.Context(), file, 0)
			if err == nil {
				_ = s.Close()
				t.Fatal("it was opened")
			}
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), file) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if after := contents(t, filepath.Dir(file)); after != before {
				t.Errorf("the directory held\n%sand now\n%s", before, after)
			}
		})
	}
}

// TestUnfinishedBusinessOfANewerVersion: what a killed process left beside a file
// that cannot be used stays too.
func TestWhatAKilledProcessLeftBehindStays(t *testing.T) {
	file := filled(t, 10)
	dir := t.TempDir()
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range []string{"PRAGMA journal_mode = WAL", "PRAGMA user_version = 99"} {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	for _, suffix := range []string{"", "-wal"} { // as they are in the middle of it
		data, err := os.ReadFile(file + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "data.db"+suffix), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	before := contents(t, dir)
	if _, err := history.OpenSQLite(t.Context(), filepath.Join(dir, "data.db"), 0); !errors.Is(err, history.ErrNewer) {
		t.Errorf("got %v", err)
	}
	if after := contents(t, dir); after != before {
		t.Errorf("the directory held\n%sand now\n%s", before, after)
	}
}

func TestFileInUse(t *testing.T) {
	file := filepath.Join(t.TempDir(), "data.db")
	s := openSQLite(t, file, 0)
	saveAll(t, s, history.Change{Account: uuid.New()})
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	before := contents(t, filepath.Dir(file))
	if _, err := history.OpenSQLite(t.Context(), file, 0); !errors.Is(err, history.ErrInUse) {
		t.Errorf("opened twice: %v", err)
	}
	if after := contents(t, filepath.Dir(file)); after != before {
		t.Errorf("the directory held\n%sand now\n%s", before, after)
	}
	saveAll(t, s, history.Change{Counters: map[string]uint64{"message": 1}})
	if err := s.Flush(); err != nil {
		t.Errorf("the first one can no longer write: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again := openSQLite(t, file, 0)
	if state, err := again.Restore(); err != nil || state.Counters["message"] != 1 {
		t.Errorf("%+v, %v", state, err)
	}
}

func TestOtherTroubleWithFiles(t *testing.T) {
	dir := t.TempDir()
	for _, file := range []string{dir, filepath.Join(dir, "missing", "data.db")} {
		if _, err := history.OpenSQLite(t.Context(), file, 0); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", file, err)
		}
	}
	empty := filepath.Join(dir, "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	openSQLite(t, empty, 0)
	made := filepath.Join(dir, "made")
	s := openSQLite(t, made, 0)
	if info, err := os.Stat(made); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v: it holds secrets", info.Mode(), err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("closed again: %v", err)
	}
	if err := s.Save(history.Change{Account: uuid.New()}); !errors.Is(err, history.ErrStoreClosed) {
		t.Errorf("save: %v", err)
	}
	if _, err := s.Restore(); !errors.Is(err, history.ErrStoreClosed) {
		t.Errorf("restore: %v", err)
	}
	if _, err := s.Deliveries(uuid.New(), history.Query{}); !errors.Is(err, history.ErrStoreClosed) {
		t.Errorf("deliveries: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := history.OpenSQLite(ctx, filepath.Join(dir, "late"), 0); !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that is over: %v", err)
	}
}
