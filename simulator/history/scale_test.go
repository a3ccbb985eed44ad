package history_test

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/history"
)

// TestScale fills a file for 200 webhooks and reads pages of it, at rest and
// while it is written to as fast as it goes. SENTSIM_SCALE says how many
// deliveries (6,000); the figures are in the log (-v). What is kept in memory
// must not depend on them.
func TestScale(t *testing.T) {
	n, pages := 6_000, 5
	if text := os.Getenv("SENTSIM_SCALE"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
		pages = 500
	}
	file := filepath.Join(t.TempDir(), "data.db")
	s := openSQLite(t, file, n/200)
	hooks := make([]uuid.UUID, 200)
	for i := range hooks {
		w := newWebhook(t)
		hooks[i] = w.ID
		saveAll(t, s, history.Change{Webhook: &w})
	}
	body := bytes.Repeat([]byte("x"), 429)
	number := uint64(0)
	next := func() history.Change {
		number++
		return history.Change{Deliveries: []delivery.Delivery{{
			ID: uuid.New(), Number: number, WebhookID: hooks[number%200], EventID: uuid.New(), EventType: "message.delivered", Body: body,
			Status: delivery.Delivered, CreatedAt: noon(), StartedAt: noon(), CompletedAt: noon(), DueAt: noon(),
			Attempts: []delivery.Attempt{{Number: 1, At: noon(), Timestamp: 1, Signature: "v1,eekbU5TUaVl3R91gWOCn4CSuT/4sNa7jsi2kT5BoezY=", Outcome: delivery.Outcome{
				Kind: delivery.Answered, Status: 200, Header: http.Header{"Content-Length": {"0"}}, Start: noon(), Duration: time.Millisecond,
			}}},
		}}}
	}
	before, began := heap(), time.Now()
	for range n {
		if err := s.Save(next()); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	filling := time.Since(began)
	if used := heap() - before; used > 16<<20 {
		t.Errorf("%d MiB more in memory after %d deliveries", used>>20, n)
	} else {
		t.Logf("%d deliveries in %s, %.0f/s; %+.1f MiB in memory", n, filling.Round(time.Millisecond), float64(n)/filling.Seconds(), float64(used)/(1<<20))
	}

	atRest := readPages(t, s, hooks, n/200, pages)
	ctx, stop := context.WithCancel(t.Context())
	var writing sync.WaitGroup
	sofar := number
	began = time.Now()
	begun := make(chan struct{})
	writing.Go(func() {
		started := sync.OnceFunc(func() { close(begun) })
		defer started()
		for ctx.Err() == nil {
			if err := s.Save(next()); err != nil {
				t.Error(err)
				return
			}
			started()
		}
	})
	<-begun
	busy := readPages(t, s, hooks, n/200, pages)
	stop()
	writing.Wait()
	t.Logf("a page takes %s at rest, p99 %s; while %.0f/s are written %s, p99 %s",
		atRest[len(atRest)/2], atRest[len(atRest)*99/100], float64(number-sofar)/time.Since(began).Seconds(), busy[len(busy)/2], busy[len(busy)*99/100])
	if p, err := s.Deliveries(hooks[7], history.Query{Limit: 1}); err != nil || p.Total < n/200 || p.Total > n/200+n/2000+1 {
		t.Errorf("%d deliveries are kept, with a limit of %d; %v", p.Total, n/200, err)
	}

	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	began = time.Now()
	state, err := openSQLite(t, file, n/200).Restore()
	if err != nil || len(state.Webhooks) != 200 || state.Counters[history.CounterDeliveries] != number {
		t.Errorf("%d webhooks, %v", len(state.Webhooks), err)
	}
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("opened again in %s; the file has %d MiB", time.Since(began).Round(time.Millisecond), info.Size()>>20)
}

// readPages reads pages here and there, and returns how long each took, sorted.
func readPages(t *testing.T, s *history.SQLite, hooks []uuid.UUID, rows, pages int) []time.Duration {
	t.Helper()
	var all []time.Duration
	for i := range pages {
		began := time.Now()
		p, err := s.Deliveries(hooks[i*7%200], history.Query{Limit: 20, Offset: i * 13 % (rows - 20), Newest: i%2 == 0})
		all = append(all, time.Since(began))
		if err != nil || len(p.Rows) != 20 {
			t.Fatalf("%d rows, %v", len(p.Rows), err)
		}
	}
	slices.Sort(all)
	return all
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
