package capture_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/sentsim/sentsim/scenarios/capture"
)

// FuzzParse: whatever comes in, there is an error that says something or there
// are requests with headers that could be sent.
func FuzzParse(f *testing.F) {
	f.Add([]byte("curl 'http://a/' -H 'A: b' --data-raw $'\\u0021'"))
	f.Add([]byte("POST / HTTP/1.1\r\nA: b\r\n\r\nbody"))
	f.Add([]byte(`{"log":{"entries":[{"request":{"headers":[{"name":"X-Webhook-Signature","value":"v1,a"}],"postData":{"text":"YQ==","encoding":"base64"}}}]}}`))
	said := regexp.MustCompile(`line \d+: \S|input is empty|of this HAR file carries`)
	f.Fuzz(func(t *testing.T, data []byte) {
		requests, err := capture.Parse(data)
		if err != nil {
			if !said.MatchString(err.Error()) || requests != nil {
				t.Fatalf("got %v and error %q", requests, err)
			}
			return
		}
		if len(requests) == 0 {
			t.Fatal("neither a request nor an error")
		}
		for _, r := range requests {
			if r.Method == "" && !bytes.Contains(data, []byte("-X")) && !bytes.Contains(data, []byte("--request")) && !bytes.Contains(data, []byte(":method")) {
				t.Fatal("no method")
			}
		}
	})
}

// FuzzBody: a body comes back byte for byte in each of the forms.
func FuzzBody(f *testing.F) {
	f.Add([]byte(event))
	f.Add([]byte("\r\n'\\\"$(x)`\x00\xff"))
	f.Fuzz(func(t *testing.T, body []byte) {
		har, err := json.Marshal(map[string]any{"log": map[string]any{"entries": []any{map[string]any{"request": map[string]any{
			"method": "POST", "headers": []any{map[string]string{"name": "X-Webhook-Signature", "value": "v1,a"}},
			"postData": map[string]string{"text": base64.StdEncoding.EncodeToString(body), "encoding": "base64"},
		}}}}})
		if err != nil {
			t.Fatal(err)
		}
		var hex strings.Builder
		for _, c := range body {
			hex.WriteString(`\x` + string("0123456789abcdef"[c>>4]) + string("0123456789abcdef"[c&15]))
		}
		for form, data := range map[string]string{
			"raw":           "POST / HTTP/1.1\r\nX-Webhook-Signature: v1,a\r\n\r\n" + string(body),
			"raw with LF":   "X-Webhook-Signature: v1,a\n\n" + string(body),
			"HAR":           string(har),
			"single quotes": "curl -H 'X-Webhook-Signature: v1,a' --data-raw '" + strings.ReplaceAll(string(body), "'", `'\''`) + "'",
			"C quotes":      "curl -H 'X-Webhook-Signature: v1,a' --data-raw $'" + hex.String() + "'",
		} {
			got, err := capture.Parse([]byte(data))
			if err != nil || len(got) != 1 || !bytes.Equal(got[0].Body, body) || got[0].Get("x-webhook-signature") != "v1,a" {
				t.Fatalf("%s: got %+v, %v; want body %q", form, got, err, body)
			}
		}
	})
}
