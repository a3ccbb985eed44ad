package explain

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"github.com/sentsim/sentsim/scenarios/capture"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/signing"
)

// reason is why a capture is not enough to judge a signature by.
type reason struct{ cause, summary, fix string }

const captureAgain = "Capture the request again, whole: all its headers, and the body to the last byte."

// headersFault says what the headers lack: they are another sender's, missing, or
// were made unreadable.
func headersFault(r capture.Request) (reason, bool) {
	var missing, blank []string
	for _, role := range []capture.Role{capture.ID, capture.Timestamp, capture.Signature} {
		values, names, _ := r.Values(role)
		present := false
		for i, v := range values {
			present = present || strings.TrimSpace(v) != ""
			if strings.TrimSpace(v) != "" && !unreadable(v, role) {
				blank = nil
				break
			}
			if strings.TrimSpace(v) != "" {
				blank = append(blank, names[i])
			}
		}
		if !present {
			missing = append(missing, role.Name())
		}
		if len(blank) > 0 && variable(r.Get(blank[0])) {
			return reason{"header-variable", fmt.Sprintf("the value of %s is %s, a variable of a shell, and what it stood for is not in the capture", blank[0], excerpt([]byte(r.Get(blank[0])))), "Give the command with the values filled in (set -x prints it so), or the request as it arrived."}, true
		}
		if len(blank) > 0 {
			return reason{"header-redacted", fmt.Sprintf("the value of %s is redacted or was cut off: what captured it blanked it out, or it was never filled in, so nothing can be judged", blank[0]), "Capture the request again with the values of its headers; a signature of an old delivery is no secret, and without it nothing can be checked."}, true
		}
	}
	if len(missing) == 0 {
		return reason{}, false
	}
	if service, header := r.OtherSender(); service != "" && len(missing) > 1 {
		return reason{"other-sender", fmt.Sprintf("this is a delivery of %s (it carries %s), not one of Sent: it has no %s", service, header, strings.Join(missing, ", no ")), "Give a delivery of Sent; verify this one in the way that " + service + " describes."}, true
	}
	if len(missing) == 3 {
		return reason{"missing-header", "the capture has none of the three signature headers, " + strings.Join(missing, ", ") + ": there is nothing to verify", "Capture the request with all its headers, as it arrives at the receiver. If they are not among those, something in front keeps them back, or it is not a delivery of Sent."}, true
	}
	return reason{"missing-header", strings.Join(missing, " and ") + " is missing or empty: a delivery has all of " + signing.HeaderID + ", " + signing.HeaderTimestamp + " and " + signing.HeaderSignature, "Capture the request with all its headers. If one of them does not arrive, look for what keeps it back (an allow-list of a gateway, a rule of a firewall)."}, true
}

// variable reports whether a value is a variable of a shell, not filled in.
func variable(value string) bool {
	return regexp.MustCompile(`^(?:v1,)?"?(?:\$(?:env:)?\w+|\$\{(?:env:)?\w+\}|%\w+%)"?$`).MatchString(value) && !regexp.MustCompile(`(?i)redact|filtered|masked`).MatchString(value)
}

// noDigest reports whether a signature was never one: all of its bytes are the same,
// or its characters are.
func noDigest(signature string) bool {
	text := []byte(strings.TrimRight(strings.TrimPrefix(signature, "v1,"), "="))
	alike := func(b []byte) bool { return len(b) > 0 && bytes.Count(b, b[:1]) == len(b) }
	digest, err := base64.RawStdEncoding.DecodeString(string(text))
	return alike(text) || err == nil && alike(digest)
}

// unreadable reports whether a value was taken out, or is still to be put in.
func unreadable(value string, role capture.Role) bool {
	if role == capture.Signature {
		value = strings.TrimPrefix(value, "v1,")
	}
	if regexp.MustCompile(`(?i)^(?:null|nil|none|undefined|n/?a|nan|empty|missing|unknown)$`).MatchString(strings.Trim(value, " '\"")) {
		return true
	}
	if regexp.MustCompile(`(?i)redact|filtered|masked|hidden|removed|scrubbed|omitted|censored|sanitized|sensitive|confidential|withheld|obfuscated|\*{2,}|•{2,}|█|x{5,}|\.\.\.|…|^[<{$%\[(]|^-+$|^\?+$|^#+$|^_+$|^(your|my|some|the)[-_ ]`).MatchString(value) {
		return true
	}
	switch role {
	case capture.Signature:
		return len(value) < 3 || noDigest(value)
	case capture.Timestamp:
		return !strings.ContainsAny(value, "0123456789")
	case capture.ID:
		return regexp.MustCompile(`^(?i)x+$`).MatchString(value)
	case capture.Other, capture.EventType, capture.EventID:
	}
	return false
}

