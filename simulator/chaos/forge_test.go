package chaos_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"pgregory.net/rapid"

	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/signing"
)

const (
	webhookID = "5f1c1b9e-7f0a-4c27-9d36-0d5f6a7b8c90"
	otherID   = "5f1c1b9e-7f0a-4c27-9d36-0d5f6a7b8c91"
	now       = int64(1761905442)
	body      = `{"field":"message","sub_type":"message.delivered","timestamp":"2025-10-31T10:10:42Z","payload":{"message_status":"DELIVERED"}}`
)

func secret(tb testing.TB, n byte) signing.Secret {
	tb.Helper()
	s, err := signing.GenerateSecret(rand.NewChaCha8([32]byte{n}))
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func input(tb testing.TB, at int64) chaos.Input {
	tb.Helper()
	return chaos.Input{Secret: secret(tb, 1), Other: secret(tb, 2), WebhookID: webhookID, Timestamp: at}
}

func genuine(in chaos.Input, body []byte) delivery.Request {
	return delivery.NewRequest("http://127.0.0.1/webhooks/sent", in.WebhookID, in.Secret, delivery.EventHeaders{Type: "message.delivered"}, body, in.Timestamp)
}

func headers(r delivery.Request) signing.Headers { return signing.HeadersFrom(r.Get) }

// verify is a correct receiver whose clock is a second past the signing.
func verify(r delivery.Request, s signing.Secret, at int64) error {
	return s.Verify(headers(r), r.Body, time.Unix(at+1, 0))
}

// expectation is what a correct receiver says of a forgery, and how one looks
// that accepts it.
type expectation struct {
	rule   string
	reason error
	// lax reports whether a receiver would accept it that leaves out this one
	// check: then nothing else is wrong with it.
	lax func(r delivery.Request, in chaos.Input) bool
}

func expectations() map[string]expectation {
	// The signature is right for the content that these three make.
	signed := func(id, timestamp string) func(delivery.Request, chaos.Input) bool {
		return func(r delivery.Request, in chaos.Input) bool {
			return r.Get(signing.HeaderSignature) == in.Secret.SignContent([]byte(id+"."+timestamp+"."+string(r.Body)))
		}
	}
	restored := func(header, value string) func(delivery.Request, chaos.Input) bool {
		return func(r delivery.Request, in chaos.Input) bool {
			if value == "" {
				value = in.Secret.Sign(webhookID, now, []byte(body))
			}
			return r.Get(header) != value && verify(r.With(header, value), in.Secret, now) == nil
		}
	}
	bodyRestored := func(r delivery.Request, in chaos.Input) bool {
		return verify(r.WithBody([]byte(body)), in.Secret, now) == nil
	}
	// validAt is right for a receiver whose clock shows the forged timestamp.
	validAt := func(offset int64) func(delivery.Request, chaos.Input) bool {
		return func(r delivery.Request, in chaos.Input) bool {
			return r.Get(signing.HeaderTimestamp) == strconv.FormatInt(now+offset, 10) && verify(r, in.Secret, now+offset) == nil
		}
	}
	stamped := func(timestamp string) func(delivery.Request, chaos.Input) bool {
		return func(r delivery.Request, in chaos.Input) bool {
			return r.Get(signing.HeaderTimestamp) == timestamp && signed(webhookID, timestamp)(r, in)
		}
	}
	textKey := func(cut string) func(delivery.Request, chaos.Input) bool {
		return func(r delivery.Request, in chaos.Input) bool {
			mac := hmac.New(sha256.New, []byte(strings.TrimPrefix(in.Secret.Reveal(), cut)))
			mac.Write([]byte(webhookID + "." + stampNow + "." + body))
			return r.Get(signing.HeaderSignature) == "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil))
		}
	}
	over := func(part string) func(delivery.Request, chaos.Input) bool {
		return func(r delivery.Request, in chaos.Input) bool {
			return r.Get(signing.HeaderSignature) == in.Secret.SignContent([]byte(part+"."+string(r.Body)))
		}
	}
	bodyAlone := func(cut, prefix string, text func([]byte) string) func(delivery.Request, chaos.Input) bool {
		return func(r delivery.Request, in chaos.Input) bool {
			mac := hmac.New(sha256.New, []byte(strings.TrimPrefix(in.Secret.Reveal(), cut)))
			mac.Write([]byte(body))
			return r.Get(signing.HeaderSignature) == prefix+text(mac.Sum(nil))
		}
	}
	otherSecret := func(r delivery.Request, in chaos.Input) bool { return verify(r, in.Other, now) == nil }

	missing, wrong := signing.ErrMissingHeader, signing.ErrSignature
	id, ts, sig := signing.HeaderID, signing.HeaderTimestamp, signing.HeaderSignature
	return map[string]expectation{
		"body-tampered":  {"SIG-2", wrong, bodyRestored},
		"body-truncated": {"SIG-2", wrong, bodyRestored},
		"body-appended":  {"SIG-2", wrong, bodyRestored},

		"wrong-secret":            {"SIG-3", wrong, otherSecret},
		"secret-text":             {"SIG-3", wrong, textKey("whsec_")},
		"secret-text-with-prefix": {"SIG-3", wrong, textKey("")},

		"no-id":                   {"SIG-4", missing, restored(id, webhookID)},
		"no-timestamp":            {"SIG-4", missing, restored(ts, stampNow)},
		"no-signature":            {"SIG-4", missing, restored(sig, "")},
		"empty-id":                {"SIG-4", missing, restored(id, webhookID)},
		"empty-timestamp":         {"SIG-4", missing, restored(ts, stampNow)},
		"empty-signature":         {"SIG-4", missing, restored(sig, "")},
		"no-id-resigned":          {"SIG-4", missing, signed("", stampNow)},
		"no-id-undefined":         {"SIG-4", missing, signed("undefined", stampNow)},
		"no-id-none":              {"SIG-4", missing, signed("None", stampNow)},
		"no-id-null":              {"SIG-4", missing, signed("null", stampNow)},
		"no-id-dropped":           {"SIG-4", missing, over(stampNow)},
		"empty-id-dropped":        {"SIG-4", missing, over(stampNow)},
		"no-timestamp-dropped":    {"SIG-4", missing, over(webhookID)},
		"empty-timestamp-dropped": {"SIG-4", missing, over(webhookID)},
		"empty-id-resigned":       {"SIG-4", missing, signed("", stampNow)},

		"other-scheme-hex":         {"SIG-5", wrong, bodyAlone("", "", hex.EncodeToString)},
		"other-scheme-sha256-hex":  {"SIG-5", wrong, bodyAlone("", "sha256=", hex.EncodeToString)},
		"other-scheme-base64":      {"SIG-5", wrong, bodyAlone("", "", base64.StdEncoding.EncodeToString)},
		"other-scheme-v1-base64":   {"SIG-5", wrong, bodyAlone("", "v1,", base64.StdEncoding.EncodeToString)},
		"other-scheme-part-hex":    {"SIG-5", wrong, bodyAlone("whsec_", "", hex.EncodeToString)},
		"other-scheme-part-base64": {"SIG-5", wrong, bodyAlone("whsec_", "", base64.StdEncoding.EncodeToString)},
		"no-timestamp-resigned":    {"SIG-4", missing, signed(webhookID, "")},
		"no-timestamp-undefined":   {"SIG-4", missing, signed(webhookID, "undefined")},
		"no-timestamp-none":        {"SIG-4", missing, signed(webhookID, "None")},
		"no-timestamp-null":        {"SIG-4", missing, signed(webhookID, "null")},
		"empty-timestamp-resigned": {"SIG-4", missing, signed(webhookID, "")},

		"signature-without-version": {"SIG-5", wrong, restored(sig, "")},
		"signature-hex":             {"SIG-5", wrong, restored(sig, "")},
		"signature-wrong-version":   {"SIG-5", wrong, restored(sig, "")},
		"signature-other-case":      {"SIG-5", wrong, restored(sig, "")},
		"signature-cut":             {"SIG-5", wrong, restored(sig, "")},
		"signature-longer":          {"SIG-5", wrong, restored(sig, "")},
		"signature-trailing":        {"SIG-5", wrong, restored(sig, "")},
		"signature-empty-value":     {"SIG-5", wrong, restored(sig, "")},
		"signature-garbage":         {"SIG-5", wrong, restored(sig, "")},
		"signature-not-base64":      {"SIG-5", wrong, restored(sig, "")},
		"signature-non-ascii":       {"SIG-5", wrong, restored(sig, "")},
		"signature-only-non-ascii":  {"SIG-5", wrong, restored(sig, "")},

		"stale-310":               {"SIG-6", signing.ErrTooOld, validAt(-310)},
		"stale-3600":              {"SIG-6", signing.ErrTooOld, validAt(-3600)},
		"stale-10y":               {"SIG-6", signing.ErrTooOld, validAt(-315360000)},
		"stale-301":               {"SIG-6", signing.ErrTooOld, validAt(-301)},
		"timestamp-text":          {"SIG-6", signing.ErrTimestamp, stamped("yesterday")},
		"timestamp-nan":           {"SIG-6", signing.ErrTimestamp, stamped("NaN")},
		"timestamp-empty":         {"SIG-6", missing, stamped("")},
		"timestamp-negative":      {"SIG-6", signing.ErrTimestamp, stamped("-1761905442")},
		"timestamp-trailing-text": {"SIG-6", signing.ErrTimestamp, stamped(stampNow + "abc")},
		"timestamp-fraction":      {"SIG-6", signing.ErrTimestamp, stamped(stampNow + ".5")},
		"timestamp-exponent":      {"SIG-6", signing.ErrTimestamp, stamped("1.761905442e9")},
		"timestamp-overflow":      {"SIG-6", signing.ErrTimestamp, stamped("18446744075471457058")},

		"future-310":          {"SIG-7", signing.ErrTooNew, validAt(310)},
		"future-3600":         {"SIG-7", signing.ErrTooNew, validAt(3600)},
		"future-milliseconds": {"SIG-7", signing.ErrTooNew, stamped("1761905442000")},
		"future-overflow":     {"SIG-7", signing.ErrTooNew, validAt(1 << 32)},

		"other-webhook-id":    {"SIG-10", wrong, signed(otherID, stampNow)},
		"webhook-id-replaced": {"SIG-10", wrong, restored(id, webhookID)},
	}
}

const stampNow = "1761905442"

// strictOnly are those that come so close to what is allowed, or that only
// the owner of the secret could make, that no run insists but a strict one.
var strictOnly = []string{
	"stale-301", "timestamp-trailing-text", "timestamp-fraction", "timestamp-exponent", "empty-id-resigned", "empty-id-dropped",
}

func TestForgeries(t *testing.T) {
	in := input(t, now)
	r := genuine(in, []byte(body))
	if err := verify(r, in.Secret, now); err != nil {
		t.Fatalf("the genuine request is rejected: %v", err)
	}
	want := expectations()
	for _, f := range chaos.Forgeries() {
		t.Run(f.Name, func(t *testing.T) {
			expected, ok := want[f.Name]
			if !ok {
				t.Fatal("no expectation for it")
			}
			forged, err := chaos.Forge(f.Name, r, in)
			if err != nil {
				t.Fatal(err)
			}
			if err := verify(forged, in.Secret, now); !errors.Is(err, expected.reason) {
				t.Errorf("a correct receiver says %v, want %v", err, expected.reason)
			}
			if !expected.lax(forged, in) {
				t.Errorf("something else is wrong with it too: %+v", forged)
			}
			if f.Rule != expected.rule || f.Doc == "" || f.StrictOnly != slices.Contains(strictOnly, f.Name) {
				t.Errorf("rule %s, want %s; doc %q; strict only %v", f.Rule, expected.rule, f.Doc, f.StrictOnly)
			}
		})
		delete(want, f.Name)
	}
	for name := range want {
		t.Errorf("%s is gone", name)
	}
}

// TestMissingMeansMissing: absent and empty headers are told apart on the wire.
func TestMissingMeansMissing(t *testing.T) {
	in := input(t, now)
	for _, f := range chaos.ForRule("SIG-4") {
		r, err := f.Forge(genuine(in, []byte(body)), in)
		if err != nil {
			t.Fatal(err)
		}
		verb, header, _ := strings.Cut(f.Name, "-")
		header, _, _ = strings.Cut(header, "-")
		there := slices.ContainsFunc(r.Headers, func(h delivery.Header) bool {
			return h.Name == "X-Webhook-"+map[string]string{"id": "ID", "timestamp": "Timestamp", "signature": "Signature"}[header]
		})
		if there != (verb == "empty") || r.Get("X-Webhook-"+header) != "" {
			t.Errorf("%s: %v", f.Name, r.Headers)
		}
	}
}

func TestMalformedSignatures(t *testing.T) {
	in := input(t, now)
	right := strings.TrimPrefix(genuine(in, []byte(body)).Get(signing.HeaderSignature), "v1,")
	digest, err := base64.StdEncoding.DecodeString(right)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range chaos.ForRule("SIG-5") {
		r, err := f.Forge(genuine(in, []byte(body)), in)
		if err != nil {
			t.Fatal(err)
		}
		value := r.Get(signing.HeaderSignature)
		version, text, found := strings.Cut(value, ",")
		if !found || version != "v1" {
			continue
		}
		// A decoder that passes over foreign characters and padding, as some do,
		// must not find the right digest.
		clean := strings.Map(func(c rune) rune {
			if strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", c) {
				return c
			}
			return -1
		}, text)
		lenient, err := base64.RawStdEncoding.DecodeString(clean)
		if err == nil && bytes.Equal(lenient, digest) {
			t.Errorf("%s: a lenient base64 decoder accepts %s", f.Name, value)
		}
		if strings.Contains(f.Name, "non-ascii") && (len(text) != len(right) || !strings.Contains(text, "é")) {
			t.Errorf("%s: %q is not as long as %q in bytes", f.Name, text, right)
		}
	}
}

