package signing_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sentsim/sentsim/simulator/signing"
)

// The names are the contract: clients and proxies match on them.
func TestHeaderNames(t *testing.T) {
	for got, want := range map[string]string{
		signing.HeaderID:        "X-Webhook-ID",
		signing.HeaderTimestamp: "X-Webhook-Timestamp",
		signing.HeaderSignature: "X-Webhook-Signature",
		signing.HeaderEventType: "X-Webhook-Event-Type",
		signing.HeaderEventID:   "X-Webhook-Event-ID",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// What Verify says leads to the cause, so it must not name another one.
func TestVerifySaysWhy(t *testing.T) {
	const at = 1700000000
	s := mustParse(t, secretText)
	good := signedNow(s)
	timestamp := func(v string) signing.Headers {
		return signing.Headers{ID: good.ID, Timestamp: v, Signature: good.Signature}
	}
	signature := func(v string) signing.Headers {
		return signing.Headers{ID: good.ID, Timestamp: good.Timestamp, Signature: v}
	}
	now := time.Unix(at, 0)
	const notDigits, tooLong = "must be whole Unix seconds in decimal digits", "more than any time in Unix seconds"
	const noVersion = `none in X-Webhook-Signature starts with "v1,"`
	for _, c := range []struct {
		name string
		h    signing.Headers
		now  time.Time
		want string
	}{
		{"a letter in the timestamp", timestamp("17000000a0"), now, notDigits},
		{"the character after 9", timestamp("170000000:"), now, notDigits},
		{"the character before 0", timestamp("17000000/0"), now, notDigits},
		{"too many digits", timestamp("99999999999999999999"), now, "has 20 digits, " + tooLong},
		{"too old", good, now.Add(301 * time.Second), "by 301 s, 300 are allowed"},
		{"too new", good, now.Add(-302 * time.Second), "by 302 s, 300 are allowed"},
		{"missing id", signing.Headers{Timestamp: good.Timestamp, Signature: good.Signature}, now, "X-Webhook-ID"},
		{"missing timestamp", timestamp(""), now, "X-Webhook-Timestamp"},
		{"missing signature", signature(""), now, "X-Webhook-Signature"},
		{"no version at all", signature(good.Signature[3:]), now, noVersion},
		{"only other versions", signature("v2,AAAA v1a,BBBB"), now, noVersion},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := s.Verify(c.h, body, c.now)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error that says %q", err, c.want)
			}
		})
	}
	err := s.Verify(signature("v1,AAAA v2,BBBB"), body, now)
	if err == nil || strings.Contains(err.Error(), noVersion) {
		t.Errorf("got %v: there is one that starts with v1, and it is wrong", err)
	}
}
