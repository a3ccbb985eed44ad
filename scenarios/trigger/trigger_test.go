package trigger_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/sentsim/sentsim/scenarios/trigger"
	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/signing"
)

func secret(t *testing.T) signing.Secret {
	t.Helper()
	s, err := signing.ParseSecret("whsec_" + "c2VudHNpbSB0ZXN0IHNlY3JldCBub3QgcmVhbA==")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func now() time.Time { return time.Unix(1761905442, 0) }

func order(name string) trigger.Order {
	return trigger.Order{Event: name, Seed: 7, At: now(), Knobs: simulator.DefaultKnobs()}
}

func with(name string, set ...string) trigger.Order {
	o := order(name)
	o.Set = set
	return o
}

func inEdition(edition, name string) trigger.Order {
	o := order(name)
	if err := o.Knobs.Set("edition", edition); err != nil {
		panic(err) // a mistake in this test
	}
	return o
}

func request(t *testing.T, o trigger.Order) delivery.Request {
	t.Helper()
	d, err := trigger.New(o)
	if err != nil {
		t.Fatal(err)
	}
	r, err := d.Request("http://127.0.0.1/webhooks/sent", secret(t), now())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func verify(t *testing.T, r delivery.Request) error {
	t.Helper()
	return secret(t).Verify(signing.HeadersFrom(r.Get), r.Body, now())
}

func TestEveryEventIsSigned(t *testing.T) {
	t.Parallel()
	names := []string{"templates"}
	for _, k := range event.Catalogue() {
		names = append(names, k.Name)
	}
	for _, name := range names {
		r := request(t, order(name))
		if err := verify(t, r); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := uuid.Parse(r.Get(signing.HeaderID)); err != nil {
			t.Errorf("%s: webhook id %q", name, r.Get(signing.HeaderID))
		}
		if again := request(t, order(name)); !bytes.Equal(again.Body, r.Body) || again.Get(signing.HeaderID) != r.Get(signing.HeaderID) {
			t.Errorf("%s: the same seed gives\n%s\n%s", name, r.Body, again.Body)
		}
	}
}

// TestEventIDs: the same event has the same id however often it is sent, and every
// other one another, in the editions that have the header.
func TestEventIDs(t *testing.T) {
	t.Parallel()
	raw := func(body string) trigger.Order {
		return trigger.Order{Raw: true, Body: []byte(body), Seed: 7, Knobs: simulator.DefaultKnobs()}
	}
	orders := []trigger.Order{raw("{}"), raw("[]"), with("message.failed", "payload.reason=a"), with("message.failed", "payload.reason=b"), order("templates.paused")}
	for _, k := range event.Catalogue() {
		orders = append(orders, order(k.Name))
	}
	seen := map[string]trigger.Order{}
	for _, o := range orders {
		id := request(t, o).Get(signing.HeaderEventID)
		if _, err := uuid.Parse(id); err != nil {
			t.Fatalf("%s: %q is no id", o.Event, id)
		}
		if other, twice := seen[id]; twice && (other.Event != o.Event || string(other.Body) != string(o.Body) || len(other.Set)+len(o.Set) > 0) {
			t.Errorf("%+v and %+v have one id", o, other)
		}
		seen[id] = o
		later := o
		later.At = o.At.Add(time.Hour)
		if again := request(t, later).Get(signing.HeaderEventID); again != id {
			t.Errorf("%s: %s, then %s", o.Event, id, again)
		}
		o.Knobs.EventIDHeader = false
		if off := request(t, o).Get(signing.HeaderEventID); off != "" {
			t.Errorf("%s without the header: %s", o.Event, off)
		}
	}
	if id := request(t, inEdition("2026-05", "message.sent")).Get(signing.HeaderEventID); id != "" {
		t.Errorf("edition 2026-05 sends an id: %s", id)
	}
}

func TestOrders(t *testing.T) {
	t.Parallel()
	id := uuid.MustParse("5f1c1b9e-7f0a-4c27-9d36-0d5f6a7b8c90")
	failed := func(change func(*trigger.Order)) trigger.Order {
		o := order("message.failed")
		change(&o)
		return o
	}
	for _, tt := range []struct {
		name  string
		order trigger.Order
		check func(t *testing.T, r delivery.Request)
	}{
		{"the webhook's id", failed(func(o *trigger.Order) { o.WebhookID = id }), func(t *testing.T, r delivery.Request) {
			t.Helper()
			if r.Get(signing.HeaderID) != id.String() || verify(t, r) != nil {
				t.Errorf("%+v", r)
			}
		}},
		{"signed at another time", failed(func(o *trigger.Order) { o.SignedAt = -240 * time.Second }), func(t *testing.T, r delivery.Request) {
			t.Helper()
			if r.Get(signing.HeaderTimestamp) != "1761905202" || verify(t, r) != nil {
				t.Errorf("%+v", r)
			}
		}},
		{"a raw body", failed(func(o *trigger.Order) { o.Raw, o.Body, o.Event = true, []byte(" [1 ]\n"), "" }), func(t *testing.T, r delivery.Request) {
			t.Helper()
			if string(r.Body) != " [1 ]\n" || r.Get(signing.HeaderEventType) != "" || verify(t, r) != nil {
				t.Errorf("%+v", r)
			}
		}},
		{"a raw body of a kind that there is not", failed(func(o *trigger.Order) { o.Raw, o.Event = true, "message.exploded" }), func(t *testing.T, r delivery.Request) {
			t.Helper()
			if r.Get(signing.HeaderEventType) != "message.exploded" {
				t.Errorf("%+v", r)
			}
		}},
		{"headers of the user's", failed(func(o *trigger.Order) { o.Headers = []delivery.Header{{Name: "X-Tunnel", Value: "1"}} }), func(t *testing.T, r delivery.Request) {
			t.Helper()
			if r.Get("x-tunnel") != "1" {
				t.Errorf("%+v", r)
			}
		}},
		{"no event type header", failed(func(o *trigger.Order) { o.Knobs.EventTypeHeader = false }), func(t *testing.T, r delivery.Request) {
			t.Helper()
			if r.Get(signing.HeaderEventType) != "" || verify(t, r) != nil {
				t.Errorf("%+v", r)
			}
		}},
		{"a dialect", failed(func(o *trigger.Order) { o.Knobs.Envelope = event.EnvelopeLegacy }), func(t *testing.T, r delivery.Request) {
			t.Helper()
			if !bytes.HasPrefix(r.Body, []byte(`{"field":"messages","timestamp"`)) {
				t.Errorf("%s", r.Body)
			}
		}},
		{"values, and the signature over them", failed(func(o *trigger.Order) { o.Set = []string{"payload.reason=a <b>", "event=message.odd"} }), func(t *testing.T, r delivery.Request) {
			t.Helper()
			if !bytes.Contains(r.Body, []byte(`"reason":"a <b>"`)) || !bytes.Contains(r.Body, []byte(`"event":"message.odd"`)) || verify(t, r) != nil {
				t.Errorf("%s", r.Body)
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.check(t, request(t, tt.order))
		})
	}
}

func TestEveryForgeryIsForged(t *testing.T) {
	t.Parallel()
	for _, f := range chaos.Forgeries() {
		o := order("message.delivered")
		o.Forge = f.Name
		if r := request(t, o); verify(t, r) == nil {
			t.Errorf("%s: the receiver's check accepts %+v", f.Name, r)
		}
	}
}

func TestOrdersThatCannotBe(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		order trigger.Order
		want  string
	}{
		"an event of another edition": {inEdition("2025", "contact.opt_out"), `edition 2025 has no event "contact.opt_out": the family contact is in 2026-09`},
		"a typing error":              {order("message.deliverd"), "message.delivered"},
		"an unknown forgery":          {trigger.Order{Event: "message.sent", Forge: "odd"}, "unknown forgery"},
		"a forgery at a time":         {trigger.Order{Event: "message.sent", Forge: "stale", SignedAt: 1}, "timestamp of its own"},
		"values in a raw body":        {trigger.Order{Raw: true, Set: []string{"a=1"}}, "no values to change"},
		"an event with a space":       {trigger.Order{Raw: true, Event: "a b"}, "cannot be the name"},
		"a path that is not so":       {with("message.sent", "payload.mesage_id=1"), `did you mean "payload.message_id"`},
		"a path without a start":      {with("message.sent", "message_status=READ"), `did you mean "payload.message_status"`},
	} {
		if _, err := trigger.New(tt.order); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want it to say %q", name, err, tt.want)
		}
	}
}

func TestAssign(t *testing.T) {
	t.Parallel()
	const body = `{"a":"x","b":{"c":null,"d":[1,{"e":2}]},"we.ird":1}`
	for _, tt := range []struct{ text, want string }{
		{"a=y", `{"a":"y","b":{"c":null,"d":[1,{"e":2}]},"we.ird":1}`},
		{"a=12", `{"a":12,"b":{"c":null,"d":[1,{"e":2}]},"we.ird":1}`},
		{`a="12"`, `{"a":"12","b":{"c":null,"d":[1,{"e":2}]},"we.ird":1}`},
		{"a=", `{"a":"","b":{"c":null,"d":[1,{"e":2}]},"we.ird":1}`},
		{"a=k=v", `{"a":"k=v","b":{"c":null,"d":[1,{"e":2}]},"we.ird":1}`},
		{"a=null", `{"a":null,"b":{"c":null,"d":[1,{"e":2}]},"we.ird":1}`},
		{"a=+14155550100", `{"a":"+14155550100","b":{"c":null,"d":[1,{"e":2}]},"we.ird":1}`},
		{"b.c={\"z\": 1}", `{"a":"x","b":{"c":{"z": 1},"d":[1,{"e":2}]},"we.ird":1}`},
		{"b.d.1.e=3", `{"a":"x","b":{"c":null,"d":[1,{"e":3}]},"we.ird":1}`},
		{"b=<&>", `{"a":"x","b":"<&>","we.ird":1}`},
	} {
		got, err := trigger.Assign([]byte(body), tt.text)
		if err != nil || string(got) != tt.want {
			t.Errorf("%s: %s, %v; want %s", tt.text, got, err, tt.want)
		}
	}
	for text, want := range map[string]string{
		"a":         "form path=value",
		"=1":        "form path=value",
		"b.x=1":     `no "b.x"`,
		"b.d.2=1":   `no "b.d.2"`,
		"zzzzzz=1":  "there are a, b, b.c",
		"we.ird=1":  `no "we.ird"`,
		"b.d.#.e=1": "no",
		"a.b=1":     "no",
	} {
		if got, err := trigger.Assign([]byte(body), text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %s, error %v, want it to say %q", text, got, err, want)
		}
	}
	if _, err := trigger.Assign([]byte("{"), "a=1"); err == nil {
		t.Error("a value was set in what is no JSON")
	}
}

func TestAnyTextCanBeSet(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		out, err := trigger.Assign([]byte(`{"a":"x","b":1}`), "a="+text)
		if err != nil || !bytes.HasPrefix(out, []byte(`{"a":`)) || !bytes.HasSuffix(out, []byte(`,"b":1}`)) {
			t.Fatalf("%q: %s, %v", text, out, err)
		}
	})
}

