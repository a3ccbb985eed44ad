package history

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/webhook"
)

// writer writes batches. It belongs to the goroutine that owns the file. It
// talks to the driver directly: of what a row costs, database/sql's share would
// be the larger one.
type writer struct {
	db    *sql.DB
	limit int

	conn driver.Conn // during a batch
	sql  statements

	planned map[uuid.UUID]struct{} // events in the file's plan
	// What the limit needs to know; never below the truth.
	perWebhook map[uuid.UUID]int // deliveries in the file
	messages   int
}

// statements are prepared at their first use.
type statements struct {
	counter, webhook, planned, message, template, delivery statement
	happened, activity, moved, moveTemplate, edited        statement
	forget, answer, note, dropNote                         statement
}

type statement struct {
	text     string
	prepared execer
}

// execer is what the driver prepares.
type execer interface {
	driver.Stmt
	driver.StmtExecContext
}

func newWriter(ctx context.Context, db *sql.DB, limit int) (*writer, error) {
	w := &writer{db: db, limit: limit, planned: map[uuid.UUID]struct{}{}, perWebhook: map[uuid.UUID]int{}}
	w.sql = statements{
		counter: statement{text: "INSERT INTO counters VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET n = max(n, excluded.n)"},
		webhook: statement{text: "INSERT INTO webhooks (id, record) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET record = excluded.record"},
		planned: statement{text: "INSERT INTO planned (id, subject, record) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET record = excluded.record"},
		message: statement{text: "INSERT INTO messages (" + messageColumns + ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET " +
			"inbound = excluded.inbound, channel = excluded.channel, sender = excluded.sender, recipient = excluded.recipient, text = excluded.text, " +
			"template_id = excluded.template_id, template_name = excluded.template_name, status = excluded.status, reason = excluded.reason, " +
			"created_at = excluded.created_at, updated_at = excluded.updated_at, content = excluded.content"},
		template: statement{text: "INSERT INTO templates (" + templateColumns + ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET " +
			"name = excluded.name, language = excluded.language, category = excluded.category, status = excluded.status, reason = excluded.reason, " +
			"whatsapp_template_id = excluded.whatsapp_template_id, created_at = excluded.created_at, updated_at = excluded.updated_at, " +
			"definition = excluded.definition"},
		delivery: statement{text: "INSERT INTO deliveries (" + deliveryColumns + ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (number) DO UPDATE SET " +
			"status = excluded.status, error = excluded.error, started_at = excluded.started_at, completed_at = excluded.completed_at, " +
			"due_at = excluded.due_at, attempts = excluded.attempts"},
		happened:     statement{text: "DELETE FROM planned WHERE id = ?"},
		activity:     statement{text: "INSERT INTO activities (message, status, channel, reason, at) SELECT number, ?, ?, ?, ? FROM messages WHERE id = ?"},
		moved:        statement{text: "UPDATE messages SET status = ?, channel = ?, reason = ?, updated_at = ? WHERE id = ?"},
		forget:       statement{text: "DELETE FROM answers WHERE key = ?"},
		answer:       statement{text: "INSERT OR REPLACE INTO answers (" + answerColumns + ") VALUES (?, ?, ?, ?, ?, ?)"},
		note:         statement{text: "INSERT OR REPLACE INTO notes VALUES (?, ?)"},
		dropNote:     statement{text: "DELETE FROM notes WHERE key = ?"},
		edited:       statement{text: "UPDATE templates SET name = ?, language = ?, category = ?, definition = ?, updated_at = ? WHERE id = ?"},
		moveTemplate: statement{text: "UPDATE templates SET status = coalesce(?, status), category = ?, whatsapp_template_id = ?, reason = ?, updated_at = ? WHERE id = ?"},
	}
	return w, w.count(ctx)
}

// count finds out how much there is.
func (w *writer) count(ctx context.Context) error {
	if err := w.db.QueryRowContext(ctx, "SELECT count(*) FROM messages").Scan(&w.messages); err != nil {
		return err
	}
	planned, err := scanAll(w.db, scanID, "SELECT id FROM planned", nil)
	if err != nil {
		return err
	}
	for _, id := range planned {
		w.planned[id] = struct{}{}
	}
	hooks, err := scanAll(w.db, scanID, "SELECT webhook FROM deliveries GROUP BY webhook", nil)
	if err != nil {
		return err
	}
	for _, id := range hooks {
		var n int
		if err := w.db.QueryRowContext(ctx, "SELECT count(*) FROM deliveries WHERE webhook = ?", id[:]).Scan(&n); err != nil {
			return err
		}
		w.perWebhook[id] = n
	}
	return nil
}

