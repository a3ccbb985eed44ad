package history

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/delivery"
)

// Restore implements Store.
func (s *SQLite) Restore() (State, error) {
	state := State{Counters: map[string]uint64{}, Notes: map[string]string{}}
	if err := s.Flush(); err != nil {
		return state, err
	}
	_, err := selectRows(s, func(row scanner) (int, error) {
		var id []byte
		err := row.Scan(&id)
		state.Account = toID(id)
		return 0, err
	}, "SELECT id FROM accounts")
	if err != nil {
		return state, err
	}
	_, err = selectRows(s, func(row scanner) (int, error) {
		var name string
		var n int64
		err := row.Scan(&name, &n)
		state.Counters[name] = uint64(n) //nolint:gosec // was one when it was written
		return 0, err
	}, "SELECT name, n FROM counters WHERE name NOT IN (?, ?)", fileNumber, fileBefore)
	if err != nil {
		return state, err
	}
	_, err = selectRows(s, func(row scanner) (int, error) {
		var key, text string
		err := row.Scan(&key, &text)
		state.Notes[key] = text
		return 0, err
	}, "SELECT key, text FROM notes")
	if err != nil {
		return state, err
	}
	if state.Webhooks, err = selectRows(s, record(decodeWebhook), "SELECT record FROM webhooks ORDER BY number"); err != nil {
		return state, err
	}
	if state.Planned, err = selectRows(s, record(decodeEvent), "SELECT record FROM planned ORDER BY number"); err != nil {
		return state, err
	}
	if state.Answers, err = selectRows(s, scanAnswer, "SELECT "+answerColumns+" FROM answers ORDER BY number"); err != nil {
		return state, err
	}
	state.Waiting, err = selectRows(s, scanDelivery, "SELECT "+deliveryColumns+" FROM deliveries WHERE completed_at = 0 ORDER BY number")
	return state, err
}

// record scans rows that are one encoded record each.
func record[T any](decode func([]byte) (T, error)) func(scanner) (T, error) {
	return func(row scanner) (T, error) {
		var b []byte
		if err := row.Scan(&b); err != nil {
			var none T
			return none, err
		}
		return decode(b)
	}
}

// Delivery implements Store.
func (s *SQLite) Delivery(id uuid.UUID) (delivery.Delivery, error) {
	return selectOne(s, "delivery", id, scanDelivery, "SELECT "+deliveryColumns+" FROM deliveries WHERE id = ?")
}

// Deliveries implements Store.
func (s *SQLite) Deliveries(webhookID uuid.UUID, q Query) (Page[delivery.Delivery], error) {
	where := condition{text: "webhook = ?", args: []any{webhookID[:]}}
	if webhookID == uuid.Nil {
		where = condition{text: "1"}
	}
	where.narrow(q)
	where.search(q, "event_type", "status", "error", "CAST(body AS TEXT)")
	return selectPage(s, scanDelivery, deliveryColumns, "deliveries", where, q)
}

// Message implements Store.
func (s *SQLite) Message(id uuid.UUID) (Message, error) {
	m, err := selectOne(s, "message", id, scanMessage, "SELECT "+messageColumns+" FROM messages WHERE id = ?")
	if err != nil {
		return m, err
	}
	m.Activities, err = selectRows(s, func(row scanner) (a Activity, err error) {
		var at int64
		err = row.Scan(&a.Status, &a.Channel, &a.Reason, &at)
		a.At = fromNanos(at)
		return a, err
	}, "SELECT status, channel, reason, at FROM activities WHERE message = (SELECT number FROM messages WHERE id = ?) ORDER BY number", id[:])
	return m, err
}

// Messages implements Store.
func (s *SQLite) Messages(q Query) (Page[Message], error) {
	where := condition{text: "1"}
	where.search(q, "sender", "recipient", "status", "text")
	return selectPage(s, scanMessage, messageColumns, "messages", where, q)
}

