package history

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/delivery"
)

// TestReadsDoNotWaitForTheWriter reads in the middle of a transaction, and
// cuts the log afterwards.
func TestReadsDoNotWaitForTheWriter(t *testing.T) {
	s, err := OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "data.db"), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	hook := uuid.New()
	id := func(n uint64) uuid.UUID { return uuid.UUID{15: byte(n)} }
	save := func(n uint64) {
		t.Helper()
		if err := s.Save(Change{Deliveries: []delivery.Delivery{{Number: n, ID: id(n), WebhookID: hook, Status: delivery.Pending}}}); err != nil {
			t.Fatal(err)
		}
	}
	rows := func() int {
		t.Helper()
		p, err := s.Deliveries(hook, Query{})
		if err != nil {
			t.Fatal(err)
		}
		if d, err := s.Delivery(id(1)); err != nil || d.Number != 1 {
			t.Errorf("the first is %+v, %v", d, err)
		}
		return p.Total
	}
	save(1)
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	if n := rows(); n != 1 {
		t.Errorf("what is safe is read: %d rows", n)
	}
	tx, err := s.db.BeginTx(t.Context(), nil) // the writer is busy from here on
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.ExecContext(t.Context(), "DELETE FROM deliveries"); err != nil {
		t.Fatal(err)
	}
	save(2)
	if n := rows(); n != 1 {
		t.Errorf("in the middle of a transaction: %d rows", n)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	if n := rows(); n != 2 {
		t.Errorf("after it: %d rows", n)
	}

	size := func() int64 {
		t.Helper()
		info, err := os.Stat(s.file + "-wal")
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	before := size()
	s.reading.RLock() // somebody always reads
	if err := s.cutLogAt(before, before+1); err != nil || size() != before {
		t.Errorf("while somebody reads, a log of %d bytes became one of %d: %v", before, size(), err)
	}
	s.reading.RUnlock()
	if err := s.cutLogAt(before+1, before+2); err != nil || size() != before {
		t.Errorf("a log that is small became one of %d bytes: %v", size(), err)
	}
	if err := s.cutLogAt(before, before+1); err != nil || size() != 0 {
		t.Errorf("a log of %d bytes became one of %d: %v", before, size(), err)
	}
	if n := rows(); n != 2 {
		t.Errorf("after the log was cut: %d rows", n)
	}
}
