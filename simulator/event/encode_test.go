package event_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sentsim/sentsim/simulator/event"
)

func moment() time.Time {
	return time.Date(2025, 10, 31, 11, 10, 42, 987e6, time.FixedZone("CET", 3600))
}

// entropy is a fixed sequence of random bytes.
func entropy() io.Reader { return rand.NewChaCha8([32]byte{'s', 'e', 'n', 't'}) }

func formats() []event.Format {
	var all []event.Format
	for _, envelope := range event.Envelopes() {
		for _, numbers := range event.NumberForms() {
			for _, inbound := range event.InboundShapes() {
				for _, outbound := range event.OutboundShapes() {
					all = append(all, event.Format{Envelope: envelope, Numbers: numbers, InboundShape: inbound, OutboundShape: outbound})
				}
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

func TestEncodeSpelledOut(t *testing.T) {
	var id [16]byte
	for i := range id {
		id[i] = byte(i*16 + i)
	}
	const (
		wantID = `"00112233-4455-6677-8899-aabbccddeeff"`
		zeroID = `"00000000-0000-0000-0000-000000000000"`
		now    = `"2025-10-31T10:10:42Z"`
	)
	text, to := `say "hi" <b>&amp;</b>`, "+12025550101"
	at := func(t event.Type) event.Event { return event.Event{ID: id, Type: t, CreatedAt: moment()} }
	outbound := at("message.failed")
	outbound.Outbound = &event.Outbound{
		AccountID: id, MessageID: id, Status: event.Failed, Channel: event.RCS, InboundNumber: "+14155550100",
		OutboundNumber: "+12025550101", TemplateID: id, TemplateName: "hello", Body: &text, AgentID: "agent-1", UpdatedAt: moment(),
		Reason: "no route", ReasonCode: "DELIVERY_001",
	}
	scheduled := at("message.scheduled")
	scheduled.Outbound = &event.Outbound{
		AccountID: id, MessageID: id, Status: event.Scheduled, Channel: event.SMS, InboundNumber: "+14155550100", UpdatedAt: moment(),
		ScheduleReason: event.QuietHours, ScheduledAt: moment().Add(time.Hour),
	}
	inbound := at("message.received")
	inbound.Inbound = &event.Inbound{
		AccountID: id, MessageID: id, From: "+14155550100", To: to, Text: &text,
		Channel: event.MMS, Provider: "acme", ReceivedAt: moment(),
		Media: []event.Media{{URL: "https://m.example/1", MIMEType: "image/png", SizeBytes: 12, HashSHA256: "ab"}, {URL: "x"}},
	}
	template := at(event.Templates)
	template.Template = &event.Template{
		AccountID: id, TemplateID: id, Name: "hello", Status: "PAUSED", Language: "de",
		Category: event.Marketing, Channel: event.WhatsApp, Whole: true, AutoReplyAction: "OPT_OUT",
	}
	contact := at(event.ContactOptOut)
	contact.Contact = &event.Contact{
		AccountID: id, ContactID: id, OptOut: true, Source: event.ProviderSignal, From: "+14155550100", Channel: event.RCS, AgentID: "a",
	}
	market := at("channel.submitted")
	market.Market = &event.Market{AccountID: id, Country: "XK", Channel: event.SMS, Status: event.MarketPendingReview, UpdatedAt: moment()}
	link := at("link.clicked")
	link.Link = &event.Link{
		RecordID: id, Kind: "url", CustomerID: id, OccurredAt: moment(),
		Request: &event.LinkRequest{TrafficClass: "bot", StatusCode: 302, Method: "HEAD"},
	}
	call := at("call.completed")
	call.Call = &event.Call{
		CallID: id, AccountID: id, Number: "+14155550100", UpdatedAt: moment(), Ended: &event.CallEnd{Seconds: 90, Price: 0.05}, RecordingID: id,
	}
	today, classic := event.DefaultFormat(), event.Format{
		Envelope: event.EnvelopeCurrent, InboundShape: event.InboundClassic, OutboundShape: event.OutboundClassic,
	}
	digits := event.Format{Envelope: event.EnvelopeLegacy, Numbers: event.NumbersDigits}
	head := func(name string) string {
		family, _, _ := strings.Cut(name, ".")
		return `{"field":"` + family + `","event":"` + name + `","timestamp":` + now + `,"request_id":null,"payload":`
	}
	for _, c := range []struct {
		name string
		e    event.Event
		f    event.Format
		want string
	}{
		{
			"outbound with every field, as Sent sends it today", outbound, today,
			head("message.failed") + `{"account_id":` + wantID + `,"message_id":` + wantID + `,"message_status":"FAILED","channel":"rcs",` +
				`"outbound_number":"+14155550100","body":"say \"hi\" <b>&amp;</b>","template_id":` + wantID + `,"template_name":"hello",` +
				`"agent_id":"agent-1","updated_at":` + now + `,"reason_code":"DELIVERY_001","reason":"no route"}}`,
		},
		{
			"outbound, classic", outbound, classic,
			`{"field":"message","sub_type":"message.failed","timestamp":` + now + `,"payload":{"account_id":` + wantID + `,"message_id":` + wantID +
				`,"message_status":"FAILED","channel":"rcs","inbound_number":"+14155550100","outbound_number":"+12025550101","template_id":` + wantID +
				`,"agent_id":"agent-1","updated_at":` + now + `,"reason":"no route"}}`,
		},
		{
			"outbound without what may be missing", scheduled, today,
			head("message.scheduled") + `{"account_id":` + wantID + `,"message_id":` + wantID + `,"message_status":"SCHEDULED","channel":"sms",` +
				`"outbound_number":"+14155550100","body":null,"template_id":null,"updated_at":` + now +
				`,"schedule_reason":"QUIET_HOURS","scheduled_at":"2025-10-31T11:10:42Z"}}`,
		},
		{
			"inbound, classic", inbound,
			event.Format{Numbers: event.NumbersDigits, InboundShape: event.InboundClassic},
			head("message.received") + `{"account_id":` + wantID + `,"from":"14155550100","to":"12025550101","text":"say \"hi\" <b>&amp;</b>",` +
				`"channel":"mms","provider":"acme","received_at":` + now + `}}`,
		},
		{
			"inbound, numbered, in the legacy envelope", inbound,
			event.Format{Envelope: event.EnvelopeLegacy},
			`{"field":"messages","timestamp":` + now + `,"payload":{"account_id":` + wantID + `,"message_id":` + wantID +
				`,"inbound_number":"+14155550100","outbound_number":"+12025550101","text":"say \"hi\" <b>&amp;</b>","channel":"mms",` +
				`"received_at":` + now + `,"updated_at":` + now + `,"media":[{"url":"https://m.example/1","mime_type":"image/png","size_bytes":12,` +
				`"hash_sha256":"ab"},{"url":"x","mime_type":"","size_bytes":0,"hash_sha256":""}]}}`,
		},
		{
			"template, about the whole of it", template, today,
			`{"field":"templates","timestamp":` + now + `,"request_id":null,"payload":{"account_id":` + wantID + `,"template_id":` + wantID +
				`,"template_name":"hello","whatsapp_template_id":"","status":"PAUSED","language":"de","category":"MARKETING",` +
				`"reason":null,"auto_reply_action":"OPT_OUT"}}`,
		},
		{
			"template before it was reviewed by channel", template, classic,
			`{"field":"templates","timestamp":` + now + `,"payload":{"account_id":` + wantID + `,"template_id":` + wantID +
				`,"template_name":"hello","whatsapp_template_id":"","status":"PAUSED","language":"de","category":"MARKETING",` +
				`"channel":"whatsapp","reason":null}}`,
		},
		{
			"template, even if its type names a status",
			event.Event{Type: "templates.paused", CreatedAt: moment(), Template: &event.Template{}},
			classic,
			`{"field":"templates","timestamp":` + now + `,"payload":{"account_id":` + zeroID + `,"template_id":` + zeroID +
				`,"template_name":"","whatsapp_template_id":"","status":"","language":"","category":"","channel":"","reason":null}}`,
		},
		{
			"contact, by the network", contact, today,
			head("contact.opt_out") + `{"account_id":` + wantID + `,"contact_id":` + wantID + `,"from":"+14155550100","to":null,"opt_out":true,` +
				`"source":"PROVIDER_SIGNAL","channel":"rcs","agent_id":"a","message_id":null,"template_id":null,"text":null}}`,
		},
		{
			"channel, before there is a sender", market, digits,
			`{"field":"channel","timestamp":` + now + `,"payload":{"country":"XK","account_id":` + wantID + `,"channel":"sms",` +
				`"sender_value":null,"status":"PENDING_REVIEW","updated_at":` + now + `}}`,
		},
		{
			"link", link, today,
			head("link.clicked") + `{"record_id":` + wantID + `,"link_kind":"url","customer_id":` + wantID + `,"sender_profile_id":null,` +
				`"message_id":null,"occurred_at":` + now + `,"traffic_class":"bot","status_code":302,"request_method":"HEAD"}}`,
		},
		{
			"call", call, digits,
			`{"field":"call","timestamp":` + now + `,"payload":{"call_id":` + wantID + `,"account_id":` + wantID + `,"channel":"voice",` +
				`"number":"14155550100","updated_at":` + now + `,"duration_seconds":90,"price":0.05,"recording_id":` + wantID + `}}`,
		},
		{
			"unknown family, no payload",
			event.Event{Type: "billing.low", CreatedAt: moment()},
			classic,
			`{"field":"billing","sub_type":"billing.low","timestamp":` + now + `,"payload":{}}`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := string(c.e.Encode(c.f)); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// TestBodyHasAnEnd counts as JavaScript and .NET do, and cuts no character in two.
func TestBodyHasAnEnd(t *testing.T) {
	for _, c := range []struct {
		name, text, want string
	}{
		{"the longest", strings.Repeat("a", event.MaxBody), strings.Repeat("a", event.MaxBody)},
		{"one more", strings.Repeat("a", event.MaxBody+1), strings.Repeat("a", event.MaxBody)},
		{"two bytes each", strings.Repeat("é", event.MaxBody+1), strings.Repeat("é", event.MaxBody)},
		{"emoji count twice", strings.Repeat("🎉", event.MaxBody), strings.Repeat("🎉", event.MaxBody/2)},
		{"an emoji across the end", strings.Repeat("a", event.MaxBody-1) + "🎉", strings.Repeat("a", event.MaxBody-1)},
	} {
		e := sample(t, "message.sent")
		e.Outbound.Body = &c.text
		if body := string(e.Encode(event.DefaultFormat())); !strings.Contains(body, `"body":"`+c.want+`",`) {
			t.Errorf("%s: %d bytes, %.200s", c.name, len(body), body)
		}
	}
}

func TestNullText(t *testing.T) {
	e := sample(t, "message.received")
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
		case bool:
			fmt.Fprint(&out, v)
		case json.Number: // as Number.prototype.toString prints those between 1e-7 and 1e21
			f, err := v.Float64()
			if err != nil || f != 0 && (math.Abs(f) < 1e-6 || math.Abs(f) >= 1e21) {
				tb.Fatalf("the number %v in %q", v, body)
			}
			out.WriteString(strconv.FormatFloat(f, 'f', -1, 64))
		case json.Delim:
			isObject := v == '{'
			fmt.Fprint(&out, v)
			for first := true; dec.More(); first = false {
				if !first {
					out.WriteByte(',')
				}
				value(next())
				if isObject {
					out.WriteByte(':')
					value(next())
				}
			}
			fmt.Fprint(&out, next())
		default:
			tb.Fatalf("unexpected %T in %q", tok, body)
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
