package signing

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
)

// spoiltKey is a key that comes from a secret which was changed on its way into
// the receiver, or was decoded in a wrong way.
type spoiltKey struct {
	name, does, fix string
	// key is made of the secret as a text, of what follows its prefix, and of the
	// right key. Nil where this secret makes no such key.
	key func(text, rest string, key []byte) []byte
}

// spoiltKeys are the mistakes with a key whose secret did not arrive as it was
// given. One that makes no other key than the right one, or than a mistake before
// it, is no mistake of its own for that secret.
func spoiltKeys() []twist {
	all := keySpoilers()
	before := append(keyTwists(), emptyKey())
	twists := make([]twist, 0, len(all))
	for i, k := range all {
		twists = append(twists, twist{name: k.name, does: k.does, fix: k.fix, recipe: recipe{key: func(m *material) []byte {
			rest := strings.TrimPrefix(m.text, SecretPrefix)
			made := k.key(m.text, rest, m.key)
			if len(made) == 0 || sameKey(made, m.key) {
				return nil
			}
			for _, other := range before {
				if sameKey(made, other.key(m)) {
					return nil
				}
			}
			for _, other := range all[:i] {
				if sameKey(made, other.key(m.text, rest, m.key)) {
					return nil
				}
			}
			return made
		}}})
	}
	return twists
}

// sameKey reports whether HMAC-SHA256 makes no difference between two keys: it
// hashes long ones, and fills short ones with zeros.
func sameKey(a, b []byte) bool {
	return bytes.Equal(bytes.TrimRight(inBlock(a), "\x00"), bytes.TrimRight(inBlock(b), "\x00"))
}

func inBlock(key []byte) []byte {
	if len(key) <= sha256.BlockSize {
		return key
	}
	sum := sha256.Sum256(key)
	return sum[:]
}

func keySpoilers() []spoiltKey {
	return slices.Concat(surroundedKeys(), misreadKeys(), hashedKeys(), placeholderKeys())
}

// surroundedKeys are texts that have something around the secret.
func surroundedKeys() []spoiltKey {
	const quotes = "Take the quotes away: in a file for docker --env-file, systemd or a CI setting they are part of the value, and smart quotes are in every file. Then take off whsec_ and base64-decode the rest."
	const breaks = "Trim the value when you read it (a file that echo or an editor wrote ends with a line break; printf '%s' writes none). Then take off whsec_ and base64-decode the rest."
	const front = "Trim the value when you read it, byte order mark included. Then take off whsec_ and base64-decode the rest."
	var all []spoiltKey
	for _, a := range []struct{ name, what, before, after, fix string }{
		{"double-quotes", "double quotes around it", `"`, `"`, quotes},
		{"single-quotes", "single quotes around it", "'", "'", quotes},
		{"smart-double-quotes", "smart double quotes around it", "“", "”", quotes},
		{"smart-single-quotes", "smart single quotes around it", "‘", "’", quotes},
		{"backticks", "backquotes around it, which are quotes too,", "`", "`", quotes},
		{"opening-quote", "an opening quote in front of it", `"`, "", quotes},
		{"closing-quote", "a closing quote behind it", "", `"`, quotes},
		{"line-break", "a line break (newline) behind it", "", "\n", breaks},
		{"crlf", "a line break (carriage return and line feed) behind it", "", "\r\n", breaks},
		{"carriage-return", "a carriage return behind it, half of a Windows line break,", "", "\r", breaks},
		{"backslash-n", `the two characters \n behind it, a line break that was never made one,`, "", `\n`, breaks},
		{"space-behind", "a space behind it", "", " ", breaks},
		{"tab-behind", "a tab behind it", "", "\t", breaks},
		{"space-in-front", "a space in front of it", " ", "", front},
		{"byte-order-mark", "a byte order mark (BOM) in front of it", "\ufeff", "", front},
		{"semicolon", "a semicolon behind it", "", ";", breaks},
		{"comma", "a comma behind it", "", ",", breaks},
	} {
		all = append(all,
			spoiltKey{
				name: "secret-with-" + a.name, fix: a.fix,
				does: "uses the secret's text as key, and that text has " + strings.TrimSuffix(a.what, ",") + " that belong to no secret",
				key:  func(text, _ string, _ []byte) []byte { return []byte(a.before + text + a.after) },
			},
			spoiltKey{
				name: "secret-without-prefix-with-" + a.name, fix: a.fix,
				does: "uses the text after whsec_ as key, and the value has " + strings.TrimSuffix(a.what, ",") + " that belong to no secret",
				key:  func(_, rest string, _ []byte) []byte { return []byte(a.before + rest + a.after) },
			})
	}
	return append(all, spoiltKey{
		name: "prefix-cut-one-short",
		does: "cuts off the first six characters of a value that has a quote, a space or a byte order mark in front, so that the '_' of whsec_ stays and is decoded too",
		fix:  "Take the quotes (or the blank) around the secret away where it is set, and trim it when you read it.",
		key:  func(_, rest string, _ []byte) []byte { return decodeLeniently("/" + rest) },
	})
}

