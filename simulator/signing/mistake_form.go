package signing

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // one of the mistakes is to use it
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"
)

// valued makes a form that needs the digest only.
func valued(write func(digest []byte) string) recipe {
	return recipe{form: func(digest []byte, _ string) string { return write(digest) }}
}

// plainForms are the forms that other platforms' examples have.
func plainForms() []twist {
	const fix = "Compare base64 digests: digest('base64') in Node, base64.b64encode(h.digest()).decode() in Python, base64_encode(hash_hmac('sha256', $content, $key, true)) in PHP; the header holds v1, and then that."
	return []twist{
		{
			name: "bare-base64", does: "compares the header with the base64 digest alone, without v1,",
			fix:    "Split X-Webhook-Signature at spaces, take the part that starts with v1, and compare what follows the comma.",
			recipe: valued(base64.StdEncoding.EncodeToString),
		},
		{
			name: "bare-hex", does: "expects the digest in hex, without v1,", fix: fix,
			recipe: valued(hex.EncodeToString),
		},
		{
			name: "sha256-prefix", does: "expects sha256= and the digest in hex, as GitHub sends it", fix: fix,
			recipe: valued(func(d []byte) string { return "sha256=" + hex.EncodeToString(d) }),
		},
		{
			name: "hex-digest", does: "expects the digest in hex after v1,", fix: fix,
			recipe: valued(func(d []byte) string { return versionPrefix + hex.EncodeToString(d) }),
		},
	}
}

// formTwists write the right digest in another way, or the timestamp.
func formTwists() []twist {
	const fix = "The header is v1, and then the digest in padded standard base64; take what follows the comma and compare it with yours in constant time."
	const seconds = "X-Webhook-Timestamp is in Unix seconds: compare it with Math.floor(Date.now() / 1000), time.time(), time() or Time.now.to_i."
	return append(plainForms(), []twist{
		{
			name: "timestamp-milliseconds", does: "reads X-Webhook-Timestamp as milliseconds", fix: seconds,
			recipe: recipe{stamp: func(t int64) string { return strconv.FormatInt(t, 10) + "000" }},
		},
		{
			name: "timestamp-as-date", does: "reads X-Webhook-Timestamp as an ISO 8601 date", fix: seconds,
			recipe: recipe{stamp: func(t int64) string { return time.Unix(t, 0).UTC().Format(isoDate) }},
		},
		{
			name: "urlsafe-base64", does: "expects the digest in base64url without padding", fix: fix + " In Node that is digest('base64'), not 'base64url'.",
			recipe: valued(func(d []byte) string { return versionPrefix + base64.RawURLEncoding.EncodeToString(d) }),
		},
		{
			name: "urlsafe-base64-padded", does: "expects the digest in URL-safe base64", fix: fix + " In Python that is base64.b64encode, not urlsafe_b64encode.",
			recipe: valued(func(d []byte) string { return versionPrefix + base64.URLEncoding.EncodeToString(d) }),
		},
		{
			name: "equals-sign", does: "expects v1= instead of v1, before the digest", fix: fix,
			recipe: valued(func(d []byte) string { return Version + "=" + base64.StdEncoding.EncodeToString(d) }),
		},
		{
			name: "equals-sign-hex", does: "expects v1= and the digest in hex", fix: fix,
			recipe: valued(func(d []byte) string { return Version + "=" + hex.EncodeToString(d) }),
		},
		{
			name: "sha256-prefix-base64", does: "expects sha256= and the digest in base64", fix: fix,
			recipe: valued(func(d []byte) string { return "sha256=" + base64.StdEncoding.EncodeToString(d) }),
		},
		{
			name: "bare-hex-upper-case", does: "expects the digest in upper-case hex, without v1,", fix: fix + " In .NET use Convert.ToBase64String, not Convert.ToHexString.",
			recipe: valued(func(d []byte) string { return strings.ToUpper(hex.EncodeToString(d)) }),
		},
		{
			name: "base64-of-hex", does: "expects the base64 of the hex digest", fix: "Encode the digest's bytes, not its hex text: h.digest() in Python, hash_hmac(..., true) in PHP, OpenSSL::HMAC.digest in Ruby.",
			recipe: valued(func(d []byte) string {
				return versionPrefix + base64.StdEncoding.EncodeToString([]byte(hex.EncodeToString(d)))
			}),
		},
	}...)
}

// headerTwists look for the headers under other names.
func headerTwists() []twist {
	named := func(name, prefix, does, fix string) twist {
		names := [3]string{prefix + "id", prefix + "timestamp", prefix + "signature"}
		return twist{name: name, does: does, fix: fix, recipe: recipe{headers: &names}}
	}
	const fix = "The scheme is the same: hand the library the values of X-Webhook-ID, X-Webhook-Timestamp and X-Webhook-Signature under the names that it knows."
	return []twist{
		named("standard-webhooks-headers", "webhook-", "reads webhook-id, webhook-timestamp and webhook-signature, as an unmodified Standard Webhooks library does", fix),
		named("svix-headers", "svix-", "reads svix-id, svix-timestamp and svix-signature, as an unmodified Svix library does", fix),
		named("headers-with-underscores", "X_Webhook_", "looks for its headers under names with underscores (x_webhook_signature)", "Read X-Webhook-ID, X-Webhook-Timestamp and X-Webhook-Signature, with dashes: only CGI and WSGI spell them HTTP_X_WEBHOOK_SIGNATURE, in their own environment."),
	}
}