// TestEveryForgeryOfEveryRequest: whatever the body and the time, a correct
// receiver rejects it, and the genuine request is left alone.
func TestEveryForgeryOfEveryRequest(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		in := input(t, rapid.Int64Range(1e9, 4e9).Draw(rt, "timestamp"))
		content := rapid.SliceOfN(rapid.Byte(), 1, 300).Draw(rt, "body")
		r := genuine(in, content)
		before := genuine(in, slices.Clone(content))
		for _, f := range chaos.Forgeries() {
			forged, err := f.Forge(r, in)
			if err != nil {
				rt.Fatal(err)
			}
			if again, _ := f.Forge(r, in); !reflect.DeepEqual(forged, again) {
				rt.Fatalf("%s differs the second time", f.Name)
			}
			if verify(r, in.Secret, in.Timestamp) != nil || !reflect.DeepEqual(r, before) {
				rt.Fatalf("%s changed the genuine request", f.Name)
			}
			if verify(forged, in.Secret, in.Timestamp) == nil {
				rt.Fatalf("%s is accepted: %+v", f.Name, forged)
			}
		}
	})
}

// TestStandardWebhooksRejectsThemToo asks somebody else's verifier.
func TestStandardWebhooksRejectsThemToo(t *testing.T) {
	in := input(t, time.Now().Unix()) // that library reads the wall clock itself
	oracle, err := standardwebhooks.NewWebhook(in.Secret.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	check := func(r delivery.Request) error {
		h := http.Header{}
		for theirs, ours := range map[string]string{
			standardwebhooks.HeaderWebhookID:        signing.HeaderID,
			standardwebhooks.HeaderWebhookTimestamp: signing.HeaderTimestamp,
			standardwebhooks.HeaderWebhookSignature: signing.HeaderSignature,
		} {
			h.Set(theirs, r.Get(ours))
		}
		return oracle.Verify(r.Body, h)
	}
	r := genuine(in, []byte(body))
	if err := check(r); err != nil {
		t.Fatalf("the genuine request is rejected: %v", err)
	}
	for _, f := range chaos.Forgeries() {
		forged, err := f.Forge(r, in)
		if err != nil {
			t.Fatal(err)
		}
		if check(forged) == nil {
			t.Errorf("%s is accepted", f.Name)
		}
	}
}

func TestTamperedBodies(t *testing.T) {
	in := input(t, now)
	for _, c := range []struct{ name, forgery, body, want string }{
		{"the last digit changes", "tampered", `{"a":19,"b":"c"}`, `{"a":10,"b":"c"}`},
		{"no digit: the middle byte changes", "body-tampered", "abc", "acc"},
		{"an empty body gets one", "body-tampered", "", "{}"},
		{"cut", "body-truncated", "{}", "{"},
		{"longer", "body-appended", "{}", "{}\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := chaos.Forge(c.forgery, genuine(in, []byte(c.body)), in)
			if err != nil || string(r.Body) != c.want {
				t.Errorf("got %q, %v; want %q", r.Body, err, c.want)
			}
		})
	}
}

