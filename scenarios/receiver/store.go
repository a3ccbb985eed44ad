package receiver

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
)

// driverName is what the program that has a Store must import: it is large, and who
// only tests a receiver of their own has no use for it. See cmd/receiver.
const driverName = "sqlite"

// schema is one table of events. An event is one row or none, so a single
// INSERT both deduplicates and stores: there is no moment between looking and
// writing in which a twin could slip in, and none in which half an event is
// stored. Statuses and effects are computed from the rows, not kept beside them.
//
// reply is a reply that is yet to be sent.
const schema = `
CREATE TABLE IF NOT EXISTS events (
	seq     INTEGER PRIMARY KEY,
	key     TEXT NOT NULL UNIQUE,
	kind    TEXT NOT NULL,
	subject TEXT NOT NULL,
	status  TEXT NOT NULL,
	rank    INTEGER NOT NULL,
	reply   BLOB
);
CREATE INDEX IF NOT EXISTS subjects ON events (kind, subject);
CREATE INDEX IF NOT EXISTS replies ON events (seq) WHERE reply IS NOT NULL;`

// ErrUnknown is returned for a subject that no event was about.
var ErrUnknown = errors.New("unknown")

// Store keeps the events. It is safe for concurrent use.
type Store struct {
	DB     *sql.DB
	insert *sql.Stmt
}

// OpenStore opens or creates the database in file; "" is one in memory. It needs
// SQLite: import _ "github.com/sentsim/sentsim/simulator/history/sqlite", or
// _ "modernc.org/sqlite" in a copy.
func OpenStore(ctx context.Context, file string) (*Store, error) {
	if !slices.Contains(sql.Drivers(), driverName) {
		return nil, errors.New(`this program was built without SQLite, in which the reference receiver keeps events: add import _ "github.com/sentsim/sentsim/simulator/history/sqlite"`)
	}
	dsn := ":memory:"
	if file != "" {
		abs, err := filepath.Abs(file)
		if err != nil {
			return nil, err
		}
		// What was committed survives the death of this process, not a power cut:
		// for that, say synchronous(FULL), at the price of a disk flush per event.
		dsn = (&url.URL{Scheme: "file", Path: filepath.ToSlash(abs)}).String() +
			"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)"
	}
	db, err := sql.Open(driverName, dsn)
	if err != nil {
		return nil, fmt.Errorf("state file %s: %w", file, err)
	}
	// SQLite has one writer at a time anyway, and a database in memory lives as
	// long as its only connection. Deliveries queue here, for microseconds each.
	db.SetMaxOpenConns(1)
	s := &Store{DB: db}
	if _, err = db.ExecContext(ctx, schema); err == nil {
		s.insert, err = db.PrepareContext(ctx, `INSERT OR IGNORE INTO events (key, kind, subject, status, rank, reply)
			VALUES (?, ?, ?, ?, ?, ?)`)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("state file %s: %w", file, err), db.Close())
	}
	return s, nil
}

// Add stores ev unless it is there already, and reports which. reply may be nil.
func (s *Store) Add(ctx context.Context, ev Event, reply []byte) (added bool, err error) {
	res, err := s.insert.ExecContext(ctx, ev.Key, ev.Kind, ev.Subject, ev.Status, ev.Rank, reply)
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

// State is the status that subject is in and how many events led to it. Of
// equal ranks, as all of a template's are, the last to arrive counts.
func (s *Store) State(ctx context.Context, k Kind, subject string) (status string, effects int, err error) {
	err = s.DB.QueryRowContext(ctx, `SELECT status, count(*) OVER () FROM events WHERE kind = ? AND subject = ?
		ORDER BY rank DESC, seq DESC LIMIT 1`, k, subject).Scan(&status, &effects)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrUnknown
	}
	return status, effects, err
}

// optedOut tells whether a contact wants no messages. Who never said anything does.
func (s *Store) optedOut(ctx context.Context, number string) (bool, error) {
	status, _, err := s.State(ctx, Contact, number)
	if errors.Is(err, ErrUnknown) {
		return false, nil
	}
	return status == optedOut, err
}

func (s *Store) count(ctx context.Context, k Kind, subject string) (n int, err error) {
	err = s.DB.QueryRowContext(ctx, `SELECT count(*) FROM events WHERE kind = ? AND subject = ?`, k, subject).Scan(&n)
	return n, err
}

// nextReply is the oldest reply that is yet to be sent, and to whom; ok tells if
// there is one.
func (s *Store) nextReply(ctx context.Context) (key, to string, reply []byte, ok bool, err error) {
	err = s.DB.QueryRowContext(ctx, `SELECT key, subject, reply FROM events WHERE reply IS NOT NULL ORDER BY seq LIMIT 1`).Scan(&key, &to, &reply)
	if errors.Is(err, sql.ErrNoRows) {
		return "", "", nil, false, nil
	}
	return key, to, reply, err == nil, err
}

// replied notes that the reply to the event with this key is done with.
func (s *Store) replied(ctx context.Context, key string) error {
	_, err := s.DB.ExecContext(ctx, `UPDATE events SET reply = NULL WHERE key = ?`, key)
	return err
}

// Close closes the database.
func (s *Store) Close() error { return errors.Join(s.insert.Close(), s.DB.Close()) }
