package diagnosis_test

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sentsim/sentsim/scenarios/diagnosis"
	"github.com/sentsim/sentsim/scenarios/zoo"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/signing"
)

// Mistakes that few receivers make are found as well, and the secret is not blamed.
func TestRareMistakesAreFound(t *testing.T) {
	t.Parallel()
	takesLong(t)
	// Its first letter is none of whsec_, so that what is cut off is told from what is stripped.
	rest := base64.StdEncoding.EncodeToString([]byte("Quite another key of this length"))
	text := signing.SecretPrefix + rest
	ours, err := signing.ParseSecret(text)
	if err != nil {
		t.Fatal(err)
	}
	bytesOf, err := base64.StdEncoding.DecodeString(rest)
	if err != nil {
		t.Fatal(err)
	}
	offByOne, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(rest[1:], "=")) // of a length that leaves nothing over
	if err != nil {
		t.Fatal(err)
	}
	sum256 := func(of string) string {
		sum := sha256.Sum256([]byte(of))
		return base64.StdEncoding.EncodeToString(sum[:])
	}
	md5Of, sha1Of := md5.Sum([]byte(text)), sha1.Sum([]byte(text))
	v1 := func(d []byte) string { return "v1," + base64.StdEncoding.EncodeToString(d) }
	before := func(prefix string) func([]byte) string {
		return func(d []byte) string { return prefix + base64.StdEncoding.EncodeToString(d) }
	}
	right := func(h http.Header, _ time.Time) string {
		return h.Get("X-Webhook-ID") + "." + h.Get("X-Webhook-Timestamp") + "."
	}
	for _, tt := range []struct {
		name    string
		key     string
		content func(h http.Header, at time.Time) string
		hash    func() hash.Hash
		form    func([]byte) string
		cause   string
	}{
		{"slice(7), decoded", string(offByOne), right, sha256.New, v1, "secret-cut-off-by-one"},
		{"slice(7), as text", text[7:], right, sha256.New, v1, "secret-cut-off-by-one"},
		{"a line of a .env file", "SENT_DM_WEBHOOK_SECRET=" + text, right, sha256.New, v1, "secret-with-its-name"},
		{"blanks around it", " " + text + " ", right, sha256.New, v1, "secret-with-blanks-around"},
		{"blanks around what follows the prefix", " " + rest + " ", right, sha256.New, v1, "secret-with-blanks-around"},
		{"Bearer", "Bearer " + text, right, sha256.New, v1, "secret-with-bearer"},
		{"hashed, in base64", sum256(text), right, sha256.New, v1, "secret-hashed-in-base64"},
		{"the key hashed, in base64", sum256(string(bytesOf)), right, sha256.New, v1, "secret-hashed-in-base64"},
		{"hashed with MD5", string(md5Of[:]), right, sha256.New, v1, "secret-hashed-with-md5"},
		{"hashed with SHA-1", string(sha1Of[:]), right, sha256.New, v1, "secret-hashed-with-sha1"},
		{"SHA-384", string(bytesOf), right, sha512.New384, v1, "sha384"},
		{"SHA-384 in hex", string(bytesOf), right, sha512.New384, hex.EncodeToString, "sha384"},
		{"MD5", string(bytesOf), right, md5.New, v1, "md5"},
		{"a blank behind v1,", string(bytesOf), right, sha256.New, before("v1, "), "signature-prefix"},
		{"V1", string(bytesOf), right, sha256.New, before("V1,"), "signature-prefix"},
		{"v0", string(bytesOf), right, sha256.New, before("v0,"), "signature-prefix"},
		{"v2", string(bytesOf), right, sha256.New, before("v2,"), "signature-prefix"},
		{"the event's type for the id", string(bytesOf), func(h http.Header, _ time.Time) string {
			return h.Get("X-Webhook-Event-Type") + "." + h.Get("X-Webhook-Timestamp") + "."
		}, sha256.New, v1, "event-type-signed"},
		{"the event's type as well", string(bytesOf), func(h http.Header, at time.Time) string { return right(h, at) + h.Get("X-Webhook-Event-Type") + "." }, sha256.New, v1, "event-type-signed"},
		{"a date", string(bytesOf), func(h http.Header, at time.Time) string {
			return h.Get("X-Webhook-ID") + "." + at.UTC().Format("2006-01-02T15:04:05Z") + "."
		}, sha256.New, v1, "timestamp-signed-as-date"},
	} {
		if !zoo.Tests(tt.name) {
			continue
		}
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := under(t, "http://receiver/webhooks/sent")
			r.Secret = ours
			r.Sender = inProcess{http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				at, err := strconv.ParseInt(r.Header.Get(signing.HeaderTimestamp), 10, 64)
				mac := hmac.New(tt.hash, []byte(tt.key))
				_, _ = mac.Write([]byte(tt.content(r.Header, time.Unix(at, 0))))
				_, _ = mac.Write(body)
				if err != nil || clock.Wall().Sub(time.Unix(at, 0)).Abs() > 5*time.Minute || r.Header.Get(signing.HeaderSignature) != tt.form(mac.Sum(nil)) {
					http.Error(w, "invalid signature", http.StatusUnauthorized)
				}
			})}
			d := diagnosis.Of(t.Context(), r, plainOutcome(t.Context(), r))
			if d.Cause != tt.cause || d.Fix == "" || strings.Contains(d.Summary+d.Fix+strings.Join(d.Evidence, ""), rest[:12]) {
				t.Errorf("%+v", d)
			}
		})
	}
}
