package history

import (
	"context"
	"errors"
	"io/fs"
	"os"
)

// SQLite begins its log anew when everything in it is also in the file and
// nobody is reading from it. Where somebody always is, it would grow without end:
// from logSize on, in bytes, the writer looks for a moment between two reads, and
// from logLimit on it makes one.
const (
	logSize  = 64 << 20
	logLimit = 4 * logSize
)

// cutLog keeps the log from growing without end.
func (s *SQLite) cutLog() error { return s.cutLogAt(logSize, logLimit) }

func (s *SQLite) cutLogAt(size, limit int64) error {
	log, err := os.Stat(s.file + "-wal")
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case log.Size() >= limit:
		s.reading.Lock()
	case log.Size() < size || !s.reading.TryLock():
		return nil
	}
	defer s.reading.Unlock()
	s.place.mayShrink()
	_, err = s.db.ExecContext(context.Background(), "PRAGMA wal_checkpoint(TRUNCATE)")
	return err
}
