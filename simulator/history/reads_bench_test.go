package history_test

import (
	"context"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/history"
)

// BenchmarkReads reads pages of 20 deliveries of 200 webhooks, one at a time,
// while so many deliveries a second are made and delivered: what one read in two
// and one in a hundred takes, in microseconds.
//
//	go test -run '^$' -bench Reads -benchtime 2000x ./simulator/history
func BenchmarkReads(b *testing.B) {
	s, err := history.OpenSQLite(b.Context(), filepath.Join(b.TempDir(), "data.db"), 1000)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	f := &feed{Store: s}
	for range 200 {
		f.hooks = append(f.hooks, uuid.New())
	}
	if err := f.deliver(20_000); err != nil {
		b.Fatal(err)
	}
	for _, rate := range []int{0, 2000, 8000, -1} {
		name := strconv.Itoa(rate)
		if rate < 0 {
			name = "saturated"
		}
		b.Run(name, func(b *testing.B) { f.reads(b, rate) })
	}
}

// feed makes deliveries.
type feed struct {
	history.Store
	hooks []uuid.UUID
	made  int
}

func (f *feed) deliver(n int) error {
	for range n {
		f.made++
		d := delivery.Delivery{
			Number: uint64(f.made), ID: uuid.New(), WebhookID: f.hooks[f.made%len(f.hooks)], EventID: uuid.New(), EventType: "message.delivered",
			Status: delivery.Pending, Body: make([]byte, 400), CreatedAt: noon(), DueAt: noon(),
		}
		if err := f.Save(history.Change{Deliveries: []delivery.Delivery{d}}); err != nil {
			return err
		}
		d.Status, d.CompletedAt, d.Attempts = delivery.Delivered, noon(), []delivery.Attempt{{Number: 1, Outcome: delivery.Outcome{Status: 200}}}
		if err := f.Save(history.Change{Deliveries: []delivery.Delivery{d}}); err != nil {
			return err
		}
	}
	return f.Flush()
}

// keep delivers at a rate per second, below 0 as fast as it can, until ctx ends.
func (f *feed) keep(ctx context.Context, rate int) error {
	if rate == 0 {
		return nil
	}
	const pace = 10 * time.Millisecond
	if rate < 0 {
		for ctx.Err() == nil {
			if err := f.deliver(500); err != nil {
				return err
			}
		}
		return nil
	}
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if err := f.deliver(rate / int(time.Second/pace)); err != nil {
				return err
			}
		}
	}
}

func (f *feed) reads(b *testing.B, rate int) {
	b.Helper()
	ctx, cancel := context.WithCancel(b.Context())
	var writing sync.WaitGroup
	before, began := f.made, time.Now()
	writing.Go(func() {
		if err := f.keep(ctx, rate); err != nil {
			b.Error(err)
		}
	})
	all := make([]time.Duration, 0, b.N)
	pause := time.NewTicker(time.Millisecond) // readers think, too
	defer pause.Stop()
	for b.Loop() {
		start := time.Now()
		p, err := f.Deliveries(f.hooks[len(all)*7%len(f.hooks)], history.Query{Limit: 20, Offset: len(all) % 80, Newest: true})
		all = append(all, time.Since(start))
		if err != nil || len(p.Rows) != 20 {
			b.Fatalf("%d rows, %v", len(p.Rows), err)
		}
		<-pause.C
	}
	cancel()
	writing.Wait()
	b.ReportMetric(float64(f.made-before)/time.Since(began).Seconds(), "deliveries/s")
	slices.Sort(all)
	b.ReportMetric(float64(all[len(all)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(all[len(all)*99/100].Microseconds()), "p99-µs")
	b.ReportMetric(0, "ns/op")
}
