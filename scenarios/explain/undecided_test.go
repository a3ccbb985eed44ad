package explain_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/sentsim/sentsim/scenarios/explain"
	"github.com/sentsim/sentsim/simulator/event"
)

// A name in the place of a text, and an id that cannot be the webhook's, are no
// fault of the secret either.
func TestWhatWasPutInTheCapture(t *testing.T) {
	body := bodyOf(t, "message.delivered", event.NewestEdition())
	for _, text := range []string{"<text>", "{{body}}"} {
		anonymous := regexp.MustCompile(`"body":"(?:[^"\\]|\\.)*"`).ReplaceAllString(body, `"body":"`+text+`"`)
		if f := judge(t, of(t, secretText, body, anonymous).http())[0]; f.Cause != "body-redacted" {
			t.Errorf("%s: %s: %s", text, f.Cause, f.Summary)
		}
	}
	d := of(t, secretText, body, body)
	d.id = "92316c62-9ac9-4251-9ad2-ca90b60eb3c2"
	if f := judge(t, d.http("X-Webhook-Event-ID: "+d.id))[0]; f.Cause != "id-of-event" || f.Verdict != explain.CannotTell {
		t.Errorf("the event's id: %s: %s", f.Cause, f.Summary)
	}
}

// What stands in the place of a header's value is named, and is no signature that is
// wrong.
func TestHeadersThatWereNotFilledIn(t *testing.T) {
	for value, cause := range map[string]string{
		"null": "header-redacted", "Undefined": "header-redacted", "None": "header-redacted", "n/a": "header-redacted",
		"v1,<the signature>":                  "header-redacted",
		"v1," + strings.Repeat("A", 43) + "=": "header-redacted",
		"v1," + strings.Repeat("0", 44):       "header-redacted",
		"$SIG":                                "header-variable",
		"v1,${SIGNATURE}":                     "header-variable",
	} {
		d := signed(t, secretText).with(func(d *delivery) { d.signature = value })
		if f := judge(t, d.http(length(len(body))))[0]; f.Cause != cause || f.Verdict != explain.CannotTell || !strings.Contains(f.Summary, "X-Webhook-signature") {
			t.Errorf("%s: %s: %s", value, f.Cause, f.Summary)
		}
	}
	d := signed(t, secretText).with(func(d *delivery) { d.stamp = "undefined" })
	if f := judge(t, d.http())[0]; f.Cause != "header-redacted" {
		t.Errorf("the timestamp: %s: %s", f.Cause, f.Summary)
	}
}

// A body that is whole JSON was not cut, however short it is.
func TestBodyShorterThanItsLength(t *testing.T) {
	sent := bodyOf(t, "message.delivered", event.NewestEdition())
	replace := func(old, by string) string { return strings.Replace(sent, old, by, 1) }
	for _, r := range []struct{ name, arrived, cause, said string }{
		{"a phone number", regexp.MustCompile(`"\+\d+"`).ReplaceAllString(sent, `"[PHONE]"`), "body-redacted", "masked"},
		{"the whole payload", sent[:strings.Index(sent, `{"account`)] + `"[Filtered]"}`, "body-redacted", "masked"},
		{"a letter", replace("Café & ", "C?fé "), "body-bytes-lost", "question marks"},
		{"words", replace(`\"it's\" a/b`, "this"), "body-length", "complete JSON"},
	} {
		if len(r.arrived) >= len(sent) {
			t.Fatalf("%s: not shorter: %s", r.name, r.arrived)
		}
		f := judge(t, of(t, otherText, sent, r.arrived).http(length(len(sent))))[0]
		if f.Cause != r.cause || f.Verdict != explain.CannotTell || !strings.Contains(f.Summary, r.said) || strings.Contains(f.Summary, "cut") {
			t.Errorf("%s: %s: %s", r.name, f.Cause, f.Summary)
		}
	}
	link := replace("Café & <b>", "a.example/b?id=1")
	if f := judge(t, of(t, otherText, sent, link).http(length(len(link)+3)))[0]; f.Cause != "body-length" {
		t.Errorf("a link has question marks: %s: %s", f.Cause, f.Summary)
	}
}

// The names that are said to be there are those of the capture.
func TestNamesThatAreThere(t *testing.T) {
	text := strings.ReplaceAll(signed(t, secretText).http(), "X-Webhook-", "X-Sent-")
	f := judge(t, text)[0]
	if f.Cause != "headers-renamed" || !strings.Contains(f.Summary, "X-Sent-id, X-Sent-timestamp, X-Sent-signature") || strings.Count(f.Summary, "renamed") != 1 {
		t.Errorf("%s: %s", f.Cause, f.Summary)
	}
	near := strings.Replace(signed(t, otherText).http(), "X-Webhook-id", "X-Request-ID", 1)
	if f := judge(t, near)[0]; f.Cause != "missing-header" || f.Verdict != explain.CannotTell {
		t.Errorf("an id that may be another's: %s: %s", f.Cause, f.Summary)
	}
}
