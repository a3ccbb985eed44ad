package api_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/api"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/history"
)

// TestReadsStayFastWhileItDelivers fills the history of 200 webhooks and reads
// while more is delivered. With SENTSIM_SCALE=5000 that many events go to each
// webhook: a million deliveries. The receiver answers at once, for this is about
// the history.
func TestReadsStayFastWhileItDelivers(t *testing.T) {
	events, reads, pace, large := 10, 40, 200*time.Millisecond, false
	if text := os.Getenv("SENTSIM_SCALE"); text != "" {
		var err error
		if events, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
		reads, pace, large = 400, 25*time.Millisecond, true // 8,000 deliveries a second
	}
	const webhooks = 200
	for _, kind := range []string{"memory", "sqlite"} {
		t.Run(kind, func(t *testing.T) {
			cfg := simulator.Config{Clock: clock.Real{}, Sender: nowhere{}, Store: history.NewMemory(events)}
			if kind == "sqlite" {
				store, err := history.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "sent.db"), events)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = store.Close() })
				cfg.Store = store
			}
			s := serve(t, api.Config{Simulator: cfg})
			var ids []string
			for range webhooks {
				id, _ := s.register(nobody)
				ids = append(ids, id)
			}
			begin := time.Now()
			emit := func() {
				if r := s.call("POST", "/_sentsim/events", `{"type":"message.delivered"}`); r.status != http.StatusCreated {
					t.Errorf("%d %s", r.status, r.body)
				}
			}
			for range events {
				emit()
			}
			s.must(200, "POST", "/_sentsim/wait", `{"timeout":"5m"}`)
			filled := time.Since(begin)
			if n := s.must(200, "GET", "/v3/webhooks/"+ids[0]+"/events?page=1&page_size=1", "").get("data.pagination.total_count").Int(); int(n) != events {
				t.Errorf("the history has %d rows, want %d", n, events)
			}
			idle := s.readTimes(ids, reads)
			stop := make(chan struct{})
			var wg sync.WaitGroup
			wg.Go(func() {
				tick := time.NewTicker(pace)
				defer tick.Stop()
				for {
					select {
					case <-stop:
						return
					case <-tick.C:
						emit()
					}
				}
			})
			busy := s.readTimes(ids, reads)
			close(stop)
			wg.Wait()
			s.must(200, "POST", "/_sentsim/wait", `{"timeout":"5m"}`)
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			t.Logf("%s: %d deliveries in %s, heap %d MiB, from the system %d MiB; reads idle %s, while delivering %s",
				kind, webhooks*events, filled.Round(time.Millisecond), m.HeapAlloc>>20, m.Sys>>20, summary(idle), summary(busy))
			if p99 := busy[len(busy)*99/100]; large && p99 > 250*time.Millisecond {
				t.Errorf("while it delivers, one read in a hundred takes %s", p99)
			}
		})
	}
}

// readTimes are how long reads of all sorts take, sorted.
func (s *server) readTimes(ids []string, n int) []time.Duration {
	var all []time.Duration
	for i := range n {
		path := []string{
			"/v3/webhooks/" + ids[i%len(ids)],
			"/v3/webhooks/" + ids[i%len(ids)] + "/events?page=1&page_size=100",
			"/v3/webhooks/" + ids[i%len(ids)] + "/events?page=3&page_size=20",
			"/v3/webhooks?page=2&page_size=100",
		}[i%4]
		begin := time.Now()
		s.must(200, "GET", path, "")
		all = append(all, time.Since(begin))
	}
	slices.Sort(all)
	return all
}

func summary(sorted []time.Duration) string {
	at := func(share int) time.Duration { return sorted[len(sorted)*share/100].Round(10 * time.Microsecond) }
	return fmt.Sprintf("p50 %s p99 %s", at(50), at(99))
}
