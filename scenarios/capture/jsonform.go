package capture

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/tidwall/gjson"
)

// parseJSON reads any JSON that has headers and a body somewhere: a HAR file or
// an entry of one, a collection, an inspector's export, an event of a serverless
// platform, lines of a structured log.
func (p Parser) parseJSON(text string, depth int) ([]Request, error) {
	rest, line := begin(text)
	trimmed := strings.TrimRight(strings.TrimSpace(rest), ";,")
	var documents []string
	broken := ""
	if gjson.Valid(trimmed) {
		documents = []string{trimmed}
	} else {
		for l := range strings.Lines(rest) {
			documents = append(documents, firstJSON(l)...)
		}
		if strings.IndexByte("{[", trimmed[0]) >= 0 {
			broken = trimmed
		}
	}
	w := walker{parser: p, depth: depth}
	for _, d := range documents {
		w.walk(gjson.Parse(d), nil, 0)
	}
	if len(w.requests) == 0 {
		for _, d := range documents {
			w.texts(gjson.Parse(d), 0)
		}
	}
	if len(w.requests) == 0 {
		for _, d := range documents {
			w.unsigned(gjson.Parse(d), nil, 0)
		}
	}
	if signed := w.signed(); len(signed) > 0 {
		return signed, nil
	}
	switch {
	case len(w.requests) > 0:
		return w.requests, nil
	case broken != "":
		return nil, brokenJSON(broken, line)
	case len(documents) == 0:
		return nil, fmt.Errorf("%w: line %d: there is no JSON in it", ErrNothing, line)
	}
	return nil, nothingIn(gjson.Parse(documents[0]), line)
}

// firstJSON is the first object or list in a line, behind a time in brackets or
// other words; none where there is none.
func firstJSON(line string) []string {
	const most = 8 // brackets that begin no JSON
	for range most {
		at := strings.IndexAny(line, "{[")
		if at < 0 {
			break
		}
		var raw json.RawMessage
		if json.NewDecoder(strings.NewReader(line[at:])).Decode(&raw) != nil {
			raw = raw[:0]
		} else if raw[0] == '{' || mentionsSignature(string(raw)) { // [7] is a number of the log
			return []string{string(raw)}
		}
		line = line[at+max(1, len(raw)):]
	}
	return nil
}

// brokenJSON says where JSON ends, or is none.
func brokenJSON(text string, line int) error {
	var syntax *json.SyntaxError
	err := json.Unmarshal([]byte(text), new(json.RawMessage))
	if !errors.As(err, &syntax) {
		return fmt.Errorf("line %d: the JSON cannot be read", line)
	}
	line += strings.Count(text[:min(int(syntax.Offset), len(text))], "\n")
	if strings.HasPrefix(syntax.Error(), "unexpected end") {
		return fmt.Errorf("line %d: the JSON ends too early: was it cut off?", line)
	}
	return fmt.Errorf("line %d: this is not JSON: %w", line, err)
}

// nothingIn says what a JSON is that has no request in it.
func nothingIn(document gjson.Result, line int) error {
	if entries := document.Get("log.entries"); entries.IsArray() {
		return fmt.Errorf("%w: line %d: none of the %d entries of this HAR file carries X-Webhook-Signature", ErrNothing, line, len(entries.Array()))
	}
	if document.Get("field").Exists() && document.IsObject() {
		return fmt.Errorf("line %d: this is the body of a delivery alone; the request's headers are needed too: they carry the signature", line)
	}
	return fmt.Errorf("line %d: this is JSON, but no part of it has the headers of a delivery and its body; give the whole request, headers too", line)
}

// walker looks for requests in a JSON value.
type walker struct {
	parser   Parser
	depth    int
	requests []Request
}

const (
	maxNesting  = 24
	maxRequests = 200
)

func (w *walker) signed() []Request {
	var signed []Request
	for _, r := range w.requests {
		if r.signed() {
			signed = append(signed, r)
		}
	}
	return signed
}

// walk looks at v and what is in it; above are the objects that v is in, the
// nearest last.
func (w *walker) walk(v gjson.Result, above []gjson.Result, nesting int) {
	if nesting > maxNesting || len(w.requests) >= maxRequests || !v.IsObject() && !v.IsArray() {
		return
	}
	if v.IsObject() {
		for _, tells := range []func(Request) bool{Request.signed, Request.foreign} {
			if headers, ok := headersIn(v, tells); ok {
				w.add(requestOf(v, above, headers))
				return
			}
		}
		above = append(above[:len(above):len(above)], v)
	}
	v.ForEach(func(key, value gjson.Result) bool {
		if !isResponse(key.String()) {
			w.walk(value, above, nesting+1)
		}
		return true
	})
}

// foreign reports whether another service signed r.
func (r Request) foreign() bool {
	service, _ := r.OtherSender()
	return service != ""
}

func isResponse(key string) bool {
	return strings.HasPrefix(strings.ToLower(key), "response") || strings.EqualFold(key, "res")
}

func (w *walker) add(r Request) {
	for _, known := range w.requests {
		if fmt.Sprint(known) == fmt.Sprint(r) {
			return // Postman repeats a request beside each answer that it saved
		}
	}
	w.requests = append(w.requests, r)
}

// headersIn is the first field of an object that holds headers which tell
// something, or the object itself where headers are its fields.
func headersIn(v gjson.Result, tells func(Request) bool) ([]Header, bool) {
	var found []Header
	v.ForEach(func(key, value gjson.Result) bool {
		if isResponse(key.String()) {
			return true
		}
		if value.Type == gjson.String && !strings.Contains(strings.ToLower(key.String()), "header") {
			return true
		}
		if headers := headersOf(value); tells(Request{Headers: headers}) {
			found = headers
		}
		return found == nil
	})
	if found == nil {
		if headers := headersOf(v); tells(Request{Headers: headers}) {
			found = headers
		}
	}
	return found, found != nil
}

