package api_test

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/api"
	"github.com/sentsim/sentsim/simulator/history"
)

func TestAnIdempotencyKey(t *testing.T) {
	s := serve(t, api.Config{})
	body := `{"to":["+14155550100"],"text":"hi"}`
	first := s.must(202, "POST", "/v3/messages", body, "Idempotency-Key", "order-1")
	again := s.must(202, "POST", "/v3/messages", body, "Idempotency-Key", "order-1")
	if again.body != first.body || again.header.Get("Idempotent-Replayed") != "true" || again.header.Get("X-Original-Request-Id") != first.header.Get("X-Request-Id") {
		t.Errorf("the second answer\n%v %s\nis not the first\n%v %s", again.header, again.body, first.header, first.body)
	}
	if first.header.Get("Idempotent-Replayed") != "" || again.header.Get("X-Request-Id") == first.header.Get("X-Request-Id") {
		t.Error("the first is marked as replayed, or the second has its request id")
	}
	if other := s.must(202, "POST", "/v3/messages", body, "Idempotency-Key", "order-2"); other.get("data.recipients.0.message_id").Raw == first.get("data.recipients.0.message_id").Raw {
		t.Error("another key gets the same message")
	}
	for _, key := range []string{"", "a b", "ä", strings.Repeat("x", 256), "a/b"} {
		if p := s.must(400, "POST", "/v3/messages", body, "Idempotency-Key", key); p.get("error.code").String() != "VALIDATION_007" {
			t.Errorf("key %q: %s", key, p.body)
		}
	}
	s.must(200, "GET", "/v3/me", "", "Idempotency-Key", "a b") // it is for changes only

	// What was refused has done nothing: the key is free.
	s.must(400, "POST", "/v3/messages", `{}`, "Idempotency-Key", "order-3")
	sandbox := `{"sandbox":true,"to":["+14155550100"],"text":"hi"}`
	tried := s.must(202, "POST", "/v3/messages", sandbox, "Idempotency-Key", "order-3")
	if tried.header.Get("Idempotent-Replayed") != "" {
		t.Error("a key that was used for nothing is taken")
	}
	if got := s.must(202, "POST", "/v3/messages", sandbox, "Idempotency-Key", "order-3"); got.body != tried.body || got.header.Get("X-Sandbox") != "true" {
		t.Errorf("what was tried gets another answer: %s", got.body)
	}
	id, _ := s.register(nobody)
	for _, replayed := range []string{"", "true"} {
		if got := s.must(204, "DELETE", "/v3/webhooks/"+id, "", "Idempotency-Key", "gone"); got.header.Get("Idempotent-Replayed") != replayed || got.body != "" {
			t.Errorf("a webhook is deleted: %v %s", got.header, got.body)
		}
	}
	if err := s.Simulator().Advance(t.Context(), 24*time.Hour-time.Second); err != nil {
		t.Fatal(err)
	}
	if got := s.must(202, "POST", "/v3/messages", body, "Idempotency-Key", "order-1"); got.header.Get("Idempotent-Replayed") != "true" {
		t.Error("it is forgotten before 24 hours are over")
	}
	if err := s.Simulator().Advance(t.Context(), time.Second); err != nil {
		t.Fatal(err)
	}
	if got := s.must(202, "POST", "/v3/messages", body, "Idempotency-Key", "order-1"); got.header.Get("Idempotent-Replayed") != "" {
		t.Error("it is remembered after 24 hours")
	}
}

