package receiver

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Tolerance is how far a delivery's timestamp may be from now, either way.
const Tolerance = 300 // seconds

// The reasons to refuse a delivery.
var (
	ErrHeader    = errors.New("a signature header is missing or empty")
	ErrTimestamp = errors.New("the timestamp is not a number of seconds")
	ErrTolerance = errors.New("the timestamp is too far from now")
	ErrSignature = errors.New("no signature matches")
)

// decodeSecret turns the text of a signing secret into the key: the bytes that
// stand base64-encoded behind whsec_. Its errors don't show the secret.
func decodeSecret(text string) ([]byte, error) {
	encoded, ok := strings.CutPrefix(text, "whsec_")
	key, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(encoded, "="))
	switch {
	case !ok:
		return nil, errors.New("want the text that starts with whsec_, as Sent shows it")
	case err != nil:
		return nil, errors.New("what follows whsec_ is not base64: was it copied whole?")
	case len(key) == 0:
		return nil, errors.New("nothing follows whsec_")
	}
	return key, nil
}

// Verify checks that body was signed with key, for this webhook, about now.
func Verify(key []byte, h http.Header, body []byte, now time.Time) error {
	id, timestamp := h.Get("X-Webhook-ID"), h.Get("X-Webhook-Timestamp")
	signatures := strings.Fields(h.Get("X-Webhook-Signature"))
	if id == "" || timestamp == "" || len(signatures) == 0 {
		return ErrHeader
	}
	// 63 bits and no sign: what doesn't fit is no time that could be near now.
	seconds, err := strconv.ParseUint(timestamp, 10, 63)
	if err != nil {
		return ErrTimestamp
	}
	if age := now.Unix() - int64(seconds); age > Tolerance || age < -Tolerance {
		return ErrTolerance
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + timestamp + "."))
	mac.Write(body)
	want := []byte("v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	// There is one signature today; the scheme allows several, and other versions.
	for _, got := range signatures {
		if hmac.Equal([]byte(got), want) { // takes any length, in constant time
			return nil
		}
	}
	return ErrSignature
}