// headersOf reads headers in any form that programs write them in; nil where v
// is none of them.
func headersOf(v gjson.Result) []Header {
	var headers []Header
	add := func(name string, value gjson.Result) {
		values := unwrapped(value, 0)
		if len(values) == 2 && RoleOfIs(name, Signature) && values[0].String() == "v1" { // split at the comma
			headers = append(headers, Header{name, "v1," + values[1].String()})
			return
		}
		for _, one := range values {
			if !one.IsObject() && !one.IsArray() && one.Type != gjson.Null {
				headers = append(headers, Header{name, one.String()})
			}
		}
	}
	switch {
	case v.IsObject():
		v.ForEach(func(key, value gjson.Result) bool {
			add(key.String(), value)
			return true
		})
	case v.IsArray():
		items := v.Array()
		if len(items) > 1 && len(items)%2 == 0 && items[0].Type == gjson.String && !strings.ContainsAny(items[0].String(), ": ") {
			for i := 0; i < len(items); i += 2 {
				add(items[i].String(), items[i+1])
			}
			return headers
		}
		for _, item := range items {
			switch pair := item.Array(); {
			case item.IsObject():
				name := firstOf(item, "name", "Name", "key", "Key", "header", "field", "k", "n")
				add(name.String(), firstOf(item, "value", "Value", "val", "v", "values"))
			case item.IsArray() && len(pair) == 2:
				add(pair[0].String(), pair[1])
			case item.Type == gjson.String:
				if name, value, ok := strings.Cut(item.String(), ":"); ok {
					headers = append(headers, Header{strings.TrimSpace(name), strings.TrimSpace(value)})
				}
			}
		}
	case v.Type == gjson.String && mentionsSignature(v.String()):
		return headersOfText(v.String())
	}
	return headers
}

// unwrapped are the values that a program has put into lists, or into objects that say
// what they are ({"key": …, "value": …}, {"arrayValue": {"values": [{"stringValue": …}]}}).
func unwrapped(v gjson.Result, nesting int) []gjson.Result {
	const most = 5
	var all []gjson.Result
	switch {
	case nesting > most:
	case v.IsArray():
		for _, item := range v.Array() {
			all = append(all, unwrapped(item, nesting+1)...)
		}
	case v.IsObject():
		all = unwrapped(firstOf(v, "value", "val", "stringValue", "S", "arrayValue", "values", "L", "SS", "equalTo"), nesting+1)
	case v.Exists():
		all = append(all, v)
	}
	return all
}

// headersOfText reads headers that were put into one text.
func headersOfText(text string) []Header {
	if trimmed := strings.TrimSpace(text); gjson.Valid(trimmed) && strings.IndexByte("{[", trimmed[0]) >= 0 {
		return headersOf(gjson.Parse(trimmed))
	}
	var headers []Header
	for l := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(l), ":"); ok && isToken(name) {
			headers = append(headers, Header{name, strings.TrimSpace(value)})
		}
	}
	if len(headers) < 2 {
		return looseHeaders(text)
	}
	return headers
}

// RoleOfIs reports whether a header's name has this role.
func RoleOfIs(name string, role Role) bool {
	got, _ := RoleOf(name)
	return got == role
}

// firstOf is the first of these fields that v has.
func firstOf(v gjson.Result, names ...string) gjson.Result {
	for _, name := range names {
		if f := field(v, name); f.Exists() {
			return f
		}
	}
	return gjson.Result{}
}

// field is a field by its plain name, without gjson's paths, in any case.
func field(v gjson.Result, name string) gjson.Result {
	var found gjson.Result
	if !v.IsObject() {
		return found
	}
	v.ForEach(func(key, value gjson.Result) bool {
		if strings.EqualFold(key.String(), name) {
			found = value
		}
		return !found.Exists()
	})
	return found
}

// texts looks into the texts within v, which may be captures themselves.
func (w *walker) texts(v gjson.Result, nesting int) {
	if nesting > maxNesting || len(w.requests) > 0 || w.depth+1 >= maxDepth {
		return
	}
	if v.IsObject() || v.IsArray() {
		v.ForEach(func(_, value gjson.Result) bool {
			w.texts(value, nesting+1)
			return len(w.requests) == 0
		})
		return
	}
	text := v.String()
	if decoded, ok := fromBase64(text); ok && (regexp.MustCompile(`^[A-Z]+ \S+ HTTP/`).Match(decoded) || utf8.Valid(decoded) && mentionsSignature(string(decoded))) {
		text = string(decoded)
	}
	if len(text) < 20 || !mentionsSignature(text) {
		return
	}
	if readings, err := w.parser.readings([]byte(text), w.depth+1); err == nil {
		w.requests = append(w.requests, readings[0].Requests...)
	}
}

// unsigned looks for a request whose headers are there, without a signature.
func (w *walker) unsigned(v gjson.Result, above []gjson.Result, nesting int) {
	usual := func(r Request) bool {
		return r.Get("Content-Type") != "" || r.Get("Host") != "" || r.Get("User-Agent") != ""
	}
	if nesting > maxNesting || !v.IsObject() && !v.IsArray() {
		return
	}
	if v.IsObject() {
		if headers, ok := headersIn(v, usual); ok {
			if r := requestOf(v, above, headers); r.Lost == "" && regexp.MustCompile(`"field"|"payload"`).Match(r.Body) {
				w.add(r)
			}
			return
		}
		above = append(above[:len(above):len(above)], v)
	}
	v.ForEach(func(key, value gjson.Result) bool {
		if !isResponse(key.String()) {
			w.unsigned(value, above, nesting+1)
		}
		return true
	})
}