// Template implements Store.
func (s *SQLite) Template(id uuid.UUID) (Template, error) {
	return selectOne(s, "template", id, scanTemplate, "SELECT "+templateColumns+" FROM templates WHERE id = ?")
}

// Templates implements Store.
func (s *SQLite) Templates(q Query) (Page[Template], error) {
	where := condition{text: "1"}
	where.search(q, "name", "status")
	return selectPage(s, scanTemplate, templateColumns, "templates", where, q)
}

// condition is what stands behind WHERE.
type condition struct {
	text string
	args []any
}

// narrow adds what a query asks of deliveries only.
func (c *condition) narrow(q Query) {
	add := func(text string, args ...any) {
		c.text += " AND " + text
		c.args = append(c.args, args...)
	}
	if q.Type != "" {
		add("(event_type = ? OR substr(event_type, 1, ?) = ?)", q.Type, utf8.RuneCountInString(q.Type)+1, q.Type+".")
	}
	if q.Unfinished {
		add("completed_at = 0")
	}
	if !q.Since.IsZero() {
		add("created_at >= ?", nanos(q.Since))
	}
	if !q.Until.IsZero() {
		add("created_at < ?", nanos(q.Until))
	}
}

// search adds what a query asks of the columns.
func (c *condition) search(q Query, columns ...string) {
	if q.Status != "" {
		c.text += " AND status = ?"
		c.args = append(c.args, q.Status)
	}
	if q.Search == "" {
		return
	}
	pattern := "%" + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(q.Search) + "%"
	either := make([]string, len(columns))
	for i, column := range columns {
		either[i] = column + ` LIKE ? ESCAPE '\'`
		c.args = append(c.args, pattern)
	}
	c.text += " AND (" + strings.Join(either, " OR ") + ")"
}

// selectPage reads a page and the total in one transaction: they fit together.
func selectPage[T any](s *SQLite, scan func(scanner) (T, error), columns, table string, where condition, q Query) (p Page[T], err error) {
	if err := s.open(); err != nil {
		return p, err
	}
	s.reading.RLock()
	defer s.reading.RUnlock()
	ctx := context.Background()
	tx, err := s.read.BeginTx(ctx, nil)
	if err != nil {
		return p, s.wrap(err)
	}
	defer func() { _ = tx.Rollback() }()
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM "+table+" WHERE "+where.text, where.args...).Scan(&p.Total); err != nil {
		return p, s.wrap(err)
	}
	order, limit := "ASC", -1
	if q.Newest {
		order = "DESC"
	}
	if q.Limit > 0 {
		limit = q.Limit
	}
	p.Rows, err = scanAll(tx, scan, "SELECT "+columns+" FROM "+table+" WHERE "+where.text+" ORDER BY number "+order+" LIMIT ? OFFSET ?",
		append(where.args, limit, max(q.Offset, 0)))
	if err != nil {
		return p, s.wrap(err)
	}
	return p, nil
}

func selectOne[T any](s *SQLite, what string, id uuid.UUID, scan func(scanner) (T, error), text string) (T, error) {
	rows, err := selectRows(s, scan, text, id[:])
	if err == nil && len(rows) == 0 {
		err = fmt.Errorf("%s %s: %w", what, id, ErrNotFound)
	}
	if err != nil {
		var none T
		return none, err
	}
	return rows[0], nil
}

func selectRows[T any](s *SQLite, scan func(scanner) (T, error), text string, args ...any) ([]T, error) {
	if err := s.open(); err != nil {
		return nil, err
	}
	s.reading.RLock()
	defer s.reading.RUnlock()
	all, err := scanAll(s.read, scan, text, args)
	if err != nil {
		return nil, s.wrap(err)
	}
	return all, nil
}

// querier is a database or a transaction.
type querier interface {
	QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error)
}

func scanAll[T any](db querier, scan func(scanner) (T, error), text string, args []any) ([]T, error) {
	rows, err := db.QueryContext(context.Background(), text, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := []T{}
	for rows.Next() {
		row, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, row)
	}
	return all, rows.Err()
}
