package signing_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/sentsim/sentsim/simulator/signing"
)

// BenchmarkSign is one signature; compare it with BenchmarkBareHMAC.
func BenchmarkSign(b *testing.B) {
	s := mustParse(b, secretText)
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		_ = s.Sign(webhookID, 1700000000, body)
	}
}

// BenchmarkBareHMAC is the plain library call over the same bytes.
func BenchmarkBareHMAC(b *testing.B) {
	key, err := base64.StdEncoding.DecodeString(keyText)
	if err != nil {
		b.Fatal(err)
	}
	content := slices.Concat([]byte(webhookID+".1700000000."), body)
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		mac := hmac.New(sha256.New, key)
		mac.Write(content)
		_ = "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
}

// BenchmarkVerify is what a receiver does per delivery.
func BenchmarkVerify(b *testing.B) {
	s := mustParse(b, secretText)
	h := signing.Headers{ID: webhookID, Timestamp: strconv.Itoa(1700000000), Signature: s.Sign(webhookID, 1700000000, body)}
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Verify(h, body, time.Unix(1700000000, 0)); err != nil {
			b.Fatal(err)
		}
	}
}
