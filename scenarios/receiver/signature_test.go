package receiver

import (
	"bufio"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"maps"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestRefusesEveryForgery(t *testing.T) {
	s := start(t, Config{})
	body := outbound("forged", "SENT")
	ts := now.Unix()
	good := sign(t, secret, webhookID, ts, body)
	digest := strings.TrimPrefix(good, "v1,")
	raw, _ := base64.StdEncoding.DecodeString(digest)
	textAsKey := "whsec_" + base64.StdEncoding.EncodeToString([]byte(secret))
	without := func(name string) map[string]string {
		h := headers(webhookID, ts, good)
		delete(h, name)
		return h
	}
	signedAt := func(timestamp int64) map[string]string {
		return headers(webhookID, timestamp, sign(t, secret, webhookID, timestamp, body))
	}
	for name, tc := range map[string]struct {
		header map[string]string
		body   string
	}{
		"tampered":                 {headers(webhookID, ts, good), strings.Replace(body, "SENT", "READ", 1)},
		"cut":                      {headers(webhookID, ts, good), body[:len(body)-1]},
		"one byte more":            {headers(webhookID, ts, good), body + "\n"},
		"another secret":           {headers(webhookID, ts, sign(t, otherSecret, webhookID, ts, body)), body},
		"text of the secret":       {headers(webhookID, ts, sign(t, textAsKey, webhookID, ts, body)), body},
		"another webhook id":       {headers(webhookID, ts, sign(t, secret, account, ts, body)), body},
		"no id":                    {without("X-Webhook-ID"), body},
		"no timestamp":             {without("X-Webhook-Timestamp"), body},
		"no signature":             {without("X-Webhook-Signature"), body},
		"empty id, signed so":      {headers("", ts, sign(t, secret, "", ts, body)), body},
		"no version":               {headers(webhookID, ts, digest), body},
		"wrong version":            {headers(webhookID, ts, "v2,"+digest), body},
		"hex":                      {headers(webhookID, ts, "v1,"+hex.EncodeToString(raw)), body},
		"url-safe alphabet":        {headers(webhookID, ts, "v1,"+base64.URLEncoding.EncodeToString(append(raw, 0xff))), body},
		"shorter":                  {headers(webhookID, ts, good[:20]), body},
		"longer":                   {headers(webhookID, ts, good+"AAAA"), body},
		"version only":             {headers(webhookID, ts, "v1,"), body},
		"non-ASCII":                {headers(webhookID, ts, "v1,\xff\xfe\xe4"), body},
		"310 s old":                {signedAt(ts - 310), body},
		"301 s old":                {signedAt(ts - 301), body},
		"ten years old":            {signedAt(ts - 315_360_000), body},
		"310 s ahead":              {signedAt(ts + 310), body},
		"milliseconds":             {signedAt(ts * 1000), body},
		"negative":                 {signedAt(-ts), body},
		"timestamp of no number":   {headers(webhookID, "now", good), body},
		"timestamp with overflow":  {headers(webhookID, "99999999999999999999", good), body},
		"timestamp in hexadecimal": {headers(webhookID, "0x68e77c80", good), body},
		"timestamp with fraction":  {headers(webhookID, "1760000000.0", good), body},
	} {
		status, answer := s.post(tc.header, tc.body)
		if status != http.StatusUnauthorized {
			t.Errorf("%s: answered %d, want 401", name, status)
		}
		if strings.Contains(answer, digest) || strings.Contains(answer, secret[6:]) {
			t.Errorf("%s: the answer tells too much: %s", name, answer)
		}
	}
	s.wants("/state/messages/forged", "404")
	s.accepts(body) // the control: it was the signature and not the body
	s.wants("/state/messages/forged", state("SENT", 1))
}

func TestAcceptsEverythingThatIsSigned(t *testing.T) {
	s := start(t, Config{})
	for _, age := range []time.Duration{240 * time.Second, -240 * time.Second, 300 * time.Second, -300 * time.Second} {
		if status := s.deliver(outbound("skewed", "SENT"), age); status != http.StatusOK {
			t.Errorf("%s old: answered %d", age, status)
		}
	}
	body := outbound("spelled", "SENT")
	good := headers(webhookID, now.Unix(), sign(t, secret, webhookID, now.Unix(), body))
	for _, spell := range []func(string) string{strings.ToLower, strings.ToUpper} {
		h := map[string]string{}
		for name, value := range good {
			h[spell(name)] = value
		}
		if status, _ := s.post(h, body); status != http.StatusOK {
			t.Errorf("headers %v: answered %d", h, status)
		}
	}
	other := sign(t, otherSecret, webhookID, now.Unix(), body)
	for _, pattern := range []string{"GOOD OTHER", "OTHER GOOD", "v1a,xyz GOOD", "OTHER OTHER GOOD OTHER"} {
		h := maps.Clone(good)
		h["X-Webhook-Signature"] = strings.NewReplacer("GOOD", good["X-Webhook-Signature"], "OTHER", other).Replace(pattern)
		if status, _ := s.post(h, body); status != http.StatusOK {
			t.Errorf("signatures %s: answered %d", pattern, status)
		}
	}
	// The raw bytes are what is signed, however the JSON is written.
	s.accepts(
		"{ \"field\" : \"message\",\r\n\t\"payload\":{\"message_id\":\"odd\" ,\"message_status\":\"SENT\"}}\n\n",
		`{"payload":{"message_status":"\u0044ELIVERED","message_id":"\u006fdd","n":1.0,"n":1e0},"field":"x","field":"message"}`,
	)
	s.wants("/state/messages/odd", state("DELIVERED", 2))
}

func TestGarbageIsRefusedPolitely(t *testing.T) {
	s := start(t, Config{})
	for _, body := range []string{"", "null", "[]", "1", `"text"`, "{", "not json", `{"field":"message"}}`, "\x00\xff", strings.Repeat("[", 100_000)} {
		if status := s.deliver(body); status != http.StatusBadRequest {
			t.Errorf("%.20q: answered %d, want 400", body, status)
		}
	}
	// Larger than any event, signed or not: an answer, and it stays up.
	for _, size := range []int{maxBody + 1, 4 << 20, maxDrain} {
		status, _ := s.post(nil, strings.Repeat("x", size))
		if status != http.StatusRequestEntityTooLarge {
			t.Errorf("%d bytes: answered %d, want 413", size, status)
		}
	}
	// Nor is the connection dropped under a sender that writes first and reads then.
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, err = fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%s", DefaultPath, 8<<20, strings.Repeat("x", 8<<20))
	if err != nil {
		t.Error(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("answered %d, want 413", resp.StatusCode)
	}
	huge := strings.Replace(outbound("huge", "SENT"), `"sms"`, `"sms","extra":"`+strings.Repeat("x", 1<<20)+`"`, 1)
	s.accepts(huge)
	s.wants("/state/messages/huge", state("SENT", 1))
}
