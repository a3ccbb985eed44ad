package signing

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Finding is what Explain found.
type Finding struct {
	OK      bool   // a correct receiver takes this delivery
	Cause   string // stable, kebab-case: "ok", the name of a Mistake, or what is wrong
	Summary string // one sentence
	Fix     string // what to do; "" when OK
}

// Explain tells whether a captured delivery is signed right, judged at now (the
// time when it came in), and if not, what is wrong with it: a header that is
// missing, a timestamp that is stale or in another unit, a body that changed
// after it was signed, a known mistake of whoever signed it, or another secret.
func Explain(s Secret, h Headers, body []byte, now time.Time) Finding {
	err := s.Verify(h, body, now)
	switch {
	case err == nil:
		return Finding{OK: true, Cause: "ok", Summary: "the signature is right, and the timestamp is within " + seconds(Tolerance)}
	case errors.Is(err, ErrNoSecret):
		return Finding{Cause: "no-secret", Summary: "there is no signing secret to judge with", Fix: "Give the webhook's signing secret; it starts with " + SecretPrefix + "."}
	case errors.Is(err, ErrMissingHeader):
		return explainMissing(h)
	}
	if s.verifySignature(h, body) == nil {
		return explainTime(h, err, now)
	}
	if f, ok := explainHeaders(s, h, body); ok {
		return f
	}
	if f, ok := explainBody(s, h, body); ok {
		return f
	}
	if f, ok := explainMistake(s, h, body); ok {
		return f
	}
	return explainShape(h)
}

func seconds(d time.Duration) string { return strconv.Itoa(int(d/time.Second)) + " s" }

func explainMissing(h Headers) Finding {
	name := h.missing()
	return Finding{
		Cause:   "missing-header",
		Summary: name + " is missing or empty: a delivery has all of " + HeaderID + ", " + HeaderTimestamp + " and " + HeaderSignature,
		Fix:     "Capture the request with all its headers; if one is gone, look for a proxy that drops it.",
	}
}

// explainTime is for a signature that is right: only its time can be wrong.
func explainTime(h Headers, err error, now time.Time) Finding {
	const right = "the signature is right, but "
	if errors.Is(err, ErrTooOld) {
		n, _ := parseTimestamp(h.Timestamp) // Verify got past it
		return Finding{
			Cause:   "too-old",
			Summary: fmt.Sprintf("%sit was made %d s ago; receivers refuse what is older than %s", right, now.Unix()-n, seconds(Tolerance)),
			Fix:     "In an old capture that is as it should be: judge it at the time it came in. If it came in just now, set this machine's clock, or look for what replays old requests.",
		}
	}
	if at, unit := otherUnit(h.Timestamp); unit != "" {
		return Finding{
			Cause:   "timestamp-" + unit,
			Summary: fmt.Sprintf("%sits timestamp is in %s (%s), not in seconds", right, unit, at.UTC().Format(time.RFC3339)),
			Fix:     "Send " + HeaderTimestamp + " in Unix seconds, and sign that text.",
		}
	}
	if errors.Is(err, ErrTooNew) {
		n, _ := parseTimestamp(h.Timestamp)
		return Finding{
			Cause:   "too-new",
			Summary: fmt.Sprintf("%sits timestamp is %d s in the future; receivers allow %s", right, n-now.Unix(), seconds(Tolerance)),
			Fix:     "Set the clocks of sender and receiver (NTP); the timestamp is the time of signing.",
		}
	}
	return Finding{
		Cause:   "timestamp-malformed",
		Summary: right + HeaderTimestamp + " is not a number of Unix seconds in decimal digits",
		Fix:     "Send whole seconds since 1970, for instance 1700000000, and sign that text.",
	}
}

// otherUnit recognises a timestamp that is a plausible time in smaller units,
// or a date. Seconds of eleven digits would be later than the year 2286.
func otherUnit(text string) (time.Time, string) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, "as-date"
	}
	n, err := parseTimestamp(text)
	switch {
	case err != nil || n < 1e11:
		return time.Time{}, ""
	case n < 1e14:
		return time.UnixMilli(n), "milliseconds"
	case n < 1e17:
		return time.UnixMicro(n), "microseconds"
	}
	return time.Unix(0, n), "nanoseconds"
}

