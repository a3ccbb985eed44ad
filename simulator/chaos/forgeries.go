package chaos

import (
	"encoding/hex"
	"slices"
	"strings"
	"sync"
	"unicode"

	"github.com/sentsim/sentsim/simulator/contract"
	"github.com/sentsim/sentsim/simulator/signing"
)

// Forgeries is every forgery, in the order of the rules. The caller owns the result.
func Forgeries() []Forgery { return slices.Clone(forgeries()) }

//nolint:gochecknoglobals // a constant, asked for with each forged step
var forgeries = sync.OnceValue(func() []Forgery {
	all := []Forgery{
		{Name: "body-tampered", Rule: contract.SIG2, Doc: "one digit of the body is another one; it is still JSON", forge: tamper},
		{Name: "body-truncated", Rule: contract.SIG2, Doc: "the body's last byte is missing", forge: truncate},
		{Name: "body-appended", Rule: contract.SIG2, Doc: "a line break follows the body; it is still the same JSON", forge: extend},

		{Name: "wrong-secret", Rule: contract.SIG3, Doc: "signed with another webhook's secret", forge: wrongSecret},
		{Name: "secret-text", Rule: contract.SIG3, Doc: "signed with the secret's text after whsec_ as the key, not with the bytes it stands for", forge: keyed(withoutPrefix)},
		{Name: "secret-text-with-prefix", Rule: contract.SIG3, Doc: "signed with the secret's whole text as the key, whsec_ and all", forge: keyed(signing.Secret.Reveal)},
	}
	all = append(all, missingHeaders()...)
	all = append(all, malformedSignatures()...)
	all = append(all, otherSchemes()...)
	all = append(all, timestamps()...)
	return append(all,
		Forgery{Name: "other-webhook-id", Rule: contract.SIG10, Doc: "the signature was made for another webhook id than the header's", forge: signedForOtherID},
		Forgery{Name: "webhook-id-replaced", Rule: contract.SIG10, Doc: "the header names another webhook id than the signature was made for", forge: replaceID},
	)
})

// missingHeaders is SIG-4. A signature header that is missing or empty, once
// with the genuine signature, and once with the signature that a receiver
// computes which goes on without looking: over nothing, or over what its
// language prints for a value that is not there.
func missingHeaders() []Forgery {
	id, ts, sig := signing.HeaderID, signing.HeaderTimestamp, signing.HeaderSignature
	f := func(name, doc string, forge forger) Forgery {
		return Forgery{Name: name, Rule: contract.SIG4, Doc: doc, forge: forge}
	}
	return []Forgery{
		f("no-id", id+" is missing", without(id)),
		f("no-timestamp", ts+" is missing", without(ts)),
		f("no-signature", sig+" is missing", without(sig)),
		f("empty-id", id+" is empty", emptied(id)),
		f("empty-timestamp", ts+" is empty", emptied(ts)),
		f("empty-signature", sig+" is empty", emptied(sig)),

		f("no-id-resigned", id+" is missing; signed with nothing in its place", then(without(id), resign("", keep))),
		f("no-id-undefined", id+` is missing; signed with "undefined" in its place, as JavaScript prints it`, then(without(id), resign("undefined", keep))),
		f("no-id-none", id+` is missing; signed with "None" in its place, as Python prints it`, then(without(id), resign("None", keep))),
		f("no-id-null", id+` is missing; signed with "null" in its place, as Java and JavaScript print it`, then(without(id), resign("null", keep))),
		f("no-id-dropped", id+" is missing; signed without it and the dot after it", then(without(id), signedOver(stamp))),
		strict(f("empty-id-resigned", id+" is empty, and signed like that", then(emptied(id), resign("", keep)))),
		strict(f("empty-id-dropped", id+" is empty; signed without it and the dot after it", then(emptied(id), signedOver(stamp)))),

		f("no-timestamp-resigned", ts+" is missing; signed with nothing in its place", then(without(ts), resign(keep, ""))),
		f("no-timestamp-undefined", ts+` is missing; signed with "undefined" in its place, as JavaScript prints it`, then(without(ts), resign(keep, "undefined"))),
		f("no-timestamp-none", ts+` is missing; signed with "None" in its place, as Python prints it`, then(without(ts), resign(keep, "None"))),
		f("no-timestamp-null", ts+` is missing; signed with "null" in its place, as Java and JavaScript print it`, then(without(ts), resign(keep, "null"))),
		f("no-timestamp-dropped", ts+" is missing; signed without it and the dot after it", then(without(ts), signedOver(webhookID))),
		f("empty-timestamp-resigned", ts+" is empty, and signed like that", then(emptied(ts), resign(keep, ""))),
		f("empty-timestamp-dropped", ts+" is empty; signed without it and the dot after it", then(emptied(ts), signedOver(webhookID))),
	}
}

