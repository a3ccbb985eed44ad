package signing

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// What Verify can find. Its errors wrap one of these and say more.
var (
	// ErrNoSecret is returned when there is no secret to verify with.
	ErrNoSecret = errors.New("no signing secret")
	// ErrMissingHeader is returned when one of the three headers is missing or empty.
	ErrMissingHeader = errors.New("missing header")
	// ErrTimestamp is returned when the timestamp is not a count of seconds.
	ErrTimestamp = errors.New("malformed timestamp")
	// ErrTooOld is returned when the timestamp is more than Tolerance in the past.
	ErrTooOld = errors.New("timestamp too old")
	// ErrTooNew is returned when the timestamp is more than Tolerance in the future.
	ErrTooNew = errors.New("timestamp too far in the future")
	// ErrSignature is returned when no signature fits.
	ErrSignature = errors.New("signature does not match")
)

// Headers are the values of the three signature headers; "" is a missing one.
type Headers struct{ ID, Timestamp, Signature string }

// HeadersFrom reads the three headers with get, for instance http.Header.Get.
func HeadersFrom(get func(name string) string) Headers {
	return Headers{ID: get(HeaderID), Timestamp: get(HeaderTimestamp), Signature: get(HeaderSignature)}
}

// Verify checks a delivery as a correct receiver does: all three headers are
// there, the timestamp is within Tolerance of now, and one of the signatures,
// which a space separates, is right for exactly these bytes. Signatures of
// other versions are passed over. Comparison takes constant time, and no error
// contains a signature or a secret.
func (s Secret) Verify(h Headers, body []byte, now time.Time) error {
	if s.m == nil {
		return ErrNoSecret
	}
	if name := h.missing(); name != "" {
		return fmt.Errorf("%w: %s", ErrMissingHeader, name)
	}
	timestamp, err := parseTimestamp(h.Timestamp)
	if err != nil {
		return err
	}
	if err := checkAge(timestamp, now); err != nil {
		return err
	}
	return s.verifySignature(h, body)
}

// Fits reports whether one of the signatures is right for exactly these bytes,
// whatever the timestamp is. It is false without a secret.
func (s Secret) Fits(h Headers, body []byte) bool {
	return s.m != nil && s.verifySignature(h, body) == nil
}

// missing is the name of the first header that is not there.
func (h Headers) missing() string {
	switch {
	case h.ID == "":
		return HeaderID
	case h.Timestamp == "":
		return HeaderTimestamp
	case h.Signature == "":
		return HeaderSignature
	}
	return ""
}

// parseTimestamp takes decimal digits only: a sign, a fraction or a space would
// be read differently by different receivers.
func parseTimestamp(text string) (int64, error) {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return 0, fmt.Errorf("%w: %s must be whole Unix seconds in decimal digits", ErrTimestamp, HeaderTimestamp)
		}
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%w: %s has %d digits, more than any time in Unix seconds", ErrTimestamp, HeaderTimestamp, len(text))
	}
	return n, nil
}

// checkAge compares in whole seconds first: a time.Duration would overflow for
// timestamps that are centuries away.
func checkAge(timestamp int64, now time.Time) error {
	const limit = int64(Tolerance / time.Second)
	age := now.Unix() - timestamp
	switch {
	case age > limit || age == limit && now.Nanosecond() > 0:
		return fmt.Errorf("%w: by %d s, %d are allowed", ErrTooOld, age, limit)
	case age < -limit:
		return fmt.Errorf("%w: by %d s, %d are allowed", ErrTooNew, -age, limit)
	}
	return nil
}

// verifySignature looks at the signature alone. The timestamp is signed as it
// was sent, whatever it is.
func (s Secret) verifySignature(h Headers, body []byte) error {
	head := make([]byte, 0, 96)
	head = append(head, h.ID...)
	head = append(head, '.')
	head = append(head, h.Timestamp...)
	head = append(head, '.')
	want := []byte(s.m.sign(head, body))
	known, matched := false, 0
	for given := range strings.SplitSeq(h.Signature, " ") {
		if !strings.HasPrefix(given, versionPrefix) {
			continue
		}
		known = true
		matched |= subtle.ConstantTimeCompare([]byte(given), want)
	}
	switch {
	case matched == 1:
		return nil
	case !known:
		return fmt.Errorf("%w: none in %s starts with %q", ErrSignature, HeaderSignature, versionPrefix)
	}
	return ErrSignature
}
