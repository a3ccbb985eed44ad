package simulator_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/seed"
	"github.com/sentsim/sentsim/simulator/webhook"
)

func TestDefaultKnobs(t *testing.T) {
	var got []string
	for _, k := range simulator.KnobTable() {
		got = append(got, k.Name+"="+k.Default)
		if k.Doc == "" || k.Values == "" || simulator.DefaultKnobs().Get(k.Name) != k.Default {
			t.Errorf("%+v", k)
		}
	}
	want := "edition=2026-09 envelope=event inbound_shape=numbered outbound_shape=numbered event_id_header=true " +
		"families=message,templates,contact,channel,link,call numbers=e164 keywords=JOIN event_type_header=true order=concurrent concurrency=64 extended=false " +
		"retry_count=3 timeout_seconds=30 retry_count_counts=retries disable_counts=events disable_threshold=10 " +
		"backoff_base=1m backoff_factor=2 backoff_cap=1h backoff_jitter=0"
	if s := strings.Join(got, " "); s != want {
		t.Errorf("got  %s\nwant %s", s, want)
	}
	if err := simulator.DefaultKnobs().Validate(); err != nil {
		t.Error(err)
	}
	if simulator.DefaultKnobs().Format() != event.DefaultFormat() {
		t.Error("the default format is another")
	}
}

func TestSetKnobs(t *testing.T) {
	k := simulator.DefaultKnobs()
	for name, value := range map[string]string{
		"envelope": "legacy", "numbers": "digits", "inbound_shape": "classic", "outbound_shape": "classic", "event_type_header": "false",
		"event_id_header": "false", "families": "message", "keywords": "JOIN,WIN",
		"order": "strict", "concurrency": "1", "extended": "true", "retry_count": "5", "timeout_seconds": "5",
		"retry_count_counts": "attempts", "disable_counts": "attempts", "disable_threshold": "1",
		"backoff_base": "1m30s", "backoff_factor": "1.5", "backoff_cap": "2h", "backoff_jitter": "0.25",
	} {
		if err := k.Set(name, value); err != nil || k.Get(name) != value {
			t.Errorf("%s = %s, want %s: %v", name, k.Get(name), value, err)
		}
	}
	want := simulator.Knobs{
		Edition: "2026-09", Envelope: event.EnvelopeLegacy, InboundShape: event.InboundClassic, OutboundShape: event.OutboundClassic,
		Families: "message", Numbers: event.NumbersDigits, Keywords: "JOIN,WIN",
		Order: delivery.Strict, Concurrency: 1, Extended: true, RetryCount: 5, TimeoutSeconds: 5,
		RetryCountCounts: delivery.CountsAttempts, DisableCounts: webhook.CountsAttempts, DisableThreshold: 1,
		BackoffBase: 90 * time.Second, BackoffFactor: 1.5, BackoffCap: 2 * time.Hour, BackoffJitter: 0.25,
	}
	if k != want {
		t.Errorf("got  %+v\nwant %+v", k, want)
	}
	if err := k.Validate(); err != nil {
		t.Error(err)
	}
}

func TestRefusedKnobs(t *testing.T) {
	for _, c := range []struct{ name, value, want string }{
		{"envelop", "x", `unknown knob "envelop": did you mean "envelope"?`},
		{"retry-counts", "x", `unknown knob "retry-counts": did you mean "retry_count"?`},
		{"BACKOFF", "x", `unknown knob "BACKOFF": did you mean "backoff_cap"?`},
		{"", "x", `unknown knob "": did you mean`},
		{"envelope", "Current", `knob envelope: "Current" is not accepted: use event, current or legacy`},
		{"edition", "2027", `knob edition: "2027" is not accepted: use 2026-09, 2026-05 or 2025`},
		{"families", "message,letters", `knob families: "message,letters" is not accepted: use some of message,templates,`},
		{"families", "", `knob families: "" is not accepted`},
		{"keywords", "A\nB", `knob keywords: "A\nB" is not accepted: use words with commas between`},
		{"order", "", `knob order: "" is not accepted: use concurrent or strict`},
		{"extended", "yes", `knob extended: "yes" is not accepted: use true or false`},
		{"retry_count", "6", `knob retry_count: "6" is not accepted: use a whole number from 1 to 5`},
		{"concurrency", "0", `knob concurrency: "0" is not accepted: use a whole number from 1 to 10000`},
		{"disable_threshold", "0", `knob disable_threshold: "0" is not accepted`},
		{"backoff_base", "60", `knob backoff_base: "60" is not accepted: use a duration above zero, such as "90s" or "1h"`},
		{"backoff_base", "0s", `knob backoff_base: "0s" is not accepted`},
		{"backoff_factor", "0.5", `knob backoff_factor: "0.5" is not accepted: use a number from 1 to 1000`},
		{"backoff_jitter", "NaN", `knob backoff_jitter: "NaN" is not accepted`},
	} {
		k := simulator.DefaultKnobs()
		if err := k.Set(c.name, c.value); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("got %v, want %s", err, c.want)
		}
		if k != simulator.DefaultKnobs() {
			t.Errorf("%s=%s was refused and set", c.name, c.value)
		}
	}
	if got := (simulator.Knobs{}).Get("nothing"); got != "" {
		t.Errorf("Get of an unknown knob: %q", got)
	}
}

