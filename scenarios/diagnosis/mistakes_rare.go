package diagnosis

import (
	"crypto/hmac"
	"crypto/md5"  //nolint:gosec // one of the mistakes is to use it
	"crypto/sha1" //nolint:gosec // and it
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"slices"
	"strings"
	"time"

	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/simulator/clock"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/signing"
)

// rareMistake is one that few receivers make, and that no event but the one that is
// signed has to do with. A part that is nil is done right.
type rareMistake struct {
	cause, does, fix string

	key     func(s spelled) []byte
	content func(c signedParts) []byte
	hash    func() hash.Hash
	form    func(digest []byte) string
}

// spelled is a secret: its whole text, what follows its prefix, and the key.
type spelled struct {
	text, rest string
	key        []byte
}

// signedParts is what a signature may be made over.
type signedParts struct {
	id, kind string
	at       time.Time
	stamp    string
	body     []byte
}

func dotted(parts ...string) []byte { return []byte(strings.Join(parts, ".")) }

// rareMistakes are tried after those that signing knows. variable is the name of the
// environment variable with the secret.
func rareMistakes(variable string) []rareMistake {
	return slices.Concat(rareKeys(variable), rareContents(), rareForms())
}

func rareKeys(variable string) []rareMistake {
	const slice = "Take off whsec_, which has six characters: secret.slice(6), s[6:], substr($s, 6). Then base64-decode the rest."
	const whole = "Read the value alone, without what stands around it. Then take off whsec_ and base64-decode the rest."
	const hashed = "Use the decoded bytes as key, without hashing them."
	if variable == "" {
		variable = "SENT_DM_WEBHOOK_SECRET"
	}
	surrounded := func(cause, with, before, after string) []rareMistake {
		return []rareMistake{
			{cause: cause, fix: whole, does: "uses the secret's text as key, with " + with, key: func(s spelled) []byte { return []byte(before + s.text + after) }},
			{cause: cause, fix: whole, does: "uses the text after whsec_ as key, with " + with, key: func(s spelled) []byte { return []byte(before + s.rest + after) }},
		}
	}
	return slices.Concat(
		[]rareMistake{
			{cause: "secret-cut-off-by-one", fix: slice, does: "takes the first seven characters off the secret, one more than whsec_ has, and decodes the rest", key: func(s spelled) []byte { return decoded(s.rest[1:]) }},
			{cause: "secret-cut-off-by-one", fix: slice, does: "takes the first seven characters off the secret, one more than whsec_ has, and uses the rest as key, not decoded", key: func(s spelled) []byte { return []byte(s.rest[1:]) }},
		},
		cutKeys("/", "a slash, as a part of a path is"), cutKeys("+", "a plus sign"),
		surrounded("secret-with-its-name", "the variable's name in front of it (a whole line of a .env file, "+variable+"=…)", variable+"=", ""),
		surrounded("secret-with-blanks-around", "a blank in front of it and one behind it", " ", " "),
		surrounded("secret-with-bearer", "“Bearer ” in front of it", "Bearer ", ""),
		[]rareMistake{
			{cause: "secret-hashed-with-md5", fix: hashed, does: "uses the MD5 of the secret's text as key", key: func(s spelled) []byte { sum := md5.Sum([]byte(s.text)); return sum[:] }},     //nolint:gosec // that is the mistake
			{cause: "secret-hashed-with-sha1", fix: hashed, does: "uses the SHA-1 of the secret's text as key", key: func(s spelled) []byte { sum := sha1.Sum([]byte(s.text)); return sum[:] }}, //nolint:gosec // that is the mistake
			{cause: "secret-hashed-in-base64", fix: hashed, does: "uses the SHA-256 of the secret's text, in base64, as key", key: func(s spelled) []byte { return hashedText([]byte(s.text)) }},
			{cause: "secret-hashed-in-base64", fix: hashed, does: "uses the SHA-256 of the text after whsec_, in base64, as key", key: func(s spelled) []byte { return hashedText([]byte(s.rest)) }},
			{cause: "secret-hashed-in-base64", fix: hashed, does: "uses the SHA-256 of the decoded key, in base64, as key", key: func(s spelled) []byte { return hashedText(s.key) }},
		},
	)
}

