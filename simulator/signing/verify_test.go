package signing_test

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sentsim/sentsim/simulator/signing"
)

const webhookID = "7c9e6679-7425-40de-944b-e07fc1f90ae7"

var body = []byte(`{"field":"message","sub_type":"message.delivered","timestamp":"2025-10-31T10:10:42Z","payload":{"inbound_number":"+15551234567","text":"a/b é <3"}}`)

// at is when the deliveries of these tests are signed.
func signedNow(s signing.Secret) signing.Headers {
	return signing.Headers{ID: webhookID, Timestamp: strconv.FormatInt(at, 10), Signature: s.Sign(webhookID, at, body)}
}

// TestSignKnown has its wanted value from:
// printf '%s' ID.1700000000.BODY | openssl dgst -sha256 -mac HMAC -macopt hexkey:KEY -binary | base64
func TestSignKnown(t *testing.T) {
	s := mustParse(t, "whsec_MfKQ9r8GKYqTwUPD8ILPZIo2LaLw4T3p")
	const want = "v1,yfU6Ygl5+4Au8Zq66Ib8PnRDZ+bxD7TXLF+K30DWCAA="
	if got := s.Sign("msg_1", 1700000000, []byte(`{"test": 2432232314}`)); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := s.SignContent([]byte(`msg_1.1700000000.{"test": 2432232314}`)); got != want {
		t.Errorf("SignContent: got %s, want %s", got, want)
	}
}

func TestNoSecretSignsAndVerifiesNothing(t *testing.T) {
	var none signing.Secret
	if got := none.Sign(webhookID, 1, body) + none.SignContent(body) + none.Reveal(); got != "" {
		t.Errorf("no secret made %q", got)
	}
	if err := none.Verify(signing.Headers{ID: "a", Timestamp: "1", Signature: "v1,"}, body, time.Unix(1, 0)); !errors.Is(err, signing.ErrNoSecret) {
		t.Errorf("got %v, want ErrNoSecret", err)
	}
}

func TestVerify(t *testing.T) {
	const at = 1700000000
	s := mustParse(t, secretText)
	other := mustParse(t, strings.Replace(secretText, "M", "N", 1))
	good := signedNow(s)
	resigned := func(stamp string) signing.Headers {
		return signing.Headers{ID: webhookID, Timestamp: stamp, Signature: s.SignContent([]byte(webhookID + "." + stamp + "." + string(body)))}
	}
	signature := func(v string) signing.Headers {
		return signing.Headers{ID: good.ID, Timestamp: good.Timestamp, Signature: v}
	}
	now := time.Unix(at, 0)
	tests := []struct {
		name string
		h    signing.Headers
		now  time.Time
		want error
	}{
		{"genuine", good, now, nil},
		{"300 s old", good, now.Add(300 * time.Second), nil},
		{"a nanosecond older", good, now.Add(300*time.Second + 1), signing.ErrTooOld},
		{"ten years old", good, now.AddDate(10, 0, 0), signing.ErrTooOld},
		{"300 s in the future", good, now.Add(-300 * time.Second), nil},
		{"a nanosecond newer", good, now.Add(-300*time.Second - 1), signing.ErrTooNew},
		{"in milliseconds", resigned("1700000000000"), now, signing.ErrTooNew},
		{"the largest number", resigned("9223372036854775807"), now, signing.ErrTooNew},
		{"overflowing", resigned("9223372036854775808"), now, signing.ErrTimestamp},
		{"negative", resigned("-1700000000"), now, signing.ErrTimestamp},
		{"with a plus", resigned("+1700000000"), now, signing.ErrTimestamp},
		{"fractional", resigned("1700000000.0"), now, signing.ErrTimestamp},
		{"hexadecimal", resigned("0x6553f100"), now, signing.ErrTimestamp},
		{"with a space", resigned(" 1700000000"), now, signing.ErrTimestamp},
		{"zero", resigned("0"), now, signing.ErrTooOld},
		{"other Unicode digits", resigned("١٧٠٠٠٠٠٠٠٠"), now, signing.ErrTimestamp},
		{"no id", signing.Headers{Timestamp: good.Timestamp, Signature: s.Sign("", at, body)}, now, signing.ErrMissingHeader},
		{"no timestamp", resigned(""), now, signing.ErrMissingHeader},
		{"no signature", signature(""), now, signing.ErrMissingHeader},
		{"other id", signing.Headers{ID: "other", Timestamp: good.Timestamp, Signature: good.Signature}, now, signing.ErrSignature},
		{"other secret", signedNow(other), now, signing.ErrSignature},
		{"without version", signature(good.Signature[3:]), now, signing.ErrSignature},
		{"other version", signature("v2" + good.Signature[2:]), now, signing.ErrSignature},
		{"version in upper case", signature("V1" + good.Signature[2:]), now, signing.ErrSignature},
		{"cut", signature(good.Signature[:len(good.Signature)-1]), now, signing.ErrSignature},
		{"longer", signature(good.Signature + "A"), now, signing.ErrSignature},
		{"nothing but a version", signature("v1,"), now, signing.ErrSignature},
		{"nothing but spaces", signature("   "), now, signing.ErrSignature},
		{"second of three matches", signature("v1,AAAA " + good.Signature + " v2,BBBB"), now, nil},
		{"last matches, double spaces", signature("v1a,AAAA  " + good.Signature), now, nil},
		{"separated by a comma", signature("v1,AAAA," + good.Signature), now, signing.ErrSignature},
		{"separated by a tab", signature("v1,AAAA\t" + good.Signature), now, signing.ErrSignature},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := s.Verify(tt.h, body, tt.now)
			if !errors.Is(err, tt.want) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), good.Signature[3:]) {
				t.Errorf("the error shows the expected signature: %v", err)
			}
		})
	}
}

