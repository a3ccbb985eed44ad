package event_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sentsim/sentsim/simulator/event"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func moment() time.Time {
	return time.Date(2025, 10, 31, 11, 10, 42, 987e6, time.FixedZone("CET", 3600))
}

// entropy is a fixed sequence of random bytes.
func entropy() io.Reader { return rand.NewChaCha8([32]byte{'s', 'e', 'n', 't'}) }

func formats() []event.Format {
	var all []event.Format
	for _, envelope := range event.Envelopes() {
		for _, numbers := range event.NumberForms() {
			for _, shape := range event.InboundShapes() {
				all = append(all, event.Format{Envelope: envelope, Numbers: numbers, InboundShape: shape})
			}
		}
	}
	return all
}

func sample(tb testing.TB, name string) event.Event {
	tb.Helper()
	k, err := event.Lookup(name)
	if err != nil {
		tb.Fatal(err)
	}
	e, err := k.Sample(entropy(), moment())
	if err != nil {
		tb.Fatal(err)
	}
	return e
}

// TestGolden holds every event in every format. Run it with -update after a
// change that is meant, and read the difference.
func TestGolden(t *testing.T) {
	for _, k := range event.Catalogue() {
		t.Run(k.Name, func(t *testing.T) {
			e := sample(t, k.Name)
			var got bytes.Buffer
			for _, f := range formats() {
				fmt.Fprintf(&got, "# envelope=%s numbers=%s inbound_shape=%s\n%s\n", f.Envelope, f.Numbers, f.InboundShape, e.Encode(f))
			}
			file := filepath.Join("testdata", k.Name+".golden")
			if *update {
				if err := os.MkdirAll("testdata", 0o750); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, got.Bytes(), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatalf("%v: run the test with -update to make it", err)
			}
			if !bytes.Equal(got.Bytes(), want) {
				t.Errorf("%s:\ngot:\n%s\nwant:\n%s", file, got.Bytes(), want)
			}
		})
	}
}

