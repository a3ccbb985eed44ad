package simulator_test

import (
	"cmp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/tidwall/gjson"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/history"
	"github.com/sentsim/sentsim/simulator/lifecycle"
)

// A keyword makes its event beside the message, and has its consequence: the
// state after it is in the event, help and the account's own words change nothing.
func TestAContactsKeywords(t *testing.T) {
	e := newEndpoint(t, always(200))
	p := newPlatform(t, e.URL, func(cfg *simulator.Config) { cfg.Knobs.Keywords = "JOIN,WIN" }, nil)
	const number = "+14155550100"
	seen := 0
	for _, c := range []struct {
		text, event string
		optedOut    bool
	}{
		{"hello", "", false},
		{"HELP", "contact.help", false},
		{" stop ", "contact.opt_out", true},
		{"Stop it", "", true},
		{"help", "contact.help", true},
		{"win", "contact.custom_keyword", true},
		{"START", "contact.opt_in", false},
		{"JOIN", "contact.custom_keyword", false},
	} {
		id, err := p.Receive(simulator.Inbound{From: number, To: "+15005550000", Text: &c.text, Channel: event.RCS})
		if err != nil {
			t.Fatal(err)
		}
		p.drain()
		got := bodies(e, seen)
		seen += len(got)
		want := []string{"message.received"}
		if c.event != "" {
			want = append(want, c.event)
		}
		var names []string
		for _, body := range got {
			names = append(names, gjson.Get(body, "event").String())
		}
		if strings.Join(names, " ") != strings.Join(want, " ") {
			t.Fatalf("%q makes %v, want %v", c.text, names, want)
		}
		if p.OptedOut(number) != c.optedOut || p.OptedOut("+14155550101") {
			t.Errorf("after %q the contact has opted out: %v", c.text, p.OptedOut(number))
		}
		if c.event == "" {
			continue
		}
		for path, want := range map[string]any{
			"opt_out": c.optedOut, "from": number, "to": "+15005550000", "text": c.text, "message_id": id.String(),
			"source": "INBOUND_KEYWORD", "channel": "rcs", "contact_id": p.ContactID(number).String(), "account_id": p.Account().String(),
		} {
			if got := gjson.Get(got[1], "payload."+path).Value(); got != want {
				t.Errorf("%q: %s is %v, want %v", c.text, path, got, want)
			}
		}
	}
}

// bodies are the bodies that came after the first n, in the order of their events.
func bodies(e *endpoint, n int) []string {
	var all []string
	for _, r := range e.got()[n:] {
		all = append(all, string(r.Body))
	}
	slices.SortStableFunc(all, func(a, b string) int { // deliveries run side by side
		return cmp.Compare(gjson.Get(b, "field").String(), gjson.Get(a, "field").String())
	})
	return all
}

// The network tells of a signal without a message.
func TestASignalOfTheNetwork(t *testing.T) {
	e := newEndpoint(t, always(200))
	p := newPlatform(t, e.URL, nil, nil)
	if _, err := p.Hear(simulator.Signal{Type: event.ContactOptOut, From: "+14155550100"}); err != nil {
		t.Fatal(err)
	}
	p.drain()
	got := bodies(e, 0)
	if len(got) != 1 || !p.OptedOut("+14155550100") {
		t.Fatalf("%v, opted out: %v", got, p.OptedOut("+14155550100"))
	}
	for _, want := range []string{`"source":"PROVIDER_SIGNAL"`, `"opt_out":true`, `"to":null`, `"message_id":null`, `"text":null`, `"channel":"sms"`} {
		if !strings.Contains(got[0], want) {
			t.Errorf("no %s in %s", want, got[0])
		}
	}
	if _, err := p.Hear(simulator.Signal{Type: "message.sent"}); err == nil {
		t.Error("message.sent is a contact's signal")
	}
}

// Where Sent has no family contact, nobody is told; the contact has opted out all the same.
func TestSignalsInAnOlderEdition(t *testing.T) {
	e := newEndpoint(t, always(200))
	edition, err := event.LookupEdition("2026-05")
	if err != nil {
		t.Fatal(err)
	}
	p := newPlatform(t, e.URL, func(cfg *simulator.Config) { cfg.Knobs = cfg.Knobs.In(edition) }, nil)
	text := "STOP"
	if _, err := p.Receive(simulator.Inbound{From: "+14155550100", Text: &text}); err != nil {
		t.Fatal(err)
	}
	p.drain()
	if got := bodies(e, 0); len(got) != 1 || !p.OptedOut("+14155550100") {
		t.Errorf("%v, opted out: %v", got, p.OptedOut("+14155550100"))
	}
	if _, err := p.Hear(simulator.Signal{Type: event.ContactOptIn, From: "+14155550100"}); err != nil || p.OptedOut("+14155550100") {
		t.Errorf("it cannot opt in again: %v", err)
	}
}

