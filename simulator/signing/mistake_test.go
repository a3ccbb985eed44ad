package signing_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sentsim/sentsim/simulator/signing"
)

const at = 1700000000

func byName(t *testing.T, name string) signing.Mistake {
	t.Helper()
	for _, m := range signing.Mistakes() {
		if m.Name == name {
			return m
		}
	}
	t.Fatalf("no mistake is called %s", name)
	return signing.Mistake{}
}

func TestMistakesAreDescribed(t *testing.T) {
	s := mustParse(t, secretText)
	name := regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	seen := map[string]bool{}
	for _, m := range signing.Mistakes() {
		switch {
		case !name.MatchString(m.Name) || seen[m.Name]:
			t.Errorf("%s: not a name of its own in kebab-case", m.Name)
		case !strings.HasPrefix(m.Summary, "the receiver ") || strings.HasSuffix(m.Summary, "."):
			t.Errorf("%s: summary %q", m.Name, m.Summary)
		case len(m.Fix) < 40 || !strings.HasSuffix(m.Fix, "."):
			t.Errorf("%s: fix %q", m.Name, m.Fix)
		}
		seen[m.Name] = true
		if out := fmt.Sprintf("%v %+v %#v", m, m, m) + fmt.Sprintf("%v", m.Sign(s, webhookID, at, body)); strings.Contains(out, keyText[:12]) {
			t.Errorf("%s: shows the secret", m.Name)
		}
	}
	if got := signing.Mistakes()[0].Name; got != "secret-not-decoded" {
		t.Errorf("the first mistake is %s", got)
	}
}

// Each mistake sends something of its own, whatever the body is, and never the
// genuine headers; for an ordinary event all but a few have something to send.
func TestMistakesAreDistinct(t *testing.T) {
	none := map[string]bool{ // with an ordinary body there is nothing to try
		"reserialised-javascript": true, // events are printed like that
		// what follows shows with other bodies and other secrets
		"body-plus-as-space": true, "body-trimmed": true, "body-spaces-collapsed": true, "body-cut": true,
		"body-html-escaped-php": true, "body-html-escaped-python": true, "body-html-escaped-angles": true, "body-quotes-html-escaped": true,
		"body-slashes-stripped": true, "reserialised-compact": true, "reserialised-go-struct": true, "reserialised-without-null": true,
		"reserialised-timestamp-milliseconds": true, "reserialised-timestamp-offset": true, "reserialised-timestamp-milliseconds-offset": true, "reserialised-timestamp-no-zone": true,
		"payload-only-sorted": true, "payload-only-sorted-python": true, "raw-url-decoding-error-ignored": true, "raw-decoding-error-ignored": true,
		"url-safe-decoded": true, "hex-decoded": true, "prefix-stripped-as-characters": true, "text-stripped-as-characters": true,
		"reserialised-without-request-id": true, "reserialised-go-struct-map": true, "reserialised-go-struct-map-without-request-id": true,
		"key-cut-to-24": true, "key-cut-to-32": true, "last-character-lost": true,
	}
	bodies := [][]byte{
		body,
		{},
		[]byte("null"), []byte("[]"), []byte("{}"), []byte(`""`), []byte("42"), []byte("not JSON"), []byte("undefined"),
		[]byte(`{"a": 1.0, "b": "x/y", "2": [], "1": {}}`), []byte("{\n  \"a\": 1\n}"), []byte("\xff\xfe"), []byte(`{"a":1}` + "\n"),
	}
	check := func(t interface{ Fatalf(string, ...any) }, s signing.Secret, at int64, content []byte, nothing map[string]bool) {
		seen := map[string]string{fmt.Sprint([]signing.Pair{
			{Name: signing.HeaderID, Value: webhookID},
			{Name: signing.HeaderTimestamp, Value: strconv.FormatInt(at, 10)},
			{Name: signing.HeaderSignature, Value: s.Sign(webhookID, at, content)},
		}): "the genuine delivery"}
		for _, m := range signing.Mistakes() {
			signed := m.Sign(s, webhookID, at, content)
			if len(signed.Headers) == 0 {
				if nothing != nil && !nothing[m.Name] {
					t.Fatalf("%s has nothing to send", m.Name)
				}
				continue
			}
			key := fmt.Sprint(signed.Headers)
			if other, twice := seen[key]; twice {
				t.Fatalf("%s sends the same as %s, for body %q", m.Name, other, content)
			}
			seen[key] = m.Name
		}
	}
	s, when := mustParse(t, secretText), int64(at)
	for !strings.ContainsAny(s.Sign(webhookID, when, body), "+/") { // where the URL-safe alphabet makes a difference
		when++
	}
	check(t, s, when, body, none)
	for _, content := range bodies {
		check(t, s, at, content, nil)
	}
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.SliceOfN(rapid.Byte(), 8, 64).Draw(t, "key")
		content := rapid.OneOf(
			rapid.SliceOfN(rapid.Byte(), 0, 60),
			rapid.Map(rapid.StringMatching(`[ \n]{0,2}\{("[a-c1-3/<é]{1,2}" ?: ?(1|1\.0|-0|1e30|"[+/\\"]"|\[\]|\{\}),? ?){0,3}\}`), func(s string) []byte { return []byte(s) }),
			rapid.Map(rapid.StringMatching(`\{"[a-c]": ?(1\.0|"x/y+é"|\[1,2\]|\{\})\}`), func(s string) []byte { return []byte(s) }),
		).Draw(t, "body")
		check(t, secretOf(t, key), at, content, nil)
	})
	var nobody signing.Secret
	for _, m := range signing.Mistakes() {
		if len(m.Sign(nobody, webhookID, at, body).Headers) != 0 {
			t.Errorf("%s signs without a secret", m.Name)
		}
	}
}