// TestEditionThenKnobs: an edition sets its knobs, and none of the others; a
// single knob overrides a part of it.
func TestEditionThenKnobs(t *testing.T) {
	k := simulator.DefaultKnobs()
	if got := k.EditionText(); got != "2026-09" || k.Deviations() != nil {
		t.Errorf("the default is %q, deviating in %v", got, k.Deviations())
	}
	for _, set := range [][2]string{{"numbers", "digits"}, {"edition", "2026-05"}, {"inbound_shape", "numbered"}, {"event_id_header", "true"}} {
		if err := k.Set(set[0], set[1]); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := k.EditionText(), "2026-05 with inbound_shape=numbered, event_id_header=true"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := k.Format(), (event.Format{
		Envelope: event.EnvelopeCurrent, Numbers: event.NumbersDigits, InboundShape: event.InboundNumbered, OutboundShape: event.OutboundClassic,
	}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for name, want := range map[string]string{"message.sent": "", "contact.help": `edition 2026-05 with inbound_shape=numbered, event_id_header=true has no event "contact.help": the family contact is in 2026-09`} {
		kind, err := event.Lookup(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := k.Has(kind); (err == nil) != (want == "") || err != nil && !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
}

// TestEveryEditionIsAKnob: the table of editions is all that there is to know.
func TestEveryEditionIsAKnob(t *testing.T) {
	for _, e := range event.Editions() {
		k := simulator.DefaultKnobs()
		if err := k.Set("edition", e.Name); err != nil || k.Format() != e.Format() || k.EventIDHeader != e.EventIDHeader || k.Families != e.Families {
			t.Errorf("%s: %+v, %v", e.Name, k, err)
		}
		if err := k.Validate(); err != nil {
			t.Errorf("%s: %v", e.Name, err)
		}
		var named []string
		for _, s := range e.Sources {
			named = append(named, strings.Split(s.Knobs, ",")...)
		}
		for _, name := range simulator.EditionKnobs() {
			if !slices.Contains(named, name) {
				t.Errorf("%s does not say where %s is known from", e.Name, name)
			}
		}
	}
}

func TestNewRefusesBadKnobs(t *testing.T) {
	k := simulator.DefaultKnobs()
	k.Order, k.Concurrency = "random", 0
	_, err := simulator.New(simulator.Config{Knobs: k})
	if err == nil || !strings.Contains(err.Error(), `knob order: "random"`) || !strings.Contains(err.Error(), `knob concurrency: "0"`) {
		t.Errorf("got %v", err)
	}
	k = simulator.DefaultKnobs()
	k.BackoffCap = time.Second
	if _, err := simulator.New(simulator.Config{Knobs: k}); err == nil || !strings.Contains(err.Error(), "backoff cap 1s: must not be below the base, 1m0s") {
		t.Errorf("got %v", err)
	}
}

func TestJitterIsDrawnFromTheSeed(t *testing.T) {
	waits := func(s seed.Seed) (all []time.Duration) {
		e := newEndpoint(t, always(500))
		p := newPlatform(t, e.URL, func(cfg *simulator.Config) {
			cfg.Seed, cfg.Knobs.BackoffJitter = s, 0.5
		}, nil)
		p.emit("message.sent")
		p.drain()
		for _, a := range p.history()[0].Attempts {
			all = append(all, a.At.Sub(start()))
		}
		return all
	}
	a, b, c := waits(1), waits(1), waits(2)
	for i := range a {
		if a[i] != b[i] {
			t.Fatalf("one seed, two schedules: %v and %v", a, b)
		}
	}
	if share := 2 * (a[1] - a[0]); share == a[2]-a[1] {
		t.Errorf("two waits of one delivery are shortened by the same share: %v", a)
	}
	if a[3] == c[3] || a[3] >= 7*time.Minute || a[3] <= 7*time.Minute/2 {
		t.Errorf("%v and, with another seed, %v", a, c)
	}
}
