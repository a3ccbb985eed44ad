package target

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/sentsim/sentsim/simulator/delivery"
)

// counting is a receiver's side of a FaultPoint.
type counting struct {
	mu     sync.Mutex
	got    int
	hungUp int
	kind   delivery.Kind
}

func (c *counting) Send(_ context.Context, r delivery.Request, _ time.Duration) delivery.Outcome {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.got++
	if r.HangUp {
		c.hungUp++
		return delivery.Outcome{Kind: delivery.Reset}
	}
	return delivery.Outcome{Kind: c.kind, Status: 200}
}

func TestFaultsComeInOrderAndThenEnd(t *testing.T) {
	next := &counting{kind: delivery.Answered}
	f := NewFaultPoint(next)
	f.Refuse(2)
	f.TimeOut(1)
	f.Reset(1)
	f.LoseAck(1)
	f.HangUp(1)
	f.Reset(0)
	f.Reset(-1)
	if f.Pending() != 6 {
		t.Errorf("%d pending", f.Pending())
	}
	for i, want := range []struct {
		kind delivery.Kind
		got  int // deliveries that reached the receiver so far
	}{
		{delivery.Refused, 0},
		{delivery.Refused, 0},
		{delivery.Timeout, 0},
		{delivery.Reset, 0},
		{delivery.Timeout, 1},
		{delivery.Reset, 2},
		{delivery.Answered, 3},
		{delivery.Answered, 4},
	} {
		start := time.Now()
		o := f.Send(t.Context(), delivery.Request{}, time.Hour)
		if o.Kind != want.kind || next.got != want.got {
			t.Errorf("attempt %d: %+v, %d reached the receiver; want %+v", i+1, o, next.got, want)
		}
		if (o.Kind == delivery.Timeout) != (o.Duration == time.Hour) || time.Since(start) > time.Minute {
			t.Errorf("attempt %d took %s and says %s", i+1, time.Since(start), o.Duration)
		}
		if o.Accepted() != (want.kind == delivery.Answered) {
			t.Errorf("attempt %d: accepted %v", i+1, o.Accepted())
		}
	}
	if next.hungUp != 1 || len(f.Lost()) != 1 || !f.Lost()[0].Accepted() {
		t.Errorf("hung up %d times, lost %+v", next.hungUp, f.Lost())
	}
}

func TestThereIsNoAnswerToLose(t *testing.T) {
	f := NewFaultPoint(&counting{kind: delivery.Refused})
	f.LoseAck(1)
	if o := f.Send(t.Context(), delivery.Request{}, time.Second); o.Kind != delivery.Refused || len(f.Lost()) != 0 {
		t.Errorf("%+v, lost %v", o, f.Lost())
	}
}

func TestACancelledAttemptUsesUpNoFault(t *testing.T) {
	f := NewFaultPoint(&counting{})
	f.Refuse(1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if o := f.Send(ctx, delivery.Request{}, time.Second); o.Kind != delivery.Cancelled || f.Pending() != 1 {
		t.Errorf("%+v, %d pending", o, f.Pending())
	}
	f.Clear()
	if f.Pending() != 0 {
		t.Error("pending after Clear")
	}
}

func TestFaultsOfARealDelivery(t *testing.T) {
	in := make(chan string, 10)
	tg := mustStart(t, Spec{Handler: func(Env) (http.Handler, func() error, error) {
		return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			in <- string(body)
		}), nil, nil
	}}, Env{})
	f := NewFaultPoint(delivery.HTTP{})
	f.Refuse(1)
	f.LoseAck(1)
	f.HangUp(1)
	for i, want := range []delivery.Kind{delivery.Refused, delivery.Timeout, delivery.Reset, delivery.Answered} {
		r := delivery.Request{URL: tg.URL(), Body: []byte(strconv.Itoa(i))}
		if o := f.Send(t.Context(), r, 10*time.Second); o.Kind != want {
			t.Errorf("attempt %d: %+v, want %s", i, o, want)
		}
	}
	got := map[string]bool{<-in: true, <-in: true, <-in: true} // the second is read when its sender is gone
	if len(got) != 3 || got["0"] {
		t.Errorf("the receiver processed %v", got)
	}
	if lost := f.Lost(); len(lost) != 1 || !lost[0].Accepted() {
		t.Errorf("lost %+v", lost)
	}
}

func TestConcurrentAttemptsShareTheFaults(t *testing.T) {
	next := &counting{kind: delivery.Answered}
	f := NewFaultPoint(next)
	f.LoseAck(10)
	f.Refuse(10)
	kinds := make(chan delivery.Kind, 50)
	var g sync.WaitGroup
	for range cap(kinds) {
		g.Go(func() { kinds <- f.Send(t.Context(), delivery.Request{}, time.Second).Kind })
	}
	g.Wait()
	close(kinds)
	count := map[delivery.Kind]int{}
	for k := range kinds {
		count[k]++
	}
	if count[delivery.Timeout] != 10 || count[delivery.Refused] != 10 || count[delivery.Answered] != 30 || next.got != 40 || len(f.Lost()) != 10 {
		t.Errorf("%v, %d reached the receiver", count, next.got)
	}
}
