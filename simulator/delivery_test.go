package simulator_test

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/history"
	"github.com/sentsim/sentsim/simulator/signing"
	"github.com/sentsim/sentsim/simulator/webhook"
)

// ticking is a wall clock that is a minute later every time somebody looks.
func ticking(from time.Time) func() time.Time {
	n := 0
	return func() time.Time {
		n++
		return from.Add(time.Duration(n) * time.Minute)
	}
}

// A body of the caller's own is sent as it is, and be it empty; an event without one
// has the same for every webhook.
func TestWhoseBody(t *testing.T) {
	e := newEndpoint(t, always(200))
	p := newPlatform(t, e.URL, nil, nil)
	p.register(e.URL, nil)
	sample, err := p.Sample("message.sent")
	if err != nil {
		t.Fatal(err)
	}
	for _, body := range []string{"", "not JSON"} {
		if _, err := p.EmitBody(sample, []byte(body)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := p.EmitBody(sample, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Emit(sample); err != nil {
		t.Fatal(err)
	}
	p.drain()
	count := map[string]int{}
	for _, r := range e.got() {
		count[string(r.Body)]++
	}
	if want := map[string]int{"": 4, "not JSON": 2, string(sample.Encode(p.Knobs().Format())): 2}; !maps.Equal(count, want) {
		t.Errorf("bodies %v, want %v", count, want)
	}
}

func TestBodyStaysTimestampAndSignatureAreFresh(t *testing.T) {
	e := newEndpoint(t, first(500, 302, 404, 200))
	p := newPlatform(t, e.URL, func(cfg *simulator.Config) { cfg.Wall = ticking(start()) }, nil)
	p.emit("message.delivered")
	p.drain()
	p.advance(time.Hour)
	if _, err := p.Replay(p.history()[0].ID); err != nil {
		t.Fatal(err)
	}
	p.drain()

	got := e.got()
	if len(got) != 5 {
		t.Fatalf("%d attempts, want four of the delivery and one of its replay", len(got))
	}
	stamps := map[string]bool{}
	for i, r := range got {
		if !bytes.Equal(r.Body, got[0].Body) {
			t.Errorf("attempt %d has another body: %s", i+1, r.Body)
		}
		stamp := r.Header.Get(signing.HeaderTimestamp)
		unix, err := strconv.ParseInt(stamp, 10, 64)
		if err != nil || stamps[stamp] {
			t.Errorf("attempt %d: timestamp %q is used twice or no number", i+1, stamp)
		}
		stamps[stamp] = true
		h := signing.HeadersFrom(r.Header.Get)
		if err := p.hook.SigningSecret.Verify(h, r.Body, time.Unix(unix, 0)); err != nil {
			t.Errorf("attempt %d: %v", i+1, err)
		}
		if h.ID != p.hook.ID.String() {
			t.Errorf("attempt %d: webhook id %q", i+1, h.ID)
		}
	}
	all := p.history()
	if len(all) != 2 || all[1].EventID != all[0].EventID || all[1].ID == all[0].ID || !bytes.Equal(all[0].Body, all[1].Body) {
		t.Errorf("the replay is not the same event under another id: %+v", all)
	}
	d := all[0]
	for i, a := range d.Attempts {
		if want := time.Duration([]int{0, 1, 3, 7}[i]) * time.Minute; a.Number != i+1 || a.At.Sub(start()) != want {
			t.Errorf("attempt %d after %s, want %s", a.Number, a.At.Sub(start()), want)
		}
		if a.Signature != got[i].Header.Get(signing.HeaderSignature) || strconv.FormatInt(a.Timestamp, 10) != got[i].Header.Get(signing.HeaderTimestamp) {
			t.Errorf("attempt %d: the history has another signature or timestamp than the wire", i+1)
		}
	}
	if d.Status != delivery.Delivered || d.Error != "" || !d.StartedAt.Equal(start()) || d.CompletedAt.Sub(start()) != 7*time.Minute {
		t.Errorf("the delivery ended %s, %q, %s to %s", d.Status, d.Error, d.StartedAt, d.CompletedAt)
	}
}

func TestStatusOnTheWay(t *testing.T) {
	e := newEndpoint(t, always(500))
	p := newPlatform(t, e.URL, nil, nil)
	p.emit("message.sent")
	for _, c := range []struct {
		advance  time.Duration
		want     delivery.Status
		attempts int
	}{
		{-1, delivery.Pending, 0}, // time stands still: nothing is sent
		{0, delivery.Retrying, 1},
		{59 * time.Second, delivery.Retrying, 1},
		{time.Second, delivery.Retrying, 2},
		{6*time.Minute - 1, delivery.Retrying, 3},
		{1, delivery.Failed, 4},
		{24 * time.Hour, delivery.Failed, 4},
	} {
		if c.advance >= 0 {
			p.advance(c.advance)
		}
		d := p.history()[0]
		if d.Status != c.want || len(d.Attempts) != c.attempts || len(e.got()) != c.attempts {
			t.Errorf("after %s: %s, %d attempts recorded, %d received; want %s and %d",
				p.Now().Sub(start()), d.Status, len(d.Attempts), len(e.got()), c.want, c.attempts)
		}
	}
}

func TestRetryCountCanCountAttempts(t *testing.T) {
	e := newEndpoint(t, always(500))
	p := newPlatform(t, e.URL, func(cfg *simulator.Config) {
		cfg.Knobs.RetryCountCounts = delivery.CountsAttempts
	}, nil)
	p.emit("message.sent")
	p.drain()
	if got := len(e.got()); got != 3 {
		t.Errorf("%d attempts with retry_count 3", got)
	}
}

func TestFilteredEventsLeaveNoRow(t *testing.T) {
	e := newEndpoint(t, always(200))
	p := newPlatform(t, e.URL, nil, map[string][]string{"message": {"delivered", "failed"}, "templates": {"approved"}})
	for _, name := range []event.Type{"message.sent", "message.delivered", "message.failed", "message.received"} {
		p.emit(name)
	}
	for _, status := range []string{"APPROVED", "PENDING", "PAUSED"} {
		if _, err := p.Emit(event.Event{Type: event.Templates, Template: &event.Template{Status: status}}); err != nil {
			t.Fatal(err)
		}
	}
	p.drain()
	var types []string
	for _, d := range p.history() {
		types = append(types, string(d.EventType))
	}
	if got := strings.Join(types, " "); got != "message.delivered message.failed templates" || len(e.got()) != 3 {
		t.Errorf("history: %s; %d requests", got, len(e.got()))
	}
}

func TestRotationSignsWaitingRetries(t *testing.T) {
	e := newEndpoint(t, first(401, 200))
	p := newPlatform(t, e.URL, nil, nil)
	p.emit("message.sent")
	p.advance(30 * time.Second)
	fresh, err := p.RotateSecret(p.hook.ID)
	if err != nil || fresh.Equal(p.hook.SigningSecret) || !p.webhook().SigningSecret.Equal(fresh) {
		t.Fatalf("rotated to %v: %v", fresh, err)
	}
	p.drain()
	got := e.got()
	if len(got) != 2 {
		t.Fatalf("%d attempts", len(got))
	}
	for i, secret := range []signing.Secret{p.hook.SigningSecret, fresh} {
		if err := secret.Verify(signing.HeadersFrom(got[i].Header.Get), got[i].Body, clock.Wall()); err != nil {
			t.Errorf("attempt %d is not signed with its secret: %v", i+1, err)
		}
	}
	if _, err := p.RotateSecret(uuid.New()); !errors.Is(err, simulator.ErrNoWebhook) {
		t.Errorf("rotation of no webhook: %v", err)
	}
}

func TestTestDelivery(t *testing.T) {
	e := newEndpoint(t, first(500, 200))
	p := newPlatform(t, e.URL, func(cfg *simulator.Config) { cfg.Knobs.DisableThreshold = 1 }, map[string][]string{"message": {"read"}})
	before := p.webhook()
	d, err := p.TestDelivery(t.Context(), p.hook.ID, "message.delivered")
	if err != nil || d.Status != delivery.Failed || !d.Test || len(d.Attempts) != 1 || d.Error != "the test delivery failed: it answered 500" {
		t.Errorf("got %+v, %v", d, err)
	}
	p.advance(time.Hour)
	if len(e.got()) != 1 {
		t.Error("a test delivery is retried")
	}
	if w := p.webhook(); !w.IsActive || w.ConsecutiveFailures != 0 || w.LastDeliveryAttemptAt != before.LastDeliveryAttemptAt {
		t.Errorf("a test delivery moved the webhook's health: %+v", w)
	}
	if d, err = p.TestDelivery(t.Context(), p.hook.ID, event.Templates); err != nil || d.Status != delivery.Delivered {
		t.Errorf("got %+v, %v", d, err)
	}
	if all := p.history(); len(all) != 2 || !all[1].Test || all[1].Status != delivery.Delivered {
		t.Errorf("history: %+v", all)
	}

	if _, err := p.TestDelivery(t.Context(), p.hook.ID, "message.nonsense"); err == nil {
		t.Error("a test delivery of an unknown type")
	}
	p.setActive(false)
	if _, err := p.TestDelivery(t.Context(), p.hook.ID, "message.sent"); !errors.Is(err, simulator.ErrInactive) {
		t.Errorf("test delivery to a disabled webhook: %v", err)
	}
	if _, err := p.Replay(d.ID); !errors.Is(err, simulator.ErrInactive) {
		t.Errorf("replay to a disabled webhook: %v", err)
	}
	if _, err := p.Replay(uuid.New()); !errors.Is(err, simulator.ErrNotFound) {
		t.Errorf("replay of nothing: %v", err)
	}
	p.drain() // what was refused is not waited for
	if got := len(e.got()); got != 2 {
		t.Errorf("%d requests", got)
	}
}

func TestOurOwnTroubleIsNotTheReceivers(t *testing.T) {
	s := senderFunc(func(context.Context, delivery.Request, time.Duration) delivery.Outcome {
		return delivery.Outcome{Kind: delivery.Cancelled, Err: "this machine could not connect: too many open files"}
	})
	p := newPlatform(t, "http://127.0.0.1:9", func(cfg *simulator.Config) { cfg.Sender, cfg.Knobs.DisableThreshold = s, 1 }, nil)
	p.emit("message.sent")
	p.drain()
	d := p.history()[0]
	if w := p.webhook(); !w.IsActive || w.ConsecutiveFailures != 0 || d.Status != delivery.Failed || !strings.Contains(d.Error, "too many open files") {
		t.Errorf("%+v; %+v", w, d)
	}
}

func TestHistoryTroubleIsReported(t *testing.T) {
	broken := errors.New("disk full")
	sim, err := simulator.New(simulator.Config{Start: start(), Store: &brokenStore{Memory: history.NewMemory(0), err: broken}})
	if err != nil {
		t.Fatal(err)
	}
	e := newEndpoint(t, always(200))
	if _, err := sim.RegisterWebhook(webhook.Config{DisplayName: "test", EndpointURL: e.URL}); err != nil {
		t.Fatal(err)
	}
	if _, err := sim.Emit(event.Event{Type: "message.sent"}); !errors.Is(err, broken) {
		t.Errorf("emit: %v", err)
	}
	if err := sim.Drain(t.Context()); !errors.Is(err, broken) {
		t.Errorf("drain: %v", err)
	}
	if err := sim.Close(); !errors.Is(err, broken) {
		t.Errorf("close: %v", err)
	}
	if len(e.got()) != 1 {
		t.Error("the event is not delivered")
	}
}