func TestJudge(t *testing.T) {
	t.Parallel()
	genuine, forged := trigger.Delivery{Body: []byte("{}")}, trigger.Delivery{Forgery: &chaos.Forgery{}}
	for _, tt := range []struct {
		outcome         delivery.Outcome
		genuine, forged trigger.Verdict
	}{
		{delivery.Outcome{Kind: delivery.Answered, Status: 204}, trigger.Right, trigger.Wrong},
		{delivery.Outcome{Kind: delivery.Answered, Status: 401}, trigger.Wrong, trigger.Right},
		{delivery.Outcome{Kind: delivery.Answered, Status: 302}, trigger.Wrong, trigger.Wrong},
		{delivery.Outcome{Kind: delivery.Answered, Status: 500}, trigger.Wrong, trigger.Wrong},
		{delivery.Outcome{Kind: delivery.Reset}, trigger.Wrong, trigger.Wrong},
		{delivery.Outcome{Kind: delivery.Timeout}, trigger.Wrong, trigger.Wrong},
		{delivery.Outcome{Kind: delivery.Refused}, trigger.Unreached, trigger.Unreached},
		{delivery.Outcome{Kind: delivery.TLS}, trigger.Unreached, trigger.Unreached},
	} {
		if g, f := genuine.Judge(tt.outcome), forged.Judge(tt.outcome); g != tt.genuine || f != tt.forged {
			t.Errorf("%+v: genuine %d, forged %d; want %d, %d", tt.outcome, g, f, tt.genuine, tt.forged)
		}
	}
}

