package receiver

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	wire "github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/lifecycle"
)

func TestStatusMovesOnlyForward(t *testing.T) {
	s := start(t, Config{})
	for _, tc := range []struct {
		arrivals, want string
		effects        int
	}{
		{"QUEUED ROUTED SENT DELIVERED READ", "READ", 5},
		{"ROUTED DELIVERED", "DELIVERED", 2},
		{"DELIVERED SENT QUEUED ROUTED", "DELIVERED", 4},
		{"SENT READ DELIVERED", "READ", 3},
		{"QUEUED FAILED SENT ROUTED", "FAILED", 4},
		{"SENT SENT SENT", "SENT", 1},
		{"SENT DELIVERED SENT DELIVERED", "DELIVERED", 2},
		{"DELIVERED FAILED", "DELIVERED", 2},
		{"SENT INVENTED", "SENT", 2},
		{"INVENTED", "INVENTED", 1},
		{"INVENTED QUEUED", "QUEUED", 2},
	} {
		id := strings.ReplaceAll(tc.arrivals, " ", "-")
		for status := range strings.FieldsSeq(tc.arrivals) {
			s.accepts(outbound(id, status))
		}
		s.wants("/state/messages/"+id, state(tc.want, tc.effects))
	}
	s.wants("/state/messages/never-seen", "404")
}

func TestEveryDialectSaysTheSame(t *testing.T) {
	s := start(t, Config{})
	payload := `"payload":{"message_id":"d","message_status":"SENT"}}`
	s.accepts(
		`{"field":"message","sub_type":"message.sent",`+payload,
		`{"field":"message","event":"message.sent",`+payload,
		`{"field":"messages",`+payload,
		`{"field":"message","sub_type":"message.sent","extra":{"a":[1]},"payload":{"message_id":"d","channel":null}}`,
		`{"field":"message","event":"message.sent","payload":{"message_id":"e"}}`,
	)
	s.wants("/state/messages/d", state("SENT", 1))
	s.wants("/state/messages/e", state("SENT", 1))

	// Without a name, and numbered, an inbound message shows by what it lacks.
	s.accepts(
		`{"field":"messages","payload":{"from":"+1","text":"a","received_at":"T"}}`,
		`{"field":"messages","payload":{"message_id":"i1","inbound_number":"+1","outbound_number":"+2","text":"a","updated_at":"T"}}`,
		`{"field":"message","event":"message.received","payload":{"message_id":"i2","inbound_number":"1","text":"a","updated_at":"T"}}`,
		`{"field":"message","sub_type":"message.received","payload":{"message_id":"i2","inbound_number":"+1","text":"a"}}`,
	)
	s.wants("/state/inbound?from="+url.QueryEscape("+1"), `{"count":3}`)
	s.wants("/state/inbound?from=+1", `{"count":3}`)
	s.wants("/state/inbound?from=1", `{"count":3}`)
	s.wants("/state/inbound?from=2", `{"count":0}`)
}

func TestTakesWhatItDoesNotKnow(t *testing.T) {
	s := start(t, Config{})
	s.accepts(
		`{}`,
		`{"field":"invoices","payload":{"id":1}}`,
		`{"field":7,"payload":[]}`,
		`{"field":"message"}`,
		`{"field":"message","payload":null}`,
		`{"field":"message","payload":{"message_id":7,"message_status":{"a":1}}}`,
		`{"field":"message","sub_type":"message.archived","payload":{"message_id":"t","message_status":"ARCHIVED"}}`,
		`{"field":"message","sub_type":"message.received","payload":{"from":"+3","text":null,"received_at":"T"}}`,
		`{"field":"templates","payload":{}}`,
		received("+3", "\x00\x1b[2J'; DROP TABLE events; -- \u202e\U0001f468\u200d\U0001f469", "U"),
		received("+3", strings.Repeat("語", 4096), "V"),
	)
	s.wants("/state/messages/t", state("ARCHIVED", 1))
	s.wants("/state/inbound?from=3", `{"count":3}`)
}

func TestTemplateKeepsItsLastStatus(t *testing.T) {
	s := start(t, Config{})
	s.wants("/state/templates/t", "404")
	s.accepts(templated("t", "PENDING"), templated("t", "APPROVED"), templated("t", "PENDING"))
	s.wants("/state/templates/t", state("APPROVED", 2))
	s.accepts(templated("t", "PAUSED"), templated("t", "CATEGORY_UPDATED"), templated("u", "REJECTED"))
	s.wants("/state/templates/t", state("CATEGORY_UPDATED", 4))
	s.wants("/state/templates/u", state("REJECTED", 1))
}

