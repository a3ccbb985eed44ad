package explain_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/sentsim/sentsim/scenarios/explain"
	"github.com/sentsim/sentsim/simulator/event"
)

// recorded is a program's account of d: its headers as an object, and a body.
func (d delivery) recorded(body string, length int) string {
	return fmt.Sprintf(`{"headers":{"x-webhook-id":%q,"x-webhook-timestamp":%q,"x-webhook-signature":%q,"content-length":"%d"},"body":%s}`, d.id, d.stamp, d.signature, length, body)
}

// Where Content-Length counts the bytes that were signed, these arrived: what differs
// in a program's account of the request is that program's, and no fault of the request.
func TestWhatTheRecorderChanged(t *testing.T) {
	t.Parallel()
	var indented bytes.Buffer
	if err := json.Indent(&indented, []byte(body), "", "  "); err != nil {
		t.Fatal(err)
	}
	text := func(s string) string {
		b, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	d := signed(t, secretText)
	for _, tt := range []struct {
		name, in, cause string
		verdict         explain.Verdict
	}{
		{"indented, the length of what was signed", d.recorded(text(indented.String()), len(body)), "", explain.Right},
		{"indented, the length of what is there", d.recorded(text(indented.String()), indented.Len()), "body-pretty-printed", explain.Wrong},
		{"an envelope, the length of what was signed", d.recorded(`{"relay":"a","event":`+text(body)+`}`, len(body)), "", explain.Right},
		{"an envelope, another length", d.recorded(`{"relay":"a","event":`+text(body)+`}`, len(body)+300), "body-wrapped", explain.Wrong},
		{"raw, indented", d.with(func(d *delivery) { d.body = indented.String() }).http(length(len(body))), "", explain.Wrong},
	} {
		f := judge(t, tt.in)[0]
		if f.Verdict != tt.verdict || tt.cause != "" && f.Cause != tt.cause {
			t.Errorf("%s: %d %s: %s", tt.name, f.Verdict, f.Cause, f.Summary)
		}
	}
}

// A length that the signed bytes do not have is said, for then others arrived.
func TestAnotherLengthThanTheSignedBytesHave(t *testing.T) {
	t.Parallel()
	d := signed(t, secretText)
	for n, want := range map[int]bool{len(body): false, len(body) + 1: true} {
		f := judge(t, d.http(length(n)))[0]
		if said := strings.Contains(strings.Join(f.Notes, "\n"), "Content-Length says"); f.Verdict != explain.Right || said != want {
			t.Errorf("%d: %d %s: %q", n, f.Verdict, f.Cause, f.Notes)
		}
	}
}

// A question mark within a word may be a letter that was lost: neither the secret nor
// a change can be named. Where nothing is seen, both are.
func TestNeitherIsNamedAlone(t *testing.T) {
	t.Parallel()
	sent := strings.ReplaceAll(body, "it's", "Zoë's")
	lost := strings.ReplaceAll(body, "it's", "Zo?s")
	if f := judge(t, of(t, secretText, sent, lost).http())[0]; f.Cause != "body-bytes-lost" || f.Verdict != explain.CannotTell {
		t.Errorf("a letter: %d %s: %s", f.Verdict, f.Cause, f.Summary)
	}
	name := bodyOf(t, "message.delivered", event.Editions()[0])
	if f := judge(t, of(t, otherText, name, name).http())[0]; f.Cause != "another-secret" || !strings.Contains(f.Summary, "or a character was changed") {
		t.Errorf("another secret: %d %s: %s", f.Verdict, f.Cause, f.Summary)
	}
}

// PowerShell takes backslashes before quotes off before it calls curl; bash does not.
func TestQuotesForPowerShell(t *testing.T) {
	t.Parallel()
	sent := strings.ReplaceAll(body, "'", "")
	d := of(t, secretText, sent, sent)
	command := func(program, line string) string {
		return program + " -X POST http://a/ " + line + "\n -H 'X-Webhook-ID: " + d.id + "' " + line + "\n -H 'X-Webhook-Timestamp: " + d.stamp + "' " + line + "\n -H 'X-Webhook-Signature: " + d.signature +
			"' " + line + "\n --data-raw '" + strings.NewReplacer(`\"`, `\\\"`, `"`, `\"`).Replace(d.body) + "'"
	}
	if f := judge(t, command("curl.exe", "`"))[0]; f.Verdict != explain.Right {
		t.Errorf("PowerShell: %d %s: %s", f.Verdict, f.Cause, f.Summary)
	}
	if f := judge(t, command("curl", `\`))[0]; f.Verdict == explain.Right {
		t.Errorf("bash: %d %s: %s", f.Verdict, f.Cause, f.Summary)
	}
}

// A signature that is not whole in a program's account of a request was cut by one of
// two: nobody can tell which.
func TestASignatureThatIsNotWhole(t *testing.T) {
	t.Parallel()
	d := signed(t, secretText).with(func(d *delivery) { d.signature = d.signature[:30] })
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	if f := judge(t, d.recorded(string(text), len(body)))[0]; f.Verdict != explain.CannotTell || !strings.Contains(f.Summary, "may have cut it") {
		t.Errorf("recorded: %d %s: %s", f.Verdict, f.Cause, f.Summary)
	}
	if f := judge(t, d.http())[0]; f.Verdict != explain.Wrong {
		t.Errorf("raw: %d %s: %s", f.Verdict, f.Cause, f.Summary)
	}
}
