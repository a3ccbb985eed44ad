package signing

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"slices"
	"strconv"
	"strings"
)

// Mistake is something that receivers are known to do wrong with a signature,
// as a signer that such a receiver would accept. When a receiver refuses what
// is right and takes what a mistake signs, that mistake is its cause.
type Mistake struct {
	Name    string // stable, kebab-case
	Summary string // what the receiver does: "the receiver ..."
	Fix     string // what to do about it
	does    string // Summary without its subject
	how     recipe
}

// Pair is one header.
type Pair struct{ Name, Value string }

// Signed is all signature headers of a delivery: they replace the genuine ones.
// It is empty where a mistake makes no difference.
type Signed struct{ Headers []Pair }

// recipe is how a signature is computed. A nil part is done right.
type recipe struct {
	// key, of the secret; nil where there is none.
	key func(m *material) []byte
	// content is what is signed; false when such a receiver computes nothing.
	content func(id, timestamp string, body []byte) ([]byte, bool)
	// digest takes the place of HMAC-SHA256.
	digest func(key, content []byte) []byte
	// form writes the digest as the header's value.
	form func(digest []byte, timestamp string) string
	// stamp writes the timestamp, given in Unix seconds.
	stamp func(timestamp int64) string
	// headers are the names of the headers, where they differ.
	headers *[3]string
}

// twist is one deviation from how it is done right. A mistake is one or more.
type twist struct {
	name, does, fix string
	recipe
}

// mistake is one that does all of twists.
func mistake(twists ...twist) Mistake {
	var m Mistake
	var names, does, fixes []string
	for _, t := range twists {
		names, does, fixes = append(names, t.name), append(does, t.does), append(fixes, t.fix)
		m.how = m.how.with(t.recipe)
	}
	m.Name = strings.Join(names, "-and-")
	m.does = strings.Join(does, ", and ")
	m.Summary = "the receiver " + m.does
	m.Fix = strings.Join(fixes, " ")
	return m
}

func (r recipe) with(o recipe) recipe {
	if o.key != nil {
		r.key = o.key
	}
	if o.content != nil {
		r.content = o.content
	}
	if o.digest != nil {
		r.digest = o.digest
	}
	if o.form != nil {
		r.form = o.form
	}
	if o.stamp != nil {
		r.stamp = o.stamp
	}
	if o.headers != nil {
		r.headers = o.headers
	}
	return r
}

// Sign makes the headers that a receiver with this mistake takes for right;
// the body is sent as it is, also where the mistake signs another one.
// timestamp is in Unix seconds. Some mistakes only matter for some bodies or
// keys (a re-serialised body that comes out the same): there, and without a
// secret, the result has no headers and there is nothing to try.
func (m Mistake) Sign(s Secret, webhookID string, timestamp int64, body []byte) Signed {
	if s.m == nil {
		return Signed{}
	}
	stamp := strconv.FormatInt(timestamp, 10)
	genuine := m.how.headers == nil && m.how.stamp == nil
	if m.how.stamp != nil {
		stamp = m.how.stamp(timestamp)
	}
	signature, ok := m.how.sign(s.m.material, webhookID, stamp, body)
	if !ok || genuine && signature == s.Sign(webhookID, timestamp, body) {
		return Signed{}
	}
	names := [3]string{HeaderID, HeaderTimestamp, HeaderSignature}
	if m.how.headers != nil {
		names = *m.how.headers
	}
	return Signed{Headers: []Pair{{names[0], webhookID}, {names[1], stamp}, {names[2], signature}}}
}

// sign is the value of the signature header; false when there is none.
func (r recipe) sign(m *material, id, stamp string, body []byte) (string, bool) {
	key := m.key
	if r.key != nil {
		if key = r.key(m); key == nil {
			return "", false // this secret makes no such key
		}
	}
	var content []byte
	if r.content == nil {
		content = join(".", id, stamp, body)
	} else if changed, ok := r.content(id, stamp, body); ok {
		content = changed
	} else {
		return "", false
	}
	digest := hmacSHA256
	if r.digest != nil {
		digest = r.digest
	}
	if r.form != nil {
		return r.form(digest(key, content), stamp), true
	}
	return versionPrefix + base64.StdEncoding.EncodeToString(digest(key, content)), true
}

func hmacSHA256(key, content []byte) []byte { return hmacOf(sha256.New, key, content) }

func hmacOf(h func() hash.Hash, key, content []byte) []byte {
	mac := hmac.New(h, key)
	_, _ = mac.Write(content)
	return mac.Sum(nil)
}

// join is id, timestamp and body with sep between.
func join(sep, id, stamp string, body []byte) []byte {
	return slices.Concat([]byte(id), []byte(sep), []byte(stamp), []byte(sep), body)
}

// Mistakes are all known mistakes, the most likely first; those that combine
// several come after the single ones. Names and order are stable.
func Mistakes() []Mistake {
	var all []Mistake
	for _, t := range slices.Concat(keyTwists(), commonTwists(), bodyTwists(), contentTwists(), formTwists(), rareTwists(), changedBodies(), spoiltKeys()) {
		all = append(all, mistake(t))
	}
	return slices.Concat(all, namedStyles(), combinations(), hashCombinations())
}

// combinations are the deviations that come together, because they come from
// one copied example: another key, other content and another form at once.
func combinations() []Mistake {
	var all []Mistake
	none := twist{}
	for _, key := range append([]twist{none}, textKeys()...) {
		for _, content := range append([]twist{none}, shortContents()...) {
			for _, form := range append([]twist{none}, plainForms()...) {
				var twists []twist
				for _, t := range []twist{key, content, form} {
					if t.name != "" {
						twists = append(twists, t)
					}
				}
				if len(twists) > 1 {
					all = append(all, mistake(twists...))
				}
			}
		}
	}
	return all
}