func TestEncodeSpelledOut(t *testing.T) {
	var id [16]byte
	for i := range id {
		id[i] = byte(i*16 + i)
	}
	const (
		wantID = "00112233-4455-6677-8899-aabbccddeeff"
		zeroID = "00000000-0000-0000-0000-000000000000"
	)
	text := `say "hi" <b>&amp;</b>`
	outbound := event.Event{
		Type: "message.failed", CreatedAt: moment(),
		Outbound: &event.Outbound{
			AccountID: id, MessageID: id, Status: event.Failed, Channel: event.RCS, InboundNumber: "+14155550100",
			OutboundNumber: "+12025550101", TemplateID: id, AgentID: "agent-1", UpdatedAt: moment(), Reason: "no route",
		},
	}
	inbound := event.Event{
		Type: "message.received", CreatedAt: moment(),
		Inbound: &event.Inbound{
			AccountID: id, MessageID: id, From: "+14155550100", To: "+12025550101", Text: &text,
			Channel: event.SMS, Provider: "acme", ReceivedAt: moment(),
		},
	}
	template := event.Event{
		Type: event.Templates, CreatedAt: moment(),
		Template: &event.Template{
			AccountID: id, TemplateID: id, Name: "hello", Status: "PAUSED", Language: "de",
			Category: event.Marketing, Channel: event.WhatsApp,
		},
	}
	for _, c := range []struct {
		name string
		e    event.Event
		f    event.Format
		want string
	}{
		{
			"outbound with every field, as Sent sends it today", outbound, event.DefaultFormat(),
			`{"field":"message","sub_type":"message.failed","timestamp":"2025-10-31T10:10:42Z","payload":{"account_id":"` + wantID +
				`","message_id":"` + wantID + `","message_status":"FAILED","channel":"rcs","inbound_number":"+14155550100",` +
				`"outbound_number":"+12025550101","template_id":"` + wantID + `","agent_id":"agent-1",` +
				`"updated_at":"2025-10-31T10:10:42Z","reason":"no route"}}`,
		},
		{
			"inbound, classic", inbound,
			event.Format{Envelope: event.EnvelopeEvent, Numbers: event.NumbersDigits},
			`{"field":"message","event":"message.received","timestamp":"2025-10-31T10:10:42Z","payload":{"account_id":"` + wantID +
				`","from":"14155550100","to":"12025550101","text":"say \"hi\" <b>&amp;</b>","channel":"sms","provider":"acme",` +
				`"received_at":"2025-10-31T10:10:42Z"}}`,
		},
		{
			"inbound, numbered", inbound,
			event.Format{Envelope: event.EnvelopeLegacy, InboundShape: event.InboundNumbered},
			`{"field":"messages","timestamp":"2025-10-31T10:10:42Z","payload":{"account_id":"` + wantID + `","message_id":"` + wantID +
				`","inbound_number":"+14155550100","outbound_number":"+12025550101","text":"say \"hi\" <b>&amp;</b>",` +
				`"channel":"sms","provider":"acme","received_at":"2025-10-31T10:10:42Z","updated_at":"2025-10-31T10:10:42Z"}}`,
		},
		{
			"template without id and reason: same in every dialect", template,
			event.Format{Envelope: event.EnvelopeLegacy},
			`{"field":"templates","timestamp":"2025-10-31T10:10:42Z","payload":{"account_id":"` + wantID + `","template_id":"` + wantID +
				`","template_name":"hello","whatsapp_template_id":"","status":"PAUSED","language":"de","category":"MARKETING",` +
				`"channel":"whatsapp","reason":null}}`,
		},
		{
			"template, even if its type names a status",
			event.Event{Type: "templates.paused", CreatedAt: moment(), Template: &event.Template{}},
			event.DefaultFormat(),
			`{"field":"templates","timestamp":"2025-10-31T10:10:42Z","payload":{"account_id":"` + zeroID + `","template_id":"` + zeroID +
				`","template_name":"","whatsapp_template_id":"","status":"","language":"","category":"","channel":"","reason":null}}`,
		},
		{
			"unknown parent, no payload",
			event.Event{Type: "billing.low", CreatedAt: moment()},
			event.DefaultFormat(),
			`{"field":"billing","sub_type":"billing.low","timestamp":"2025-10-31T10:10:42Z","payload":{}}`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := string(c.e.Encode(c.f)); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestOptionalFieldsAreLeftOut(t *testing.T) {
	e := sample(t, "message.sent")
	e.Outbound.TemplateID = [16]byte{}
	body := string(e.Encode(event.DefaultFormat()))
	for _, key := range []string{"template_id", "agent_id", "reason"} {
		if strings.Contains(body, key) {
			t.Errorf("%s is there: %s", key, body)
		}
	}
	e = sample(t, "message.received")
	e.Inbound.Text = nil
	if body := string(e.Encode(event.DefaultFormat())); !strings.Contains(body, `"text":null,`) {
		t.Errorf("a null text is not null: %s", body)
	}
}

func TestZeroFormatIsTheDefault(t *testing.T) {
	for _, k := range event.Catalogue() {
		e := sample(t, k.Name)
		if got, want := e.Encode(event.Format{}), e.Encode(event.DefaultFormat()); !bytes.Equal(got, want) {
			t.Errorf("%s: got %s, want %s", k.Name, got, want)
		}
	}
}

func TestAppendKeepsWhatIsThere(t *testing.T) {
	e := sample(t, "message.read")
	got := e.Append([]byte("before"), event.DefaultFormat())
	if want := "before" + string(e.Encode(event.DefaultFormat())); string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// stringify is what JSON.stringify(JSON.parse(body)) prints, written down from
// the ECMAScript definition of JSON.stringify (QuoteJSONString) and independent
// of the encoder: encoding/json parses, every rune is looked at on its own.
func stringify(tb testing.TB, body []byte) string {
	tb.Helper()
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var out strings.Builder
	var value func(tok json.Token)
	next := func() json.Token {
		tok, err := dec.Token()
		if err != nil {
			tb.Fatalf("%v in %q", err, body)
		}
		return tok
	}
	value = func(tok json.Token) {
		switch v := tok.(type) {
		case string:
			quote(&out, v)
		case nil:
			out.WriteString("null")
		case json.Delim:
			if v != '{' {
				tb.Fatalf("unexpected %v in %q", v, body)
			}
			out.WriteByte('{')
			for first := true; dec.More(); first = false {
				if !first {
					out.WriteByte(',')
				}
				value(next())
				out.WriteByte(':')
				value(next())
			}
			next()
			out.WriteByte('}')
		default:
			tb.Fatalf("unexpected %T in %q: the encoder writes no numbers and no booleans", tok, body)
		}
	}
	value(next())
	if _, err := dec.Token(); err != io.EOF {
		tb.Fatalf("something follows the object in %q: %v", body, err)
	}
	return out.String()
}

func quote(out *strings.Builder, s string) {
	short := map[rune]string{'\b': `\b`, '\t': `\t`, '\n': `\n`, '\f': `\f`, '\r': `\r`, '"': `\"`, '\\': `\\`}
	out.WriteByte('"')
	for _, r := range s {
		switch escape, ok := short[r]; {
		case ok:
			out.WriteString(escape)
		case r < 0x20:
			fmt.Fprintf(out, `\u%04x`, r)
		default:
			out.WriteRune(r)
		}
	}
	out.WriteByte('"')
}

func TestTextIsWhatJavaScriptPrints(t *testing.T) {
	var controls strings.Builder
	for r := range rune(0x20) {
		controls.WriteRune(r)
	}
	for _, c := range []struct{ name, text, want string }{
		{
			"every control character", controls.String(),
			`"\u0000\u0001\u0002\u0003\u0004\u0005\u0006\u0007\b\t\n\u000b\f\r\u000e\u000f` +
				`\u0010\u0011\u0012\u0013\u0014\u0015\u0016\u0017\u0018\u0019\u001a\u001b\u001c\u001d\u001e\u001f"`,
		},
		{"quote, backslash, slash", `"\/`, `"\"\\/"`},
		{"nothing is escaped for HTML", "<script>&'</script>", `"<script>&'</script>"`},
		{"delete and C1 controls are raw", "\x7f\u0080\u009f", "\"\x7f\u0080\u009f\""},
		{"line and paragraph separator are raw", "a\u2028b\u2029c", "\"a\u2028b\u2029c\""},
		{"emoji, with skin tone, joiner and flag", "👍🏽👩‍👩‍👧🇪🇺", `"👍🏽👩‍👩‍👧🇪🇺"`},
		{"right to left, with marks", "שלום \u200f\u202eمرحبا", "\"שלום \u200f\u202eمرحبا\""},
		{"byte order mark and noncharacters", "\ufeff\ufffe\uffff\U0010ffff", "\"\ufeff\ufffe\uffff\U0010ffff\""},
		{"a byte that is not UTF-8", "a\xffb\xe2\x82", "\"a\ufffdb\ufffd\ufffd\""},
		{"empty", "", `""`},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := sample(t, "message.received")
			e.Inbound.Text = &c.text
			body := e.Encode(event.DefaultFormat())
			if !strings.Contains(string(body), `"text":`+c.want+`,`) {
				t.Errorf("got %s, want the text as %s", body, c.want)
			}
			if want := stringify(t, body); string(body) != want {
				t.Errorf("got %s, JavaScript prints %s", body, want)
			}
		})
	}
}

func TestBodiesSurviveJavaScript(t *testing.T) {
	for _, k := range event.Catalogue() {
		for _, f := range formats() {
			body := sample(t, k.Name).Encode(f)
			if want := stringify(t, body); string(body) != want {
				t.Errorf("%s %v: got %s, JavaScript prints %s", k.Name, f, body, want)
			}
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.String().Draw(rt, "text")
		reason := rapid.String().Draw(rt, "reason")
		f := rapid.SampledFrom(formats()).Draw(rt, "format")
		in, out := sample(t, "message.received"), sample(t, "message.failed")
		in.Inbound.Text, in.Inbound.Provider = &text, reason
		out.Outbound.Reason, out.Outbound.AgentID = text, reason
		for _, e := range []event.Event{in, out} {
			body := e.Encode(f)
			if want := stringify(t, body); string(body) != want {
				rt.Fatalf("got %s, JavaScript prints %s", body, want)
			}
		}
	})
}

func FuzzEncodeText(f *testing.F) {
	for _, text := range []string{"", "hello", "\x00\x1f\"\\", "\xff\xed\xa0\x80", "\u2028👍🏽"} {
		f.Add(text)
	}
	e := sample(f, "message.received")
	f.Fuzz(func(t *testing.T, text string) {
		in := *e.Inbound
		in.Text = &text
		body := event.Event{Type: e.Type, Inbound: &in}.Encode(event.DefaultFormat())
		if want := stringify(t, body); string(body) != want {
			t.Errorf("got %q, JavaScript prints %q", body, want)
		}
		var decoded struct{ Payload struct{ Text string } }
		if err := json.Unmarshal(body, &decoded); err != nil || decoded.Payload.Text != string([]rune(text)) {
			t.Errorf("%q became %q (%v)", text, decoded.Payload.Text, err)
		}
	})
}