// bodyFault says what keeps the body in a capture from being the one that was
// signed. body is that of settled.
func bodyFault(r capture.Request, body []byte) (reason, bool) {
	n, have := declared(r), len(r.Body)
	promised := ""
	if n > 0 {
		promised = fmt.Sprintf("; Content-Length says that it has %d bytes", n)
	}
	switch {
	case have == 0 || len(bytes.TrimSpace(r.Body)) == 0:
		lost, remedy := r.Lost, r.Remedy
		if lost == "" {
			lost = "there is no body in the capture"
		}
		if remedy == "" {
			remedy = captureAgain
		}
		return reason{"no-body", "no body to judge by: " + lost + promised + ". A delivery always has one, and its signature covers it", remedy}, true
	case r.Lost != "":
		return reason{"no-body", "no body to judge by: " + r.Lost + promised, r.Remedy}, true
	}
	complete := json.Valid(body) && bytes.HasPrefix(bytes.TrimSpace(body), []byte("{"))
	decoded := r.Get("Content-Encoding") != "" && complete
	short := n > 0 && have < n && len(body) != n && !decoded // than it says
	switch {
	case truncated(r.Body) && !complete:
		return reason{"body-cut", fmt.Sprintf("the body was cut (truncated) by what captured it: %d bytes are there%s", have, promised), captureAgain + " Many tools have a limit for bodies that can be raised."}, true
	case shallow(r.Body):
		return reason{"body-cut", "the body was printed to some depth only: [Object] or [Array] stands in it for what is deeper", captureAgain + " In Node.js, print JSON.stringify of it, or better the raw text."}, true
	case complete && (masked(body) || placeholders(body)):
		return redacted(), true
	case placeholder(r.Body):
		return reason{"body-not-recorded", "the body was not recorded: " + excerpt(r.Body) + " stands in its place" + promised, captureAgain}, true
	case complete && short && !r.Parsed && markedWords(body):
		return reason{"body-bytes-lost", fmt.Sprintf("question marks stand within words of the body, which is shorter by %d than its Content-Length says: programs write one for a character that they cannot, and the bytes that were signed are lost", n-len(body)), captureAgain + " Record bytes, not text."}, true
	case complete && short && !r.Parsed:
		return reason{"body-length", fmt.Sprintf("the body is complete JSON, but with %d bytes it is %d shorter than its Content-Length says: it was changed after it was sent (values were left out or replaced, characters were lost, or it was printed anew)", len(body), n-len(body)), "Capture the raw body, before anything parses, masks or prints it."}, true
	case !complete && short:
		return reason{"body-cut", fmt.Sprintf("the body is not whole: %d of the %d bytes that its Content-Length says are there. It was cut, or not recorded as it was sent", have, n), captureAgain}, true
	case !complete && strings.Contains(strings.ToLower(r.Get("Transfer-Encoding")), "chunked") && chunkSize.Match(r.Body):
		return reason{"body-cut", fmt.Sprintf("the body was cut: its chunks (Transfer-Encoding: chunked) end before the last one, after %d bytes", have), captureAgain}, true
	case !complete && cutShort(r.Body):
		return reason{"body-cut", fmt.Sprintf("the body was cut: its JSON ends in the middle, after %d bytes%s", have, promised), captureAgain}, true
	case masked(body):
		return redacted(), true
	case !complete && packed(r) != "":
		return reason{"body-compressed", "the body is compressed (" + packed(r) + ") and could not be unpacked: the capture has not all of its bytes as they were", "Capture it with its bytes (base64 or a file), or after it was unpacked."}, true
	case bytes.Contains(body, []byte("\uFFFD")) || !utf8.Valid(body) && complete:
		return reason{"body-bytes-lost", "the body was read as text in another encoding, and some of its bytes are lost (\uFFFD)", captureAgain + " Record bytes, not text."}, true
	case !complete:
		return reason{"body-not-json", "the body in the capture is not JSON: it begins with " + excerpt(r.Body) + ". Sent sends JSON, so this is not what was signed" + promised, captureAgain}, true
	case r.Parsed:
		return reason{"body-parsed", "the capture has the body as parsed JSON only, not its bytes; printed again in the usual ways it does not fit, which proves nothing", "Record the raw body, before anything parses it."}, true
	case n > 0 && len(body) != n && have != n && !decoded:
		return reason{"body-length", fmt.Sprintf("the body has %d bytes, and its Content-Length says %d: it was changed after it was sent, or what follows it was captured too", have, n), captureAgain}, true
	case !compact(body):
		return reason{"body-printed", "the body is JSON with blanks or line breaks between its parts; Sent sends it compact, so something printed it anew, and what was signed is not in the capture", "Record the raw body, before anything parses or formats it."}, true
	}
	return reason{}, false
}

