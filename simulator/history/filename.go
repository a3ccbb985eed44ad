package history

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/binary"
	"errors"
)

// ErrForeignLog is returned for a file with the log of another one beside it.
var ErrForeignLog = errors.New("the log beside it (-wal) is another database's, and would spoil it: move that log away, or bring back the file that it belongs to")

// fileName is the row of the counters that tells one file from another: a number
// that is drawn when the file is made. Every batch writes a counter, and the table
// is one page, so the number is in the log as well as in the file.
const fileName = "file"

// nameFile gives the file its number, if it has none.
func nameFile(ctx context.Context, db *sql.DB) error {
	var b [8]byte
	_, _ = rand.Read(b[:])                               // it never fails
	n := int64(binary.BigEndian.Uint64(b[:])>>1) | 1<<61 //nolint:gosec // 63 bits
	_, err := db.ExecContext(ctx, "INSERT INTO counters VALUES (?, ?) ON CONFLICT (name) DO NOTHING", fileName, n)
	return err
}

// checkLog refuses a log that a process left behind which had another file open
// at this place: SQLite would copy its pages into this one.
func checkLog(ctx context.Context, file string) error {
	alone, err := readName(ctx, file, "ro&immutable=1")
	switch {
	case errors.Is(plain(err), ErrCorrupt):
		return nil // killed while the log went into the file: whole only with its log, which is looked at next
	case err != nil || alone == 0:
		return err // nothing was ever moved from the log into the file
	}
	with, err := readName(ctx, file, "ro")
	if err == nil && with != alone {
		err = ErrForeignLog
	}
	return err
}

// readName is the file's number; 0 for a file that has none.
func readName(ctx context.Context, file, mode string) (n int64, err error) {
	db, err := openDB(file, mode)
	if err != nil {
		return 0, err
	}
	defer db.Close()
	var id, tables int
	if err := db.QueryRowContext(ctx, "PRAGMA application_id").Scan(&id); err != nil {
		return 0, err
	}
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables); err != nil {
		return 0, err
	}
	switch {
	case id != applicationID && tables > 0:
		return 0, ErrNotOurs
	case id != applicationID:
		return 0, nil
	}
	err = db.QueryRowContext(ctx, "SELECT n FROM counters WHERE name = ?", fileName).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return n, err
}