func scanID(row scanner) (uuid.UUID, error) {
	var id []byte
	err := row.Scan(&id)
	return toID(id), err
}

// batch writes one batch, whole or not at all.
func (w *writer) batch(b *batch) error {
	ctx := context.Background()
	conn, err := w.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	return conn.Raw(func(driverConn any) error {
		c, ok := driverConn.(driver.Conn)
		if !ok {
			return fmt.Errorf("the driver's connection is a %T", driverConn)
		}
		w.conn = c // always the same: there is only one, and it stays
		t := &transaction{writer: w, ctx: ctx}
		t.run("BEGIN IMMEDIATE")
		t.all(b)
		if t.err != nil {
			err := t.err
			t.err = nil
			t.run("ROLLBACK")
			return err
		}
		t.run("COMMIT")
		return t.err
	})
}

// all are the statements one by one.
func (s *statements) all() []*statement {
	return []*statement{
		&s.counter, &s.webhook, &s.planned, &s.message, &s.template, &s.delivery, &s.happened, &s.activity, &s.moved, &s.moveTemplate,
		&s.edited, &s.forget, &s.answer, &s.note, &s.dropNote,
	}
}

// close lets go of the statements: a file stays locked as long as there are any.
func (w *writer) close() error {
	conn, err := w.db.Conn(context.Background())
	if err != nil {
		return err
	}
	defer conn.Close()
	return conn.Raw(func(any) error {
		var problems []error
		for _, s := range w.sql.all() {
			if s.prepared != nil {
				problems = append(problems, s.prepared.Close())
				s.prepared = nil
			}
		}
		return errors.Join(problems...)
	})
}

// transaction is a batch being written. After its first error it does nothing more.
type transaction struct {
	*writer
	ctx  context.Context //nolint:containedctx // of one call of batch
	args []driver.NamedValue
	err  error
}

func (t *transaction) all(b *batch) {
	if b.empty {
		t.run("DELETE FROM counters WHERE name NOT IN (?, ?)", fileNumber, fileBefore)
		for _, table := range otherTables() {
			t.run("DELETE FROM " + table)
		}
		clear(t.writer.planned)
		clear(t.perWebhook)
		t.messages = 0
	}
	b.latest.count(b.counters)
	for name, n := range b.counters {
		t.exec(&t.sql.counter, name, int64(n)) //nolint:gosec // counted from 1
	}
	for _, c := range b.steps {
		t.step(c)
	}
	touched := map[uuid.UUID]bool{}
	for i := range b.deliveries {
		t.delivery(&b.deliveries[i])
		touched[b.deliveries[i].WebhookID] = true
	}
	t.trim(touched)
}

// exec runs a statement that is prepared once, and says how many rows it changed.
func (t *transaction) exec(s *statement, args ...driver.Value) int {
	if t.err == nil && s.prepared == nil {
		s.prepared, t.err = t.prepare(s.text)
	}
	if t.err != nil {
		return 0
	}
	return t.execute(s.prepared, args)
}

// run runs a statement once.
func (t *transaction) run(text string, args ...driver.Value) {
	if t.err != nil {
		return
	}
	prepared, err := t.prepare(text)
	if err != nil {
		t.err = err
		return
	}
	t.execute(prepared, args)
	if err := prepared.Close(); err != nil && t.err == nil {
		t.err = err
	}
}

func (t *transaction) prepare(text string) (execer, error) {
	s, err := t.conn.Prepare(text)
	if err != nil {
		return nil, err
	}
	exec, ok := s.(execer)
	if !ok {
		return nil, fmt.Errorf("the driver's statement is a %T", s)
	}
	return exec, nil
}

func (t *transaction) execute(s execer, args []driver.Value) int {
	t.args = t.args[:0]
	for i, v := range args {
		t.args = append(t.args, driver.NamedValue{Ordinal: i + 1, Value: v})
	}
	done, err := s.ExecContext(t.ctx, t.args)
	if err != nil {
		t.err = err
		return 0
	}
	n, err := done.RowsAffected()
	t.err = err
	return int(n)
}

