package history

import (
	"context"
	"database/sql"
	"fmt"
)

// applicationID marks a SQLite file as ours: "SENT".
const applicationID = 0x53454e54

// migrations are the steps from an empty file to today's schema; a file's
// user_version is how many it has been through. A step that was released is
// never changed again.
//
// Times are Unix nanoseconds, 0 for none; ids are 16 bytes. A table's number
// keeps the order in which its rows were made.
func migrations() []string {
	return []string{`
CREATE TABLE accounts (id BLOB NOT NULL);
CREATE TABLE counters (name TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE webhooks (number INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, record BLOB NOT NULL);
CREATE TABLE planned (number INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, subject BLOB NOT NULL, record BLOB NOT NULL);
CREATE INDEX planned_subject ON planned (subject);
CREATE TABLE messages (
	number INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, inbound INTEGER NOT NULL, channel TEXT NOT NULL,
	sender TEXT NOT NULL, recipient TEXT NOT NULL, text TEXT, template_id BLOB NOT NULL, template_name TEXT NOT NULL,
	status TEXT NOT NULL, reason TEXT NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL);
CREATE TABLE activities (
	number INTEGER PRIMARY KEY, message INTEGER NOT NULL, status TEXT NOT NULL, channel TEXT NOT NULL,
	reason TEXT NOT NULL, at INTEGER NOT NULL);
CREATE INDEX activities_message ON activities (message);
CREATE TABLE templates (
	number INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, name TEXT NOT NULL, language TEXT NOT NULL,
	category TEXT NOT NULL, status TEXT NOT NULL, reason TEXT NOT NULL, whatsapp_template_id TEXT NOT NULL,
	created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL);
CREATE TABLE deliveries (
	number INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, webhook BLOB NOT NULL, event BLOB NOT NULL,
	event_type TEXT NOT NULL, test INTEGER NOT NULL, status TEXT NOT NULL, error TEXT NOT NULL,
	created_at INTEGER NOT NULL, started_at INTEGER NOT NULL, completed_at INTEGER NOT NULL, due_at INTEGER NOT NULL,
	body BLOB NOT NULL, attempts BLOB NOT NULL);
CREATE INDEX deliveries_webhook ON deliveries (webhook, number);
`, `
ALTER TABLE templates ADD COLUMN definition BLOB;
CREATE INDEX deliveries_unfinished ON deliveries (number) WHERE completed_at = 0;
`, `
CREATE TABLE answers (
	number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, request_id TEXT NOT NULL, at INTEGER NOT NULL,
	status INTEGER NOT NULL, content_type TEXT NOT NULL, body BLOB NOT NULL);
`, `
ALTER TABLE messages ADD COLUMN content BLOB;
CREATE TABLE notes (key TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;
`}
}

// otherTables are all but the counters, in which the file's number stands.
func otherTables() []string {
	return []string{"accounts", "webhooks", "planned", "messages", "activities", "templates", "deliveries", "answers", "notes"}
}

// migrate brings a file to today's schema, in one step or not at all.
func migrate(ctx context.Context, db *sql.DB) error {
	return migrateTo(ctx, db, len(migrations()))
}

func migrateTo(ctx context.Context, db *sql.DB, version int) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	var from int
	if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&from); err != nil {
		return err
	}
	for _, step := range migrations()[from:max(from, version)] {
		if _, err := tx.ExecContext(ctx, step); err != nil {
			return fmt.Errorf("migration from version %d: %w", from, err)
		}
	}
	if from < version {
		text := fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d", applicationID, version)
		if _, err := tx.ExecContext(ctx, text); err != nil {
			return err
		}
	}
	return tx.Commit()
}