// misreadKeys decode the right secret in a wrong way.
func misreadKeys() []spoiltKey {
	const decode = "Take off whsec_ and base64-decode the rest with the standard alphabet, once, and look at the decoder's error; the bytes that come out are the key."
	const whole = "Look at the value that arrives: compare its length with the secret's. An environment, a column of a database or a form has changed it."
	text := func(change func(text string) string) func(string, string, []byte) []byte {
		return func(t, _ string, _ []byte) []byte { return []byte(change(t)) }
	}
	rest := func(change func(rest string) string) func(string, string, []byte) []byte {
		return func(_, r string, _ []byte) []byte { return []byte(change(r)) }
	}
	decoded := func(change func(rest string) string) func(string, string, []byte) []byte {
		return func(_, r string, _ []byte) []byte { return decodeLeniently(change(r)) }
	}
	unpadded := func(s string) string { return strings.TrimRight(s, "=") }
	spaced := func(s string) string { return strings.ReplaceAll(s, "+", " ") }
	charset := func(s string) string { return strings.TrimLeft(s, SecretPrefix) }
	cut := func(n int) func(string) string { return func(s string) string { return s[:min(n, len(s))] } }
	cutKey := func(n int) func(string, string, []byte) []byte {
		return func(_, _ string, key []byte) []byte { return key[:min(n, len(key))] }
	}
	partial := func(e *base64.Encoding, whole bool) func(string, string, []byte) []byte {
		return func(t, r string, _ []byte) []byte {
			if whole {
				r = t
			}
			key, _ := e.DecodeString(r) // what is decoded before the error is what such a receiver goes on with
			return key
		}
	}
	return []spoiltKey{
		{"decoding-error-ignored", "base64-decodes the secret with whsec_ still in front and ignores the decoder's error: the key is what came before it", decode, partial(base64.StdEncoding, true)},
		{"url-decoding-error-ignored", "decodes the secret with the URL-safe alphabet, ignores the error and uses what came before it as key", decode, partial(base64.URLEncoding, false)},
		{"raw-url-decoding-error-ignored", "decodes the secret with the unpadded URL-safe alphabet, ignores the error and uses what came before it as key", decode, partial(base64.RawURLEncoding, false)},
		{"raw-decoding-error-ignored", "decodes the secret as unpadded base64, ignores the error at the '=' and uses what came before it as key", decode, partial(base64.RawStdEncoding, false)},
		{"url-safe-decoded", "decodes the secret with the URL-safe alphabet, which passes over '+' and '/'", decode, decoded(strings.NewReplacer("+", "", "/", "").Replace)},
		{"decoded-twice", "base64-decodes the secret twice", decode, func(_, _ string, key []byte) []byte { return decodeLeniently(onlyBase64(key)) }},
		{"text-decoded-twice", "base64-decodes the secret into a text, and that text once more (Node)", decode, func(_, _ string, key []byte) []byte { return decodeLeniently(base64OfText(key)) }},
		{"encoded-again", "base64-encodes the secret once more and uses that text as key", decode, text(func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) })},
		{"rest-encoded-again", "base64-encodes what follows whsec_ once more and uses that text as key", decode, rest(func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) })},
		{"hex-decoded", "decodes the secret as hex, which ends at the first character that is none", decode, rest(hexPrefix)},
		{"hex-digits-of-text", "writes the secret's text in hex and uses that as key", decode, text(func(s string) string { return hex.EncodeToString([]byte(s)) })},
		{"key-as-number-list", "puts the decoded key into a text, which lists its bytes as numbers", decode, func(_, _ string, key []byte) []byte { return numberList(key) }},
		{"key-as-python-bytes", "puts the decoded key into a text, which is b'…' in Python", decode, func(_, _ string, key []byte) []byte { return pythonBytes(key) }},
		{"secret-as-python-bytes", "uses str() of the secret's bytes as key, which is b'…' in Python", decode, func(t, _ string, _ []byte) []byte { return pythonBytes([]byte(t)) }},
		{"prefix-stripped-as-characters", "strips the characters w, h, s, e, c and _ off the secret's start, not the prefix, and decodes what is left (lstrip in Python, trim in PHP)", "Take off the prefix as a whole: removeprefix('whsec_') in Python, substr($secret, 6) in PHP, strings.TrimPrefix in Go.", decoded(charset)},
		{"text-stripped-as-characters", "strips the characters w, h, s, e, c and _ off the secret's start and uses the text that is left as key", decode, rest(charset)},
		{"percent-encoded", "uses the secret's text as key, percent-encoded as in a URL", whole, text(url.QueryEscape)},
		{"in-json", `uses the JSON that the secret is stored in as key, {"secret":"…"}`, "Parse what the store of secrets returns, and take the field: JSON.parse(value).secret. Then take off whsec_ and base64-decode the rest.", text(func(s string) string { return `{"secret":"` + s + `"}` })},
		{"in-json-by-name", `uses the JSON that the secret is stored in as key, {"SENT_DM_WEBHOOK_SECRET":"…"}`, "Parse what the store of secrets returns, and take the field. Then take off whsec_ and base64-decode the rest.", text(func(s string) string { return `{"SENT_DM_WEBHOOK_SECRET":"` + s + `"}` })},
		{"padding-lost", "uses the secret's text as key, without the '=' at its end", whole, text(unpadded)},
		{"rest-padding-lost", "uses the text after whsec_ as key, without the '=' at its end", whole, rest(unpadded)},
		{"plus-as-space", "uses the secret's text as key, and its '+' have become spaces", whole + " A '+' becomes a space where a form or a URL is decoded.", text(spaced)},
		{"rest-plus-as-space", "uses the text after whsec_ as key, and its '+' have become spaces", whole + " A '+' becomes a space where a form or a URL is decoded.", rest(spaced)},
		{"plus-lost", "decodes a secret whose '+' have become spaces", whole + " A '+' becomes a space where a form or a URL is decoded.", decoded(func(s string) string { return strings.ReplaceAll(s, "+", "") })},
		{"lower-case", "uses the secret's text in lower case as key", whole, text(strings.ToLower)},
		{"rest-lower-case", "uses the text after whsec_ in lower case as key", whole, rest(strings.ToLower)},
		{"lower-case-decoded", "decodes a secret that was put into lower case", whole, decoded(strings.ToLower)},
		{"upper-case", "uses the secret's text in upper case as key", whole, text(strings.ToUpper)},
		{"upper-case-decoded", "decodes a secret that was put into upper case", whole, decoded(strings.ToUpper)},
		{"text-cut-to-32", "uses the first 32 characters of the secret as key", whole, text(cut(32))},
		{"rest-cut-to-32", "uses the first 32 characters after whsec_ as key", whole, rest(cut(32))},
		{"decoded-text-cut-to-32", "decodes only the first 32 characters after whsec_", whole, decoded(cut(32))},
		{"key-cut-to-16", "uses the first 16 bytes of the decoded key", whole, cutKey(16)},
		{"key-cut-to-20", "uses the first 20 bytes of the decoded key", whole, cutKey(20)},
		{"key-cut-to-24", "uses the first 24 bytes of the decoded key", whole, cutKey(24)},
		{"key-cut-to-32", "uses the first 32 bytes of the decoded key", whole, cutKey(32)},
		{"last-character-lost", "uses the secret's text without its last character as key", whole, text(func(s string) string { return s[:len(s)-1] })},
		{"last-character-lost-decoded", "decodes the secret without its last character", whole, decoded(func(s string) string { return unpadded(s)[:len(unpadded(s))-1] })},
	}
}