// malformedSignatures is SIG-5. All but signature-trailing are made so that a
// receiver whose base64 decoder overlooks padding or foreign characters still
// cannot find the right digest in it: that alone would be no reason to call it
// wrong. Whoever sends signature-trailing has to look for such a decoder.
func malformedSignatures() []Forgery {
	f := func(name, doc string, value func(digest []byte, text string) string) Forgery {
		return Forgery{Name: name, Rule: contract.SIG5, Doc: doc, forge: signature(value)}
	}
	const v = signing.Version + ","
	return []Forgery{
		f("signature-without-version", "the right digest without "+v, func(_ []byte, text string) string { return text }),
		f("signature-hex", "the right digest in hexadecimal", func(d []byte, _ string) string { return v + hex.EncodeToString(d) }),
		f("signature-wrong-version", "the right digest marked as version v2", func(_ []byte, text string) string { return "v2," + text }),
		f("signature-other-case", "the right digest with upper and lower case swapped", func(_ []byte, text string) string { return v + swapCase(text) }),
		f("signature-cut", "only the first 18 of the digest's 32 bytes", func(d []byte, _ string) string { return v + base64Text(d[:18]) }),
		f("signature-longer", "the right digest and 4 more bytes", func(d []byte, _ string) string { return v + base64Text(append(d, "more"...)) }),
		f(Trailing, "the right digest and, behind its padding, more base64 text", func(_ []byte, text string) string { return v + text + "AAAA" }),
		f("signature-empty-value", "nothing after "+v, func([]byte, string) string { return v }),
		f("signature-garbage", "text that looks like no signature", func([]byte, string) string { return "garbage" }),
		f("signature-not-base64", "characters that base64 does not have after "+v, func(_ []byte, text string) string { return v + "!!!!" + text[4:] }),
		f("signature-non-ascii", "a letter outside ASCII in the digest, which is as long as ever in bytes", func(_ []byte, text string) string { return v + "é" + text[2:] }),
		f("signature-only-non-ascii", "nothing but letters outside ASCII after "+v, func(_ []byte, text string) string { return v + strings.Repeat("é", len(text)/2) }),
	}
}

// swapCase makes small letters of capitals and the other way round: to base64 it is
// another digest.
func swapCase(text string) string {
	return strings.Map(func(r rune) rune {
		if low := unicode.ToLower(r); low != r {
			return low
		}
		return unicode.ToUpper(r)
	}, text)
}

