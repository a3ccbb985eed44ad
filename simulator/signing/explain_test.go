package signing_test

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sentsim/sentsim/simulator/signing"
)

func TestExplain(t *testing.T) {
	s := mustParse(t, secretText)
	other := mustParse(t, strings.Replace(secretText, "M", "N", 1))
	good := signedNow(s)
	now := time.Unix(at, 0)
	resigned := func(stamp string) signing.Headers {
		return signing.Headers{ID: webhookID, Timestamp: stamp, Signature: s.SignContent([]byte(webhookID + "." + stamp + "." + string(body)))}
	}
	signature := func(v string) signing.Headers {
		return signing.Headers{ID: good.ID, Timestamp: good.Timestamp, Signature: v}
	}
	over := func(content string) signing.Headers {
		return signature(s.Sign(webhookID, at, []byte(content)))
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, body, "", "  "); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name  string
		h     signing.Headers
		body  []byte
		now   time.Time
		cause string
	}{
		{"right", good, body, now, "ok"},
		{"right, among others", signature("v2,x " + good.Signature), body, now, "ok"},
		{"no timestamp", signing.Headers{ID: "a", Signature: "v1,a"}, body, now, "missing-header"},
		{"an hour old", good, body, now.Add(time.Hour), "too-old"},
		{"an hour ahead", good, body, now.Add(-time.Hour), "too-new"},
		{"milliseconds", resigned("1700000000000"), body, now, "timestamp-milliseconds"},
		{"nanoseconds", resigned("1700000000000000000"), body, now, "timestamp-nanoseconds"},
		{"a date", resigned("2023-11-14T22:13:20Z"), body, now, "timestamp-as-date"},
		{"a fraction", resigned("1700000000.5"), body, now, "timestamp-malformed"},
		{"milliseconds in the header only", signing.Headers{ID: webhookID, Timestamp: "1700000000000", Signature: good.Signature}, body, now, "timestamp-changed"},
		{"id in upper case", signing.Headers{ID: strings.ToUpper(webhookID), Timestamp: good.Timestamp, Signature: good.Signature}, body, now, "id-changed"},
		{"line break added by an editor", good, append(bytes.Clone(body), '\n'), now, "body-line-break-added"},
		{"CRLF added", good, append(bytes.Clone(body), "\r\n"...), now, "body-line-break-added"},
		{"line break lost in copying", over(string(body) + "\n"), body, now, "body-line-break-lost"},
		{"space around", good, []byte("  " + string(body) + "\t"), now, "body-space-added"},
		{"byte order mark", good, append([]byte("\xEF\xBB\xBF"), body...), now, "body-bom-added"},
		{"read as Latin-1", good, []byte(strings.Replace(string(body), "é", "Ã©", 1)), now, "body-reencoded"},
		{"pretty-printed by a viewer", good, pretty.Bytes(), now, "body-reserialised-javascript"},
		{"CRLF became LF", over("{\r\n}"), []byte("{\n}"), now, "body-line-ends-changed"},
		{"LF became CRLF", over("{\n\n}"), []byte("{\r\n\r\n}"), now, "body-line-ends-changed"},
		{"backslashes lost in a shell", over(`{"a":"\\u00e9"}`), []byte(`{"a":"\u00e9"}`), now, "body-unescaped"},
		{"signed before the body was read", over(""), body, now, "body-lost"},
		{"another secret", signedNow(other), body, now, "no-match"},
		{"another body", good, []byte(`{"a":1}`), now, "no-match"},
		{"another secret, stale", signedNow(other), body, now.Add(time.Hour), "no-match"},
		{"without version", signature("AAAA"), body, now, "signature-without-version"},
		{"nothing after the version", signature("v1,"), body, now, "signature-without-version"},
		{"padding cut off", signature(good.Signature[:len(good.Signature)-1]), body, now, "urlsafe-base64"},
		{"cut", signature(good.Signature[:len(good.Signature)-2]), body, now, "signature-malformed"},
		{"cut at four characters", signature(good.Signature[:len(good.Signature)-4]), body, now, "signature-length"},
		{"some hex", signature("v1," + strings.Repeat("ab", 32)), body, now, "signature-in-hex"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := signing.Explain(s, tt.h, tt.body, tt.now)
			if f.Cause != tt.cause || f.OK != (tt.cause == "ok") {
				t.Fatalf("got %+v, want cause %s", f, tt.cause)
			}
			if f.Summary == "" || f.OK != (f.Fix == "") {
				t.Errorf("incomplete: %+v", f)
			}
			if text := f.Summary + f.Fix; strings.Contains(text, keyText[:10]) || strings.Contains(text, good.Signature[3:]) {
				t.Errorf("shows the secret or the expected signature: %+v", f)
			}
		})
	}
	if f := signing.Explain(signing.Secret{}, good, body, now); f.Cause != "no-secret" || f.OK {
		t.Errorf("without a secret: %+v", f)
	}
	if f := signing.Explain(s, good, body, now.Add(time.Hour)); !strings.Contains(f.Summary, strconv.Itoa(3600)+" s ago") {
		t.Errorf("does not say how old it is: %s", f.Summary)
	}
}
