package signing

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// bodyEdit is something that happens to the body before it is verified; false
// where it does not happen to this one.
type bodyEdit struct {
	name, does, fix string
	change          func(body []byte) ([]byte, bool)
}

// changedBodies are the mistakes of verifying a body that something has changed.
// One that changes nothing, or in the way of one before it, is no mistake of its
// own for that body.
func changedBodies() []twist {
	all := &editing{edits: bodyEdits()}
	twists := make([]twist, 0, len(all.edits))
	for i, c := range all.edits {
		twists = append(twists, twist{name: c.name, does: c.does, fix: c.fix, recipe: signsBody(func(body []byte) ([]byte, bool) {
			changed := all.of(body)[i]
			return changed, changed != nil
		})})
	}
	return twists
}

// editing remembers what the edits made of the last body: every mistake of a
// list asks for the same one.
type editing struct {
	edits []bodyEdit

	mu   sync.Mutex
	body []byte
	made [][]byte // nil where an edit is none of its own
}

func (e *editing) of(body []byte) [][]byte {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.made != nil && bytes.Equal(e.body, body) {
		return e.made
	}
	e.body, e.made = bytes.Clone(body), make([][]byte, len(e.edits))
	known := madeEarlier(body)
	for i, c := range e.edits {
		changed, ok := c.change(body)
		if !ok || known[string(changed)] {
			continue
		}
		known[string(changed)] = true
		e.made[i] = append([]byte{}, changed...)
	}
	return e.made
}

// madeEarlier is what the other mistakes with the body make of it, and the body itself.
func madeEarlier(body []byte) map[string]bool {
	known := map[string]bool{string(body): true, "": true, "[object Object]": true, "undefined": true, "None": true, "Array": true}
	for _, p := range printers() {
		if same, ok := p.print(body); ok {
			known[string(same)] = true
		}
	}
	for _, same := range [][]byte{appendJSString(nil, string(body)), pythonBytes(body), latin1(body), slices.Concat(body, []byte("\n"))} {
		known[string(same)] = true
	}
	return known
}

const verifyRaw = "Verify the raw bytes as they arrived, before anything decodes, filters or parses them: express.raw({type: 'application/json'}), await request.text(), request.get_data(), io.ReadAll(r.Body), file_get_contents('php://input'), request.raw_post."

func bodyEdits() []bodyEdit {
	return slices.Concat(encodedBodies(), escapedBodies(), reprintedBodies(), modelledBodies(), payloadBodies())
}

// always is a change that happens to every body.
func always(change func(body []byte) []byte) func([]byte) ([]byte, bool) {
	return func(body []byte) ([]byte, bool) { return change(body), true }
}

func replaced(pairs ...string) func([]byte) ([]byte, bool) {
	return always(func(body []byte) []byte { return []byte(strings.NewReplacer(pairs...).Replace(string(body))) })
}

