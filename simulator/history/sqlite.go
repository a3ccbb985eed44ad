package history

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"
)

// ErrStoreClosed is returned by a store that was closed.
var ErrStoreClosed = errors.New("the store is closed")

// SQLite is a Store in a file. Changes are written by one goroutine, many in one
// transaction: whoever waits in Flush shares it with all who came meanwhile.
//
// Reads have connections of their own and see the last transaction that is
// complete: they never wait for the one that is being written. What Flush has
// returned for is complete, so whoever was told that something is accepted finds it.
type SQLite struct {
	file  string
	place *place
	limit int
	db    *sql.DB // the writer's
	read  *sql.DB
	write *writer

	reading sync.RWMutex // held by reads, and by whoever cuts the log

	mu      sync.Mutex
	changed sync.Cond // safe moved on, room came up, or err was set
	pending *batch
	removed removed
	saved   uint64 // changes so far
	safe    uint64 // of them, in the file
	err     error  // the first: nothing is written after it
	closed  bool

	wake   chan struct{} // something is pending, or closed
	urgent chan struct{} // somebody waits for it
	done   chan struct{} // the owner of the file has ended
}

// linger is how long changes are collected for one transaction while nobody
// waits for them.
const linger = 5 * time.Millisecond

// mostPending is how many changed rows may be waiting to be written. Whoever
// brings more waits: so memory stays bounded, and so does the wait in Flush.
const mostPending = 1000

// OpenSQLite opens the store in file, or makes it. It keeps the last limit
// deliveries of each webhook and the last limit messages; all of them with limit
// 0. What is not over is kept beyond the limit.
//
// It needs the driver: import _ "github.com/sentsim/sentsim/simulator/history/sqlite".
//
// The file belongs to this process until Close. The error is ErrNoDriver, ErrInUse,
// ErrNotOurs, ErrCorrupt, ErrForeignLog, ErrNewer or the system's, each with the file's name;
// the file is then as it was. A file of an older version is migrated.
func OpenSQLite(ctx context.Context, file string, limit int) (*SQLite, error) {
	db, err := prepare(ctx, file)
	if err != nil {
		return nil, fmt.Errorf("data file %s: %w", file, err)
	}
	read, err := openReaders(file)
	if err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("data file %s: %w", file, plain(err))
	}
	s := &SQLite{
		file: file, limit: limit, db: db, read: read, pending: newBatch(),
		wake: make(chan struct{}, 1), urgent: make(chan struct{}, 1), done: make(chan struct{}),
	}
	s.changed.L = &s.mu
	if s.place, err = placeOf(file); err != nil {
		_ = read.Close()
		_ = db.Close()
		return nil, s.wrap(err)
	}
	if s.write, err = newWriter(ctx, db, limit); err != nil {
		_ = read.Close()
		_ = db.Close()
		return nil, s.wrap(err)
	}
	go s.own() //nolint:contextcheck // it goes on after the opening, until Close
	return s, nil
}

func (s *SQLite) wrap(err error) error { return fmt.Errorf("data file %s: %w", s.file, plain(err)) }

// Save implements Store.
func (s *SQLite) Save(c Change) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.err == nil && !s.closed && s.pending.rows >= mostPending {
		s.changed.Wait()
	}
	if err := s.failure(); err != nil {
		return err
	}
	s.removed.leaveOut(&c)
	s.pending.add(c)
	s.saved++
	signal(s.wake)
	if s.pending.rows >= mostPending {
		signal(s.urgent)
	}
	return nil
}

// Flush implements Store.
func (s *SQLite) Flush() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	target := s.saved
	if s.err == nil && !s.closed && s.safe >= target { // else whoever writes the batch looks
		if err := s.place.check(); err != nil {
			s.err = s.wrap(err)
			s.changed.Broadcast()
		}
	}
	for s.err == nil && s.safe < target {
		signal(s.urgent)
		s.changed.Wait()
	}
	return s.err
}

func (s *SQLite) failure() error {
	if s.err == nil && s.closed {
		return s.wrap(ErrStoreClosed)
	}
	return s.err
}

// open is nil until Close.
func (s *SQLite) open() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return s.wrap(ErrStoreClosed)
	}
	return nil
}

// Close writes what is pending and lets go of the file. It may be called again.
func (s *SQLite) Close() error {
	s.mu.Lock()
	first := !s.closed
	s.closed = true
	s.changed.Broadcast()
	s.mu.Unlock()
	signal(s.wake)
	signal(s.urgent)
	<-s.done
	var err error
	if first && !s.place.foreignLog() { // else closing would remove the log of somebody else
		err = errors.Join(s.read.Close(), s.write.close(), s.db.Close())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	if err != nil {
		return s.wrap(err)
	}
	return nil
}

// own is the goroutine that owns the file: it writes until the store is closed
// or cannot be written to.
func (s *SQLite) own() {
	defer close(s.done)
	for {
		<-s.wake
		s.collect()
		b, closed := s.take()
		if b != nil {
			err := s.place.check()
			if err == nil {
				err = s.write.batch(b)
			}
			if err == nil && b.empty {
				// So that no secret stays in what is now free, nor in the log. It is no matter of the contents.
				s.place.mayShrink()
				_, _ = s.db.ExecContext(context.Background(), "VACUUM")
				err = s.cutLogAt(0, 0)
			}
			if err == nil {
				err = s.cutLog()
			}
			s.place.measure()
			s.wrote(b, err)
			if err != nil {
				return
			}
			continue
		}
		if closed {
			return
		}
	}
}

// collect waits for more changes unless somebody waits for those that are there.
func (s *SQLite) collect() {
	ctx, cancel := context.WithTimeout(context.Background(), linger)
	defer cancel()
	select {
	case <-s.urgent:
	case <-ctx.Done():
	}
}

// take takes what is pending; nil when nothing is.
func (s *SQLite) take() (b *batch, closed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pending.changes == 0 {
		return nil, s.closed
	}
	b, s.pending = s.pending, newBatch()
	s.changed.Broadcast()
	if s.closed {
		signal(s.wake)
	}
	return b, s.closed
}

func (s *SQLite) wrote(b *batch, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil && s.err == nil {
		s.err = s.wrap(err)
	} else if err == nil {
		s.safe += b.changes
	}
	s.changed.Broadcast()
}

// signal leaves a signal, once.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
