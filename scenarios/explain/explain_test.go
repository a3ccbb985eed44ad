package explain_test

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"github.com/sentsim/sentsim/scenarios/capture"
	"github.com/sentsim/sentsim/scenarios/explain"
	"github.com/sentsim/sentsim/simulator/signing"
)

const (
	secretText = "whsec_YSBrZXkgZm9yIHRoZSB0ZXN0cyBvZiBleHBsYWlu"
	webhookID  = "5f1c1b9e-7f0a-4c27-9d36-0d5f6a7b8c90"
	signedAt   = 1790856000
	body       = `{"field":"message","event":"message.received","timestamp":"2026-10-01T12:00:00Z","payload":{"inbound_number":"+15550001111","text":"it's \"5 €\" a/b <c> & 100%","channel":"sms"}}`
)

// delivery is the one that all captures here are of.
type delivery struct{ id, stamp, signature, body string }

func signed(tb testing.TB, text string) delivery {
	tb.Helper()
	s, err := signing.ParseSecret(text)
	if err != nil {
		tb.Fatal(err)
	}
	return delivery{webhookID, strconv.Itoa(signedAt), s.Sign(webhookID, signedAt, []byte(body)), body}
}

func (d delivery) with(change func(*delivery)) delivery {
	change(&d)
	return d
}

func (d delivery) names(prefix string) string {
	return fmt.Sprintf("%sid: %s\r\n%stimestamp: %s\r\n%ssignature: %s\r\n", prefix, d.id, prefix, d.stamp, prefix, d.signature)
}

// http is a raw request; more are headers, a line each.
func (d delivery) http(more ...string) string {
	return "POST /webhooks/sent HTTP/1.1\r\nHost: a\r\n" + d.names("X-Webhook-") + strings.Join(append(more, ""), "\r\n") + "\r\n" + d.body
}

func length(n int) string { return fmt.Sprintf("Content-Length: %d", n) }

func (d delivery) curl() string {
	return fmt.Sprintf("curl 'http://127.0.0.1:8080/' \\\n -H 'X-Webhook-ID: %s' \\\n -H 'X-Webhook-Timestamp: %s' \\\n -H 'X-Webhook-Signature: %s' \\\n --data-raw '%s'",
		d.id, d.stamp, d.signature, strings.ReplaceAll(d.body, "'", `'\''`))
}

func (d delivery) headers() map[string]string {
	return map[string]string{"x-webhook-id": d.id, "x-webhook-timestamp": d.stamp, "x-webhook-signature": d.signature}
}

func jsonOf(tb testing.TB, v any) string {
	tb.Helper()
	out, err := json.Marshal(v)
	if err != nil {
		tb.Fatal(err)
	}
	return string(out)
}

func packed(tb testing.TB, open func(*bytes.Buffer) interface {
	Write(p []byte) (int, error)
	Close() error
},
) string {
	tb.Helper()
	var b bytes.Buffer
	w := open(&b)
	_, err := w.Write([]byte(body))
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		tb.Fatal(err)
	}
	return b.String()
}

// dumpOf is text as od -A x -t x1 prints it.
func dumpOf(text string) string {
	var out strings.Builder
	for i := 0; i < len(text); i += 16 {
		fmt.Fprintf(&out, "%06x % x\n", i, text[i:min(i+16, len(text))])
	}
	return out.String()
}

// cBytes is text as a list of bytes in C.
func cBytes(text string) string {
	var out []string
	for _, c := range []byte(text) {
		out = append(out, fmt.Sprintf("0x%02x", c))
	}
	return strings.Join(out, ", ")
}

type row struct {
	name, capture, cause string // "ok" is right
}

