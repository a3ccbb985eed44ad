package explain_test

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sentsim/sentsim/scenarios/explain"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/seed"
	"github.com/sentsim/sentsim/simulator/signing"
)

const otherText = "whsec_c29tZSBvdGhlciBrZXkgZm9yIHRoZSB0ZXN0cw=="

// bodyOf is the body of an event of that name, in an edition.
func bodyOf(tb testing.TB, name string, edition event.Edition) string {
	tb.Helper()
	k, err := event.Lookup(name)
	if err != nil {
		tb.Fatal(err)
	}
	e, err := k.Sample(seed.Seed(1).Stream(name), time.Unix(signedAt, 0))
	if err != nil {
		tb.Fatal(err)
	}
	if e.Outbound != nil {
		text := `Café & <b> "it's" a/b 50% + 1`
		e.Outbound.Body = &text
	}
	return string(e.Encode(edition.Format()))
}

// of is a delivery of body, signed with a secret, of which the capture has arrived.
func of(tb testing.TB, text, body, arrived string) delivery {
	tb.Helper()
	s, err := signing.ParseSecret(text)
	if err != nil {
		tb.Fatal(err)
	}
	return delivery{webhookID, "1790856000", s.Sign(webhookID, signedAt, []byte(body)), arrived}
}

// sortedKeys is a JSON text with its keys sorted, and nothing else changed.
func sortedKeys(tb testing.TB, text string) string {
	tb.Helper()
	var v any
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		tb.Fatal(err)
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		tb.Fatal(err)
	}
	return strings.TrimSpace(out.String())
}

// Keys that a program has sorted are put back into the order of the event and of
// its edition: then the signature is right, and it is certain what was changed.
func TestSortedKeys(t *testing.T) {
	takesLong(t)
	tried := 0
	for _, edition := range event.Editions() {
		for _, k := range event.Catalogue() {
			if !edition.Families.Has(k.Parent()) {
				continue
			}
			body := bodyOf(t, k.Name, edition)
			arrived := sortedKeys(t, body)
			for _, capture := range []string{of(t, secretText, body, arrived).http(), of(t, secretText, body, arrived).http(length(len(arrived)))} {
				tried++
				if f := judge(t, capture)[0]; f.Cause != "body-keys-sorted" || f.Verdict != explain.Wrong || string(f.Body) != body {
					t.Errorf("%s of %s: %d %s: %s", k.Name, edition.Name, f.Verdict, f.Cause, f.Summary)
				}
			}
		}
	}
	if tried < 60 {
		t.Errorf("only %d were tried", tried)
	}
}

// formChange is what a program does to the form of a body.
type formChange struct {
	name, event string
	change      func(string) string
	cause, said string // where the secret is right: what is found, and a word of its summary
	unknown     string // where another one signed it: the cause
}

func formChanges() []formChange {
	replace := func(pairs ...string) func(string) string { return strings.NewReplacer(pairs...).Replace }
	times := func(by string) func(string) string {
		return func(s string) string {
			return regexp.MustCompile(`(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)Z`).ReplaceAllString(s, by)
		}
	}
	const (
		out, in, contact, call = "message.delivered", "message.received", "contact.opt_in", "call.completed"
		value                  = "body-value-changed"
	)
	return []formChange{
		{"camelCase", out, func(s string) string {
			return regexp.MustCompile(`_([a-z])[a-z]*":`).ReplaceAllStringFunc(s, func(m string) string { return strings.ToUpper(m[1:2]) + m[2:] })
		}, "body-keys-renamed", "account_id", "body-keys-renamed"},
		{"times with milliseconds", out, times("${1}T$2.000Z"), "body-times-reformatted", "2026-10-01T12:00:00Z", value},
		{"times with an offset", in, times("${1}T$2+00:00"), "body-times-reformatted", "", value},
		{"times with a blank", contact, times("$1 $2 UTC"), "body-times-reformatted", "", value},
		{"times of SQL", call, times("$1 $2"), "body-times-reformatted", "", value},
		{"fields added", out, replace(`,"payload":`, `,"received_at":"2026-10-01T12:00:04Z","source_ip":"1.2.3.4","payload":`), "body-field-added", "without them", "body-field-added"},
		{"nulls as empty texts", out, replace(`"request_id":null`, `"request_id":""`), "body-null-changed", "null", value},
		{"nulls left out", call, replace(`,"request_id":null`, ``), "body-field-missing", "null", "body-field-missing"},
		{"ids in upper case", in, func(s string) string {
			return regexp.MustCompile(`"[0-9a-f]{8}-[0-9a-f-]{27}"`).ReplaceAllStringFunc(s, strings.ToUpper)
		}, "body-case-changed", "ids", value},
		{"a status in lower case", out, replace("DELIVERED", "delivered"), "body-case-changed", "status", value},
		{"a channel in upper case", contact, replace(`"sms"`, `"SMS"`), "body-case-changed", "channel", value},
		{"the plus of numbers lost", out, replace(`"+1`, `"1`), "body-plus-lost", "+", "another-secret"}, // Sent has been seen to write them so
		{"a number as a text", call, replace(`:83`, `:"83"`), "body-types-changed", "texts", value},
		{"decimals", call, replace(`:0.0166`, `:0.016600`), "", "", "another-secret"},
		{"accents apart", out, replace("é", "e\u0301"), "body-accents-apart", "NFD", "another-secret"},
		{"payload first", out, func(s string) string {
			at := strings.Index(s, `"payload"`)
			return "{" + s[at:len(s)-1] + "," + s[1:at-1] + "}"
		}, "body-keys-reordered", "another order", "body-keys-reordered"},
		{"escapes of what is not ASCII", out, replace("é", `\u00e9`), "body-characters-escaped", `é as \u00e9`, "another-secret"},
		{"escapes of HTML", out, replace("&", `\u0026`, "<", `\u003c`, ">", `\u003e`), "body-characters-escaped", `& as \u0026`, "another-secret"},
		{"escapes of .NET", out, replace("+", `\u002B`, `\"`, `\u0022`, "'", `\u0027`), "body-characters-escaped", `+ as \u002B`, "another-secret"},
		{"escapes and slashes", out, replace("é", `\u00e9`, "/", `\/`), "body-characters-escaped", `slashes`, "another-secret"},
		{"json.dumps of Python", out, replace("é", `\u00e9`, `":`, `": `, `,"`, `, "`), "body-characters-escaped", "with blanks", "body-printed"},
	}
}