// cutKeys are secrets that end before a character which something takes for the end of a part.
func cutKeys(at, what string) []rareMistake {
	const fix = "Look at the value that arrives, and compare its length with the secret's: a '/', a '+' or an '=' in it is a part of it. Then take off whsec_ and base64-decode the rest."
	before := func(text string) string { cut, _, _ := strings.Cut(text, at); return cut }
	return []rareMistake{
		{cause: "secret-cut-at-a-character", fix: fix, does: "decodes only what stands before the first " + at + " of the secret, cut at " + what, key: func(s spelled) []byte { return decoded(before(s.rest)) }},
		{cause: "secret-cut-at-a-character", fix: fix, does: "uses only what stands before the first " + at + " of the secret as key, cut at " + what, key: func(s spelled) []byte { return []byte(before(s.text)) }},
	}
}

func rareContents() []rareMistake {
	const fix = "Sign `${X-Webhook-ID}.${X-Webhook-Timestamp}.${raw body}`, each of them as it came."
	return []rareMistake{
		{cause: "event-type-signed", fix: fix, does: "signs the event's type, X-Webhook-Event-Type, in the place of the webhook's id", content: func(c signedParts) []byte { return dotted(c.kind, c.stamp, string(c.body)) }},
		{cause: "event-type-signed", fix: fix, does: "signs the event's type, X-Webhook-Event-Type, as well, between timestamp and body", content: func(c signedParts) []byte { return dotted(c.id, c.stamp, c.kind, string(c.body)) }},
		{cause: "timestamp-signed-as-date", fix: fix, does: "signs the timestamp after turning it into a date, as 2023-11-14T22:13:20Z", content: func(c signedParts) []byte { return dotted(c.id, c.at.Format(time.RFC3339), string(c.body)) }},
		{cause: "timestamp-signed-as-date", fix: fix, does: "signs the timestamp after turning it into a date, as 2023-11-14T22:13:20.000Z", content: func(c signedParts) []byte {
			return dotted(c.id, c.at.Format("2006-01-02T15:04:05.000Z07:00"), string(c.body))
		}},
	}
}

func rareForms() []rareMistake {
	const prefix = "Split the header at spaces; each part is v1, and then the base64 of the digest, with nothing between and in lower case."
	const sha = "Sent signs with HMAC-SHA256: createHmac('sha256', key), hmac.new(key, content, hashlib.sha256)."
	before := func(text string) func([]byte) string {
		return func(d []byte) string { return text + base64.StdEncoding.EncodeToString(d) }
	}
	all := []rareMistake{
		{cause: "signature-in-lower-case", fix: "Base64 tells upper case from lower: compare the header's value as it came, and put only names into lower case.", does: "expects the signature in lower case", form: func(d []byte) string {
			return strings.ToLower("v1," + base64.StdEncoding.EncodeToString(d))
		}},
		{cause: "signature-prefix", fix: prefix, does: "expects a blank behind v1,", form: before("v1, ")},
		{cause: "signature-prefix", fix: prefix, does: "expects V1, in upper case in front of the signature", form: before("V1,")},
		{cause: "signature-prefix", fix: prefix, does: "expects v0, in front of the signature, and Sent's is v1,", form: before("v0,")},
		{cause: "signature-prefix", fix: prefix, does: "expects v2, in front of the signature, and Sent's is v1,", form: before("v2,")},
		{cause: "sha384", fix: sha, does: "uses SHA-384 instead of SHA-256", hash: sha512.New384},
		{cause: "sha384", fix: sha, does: "uses SHA-384 instead of SHA-256, and expects the digest in hex", hash: sha512.New384, form: hex.EncodeToString},
		{cause: "md5", fix: sha, does: "uses MD5 instead of SHA-256", hash: md5.New},
		{cause: "md5", fix: sha, does: "uses MD5 instead of SHA-256, and expects the digest in hex", hash: md5.New, form: hex.EncodeToString},
	}
	const key = " Take off whsec_ and base64-decode the rest: those bytes are the key."
	for _, h := range []struct {
		cause, name string
		hash        func() hash.Hash
	}{{"sha512", "SHA-512", sha512.New}, {"sha1", "SHA-1", sha1.New}} {
		for _, k := range []struct {
			cause, what string
			key         func(spelled) []byte
		}{
			{"prefix-kept", "the whole secret, whsec_ included,", func(s spelled) []byte { return []byte(s.text) }},
			{"secret-not-decoded", "the secret's text after whsec_", func(s spelled) []byte { return []byte(s.rest) }},
		} {
			does := "uses " + h.name + " instead of SHA-256, and " + k.what + " as key"
			all = append(all,
				rareMistake{cause: k.cause + "-and-" + h.cause, fix: sha + key, does: does, key: k.key, hash: h.hash},
				rareMistake{cause: k.cause + "-and-" + h.cause, fix: sha + key, does: does + ", and expects the digest in hex", key: k.key, hash: h.hash, form: hex.EncodeToString})
		}
	}
	return all
}

