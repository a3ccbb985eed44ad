package history

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/webhook"
)

// writer writes batches. It belongs to the goroutine that owns the file.
type writer struct {
	db    *sql.DB
	limit int
	sql   statements
	// What the limit needs to know.
	perWebhook map[uuid.UUID]int // deliveries in the file
	messages   int
}

// statements are prepared once.
type statements struct {
	counter, webhook, planned, message, template, delivery *sql.Stmt
	happened, activity, moved, moveTemplate                *sql.Stmt
}

func newWriter(ctx context.Context, db *sql.DB, limit int) (*writer, error) {
	w := &writer{db: db, limit: limit, perWebhook: map[uuid.UUID]int{}}
	for _, s := range []struct {
		at   **sql.Stmt
		text string
	}{
		{&w.sql.counter, "INSERT INTO counters VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET n = max(n, excluded.n)"},
		{&w.sql.webhook, "INSERT INTO webhooks (id, record) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET record = excluded.record"},
		{&w.sql.planned, "INSERT INTO planned (id, subject, record) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET record = excluded.record"},
		{&w.sql.message, "INSERT INTO messages (" + messageColumns + ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET " +
			"inbound = excluded.inbound, channel = excluded.channel, sender = excluded.sender, recipient = excluded.recipient, text = excluded.text, " +
			"template_id = excluded.template_id, template_name = excluded.template_name, status = excluded.status, reason = excluded.reason, " +
			"created_at = excluded.created_at, updated_at = excluded.updated_at"},
		{&w.sql.template, "INSERT INTO templates (" + templateColumns + ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET " +
			"name = excluded.name, language = excluded.language, category = excluded.category, status = excluded.status, reason = excluded.reason, " +
			"whatsapp_template_id = excluded.whatsapp_template_id, created_at = excluded.created_at, updated_at = excluded.updated_at, " +
			"definition = excluded.definition"},
		{&w.sql.delivery, "INSERT INTO deliveries (" + deliveryColumns + ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (number) DO UPDATE SET " +
			"status = excluded.status, error = excluded.error, started_at = excluded.started_at, completed_at = excluded.completed_at, " +
			"due_at = excluded.due_at, attempts = excluded.attempts"},
		{&w.sql.happened, "DELETE FROM planned WHERE id = ?"},
		{&w.sql.activity, "INSERT INTO activities (message, status, channel, reason, at) SELECT number, ?, ?, ?, ? FROM messages WHERE id = ?"},
		{&w.sql.moved, "UPDATE messages SET status = ?, channel = ?, reason = ?, updated_at = ? WHERE id = ?"},
		{&w.sql.moveTemplate, "UPDATE templates SET status = ?, category = ?, whatsapp_template_id = ?, reason = ?, updated_at = ? WHERE id = ?"},
	} {
		var err error
		if *s.at, err = db.PrepareContext(ctx, s.text); err != nil {
			return nil, err
		}
	}
	return w, w.count(ctx)
}

// count finds out how much there is.
func (w *writer) count(ctx context.Context) error {
	if err := w.db.QueryRowContext(ctx, "SELECT count(*) FROM messages").Scan(&w.messages); err != nil {
		return err
	}
	rows, err := w.db.QueryContext(ctx, "SELECT webhook, count(*) FROM deliveries GROUP BY webhook")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id []byte
		var n int
		if err := rows.Scan(&id, &n); err != nil {
			return err
		}
		w.perWebhook[toID(id)] = n
	}
	return rows.Err()
}

