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

// The headers of a delivery. HeaderEventType is not part of what is signed.
const (
	HeaderID        = "X-Webhook-ID"
	HeaderTimestamp = "X-Webhook-Timestamp"
	HeaderSignature = "X-Webhook-Signature"
	HeaderEventType = "X-Webhook-Event-Type"
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
	head := make([]byte, 0, 96)
	head = append(head, webhookID...)
	head = append(head, '.')
	head = strconv.AppendInt(head, timestamp, 10)
	head = append(head, '.')
	return s.m.sign(head, body)
}

// SignContent signs any content, for deliveries that are forged on purpose: a
// genuine one signs "{id}.{timestamp}.{body}". Without a secret it is "".
func (s Secret) SignContent(content []byte) string {
	if s.m == nil {
		return ""
	}
	return s.m.sign(content, nil)
}

// sign signs head and body as one. Copying a keyed state saves hashing the key
// twice for each delivery, and lets any number of goroutines sign at once.
func (m *material) sign(head, body []byte) string {
	h := m.keyed()
	_, _ = h.Write(head) // a hash never fails to write
	_, _ = h.Write(body)
	var sum [sha256.Size]byte
	out := make([]byte, 0, 64)
	out = append(out, versionPrefix...)
	return string(base64.StdEncoding.AppendEncode(out, h.Sum(sum[:0])))
}

func (m *material) keyed() hash.Hash {
	if m.mac != nil {
		if h, err := m.mac.Clone(); err == nil {
			return h
		}
	}
	return hmac.New(sha256.New, m.key)
}

// keyedState is what keyed copies from; nil where this build's HMAC cannot be copied.
func keyedState(key []byte) hash.Cloner {
	h := hmac.New(sha256.New, key)
	h.Reset() // makes it keep the hashed key, which its copies then share
	c, _ := h.(hash.Cloner)
	return c
}
