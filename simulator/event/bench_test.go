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
	SubType   string    `json:"sub_type"`
	Timestamp time.Time `json:"timestamp"`
	Payload   struct {
		AccountID      uuid.UUID     `json:"account_id"`
		MessageID      uuid.UUID     `json:"message_id"`
		Status         event.Status  `json:"message_status"`
		Channel        event.Channel `json:"channel"`
		InboundNumber  string        `json:"inbound_number"`
		OutboundNumber string        `json:"outbound_number"`
		TemplateID     uuid.UUID     `json:"template_id"`
		UpdatedAt      time.Time     `json:"updated_at"`
		Reason         string        `json:"reason,omitempty"`
	} `json:"payload"`
}

func wireOf(e event.Event) wire {
	w := wire{Field: e.Type.Parent(), SubType: string(e.Type), Timestamp: e.CreatedAt.UTC().Truncate(time.Second)}
	w.Payload.AccountID, w.Payload.MessageID = e.Outbound.AccountID, e.Outbound.MessageID
	w.Payload.Status, w.Payload.Channel = e.Outbound.Status, e.Outbound.Channel
	w.Payload.InboundNumber, w.Payload.OutboundNumber = e.Outbound.InboundNumber, e.Outbound.OutboundNumber
	w.Payload.TemplateID, w.Payload.Reason = e.Outbound.TemplateID, e.Outbound.Reason
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
		for b.Loop() {
			body = e.Append(body[:0], event.DefaultFormat())
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