// A conversation is open for 24 hours, on the channel that the contact wrote on.
func TestAConversation(t *testing.T) {
	p := newPlatform(t, newEndpoint(t, always(200)).URL, nil, nil)
	if _, err := p.Receive(simulator.Inbound{From: "+14155550100", Channel: event.WhatsApp}); err != nil {
		t.Fatal(err)
	}
	open := func() [3]bool {
		return [3]bool{p.Conversation(event.WhatsApp, "+14155550100"), p.Conversation(event.RCS, "+14155550100"), p.Conversation(event.WhatsApp, "+14155550101")}
	}
	if got := open(); got != [3]bool{true, false, false} {
		t.Errorf("after the message: %v", got)
	}
	if err := p.Advance(t.Context(), 24*time.Hour); err != nil {
		t.Fatal(err)
	}
	if got := open(); got != [3]bool{} {
		t.Errorf("a day later: %v", got)
	}
}

// The events of a sequence are about one thing, and come one after another.
func TestSequences(t *testing.T) {
	for _, c := range []struct{ name, field, want string }{
		{"call", "call_id", "call.initiated call.answered call.completed call.recording_ready"},
		{"link", "record_id", "link.clicked link.clicked link.clicked link.expired"},
		{"channel", "country", "channel.submitted channel.approved channel.activated"},
	} {
		e := newEndpoint(t, always(200))
		p := newPlatform(t, e.URL, nil, nil)
		begin := p.Now()
		ids, err := p.Play(c.name, uuid.Nil)
		if err != nil {
			t.Fatal(err)
		}
		p.drain()
		var names []string
		same := map[string]bool{}
		for i, r := range e.got() {
			names = append(names, gjson.GetBytes(r.Body, "event").String())
			same[gjson.GetBytes(r.Body, "payload."+c.field).String()] = true
			if r.Header.Get("X-Webhook-Event-ID") != ids[i].String() {
				t.Errorf("%s: event %d has the id %s, want %s", c.name, i, r.Header.Get("X-Webhook-Event-ID"), ids[i])
			}
		}
		if got := strings.Join(names, " "); got != c.want || len(same) != 1 {
			t.Errorf("%s: %s about %v, want %s about one", c.name, got, same, c.want)
		}
		if took := p.Now().Sub(begin); took != time.Duration(len(ids)-1)*2*time.Second {
			t.Errorf("%s takes %s", c.name, took)
		}
	}
	p := newPlatform(t, newEndpoint(t, always(200)).URL, nil, nil)
	if _, err := p.Play("dance", uuid.Nil); err == nil || !strings.Contains(err.Error(), "call, call_failed, link, channel") {
		t.Errorf("an unknown sequence: %v", err)
	}
}

// A contact answers two messages, the one that was sent first last: STOP. After a
// restart too, each signal happens at its own time, or, when it was due meanwhile,
// in the order of the times.
func TestSignalsOfRepliesHappenInTimeAfterARestart(t *testing.T) {
	const number = "+14155550100"
	stop, again := "STOP", "START"
	for name, down := range map[string]time.Duration{"at once": 0, "a week later": 7 * 24 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			store := history.NewMemory(0)
			begin := func(at time.Time) *simulator.Simulator {
				sim, err := simulator.New(simulator.Config{Start: at, Store: store})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = sim.Close() })
				return sim
			}
			sim := begin(start())
			for _, m := range []simulator.Message{
				{To: number, Outcome: lifecycle.EndsRead, Channel: event.WhatsApp, Reply: &stop}, // it is read some time after it is delivered
				{To: number, Outcome: lifecycle.EndsDelivered, Prompt: true, Reply: &again},
			} {
				if _, err := sim.Send(m); err != nil {
					t.Fatal(err)
				}
			}
			if err := sim.Close(); err != nil {
				t.Fatal(err)
			}
			signals := plannedSignals(t, store)
			if len(signals) != 2 || !signals[1].CreatedAt.Before(signals[0].CreatedAt) {
				t.Fatalf("the later of two signals is to be planned first: %+v", signals)
			}
			sim = begin(start().Add(down))
			if down == 0 {
				if err := sim.Advance(t.Context(), signals[1].CreatedAt.Sub(sim.Now())); err != nil {
					t.Fatal(err)
				}
				if left := plannedSignals(t, store); len(left) != 1 || left[0].ID != signals[0].ID {
					t.Errorf("at the time of the earlier signal, these have not happened: %+v", left)
				}
			}
			if err := sim.Drain(t.Context()); err != nil {
				t.Fatal(err)
			}
			if !sim.OptedOut(number) {
				t.Error("the contact's last signal was an opt-out, and it does not count")
			}
		})
	}
}

func plannedSignals(t *testing.T, store history.Store) (signals []event.Event) {
	t.Helper()
	state, err := store.Restore()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range state.Planned {
		if e.Contact != nil {
			signals = append(signals, e)
		}
	}
	return signals
}