// decoded drops what is left over at the end, as scripting languages do.
func decoded(text string) []byte {
	text = strings.TrimRight(text, "=")
	if len(text)%4 == 1 {
		text = text[:len(text)-1]
	}
	key, _ := base64.RawStdEncoding.DecodeString(text) // the alphabet was looked at when the secret was read
	return key
}

func hashedText(of []byte) []byte {
	sum := sha256.Sum256(of)
	return []byte(base64.StdEncoding.EncodeToString(sum[:]))
}

// signedRarely is a new delivery as a receiver with that mistake wants it signed.
func (i *investigation) signedRarely(m rareMistake, body []byte) delivery.Request {
	at := clock.Wall().Truncate(time.Second).UTC()
	r := i.plainSigned(body, at.Unix())
	text := i.r.Secret.Reveal()
	s := spelled{text: text, rest: strings.TrimPrefix(text, signing.SecretPrefix)}
	s.key = decoded(s.rest)
	key, h := s.key, sha256.New
	if m.key != nil {
		key = m.key(s)
	}
	if m.hash != nil {
		h = m.hash
	}
	c := signedParts{id: r.Get(signing.HeaderID), kind: r.Get(signing.HeaderEventType), at: at, stamp: r.Get(signing.HeaderTimestamp), body: r.Body}
	content := dotted(c.id, c.stamp, string(body))
	if m.content != nil {
		content = m.content(c)
	}
	mac := hmac.New(h, key)
	_, _ = mac.Write(content)
	digest := mac.Sum(nil)
	if m.form != nil {
		return r.With(signing.HeaderSignature, m.form(digest))
	}
	return r.With(signing.HeaderSignature, "v1,"+base64.StdEncoding.EncodeToString(digest))
}

// rare tries the mistakes that few receivers make.
func (i *investigation) rare() *report.Diagnosis {
	if i.r.Secret.IsZero() {
		return nil
	}
	all := rareMistakes(i.r.SecretEnv)
	body := i.plainBody()
	tried := 0
	for some := range slices.Chunk(all, sideBySide) {
		requests := make([]delivery.Request, len(some))
		for n, m := range some {
			requests[n] = i.signedRarely(m, body)
		}
		i.ahead(requests)
		for n, m := range some {
			if i.over() {
				break
			}
			tried++
			if what, a := i.try(requests[n]); what == accepted || what == changed {
				return i.mistakeFound(m.cause, m.does, m.fix, what, a)
			}
		}
	}
	i.tried = append(i.tried, fmt.Sprintf("signed in %d ways that few receivers get wrong: none made a difference", tried))
	return nil
}