// otherSchemes are signatures as other platforms make them, which receivers keep
// as a fallback from before, or for another sender: the HMAC of the body alone,
// with the secret's text as the key. They are SIG-5's too.
func otherSchemes() []Forgery {
	f := func(name, doc string, key func(signing.Secret) string, value func(digest []byte) string) Forgery {
		return Forgery{Name: name, Rule: contract.SIG5, Doc: doc, forge: bodyAlone(key, value)}
	}
	const doc = "the HMAC of the body alone, keyed with the secret's text, "
	whole := signing.Secret.Reveal
	return []Forgery{
		f("other-scheme-hex", doc+"in hexadecimal", whole, hex.EncodeToString),
		f("other-scheme-sha256-hex", doc+`in hexadecimal after "sha256="`, whole, func(d []byte) string { return "sha256=" + hex.EncodeToString(d) }),
		f("other-scheme-base64", doc+"in base64", whole, base64Text),
		f("other-scheme-v1-base64", doc+"in base64 after "+signing.Version+",", whole, func(d []byte) string { return signing.Version + "," + base64Text(d) }),
		f("other-scheme-part-hex", doc+"without whsec_, in hexadecimal", withoutPrefix, hex.EncodeToString),
		f("other-scheme-part-base64", doc+"without whsec_, in base64", withoutPrefix, base64Text),
	}
}

// strict marks a forgery on which only a strict run insists.
func strict(f Forgery) Forgery {
	f.StrictOnly = true
	return f
}

// timestamps is SIG-6 and SIG-7. All of them are validly signed for the
// timestamp that they carry: nothing but the timestamp is wrong. Texts that a
// lenient parser reads as a time close to now (more text behind it, a fraction,
// an exponent) are for strict runs; a plus sign and spaces are left out.
func timestamps() []Forgery {
	const minute, hour, tenYears = 60, 3600, 10 * 365 * 24 * 3600
	return []Forgery{
		{Name: "stale-310", Rule: contract.SIG6, Doc: "validly signed 310 s ago", forge: shifted(-5*minute - 10)},
		{Name: "stale-3600", Rule: contract.SIG6, Doc: "validly signed an hour ago", forge: shifted(-hour)},
		{Name: "stale-10y", Rule: contract.SIG6, Doc: "validly signed ten years ago", forge: shifted(-tenYears)},
		{Name: "stale-301", Rule: contract.SIG6, Doc: "validly signed 301 s ago", StrictOnly: true, forge: shifted(-5*minute - 1)},
		{Name: "timestamp-text", Rule: contract.SIG6, Doc: `the timestamp is the word "yesterday", validly signed`, forge: stamped(text("yesterday"))},
		{Name: "timestamp-nan", Rule: contract.SIG6, Doc: `the timestamp is "NaN", validly signed: no comparison with it is ever true`, forge: stamped(text("NaN"))},
		{Name: "timestamp-empty", Rule: contract.SIG6, Doc: "the timestamp is empty, validly signed", forge: stamped(text(""))},
		{Name: "timestamp-negative", Rule: contract.SIG6, Doc: "the timestamp has a minus sign, validly signed", forge: stamped(negative)},
		{Name: "timestamp-overflow", Rule: contract.SIG6, Doc: "the timestamp is 2^64 s too large, so that 64 bits wrap around to now, validly signed", forge: stamped(wrapping)},
		strict(Forgery{Name: "timestamp-trailing-text", Rule: contract.SIG6, Doc: "letters follow the timestamp, validly signed: a lenient parser reads now", forge: stamped(func(in Input) string { return stamp(in) + "abc" })}),
		strict(Forgery{Name: "timestamp-fraction", Rule: contract.SIG6, Doc: "the timestamp has a fraction, validly signed", forge: stamped(func(in Input) string { return stamp(in) + ".5" })}),
		strict(Forgery{Name: "timestamp-exponent", Rule: contract.SIG6, Doc: "the timestamp has an exponent, validly signed", forge: stamped(exponent)}),

		{Name: "future-310", Rule: contract.SIG7, Doc: "validly signed for 310 s from now", forge: shifted(5*minute + 10)},
		{Name: "future-3600", Rule: contract.SIG7, Doc: "validly signed for an hour from now", forge: shifted(hour)},
		{Name: "future-overflow", Rule: contract.SIG7, Doc: "validly signed for 2^32 s from now, which is now for who counts in 32 bits", forge: shifted(1 << 32)},
		{Name: "future-milliseconds", Rule: contract.SIG7, Doc: "the timestamp is in milliseconds, validly signed", forge: stamped(milliseconds)},
	}
}