// rareTwists are other algorithms and swapped arguments.
func rareTwists() []twist {
	const fix = "Use HMAC with SHA-256 over the content, keyed with the decoded secret, and encode its 32 bytes in base64."
	return slices.Concat([]twist{
		emptyKey(),
		{
			name: "arguments-swapped", does: "hands key and content to its HMAC function in the wrong order",
			fix:    "Put the key where it belongs: createHmac('sha256', key), hmac.new(key, content, 'sha256'), hash_hmac('sha256', $content, $key, true).",
			recipe: recipe{digest: func(key, content []byte) []byte { return hmacSHA256(content, key) }},
		},
		{
			name: "sha1", does: "uses SHA-1 instead of SHA-256", fix: fix,
			recipe: recipe{digest: func(key, content []byte) []byte { return hmacOf(sha1.New, key, content) }},
		},
		{
			name: "sha512", does: "uses SHA-512 instead of SHA-256", fix: fix,
			recipe: recipe{digest: func(key, content []byte) []byte { return hmacOf(sha512.New, key, content) }},
		},
	}, plainHashes(), []twist{
		{
			name: "content-hashed-first", does: "hashes the content first and signs the hash", fix: "Feed the content itself to the HMAC, not its SHA-256.",
			recipe: recipe{digest: func(key, content []byte) []byte {
				sum := sha256.Sum256(content)
				mac := hmac.New(sha256.New, key)
				_, _ = mac.Write([]byte(hex.EncodeToString(sum[:])))
				return mac.Sum(nil)
			}},
		},
	})
}

// plainHashes are SHA-256 in the place of HMAC-SHA256.
func plainHashes() []twist {
	const fix = "Use HMAC with SHA-256 over the content, keyed with the decoded secret: createHmac, not createHash; hmac.new, not hashlib.sha256; hash_hmac, not hash."
	hashed := func(order func(key, content []byte) []byte) recipe {
		return recipe{digest: func(key, content []byte) []byte {
			sum := sha256.Sum256(order(key, content))
			return sum[:]
		}}
	}
	return []twist{
		{
			name: "hash-without-hmac", does: "hashes key and content together with plain SHA-256 instead of HMAC", fix: fix,
			recipe: hashed(func(key, content []byte) []byte { return slices.Concat(key, content) }),
		},
		{
			name: "hash-with-key-behind", does: "hashes content and key together with plain SHA-256 instead of HMAC", fix: fix,
			recipe: hashed(func(key, content []byte) []byte { return slices.Concat(content, key) }),
		},
		{
			name: "hash-without-key", does: "hashes the content with plain SHA-256, without any key: anybody can forge deliveries for it", fix: fix,
			recipe: hashed(func(_, content []byte) []byte { return content }),
		},
	}
}

// hashCombinations are plain hashes with the secret's text for a key, or in hex.
func hashCombinations() []Mistake {
	var all []Mistake
	inHex := plainForms()[1]
	for _, hash := range plainHashes() {
		all = append(all, mistake(hash, inHex))
		if hash.name == "hash-without-key" {
			continue
		}
		for _, key := range textKeys() {
			all = append(all, mistake(key, hash), mistake(key, hash, inHex))
		}
	}
	return all
}

// namedStyles are other platforms' schemes as a whole: key, content, form and headers.
func namedStyles() []Mistake {
	const fix = "The code was written for another platform. Take the scheme of Sent's webhook documentation: key from base64 after whsec_, content `${id}.${timestamp}.${raw body}`, header v1, and the base64 digest."
	github := [3]string{HeaderID, HeaderTimestamp, "X-Hub-Signature-256"}
	stripe := [3]string{HeaderID, HeaderTimestamp, "Stripe-Signature"}
	wholeText := textKeys()[1].key
	noID := shortContents()[1].content
	stripeForm := func(d []byte, stamp string) string { return "t=" + stamp + ",v1=" + hex.EncodeToString(d) }
	return []Mistake{
		mistake(twist{
			name: "stripe-style", does: "verifies as if Stripe had signed: the whole secret as key, timestamp and body signed, and the header t=TIME,v1=HEX", fix: fix,
			recipe: recipe{key: wholeText, content: noID, form: stripeForm},
		}),
		mistake(twist{
			name: "stripe-library", does: "hands the delivery to Stripe's scheme, with its header Stripe-Signature", fix: fix,
			recipe: recipe{key: wholeText, content: noID, form: stripeForm, headers: &stripe},
		}),
		mistake(twist{
			name: "github-library", does: "verifies as if GitHub had signed, with the header X-Hub-Signature-256", fix: fix,
			recipe: recipe{key: wholeText, content: shortContents()[0].content, form: plainForms()[2].form, headers: &github},
		}),
		mistake(twist{
			name: "slack-style", does: "verifies as if Slack had signed: v0:timestamp:body and v0= with hex", fix: fix,
			recipe: recipe{
				key: wholeText,
				content: func(_, stamp string, body []byte) ([]byte, bool) {
					return slices.Concat([]byte("v0:"+stamp+":"), body), true
				},
				form: func(d []byte, _ string) string { return "v0=" + hex.EncodeToString(d) },
			},
		}),
	}
}
