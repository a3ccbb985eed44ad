package signing

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// signsBody makes a content that replaces the body only.
func signsBody(change func(body []byte) ([]byte, bool)) recipe {
	return recipe{content: func(id, stamp string, body []byte) ([]byte, bool) {
		changed, ok := change(body)
		if !ok {
			return nil, false
		}
		return join(".", id, stamp, changed), true
	}}
}

func signsInstead(text string) recipe {
	return signsBody(func([]byte) ([]byte, bool) { return []byte(text), true })
}

// signsContent makes a content that there always is.
func signsContent(build func(id, stamp string, body []byte) []byte) recipe {
	return recipe{content: func(id, stamp string, body []byte) ([]byte, bool) { return build(id, stamp, body), true }}
}

// shortContents leave out a part, as other platforms' schemes do.
func shortContents() []twist {
	const fix = "Sign `${X-Webhook-ID}.${X-Webhook-Timestamp}.${raw body}`, with the two header values as they came."
	return []twist{
		{
			name: "body-only", does: "signs the body alone, as GitHub does", fix: fix,
			recipe: signsContent(func(_, _ string, body []byte) []byte { return body }),
		},
		{
			name: "no-id", does: "signs timestamp and body without the webhook id, as Stripe does", fix: fix,
			recipe: signsContent(func(_, stamp string, body []byte) []byte {
				return slices.Concat([]byte(stamp), []byte("."), body)
			}),
		},
	}
}

// commonTwists are what happens to the body before it is verified, and the
// other schemes that are copied most.
func commonTwists() []twist {
	const raw = " Verify the bytes that arrived before anything parses them: express.raw({type: 'application/json'}), await request.text(), request.get_data(), file_get_contents('php://input'), request.raw_post."
	return append([]twist{
		{
			name: "body-as-object", does: "verifies a parsed body put into a text: [object Object]",
			fix:    "JSON was parsed before the signature was checked." + raw,
			recipe: signsInstead("[object Object]"),
		},
		{
			name: "body-undefined", does: "verifies the text 'undefined' in place of a raw body that was never kept",
			fix:    "The framework does not fill req.rawBody by itself; keep it with express.json({verify: (req, _, buf) => { req.rawBody = buf }}) or use express.raw.",
			recipe: signsInstead("undefined"),
		},
		{
			name: "body-empty", does: "verifies an empty body, because something else had read the stream before",
			fix:    "Read the body once, keep its bytes, verify them, then parse them; in Go put them back with io.NopCloser(bytes.NewReader(raw)).",
			recipe: signsInstead(""),
		},
	}, append(shortContents(), headerTwists()...)...)
}

// bodyTwists verify another body than the one that was sent.
func bodyTwists() []twist {
	return append(reserialisations(), []twist{
		{
			name: "body-as-json-string", does: "verifies JSON.stringify(body) of a body that is a text already, quotes and all",
			fix:    "Use the raw body as it is; leave JSON.stringify out.",
			recipe: signsBody(func(body []byte) ([]byte, bool) { return appendJSString(nil, string(body)), true }),
		},
		{
			name: "body-as-python-bytes", does: "puts the body's bytes into an f-string, which writes b'...' around them",
			fix:    "Join bytes, not text: id.encode() + b'.' + timestamp.encode() + b'.' + request.get_data().",
			recipe: signsBody(func(body []byte) ([]byte, bool) { return pythonBytes(body), true }),
		},
		{
			name: "body-none", does: "verifies the text 'None' in place of a body",
			fix:    "The body was taken from a place that holds none; in Flask use request.get_data(), in Django request.body, in FastAPI await request.body().",
			recipe: signsInstead("None"),
		},
		{
			name: "body-as-array", does: "verifies a parsed body put into a text: Array",
			fix:    "Verify file_get_contents('php://input') or $request->getContent(), and parse afterwards.",
			recipe: signsInstead("Array"),
		},
		{
			name: "body-as-latin1", does: "reads the body as Latin-1 and encodes it as UTF-8 again",
			fix:    "Keep the body as bytes, or decode it as UTF-8: no 'latin1' or 'binary' encoding on the way.",
			recipe: signsBody(func(body []byte) ([]byte, bool) { return latin1(body), true }),
		},
		{
			name: "body-line-break-added", does: "adds a line break to the body (echo in a shell, json.Encoder in Go)",
			fix:    "Verify the bytes as they came: printf '%s' or echo -n in a shell, io.ReadAll(r.Body) in Go.",
			recipe: signsBody(func(body []byte) ([]byte, bool) { return slices.Concat(body, []byte("\n")), true }),
		},
	}...)
}

