package mutant

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/sentsim/sentsim/scenarios/receiver"
	"github.com/sentsim/sentsim/simulator/contract"
)

// Mistakes in what is signed, with which key, and in what a signature looks like.
func signatureMutants() []Mutant {
	return []Mutant{
		{
			Name:    "no-verification",
			Mistake: "The signature is never looked at: that was to come before launch.",
			Breaks: []Broken{
				{contract.SIG2, "rejects a tampered body"},
				{contract.SIG3, "rejects a signature made with another secret"},
				{contract.SIG4, "rejects when any of the three signature headers is missing or empty"},
				{contract.SIG5, "rejects malformed signatures"},
				{contract.SIG6, "rejects a validly signed delivery older than 300 s"},
				{contract.SIG7, "rejects one more than 300 s in the future"},
				{contract.SIG10, "rejects a signature made for another webhook id"},
				{contract.ROT1, "refuses the old one"},
			},
			change: verifying(func([]byte, http.Header, []byte, time.Time) error { return nil }),
		},
		{
			Name:    "secret-text-as-key",
			Mistake: "The secret's text is the key, not the bytes that it stands for, so nothing genuine verifies.",
			Breaks:  []Broken{{contract.SIG1, "accepts a correctly signed delivery"}},
			change: func(r *receiver.Receiver, cfg receiver.Config) error {
				r.Key = []byte(cfg.Secret)
				return nil
			},
		},
		{
			Name:    "body-alone-signed",
			Mistake: "The signature is computed over the body alone, as other platforms do it.",
			Breaks:  []Broken{{contract.SIG1, "accepts a correctly signed delivery"}},
			change: checking(func(c *check) {
				c.content = func(_, _ string, body []byte) []byte { return body }
			}),
		},
		{
			Name:    "secret-text-too",
			Mistake: "When the decoded secret does not match, its text is tried as the key, because a tutorial used that.",
			Breaks:  []Broken{{contract.SIG3, "the secret's text instead of its bytes"}},
			change: func(r *receiver.Receiver, cfg receiver.Config) error {
				r.Verify = func(key []byte, h http.Header, body []byte, now time.Time) error {
					err := receiver.Verify(key, h, body, now)
					if errors.Is(err, receiver.ErrSignature) {
						return receiver.Verify([]byte(strings.TrimPrefix(cfg.Secret, "whsec_")), h, body, now)
					}
					return err
				}
				return nil
			},
		},
		{
			Name:    "reserialised-json",
			Mistake: "The signature is computed over the JSON as the framework prints it again, without its white space.",
			Breaks: []Broken{
				{contract.SIG2, "one byte appended"},
				{contract.SIG9, "verifies raw bytes: accepts odd whitespace"},
			},
			change: checking(func(c *check) {
				c.content = func(id, timestamp string, body []byte) []byte {
					var compact bytes.Buffer
					if json.Compact(&compact, body) == nil {
						body = compact.Bytes()
					}
					return signedContent(id, timestamp, body)
				}
			}),
		},
		{
			Name:    "trimmed-body",
			Mistake: "A middleware strips the white space around the body before the signature is verified.",
			Breaks: []Broken{
				{contract.SIG2, "one byte appended"},
				{contract.SIG9, "trailing newline"},
			},
			change: checking(func(c *check) {
				c.content = func(id, timestamp string, body []byte) []byte {
					return signedContent(id, timestamp, bytes.TrimSpace(body))
				}
			}),
		},
		{
			Name:    "trimmed-body-too",
			Mistake: "When the raw body does not verify, it is tried again without the white space around it.",
			Breaks:  []Broken{{contract.SIG2, "one byte appended"}},
			change: verifying(func(key []byte, h http.Header, body []byte, now time.Time) error {
				err := receiver.Verify(key, h, body, now)
				if errors.Is(err, receiver.ErrSignature) {
					err = receiver.Verify(key, h, bytes.TrimSpace(body), now)
				}
				return err
			}),
		},
		{
			Name:    "version-optional",
			Mistake: "v1, is cut off the signature if it is there, and not missed if it is not.",
			Breaks:  []Broken{{contract.SIG5, "no v1,"}},
			change: matching(func(got string, digest []byte) (bool, error) {
				return hmac.Equal([]byte(strings.TrimPrefix(got, "v1,")), text64(digest)), nil
			}),
		},
		{
			Name:    "any-version",
			Mistake: "Whatever stands before the comma of a signature is thrown away.",
			Breaks:  []Broken{{contract.SIG5, "wrong version"}},
			change: matching(func(got string, digest []byte) (bool, error) {
				_, value, _ := strings.Cut(got, ",")
				return hmac.Equal([]byte(value), text64(digest)), nil
			}),
		},
		{
			Name:    "hex-too",
			Mistake: "A digest in hexadecimal is as welcome as one in base64.",
			Breaks:  []Broken{{contract.SIG5, "hex"}},
			change: matching(func(got string, digest []byte) (bool, error) {
				value, v1 := strings.CutPrefix(got, "v1,")
				return v1 && (hmac.Equal([]byte(value), text64(digest)) || value == hex.EncodeToString(digest)), nil
			}),
		},
		{
			Name:    "older-scheme-too",
			Mistake: "A signature of the platform before Sent is still taken: the HMAC of the body in hex, keyed with the secret's text.",
			Breaks:  []Broken{{contract.SIG5, "those of the other schemes that receivers keep as a fallback"}},
			change: func(r *receiver.Receiver, cfg receiver.Config) error {
				r.Verify = func(key []byte, h http.Header, body []byte, now time.Time) error {
					mac := hmac.New(sha256.New, []byte(cfg.Secret))
					mac.Write(body)
					if h.Get("X-Webhook-Signature") == hex.EncodeToString(mac.Sum(nil)) {
						return nil
					}
					return receiver.Verify(key, h, body, now)
				}
				return nil
			},
		},
		{
			Name:    "case-ignored",
			Mistake: "Signatures are compared without regard to upper and lower case, as header names are.",
			Breaks:  []Broken{{contract.SIG5, "rejects malformed signatures"}},
			change: matching(func(got string, digest []byte) (bool, error) {
				value, v1 := strings.CutPrefix(got, "v1,")
				return v1 && strings.EqualFold(value, string(text64(digest))), nil
			}),
		},
		{
			Name:    "prefix-compare",
			Mistake: "The comparison stops at the end of the shorter text.",
			Breaks:  []Broken{{contract.SIG5, "cut"}},
			change: matching(func(got string, digest []byte) (bool, error) {
				value, v1 := strings.CutPrefix(got, "v1,")
				return v1 && strings.HasPrefix(string(text64(digest)), value), nil
			}),
		},
		{
			Name:    "length-mismatch-crash",
			Mistake: "The constant-time comparison throws when the lengths differ, and nobody catches that.",
			Breaks:  []Broken{{contract.SIG5, "other length"}},
			change: matching(func(got string, digest []byte) (bool, error) {
				want := "v1," + string(text64(digest))
				if len(got) != len(want) {
					return false, crash("RangeError: Input buffers must have the same byte length")
				}
				return hmac.Equal([]byte(got), []byte(want)), nil
			}),
		},
		{
			Name:    "non-ascii-crash",
			Mistake: "The comparison takes ASCII only and raises an error for anything else.",
			Breaks:  []Broken{{contract.SIG5, "non-ASCII bytes"}},
			change: matching(func(got string, digest []byte) (bool, error) {
				if strings.IndexFunc(got, func(c rune) bool { return c > 127 }) >= 0 {
					return false, crash("TypeError: comparing strings with non-ASCII characters is not supported")
				}
				return hmac.Equal([]byte(got), []byte("v1,"+string(text64(digest)))), nil
			}),
		},
		{
			Name:    "base64-error-ignored",
			Mistake: "The error of the base64 decoder is ignored, and what it had decoded until then is compared.",
			Breaks:  []Broken{{contract.SIG5, "other length"}},
			change: matching(func(got string, digest []byte) (bool, error) {
				value, v1 := strings.CutPrefix(got, "v1,")
				decoded, _ := base64.StdEncoding.DecodeString(value)
				return v1 && hmac.Equal(decoded, digest), nil
			}),
		},
		{
			Name:    "whole-header-compared",
			Mistake: "The signature header is compared as a whole, as if there could be one signature only.",
			Breaks:  []Broken{{contract.SIG12, "several space-separated signatures of which one matches"}},
			change: checking(func(c *check) {
				c.split = func(header string) []string { return []string{header} }
			}),
		},
		{
			Name:    "first-webhook-id",
			Mistake: "The id that is signed is the one of the first delivery ever, kept since then, and not the header's.",
			Breaks:  []Broken{{contract.SIG10, "rejects a signature made for another webhook id"}},
			change: func(r *receiver.Receiver, cfg receiver.Config) error {
				var mu sync.Mutex
				first := ""
				return checking(func(c *check) {
					c.content = func(id, timestamp string, body []byte) []byte {
						mu.Lock()
						defer mu.Unlock()
						if first == "" {
							first = id
						}
						return signedContent(first, timestamp, body)
					}
				})(r, cfg)
			},
		},
		{
			Name:    "trusted-webhook-id",
			Mistake: "A webhook that sent something genuine once is believed ever after: verifying was slow.",
			Breaks: []Broken{
				{contract.SIG2, "rejects a tampered body"},
				{contract.SIG3, "rejects a signature made with another secret"},
				{contract.SIG4, "rejects when any of the three signature headers is missing or empty"},
				{contract.SIG5, "rejects malformed signatures"},
				{contract.SIG6, "rejects a validly signed delivery older than 300 s"},
				{contract.SIG7, "rejects one more than 300 s in the future"},
				{contract.SIG10, "rejects a signature made for another webhook id"},
				{contract.ROT1, "refuses the old one"},
			},
			change: believing(func(h http.Header, _ []byte) string { return h.Get("X-Webhook-ID") }),
		},
		{
			Name:    "duplicates-first",
			Mistake: "What is stored already is acknowledged at once, before the signature is looked at: it was to save time.",
			Breaks: []Broken{
				{contract.SIG3, "rejects a signature made with another secret"},
				{contract.SIG4, "rejects when any of the three signature headers is missing or empty"},
				{contract.SIG5, "rejects malformed signatures"},
				{contract.SIG6, "rejects a validly signed delivery older than 300 s"},
				{contract.SIG7, "rejects one more than 300 s in the future"},
				{contract.SIG10, "rejects a signature made for another webhook id"},
			},
			change: believing(func(_ http.Header, body []byte) string { return string(body) }),
		},
		{
			Name:    "stored-before-verification",
			Mistake: "The event is written down first and verified afterwards.",
			Breaks:  []Broken{{contract.SIG13, "a rejected delivery leaves no trace in its state"}},
			change: func(r *receiver.Receiver, _ receiver.Config) error {
				r.Verify = func(key []byte, h http.Header, body []byte, now time.Time) error {
					if ev, err := receiver.ReadEvent(body); err == nil && ev.Kind != receiver.Unknown {
						_, _ = r.Store.Add(context.Background(), ev, nil)
					}
					return receiver.Verify(key, h, body, now)
				}
				return nil
			},
		},
		{
			Name:    "expected-signature-echoed",
			Mistake: "The error for a wrong signature says which one would have been right, to help in debugging.",
			Breaks:  []Broken{{contract.SIG14, "a rejection never echoes the expected signature"}},
			change: verifying(func(key []byte, h http.Header, body []byte, now time.Time) error {
				err := receiver.Verify(key, h, body, now)
				if errors.Is(err, receiver.ErrSignature) {
					mac := hmac.New(sha256.New, key)
					mac.Write(signedContent(h.Get("X-Webhook-ID"), h.Get("X-Webhook-Timestamp"), body))
					text := fmt.Sprintf("expected v1,%s, got %s", text64(mac.Sum(nil)), h.Get("X-Webhook-Signature"))
					return &answer{http.StatusUnauthorized, text}
				}
				return err
			}),
		},
		{
			Name:    "hex-digest-echoed",
			Mistake: "The error for a wrong signature shows the digest that was computed, as openssl prints it: in hex with colons.",
			Breaks:  []Broken{{contract.SIG14, "hex with colons"}},
			change: verifying(func(key []byte, h http.Header, body []byte, now time.Time) error {
				err := receiver.Verify(key, h, body, now)
				if errors.Is(err, receiver.ErrSignature) {
					mac := hmac.New(sha256.New, key)
					mac.Write(signedContent(h.Get("X-Webhook-ID"), h.Get("X-Webhook-Timestamp"), body))
					digest := strings.ReplaceAll(fmt.Sprintf("% X", mac.Sum(nil)), " ", ":")
					return &answer{http.StatusUnauthorized, "wrong signature, computed " + digest}
				}
				return err
			}),
		},
		{
			Name:    "secret-echoed",
			Mistake: "The debug page of a rejection prints the configuration, the signing secret with it.",
			Breaks:  []Broken{{contract.SIG14, "or the secret"}},
			change: func(r *receiver.Receiver, cfg receiver.Config) error {
				r.Verify = func(key []byte, h http.Header, body []byte, now time.Time) error {
					if err := receiver.Verify(key, h, body, now); err != nil {
						return &answer{http.StatusUnauthorized, fmt.Sprintf("%v\nsettings: SENT_DM_WEBHOOK_SECRET=%s", err, cfg.Secret)}
					}
					return nil
				}
				return nil
			},
		},
	}
}