// Whether a signature is right for some bytes does not depend on when it is asked.
func TestFits(t *testing.T) {
	s := mustParse(t, secretText)
	other := mustParse(t, strings.Replace(secretText, "M", "N", 1))
	old := signing.Headers{ID: webhookID, Timestamp: "7", Signature: s.Sign(webhookID, 7, body)}
	for _, tt := range []struct {
		name string
		s    signing.Secret
		h    signing.Headers
		body []byte
		want bool
	}{
		{"what it signed, long ago", s, old, body, true},
		{"other bytes", s, old, body[1:], false},
		{"another secret", other, old, body, false},
		{"no secret", signing.Secret{}, old, body, false},
		{"no secret and no signature", signing.Secret{}, signing.Headers{ID: webhookID, Timestamp: "7", Signature: "v1,"}, body, false},
	} {
		if got := tt.s.Fits(tt.h, tt.body); got != tt.want {
			t.Errorf("%s: got %t", tt.name, got)
		}
	}
}

func TestHeadersFrom(t *testing.T) {
	h := http.Header{"X-Webhook-Id": {"a"}, "X-Webhook-Timestamp": {"1"}, "X-Webhook-Signature": {"v1,b"}}
	if got, want := signing.HeadersFrom(h.Get), (signing.Headers{ID: "a", Timestamp: "1", Signature: "v1,b"}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

// A secret verifies what it signed, and no flipped bit of body, id, timestamp,
// signature or key passes.
func TestOneBitBreaksIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.SliceOfN(rapid.Byte(), 24, 64).Draw(t, "key")
		s, other := secretOf(t, key), secretOf(t, flip(t, key))
		content := rapid.SliceOfN(rapid.Byte(), 1, 200).Draw(t, "body")
		at := rapid.Int64Range(1, 1<<40).Draw(t, "timestamp")
		id := rapid.StringMatching(`[a-z0-9-]{1,40}`).Draw(t, "id")
		h := signing.Headers{ID: id, Timestamp: strconv.FormatInt(at, 10), Signature: s.Sign(id, at, content)}
		now := time.Unix(at, 0)
		if err := s.Verify(h, content, now); err != nil {
			t.Fatalf("its own signature: %v", err)
		}
		for what, err := range map[string]error{
			"body":      s.Verify(h, flip(t, content), now),
			"id":        s.Verify(signing.Headers{ID: string(flip(t, []byte(id))), Timestamp: h.Timestamp, Signature: h.Signature}, content, now),
			"timestamp": s.Verify(signing.Headers{ID: id, Timestamp: strconv.FormatInt(at+1, 10), Signature: h.Signature}, content, now),
			"signature": s.Verify(signing.Headers{ID: id, Timestamp: h.Timestamp, Signature: string(flip(t, []byte(h.Signature)))}, content, now),
			"key":       other.Verify(h, content, now),
		} {
			if err == nil {
				t.Errorf("another %s was accepted", what)
			}
		}
	})
}

func flip(t *rapid.T, b []byte) []byte {
	out := append([]byte(nil), b...)
	out[rapid.IntRange(0, len(b)-1).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
	return out
}