// TestMistakesSign pins what some mistakes sign to values that another program
// computed: see the comment of each.
func TestMistakesSign(t *testing.T) {
	key, err := base64.StdEncoding.DecodeString(keyText)
	if err != nil {
		t.Fatal(err)
	}
	raw := func(key []byte, content string) string { return secretOf(t, key).SignContent([]byte(content)) }
	content := webhookID + ".1700000000." + string(body)
	b64 := func(v string) string { return strings.TrimPrefix(v, "v1,") }
	tests := []struct{ name, timestamp, signature string }{
		{"secret-not-decoded", "1700000000", raw([]byte(keyText), content)},
		{"prefix-kept", "1700000000", raw([]byte(secretText), content)},
		{"body-only", "1700000000", raw(key, string(body))},
		{"no-id", "1700000000", raw(key, "1700000000."+string(body))},
		{"no-timestamp", "1700000000", raw(key, webhookID+"."+string(body))},
		{"body-as-object", "1700000000", raw(key, webhookID+".1700000000.[object Object]")},
		{"body-empty", "1700000000", raw(key, webhookID+".1700000000.")},
		{"bare-base64", "1700000000", b64(raw(key, content))},
		{"equals-sign", "1700000000", "v1=" + b64(raw(key, content))},
		{"timestamp-milliseconds", "1700000000000", raw(key, webhookID+".1700000000000."+string(body))},
		{"timestamp-as-date", "2023-11-14T22:13:20.000Z", raw(key, webhookID+".2023-11-14T22:13:20.000Z."+string(body))},
		{"id-without-dashes", "1700000000", raw(key, strings.ReplaceAll(webhookID, "-", "")+".1700000000."+string(body))},
		{"id-in-upper-case", "1700000000", raw(key, strings.ToUpper(webhookID)+".1700000000."+string(body))},
		{"hash-without-key", "1700000000", "v1," + base64.StdEncoding.EncodeToString(hashed(content))},
		{"hash-without-hmac", "1700000000", "v1," + base64.StdEncoding.EncodeToString(hashed(string(key)+content))},
		{"hash-with-key-behind-and-bare-hex", "1700000000", hex.EncodeToString(hashed(content + string(key)))},
		{"prefix-kept-and-hash-without-hmac", "1700000000", "v1," + base64.StdEncoding.EncodeToString(hashed(secretText+content))},
		{"key-hashed", "1700000000", raw(hashed(string(key)), content)},
		{"rest-hashed-in-hex", "1700000000", raw([]byte(hex.EncodeToString(hashed(keyText))), content)},
		{"body-within-body", "1700000000", raw(key, webhookID+`.1700000000.{"body":`+string(body)+"}")},
		{"secret-not-decoded-and-body-only-and-bare-base64", "1700000000", b64(raw([]byte(keyText), string(body)))},
	}
	for _, tt := range tests {
		got := byName(t, tt.name).Sign(mustParse(t, secretText), webhookID, at, body).Headers
		want := []signing.Pair{{Name: signing.HeaderID, Value: webhookID}, {Name: signing.HeaderTimestamp, Value: tt.timestamp}, {Name: signing.HeaderSignature, Value: tt.signature}}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s:\n got %v\nwant %v", tt.name, got, want)
		}
	}
	got := byName(t, "standard-webhooks-headers").Sign(mustParse(t, secretText), webhookID, at, body).Headers
	if got[2].Name != "webhook-signature" || got[2].Value != raw(key, content) || len(got) != 3 {
		t.Errorf("standard-webhooks-headers: %v", got)
	}
}

func hashed(content string) []byte {
	sum := sha256.Sum256([]byte(content))
	return sum[:]
}

// Node computed the key: Buffer.from(Buffer.from(rest, 'base64').toString(), 'base64').
func TestAKeyDecodedTwice(t *testing.T) {
	s := secretOf(t, []byte("QUJ\u0141D\u00e9-_8wQ\u0444Zz=QUJD"))
	key, err := hex.DecodeString("4142400feffcc100d9")
	if err != nil {
		t.Fatal(err)
	}
	got := byName(t, "text-decoded-twice").Sign(s, webhookID, at, body).Headers
	if len(got) != 3 || got[2].Value != secretOf(t, key).Sign(webhookID, at, body) {
		t.Errorf("%v", got)
	}
}