// contentTwists put the three parts together in another way.
func contentTwists() []twist {
	const fix = "Sign `${X-Webhook-ID}.${X-Webhook-Timestamp}.${raw body}`: in this order, with dots between, nothing else."
	const asItCame = "Sign the text of X-Webhook-ID as it came: to keep it as a UUID, parse a copy of it."
	dot := []byte(".")
	return []twist{
		{
			name: "no-timestamp", does: "signs webhook id and body without the timestamp", fix: fix,
			recipe: signsContent(func(id, _ string, body []byte) []byte { return slices.Concat([]byte(id), dot, body) }),
		},
		{
			name: "timestamp-first", does: "signs timestamp, webhook id, body, in this order", fix: fix,
			recipe: signsContent(func(id, stamp string, body []byte) []byte { return join(".", stamp, id, body) }),
		},
		{
			name: "body-first", does: "signs the body, then webhook id and timestamp", fix: fix,
			recipe: signsContent(func(id, stamp string, body []byte) []byte {
				return slices.Concat(body, dot, []byte(id), dot, []byte(stamp))
			}),
		},
		{
			name: "body-then-timestamp", does: "signs the body and then the timestamp, without the webhook id", fix: fix,
			recipe: signsContent(func(_, stamp string, body []byte) []byte { return slices.Concat(body, dot, []byte(stamp)) }),
		},
		{
			name: "no-separator", does: "joins webhook id, timestamp and body with nothing between", fix: fix,
			recipe: signsContent(func(id, stamp string, body []byte) []byte { return join("", id, stamp, body) }),
		},
		{
			name: "timestamp-and-body-joined", does: "joins timestamp and body with nothing between, without the webhook id", fix: fix,
			recipe: signsContent(func(_, stamp string, body []byte) []byte { return slices.Concat([]byte(stamp), body) }),
		},
		{
			name: "colon-separator", does: "joins webhook id, timestamp and body with colons", fix: fix,
			recipe: signsContent(func(id, stamp string, body []byte) []byte { return join(":", id, stamp, body) }),
		},
		{
			name: "line-separator", does: "joins webhook id, timestamp and body with line breaks", fix: fix,
			recipe: signsContent(func(id, stamp string, body []byte) []byte { return join("\n", id, stamp, body) }),
		},
		{
			name: "slack-content", does: "joins v0, timestamp and body with colons, without the webhook id, as Slack does", fix: fix,
			recipe: signsContent(func(_, stamp string, body []byte) []byte { return join(":", "v0", stamp, body) }),
		},
		{
			name: "version-signed", does: "puts v1. before webhook id, timestamp and body", fix: fix,
			recipe: signsContent(func(id, stamp string, body []byte) []byte {
				return slices.Concat([]byte(Version+"."), join(".", id, stamp, body))
			}),
		},
		{
			name: "id-without-dashes", does: "takes the dashes out of the webhook id before it signs it", fix: asItCame,
			recipe: signsContent(func(id, stamp string, body []byte) []byte {
				return join(".", strings.ReplaceAll(id, "-", ""), stamp, body)
			}),
		},
		{
			name: "id-in-upper-case", does: "puts the webhook id into upper case before it signs it", fix: asItCame,
			recipe: signsContent(func(id, stamp string, body []byte) []byte { return join(".", strings.ToUpper(id), stamp, body) }),
		},
		{
			name: "timestamp-signed-as-milliseconds", does: "signs the timestamp after multiplying it by 1000",
			fix:    "Sign the text of X-Webhook-Timestamp as it came; convert a copy of it for the age check.",
			recipe: signsTime(func(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }),
		},
		{
			name: "timestamp-signed-as-float", does: "signs the timestamp after turning it into a float, as 1700000000.0",
			fix:    "Sign the text of X-Webhook-Timestamp as it came; convert a copy of it for the age check.",
			recipe: signsTime(func(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) + ".0" }),
		},
		{
			name: "timestamp-signed-as-date", does: "signs the timestamp after turning it into a date, as 2023-11-14T22:13:20.000Z",
			fix:    "Sign the text of X-Webhook-Timestamp as it came; convert a copy of it for the age check.",
			recipe: signsTime(func(t time.Time) string { return t.UTC().Format(isoDate) }),
		},
	}
}

// isoDate is what Date.prototype.toISOString prints.
const isoDate = "2006-01-02T15:04:05.000Z"

// signsTime replaces the timestamp within the content, not in the header.
func signsTime(format func(time.Time) string) recipe {
	return recipe{content: func(id, stamp string, body []byte) ([]byte, bool) {
		n, err := parseTimestamp(stamp)
		if err != nil {
			return nil, false
		}
		return join(".", id, format(time.Unix(n, 0)), body), true
	}}
}

// pythonBytes is what Python prints for bytes: b'...'.
func pythonBytes(b []byte) []byte {
	quote := byte('\'')
	if slices.Contains(b, '\'') && !slices.Contains(b, '"') {
		quote = '"'
	}
	const digits = "0123456789abcdef"
	out := append(make([]byte, 0, len(b)+16), 'b', quote)
	for _, c := range b {
		switch {
		case c == quote || c == '\\':
			out = append(out, '\\', c)
		case c == '\n':
			out = append(out, `\n`...)
		case c == '\r':
			out = append(out, `\r`...)
		case c == '\t':
			out = append(out, `\t`...)
		case c < 0x20 || c >= 0x7F:
			out = append(out, '\\', 'x', digits[c>>4], digits[c&15])
		default:
			out = append(out, c)
		}
	}
	return append(out, quote)
}
