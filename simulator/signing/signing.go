// Package signing makes and checks the signature of a webhook delivery as
// Sent's webhook documentation describes it: HMAC-SHA256 over the webhook's id,
// the timestamp and the raw body, under the bytes of the signing secret. It
// also knows the mistakes that receivers make with it, and can name the one
// behind a signature that does not fit. It knows no HTTP, no clock and no
// randomness of its own, and it never prints a secret.
package signing

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"strconv"
	"time"
)

// The headers of a delivery. HeaderEventType and
// HeaderEventID are not part of what is signed.
const (
	HeaderID        = "X-Webhook-ID"
	HeaderTimestamp = "X-Webhook-Timestamp"
	HeaderSignature = "X-Webhook-Signature"
	HeaderEventType = "X-Webhook-Event-Type"
	HeaderEventID   = "X-Webhook-Event-ID"
)

const (
	// SecretPrefix starts every signing secret. It is not part of the key.
	SecretPrefix = "whsec_"
	// Version is the signature scheme; a signature is the version, a comma and
	// the digest in base64.
	Version = "v1"
	// Tolerance is how far a delivery's timestamp may be from the receiver's
	// clock, in either direction.
	Tolerance = 300 * time.Second
)

// versionPrefix starts a signature that this package understands.
const versionPrefix = Version + ","

// Sign is the value of X-Webhook-Signature for a delivery. timestamp is in Unix
// seconds; body is signed as it is. Without a secret there is no signature: "".
func (s Secret) Sign(webhookID string, timestamp int64, body []byte) string {
	if s.m == nil {
		return ""
	}
	st := s.m.state()
	defer s.m.states.Put(st)
	head := append(st.head[:0], webhookID...)
	head = append(head, '.')
	head = strconv.AppendInt(head, timestamp, 10)
	st.head = append(head, '.')
	return st.sign(st.head, body)
}

// SignContent signs any content, for deliveries that are forged on purpose: a
// genuine one signs "{id}.{timestamp}.{body}". Without a secret it is "".
func (s Secret) SignContent(content []byte) string {
	if s.m == nil {
		return ""
	}
	return s.m.sign(content, nil)
}

// state is what signing takes, used again and again: making a keyed hash costs
// more than hashing a delivery. Each is used by one goroutine at a time.
type state struct {
	mac  hash.Hash
	head []byte
	sum  [sha256.Size]byte
	text [len(versionPrefix) + (sha256.Size+2)/3*4]byte
}

// state must be given back to m.states.
func (m *material) state() *state {
	if st, ok := m.states.Get().(*state); ok {
		return st
	}
	return &state{mac: hmac.New(sha256.New, m.key)}
}

// sign signs head and body as one.
func (m *material) sign(head, body []byte) string {
	st := m.state()
	defer m.states.Put(st)
	return st.sign(head, body)
}

func (st *state) sign(head, body []byte) string {
	st.mac.Reset()
	_, _ = st.mac.Write(head) // a hash never fails to write
	_, _ = st.mac.Write(body)
	text := append(st.text[:0], versionPrefix...)
	return string(base64.StdEncoding.AppendEncode(text, st.mac.Sum(st.sum[:0])))
}
