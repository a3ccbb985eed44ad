package capture

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
)

// requestOf makes a request of the object that has its headers. The body is in
// it, or in one of the objects around it.
func requestOf(v gjson.Result, above []gjson.Result, headers []Header) Request {
	r := Request{Method: "POST", Reported: true, Headers: slices.DeleteFunc(headers, func(h Header) bool { return strings.HasPrefix(h.Name, ":") })}
	if method := firstOf(v, "method", "httpMethod", "verb", "request_method"); method.Type == gjson.String && method.String() != "" {
		r.Method = method.String()
	}
	url := firstOf(v, "url", "uri", "path", "rawPath", "endpoint")
	if url.IsObject() {
		url = firstOf(url, "raw", "full", "path")
	}
	r.URL = url.String()
	places := []gjson.Result{v}
	for i := len(above) - 1; i >= 0 && i >= len(above)-3; i-- {
		places = append(places, above[i])
	}
	for _, place := range places {
		for _, name := range []string{"bodySize", "body_size", "contentLength", "content_length", "size"} {
			if n := field(place, name); n.Type == gjson.Number && r.Length == 0 && n.Int() > 0 {
				r.Length = n.Int()
			}
		}
	}
	b := found{}
	for _, place := range places {
		if c := bodyIn(place, bodyNames(), 0); c.better(b) {
			b = c
		}
	}
	for i, h := range r.Headers { // telemetry lists headers and body alike
		if b.rank == 0 && beginsEvent().MatchString(h.Value) {
			b = found{body: []byte(h.Value), rank: rankDelivery}
			r.Headers = slices.Delete(r.Headers, i, i+1)
			break
		}
	}
	r.Body, r.Parsed = b.body, b.parsed
	if b.note != "" {
		r.Notes = append(r.Notes, b.note)
	}
	if len(b.body) == 0 {
		r.Lost, r.Remedy = "the body is not in the capture: it was not recorded", "Record the request again with its body, to the last byte."
		if b.lost != "" {
			r.Lost = b.lost
		} else if r.Length > 0 {
			r.Lost = fmt.Sprintf("the body of %d bytes is not in the capture: it was not recorded", r.Length)
		}
	}
	return r
}

// found is a body, and how good the place is where it was found.
type found struct {
	body   []byte
	parsed bool
	note   string
	lost   string
	rank   int // 0: nothing
}

func (f found) better(than found) bool {
	if f.rank == than.rank {
		return than.lost == "" && f.lost != ""
	}
	return f.rank > than.rank
}

// bodyNames are the names of a body's field, the surest first.
func bodyNames() []string {
	return []string{
		"rawBody", "raw_body", "bodyRaw", "body_raw", "rawRequestBody", "rawPayload", "rawModeData", "raw_payload", "bodyBase64", "body_base64", "base64Body", "bodyBytes", "body_bytes",
		"bodyText", "body_text", "bodyString", "body_string", "requestBody", "request_body", "reqBody", "request_payload", "requestPayload",
		"postData", "post_data", "json", "httpBody", "http_body", "http.request.body", "request.body", "body", "content", "payload", "data", "raw", "text", "message", "request", "req", "event", "input", "value", "string", "stringValue", "S", "$binary", "base64",
	}
}

// bodyIn looks for the body among the fields of v that have these names.
func bodyIn(v gjson.Result, names []string, nesting int) found {
	best := found{}
	if nesting > 4 {
		return best
	}
	for i, name := range names {
		value := field(v, name)
		if !value.Exists() || value.Type == gjson.Null {
			continue
		}
		f := bodyOf(value, v, name, nesting)
		if f.rank > 0 {
			f.rank += len(names) - i
		}
		if f.better(best) {
			best = f
		}
	}
	return best
}

// How sure it is that a value is the body: a delivery's text, any text, a value
// that was parsed.
const (
	rankText     = 100
	rankParsed   = 200
	rankDelivery = 300
)