// A body that has not Sent's form is no reason to blame the secret: where its
// form can be given back, the signature tells that the secret is right, and where
// it is of another secret, nothing is said of it.
func TestFormOfTheBody(t *testing.T) {
	for _, r := range formChanges() {
		t.Run(r.name, func(t *testing.T) {
			body := bodyOf(t, r.event, event.NewestEdition())
			changed := r.change(body)
			if changed == body {
				t.Fatalf("nothing was changed in %s", body)
			}
			if r.cause != "" {
				f := judge(t, of(t, secretText, body, changed).http())[0]
				if f.Cause != r.cause || f.Verdict != explain.Wrong || string(f.Body) != body || !strings.Contains(f.Summary, r.said) || f.Fix == "" {
					t.Errorf("the secret is right: %d %s: %s; want %s and %q", f.Verdict, f.Cause, f.Summary, r.cause, r.said)
				}
				if strings.Contains(f.Summary, "quotes of the body are escaped") || r.cause != "body-keys-sorted" && strings.Contains(f.Summary, "sorted") {
					t.Errorf("says what was not changed: %s", f.Summary)
				}
			}
			f := judge(t, of(t, otherText, body, changed).http())[0]
			if f.Cause != r.unknown || (f.Verdict == explain.Wrong) != (r.unknown == "another-secret") {
				t.Errorf("another secret: %d %s: %s; want %s", f.Verdict, f.Cause, f.Summary, r.unknown)
			}
		})
	}
	body := bodyOf(t, "call.completed", event.NewestEdition())
	sent := strings.Replace(body, "0.0166", "0.01660", 1)
	if f := judge(t, of(t, secretText, sent, body).http())[0]; f.Cause != "body-number-changed" || string(f.Body) != sent {
		t.Errorf("a number: %d %s: %s", f.Verdict, f.Cause, f.Summary)
	}
}

// Every event of every family is of Sent's form, with its numbers written in
// either way: another secret is blamed.
func TestFormOfEveryEvent(t *testing.T) {
	takesLong(t)
	format := event.NewestEdition().Format()
	format.Numbers = event.NumbersDigits
	for _, k := range event.Catalogue() {
		e, err := k.Sample(seed.Seed(2).Stream(k.Name), time.Unix(signedAt, 0))
		if err != nil {
			t.Fatal(err)
		}
		body := string(e.Encode(format))
		if f := judge(t, of(t, otherText, body, body).http())[0]; f.Cause != "another-secret" {
			t.Errorf("%s: %s: %s", k.Name, f.Cause, f.Summary)
		}
	}
	absent := strings.Replace(bodyOf(t, "templates.approved", event.NewestEdition()), `,"reason":null`, "", 1) // null, absent or a text
	null := strings.Replace(bodyOf(t, "message.delivered", event.NewestEdition()), `"template_name":"order_update"`, `"template_name":null`, 1)
	for _, body := range []string{absent, null} {
		if f := judge(t, of(t, otherText, body, body).http())[0]; f.Cause != "another-secret" {
			t.Errorf("%s: %s: %s", body, f.Cause, f.Summary)
		}
	}
	unknown := `{"field":"survey","event":"survey.answered","timestamp":"2026-10-01T12:00:00Z","request_id":null,"payload":{"survey_id":"5","answer":"yes"}}`
	if f := judge(t, of(t, otherText, unknown, unknown).http())[0]; f.Cause != "another-secret" {
		t.Errorf("a family that is not known: %s: %s", f.Cause, f.Summary)
	}
	if f := judge(t, of(t, otherText, unknown, sortedKeys(t, unknown)).http())[0]; f.Cause != "body-keys-sorted" || f.Verdict != explain.CannotTell {
		t.Errorf("a family that is not known, sorted: %s: %s", f.Cause, f.Summary)
	}
}