// A body that is no JSON object is for the receiver to reject (TOL-7).
func TestJudgeGarbage(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"", "null", "[]", "not json", `{"a":`} {
		d := trigger.Delivery{Body: []byte(body)}
		for status, want := range map[int]trigger.Verdict{200: trigger.Wrong, 400: trigger.Right, 401: trigger.Right, 500: trigger.Wrong} {
			if got := d.Judge(delivery.Outcome{Kind: delivery.Answered, Status: status}); got != want {
				t.Errorf("%q and %d: %d, want %d", body, status, got, want)
			}
		}
	}
}

func TestAddAndRemove(t *testing.T) {
	t.Parallel()
	const body = `{"a":"x","b":{"c":null}}`
	for _, tt := range []struct {
		do         func([]byte, string) ([]byte, error)
		text, want string // want begins with { or is in the error
	}{
		{trigger.Add, "b.d=[1]", `{"a":"x","b":{"c":null,"d":[1]}}`},
		{trigger.Add, "e=text", `{"a":"x","b":{"c":null},"e":"text"}`},
		{trigger.Add, "a=1", "already"},
		{trigger.Add, "n.o=1", `has no "n"`},
		{trigger.Add, "a.o=1", "no object"},
		{trigger.Add, "b.#=1", "cannot be a path"},
		{trigger.Remove, "b.c", `{"a":"x","b":{}}`},
		{trigger.Remove, "b.x", `has no "b.x"`},
	} {
		got, err := tt.do([]byte(body), tt.text)
		if strings.HasPrefix(tt.want, "{") && (err != nil || string(got) != tt.want) ||
			!strings.HasPrefix(tt.want, "{") && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: %s, %v; want %s", tt.text, got, err, tt.want)
		}
	}
	o := order("message.sent")
	o.Add, o.Drop = []string{"payload.extra=1"}, []string{"payload.template_id"}
	o.Edit = func(body []byte) ([]byte, error) { return append(body, ' '), nil }
	r := request(t, o)
	if text := string(r.Body); !strings.Contains(text, `"extra":1`) || strings.Contains(text, "template_id") || !strings.HasSuffix(text, "} ") || verify(t, r) != nil {
		t.Errorf("%s, %v", text, verify(t, r))
	}
	if plain := request(t, order("message.sent")); plain.Get(signing.HeaderEventID) == r.Get(signing.HeaderEventID) {
		t.Error("another body is the same event")
	}
}