// bodyOf reads the value of a body's field. around is the object that has it.
func bodyOf(value, around gjson.Result, name string, nesting int) found {
	switch {
	case value.Type == gjson.String:
		return bodyOfText(value.String(), around, name)
	case value.IsArray():
		if b, ok := bytesOf(value); ok {
			return found{body: b, rank: rankDelivery, note: "the body was given as a list of bytes"}
		}
		if items := value.Array(); len(items) > 0 && items[0].Type == gjson.String { // chunks
			var all strings.Builder
			for _, item := range items {
				all.WriteString(item.String())
			}
			return bodyOfText(all.String(), around, name)
		}
	case value.IsObject():
		if b, ok := bytesOf(firstOf(value, "data", "bytes")); ok {
			return found{body: b, rank: rankDelivery, note: "the body was given as a list of bytes"}
		}
		if b, ok := bytesOf(value); ok {
			return found{body: b, rank: rankDelivery, note: "the body was given as a list of bytes"}
		}
		if field(value, "field").Type == gjson.String && (field(value, "payload").Exists() || name == "body") {
			return found{body: []byte(value.Raw), parsed: true, rank: rankParsed}
		}
		names := bodyNames()
		if strings.Contains(strings.ToLower(name), "body") { // what arrived: a relay may have put it around the event
			names = slices.DeleteFunc(names, func(inner string) bool {
				return slices.Contains([]string{"message", "request", "req", "event", "input", "payload"}, inner)
			})
		}
		if inner := bodyIn(value, names, nesting+1); inner.rank > 0 || inner.lost != "" {
			return inner
		}
		if inner := deliveryIn(value); inner.rank > 0 {
			return inner
		}
		if params := field(value, "params"); params.IsArray() && len(params.Array()) > 0 {
			return found{lost: "the body was recorded as form fields only (params); the exact bytes are not in the capture"}
		}
		if name == "body" || name == "payload" || name == "data" {
			return found{body: []byte(value.Raw), parsed: true, rank: rankText / 2}
		}
	}
	return found{}
}

// deliveryIn is the text of a delivery, plain or in base64, in an object that a
// program writes for a body ({"base64_string": …}). The field's name says that it
// has the body's bytes; under another name it may be what a relay put around them.
func deliveryIn(v gjson.Result) (best found) {
	named := regexp.MustCompile(`(?i)base64|bytes|binary|string|text|raw`)
	v.ForEach(func(key, value gjson.Result) bool {
		if value.Type != gjson.String || !named.MatchString(key.String()) {
			return true
		}
		f := found{body: []byte(value.String()), rank: rankDelivery}
		if decoded, ok := fromBase64(value.String()); ok {
			f.body, f.note = decoded, "the body was decoded from base64"
		}
		if beginsEvent().Match(f.body) {
			best = f
		}
		return best.rank == 0
	})
	return best
}

// beginsEvent tells a body of Sent by its first field.
func beginsEvent() *regexp.Regexp { return regexp.MustCompile(`^\s*\{\s*"field"`) }

func bodyOfText(text string, around gjson.Result, name string) found {
	f := found{body: []byte(text), rank: rankText}
	encoded := strings.Contains(strings.ToLower(name), "base64")
	for _, flag := range []string{"isBase64Encoded", "is_base64_encoded", "isBase64", "base64", "bodyIsBase64", "base64Encoded"} {
		encoded = encoded || field(around, flag).Type == gjson.True
	}
	for _, flag := range []string{"encoding", "bodyEncoding", "body_encoding", "contentTransferEncoding"} {
		encoded = encoded || strings.EqualFold(field(around, flag).String(), "base64")
	}
	if decoded, err := base64.StdEncoding.DecodeString(text); err == nil && encoded {
		f.body = decoded
		f.note = "the body was decoded from base64, as the capture says"
	} else if decoded, ok := fromBase64(text); ok && encoded {
		f.body = decoded
		f.note = "the body was decoded from base64, as the capture says"
	} else if ok && regexp.MustCompile(`^[A-Z]+ \S+ HTTP/`).Match(decoded) || regexp.MustCompile(`^(POST|PUT|GET) \S+ HTTP/`).MatchString(text) {
		if !ok {
			decoded = []byte(text)
		}
		if all, err := parseRaw(decoded, 1); err == nil && all[0].Lost == "" {
			f.body = all[0].Body
		}
	}
	switch {
	case len(f.body) == 0:
		return found{}
	case name == "string" || name == "message" || name == "event" || name == "input" || name == "value" || name == "request" || name == "req":
		if !regexp.MustCompile(`^\s*"?\{.*\bfield\b`).Match(f.body) {
			return found{}
		}
	}
	if regexp.MustCompile(`field|^[A-Za-z0-9+/_=-]{60,}$|^\x1f\x8b`).Match(f.body) {
		f.rank = rankDelivery
	}
	return f
}

// bytesOf reads a list of numbers, or the object that JavaScript makes of bytes.
func bytesOf(v gjson.Result) ([]byte, bool) {
	var out []byte
	ok := v.IsArray() || v.IsObject()
	n := 0
	v.ForEach(func(key, value gjson.Result) bool {
		ok = value.Type == gjson.Number && value.Num >= -128 && value.Num <= 255 && (v.IsArray() || key.String() == fmt.Sprint(n))
		if ok {
			out = append(out, byte(int(value.Num)))
		}
		n++
		return ok
	})
	return out, ok && len(out) > 0
}

// fromBase64 decodes either alphabet, padded or not, line breaks or not.
func fromBase64(text string) ([]byte, bool) {
	text = strings.NewReplacer("-", "+", "_", "/", "\n", "", "\r", "", " ", "", "=", "").Replace(text)
	if len(text) < 8 {
		return nil, false
	}
	decoded, err := base64.RawStdEncoding.DecodeString(text)
	return decoded, err == nil
}