// What is said of a field that is missing is true of the event in the capture.
func TestMissingFieldOfTheEvent(t *testing.T) {
	body := bodyOf(t, "message.delivered", event.NewestEdition())
	for _, left := range []string{`"request_id":null,`, `"message_status":"DELIVERED",`} {
		cut := strings.Replace(body, left, "", 1)
		key, _, _ := strings.Cut(left[1:], `"`)
		f := judge(t, of(t, otherText, body, cut).http())[0]
		if f.Cause != "body-field-missing" || !strings.Contains(f.Summary, key) || !strings.Contains(f.Summary, "message.delivered") || strings.Contains(f.Summary, "sub_type") {
			t.Errorf("without %s: %s: %s", left, f.Cause, f.Summary)
		}
	}
}

// Where Content-Length counts the bytes, and they are compact, the body is what
// arrived: a form that is not known here is a note, and the secret is the fault.
// What leaves the length as it is (sorted keys, other letters, a log's order) is
// doubted all the same.
func TestAnotherSecretOfAFormThatIsNotKnown(t *testing.T) {
	sent := bodyOf(t, "message.delivered", event.NewestEdition())
	for _, r := range []struct {
		name, body, cause string
	}{
		{"another order", "{" + sent[strings.Index(sent, `"payload"`):len(sent)-1] + "," + sent[1:strings.Index(sent, `,"payload"`)] + "}", "another-secret"},
		{"a new field", strings.Replace(sent, `"channel"`, `"segments":2,"channel"`, 1), "another-secret"},
		{"a field less", strings.Replace(sent, `"request_id":null,`, "", 1), "another-secret"},
		{"times with milliseconds", regexp.MustCompile(`:00Z`).ReplaceAllString(sent, ":00.123Z"), "another-secret"},
		{"sorted", sortedKeys(t, sent), "body-keys-sorted"},
		{"a status in lower case", strings.Replace(sent, "DELIVERED", "delivered", 1), "body-value-changed"},
	} {
		d := of(t, otherText, r.body, r.body)
		f := judge(t, d.http(length(len(r.body))))[0]
		if f.Cause != r.cause || (r.cause == "another-secret") != strings.Contains(strings.Join(f.Notes, ""), "Content-Length counts") {
			t.Errorf("%s: %s: %s %q", r.name, f.Cause, f.Summary, f.Notes)
		}
		if f := judge(t, d.http())[0]; f.Cause == "another-secret" {
			t.Errorf("%s, without a length: %s", r.name, f.Summary)
		}
	}
}

// What a program changed in a text that a person wrote is undone.
func TestTextsThatWereChanged(t *testing.T) {
	with := func(text string) string {
		return strings.Replace(body, `"it's \"5 €\" a/b <c> & 100%"`, text, 1)
	}
	for _, r := range []struct{ sent, arrived, cause string }{
		{`""`, `null`, "body-null-changed"},
		{`"on -- off"`, `"on – off"`, "body-typographic"},
		{`"the end  "`, `"the end"`, "body-text-trimmed"},
		{`"   begins"`, `"begins"`, "body-text-trimmed"},
		{`"1 2.  3 4"`, `"1 2. 3 4"`, "body-blanks-collapsed"},
		{`"a\r\nb\r\n"`, `"a\nb\n"`, "body-line-ends-changed"},
	} {
		f := judge(t, of(t, secretText, with(r.sent), with(r.arrived)).http())[0]
		if f.Cause != r.cause || f.Verdict != explain.Wrong || string(f.Body) != with(r.sent) {
			t.Errorf("%s: %s: %s", r.arrived, f.Cause, f.Summary)
		}
		if f := judge(t, of(t, otherText, with(r.sent), with(r.arrived)).http())[0]; f.Verdict != explain.CannotTell && f.Cause != "another-secret" {
			t.Errorf("another secret, %s: %s: %s", r.arrived, f.Cause, f.Summary)
		}
	}
}
