package history

import (
	"database/sql/driver"
	"errors"
	"io"

	"github.com/google/uuid"
)

// slack is by how many rows a limit may be exceeded before the oldest go: they
// are counted and deleted many at a time.
func (w *writer) slack() int { return min(w.limit/10, 1000) }

// trim drops the oldest rows beyond the limit that are over. touched are the
// webhooks that have new deliveries. w's counts are never below the truth.
func (t *transaction) trim(touched map[uuid.UUID]bool) {
	if t.limit == 0 {
		return
	}
	for id := range touched {
		if t.perWebhook[id] <= t.limit+t.slack() {
			continue
		}
		if over := t.number("SELECT count(*) FROM deliveries WHERE webhook = ?", id[:]) - t.limit; over > 0 {
			t.run("DELETE FROM deliveries WHERE number IN (SELECT number FROM deliveries WHERE webhook = ? AND completed_at <> 0 ORDER BY number LIMIT ?)", id[:], int64(over))
		}
		t.perWebhook[id] = t.limit
	}
	if t.messages <= t.limit+t.slack() {
		return
	}
	if over := t.number("SELECT count(*) FROM messages") - t.limit; over > 0 {
		const oldest = "(SELECT number FROM messages WHERE NOT EXISTS (SELECT 1 FROM planned WHERE subject = messages.id) ORDER BY number LIMIT ?)"
		t.run("DELETE FROM activities WHERE message IN "+oldest, int64(over))
		t.run("DELETE FROM messages WHERE number IN "+oldest, int64(over))
	}
	t.messages = t.limit
}

// number reads one number.
func (t *transaction) number(text string, args ...driver.Value) int {
	if t.err != nil {
		return 0
	}
	n, err := t.query(text, args)
	t.err = err
	return int(n)
}

func (t *transaction) query(text string, args []driver.Value) (int64, error) {
	s, err := t.conn.Prepare(text)
	if err != nil {
		return 0, err
	}
	defer s.Close()
	rows, err := s.Query(args) //nolint:staticcheck // there is no context that could end it
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	row := make([]driver.Value, 1)
	if err := rows.Next(row); err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	n, _ := row[0].(int64)
	return n, nil
}