func (t *transaction) step(c Change) {
	if c.Account != uuid.Nil {
		t.run("DELETE FROM accounts")
		t.run("INSERT INTO accounts VALUES (?)", c.Account[:])
	}
	if c.Webhook != nil {
		t.webhook(c.Webhook)
	}
	if c.Removed != uuid.Nil {
		t.run("DELETE FROM webhooks WHERE id = ?", c.Removed[:])
		t.run("DELETE FROM deliveries WHERE webhook = ?", c.Removed[:])
		delete(t.perWebhook, c.Removed)
	}
	for i := range c.Messages {
		t.message(&c.Messages[i])
	}
	if tpl := c.Template; tpl != nil {
		t.exec(&t.sql.template, tpl.ID[:], tpl.Name, tpl.Language, tpl.Category, tpl.Status, tpl.Reason, tpl.WhatsAppTemplateID,
			nanos(tpl.CreatedAt), nanos(tpl.UpdatedAt), tpl.Definition)
	}
	if tpl := c.Edited; tpl != nil {
		t.exec(&t.sql.edited, tpl.Name, tpl.Language, tpl.Category, tpl.Definition, nanos(tpl.UpdatedAt), tpl.ID[:])
	}
	if c.RemovedTemplate != uuid.Nil {
		t.run("DELETE FROM templates WHERE id = ?", c.RemovedTemplate[:])
	}
	for i := range c.Planned {
		t.planned(&c.Planned[i])
	}
	for _, id := range c.Cancelled {
		t.noLongerPlanned(id)
	}
	if c.Happened != nil {
		t.happened(c.Happened)
	}
	for key, text := range c.Notes {
		if text == "" {
			t.exec(&t.sql.dropNote, key)
		} else {
			t.exec(&t.sql.note, key, text)
		}
	}
	for _, key := range c.Forgotten {
		t.exec(&t.sql.forget, key)
	}
	if a := c.Answer; a != nil {
		t.exec(&t.sql.answer, a.Key, a.RequestID, nanos(a.At), int64(a.Status), a.ContentType, append([]byte{}, a.Body...))
	}
}

func (t *transaction) webhook(w *webhook.Webhook) {
	record, err := encodeWebhook(w)
	if err != nil && t.err == nil {
		t.err = err
	}
	t.exec(&t.sql.webhook, w.ID[:], record)
}

func (t *transaction) message(m *Message) {
	t.messages += t.exec(&t.sql.message, m.ID[:], m.Inbound, string(m.Channel), m.From, m.To, textOrNull(m.Text), m.TemplateID[:], m.TemplateName,
		string(m.Status), m.Reason, nanos(m.CreatedAt), nanos(m.UpdatedAt), m.Content)
}

func (t *transaction) planned(e *event.Event) {
	record, err := encodeEvent(e)
	if err != nil && t.err == nil {
		t.err = fmt.Errorf("event %s: %w", e.ID, err)
	}
	subject := e.Subject()
	t.exec(&t.sql.planned, e.ID[:], subject[:], record)
	t.writer.planned[e.ID] = struct{}{}
}

func (t *transaction) noLongerPlanned(eventID uuid.UUID) {
	if _, planned := t.writer.planned[eventID]; planned {
		t.exec(&t.sql.happened, eventID[:])
		delete(t.writer.planned, eventID)
	}
}

// happened does to the rows what take and received do to records in memory.
func (t *transaction) happened(e *event.Event) {
	t.noLongerPlanned(e.ID)
	id := e.Subject()
	switch {
	case e.Outbound != nil:
		a := activity(*e)
		if t.exec(&t.sql.moved, string(a.Status), string(a.Channel), a.Reason, nanos(a.At), id[:]) > 0 {
			t.exec(&t.sql.activity, string(a.Status), string(a.Channel), a.Reason, nanos(a.At), id[:])
		}
	case e.Inbound != nil:
		m := received(*e)
		t.message(&m)
	case e.Template != nil:
		var moved Template
		moved.take(*e)
		t.exec(&t.sql.moveTemplate, orNull(moved.Status), moved.Category, moved.WhatsAppTemplateID, moved.Reason, nanos(moved.UpdatedAt), id[:])
	}
}

func (t *transaction) delivery(d *delivery.Delivery) {
	body := d.Body
	if body == nil {
		body = []byte{}
	}
	attempts, err := encodeAttempts(d.Attempts)
	if err != nil && t.err == nil {
		t.err = fmt.Errorf("delivery %s: %w", d.ID, err)
	}
	t.exec(&t.sql.delivery, int64(d.Number), d.ID[:], d.WebhookID[:], d.EventID[:], string(d.EventType), d.Test, string(d.Status), d.Error, //nolint:gosec // counted from 1
		nanos(d.CreatedAt), nanos(d.StartedAt), nanos(d.CompletedAt), nanos(d.DueAt), body, attempts)
	t.perWebhook[d.WebhookID]++
}

func textOrNull(text *string) driver.Value {
	if text == nil {
		return nil
	}
	return *text
}

func orNull(text string) driver.Value {
	if text == "" {
		return nil
	}
	return text
}
