package signing_test

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/sentsim/sentsim/simulator/signing"
)

func secretOf(t interface{ Fatal(args ...any) }, key []byte) signing.Secret {
	s, err := signing.ParseSecret(signing.SecretPrefix + base64.StdEncoding.EncodeToString(key))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestAgainstStandardWebhooks signs here and verifies there, and the other way
// round, with random keys, ids, times and bodies. The library checks the wall
// clock, so the times are close to it.
func TestAgainstStandardWebhooks(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	random := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		return b
	}
	now := time.Now()
	for i := range 5000 {
		s := secretOf(t, random(24+r.IntN(41)))
		theirs, err := standardwebhooks.NewWebhook(s.Reveal())
		if err != nil {
			t.Fatal(err)
		}
		id := fmt.Sprintf("%x", random(1+r.IntN(20)))
		at := now.Unix() + int64(r.IntN(561)-280)
		content := random(r.IntN(600))

		ours := s.Sign(id, at, content)
		made, err := theirs.Sign(id, time.Unix(at, 0), content)
		if err != nil || made != ours {
			t.Fatalf("case %d: we sign %s, the library %s (%v)", i, ours, made, err)
		}
		h := http.Header{}
		h.Set("webhook-id", id)
		h.Set("webhook-timestamp", strconv.FormatInt(at, 10))
		h.Set("webhook-signature", ours)
		if err := theirs.Verify(content, h); err != nil {
			t.Fatalf("case %d: the library refuses ours: %v", i, err)
		}
		mine := signing.Headers{ID: id, Timestamp: strconv.FormatInt(at, 10), Signature: made}
		if err := s.Verify(mine, content, now); err != nil {
			t.Fatalf("case %d: we refuse the library's: %v", i, err)
		}

		// Broken in one place, or merely rearranged, both must judge alike.
		broken, what := mine, r.IntN(6)
		changed := content
		switch what {
		case 0:
			broken.ID += "0"
		case 1:
			broken.Timestamp = strconv.FormatInt(at+1, 10)
		case 2:
			broken.Signature = "v1,AAAA v2,BBBB " + made // still right
		case 3:
			broken.Signature = made[:3+r.IntN(len(made)-3)]
		case 4:
			changed = append([]byte{' '}, content...)
		case 5:
			broken.Timestamp = strconv.FormatInt(now.Unix()+int64(r.IntN(4000)-2000)*1000, 10)
			n, _ := strconv.ParseInt(broken.Timestamp, 10, 64)
			broken.Signature = s.Sign(id, n, content)
		}
		h.Set("webhook-id", broken.ID)
		h.Set("webhook-timestamp", broken.Timestamp)
		h.Set("webhook-signature", broken.Signature)
		if a, b := s.Verify(broken, changed, now), theirs.Verify(changed, h); (a == nil) != (b == nil) {
			t.Fatalf("case %d, broken %d: we say %v, the library %v", i, what, a, b)
		}
	}
}