func TestForgeRefuses(t *testing.T) {
	in := input(t, now)
	r := genuine(in, []byte(body))
	with := func(change func(*chaos.Input)) chaos.Input {
		changed := in
		change(&changed)
		return changed
	}
	for _, c := range []struct {
		name, forgery string
		r             delivery.Request
		in            chaos.Input
		want          string
	}{
		{"an unknown name, with those like it", "stale-5", r, in, "stale-310, stale-3600, stale-10y, stale-301"},
		{"an unknown name", "late", r, in, "body-tampered"},
		{"no secret", "stale", r, with(func(i *chaos.Input) { i.Secret = signing.Secret{} }), "no signing secret"},
		{"a request signed by another secret", "stale", r, with(func(i *chaos.Input) { i.Secret = i.Other }), "not signed with this secret"},
		{"another webhook's request", "stale", r, with(func(i *chaos.Input) { i.WebhookID = otherID }), "X-Webhook-ID"},
		{"another time's request", "stale", r, with(func(i *chaos.Input) { i.Timestamp++ }), "X-Webhook-Timestamp"},
		{"a forged request", "stale", r.WithBody([]byte("{}")), in, "not signed with this secret"},
		{"wrong-secret without one", "wrong-secret", r, with(func(i *chaos.Input) { i.Other = signing.Secret{} }), "no other secret"},
		{"wrong-secret with the right one", "wrong-secret", r, with(func(i *chaos.Input) { i.Other = i.Secret }), "give a different one"},
		{"cutting nothing", "body-truncated", genuine(in, nil), in, "nothing to cut off"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := chaos.Forge(c.forgery, c.r, c.in)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want an error with %q", err, c.want)
			}
			if strings.Contains(err.Error(), strings.TrimPrefix(in.Secret.Reveal(), "whsec_")) {
				t.Errorf("the error shows the secret: %v", err)
			}
		})
	}
}

func TestAliases(t *testing.T) {
	for alias, name := range map[string]string{"tampered": "body-tampered", "stale": "stale-3600", "future": "future-3600"} {
		if f, err := chaos.Lookup(alias); err != nil || f.Name != name {
			t.Errorf("Lookup(%q) = %q, %v", alias, f.Name, err)
		}
	}
	if got := chaos.ForRule("SIG-1"); len(got) != 0 {
		t.Errorf("SIG-1 has forgeries: %v", got)
	}
}