// TestATwinInFlight: while the first request with a key is being answered, a
// second one conflicts; afterwards it gets the answer.
func TestATwinInFlight(t *testing.T) {
	s := serve(t, api.Config{})
	asked, finish := make(chan struct{}), make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		close(asked)
		<-finish
	}))
	defer slow.Close()
	id, _ := s.register(slow.URL)
	var wg sync.WaitGroup
	var first reply
	wg.Go(func() {
		first = s.call("POST", "/v3/webhooks/"+id+"/test", `{"event_type":"message.sent"}`, "Idempotency-Key", "k")
	})
	<-asked
	if p := s.must(409, "POST", "/v3/webhooks/"+id+"/test", `{"event_type":"message.sent"}`, "Idempotency-Key", "k"); p.get("error.code").String() != "CONFLICT_001" {
		t.Errorf("%s", p.body)
	}
	close(finish)
	wg.Wait()
	if again := s.must(200, "POST", "/v3/webhooks/"+id+"/test", `{"event_type":"message.sent"}`, "Idempotency-Key", "k"); again.body != first.body {
		t.Errorf("%s\nis not\n%s", again.body, first.body)
	}
}

// TestManyTwins: of any number of requests with one key, one is carried out.
func TestManyTwins(t *testing.T) {
	s := serve(t, api.Config{})
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			r := s.call("POST", "/v3/webhooks", object("display_name", "x", "endpoint_url", nobody), "Idempotency-Key", "k")
			if r.status != 201 && r.status != 409 {
				t.Errorf("%d %s", r.status, r.body)
			}
		})
	}
	wg.Wait()
	if n := len(s.Simulator().Webhooks()); n != 1 {
		t.Errorf("there are %d webhooks", n)
	}
}

// TestAnIdempotencyKeyOutlivesTheServer goes on with another server on the same file.
func TestAnIdempotencyKeyOutlivesTheServer(t *testing.T) {
	file := filepath.Join(t.TempDir(), "sent.db")
	now := time.Date(2025, 10, 31, 12, 0, 0, 0, time.UTC)
	run := func(test func(s *server, store *history.SQLite)) {
		t.Helper()
		store, err := history.OpenSQLite(t.Context(), file, 0)
		if err != nil {
			t.Fatal(err)
		}
		s := serve(t, api.Config{Simulator: simulator.Config{Store: store, Start: now}})
		test(s, store)
		now = s.Simulator().Now()
		s.stop() // what is due is written until then
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}
	send := func(s *server, key string) (r reply, replayed bool) {
		t.Helper()
		r = s.must(202, "POST", "/v3/messages", `{"to":["+14155550100"],"text":"hi"}`, "Idempotency-Key", key)
		return r, r.header.Get("Idempotent-Replayed") == "true"
	}
	known := func(store *history.SQLite) (keys []string) {
		t.Helper()
		state, err := store.Restore()
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range state.Answers {
			keys = append(keys, a.Key)
		}
		return keys
	}
	var first reply
	run(func(s *server, store *history.SQLite) {
		first, _ = send(s, "order-1")
		s.must(400, "POST", "/v3/messages", `{}`, "Idempotency-Key", "order-2")
		if got := known(store); !slices.Equal(got, []string{"order-1"}) {
			t.Errorf("kept are %q", got)
		}
	})
	run(func(s *server, _ *history.SQLite) {
		again, replayed := send(s, "order-1")
		if !replayed || again.body != first.body || again.header.Get("X-Original-Request-Id") != first.header.Get("X-Request-Id") ||
			again.header.Get("Content-Type") != first.header.Get("Content-Type") {
			t.Errorf("after the restart:\n%v %s\nand before:\n%v %s", again.header, again.body, first.header, first.body)
		}
		if _, replayed := send(s, "order-2"); replayed {
			t.Error("a key that was refused is taken")
		}
		if p, err := s.Simulator().Messages(history.Query{}); err != nil || p.Total != 2 {
			t.Errorf("there are %d messages, %v", p.Total, err)
		}
		if err := s.Simulator().Advance(t.Context(), 24*time.Hour); err != nil {
			t.Fatal(err)
		}
	})
	run(func(s *server, store *history.SQLite) {
		if _, replayed := send(s, "order-1"); replayed {
			t.Error("it is remembered after 24 hours")
		}
		if got := known(store); !slices.Equal(got, []string{"order-1"}) {
			t.Errorf("after 24 hours kept are %q", got)
		}
	})
}