func encodedBodies() []bodyEdit {
	const lambda = "Decode the body first where the platform says isBase64Encoded (AWS Lambda, API Gateway, Netlify): Buffer.from(event.body, 'base64'). " + verifyRaw
	return []bodyEdit{
		{"body-as-base64", "verifies the base64 text of the body, as a serverless platform hands it over", lambda, always(func(b []byte) []byte { return base64.StdEncoding.AppendEncode(nil, b) })},
		{"body-as-urlsafe-base64", "verifies the body in URL-safe base64", lambda, always(func(b []byte) []byte { return base64.RawURLEncoding.AppendEncode(nil, b) })},
		{"body-as-hex", "verifies the body written in hex", verifyRaw, always(func(b []byte) []byte { return hex.AppendEncode(nil, b) })},
		{"body-form-decoded", "decodes the body as a form before it verifies it: '+' becomes a space", verifyRaw + " A parser for forms (express.urlencoded, $_POST, request.form) must not see it.", func(body []byte) ([]byte, bool) {
			text, err := url.QueryUnescape(string(body))
			return []byte(text), err == nil
		}},
		{"body-plus-as-space", "verifies a body in which every '+' has become a space, as when a form is decoded", verifyRaw, replaced("+", " ")},
		{"body-percent-encoded", "verifies the body percent-encoded, as a form", verifyRaw, always(func(b []byte) []byte { return []byte(url.QueryEscape(string(b))) })},
		{"body-as-form-field", "verifies the JSON that a parser for forms makes of the body: the whole body is the name of a field", verifyRaw, func(body []byte) ([]byte, bool) {
			return slices.Concat([]byte("{"), appendJSString(nil, strings.ReplaceAll(string(body), "+", " ")), []byte(`:""}`)), true
		}},
		{"body-as-utf16", "verifies the body in UTF-16, as Encoding.Unicode.GetBytes writes it", "Use Encoding.UTF8.GetBytes, or better the bytes that came. " + verifyRaw, always(utf16Bytes)},
		{"body-with-byte-order-mark", "verifies the body with a byte order mark (BOM) in front", verifyRaw, always(func(b []byte) []byte { return slices.Concat([]byte("\ufeff"), b) })},
		{"body-with-crlf", "adds a Windows line break to the body", verifyRaw, always(func(b []byte) []byte { return slices.Concat(b, []byte("\r\n")) })},
		{"body-trimmed", "trims the body before it verifies it", verifyRaw, always(bytes.TrimSpace)},
		{"body-without-spaces", "takes all blanks out of the body before it verifies it", verifyRaw, always(func(b []byte) []byte { return bytes.Join(bytes.Fields(b), nil) })},
		{"body-spaces-collapsed", "makes one blank of several in the body before it verifies it", verifyRaw, always(func(b []byte) []byte { return bytes.Join(bytes.Fields(b), []byte(" ")) })},
		{"body-lower-case", "verifies the body in lower case", verifyRaw, always(bytes.ToLower)},
		{"body-upper-case", "verifies the body in upper case", verifyRaw, always(bytes.ToUpper)},
		{"body-as-ascii", "verifies the body with a '?' for each character that is not ASCII", verifyRaw, always(func(b []byte) []byte {
			return []byte(strings.Map(func(r rune) rune {
				if r >= utf8.RuneSelf {
					return '?'
				}
				return r
			}, string(b)))
		})},
		{"body-utf8-as-latin1", "reads the body as UTF-8 and verifies it in Latin-1", verifyRaw, always(toLatin1)},
		{"body-hashed", "verifies the SHA-256 of the body, in hex, in the place of the body", verifyRaw, always(func(b []byte) []byte {
			sum := sha256.Sum256(b)
			return hex.AppendEncode(nil, sum[:])
		})},
		{"body-null", "verifies the text 'null' in place of a body", verifyRaw, always(func([]byte) []byte { return []byte("null") })},
		{"body-empty-object", "verifies {} in place of the body, which a parser has left empty", "The parser did not take the body for JSON, or had been there before. " + verifyRaw, always(func([]byte) []byte { return []byte("{}") })},
		{"body-cut", "verifies only the first 256 bytes of the body", verifyRaw, always(func(b []byte) []byte { return b[:min(256, len(b))] })},
	}
}

