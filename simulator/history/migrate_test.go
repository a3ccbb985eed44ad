package history

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
)

// TestMigration makes a file as version 1 left it, in the middle of its work, and
// opens it with today's version.
func TestMigration(t *testing.T) {
	file := filepath.Join(t.TempDir(), "data.db")
	db, err := openDB(file, "rwc")
	if err != nil {
		t.Fatal(err)
	}
	if err := migrateTo(t.Context(), db, 1); err != nil {
		t.Fatal(err)
	}
	account, hook, template, waiting, over := uuid.New(), uuid.New(), uuid.New(), uuid.New(), uuid.New()
	at := time.Date(2025, 10, 31, 12, 0, 0, 0, time.UTC)
	const delivery = "INSERT INTO deliveries VALUES (?, ?, ?, ?, 'message.sent', 0, ?, '', ?, 0, ?, ?, '{}', '[]')"
	for _, s := range []struct {
		text string
		args []any
	}{
		{"INSERT INTO accounts VALUES (?)", []any{account[:]}},
		{"INSERT INTO counters VALUES ('delivery', 8)", nil},
		{"INSERT INTO webhooks (id, record) VALUES (?, ?)", []any{hook[:], `{"id":"` + hook.String() + `","display_name":"old",
			"endpoint_url":"http://127.0.0.1:1/","event_types":["message"],"secret":"whsec_MDEyMzQ1Njc4OWFiY2RlZg==","retry_count":3,
			"timeout_seconds":30,"is_active":true,"consecutive_failures":4,"created_at":"2025-10-31T12:00:00Z","updated_at":"2025-10-31T12:00:00Z"}`}},
		{"INSERT INTO templates VALUES (1, ?, 'welcome', 'en', 'UTILITY', 'APPROVED', '', '77', ?, ?)", []any{template[:], at.UnixNano(), at.UnixNano()}},
		{delivery, []any{7, waiting[:], hook[:], waiting[:], "PENDING", at.UnixNano(), 0, at.UnixNano()}},
		{delivery, []any{8, over[:], hook[:], over[:], "DELIVERED", at.UnixNano(), at.UnixNano(), at.UnixNano()}},
	} {
		if _, err := db.ExecContext(t.Context(), s.text, s.args...); err != nil {
			t.Fatal(s.text, err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}

	for _, when := range []string{"migrated", "opened again"} {
		s, err := OpenSQLite(t.Context(), file, 0)
		if err != nil {
			t.Fatal(when, err)
		}
		state, err := s.Restore()
		if err != nil || state.Account != account || state.Counters[CounterDeliveries] != 8 ||
			len(state.Webhooks) != 1 || state.Webhooks[0].ConsecutiveFailures != 4 ||
			len(state.Waiting) != 1 || state.Waiting[0].ID != waiting || !state.Waiting[0].DueAt.Equal(at) {
			t.Errorf("%s: %+v, %v", when, state, err)
		}
		if got, err := s.Template(template); err != nil || got.Name != "welcome" || len(got.Definition) > 0 {
			t.Errorf("%s: %+v, %v", when, got, err)
		}
		if p, err := s.Deliveries(hook, Query{}); err != nil || p.Total != 2 {
			t.Errorf("%s: %+v, %v", when, p, err)
		}
		var version int
		if err := s.db.QueryRowContext(t.Context(), "PRAGMA user_version").Scan(&version); err != nil || version != len(migrations()) {
			t.Errorf("%s: version %d, %v", when, version, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestMigrationIsWholeOrNotAtAll lets the last step fail.
func TestMigrationIsWholeOrNotAtAll(t *testing.T) {
	file := filepath.Join(t.TempDir(), "data.db")
	db, err := openDB(file, "rwc")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := migrateTo(t.Context(), db, 1); err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), "CREATE TABLE answers (id)"); err != nil {
		t.Fatal(err)
	}
	if err := migrate(t.Context(), db); err == nil {
		t.Fatal("it went through")
	}
	var version, added int
	if err := db.QueryRowContext(t.Context(), "PRAGMA user_version").Scan(&version); err != nil {
		t.Fatal(err)
	}
	if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM pragma_table_info('templates') WHERE name = 'definition'").Scan(&added); err != nil {
		t.Fatal(err)
	}
	if version != 1 || added != 0 {
		t.Errorf("version %d with %d of the new columns", version, added)
	}
}