// shallow reports whether what printed a body left out what is deep in it.
func shallow(body []byte) bool {
	return regexp.MustCompile(`:\s*"?\[(?:Object|Array)\]`).Match(body)
}

// markedWords reports whether question marks stand where a letter may have been, and
// not where a URL has them.
func markedWords(body []byte) bool {
	body = regexp.MustCompile(`[^\s"]*/[^\s"]*`).ReplaceAll(body, nil)
	return regexp.MustCompile(`\?\?|\pL\?\pL`).Match(body)
}

func redacted() reason {
	return reason{"body-redacted", "values in the body are redacted or masked (***), or a placeholder stands in their place: it is not the body that was signed, and nothing can be judged", "Capture the request again without masking; the signature covers every byte."}
}

// whole says why a request is not complete; "" when it is.
func whole(r capture.Request) string {
	cause, _ := bodyFault(r, settled(r))
	return cause.cause
}

func compact(body []byte) bool {
	var out bytes.Buffer
	return json.Compact(&out, body) == nil && out.Len() == len(bytes.TrimSpace(body))
}

// truncated reports whether a tool says at the body's end that it cut it.
func truncated(body []byte) bool {
	end := string(body[max(0, len(body)-120):])
	return regexp.MustCompile(`(?i)(truncated|\bcut\b|snip|omitted|too (long|large)|more (bytes|chars|characters)|bytes (more|left|total|remaining)|\.\.\.|…|\[\+\d+|<\d+ bytes)[^{}]*$`).MatchString(end)
}

// placeholder reports whether something else stands in the body's place.
func placeholder(body []byte) bool {
	text := strings.TrimSpace(string(body))
	if len(text) > 200 {
		return false
	}
	return regexp.MustCompile(`(?i)^\$|^\{\{.*\}\}$|^<[^>]*>$|^\[[^\]{]*\]$|^\(.*\)$|object object|^(undefined|null|none|nil|array|-|\.+|…|\?+|n/a)$|too (long|large|big)|not (recorded|available|captured|logged|shown)|redact|binary|omitted|removed|hidden|filtered|masked|^\*+$|bytes|empty|stream|readable`).MatchString(text)
}

// cutShort reports whether a body begins like JSON and does not end like it.
func cutShort(body []byte) bool {
	text := bytes.TrimSpace(body)
	if !bytes.HasPrefix(text, []byte("{")) && !bytes.HasPrefix(text, []byte(`"{`)) {
		return false
	}
	err := json.Unmarshal(text, new(json.RawMessage))
	return err != nil && strings.Contains(err.Error(), "unexpected end") || bytes.Count(text, []byte("{")) > bytes.Count(text, []byte("}"))
}

// masked reports whether a value of the JSON was made unreadable. FILTERED is a
// status of Sent's own.
func masked(body []byte) bool {
	body = bytes.ReplaceAll(body, []byte(`"`+string(event.Filtered)+`"`), nil)
	return regexp.MustCompile(`(?i)"[^"]*(\*{3,}|•{3,}|█{2,}|xxxx+)[^"]*"\s*[,}\]]|"[\[<(]?(redacted|filtered|masked|hidden|removed|scrubbed)[\])>]?"|:\s*(\*{3,}|\[(redacted|filtered|masked)\])`).Match(body)
}