func escapedBodies() []bodyEdit {
	const fix = "A filter that escapes or sanitises HTML changes the body first (an XSS filter, htmlspecialchars over all input, a sanitising middleware): leave the webhook's route out of it, and escape where you print. " + verifyRaw
	amp := []string{"&", "&amp;", "<", "&lt;", ">", "&gt;"}
	return []bodyEdit{
		{"body-html-escaped", `HTML-escapes the body (& < > " ') before it verifies it`, fix, replaced(append(amp, `"`, "&quot;", "'", "&#39;")...)},
		{"body-html-escaped-php", "puts the body through htmlspecialchars before it verifies it", fix, replaced(append(amp, `"`, "&quot;", "'", "&#039;")...)},
		{"body-html-escaped-python", "puts the body through html.escape before it verifies it", fix, replaced(append(amp, `"`, "&quot;", "'", "&#x27;")...)},
		{"body-html-escaped-go", "puts the body through html.EscapeString before it verifies it", fix, replaced(append(amp, `"`, "&#34;", "'", "&#39;")...)},
		{"body-html-escaped-slash", "HTML-escapes the body, '/' included, before it verifies it", fix, replaced(append(amp, `"`, "&quot;", "'", "&#x27;", "/", "&#x2F;")...)},
		{"body-html-escaped-amp-quot", "HTML-escapes & and quotes in the body before it verifies it", fix, replaced("&", "&amp;", `"`, "&quot;")},
		{"body-html-escaped-tags", "HTML-escapes &, < and > in the body before it verifies it", fix, replaced(amp...)},
		{"body-html-escaped-angles", "HTML-escapes < and > in the body before it verifies it", fix, replaced("<", "&lt;", ">", "&gt;")},
		{"body-quotes-html-escaped", "HTML-escapes the quotes in the body before it verifies it", fix, replaced(`"`, "&quot;")},
		{"body-quotes-numeric", "HTML-escapes the quotes in the body, as &#34;, before it verifies it", fix, replaced(`"`, "&#34;", "'", "&#39;")},
		{"body-slashes-added", "escapes the body's quotes with backslashes (addslashes, magic quotes) before it verifies it", fix, replaced(`\`, `\\`, `"`, `\"`, "'", `\'`)},
		{"body-slashes-stripped", "takes the backslashes out of the body (stripslashes) before it verifies it", fix, replaced(`\`, "")},
	}
}

// compactStyle prints without blanks and keeps numbers.
func compactStyle(text func([]byte, string) []byte) jsonStyle {
	return jsonStyle{comma: ",", colon: ":", number: pythonNumber, text: text}
}

func asciiText(dst []byte, s string) []byte {
	return appendEscaped(dst, s, func(r rune) bool { return r >= 0x7F }, "0123456789abcdef")
}

func slashText(dst []byte, s string) []byte {
	at := len(dst)
	dst = appendJSString(dst, s)
	return append(dst[:at:at], bytes.ReplaceAll(dst[at:], []byte("/"), []byte(`\/`))...)
}

func gsonText(dst []byte, s string) []byte {
	return appendEscaped(dst, s, func(r rune) bool { return strings.ContainsRune("<>&='\u2028\u2029", r) }, "0123456789abcdef")
}

func goText(dst []byte, s string) []byte {
	return appendEscaped(dst, s, func(r rune) bool { return strings.ContainsRune("<>&\u2028\u2029", r) }, "0123456789abcdef")
}

// reprintedBodies parse the body and print it again, each in the way of some library.
func reprintedBodies() []bodyEdit {
	spaced := pythonStyle()
	spaced.text = appendJSString
	sorted := func(st jsonStyle) func([]byte) ([]byte, bool) {
		return func(body []byte) ([]byte, bool) {
			n, ok := parseJSON(body)
			if !ok {
				return nil, false
			}
			sortMembers(&n)
			return st.append(make([]byte, 0, 2*len(body)), n, 0), true
		}
	}
	without := func(body []byte) ([]byte, bool) {
		n, ok := parseJSON(body)
		if !ok {
			return nil, false
		}
		dropNull(&n)
		return compactStyle(appendJSString).append(nil, n, 0), true
	}
	return append(datedBodies(), []bodyEdit{
		{"reserialised-compact-ascii", "verifies json.dumps(body, separators=(',', ':')) of the parsed body, which escapes what is not ASCII", verifyRaw, compactStyle(asciiText).print},
		{"reserialised-compact", "verifies the parsed body printed again without blanks (json_encode, to_json, Jackson, serde): numbers and escapes come out in another way", verifyRaw, compactStyle(appendJSString).print},
		{"reserialised-python-unicode", "verifies json.dumps(body, ensure_ascii=False) of the parsed body, which puts spaces after ',' and ':'", verifyRaw, spaced.print},
		{"reserialised-slashes", "verifies json_encode($body, JSON_UNESCAPED_UNICODE) of the parsed body, which escapes '/'", verifyRaw, compactStyle(slashText).print},
		{"reserialised-gson", "verifies what Gson prints of the parsed body, which escapes = < > & and '", verifyRaw, compactStyle(gsonText).print},
		{"reserialised-sorted", "verifies the parsed body printed again with sorted keys (a stable stringify, a BTreeMap, a canonical form)", verifyRaw, sorted(compactStyle(appendJSString))},
		{"reserialised-sorted-ascii", "verifies json.dumps(body, sort_keys=True, separators=(',', ':')) of the parsed body", verifyRaw, sorted(compactStyle(asciiText))},
		{"reserialised-sorted-spaced", "verifies json.dumps(body, sort_keys=True) of the parsed body", verifyRaw, sorted(pythonStyle())},
		{"reserialised-go-encoder", "verifies what json.Encoder prints of a body parsed into a map: sorted keys and a line break", verifyRaw, func(body []byte) ([]byte, bool) {
			printed, ok := printGo(body)
			return append(printed, '\n'), ok
		}},
		{"reserialised-go-struct", "verifies json.Marshal of the parsed body, which escapes <, > and &", verifyRaw, compactStyle(goText).print},
		{"reserialised-pretty-4", "verifies the parsed body printed again with an indentation of four spaces (JSON_PRETTY_PRINT, indent=4)", verifyRaw, javascriptStyle("    ").print},
		{"reserialised-pretty-tab", "verifies the parsed body printed again with tabs", verifyRaw, javascriptStyle("\t").print},
		{"reserialised-without-null", "verifies the parsed body printed again without the fields that are null", verifyRaw, without},
		{"body-as-python-dict", "verifies str() of the parsed body, which is a Python dict in single quotes", verifyRaw, func(body []byte) ([]byte, bool) {
			n, ok := parseJSON(body)
			if !ok || n.kind != nodeObject {
				return nil, false
			}
			return appendPythonDict(nil, n), true
		}},
		{"body-as-go-map", "verifies a parsed body put into a text with %v: map[…]", verifyRaw, func(body []byte) ([]byte, bool) {
			var v map[string]any
			if json.Unmarshal(body, &v) != nil || v == nil {
				return nil, false
			}
			return appendGoMap(nil, v), true
		}},
		{"body-as-java-map", "verifies toString() of the parsed body, which is {name=value, …} in Java", verifyRaw, func(body []byte) ([]byte, bool) {
			n, ok := parseJSON(body)
			if !ok || n.kind != nodeObject {
				return nil, false
			}
			return appendJavaMap(nil, n), true
		}},
	}...)
}

// datedBodies print the times in the body, or the event's alone, in another form,
// as a program does that has read them into objects.
func datedBodies() []bodyEdit {
	var all []bodyEdit
	for _, form := range []struct{ name, ending string }{{"milliseconds", ".000Z"}, {"offset", "+00:00"}, {"milliseconds-offset", ".000+00:00"}, {"no-zone", ""}} {
		for _, which := range []struct{ name, field string }{{"times", `[a-z_]+`}, {"timestamp", "timestamp"}} {
			written := regexp.MustCompile(`("` + which.field + `":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)Z"`)
			all = append(all, bodyEdit{
				"reserialised-" + which.name + "-" + form.name, "verifies a body that was read into objects and printed again, its " + which.name + " as in 12:00:00" + form.ending, verifyRaw,
				always(func(body []byte) []byte { return written.ReplaceAll(body, []byte("${1}"+form.ending+`"`)) }),
			})
		}
	}
	return all
}

// modelledBodies were read into an object of a type that has not every field, or
// has the payload as a map; or they were put into another object.
func modelledBodies() []bodyEdit {
	const fix = "What is parsed and printed again is another text: unknown fields are lost, and maps come out sorted. " + verifyRaw
	const wrapped = "The body is signed as it came, with nothing around it. " + verifyRaw
	printed := func(lost string, sorted bool, st jsonStyle) func([]byte) ([]byte, bool) {
		return func(body []byte) ([]byte, bool) {
			n, ok := parseJSON(body)
			if !ok || n.kind != nodeObject {
				return nil, false
			}
			if at := slices.Index(n.members, lost); at >= 0 {
				n.members, n.items = slices.Delete(n.members, at, at+1), slices.Delete(n.items, at, at+1)
			}
			if at := slices.Index(n.members, "payload"); sorted && at >= 0 {
				sortMembers(&n.items[at])
			}
			return st.append(make([]byte, 0, len(body)), n, 0), true
		}
	}
	within := func(name string) func([]byte) ([]byte, bool) {
		return func(body []byte) ([]byte, bool) {
			n, ok := parseJSON(body)
			if !ok {
				return nil, false
			}
			return javascriptStyle("").append(nil, node{kind: nodeObject, members: []string{name}, items: []node{n}}, 0), true
		}
	}
	return []bodyEdit{
		{"reserialised-without-request-id", "verifies the body printed again from an object that has no request_id", fix, printed("request_id", false, compactStyle(appendJSString))},
		{"reserialised-go-struct-map", "verifies json.Marshal of a struct that has the payload as a map, which sorts its keys", fix, printed("", true, compactStyle(goText))},
		{"reserialised-go-struct-map-without-request-id", "verifies json.Marshal of a struct that has no request_id, and the payload as a map, which sorts its keys", fix, printed("request_id", true, compactStyle(goText))},
		{"body-within-body", `verifies the parsed body within another object, as {"body":…}`, wrapped, within("body")},
		{"body-within-data", `verifies the parsed body within another object, as {"data":…}`, wrapped, within("data")},
		{"body-within-event", `verifies the parsed body within another object, as {"event":…}`, wrapped, within("event")},
	}
}

// payloadBodies take the payload for the body.
func payloadBodies() []bodyEdit {
	const fix = "The whole body is signed, not only its payload. " + verifyRaw
	of := func(st jsonStyle, sorted bool) func([]byte) ([]byte, bool) {
		return func(body []byte) ([]byte, bool) {
			n, _ := parseJSON(body)
			payload, ok := n.member("payload")
			if !ok {
				return nil, false
			}
			if sorted {
				sortMembers(&payload)
			}
			return st.append(nil, payload, 0), true
		}
	}
	return []bodyEdit{
		{"payload-only", "verifies the payload alone, not the whole body", fix, of(javascriptStyle(""), false)},
		{"payload-only-python", "verifies json.dumps of the payload alone, not the whole body", fix, of(pythonStyle(), false)},
		{"payload-only-php", "verifies json_encode of the payload alone, not the whole body", fix, of(phpStyle(), false)},
		{"payload-only-sorted", "verifies the payload alone, printed with sorted keys, not the whole body", fix, of(compactStyle(appendJSString), true)},
		{"payload-only-sorted-python", "verifies json.dumps(payload, sort_keys=True), not the whole body", fix, of(pythonStyle(), true)},
	}
}