// check is the verification taken apart: a mutant does one part of it otherwise.
type check struct {
	present func(id, timestamp, signatures string) bool
	fresh   func(timestamp string, now int64) error
	content func(id, timestamp string, body []byte) []byte
	split   func(header string) []string
	match   func(got string, digest []byte) (bool, error)
}

func checking(change func(*check)) func(*receiver.Receiver, receiver.Config) error {
	c := check{
		present: func(id, timestamp, signatures string) bool { return id != "" && timestamp != "" && signatures != "" },
		fresh:   fresh,
		content: signedContent,
		split:   strings.Fields,
		match: func(got string, digest []byte) (bool, error) {
			return hmac.Equal([]byte(got), append([]byte("v1,"), text64(digest)...)), nil
		},
	}
	change(&c)
	return verifying(c.verify)
}

func matching(match func(got string, digest []byte) (bool, error)) func(*receiver.Receiver, receiver.Config) error {
	return checking(func(c *check) { c.match = match })
}

func (c *check) verify(key []byte, h http.Header, body []byte, now time.Time) error {
	id, timestamp, signatures := h.Get("X-Webhook-ID"), h.Get("X-Webhook-Timestamp"), h.Get("X-Webhook-Signature")
	if !c.present(id, timestamp, signatures) {
		return receiver.ErrHeader
	}
	if err := c.fresh(timestamp, now.Unix()); err != nil {
		return err
	}
	mac := hmac.New(sha256.New, key)
	mac.Write(c.content(id, timestamp, body))
	digest := mac.Sum(nil)
	for _, got := range c.split(signatures) {
		if ok, err := c.match(got, digest); ok || err != nil {
			return err
		}
	}
	return receiver.ErrSignature
}

func signedContent(id, timestamp string, body []byte) []byte {
	return append([]byte(id+"."+timestamp+"."), body...)
}

func text64(digest []byte) []byte { return base64.StdEncoding.AppendEncode(nil, digest) }