// placeholders reports whether the name of a value stands in its place, in
// brackets: "<phone>", "[EMAIL]", "{{id}}". People write some of these themselves:
// in a text only the forms that are none of theirs count.
func placeholders(body []byte) bool {
	found := false
	gjson.GetBytes(body, "payload").ForEach(func(key, value gjson.Result) bool {
		pattern := `^(<[^<>]+>|\[[^\[\]]+\]|\{+[^{}]+\}+|\([a-z ]+\)|%[A-Z_]+%)$`
		if slices.Contains([]string{"text", "body", "title", "name"}, key.String()) {
			pattern = `^(<[A-Za-z][A-Za-z _-]*>|\{\{[^{}]+\}\})$`
		}
		found = value.Type == gjson.String && regexp.MustCompile(pattern).MatchString(value.String())
		return !found
	})
	return found
}

// packed names the compression of a body, as its headers or its first bytes say.
func packed(r capture.Request) string {
	if e := strings.TrimSpace(strings.ToLower(r.Get("Content-Encoding"))); e != "" && e != "identity" {
		return e
	}
	for magic, name := range map[string]string{"\x1f\x8b": "gzip", "\x28\xb5\x2f\xfd": "zstd", "\x78\x9c": "deflate", "\x78\x01": "deflate", "\x78\xda": "deflate", "\ufffd\x08\x00": "gzip", "\x1f\ufffd": "gzip", "H4sI": "gzip in base64"} {
		if bytes.HasPrefix(r.Body, []byte(magic)) {
			return name
		}
	}
	return ""
}

// excerpt is the beginning of a body, quoted.
func excerpt(body []byte) string {
	text := strings.TrimSpace(string(body))
	if len(text) > 40 {
		text = text[:40] + "…"
	}
	return strconv.Quote(strings.ToValidUTF8(text, "?"))
}

// doubt says what speaks against the secret being wrong though the capture is
// complete: its parts do not belong together.
func doubt(r capture.Request, set headerSet, body []byte) (reason, bool) {
	doc := gjson.ParseBytes(body)
	sent := doc.Get("field").Exists()
	for _, c := range set.changes {
		if c.cause == "headers-renamed" && !sent {
			return reason{"other-sender", "the headers are those of the Standard Webhooks or Svix family, under which many services sign (" + c.said + "), and the body is not one of Sent's: most likely another service sent it", "Give a delivery of Sent; verify this one with the secret of the service that sent it."}, true
		}
	}
	if regexp.MustCompile(`^(?i)[0-9a-f]{6,8}(-[0-9a-f-]{0,26})?$`).MatchString(set.values.ID) {
		return reason{"id-cut", "the value of " + signing.HeaderID + " is only the beginning of a UUID: it was cut, and the signature covers all of it", captureAgain}, true
	}
	if ids, names, _ := r.Values(capture.EventID); len(ids) > 0 && strings.EqualFold(ids[0], set.values.ID) {
		return reason{"id-of-event", signing.HeaderID + " has the value of " + names[0] + ": one is the id of the webhook, the other that of the event, and they are never the same. The value that was signed is not in the capture", captureAgain}, true
	}
	if markedWords(body) {
		return reason{"body-bytes-lost", "there are question marks in a row (??) or within a word in the body, which is what some programs write for a character that they cannot: the bytes that were signed may be lost", captureAgain + " Record bytes, not text."}, true
	}
	if !sent && (!doc.Get("payload").Exists() || !doc.Get("event").Exists() && !doc.Get("sub_type").Exists()) {
		return reason{"not-an-event", "the body is JSON, but not an event as Sent sends it, which has field, payload and its type: only a part of it was captured, or another service sent it", captureAgain}, true
	}
	name := doc.Get("event").String()
	if name == "" {
		name = doc.Get("sub_type").String()
	}
	if types, _, _ := r.Values(capture.EventType); len(types) > 0 && name != "" && strings.Contains(types[0], ".") && !strings.EqualFold(types[0], name) {
		return reason{"two-deliveries", fmt.Sprintf("the headers are of another delivery than the body: %s says %s, the body says %s", signing.HeaderEventType, strconv.Quote(types[0]), strconv.Quote(name)), "Take headers and body of one request."}, true
	}
	happened, err := time.Parse(time.RFC3339, doc.Get("timestamp").String())
	if at, bad := strconv.ParseInt(set.values.Timestamp, 10, 64); bad == nil && err == nil && sent && happened.Unix()-at > int64(signing.Tolerance/time.Second) {
		return reason{"two-deliveries", fmt.Sprintf("the headers are of another delivery than the body: they were signed at %s, and the event happened at %s, later", time.Unix(at, 0).UTC().Format(time.RFC3339), happened.UTC().Format(time.RFC3339)), "Take headers and body of one request."}, true
	}
	return reason{}, false
}
