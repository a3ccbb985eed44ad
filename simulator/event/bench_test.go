package event_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/event"
)

// wire is the same body as a struct, for the comparison with encoding/json.
type wire struct {
	Field     string    `json:"field"`
	Event     string    `json:"event"`
	Timestamp time.Time `json:"timestamp"`
	RequestID *string   `json:"request_id"`
	Payload   struct {
		AccountID      uuid.UUID     `json:"account_id"`
		MessageID      uuid.UUID     `json:"message_id"`
		Status         event.Status  `json:"message_status"`
		Channel        event.Channel `json:"channel"`
		OutboundNumber string        `json:"outbound_number"`
		Body           *string       `json:"body"`
		TemplateID     uuid.UUID     `json:"template_id"`
		TemplateName   string        `json:"template_name,omitempty"`
		UpdatedAt      time.Time     `json:"updated_at"`
		ReasonCode     string        `json:"reason_code,omitempty"`
		Reason         string        `json:"reason,omitempty"`
	} `json:"payload"`
}

func wireOf(e event.Event) wire {
	w := wire{Field: e.Type.Parent(), Event: string(e.Type), Timestamp: e.CreatedAt.UTC().Truncate(time.Second)}
	w.Payload.AccountID, w.Payload.MessageID = e.Outbound.AccountID, e.Outbound.MessageID
	w.Payload.Status, w.Payload.Channel = e.Outbound.Status, e.Outbound.Channel
	w.Payload.OutboundNumber, w.Payload.Body, w.Payload.TemplateName = e.Outbound.InboundNumber, e.Outbound.Body, e.Outbound.TemplateName
	w.Payload.TemplateID, w.Payload.Reason, w.Payload.ReasonCode = e.Outbound.TemplateID, e.Outbound.Reason, e.Outbound.ReasonCode
	w.Payload.UpdatedAt = e.Outbound.UpdatedAt.UTC().Truncate(time.Second)
	return w
}

// TestBenchmarkComparesEqualBodies keeps the benchmark honest.
func TestBenchmarkComparesEqualBodies(t *testing.T) {
	e := sample(t, "message.failed")
	want, err := json.Marshal(wireOf(e))
	if err != nil {
		t.Fatal(err)
	}
	if got := e.Encode(event.DefaultFormat()); string(got) != string(want) {
		t.Errorf("got %s, want %s", got, want)
	}
}

func BenchmarkEncode(b *testing.B) {
	e := sample(b, "message.failed")
	b.Run("append", func(b *testing.B) {
		b.ReportAllocs()
		var body []byte
		format := event.DefaultFormat()
		for b.Loop() {
			body = e.Append(body[:0], format)
		}
		b.SetBytes(int64(len(body)))
	})
	b.Run("json.Marshal", func(b *testing.B) {
		b.ReportAllocs()
		w := wireOf(e)
		for b.Loop() {
			if _, err := json.Marshal(&w); err != nil {
				b.Fatal(err)
			}
		}
	})
}
