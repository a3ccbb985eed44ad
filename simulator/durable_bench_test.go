package simulator_test

import (
	"bufio"
	"io"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/history"
	"github.com/sentsim/sentsim/simulator/webhook"
)

// BenchmarkDeliveries delivers events as a server does: each is accepted (with
// SQLite, safe in the file) before the emitter goes on, signed, sent to a local
// receiver, and recorded with its attempt. It fails unless the receiver has
// counted every one.
//
//	go test -run '^$' -bench Deliveries -benchtime 100000x ./simulator
func BenchmarkDeliveries(b *testing.B) {
	b.Run("memory", func(b *testing.B) { deliveries(b, history.NewMemory(history.DefaultLimit)) })
	b.Run("sqlite", func(b *testing.B) {
		s, err := history.OpenSQLite(b.Context(), filepath.Join(b.TempDir(), "data.db"), history.DefaultLimit)
		if err != nil {
			b.Fatal(err)
		}
		defer func() {
			if err := s.Close(); err != nil {
				b.Error(err)
			}
		}()
		deliveries(b, s)
	})
}

func deliveries(b *testing.B, store history.Store) {
	b.Helper()
	url, counted := fastReceiver(b)
	pool := delivery.NewPool(delivery.HTTP{})
	defer pool.Close()
	sim, err := simulator.New(simulator.Config{Store: store, Sender: pool, Clock: clock.Real{}})
	if err != nil {
		b.Fatal(err)
	}
	defer sim.Close()
	if _, err := sim.RegisterWebhook(webhook.Config{DisplayName: "bench", EndpointURL: url}); err != nil {
		b.Fatal(err)
	}
	e, err := event.Sample("message.delivered", zeros{}, sim.Now())
	if err != nil {
		b.Fatal(err)
	}
	e.ID = uuid.Nil // each draws its own
	b.ResetTimer()
	var emitters sync.WaitGroup
	var left atomic.Int64
	left.Store(int64(b.N))
	for range 256 {
		emitters.Go(func() {
			for left.Add(-1) >= 0 {
				if _, err := sim.Emit(e); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	emitters.Wait()
	if err := sim.Drain(b.Context()); err != nil {
		b.Fatal(err)
	}
	if err := store.Flush(); err != nil {
		b.Fatal(err)
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "deliveries/s")
	if n := counted.Load(); n != int64(b.N) {
		b.Errorf("%d deliveries, and the receiver has counted %d", b.N, n)
	}
}

// fastReceiver answers 200 with as little work as possible, so that what is
// measured is the sender.
func fastReceiver(b *testing.B) (url string, counted *atomic.Int64) {
	b.Helper()
	l, err := new(net.ListenConfig).Listen(b.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	counted = &atomic.Int64{}
	var open sync.WaitGroup
	open.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			open.Go(func() { answerAll(c, counted) })
		}
	})
	b.Cleanup(func() {
		_ = l.Close()
		open.Wait()
	})
	return "http://" + l.Addr().String(), counted
}

func answerAll(c net.Conn, counted *atomic.Int64) {
	defer c.Close()
	r, length := bufio.NewReader(c), 0
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return
		}
		if name, value, ok := strings.Cut(string(line), ":"); ok && strings.EqualFold(name, "Content-Length") {
			length, _ = strconv.Atoi(strings.TrimSpace(value))
		}
		if len(line) > 2 {
			continue
		}
		if _, err := io.CopyN(io.Discard, r, int64(length)); err != nil {
			return
		}
		counted.Add(1)
		if _, err := io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"); err != nil {
			return
		}
	}
}
