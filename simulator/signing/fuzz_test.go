package signing_test

import (
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/sentsim/sentsim/simulator/signing"
)

// FuzzParseSecret: what is taken decodes to the same key in the Standard
// Webhooks library, and errors quote nothing.
func FuzzParseSecret(f *testing.F) {
	f.Add(secretText)
	f.Add("whsec_AAAA-AAA")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := signing.ParseSecret(text)
		if err != nil {
			for word := range strings.FieldsSeq(text) {
				word = strings.TrimPrefix(word, signing.SecretPrefix)
				if len(word) > 12 && strings.Contains(err.Error(), word) && !strings.Contains("signing secret: it does not start with whsec_; copy it whole from the webhook's settings", word) {
					t.Fatalf("the error quotes the secret: %v", err)
				}
			}
			return
		}
		data := strings.TrimRight(strings.TrimPrefix(text, signing.SecretPrefix), "=")
		for len(data)%4 != 0 {
			data += "="
		}
		theirs, err := standardwebhooks.NewWebhook(signing.SecretPrefix + data)
		if err != nil {
			t.Fatalf("taken, but the library says %v", err)
		}
		want, _ := theirs.Sign("a", time.Unix(1, 0), []byte("b"))
		if got := s.Sign("a", 1, []byte("b")); got != want || s.Reveal() != text {
			t.Fatalf("signs %s, the library %s", got, want)
		}
	})
}

// FuzzVerify: what we accept the Standard Webhooks library accepts too, an
// unchanged delivery is always accepted, and Explain agrees with Verify.
func FuzzVerify(f *testing.F) {
	s := mustParse(f, secretText)
	f.Add(webhookID, "1700000000", s.Sign(webhookID, at, body), body)
	f.Add("a.b", "99", "v1,AAAA v1,BBBB", []byte("{}"))
	theirs, err := standardwebhooks.NewWebhook(secretText)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, id, stamp, signature string, content []byte) {
		h := signing.Headers{ID: id, Timestamp: stamp, Signature: signature}
		n, numErr := strconv.ParseInt(stamp, 10, 64)
		now := time.Unix(n, 0)
		err := s.Verify(h, content, now)
		finding := signing.Explain(s, h, content, now)
		if finding.OK != (err == nil) || finding.Cause == "" || finding.Summary == "" {
			t.Fatalf("Verify says %v, Explain %+v", err, finding)
		}
		if err == nil && stamp == strconv.FormatInt(n, 10) {
			header := http.Header{"Webhook-Id": {id}, "Webhook-Timestamp": {stamp}, "Webhook-Signature": {signature}}
			if err := theirs.VerifyIgnoringTimestamp(content, header); err != nil {
				t.Fatalf("we accept what the library refuses: %v", err)
			}
		}
		if id == "" || numErr != nil || n < 0 {
			return
		}
		own := signing.Headers{ID: id, Timestamp: strconv.FormatInt(n, 10), Signature: s.Sign(id, n, content)}
		if err := s.Verify(own, content, now); err != nil {
			t.Fatalf("our own signature: %v", err)
		}
		if _, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(own.Signature, "v1,")); err != nil {
			t.Fatal(err)
		}
	})
}
