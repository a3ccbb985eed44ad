package history

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// driverName is how package history/sqlite, which who wants files imports, is known here.
const driverName = "sqlite"

// The errors of a file that cannot be used. It is left as it is.
var (
	// ErrInUse is returned for a file that another process has open.
	ErrInUse = errors.New("another process has it open: stop that one, or use another file")
	// ErrNotOurs is returned for a file that no store has written.
	ErrNotOurs = errors.New("it is not a data file of sentsim: use another file")
	// ErrCorrupt is returned for a damaged file.
	ErrCorrupt = errors.New("it is damaged: restore a backup, or move it away to begin with an empty one")
	// ErrNewer is returned for a file of a later version.
	ErrNewer = errors.New("a newer version of sentsim has written it: use that version, or another file")
	// ErrNoDriver is returned for any file in a program without the driver for it.
	ErrNoDriver = errors.New(`this program was built without SQLite: add import _ "github.com/sentsim/sentsim/simulator/history/sqlite"`)
)

// checkWhole is up to which size, in bytes, a file is looked through from end to
// end before it is used; of a larger one, only the tables that are read anyway.
const checkWhole = 64 << 20

// dsn names the file as the driver wants it.
//
// What was committed survives the end of this process, not a power cut: for
// that, synchronous would have to be FULL, at the price of a disk flush each time.
// The log goes into the file 8000 pages at a time: a page that changed often goes once.
func dsn(file, mode string, pragmas ...string) (string, error) {
	abs, err := filepath.Abs(file)
	if err != nil {
		return "", err
	}
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(abs)}
	pragmas = append(pragmas, "synchronous(NORMAL)", "wal_autocheckpoint(8000)", "temp_store(MEMORY)")
	return u.String() + "?mode=" + mode + "&_pragma=" + strings.Join(pragmas, "&_pragma="), nil
}

// openDB opens the file with one connection that has it for itself as soon as it
// uses it.
func openDB(file, mode string) (*sql.DB, error) {
	return connect(file, mode, 1, "busy_timeout(0)", "locking_mode(EXCLUSIVE)", "cache_size(-32768)")
}

// openOwner opens the file with the connection that writes. It shares the file
// with readers, but see own.
func openOwner(file string) (*sql.DB, error) {
	return connect(file, "rw", 1, "busy_timeout(0)", "cache_size(-32768)")
}

// readers is how many reads are answered at the same time.
const readers = 4

// openReaders opens the file with the connections that read. None of them waits
// for the writer, nor the writer for them: that is what the log is for. They wait
// when another process tries to get the file, for as long as that takes.
func openReaders(file string) (*sql.DB, error) {
	return connect(file, "rw", readers, "busy_timeout(5000)", "query_only(1)", "cache_size(-8192)")
}

func connect(file, mode string, connections int, pragmas ...string) (*sql.DB, error) {
	name, err := dsn(file, mode, pragmas...)
	if err != nil {
		return nil, err
	}
	db, err := sql.Open(driverName, name)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections) // the owner's one holds the lock
	return db, nil
}

// prepare makes sure that the file can be used and opens it for its owner. It
// changes nothing in a file that cannot.
func prepare(ctx context.Context, file string) (*sql.DB, error) {
	if !slices.Contains(sql.Drivers(), driverName) {
		return nil, ErrNoDriver
	}
	if err := inspect(ctx, file); err != nil {
		return nil, plain(err)
	}
	if err := makePrivate(file); err != nil {
		return nil, err
	}
	db, err := openOwner(file)
	if err != nil {
		return nil, plain(err)
	}
	if err := own(ctx, db); err != nil {
		_ = db.Close()
		return nil, plain(err)
	}
	return db, nil
}

