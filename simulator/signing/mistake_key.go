package signing

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
	"unicode/utf8"
)

// textKeys are the mistakes of those who do not decode the secret.
func textKeys() []twist {
	return []twist{
		{
			name: "secret-not-decoded",
			does: "uses the secret's text as key instead of base64-decoding it",
			fix:  "Decode what follows whsec_: Buffer.from(s.slice(6), 'base64') in Node, base64.b64decode(s[6:]) in Python, base64_decode(substr($s, 6)) in PHP.",
			recipe: recipe{key: func(m *material) []byte {
				return []byte(strings.TrimPrefix(m.text, SecretPrefix))
			}},
		},
		{
			name:   "prefix-kept",
			does:   "uses the whole secret, whsec_ included, as key",
			fix:    "Take whsec_ off the secret and base64-decode the rest; those bytes are the key.",
			recipe: recipe{key: func(m *material) []byte { return []byte(m.text) }},
		},
	}
}

// keyTwists are all mistakes with the key but the missing one.
func keyTwists() []twist {
	return append(textKeys(), []twist{
		{
			name: "prefix-decoded",
			does: "base64-decodes the secret with whsec_ still in front (Node reads the '_' as part of the URL-safe alphabet): it was never taken off, or quotes, a blank or a byte order mark around the secret kept it from being found",
			fix:  "Look at the value that arrives: take quotes and blanks around it away where it is set (docker --env-file and systemd keep the quotes of a .env file). The key is then Buffer.from(secret.replace(/^whsec_/, ''), 'base64').",
			recipe: recipe{key: func(m *material) []byte {
				return decodeLeniently("whsec/" + strings.TrimPrefix(m.text, SecretPrefix))
			}},
		},
		{
			name: "prefix-decoded-skipping",
			does: "base64-decodes the secret with whsec_ still in front (Python, PHP and Ruby skip the '_' and decode the letters): it was never taken off, or quotes, a blank or a byte order mark around the secret kept it from being found",
			fix:  "Look at the value that arrives: take quotes and blanks around it away where it is set. The key is then base64.b64decode(secret.removeprefix('whsec_')), base64_decode(substr($secret, 6)), Base64.strict_decode64(secret.delete_prefix('whsec_')).",
			recipe: recipe{key: func(m *material) []byte {
				return decodeLeniently("whsec" + strings.TrimPrefix(m.text, SecretPrefix))
			}},
		},
		{
			name: "key-as-latin1-text",
			does: "decodes the secret into a text with atob() and encodes that text as UTF-8 for the key",
			fix:  "Make bytes of it instead: Uint8Array.from(atob(s.slice(6)), c => c.charCodeAt(0)).",
			recipe: recipe{key: func(m *material) []byte {
				return latin1(m.key)
			}},
		},
		{
			name: "key-as-utf8-text",
			does: "decodes the secret into a UTF-8 text, which replaces the bytes that are none",
			fix:  "Keep the decoded key as bytes: in Node no .toString() after Buffer.from(s, 'base64'), in Python no .decode().",
			recipe: recipe{key: func(m *material) []byte {
				return replaceInvalid(m.key)
			}},
		},
		{
			name:   "key-as-hex-text",
			does:   "writes the decoded key in hex and uses that text as key",
			fix:    "Use the decoded bytes themselves as key, without .toString('hex') or .hex().",
			recipe: recipe{key: func(m *material) []byte { return []byte(hex.EncodeToString(m.key)) }},
		},
	}...)
}

// emptyKey is what is left when the secret never reached the receiver.
func emptyKey() twist {
	return twist{
		name:   "empty-key",
		does:   "signs with an empty key: anybody can forge deliveries for it",
		fix:    "Set the signing secret where the receiver looks for it (an environment variable that is not set reads as an empty text), and refuse to start without one.",
		recipe: recipe{key: func(*material) []byte { return []byte{} }},
	}
}

// decodeLeniently drops padding and what is left over at the end, as scripting languages do.
func decodeLeniently(text string) []byte {
	text = strings.TrimRight(text, "=")
	if len(text)%4 == 1 {
		text = text[:len(text)-1]
	}
	key, _ := base64.RawStdEncoding.DecodeString(text) // of the standard alphabet: ParseSecret saw to it
	return key
}

// latin1 reads each byte as a character and writes those as UTF-8.
func latin1(b []byte) []byte {
	var out strings.Builder
	for _, c := range b {
		out.WriteRune(rune(c))
	}
	return []byte(out.String())
}

// replaceInvalid reads b as UTF-8 the way browsers, Node and Python do: the
// longest start of a character that does not go on becomes one U+FFFD.
func replaceInvalid(b []byte) []byte {
	var out []byte
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		if r == utf8.RuneError && size == 1 {
			size = startedCharacter(b)
		}
		out = utf8.AppendRune(out, r)
		b = b[size:]
	}
	return out
}

// startedCharacter is the length of the broken character that b begins with.
func startedCharacter(b []byte) int {
	lo, hi, more := byte(0x80), byte(0xBF), 0
	switch c := b[0]; {
	case c >= 0xC2 && c <= 0xDF:
		more = 1
	case c >= 0xE0 && c <= 0xEF:
		more = 2
	case c >= 0xF0 && c <= 0xF4:
		more = 3
	}
	switch b[0] { // what may follow at first
	case 0xE0:
		lo = 0xA0
	case 0xED:
		hi = 0x9F
	case 0xF0:
		lo = 0x90
	case 0xF4:
		hi = 0x8F
	}
	n := 1
	for n <= more && n < len(b) && b[n] >= lo && b[n] <= hi {
		n, lo, hi = n+1, 0x80, 0xBF
	}
	return n
}