// hashedKeys are hashed before they are used, as passwords and some API keys are.
func hashedKeys() []spoiltKey {
	const fix = "Use the decoded bytes themselves as key: take off whsec_ and base64-decode the rest, and hash nothing; HMAC does what is needed."
	var all []spoiltKey
	for _, of := range []struct {
		name, what string
		value      func(text, rest string, key []byte) []byte
	}{
		{"key", "the decoded key", func(_, _ string, key []byte) []byte { return key }},
		{"secret", "the secret's text", func(text, _ string, _ []byte) []byte { return []byte(text) }},
		{"rest", "the text after whsec_", func(_, rest string, _ []byte) []byte { return []byte(rest) }},
	} {
		hashed := func(text, rest string, key []byte) []byte {
			sum := sha256.Sum256(of.value(text, rest, key))
			return sum[:]
		}
		all = append(all,
			spoiltKey{name: of.name + "-hashed", fix: fix, does: "uses the SHA-256 of " + of.what + " as key", key: hashed},
			spoiltKey{name: of.name + "-hashed-in-hex", fix: fix, does: "uses the SHA-256 of " + of.what + ", in hex, as key", key: func(text, rest string, key []byte) []byte {
				return hex.AppendEncode(nil, hashed(text, rest, key))
			}})
	}
	return all
}