// own makes a file this process's until its last connection closes, and brings
// it up to date. Whoever wants to own it must, for a moment, be the only one who
// has it open; and from then on, whoever owns it has it open.
func own(ctx context.Context, db *sql.DB) error {
	const look = "SELECT count(*) FROM sqlite_schema" // a lock changes at the next use
	for _, text := range []string{"PRAGMA journal_mode = WAL", look, "PRAGMA locking_mode = EXCLUSIVE", "BEGIN IMMEDIATE", "COMMIT"} {
		if _, err := db.ExecContext(ctx, text); err != nil {
			return err
		}
	}
	if err := migrate(ctx, db); err != nil {
		return err
	}
	if err := numberFile(ctx, db); err != nil {
		return err
	}
	for _, text := range []string{"PRAGMA locking_mode = NORMAL", look} { // readers may come
		if _, err := db.ExecContext(ctx, text); err != nil {
			return err
		}
	}
	return nil
}

// inspect looks at a file without changing it; it makes one where there is none,
// readable for its owner only, because it will hold signing secrets.
func inspect(ctx context.Context, file string) error {
	if err := onlyFiles(file); err != nil {
		return err
	}
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	head := make([]byte, 16)
	n, err := io.ReadFull(f, head)
	size, statErr := f.Stat()
	if err := errors.Join(statErr, f.Close()); err != nil { // before SQLite locks it: closing would unlock it
		return err
	}
	switch {
	case n == 0 && errors.Is(err, io.EOF):
		return nil // a new file
	case !bytes.Equal(head, []byte("SQLite format 3\x00")):
		return ErrNotOurs
	}
	return lookInto(ctx, file, size.Size() <= checkWhole)
}

// lookInto opens the file for reading only. With what a killed process left in
// its log, SQLite needs an index of that beside it, which goes again; without,
// it needs nothing.
func lookInto(ctx context.Context, file string, whole bool) error {
	mode := "ro&immutable=1"
	if log, err := os.Stat(file + "-wal"); err == nil && log.Size() > 0 {
		mode = "ro"
		if _, err := os.Stat(file + "-shm"); errors.Is(err, fs.ErrNotExist) {
			defer func() { _ = os.Remove(file + "-shm") }()
		}
		if err := checkLog(ctx, file); err != nil {
			return err
		}
	}
	db, err := openDB(file, mode)
	if err != nil {
		return err
	}
	defer db.Close()
	return inspectDB(ctx, db, whole)
}

func inspectDB(ctx context.Context, db *sql.DB, whole bool) error {
	var id, version int
	if err := db.QueryRowContext(ctx, "PRAGMA application_id").Scan(&id); err != nil {
		return err
	}
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	if id != applicationID {
		var tables int
		if err := db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables); err != nil {
			return err
		}
		if id != 0 || tables > 0 { // else it was made and killed before its first table
			return ErrNotOurs
		}
	}
	if version > len(migrations()) {
		return fmt.Errorf("version %d, and this one knows %d: %w", version, len(migrations()), ErrNewer)
	}
	checks := []string{"PRAGMA quick_check(1)"}
	if !whole {
		checks = nil
		for _, table := range []string{"accounts", "counters", "webhooks", "planned", "templates"} {
			checks = append(checks, "PRAGMA quick_check("+table+")")
		}
		if version >= 3 {
			checks = append(checks, "PRAGMA quick_check(answers)")
		}
	}
	for _, check := range checks {
		var found string
		if err := db.QueryRowContext(ctx, check).Scan(&found); err != nil {
			return err
		}
		if found != "ok" {
			return ErrCorrupt
		}
	}
	return nil
}

// plain turns SQLite's errors into ones that say what to do.
func plain(err error) error {
	var e interface{ Code() int } // the driver's error
	if !errors.As(err, &e) {
		return err
	}
	const busy, locked, corrupt, full, notADB = 5, 6, 11, 13, 26
	switch e.Code() & 0xff {
	case busy, locked:
		return ErrInUse
	case full:
		return ErrFull
	case corrupt:
		return ErrCorrupt
	case notADB:
		return ErrNotOurs
	}
	return err
}
