package history

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/signing"
	"github.com/sentsim/sentsim/simulator/webhook"
)

// webhookRecord is a webhook as it stands in the file, its secret included.
type webhookRecord struct {
	ID                  uuid.UUID           `json:"id"`
	DisplayName         string              `json:"display_name"`
	EndpointURL         string              `json:"endpoint_url"`
	EventTypes          []string            `json:"event_types"`
	EventFilters        map[string][]string `json:"event_filters"`
	Secret              string              `json:"secret"`
	RetryCount          int                 `json:"retry_count"`
	TimeoutSeconds      int                 `json:"timeout_seconds"`
	IsActive            bool                `json:"is_active"`
	ConsecutiveFailures int                 `json:"consecutive_failures"`
	LastAttemptAt       *time.Time          `json:"last_attempt_at"`
	LastSuccessAt       *time.Time          `json:"last_success_at"`
	CreatedAt           time.Time           `json:"created_at"`
	UpdatedAt           time.Time           `json:"updated_at"`
}

func encodeWebhook(w *webhook.Webhook) ([]byte, error) {
	return json.Marshal(webhookRecord{
		ID: w.ID, DisplayName: w.DisplayName, EndpointURL: w.EndpointURL, EventTypes: w.EventTypes, EventFilters: w.EventFilters,
		Secret: w.SigningSecret.Reveal(), RetryCount: w.RetryCount, TimeoutSeconds: w.TimeoutSeconds, IsActive: w.IsActive,
		ConsecutiveFailures: w.ConsecutiveFailures, LastAttemptAt: w.LastDeliveryAttemptAt, LastSuccessAt: w.LastSuccessfulDeliveryAt,
		CreatedAt: w.CreatedAt, UpdatedAt: w.UpdatedAt,
	})
}

func decodeWebhook(record []byte) (webhook.Webhook, error) {
	var r webhookRecord
	if err := json.Unmarshal(record, &r); err != nil {
		return webhook.Webhook{}, fmt.Errorf("a webhook's record: %w", ErrCorrupt)
	}
	secret, err := signing.ParseSecret(r.Secret)
	if err != nil {
		return webhook.Webhook{}, fmt.Errorf("the secret of webhook %s: %w", r.ID, ErrCorrupt)
	}
	return webhook.Webhook{
		ID: r.ID, DisplayName: r.DisplayName, EndpointURL: r.EndpointURL, EventTypes: r.EventTypes, EventFilters: r.EventFilters,
		SigningSecret: secret, RetryCount: r.RetryCount, TimeoutSeconds: r.TimeoutSeconds, IsActive: r.IsActive,
		ConsecutiveFailures: r.ConsecutiveFailures, LastDeliveryAttemptAt: r.LastAttemptAt, LastSuccessfulDeliveryAt: r.LastSuccessAt,
		CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
	}, nil
}

// attemptRecord is an attempt as it stands in the file.
type attemptRecord struct {
	Number    int           `json:"n"`
	At        int64         `json:"at"`
	Timestamp int64         `json:"timestamp"`
	Signature string        `json:"signature"`
	Kind      delivery.Kind `json:"kind"`
	Status    int           `json:"status,omitempty"`
	Header    http.Header   `json:"header,omitempty"`
	Body      []byte        `json:"body,omitempty"`
	Truncated bool          `json:"truncated,omitempty"`
	Err       string        `json:"err,omitempty"`
	Start     int64         `json:"start"`
	Duration  time.Duration `json:"duration"`
}

func encodeAttempts(attempts []delivery.Attempt) ([]byte, error) {
	records := make([]attemptRecord, len(attempts))
	for i, a := range attempts {
		o := a.Outcome
		records[i] = attemptRecord{
			a.Number, nanos(a.At), a.Timestamp, a.Signature, o.Kind, o.Status, o.Header, o.Body, o.Truncated, o.Err, nanos(o.Start), o.Duration,
		}
	}
	return json.Marshal(records)
}

func decodeAttempts(data []byte) ([]delivery.Attempt, error) {
	var records []attemptRecord
	if err := json.Unmarshal(data, &records); err != nil {
		return nil, fmt.Errorf("a delivery's attempts: %w", ErrCorrupt)
	}
	attempts := make([]delivery.Attempt, len(records))
	for i, r := range records {
		attempts[i] = delivery.Attempt{Number: r.Number, At: fromNanos(r.At), Timestamp: r.Timestamp, Signature: r.Signature, Outcome: delivery.Outcome{
			Kind: r.Kind, Status: r.Status, Header: r.Header, Body: r.Body, Truncated: r.Truncated, Err: r.Err,
			Start: fromNanos(r.Start), Duration: r.Duration,
		}}
	}
	return attempts, nil
}

// nanos is t in Unix nanoseconds; 0 for the zero time.
func nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

func fromNanos(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}

// scanner is one row of a result.
type scanner interface{ Scan(dest ...any) error }

const deliveryColumns = "number, id, webhook, event, event_type, test, status, error, created_at, started_at, completed_at, due_at, body, attempts"

func scanDelivery(row scanner) (d delivery.Delivery, err error) {
	var id, hook, eventID, attempts []byte
	var number, created, started, completed, due int64
	if err := row.Scan(&number, &id, &hook, &eventID, &d.EventType, &d.Test, &d.Status, &d.Error,
		&created, &started, &completed, &due, &d.Body, &attempts); err != nil {
		return d, err
	}
	d.Number = uint64(number) //nolint:gosec // was one when it was written
	d.ID, d.WebhookID, d.EventID = toID(id), toID(hook), toID(eventID)
	d.CreatedAt, d.StartedAt, d.CompletedAt, d.DueAt = fromNanos(created), fromNanos(started), fromNanos(completed), fromNanos(due)
	d.Attempts, err = decodeAttempts(attempts)
	return d, err
}

const messageColumns = "id, inbound, channel, sender, recipient, text, template_id, template_name, status, reason, created_at, updated_at, content"

func scanMessage(row scanner) (m Message, err error) {
	var id, template []byte
	var text sql.NullString
	var created, updated int64
	if err := row.Scan(&id, &m.Inbound, &m.Channel, &m.From, &m.To, &text, &template, &m.TemplateName,
		&m.Status, &m.Reason, &created, &updated, &m.Content); err != nil {
		return m, err
	}
	if text.Valid {
		m.Text = &text.String
	}
	m.ID, m.TemplateID = toID(id), toID(template)
	m.CreatedAt, m.UpdatedAt = fromNanos(created), fromNanos(updated)
	return m, nil
}

const templateColumns = "id, name, language, category, status, reason, whatsapp_template_id, created_at, updated_at, definition"

func scanTemplate(row scanner) (t Template, err error) {
	var id []byte
	var created, updated int64
	if err := row.Scan(&id, &t.Name, &t.Language, &t.Category, &t.Status, &t.Reason, &t.WhatsAppTemplateID,
		&created, &updated, &t.Definition); err != nil {
		return t, err
	}
	t.ID, t.CreatedAt, t.UpdatedAt = toID(id), fromNanos(created), fromNanos(updated)
	return t, nil
}

const answerColumns = "key, request_id, at, status, content_type, body"

func scanAnswer(row scanner) (a Answer, err error) {
	var at int64
	err = row.Scan(&a.Key, &a.RequestID, &at, &a.Status, &a.ContentType, &a.Body)
	a.At = fromNanos(at)
	return a, err
}

// toID reads an id; one that is none becomes zero, which nothing has.
func toID(b []byte) uuid.UUID {
	id, _ := uuid.FromBytes(b)
	return id
}