// explainHeaders is for a signature that is right for another spelling of id or timestamp.
func explainHeaders(s Secret, h Headers, body []byte) (Finding, bool) {
	ids := []string{h.ID, strings.TrimSpace(h.ID), strings.ToLower(h.ID), strings.ToUpper(h.ID), ""}
	times := []string{h.Timestamp, strings.TrimSpace(h.Timestamp), ""}
	how := "unit, zeros, spaces, or empty"
	if at, unit := otherUnit(h.Timestamp); unit != "" {
		how = "Unix seconds; the header has it " + strings.Replace("in "+unit, "in as-", "as ", 1)
		times = append(times, strconv.FormatInt(at.Unix(), 10))
	} else if n, err := parseTimestamp(h.Timestamp); err == nil {
		times = append(times, strconv.FormatInt(n, 10), strconv.FormatInt(n, 10)+"000")
	}
	for i, id := range ids {
		for j, stamp := range times {
			if s.verifySignature(Headers{id, stamp, h.Signature}, body) != nil {
				continue
			}
			if i > 0 {
				return Finding{
					Cause:   "id-changed",
					Summary: "the signature is right for another spelling of " + HeaderID + " (upper or lower case, spaces, or empty)",
					Fix:     "Pass the header's value on as it came, and sign exactly what is sent.",
				}, true
			}
			if j > 0 {
				return Finding{
					Cause:   "timestamp-changed",
					Summary: "the signature is right for another spelling of " + HeaderTimestamp + " (" + how + ")",
					Fix:     "Sign the timestamp exactly as the header has it, in Unix seconds.",
				}, true
			}
		}
	}
	return Finding{}, false
}

// explainMistake is for a signature that a known mistake makes.
func explainMistake(s Secret, h Headers, body []byte) (Finding, bool) {
	for _, m := range Mistakes() {
		if m.how.headers != nil {
			continue // other header names make no other signature
		}
		made, ok := m.how.sign(s.m.material, h.ID, h.Timestamp, body)
		if ok && h.has(made) {
			return Finding{Cause: m.Name, Summary: "the signature fits code that " + m.does, Fix: m.Fix}, true
		}
	}
	return Finding{}, false
}

// has reports whether one of the signatures, or the whole header, is value.
func (h Headers) has(value string) bool {
	if h.Signature == value {
		return true
	}
	for given := range strings.SplitSeq(h.Signature, " ") {
		if given == value {
			return true
		}
	}
	return false
}

// explainShape is what is left: the signature's form, and its length.
func explainShape(h Headers) Finding {
	const fix = "A signature is v1, and then 44 characters of base64; several are separated by one space."
	var given string
	for part := range strings.SplitSeq(h.Signature, " ") {
		if rest, ok := strings.CutPrefix(part, versionPrefix); ok {
			given = rest
			break
		}
	}
	digest, err := base64.StdEncoding.DecodeString(given)
	switch {
	case given == "":
		return Finding{Cause: "signature-without-version", Summary: "no signature in " + HeaderSignature + " starts with " + versionPrefix + " and goes on", Fix: fix}
	case isHex(given):
		return Finding{Cause: "signature-in-hex", Summary: "the signature is in hex, and it would not fit in base64 either", Fix: fix}
	case err != nil:
		return Finding{Cause: "signature-malformed", Summary: "the signature is not standard base64 with padding: a part of it is missing or replaced", Fix: fix}
	case len(digest) != 32:
		return Finding{Cause: "signature-length", Summary: fmt.Sprintf("the signature has %d bytes, HMAC-SHA256 has 32", len(digest)), Fix: fix}
	}
	return Finding{
		Cause:   "no-match",
		Summary: "the signature has the right form, but it fits neither this secret with this id, timestamp and body nor any known mistake",
		Fix:     "If the capture is complete and unchanged, another secret made it: compare this one with the webhook's own.",
	}
}

func isHex(text string) bool {
	_, err := hex.DecodeString(text)
	return err == nil && len(text) >= 40
}