// What a typed object loses and a map sorts shows with a body that has more fields.
func TestModelledBodies(t *testing.T) {
	s := mustParse(t, secretText)
	sent := []byte(`{"field":"message","event":"message.sent","request_id":"r1","payload":{"b":"x<y","a":{"d":1,"c":2}}}`)
	for name, verified := range map[string]string{
		"reserialised-without-request-id":               `{"field":"message","event":"message.sent","payload":{"b":"x<y","a":{"d":1,"c":2}}}`,
		"reserialised-go-struct-map":                    `{"field":"message","event":"message.sent","request_id":"r1","payload":{"a":{"c":2,"d":1},"b":"x\u003cy"}}`,
		"reserialised-go-struct-map-without-request-id": `{"field":"message","event":"message.sent","payload":{"a":{"c":2,"d":1},"b":"x\u003cy"}}`,
	} {
		got := byName(t, name).Sign(s, webhookID, at, sent).Headers
		if len(got) != 3 || got[2].Value != s.Sign(webhookID, at, []byte(verified)) {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// What depends on where a delivery goes is described and distinct like the others,
// and as other platforms sign it.
func TestAddressMistakes(t *testing.T) {
	const url = "https://hooks.example.com/webhooks/sent?tenant=7"
	s := mustParse(t, secretText)
	made := map[string]string{s.Sign(webhookID, at, body): "the genuine delivery"}
	for _, m := range signing.Mistakes() {
		made[fmt.Sprint(m.Sign(s, webhookID, at, body).Headers)] = m.Name
	}
	byName := map[string]string{}
	for _, m := range signing.AddressMistakes("POST", url) {
		signed := m.Sign(s, webhookID, at, body).Headers
		if len(signed) != 3 || made[fmt.Sprint(signed)] != "" {
			t.Errorf("%s signs nothing of its own: %v", m.Name, signed)
			continue
		}
		if byName[m.Name] != "" || !regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`).MatchString(m.Name) || !strings.HasPrefix(m.Summary, "the receiver signs ") || !strings.HasSuffix(m.Fix, ".") {
			t.Errorf("%s: %q, %q", m.Name, m.Summary, m.Fix)
		}
		made[fmt.Sprint(signed)], byName[m.Name] = m.Name, signed[2].Value
	}
	for name, content := range map[string]string{
		"url-body-signed-joined":                     url + string(body),
		"method-url-body-timestamp-signed-joined":    "POST" + url + string(body) + "1700000000",
		"timestamp-method-path-body-signed-joined":   "1700000000POST/webhooks/sent?tenant=7" + string(body),
		"method-path-timestamp-body-signed-in-lines": "POST\n/webhooks/sent?tenant=7\n1700000000\n" + string(body),
		"path-id-timestamp-body-signed":              "/webhooks/sent?tenant=7." + webhookID + ".1700000000." + string(body),
	} {
		if byName[name] != s.SignContent([]byte(content)) {
			t.Errorf("%s: %q", name, byName[name])
		}
	}
	if n := len(signing.AddressMistakes("POST", "http://%zz")); n != 0 {
		t.Errorf("%d for what is no URL", n)
	}
}

// Explain names each mistake from the signature that it makes.
func TestExplainNamesMistakes(t *testing.T) {
	s := mustParse(t, secretText)
	odd := map[string]string{ // the same signature has a likelier or another reading
		"reserialised-python": "body-reserialised-python", "reserialised-pretty": "body-reserialised-pretty",
		"reserialised-go": "body-reserialised-go", "reserialised-php": "body-reserialised-php", "reserialised-dotnet": "body-reserialised-dotnet",
		"body-empty": "body-lost", "body-line-break-added": "body-line-break-lost", "body-as-latin1": "",
		"github-library": "prefix-kept-and-body-only-and-sha256-prefix", "stripe-library": "stripe-style",
		"standard-webhooks-headers": "ok", "svix-headers": "ok", "headers-with-underscores": "ok", "body-with-crlf": "body-line-break-lost", "body-utf8-as-latin1": "body-reencoded", "timestamp-signed-as-milliseconds": "timestamp-changed", "id-in-upper-case": "id-changed",
	}
	for _, m := range signing.Mistakes() {
		signed := m.Sign(s, webhookID, at, body).Headers
		if len(signed) == 0 {
			continue
		}
		h := signing.Headers{ID: signed[0].Value, Timestamp: signed[1].Value, Signature: signed[2].Value}
		f := signing.Explain(s, h, body, time.Unix(at, 0))
		want, ok := odd[m.Name]
		if !ok || want == "" {
			want = m.Name
		}
		if f.Cause != want || f.OK != (want == "ok") || f.Summary == "" || f.Fix == "" && !f.OK {
			t.Errorf("%s: explained as %+v, want %s", m.Name, f, want)
		}
	}
}
