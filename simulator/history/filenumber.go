package history

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/binary"
	"errors"
)

// ErrForeignLog is returned for a file with a log beside it that does not fit:
// another file's, or one of a later state of this one, where a backup was restored.
var ErrForeignLog = errors.New("the log beside it (-wal) does not fit: it is another database's, or a backup was restored beside the log of a later state. Move that log away, or bring back the file that it belongs to")

// A file has a number that is drawn anew each time a process begins to own it, so
// a copy tells when it was made. It is a row of the counters: every batch writes
// one, and the table is one page, so the number is in the log as well as in the file.
const (
	fileNumber = "file"
	fileBefore = "file before" // the number until now, while the new one is on its way from the log into the file; else 0
)

// numberFile gives the file a new number.
func numberFile(ctx context.Context, db *sql.DB) error {
	var b [8]byte
	_, _ = rand.Read(b[:])                               // it never fails
	n := int64(binary.BigEndian.Uint64(b[:])>>1) | 1<<61 //nolint:gosec // 63 bits
	for _, s := range numbering(n) {
		if _, err := db.ExecContext(ctx, s.text, s.args...); err != nil {
			return err
		}
	}
	return nil
}

type numberStep struct {
	text string
	args []any
}

// numbering is how a file gets a number. Killed after any of the steps, the file
// and its log still fit. The number until now must be in the file before there is a
// new one: the process that drew it may have been killed here itself.
func numbering(n int64) []numberStep {
	return []numberStep{
		{"PRAGMA wal_checkpoint(TRUNCATE)", nil},
		{`INSERT INTO counters VALUES (?1, coalesce((SELECT n FROM counters WHERE name = ?2), 0)), (?2, ?3)
			ON CONFLICT (name) DO UPDATE SET n = excluded.n`, []any{fileBefore, fileNumber, n}},
		{"PRAGMA wal_checkpoint(TRUNCATE)", nil},
		{"UPDATE counters SET n = 0 WHERE name = ?", []any{fileBefore}},
	}
}

// checkLog refuses a log that a process left behind which had another file open
// at this place: SQLite would copy its pages into this one.
func checkLog(ctx context.Context, file string) error {
	alone, _, err := readNumber(ctx, file, "ro&immutable=1")
	switch {
	case errors.Is(plain(err), ErrCorrupt):
		return nil // killed while the log went into the file: whole only with its log, which is looked at next
	case err != nil || alone == 0:
		return err // nothing was ever moved from the log into the file, or an earlier version wrote it
	}
	with, before, err := readNumber(ctx, file, "ro")
	if err == nil && with != alone && before != alone || errors.Is(plain(err), ErrNotOurs) {
		return ErrForeignLog
	}
	return err
}

// readNumber is the file's number and the one before; 0 where there is none.
func readNumber(ctx context.Context, file, mode string) (n, before int64, err error) {
	db, err := openDB(file, mode)
	if err != nil {
		return 0, 0, err
	}
	defer db.Close()
	var id, tables int
	if err := db.QueryRowContext(ctx, "PRAGMA application_id").Scan(&id); err != nil {
		return 0, 0, err
	}
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables); err != nil {
		return 0, 0, err
	}
	switch {
	case id != applicationID && tables > 0:
		return 0, 0, ErrNotOurs
	case id != applicationID:
		return 0, 0, nil
	}
	err = db.QueryRowContext(ctx, `SELECT coalesce(sum(n) FILTER (WHERE name = ?1), 0), coalesce(sum(n) FILTER (WHERE name = ?2), 0)
		FROM counters`, fileNumber, fileBefore).Scan(&n, &before)
	return n, before, err
}
