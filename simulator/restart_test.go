package simulator_test

import (
	"bytes"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/history"
	"github.com/sentsim/sentsim/simulator/lifecycle"
)

// TestRestart goes on with another simulator on the same store: a message in the
// middle of its lifecycle, a retry that waits, a webhook with failures, a template
// under review.
func TestRestart(t *testing.T) {
	for name, open := range map[string]func() history.Store{
		"memory": func() func() history.Store { m := history.NewMemory(0); return func() history.Store { return m } }(),
		"sqlite": func() func() history.Store {
			file := filepath.Join(t.TempDir(), "data.db")
			return func() history.Store {
				s, err := history.OpenSQLite(t.Context(), file, 0)
				if err != nil {
					t.Fatal(err)
				}
				return s
			}
		}(),
	} {
		t.Run(name, func(t *testing.T) { restart(t, open) })
	}
}

func restart(t *testing.T, open func() history.Store) {
	t.Helper()
	e := newEndpoint(t, first(500, 200))
	store := open()
	begin := func(at time.Time) *simulator.Simulator {
		sim, err := simulator.New(simulator.Config{Seed: 7, Start: at, Store: store})
		if err != nil {
			t.Fatal(err)
		}
		return sim
	}
	end := func(sim *simulator.Simulator) {
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
		if c, ok := store.(interface{ Close() error }); ok {
			if err := c.Close(); err != nil {
				t.Error(err)
			}
			store = open()
		}
	}
	p := &platform{Simulator: begin(start()), t: t}
	account := p.Account()
	p.register(e.URL, nil)
	id, err := p.Send(simulator.Message{Channel: event.WhatsApp, Outcome: lifecycle.EndsRead})
	if err != nil {
		t.Fatal(err)
	}
	template, err := p.SubmitTemplate(simulator.Template{Outcome: lifecycle.TemplateRejected})
	if err != nil {
		t.Fatal(err)
	}
	p.advance(0) // of QUEUED and PENDING, whichever arrives first fails and waits for its retry
	before, hook := p.history(), p.webhook()
	end(p.Simulator)
	waits := slices.IndexFunc(before, func(d delivery.Delivery) bool { return d.Status == delivery.Retrying })
	if len(before) != 2 || waits < 0 || before[1-waits].Status != delivery.Delivered || len(e.got()) != 2 {
		t.Fatalf("%d requests; of two deliveries one is to be delivered, one to wait: %+v", len(e.got()), before)
	}

	// Later: what was due meanwhile happens, in order.
	p.Simulator = begin(start().Add(24 * time.Hour))
	if p.Account() != account {
		t.Errorf("account %s, and before %s", p.Account(), account)
	}
	if w := p.webhook(); w.EndpointURL != hook.EndpointURL || !w.SigningSecret.Equal(hook.SigningSecret) ||
		w.ConsecutiveFailures != hook.ConsecutiveFailures || !w.LastDeliveryAttemptAt.Equal(*hook.LastDeliveryAttemptAt) {
		t.Errorf("webhook %+v, and before %+v", w, hook)
	}
	p.drain()
	got, after := e.got(), p.history()
	if then, now := before[waits], after[waits]; !bytes.Equal(now.Body, then.Body) || now.ID != then.ID || now.Status != delivery.Delivered ||
		len(now.Attempts) != 2 || now.Attempts[1].Number != 2 {
		t.Errorf("the waiting retry %s became %s: %s after %d attempts", then.ID, now.ID, now.Status, len(now.Attempts))
	}
	m, err := p.Message(id)
	if err != nil || m.Status != event.Read || len(got) != len(after)+1 {
		t.Errorf("%+v, %v; %d requests, %d deliveries", m, err, len(got), len(after))
	}
	for i, a := range m.Activities {
		if i > 0 && a.At.Before(m.Activities[i-1].At) {
			t.Errorf("out of order: %+v", m.Activities)
		}
	}
	if tpl, err := p.Template(template); err != nil || tpl.Status != event.TemplateRejected {
		t.Errorf("%+v, %v", tpl, err)
	}
	next, err := p.Send(simulator.Message{})
	if err != nil || next == id {
		t.Errorf("the next message is %s, %v", next, err)
	}
	p.drain()
	ids := map[string]bool{}
	for _, d := range p.history() {
		if ids[d.ID.String()] {
			t.Errorf("two deliveries are %s", d.ID)
		}
		ids[d.ID.String()] = true
	}
	end(p.Simulator)

	// Nothing is left to do.
	p.Simulator = begin(start().Add(48 * time.Hour))
	sofar := len(e.got())
	p.drain()
	if len(e.got()) != sofar {
		t.Errorf("%d deliveries came again", len(e.got())-sofar)
	}
	end(p.Simulator)
	if c, ok := store.(interface{ Close() error }); ok {
		_ = c.Close()
	}
}