// batch writes one batch, whole or not at all.
func (w *writer) batch(b *batch) error {
	ctx := context.Background()
	tx, err := w.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	t := &transaction{writer: w, ctx: ctx, tx: tx}
	for name, n := range b.counters {
		t.exec(w.sql.counter, name, int64(n)) //nolint:gosec // counted from 1
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
	if t.err != nil {
		return t.err
	}
	return tx.Commit()
}

// transaction is a batch being written. After its first error it does nothing more.
type transaction struct {
	*writer
	ctx context.Context //nolint:containedctx // of one call of batch
	tx  *sql.Tx
	err error
}

// exec runs a prepared statement and says how many rows it changed.
func (t *transaction) exec(s *sql.Stmt, args ...any) int {
	if t.err != nil {
		return 0
	}
	done, err := t.tx.StmtContext(t.ctx, s).ExecContext(t.ctx, args...)
	if err != nil {
		t.err = err
		return 0
	}
	n, err := done.RowsAffected()
	t.err = err
	return int(n)
}

func (t *transaction) run(text string, args ...any) int {
	if t.err != nil {
		return 0
	}
	done, err := t.tx.ExecContext(t.ctx, text, args...)
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
	if c.Message != nil {
		t.message(c.Message)
	}
	if tpl := c.Template; tpl != nil {
		t.exec(t.sql.template, tpl.ID[:], tpl.Name, tpl.Language, tpl.Category, tpl.Status, tpl.Reason, tpl.WhatsAppTemplateID,
			nanos(tpl.CreatedAt), nanos(tpl.UpdatedAt), tpl.Definition)
	}
	if c.RemovedTemplate != uuid.Nil {
		t.run("DELETE FROM templates WHERE id = ?", c.RemovedTemplate[:])
	}
	for i := range c.Planned {
		t.planned(&c.Planned[i])
	}
	if c.Happened != nil {
		t.happened(c.Happened)
	}
}

func (t *transaction) webhook(w *webhook.Webhook) {
	record, err := encodeWebhook(w)
	if err != nil && t.err == nil {
		t.err = err
	}
	t.exec(t.sql.webhook, w.ID[:], record)
}

func (t *transaction) message(m *Message) {
	t.messages += t.exec(t.sql.message, m.ID[:], m.Inbound, string(m.Channel), m.From, m.To, m.Text, m.TemplateID[:], m.TemplateName,
		string(m.Status), m.Reason, nanos(m.CreatedAt), nanos(m.UpdatedAt))
}

func (t *transaction) planned(e *event.Event) {
	record, err := json.Marshal(e)
	if err != nil && t.err == nil {
		t.err = fmt.Errorf("event %s: %w", e.ID, err)
	}
	subject := e.Subject()
	t.exec(t.sql.planned, e.ID[:], subject[:], record)
}

// happened does to the rows what take and received do to records in memory.
func (t *transaction) happened(e *event.Event) {
	t.exec(t.sql.happened, e.ID[:])
	id := e.Subject()
	switch {
	case e.Outbound != nil:
		a := activity(*e)
		t.exec(t.sql.moved, string(a.Status), string(a.Channel), a.Reason, nanos(a.At), id[:])
		t.exec(t.sql.activity, string(a.Status), string(a.Channel), a.Reason, nanos(a.At), id[:])
	case e.Inbound != nil:
		m := received(*e)
		t.message(&m)
	case e.Template != nil:
		var moved Template
		moved.take(*e)
		t.exec(t.sql.moveTemplate, moved.Status, moved.Category, moved.WhatsAppTemplateID, moved.Reason, nanos(moved.UpdatedAt), id[:])
	}
}

func (t *transaction) delivery(d *delivery.Delivery) {
	attempts, err := encodeAttempts(d.Attempts)
	if err != nil && t.err == nil {
		t.err = fmt.Errorf("delivery %s: %w", d.ID, err)
	}
	t.exec(t.sql.delivery, int64(d.Number), d.ID[:], d.WebhookID[:], d.EventID[:], string(d.EventType), d.Test, string(d.Status), d.Error, //nolint:gosec // counted from 1
		nanos(d.CreatedAt), nanos(d.StartedAt), nanos(d.CompletedAt), nanos(d.DueAt), append([]byte{}, d.Body...), attempts)
	t.perWebhook[d.WebhookID]++
}