func TestInboundDuplicatesAreOneMessage(t *testing.T) {
	s := start(t, Config{})
	s.accepts(
		received("+5", "hello", "T1"), received("+5", "hello", "T1"), // duplicates
		received("+5", "hello", "T2"),   // said again
		received("+5", "hello 2", "T1"), // another text in the same second
		received("+6", "hello", "T1"),   // somebody else
	)
	s.wants("/state/inbound?from=5", `{"count":3}`)
	s.wants("/state/inbound?from=6", `{"count":1}`)
}

// In any order and any number of copies, a message ends where the simulator,
// which reads the contract on its own, says it must, with one effect per status.
func TestAnyArrivalEndsTheSame(t *testing.T) {
	s := start(t, Config{})
	statuses := []wire.Status{
		wire.Queued, wire.Routed, wire.Sent, wire.Failed, wire.Delivered, wire.Read,
		wire.Scheduled, wire.Processed, wire.Filtered, wire.Blocked,
	}
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		id := fmt.Sprint("any-", n)
		arrivals := rapid.SliceOfN(rapid.SampledFrom(statuses), 1, 10).Draw(t, "arrivals")
		distinct := map[wire.Status]bool{}
		for _, status := range arrivals {
			s.accepts(outbound(id, string(status)))
			distinct[status] = true
		}
		got, right := s.get("/state/messages/"+id), false
		for _, status := range lifecycle.Acceptable(arrivals) {
			right = right || got == state(string(status), len(distinct))
		}
		if !right {
			t.Fatalf("after %v it is %s, want one of %v and %d effects", arrivals, got, lifecycle.Acceptable(arrivals), len(distinct))
		}
	})
}

// All copies are sent at the same instant; so are the other events, in between.
func TestSimultaneousDeliveries(t *testing.T) {
	for name, file := range map[string]string{"memory": "", "file": filepath.Join(t.TempDir(), "state.db")} {
		t.Run(name, func(t *testing.T) {
			s := start(t, Config{File: file})
			bodies := []string{outbound("c", "SENT"), outbound("c", "DELIVERED"), received("+7", "x", "T"), templated("c", "APPROVED")}
			for i := range 50 {
				bodies = append(bodies, outbound(fmt.Sprint("burst-", i), "SENT"))
			}
			gate := make(chan struct{})
			var all sync.WaitGroup
			for i := range 200 {
				all.Go(func() {
					<-gate
					s.accepts(bodies[i%len(bodies)])
				})
			}
			begin := time.Now()
			close(gate)
			all.Wait()
			t.Logf("200 deliveries in %s", time.Since(begin))
			s.wants("/state/messages/c", state("DELIVERED", 2))
			s.wants("/state/inbound?from=7", `{"count":1}`)
			s.wants("/state/templates/c", state("APPROVED", 1))
			for i := range 50 {
				s.wants(fmt.Sprint("/state/messages/burst-", i), state("SENT", 1))
			}
		})
	}
}

func TestFileOutlivesTheReceiver(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state of 100%?#.db") // what a URL would trip over
	first := start(t, Config{File: file})
	first.accepts(outbound("m", "DELIVERED"), received("+8", "x", "T"), templated("t", "APPROVED"))
	if _, err := os.Stat(file); err != nil {
		t.Error(err)
	}
	// A second one beside it, as during a restart: nothing depends on a clean end.
	second := start(t, Config{File: file})
	second.accepts(outbound("m", "DELIVERED"), outbound("m", "SENT"), received("+8", "x", "T"), templated("t", "APPROVED"))
	first.close()
	second.wants("/state/messages/m", state("DELIVERED", 2))
	second.wants("/state/inbound?from=8", `{"count":1}`)
	second.wants("/state/templates/t", state("APPROVED", 1))
}

func TestOnlyPostsToThePath(t *testing.T) {
	s := start(t, Config{})
	s.wants(DefaultPath, "405")
	s.wants("/elsewhere", "404")
	s.wants("/healthz", `{"ok":true}`)
	if err := s.receiver.Store.Close(); err != nil {
		t.Fatal(err)
	}
	s.wants("/healthz", "500")
	if status := s.deliver(outbound("m", "SENT")); status != http.StatusInternalServerError {
		t.Errorf("answered %d although it could not store the event, want 500", status)
	}
}

func BenchmarkDelivery(b *testing.B) {
	for name, file := range map[string]string{"memory": "", "file": filepath.Join(b.TempDir(), "state.db")} {
		b.Run(name, func(b *testing.B) {
			s, err := OpenStore(b.Context(), file)
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			for i := 0; b.Loop(); i++ {
				ev, _ := ReadEvent([]byte(outbound(fmt.Sprint(i), "SENT")))
				if _, err := s.Add(b.Context(), ev, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