// captures are captures of d, a row for a kind.
func captures(tb testing.TB, d delivery) []row {
	tb.Helper()
	n := len(body)
	as := func(text string) delivery { return d.with(func(d *delivery) { d.body = text }) }
	values := func(change func(string) string) delivery {
		return d.with(func(d *delivery) { d.id, d.stamp, d.signature = change(d.id), change(d.stamp), change(d.signature) })
	}
	type writer = interface {
		Write(p []byte) (int, error)
		Close() error
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, []byte(body), "", "  "); err != nil {
		tb.Fatal(err)
	}
	zipped := packed(tb, func(b *bytes.Buffer) writer { return gzip.NewWriter(b) })
	quoted := jsonOf(tb, body)
	envelope := func(v map[string]any) string { return jsonOf(tb, v) }
	lines := func(prefix, text string) string {
		return prefix + strings.Join(strings.Split(strings.ReplaceAll(text, "\r", ""), "\n"), "\n"+prefix)
	}
	har := func(text string) string {
		return envelope(map[string]any{"log": map[string]any{"entries": []any{map[string]any{"request": map[string]any{
			"method": "POST", "bodySize": n, "postData": map[string]any{"text": text},
			"headers": []any{map[string]string{"name": "X-Webhook-ID", "value": d.id}, map[string]string{"name": "X-Webhook-Timestamp", "value": d.stamp}, map[string]string{"name": "X-Webhook-Signature", "value": d.signature}},
		}}}}})
	}
	return []row{
		{"raw", d.http(length(n)), "ok"},
		{"raw with LF, no length", strings.ReplaceAll(d.http(), "\r", ""), "ok"},
		{"an editor's line break", d.http() + "\r\n", "ok"},
		{"the answer behind it", d.http(length(n)) + "HTTP/1.1 401 Unauthorized\r\n\r\nno", "ok"},
		{"the answer behind it, no length", d.http() + "\n\nHTTP/1.1 401 Unauthorized\r\n\r\nno", "ok"},
		{"another request behind it", d.http(length(n)) + d.http(), "ok"},
		{"100 Continue", as("HTTP/1.1 100 Continue\r\n\r\n" + body).http(length(n)), "ok"},
		{"chunked", as(fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", n, body)).http("Transfer-Encoding: chunked"), "ok"},
		{"UTF-16", "\xFF\xFE" + strings.Join(strings.Split(strings.ReplaceAll(d.http(), "€", "\xAC "), ""), "\x00") + "\x00", ""},
		{"cut", as(body[:60]).http(length(n)), "body-cut"},
		{"cut, no length", as(body[:60]).http(), "body-cut"},
		{"cut, and says so", as(body[:60] + "... [truncated]").http(length(n)), "body-cut"},
		{"a placeholder", as("[object Object]").http(length(n)), "body-not-recorded"},
		{"no body", as("").http(), "no-body"},
		{"longer than it says", as(strings.Replace(body, "sms", "whatsapp", 1)).http(length(n)), "body-length"},
		{"masked", as(strings.Replace(body, "0001111", "***1111", 1)).http(), "body-redacted"},
		{"bytes lost", as(strings.Replace(body, "€", "\uFFFD", 1)).http(), "body-bytes-lost"},
		{"gzip", as(zipped).http("Content-Encoding: gzip"), "body-gzip"},
		{"gzip, unnamed", as(zipped).http(), "body-gzip"},
		{"gzip in base64", as(base64.StdEncoding.EncodeToString([]byte(zipped))).http(), "body-base64"},
		{"zlib", as(packed(tb, func(b *bytes.Buffer) writer { return zlib.NewWriter(b) })).http("Content-Encoding: deflate"), "body-deflate"},
		{"Brotli", as(packed(tb, func(b *bytes.Buffer) writer { return brotli.NewWriter(b) })).http("Content-Encoding: br"), "body-brotli"},
		{"zstd", as(packed(tb, func(b *bytes.Buffer) writer {
			w, err := zstd.NewWriter(b)
			if err != nil {
				tb.Fatal(err)
			}
			return w
		})).http("Content-Encoding: zstd"), "body-zstd"},
		{"base64", as(base64.StdEncoding.EncodeToString([]byte(body))).http(), "body-base64"},
		{"base64url", as(base64.RawURLEncoding.EncodeToString([]byte(body))).http(), "body-base64"},
		{"hex", as(hex.EncodeToString([]byte(body))).http(), "body-hex"},
		{"a form", as("payload=" + url.QueryEscape(body)).http(), "body-form"},
		{"multipart", as("--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n" + body + "\r\n--x--\r\n").http(), "body-multipart"},
		{"a JSON string", as(quoted).http(), "body-json-string"},
		{"a JSON string twice", as(jsonOf(tb, quoted)).http(), "body-json-string"},
		{"escaped for HTML", as(html.EscapeString(body)).http(), "ok"},
		{"an envelope", as(envelope(map[string]any{"id": 1, "message": body})).http(), "body-wrapped"},
		{"pretty", as(pretty.String()).http(), "body-pretty-printed"},
		{"slashes", as(strings.ReplaceAll(body, "/", `\/`)).http(), "body-slashes-escaped"},
		{"plus lost", as(strings.ReplaceAll(body, "+", " ")).http(), "body-plus-lost"},
		{"underscores", strings.NewReplacer("X-Webhook-", "x_webhook_").Replace(d.http()), "ok"},
		{"CGI", strings.NewReplacer("X-Webhook-id", "HTTP_X_WEBHOOK_ID", "X-Webhook-timestamp", "HTTP_X_WEBHOOK_TIMESTAMP", "X-Webhook-signature", "HTTP_X_WEBHOOK_SIGNATURE").Replace(d.http()), "ok"},
		{"Standard Webhooks", strings.ReplaceAll(d.http(), "X-Webhook-", "webhook-"), "headers-renamed"},
		{"Svix", strings.ReplaceAll(d.http(), "X-Webhook-", "Svix-"), "headers-renamed"},
		{"a relay's prefix", strings.ReplaceAll(d.http(), "X-Webhook-", "X-Some-Relay-X-Webhook-"), "headers-renamed"},
		{"the signature's name alone", strings.Replace(d.http(), "X-Webhook-signature", "X-Signature", 1), "headers-renamed"},
		{"the signature's name alone, in a HAR file", strings.Replace(har(body), "X-Webhook-Signature", "X-Body-Signature", 1), "headers-renamed"},
		{"GitHub's name", strings.Replace(d.http(), "X-Webhook-signature", "X-Hub-Signature-256", 1), "headers-renamed"},
		{"names without webhook", strings.ReplaceAll(d.http(), "X-Webhook-", "X-"), "headers-renamed"},
		{"rewritten by Apache", strings.NewReplacer("X-Webhook-id", "REDIRECT_HTTP_X_WEBHOOK_ID", "X-Webhook-timestamp", "REDIRECT_HTTP_X_WEBHOOK_TIMESTAMP", "X-Webhook-signature", "REDIRECT_HTTP_X_WEBHOOK_SIGNATURE").Replace(d.http()), "ok"},
		{"SendGrid", "POST / HTTP/1.1\r\nX-Twilio-Email-Event-Webhook-Signature: MEUC\r\nX-Twilio-Email-Event-Webhook-Timestamp: 1790856000\r\n\r\n[{\"event\":\"open\"}]", "other-sender"},
		{"values quoted", values(strconv.Quote).http(), "header-quoted"},
		{"values twice", values(func(v string) string { return v + ", " + v }).http(), "header-doubled"},
		{"values percent-encoded", values(url.QueryEscape).http(), "header-percent-encoded"},
		{"redacted", d.with(func(d *delivery) { d.signature = "[REDACTED]" }).http(length(n)), "header-redacted"},
		{"shortened", d.with(func(d *delivery) { d.signature = d.signature[:12] + "…" }).http(), "header-redacted"},
		{"a header gone", strings.Replace(d.http(), "X-Webhook-id", "X-Other", 1), "missing-header"},
		{"Stripe", "POST / HTTP/1.1\r\nStripe-Signature: t=1,v1=ab\r\n\r\n{\"id\":\"evt\"}", "other-sender"},
		{"GitHub", "POST / HTTP/1.1\r\nX-GitHub-Event: push\r\nX-Hub-Signature-256: sha256=ab\r\n\r\n{}", "other-sender"},
		{"curl", d.curl(), "ok"},
		{"a prompt", "user@host:~/src$ " + d.curl() + "\n{\"error\":\"it's wrong\"}\n", "ok"},
		{"sudo and a path", "sudo /usr/bin/" + d.curl(), "ok"},
		{"blanks behind backslashes", strings.ReplaceAll(d.curl(), "\\\n", "\\ \n"), "ok"},
		{"backslashes lost", strings.ReplaceAll(d.curl(), " \\\n", "\n"), "ok"},
		{"Markdown", "I run\n\n```sh\n" + d.curl() + "\n```\n\nand get a 401.\n", "ok"},
		{"a mail", lines("> ", d.curl()), "ok"},
		{"no-break spaces", strings.ReplaceAll(d.curl(), " -H ", "\u00a0-H\u00a0"), "ok"},
		{"a long dash", strings.Replace(d.curl(), "--data", "—data", 1), "ok"},
		{"a heredoc", "cat <<'EOF' | " + strings.Replace(d.curl()[:strings.Index(d.curl(), "--data-raw")], "curl", "curl -d @-", 1) + "\n" + body + "\nEOF\n", "ok"},
		{"a variable", "BODY='" + strings.ReplaceAll(body, "'", `'\''`) + "'\n" + d.curl()[:strings.Index(d.curl(), "--data-raw")] + ` -d "$BODY"`, "ok"},
		{"no data", d.curl()[:strings.Index(d.curl(), " \\\n --data-raw")], "no-body"},
		{"a file that is not here", d.curl()[:strings.Index(d.curl(), "--data-raw")] + "-d @body.json", "no-body"},
		{"curl -v", "* Connected to a\n" + lines("> ", d.http()[:strings.Index(d.http(), "\r\n\r\n")+2]) + "\n>\n< HTTP/1.1 401\n", "no-body"},
		{"fetch", "fetch(\"http://a/\", {\n  headers: " + jsonOf(tb, d.headers()) + ",\n  body: " + quoted + ",\n  method: \"POST\"\n});", "ok"},
		{"PowerShell", "Invoke-WebRequest -Uri \"http://a/\" -Headers @{ \"X-Webhook-ID\"=\"" + d.id + "\"\n \"X-Webhook-Timestamp\"=\"" + d.stamp + "\"\n \"X-Webhook-Signature\"=\"" + d.signature + "\" } -Body \"" + strings.ReplaceAll(body, `"`, "`\"") + `"`, ""},
		{"HAR", har(body), "ok"},
		{"HAR, not recorded", har(""), "no-body"},
		{"HAR, a note instead", har("text was too long"), "body-cut"},
		{"a serverless event", envelope(map[string]any{"headers": d.headers(), "body": base64.StdEncoding.EncodeToString([]byte(body)), "isBase64Encoded": true}), "ok"},
		{"an inspector", envelope(map[string]any{"content": body, "headers": map[string]any{"x-webhook-id": []string{d.id}, "x-webhook-timestamp": []string{d.stamp}, "x-webhook-signature": []string{d.signature}}}), "ok"},
		{"parsed by an inspector", `{"headers":` + jsonOf(tb, d.headers()) + `, "body": ` + strings.ReplaceAll(body, ",", ", ") + `}`, "ok"},
		{"a log", "10:10 WARN bad signature headers=" + jsonOf(tb, d.headers()) + " body=" + quoted, "ok"},
		{"a log without a body", fmt.Sprintf("bad signature x-webhook-id=%s x-webhook-timestamp=%s x-webhook-signature=%s", d.id, d.stamp, d.signature), "no-body"},
		{"a time zone", d.with(func(d *delivery) { d.stamp = strconv.Itoa(signedAt - 5400) }).http(), "timestamp-shifted"},
		{"the timestamp of another attempt", d.with(func(d *delivery) { d.stamp = strconv.Itoa(signedAt + 7) }).http(), "timestamp-shifted"},
		{"an id without dashes", d.with(func(d *delivery) { d.id = strings.ReplaceAll(d.id, "-", "") }).http(), "id-changed"},
		{"lower case", d.with(func(d *delivery) { d.signature = strings.ToLower(d.signature) }).http(length(n)), "signature-case-changed"},
		{"a name in a value's place", as(strings.Replace(body, "+15550001111", "<phone>", 1)).http(), "body-redacted"},
		{"the payload alone", as(body[strings.Index(body, `{"inbound`) : n-1]).http(), "not-an-event"},
		{"sorted keys, escaped", as(jsonOf(tb, map[string]any{"event": "message.received", "field": "message", "timestamp": "2026-10-01T12:00:00Z", "payload": json.RawMessage(strings.ReplaceAll(`{"channel":"sms","inbound_number":"+15550001111","text":"it's \"5 €\" a/b <c> & 100%"}`, "€", `\u20ac`))})).http(), "body-keys-sorted"},
		{"cmd of Windows", "curl ^\"http://a/^\" ^\n -H ^\"X-Webhook-ID: " + d.id + "^\" ^\n -H ^\"X-Webhook-Timestamp: " + d.stamp + "^\" ^\n -H ^\"X-Webhook-Signature: " + d.signature + "^\" ^\n --data-raw ^\"" +
			strings.NewReplacer(`\`, `^\^\`, `"`, `^\^"`, "{", "^{", "}", "^}", "<", "^<", ">", "^>", "&", "^&", "%", "^%").Replace(body) + `^"`, "ok"},
		{"cmd of Windows, in Firefox", `curl "http://a/" -H "X-Webhook-ID: ` + d.id + `" -H "X-Webhook-Timestamp: ` + d.stamp + `" -H "X-Webhook-Signature: ` + d.signature + `" --data-raw "` + strings.NewReplacer(`\`, `\\`, `"`, `""`, "%", `"%"`).Replace(body) + `"`, "ok"},
		{"PowerShell, not only ASCII", "Invoke-WebRequest -Uri \"http://a/\" -Headers @{\n\"X-Webhook-ID\"=\"" + d.id + "\"\n\"X-Webhook-Timestamp\"=\"" + d.stamp + "\"\n\"X-Webhook-Signature\"=\"" + d.signature + "\"\n} -Body ([System.Text.Encoding]::UTF8.GetBytes(\"" +
			strings.NewReplacer(`"`, "`\"", "€", "$([char]8364)").Replace(body) + `"))`, "ok"},
		{"a heredoc in a variable", "BODY=$(cat <<'EOF'\n" + body + "\nEOF\n)\n" + d.curl()[:strings.Index(d.curl(), "--data-raw")] + ` -d "$BODY"`, "ok"},
		{"a heredoc that is read", "read -r -d '' BODY <<'EOF' || true\n" + body + "\nEOF\n" + d.curl()[:strings.Index(d.curl(), "--data-raw")] + ` -d "$BODY"`, "ok"},
		{"a table with columns", "webhook_id,webhook_timestamp,webhook_signature,body\n" + d.id + "," + d.stamp + `,"` + d.signature + `","` + strings.ReplaceAll(body, `"`, `""`) + "\"\n", "ok"},
		{"a mail's encoding", strings.ReplaceAll(strings.NewReplacer("=", "=3D", "€", "=E2=82=AC", `"payload"`, "\"pay=\nload\"").Replace(d.http()), "\r", ""), "ok"},
		{"ngrep", "T 10.0.0.1:1 -> 10.0.0.2:2 [AP] #4\n" + strings.ReplaceAll(d.http(), "\r\n", ".\n"), "ok"},
		{"a variable of an .http file", "@sig = " + d.signature + "\n\n" + strings.Replace(d.http(), d.signature, "{{sig}}", 1), "ok"},
		{"base64 in an export", envelope(map[string]any{"data": []any{map[string]any{"headers": d.headers(), "body": base64.StdEncoding.EncodeToString([]byte(body))}}}), "ok"},
		{"a web page", "<table><tr><td>X-Webhook-ID</td><td>" + d.id + "</td></tr><tr><td>X-Webhook-Timestamp</td><td>" + d.stamp + "</td></tr><tr><td>X-Webhook-Signature</td><td>" + d.signature + "</td></tr></table><pre>" + html.EscapeString(body) + "</pre>", "ok"},
		{"a timestamp as a date", d.with(func(d *delivery) { d.stamp = time.Unix(signedAt, 0).UTC().Format(time.RFC1123) }).http(), "timestamp-as-date"},
		{"a timestamp as a float", d.with(func(d *delivery) { d.stamp = "1.790856e9" }).http(), "ok"},
		{"a UUID as a URN", d.with(func(d *delivery) { d.id = "urn:uuid:" + d.id }).http(), "id-changed"},
		{"an id that was cut", d.with(func(d *delivery) { d.id = d.id[:8] }).http(), "id-cut"},
		{"question marks", as(strings.Replace(body, "€", "???", 1)).http(), "body-bytes-lost"},
		{"bytes as Go prints them", fmt.Sprintf("bad signature map[X-Webhook-Id:[%s] X-Webhook-Timestamp:[%s] X-Webhook-Signature:[%s]] %v", d.id, d.stamp, d.signature, []byte(body)), "ok"},
		{"a dump of Go's values", fmt.Sprintf("(string) (len=12) \"X-Webhook-Id\": ([]string) (len=1 cap=1) {\n (string) (len=36) %q\n},\n(string) (len=19) \"X-Webhook-Timestamp\": ([]string) (len=1 cap=1) {\n (string) (len=10) %q\n},\n(string) (len=19) \"X-Webhook-Signature\": ([]string) (len=1 cap=1) {\n (string) (len=47) %q\n}\n(string) (len=187) %q", d.id, d.stamp, d.signature, body), "ok"},
		{"a list in Markdown", fmt.Sprintf("* **X-Webhook-ID**: `%s`\n* **X-Webhook-Timestamp**: `%s`\n* **X-Webhook-Signature**: `%s`\n\n```\n%s\n```\n", d.id, d.stamp, d.signature, body), "ok"},
		{"signs for line ends", strings.ReplaceAll(d.http(), "\r\n", "␍␊\n"), "ok"},
		{"all of it in base64", base64.StdEncoding.EncodeToString([]byte(d.http())), "ok"},
		{"all of it as a URL", url.PathEscape(envelope(map[string]any{"headers": d.headers(), "body": body})), "ok"},
		{"a queue's record", envelope(map[string]any{"Records": []any{map[string]any{"data": base64.StdEncoding.EncodeToString([]byte(envelope(map[string]any{"headers": d.headers(), "body": body})))}}}), "ok"},
		{"a document of a database", envelope(map[string]any{"headers": d.headers(), "body": map[string]any{"$binary": map[string]any{"base64": base64.StdEncoding.EncodeToString([]byte(body))}}}), "ok"},
		{"typed values", envelope(map[string]any{"headers": map[string]any{"x-webhook-id": map[string]any{"S": d.id}, "x-webhook-timestamp": map[string]any{"S": d.stamp}, "x-webhook-signature": map[string]any{"S": d.signature}}, "body": map[string]any{"S": body}}), "ok"},
		{"arrays of C", fmt.Sprintf("char peer0_0[] = { /* Packet 1 */\n%s };\nchar peer1_0[] = {\n0x48, 0x54 };\nchar peer0_1[] = {\n%s };\n", cBytes(d.http()[:100]), cBytes(d.http()[100:])), "ok"},
		{"all of it in hex", hex.EncodeToString([]byte(d.http())), "ok"},
		{"a request quoted in a log", "refused: " + strconv.Quote(d.http()), "ok"},
		{"values in base64", values(func(v string) string { return base64.StdEncoding.EncodeToString([]byte(v)) }).http(), "header-base64"},
		{"id and timestamp exchanged", d.with(func(d *delivery) { d.id, d.stamp = d.stamp, d.id }).http(), "headers-exchanged"},
		{"chunks that were cut", as(fmt.Sprintf("40\r\n%s\r\n80\r\n%s", body[:64], body[64:80])).http("Transfer-Encoding: chunked"), "body-cut"},
		{"printed to a depth", "{ headers: {\n'x-webhook-id': '" + d.id + "',\n'x-webhook-timestamp': '" + d.stamp + "',\n'x-webhook-signature': '" + d.signature + "' },\nbody: { field: 'message', event: 'message.received', payload: [Object] } }", "body-cut"},
		{"printed to a depth, as JSON", as(body[:strings.Index(body, `{"inbound`)] + `"[Object]"}`).http(length(n)), "body-cut"},
		{"a dump of od", dumpOf(d.http()), "ok"},
		{"headers of another delivery", d.http("X-Webhook-Event-Type: message.failed", length(n)), ""},
	}
}

func judge(tb testing.TB, text string) []explain.Finding {
	tb.Helper()
	secret, err := signing.ParseSecret(secretText)
	if err != nil {
		tb.Fatal(err)
	}
	readings, err := capture.Parser{}.Readings([]byte(text))
	if err != nil {
		return []explain.Finding{{Cause: "unread", Summary: err.Error()}}
	}
	return explain.Explain(secret, readings, func(capture.Request) time.Time { return time.Unix(signedAt, 0) })
}

func TestExplain(t *testing.T) {
	for _, r := range captures(t, signed(t, secretText)) {
		if r.cause == "" {
			continue
		}
		t.Run(r.name, func(t *testing.T) {
			f := judge(t, r.capture)[0]
			if f.Cause != r.cause || (f.Verdict == explain.Right) != (r.cause == "ok") {
				t.Fatalf("got %d %s: %s; want %s", f.Verdict, f.Cause, f.Summary, r.cause)
			}
			if (f.Fix == "") != (f.Verdict == explain.Right) || f.Summary == "" {
				t.Errorf("incomplete: %+v", f)
			}
		})
	}
}

// TestAnotherSecret: where everything is there and decoded, another secret is
// named; where something is missing, it never is.
func TestAnotherSecret(t *testing.T) {
	takesLong(t)
	other := signed(t, "whsec_c29tZSBvdGhlciBrZXkgZm9yIHRoZSB0ZXN0cw==")
	right := map[string]string{}
	for _, r := range captures(t, signed(t, secretText)) {
		right[r.name] = r.cause
	}
	for _, r := range captures(t, other) {
		f := judge(t, r.capture)[0]
		if right[r.name] == "ok" && r.name != "parsed by an inspector" && f.Cause != "another-secret" {
			t.Errorf("%s: got %s (%s), want another-secret", r.name, f.Cause, f.Summary)
		}
		if f.Cause == "another-secret" != strings.Contains(f.Summary+f.Fix, "another secret") {
			t.Errorf("%s: %s blames the secret: %s", r.name, f.Cause, f.Summary)
		}
		for _, unknowable := range []string{"body-cut", "no-body", "body-not-recorded", "body-length", "body-redacted", "body-bytes-lost", "header-redacted", "missing-header", "other-sender", "not-an-event", "id-cut"} {
			if right[r.name] == unknowable && (f.Cause != unknowable || f.Verdict != explain.CannotTell) {
				t.Errorf("%s: got %d %s, want that it cannot be told: %s", r.name, f.Verdict, f.Cause, unknowable)
			}
		}
	}
}

func TestResend(t *testing.T) {
	takesLong(t)
	secret, err := signing.ParseSecret("whsec_c29tZSBvdGhlciBrZXkgZm9yIHRoZSB0ZXN0cw==")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range captures(t, signed(t, secretText)) {
		readings, err := capture.Parser{}.Readings([]byte(r.capture))
		if err != nil || r.cause == "" {
			continue
		}
		_, got, err := explain.Resend(secret, readings)
		switch r.cause {
		case "ok", "body-gzip", "body-base64", "body-form", "body-json-string", "headers-renamed", "header-quoted", "header-redacted":
			if r.name == "parsed by an inspector" || r.name == "shortened" || r.name == "redacted" {
				continue
			}
			if err != nil || string(got) != body {
				t.Errorf("%s: got %q, %v", r.name, got, err)
			}
		case "body-cut", "no-body", "body-not-recorded", "other-sender":
			if err == nil {
				t.Errorf("%s: got %q, want an error", r.name, got)
			}
		}
	}
}

// FuzzExplain: no capture makes it panic or hang, and none makes it show the secret.
func FuzzExplain(f *testing.F) {
	for _, r := range captures(f, signed(f, secretText)) {
		f.Add([]byte(r.capture))
	}
	f.Add([]byte("curl -H 'X-Webhook-ID: " + secretText + "' -d @/dev/zero"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<16 {
			return
		}
		begun := time.Now()
		for _, finding := range judge(t, string(data)) {
			text := finding.Summary + finding.Fix + strings.Join(finding.Notes, "")
			if strings.Contains(text, secretText[6:]) && !bytes.Contains(data, []byte(secretText[6:16])) {
				t.Fatalf("shows the secret: %s", text)
			}
		}
		if d := time.Since(begun); d > 20*time.Second {
			t.Fatalf("took %s", d)
		}
	})
}

// takesLong leaves a test out of make test, which is to answer soon. CI runs it.
func takesLong(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("it takes long: make test SHORT= runs it")
	}
}
