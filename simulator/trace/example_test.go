package trace_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/trace"
)

// What a trace looks like: one delivery, twice, and what the oracle made of it.
func Example() {
	at := time.Date(2025, 10, 31, 10, 10, 42, 0, time.UTC)
	w := trace.NewWriter(os.Stdout)
	err := w.Begin(trace.Run{
		Sentsim: "v1.1.0", Command: "chaos", Target: "exec: ./receiver", Started: at,
		Plan: chaos.Plan{Seed: 1, Messages: 1, Start: at, WebhookID: uuid.MustParse("5f1c1b9e-7f0a-4c27-9d36-0d5f6a7b8c90"), Profile: chaos.Profile{Name: "calm"}},
	})
	subject := chaos.Subject{Kind: chaos.AboutMessage, Index: 1, ID: uuid.MustParse("0b7e3c8a-52d4-4f6e-9a41-6c1d2e3f4a5b"), On: "sms"}
	for n, occurrence := range []chaos.Occurrence{chaos.First, chaos.Retry} {
		err = errors.Join(err,
			w.Step(chaos.Step{
				Number: n + 1, At: time.Duration(n) * time.Second, Kind: chaos.KindDeliver, Subject: subject,
				Event: chaos.Event{ID: uuid.MustParse("7d9c2b1a-0000-4000-8000-000000000001"), Type: "message.sent", Status: "SENT", At: at},
				Body:  chaos.Body(`{"field":"message"}`), Occurrence: occurrence, Attempt: n + 1, Rule: "IDEM-2",
			}, trace.Answer{Outcome: delivery.Answered, Status: 200, DurationMS: 1.5}))
	}
	err = errors.Join(err,
		w.Violation(trace.Violation{Rule: "IDEM-2", Subject: subject, Text: "2 effects, not 1"}),
		w.End(1, ""))
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// {"kind":"run","trace":1,"sentsim":"v1.1.0","command":"chaos","target":"exec: ./receiver","started":"2025-10-31T10:10:42Z","concurrency":0,"plan":{"seed":1,"messages":1,"start":"2025-10-31T10:10:42Z","webhook_id":"5f1c1b9e-7f0a-4c27-9d36-0d5f6a7b8c90","account_id":"00000000-0000-0000-0000-000000000000","profile":{"name":"calm","mix":{"inbound":0,"template":0,"whatsapp":0,"rcs":0,"failed":0},"faults":null},"format":{"envelope":"","numbers":"","inbound_shape":""},"extended":false,"event_type_header":false},"sum":"c921efadb224e7ed"}
	// {"kind":"step","step":{"number":1,"at":0,"kind":"deliver","subject":{"kind":"message","index":1,"id":"0b7e3c8a-52d4-4f6e-9a41-6c1d2e3f4a5b","channel":"sms"},"event":{"id":"7d9c2b1a-0000-4000-8000-000000000001","type":"message.sent","status":"SENT","at":"2025-10-31T10:10:42Z"},"body":"{\"field\":\"message\"}","occurrence":"first","attempt":1,"rule":"IDEM-2"},"answer":{"outcome":"answered","status":200,"duration_ms":1.5},"sum":"35a0805f64d13f88"}
	// {"kind":"step","step":{"number":2,"at":1000000000,"kind":"deliver","subject":{"kind":"message","index":1,"id":"0b7e3c8a-52d4-4f6e-9a41-6c1d2e3f4a5b","channel":"sms"},"event":{"id":"7d9c2b1a-0000-4000-8000-000000000001","type":"message.sent","status":"SENT","at":"2025-10-31T10:10:42Z"},"body":"{\"field\":\"message\"}","occurrence":"retry","attempt":2,"rule":"IDEM-2"},"answer":{"outcome":"answered","status":200,"duration_ms":1.5},"sum":"4f6aa0d7d1a21ca4"}
	// {"kind":"violation","rule":"IDEM-2","subject":{"kind":"message","index":1,"id":"0b7e3c8a-52d4-4f6e-9a41-6c1d2e3f4a5b","channel":"sms"},"text":"2 effects, not 1","sum":"af7ec805ed2091ba"}
	// {"kind":"end","steps":2,"violations":1,"exit_status":1,"sum":"dff30fc0a397fece"}
}

// A trace that does not come to its end is told apart, and what is whole of it
// is there.
func ExampleRead() {
	var b strings.Builder
	w := trace.NewWriter(&b)
	_ = w.Begin(trace.Run{Sentsim: "v1.1.0"})
	_ = w.Step(chaos.Step{Number: 1, Kind: chaos.KindRestart}, trace.Answer{})
	_ = w.Step(chaos.Step{Number: 2, Kind: chaos.KindRestart}, trace.Answer{})

	cut := b.String()[:b.Len()-10]
	t, err := trace.Read(strings.NewReader(cut))
	fmt.Println(errors.Is(err, trace.ErrCut), len(t.Steps))
	fmt.Println(err)
	// Output:
	// true 1
	// line 3, byte 87: the trace ends in the middle of this line, after 694 bytes in all
}