// placeholderKeys stand where the secret should be.
func placeholderKeys() []spoiltKey {
	const fix = "Set the signing secret where the receiver looks for it, under the name that it looks for, and refuse to start without one."
	var all []spoiltKey
	for _, p := range []struct{ name, text string }{
		{"undefined", "undefined"},
		{"null", "null"},
		{"none", "None"},
		{"nil", "nil"},
		{"nothing", "nothing"},
		{"false", "false"},
		{"changeme", "changeme"},
		{"secret", "secret"},
		{"your-secret", "whsec_your_secret_here"},
		{"test", "whsec_test"},
		{"variable-name", "SENT_DM_WEBHOOK_SECRET"},
		{"dollar-name", "$SENT_DM_WEBHOOK_SECRET"},
		{"braced-name", "${SENT_DM_WEBHOOK_SECRET}"},
	} {
		all = append(all, spoiltKey{
			name: "key-is-" + p.name, fix: fix,
			does: "uses the text " + strconv.Quote(p.text) + " as key: its secret is not set, or is a placeholder",
			key:  func(string, string, []byte) []byte { return []byte(p.text) },
		})
	}
	return append(all, spoiltKey{
		name: "key-is-undefined-decoded", fix: fix,
		does: "base64-decodes the text \"undefined\" for a key: its secret is not set",
		key:  func(string, string, []byte) []byte { return decodeLeniently("undefined") },
	})
}

// hexPrefix is what Node makes of a text that it takes for hex.
func hexPrefix(text string) string {
	n := 0
	for n < len(text) && strings.IndexByte("0123456789abcdefABCDEF", text[n]) >= 0 {
		n++
	}
	b, _ := hex.DecodeString(text[:n&^1]) // hex digits only
	return string(b)
}

// onlyBase64 leaves the characters of base64 of b.
func onlyBase64(b []byte) string {
	return strings.Map(func(r rune) rune {
		if r < 0x80 && isBase64(byte(r)) {
			return r
		}
		return -1
	}, string(b))
}

// base64OfText leaves what Node takes for base64 in the text that it makes of b: it
// looks at the low byte of each UTF-16 unit, takes the URL-safe alphabet too, passes
// over the rest and stops at the first '='.
func base64OfText(b []byte) string {
	var out []byte
	for _, unit := range utf16.Encode([]rune(string(replaceInvalid(b)))) {
		switch c := byte(unit); {
		case c == '=':
			return string(out)
		case c == '-':
			out = append(out, '+')
		case c == '_':
			out = append(out, '/')
		case isBase64(c):
			out = append(out, c)
		}
	}
	return string(out)
}

func numberList(b []byte) []byte {
	var out []byte
	for i, c := range b {
		if i > 0 {
			out = append(out, ',')
		}
		out = strconv.AppendInt(out, int64(c), 10)
	}
	return out
}
