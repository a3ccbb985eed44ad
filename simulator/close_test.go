package simulator_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
)

func TestCloseStopsWhatIsUnderWay(t *testing.T) {
	e := newEndpoint(t, always(200))
	e.gate, e.arrived = make(chan struct{}), make(chan struct{})
	p := newPlatform(t, e.URL, nil, nil)
	p.emit("message.sent")
	p.emit("message.read")
	drained := make(chan error)
	go func() { drained <- p.Drain(context.Background()) }()
	<-e.arrived
	<-e.arrived
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	close(e.gate)
	if err := <-drained; !errors.Is(err, simulator.ErrClosed) {
		t.Errorf("drain: %v", err)
	}
	for _, d := range p.history() {
		if d.Status != delivery.Pending || len(d.Attempts) != 0 {
			t.Errorf("a stopped attempt counts: %+v", d)
		}
	}
	if _, err := p.Emit(event.Event{Type: "message.sent"}); !errors.Is(err, simulator.ErrClosed) {
		t.Errorf("emit: %v", err)
	}
	if _, err := p.Send(simulator.Message{}); !errors.Is(err, simulator.ErrClosed) {
		t.Errorf("send: %v", err)
	}
	if _, err := p.TestDelivery(t.Context(), p.hook.ID, "message.sent"); !errors.Is(err, simulator.ErrClosed) {
		t.Errorf("test delivery: %v", err)
	}
	if err := p.Advance(t.Context(), 0); !errors.Is(err, simulator.ErrClosed) {
		t.Errorf("advance: %v", err)
	}
}

// TestCloseLeavesNoTimers: the clock is shared, so it must not go on for what a
// closed simulator had planned.
func TestCloseLeavesNoTimers(t *testing.T) {
	began := make(chan struct{})
	s := senderFunc(func(ctx context.Context, _ delivery.Request, _ time.Duration) delivery.Outcome {
		close(began)
		<-ctx.Done() // and it is answered at the last moment, so that a retry is due
		return delivery.Outcome{Kind: delivery.Answered, Status: 500}
	})
	ck := clock.NewVirtual(start())
	p := newPlatform(t, "http://127.0.0.1:9", func(cfg *simulator.Config) {
		cfg.Sender, cfg.Clock, cfg.Knobs.Concurrency = s, ck, 1
	}, nil)
	p.emit("message.sent")
	p.emit("message.read")
	if _, err := p.Send(simulator.Message{}); err != nil {
		t.Fatal(err)
	}
	if _, err := p.SubmitTemplate(simulator.Template{}); err != nil {
		t.Fatal(err)
	}
	drained := make(chan error)
	go func() { drained <- p.Drain(context.Background()) }()
	<-began
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	<-drained
	if err := p.Close(); err != nil {
		t.Errorf("closed again: %v", err)
	}
	if !ck.Now().Equal(start()) {
		t.Errorf("time went on to %s", ck.Now())
	}
	if d := p.history()[0]; d.Status != delivery.Retrying || len(d.Attempts) != 1 {
		t.Errorf("the attempt that was answered: %+v", d)
	}

	// A retry that waits.
	ck = clock.NewVirtual(start())
	e := newEndpoint(t, always(500))
	p = newPlatform(t, e.URL, func(cfg *simulator.Config) { cfg.Clock = ck }, nil)
	p.emit("message.sent")
	p.advance(time.Second)
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if got := ck.Now().Sub(start()); got != time.Second {
		t.Errorf("time went on for %s", got)
	}
}
