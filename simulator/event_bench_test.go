package simulator_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/lifecycle"
	"github.com/sentsim/sentsim/simulator/seed"
	"github.com/sentsim/sentsim/simulator/signing"
)

// BenchmarkEvent is what an event costs before it is sent: planning its message
// from the seed and encoding it, that and its signature, and for comparison the
// bare HMAC, its state used again, of the same bytes. ns/event is what counts:
// an operation is a message with all its events.
func BenchmarkEvent(b *testing.B) {
	secret, err := signing.GenerateSecret(seed.Seed(1).Stream("secret"))
	if err != nil {
		b.Fatal(err)
	}
	const hook = "5b4d3f7e-0f0a-4c62-9d33-0c86a5a3b7c1"
	b.Run("generate", func(b *testing.B) {
		perEvent(b, func([]byte) {})
	})
	b.Run("generate and sign", func(b *testing.B) {
		perEvent(b, func(body []byte) { _ = secret.Sign(hook, 1761905442, body) })
	})
	b.Run("bare HMAC", func(b *testing.B) {
		var bodies [][]byte
		for n := range uint64(100) {
			messageOf(n, nil, func(body []byte) { bodies = append(bodies, append([]byte(hook+".1761905442."), body...)) })
		}
		mac := hmac.New(sha256.New, make([]byte, 32))
		var sum [sha256.Size]byte
		n := 0
		for b.Loop() {
			mac.Reset()
			_, _ = mac.Write(bodies[n%len(bodies)])
			_ = mac.Sum(sum[:0])
			n++
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/event")
	})
}

func perEvent(b *testing.B, f func(body []byte)) {
	b.Helper()
	b.ReportAllocs()
	events, bytes := 0, 0
	var room []byte
	for n := uint64(0); b.Loop(); n++ {
		room = messageOf(n, room, func(body []byte) {
			events++
			bytes += len(body)
			f(body)
		})
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(events), "ns/event")
	b.ReportMetric(float64(bytes)/float64(events), "B/event")
}

// messageOf makes the events of the nth message, and their bodies in room.
func messageOf(n uint64, room []byte, f func(body []byte)) []byte {
	channels := []event.Channel{event.SMS, event.WhatsApp, event.RCS}
	start := time.Date(2025, 10, 31, 10, 10, 42, 0, time.UTC)
	st := seed.Seed(1).Stream("message", n)
	o := event.Outbound{
		AccountID: st.UUID(), MessageID: st.UUID(), TemplateID: st.UUID(),
		InboundNumber: "+12025550143", OutboundNumber: "+12025550100",
	}
	for _, step := range lifecycle.PlanMessage(st, lifecycle.Options{Channel: channels[n%3]}) {
		at := start.Add(step.After)
		o.Status, o.Channel, o.Reason, o.UpdatedAt = step.Status, step.Channel, step.Reason, at
		e := event.Event{ID: uuid.UUID(st.UUID()), Type: event.TypeOf(step.Status), CreatedAt: at, Outbound: &o}
		room = e.Append(room[:0], event.Format{})
		f(room)
	}
	return room
}
