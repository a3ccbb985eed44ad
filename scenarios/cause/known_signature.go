package cause

import (
	"github.com/sentsim/sentsim/simulator/contract"
	"github.com/sentsim/sentsim/simulator/event"
)

// knownOfSignatures are mistakes with signatures and timestamps.
func knownOfSignatures() []mistake {
	return []mistake{
		{
			id: "trimmed-before-verifying", mutants: []string{"trimmed-body-too", "reserialised-json", "trimmed-body"},
			summary: "the body is trimmed or parsed before it is verified: a delivery with a byte appended is accepted",
			fix:     "Take the raw bytes as they came, verify those, and parse afterwards. Mount the raw-body parser on this route only, and trim nothing.",
		},
		{
			id: "believed-after-the-first", absent: []string{"SIG-10 | *: another id put into the header | 2xx"},
			covers:  []string{contract.SIG2, contract.SIG3, contract.SIG4, contract.SIG5, contract.SIG6, contract.SIG7, contract.SIG10, contract.ROT1},
			with:    []string{contract.SIG2},
			mutants: []string{"trusted-webhook-id"},
			summary: "only the first delivery of a webhook is verified: whatever comes under its X-Webhook-ID afterwards is believed",
			fix:     "Verify every delivery. Keep no result of a verification, whatever the webhook id, the address or the connection.",
		},
		{
			id: "duplicates-before-verification", mutants: []string{"duplicates-first"},
			with: []string{contract.SIG3},
			absent: []string{
				"SIG-3 | a delivery signed with another key is rejected: the secret of somebody else | 2xx",
				"SIG-4 | *: no X-Webhook-Signature | 2xx",
			},
			summary: "what is known already is acknowledged before its signature is looked at: anybody gets a 2xx for a copy of an event that was accepted",
			fix:     "Verify every delivery first, duplicates too. Look for duplicates afterwards, in the transaction that has the effect.",
		},
		{
			id: "secret-text-as-key-too", mutants: []string{"secret-text-too"}, without: []string{contract.SIG2},
			like:    []string{"SIG-3 | *: the secret's text * | 2xx"},
			summary: "the secret's text is tried as the key as well as the bytes that it stands for",
			fix:     "Strip whsec_, decode the rest as base64, and use those bytes only. Delete the fallback.",
		},
		{
			id: "any-key", plain: true, covers: []string{contract.SIG2, contract.SIG3, contract.SIG5, contract.SIG10, contract.ROT1},
			like: []string{
				"SIG-2 | a delivery that was changed on its way is rejected: one value changed | 2xx", "SIG-2 | a delivery that was changed on its way is rejected: one byte appended | 2xx",
				"SIG-3 | * | 2xx", "SIG-5 | a malformed signature is rejected: garbage | 2xx",
				"SIG-10 | * | 2xx",
			},
			summary: "the signature's value is never compared with one of its own: what does not belong to the body is accepted",
			fix:     "Compare the digest that you compute with the one in the header, in constant time, and refuse with 401 where they differ.",
		},
		{
			id: "verified-only-if-signed", mutants: []string{"verified-if-signed"},
			summary: "a delivery is verified only if it has a signature: one without X-Webhook-Signature is accepted",
			fix:     "Refuse with 401 at once when any of the three headers is missing or empty; verify whatever is left.",
		},
		{
			id: "id-not-required", mutants: []string{"empty-id-signed", "id-optional"},
			summary: "it signs without the id where X-Webhook-ID is missing: what was signed like that is accepted",
			fix:     "Refuse with 401 when X-Webhook-ID is missing or empty, before anything is computed. Have no second form of the signed content.",
		},
		{
			id: "missing-header-printed", mutants: []string{"undefined-signed"},
			like:    []string{"SIG-4 | *signed in its place | 2xx", "SIG-4 | *signed instead | 2xx"},
			summary: "a missing header gets into what is signed as a word: undefined, None or null stands in its place",
			fix:     "Refuse with 401 when any of the three headers is missing or empty, before the signed content is put together.",
		},
		{
			id: "timestamp-not-required", mutants: []string{"timestamp-optional"},
			summary: "without a timestamp it verifies the rest and checks no age",
			fix:     "Refuse with 401 when X-Webhook-Timestamp is missing or empty. A delivery without a time may be as old as it likes.",
		},
		{
			id: "version-not-required", mutants: []string{"version-optional"},
			summary: "the version v1, in front of the signature is cut off where it is there and not missed where it is not",
			fix:     "Split the header at white space, take only the signatures that start with v1, and refuse when there is none.",
		},
		{
			id: "any-version", mutants: []string{"any-version"},
			summary: "whatever stands before the comma of the signature is thrown away: a version that does not exist is accepted",
			fix:     "Take only the signatures whose version is v1; another version is another scheme.",
		},
		{
			id: "hex-as-well", mutants: []string{"hex-too"},
			summary: "it takes the digest in hexadecimal as well",
			fix:     "Compare with v1, and base64 only. Delete the fallback for hexadecimal.",
		},
		{
			id: "older-scheme-taken", without: []string{contract.SIG2, contract.SIG3}, mutants: []string{"older-scheme-too"},
			like:    []string{"SIG-5 | a signature of another scheme is rejected: * | 2xx"},
			summary: "a signature of another scheme is still taken: the HMAC of the body alone, without id and timestamp",
			fix:     "Delete the fallback: whoever has one such signature can send its body for ever.",
		},
		{
			id: "case-ignored", mutants: []string{"case-ignored"},
			summary: "signatures are compared without regard to upper and lower case: in base64 that is another digest",
			fix:     "Compare the bytes as they are, in constant time (timingSafeEqual, hmac.compare_digest, hmac.Equal, hash_equals). No toLowerCase, lower() or EqualFold on either side.",
		},
		{
			id: "compared-by-prefix", mutants: []string{"prefix-compare"},
			summary: "the comparison of signatures stops at the end of the shorter one: a cut or an empty one is accepted",
			fix:     "Compare the lengths first and then every byte in constant time (timingSafeEqual, hmac.compare_digest, hmac.Equal, hash_equals). No startsWith, no slice to the shorter length.",
		},
		notVerified("templates-not-verified", event.Templates, "templates' events"),
		notVerified("inbound-not-verified", event.TypeOf(event.Received), "inbound texts"),
		notVerified("contacts-not-verified", event.ContactOptOut, "contacts' events", "contacts-unverified"),
		{
			id: "compared-in-part", plain: true,
			like:    []string{"SIG-5 | a malformed signature is rejected: the right digest, cut | 2xx"},
			absent:  []string{`SIG-5 | a malformed signature is rejected: "v1," and nothing behind it | 2xx`},
			summary: "only a part of the signature is compared: the right digest with its end cut off is accepted",
			fix:     "Compare the whole signature in constant time (timingSafeEqual, hmac.compare_digest, hmac.Equal, hash_equals) after its length. No startsWith, no fixed number of characters.",
		},
		{
			id: "length-crashes", mutants: []string{"length-mismatch-crash"},
			summary: "the constant-time comparison throws where the lengths differ: a signature of another length is answered with {answer}",
			fix:     "Compare the lengths before timingSafeEqual and refuse with 401 when they differ; catch whatever verifying throws and answer 401.",
		},
		{
			id: "non-ascii-crashes", mutants: []string{"non-ascii-crash"},
			summary: "the comparison takes ASCII only: a signature with another letter is answered with {answer}",
			fix:     "Compare bytes, not text: hmac.compare_digest(expected.encode(), given.encode()), Buffer.from on both sides. Catch whatever verifying throws and answer 401.",
		},
		{
			id: "base64-error-ignored", mutants: []string{"base64-error-ignored"},
			summary: "the base64 of the signature is decoded leniently, and what was decoded until the mistake is compared",
			fix:     "Compare the texts: base64 of your digest against what stands behind v1,. Or decode strictly and refuse with 401 on an error.",
		},
		{
			id: "first-id-kept", without: []string{contract.SIG2}, mutants: []string{"first-webhook-id"},
			summary: "what is signed holds a webhook id of its own, not the one in the header: another X-Webhook-ID is accepted",
			fix:     "Put the value of the X-Webhook-ID header into the signed content, every time.",
		},
		{
			id: "age-never-checked", mutants: []string{"any-timestamp"},
			summary: "it never looks at the timestamp: a delivery of ten years ago, or of next year, is accepted",
			fix:     "After the signature, refuse with 401 when abs(now − X-Webhook-Timestamp) > 300 s, both in seconds.",
		},
		{
			id: "tolerance-in-milliseconds", mutants: []string{"tolerance-in-milliseconds"},
			summary: "seconds are compared with milliseconds: the limit on age never takes hold, or only after days",
			fix:     "Compare seconds with seconds: Math.floor(Date.now() / 1000), and 300, not 300000.",
		},
		{
			id: "future-never-checked", without: []string{contract.SIG6}, mutants: []string{"future-unchecked"},
			summary: "only the age is limited: a delivery from the future is accepted, because abs() is missing",
			fix:     "Refuse when abs(now − timestamp) > 300 s, not only when now − timestamp is.",
		},
		{
			id: "past-never-checked", without: []string{contract.SIG7}, like: []string{"SIG-6 | a stale delivery, or one whose timestamp is no time, is rejected: signed 310 s ago | 2xx", "SIG-6 | a stale delivery, or one whose timestamp is no time, is rejected: signed an hour ago | 2xx", "SIG-6 | a stale delivery, or one whose timestamp is no time, is rejected: signed ten years ago | 2xx"},
			summary: "a stale delivery is accepted and one from the future is not: the age is not limited, or the difference has the wrong sign",
			fix:     "Refuse with 401 when abs(now − timestamp) > 300 s, both in seconds.",
		},
		{
			id: "tolerance-too-large", plain: true,
			like:    []string{"SIG-6 | a stale delivery, or one whose timestamp is no time, is rejected: signed 310 s ago | 2xx", "SIG-7 | a delivery from the future is rejected: signed 310 s from now | 2xx"},
			absent:  []string{"SIG-6 | a stale delivery, or one whose timestamp is no time, is rejected: signed an hour ago | 2xx", "SIG-7 | a delivery from the future is rejected: signed an hour from now | 2xx"},
			summary: "the age of a delivery is limited, and to more than 300 s: one that is 310 s old or early is accepted",
			fix:     "Set the tolerance to 300 s in both directions.",
		},
		{
			id: "timestamp-in-32-bits", mutants: []string{"timestamp-in-32-bits"},
			summary: "the timestamp is kept in 32 bits: one that lies 136 years ahead is now",
			fix:     "Read the timestamp into 64 bits and refuse whatever does not fit or has other characters than digits.",
		},
		{
			id: "milliseconds-guessed", mutants: []string{"milliseconds-guessed"},
			summary: "a timestamp that is too large for seconds is taken for milliseconds",
			fix:     "X-Webhook-Timestamp is in seconds, always: refuse one that is more than 300 s ahead.",
		},
		{
			id: "tolerance-too-small", mutants: []string{"tolerance-of-a-minute"},
			summary: "the clocks may differ by less than the 300 s that the sender grants: a delivery that is 240 s old or early is refused",
			fix:     "Set the tolerance to 300 s in both directions.",
		},
		{
			id: "no-number-passes", mutants: []string{"unreadable-timestamp-passes"},
			like: []string{ // the same of a date that is made of it, which is no date either where the number is too large
				"SIG-6 | a stale delivery, or one whose timestamp is no time, is rejected: a timestamp that is not a number | 2xx",
				"SIG-6 | a stale delivery, or one whose timestamp is no time, is rejected: a timestamp of \"NaN\" | 2xx",
				"SIG-6 | a stale delivery, or one whose timestamp is no time, is rejected: a timestamp beyond 64 bits | 2xx",
				"SIG-6 | a stale delivery, or one whose timestamp is no time, is rejected: a timestamp with letters behind it | 2xx",
				"SIG-6 | a stale delivery, or one whose timestamp is no time, is rejected: a timestamp with a fraction | 2xx",
				"SIG-6 | a stale delivery, or one whose timestamp is no time, is rejected: a timestamp with an exponent | 2xx",
			},
			summary: "a timestamp that is no number passes the check of the age: no comparison with NaN is true",
			fix:     "Match the timestamp with ^[0-9]+$ before it is converted, and refuse with 401 otherwise.",
		},
		{
			id: "number-with-a-tail", mutants: []string{"digits-then-anything"},
			summary: "the timestamp is read until the first character that is no digit: what follows is ignored",
			fix:     "Match the timestamp with ^[0-9]+$ before it is converted, and refuse with 401 otherwise: parseInt and its kin stop early.",
		},
		{
			id: "timestamp-overflows", mutants: []string{"timestamp-wraps-around"}, absent: []string{"SIG-6 | *: a timestamp of \"NaN\" | 2xx"},
			summary: "a timestamp beyond 64 bits wraps around and passes the check of the age",
			fix:     "Refuse a timestamp that has more than 12 characters or others than digits before it is converted.",
		},
		{
			id: "sign-ignored", mutants: []string{"sign-ignored"},
			summary: "what is no digit is stripped from the timestamp: a negative one passes",
			fix:     "Match the timestamp with ^[0-9]+$ as it came, and refuse with 401 otherwise. Strip nothing.",
		},
		{
			id: "timestamp-crashes", like: []string{"SIG-6 | * | 5xx"},
			summary: "the timestamp is converted without a look at what it is: one that is no number is answered with {answer}",
			fix:     "Match the timestamp with ^[0-9]+$ before it is converted, and answer 401 otherwise; catch whatever verifying throws.",
		},
		{
			id: "missing-header-crashes", like: []string{"SIG-4 | * | 5xx"},
			summary: "a header is read as if it were always there: {what} is answered with {answer}",
			fix:     "Refuse with 401 when any of the three headers is missing or empty, before anything is computed.",
		},
		{
			id: "malformed-signature-crashes", like: []string{"SIG-5 | * | 5xx"},
			summary: "verifying throws on a malformed signature, and nobody catches that: {what} is answered with {answer}",
			fix:     "Compare the lengths first, compare bytes, and catch whatever verifying throws: 401.",
		},
		{
			id: "rejections-crash", plain: true, with: []string{contract.SIG2, contract.SIG3},
			like:    []string{"SIG-2 | * | 5xx", "SIG-3 | * | 5xx", "SIG-4 | * | 5xx", "SIG-5 | * | 5xx", "SIG-6 | * | 5xx", "SIG-7 | * | 5xx", "SIG-10 | * | 5xx"},
			summary: "a delivery that does not verify throws, and nobody catches that: it is answered with {answer} in the place of a 401",
			fix:     "Catch what verifying throws and answer 401. The sender takes a 5xx for an outage and tries again.",
		},
		{
			id: "header-case", mutants: []string{"header-case"},
			summary: "the headers are looked up in one spelling: in another case they are not found",
			fix:     "Use your framework's look-up of headers, which ignores case, or put the names into lower case first. HTTP/2 has lower case only.",
		},
		{
			id: "one-signature-only", mutants: []string{"whole-header-compared"},
			summary: "the signature header is compared as a whole: one that holds several signatures is refused",
			fix:     "Split the header at spaces and accept when one of the v1 signatures matches.",
		},
		{
			id: "stored-before-verification", mutants: []string{"stored-before-verification"},
			summary: "the event is stored before it is verified: what is refused shows in the state",
			fix:     "Verify first. Log of a rejected delivery what you need, in a place that nothing reads as an event.",
		},
		{
			id: "signature-echoed", mutants: []string{"expected-signature-echoed", "hex-digest-echoed"},
			summary: "the answer to a forged delivery says which signature would have been right: whoever asks can sign",
			fix:     "Answer 401 with a constant text. Write the expected signature nowhere, also not in hexadecimal.",
		},
		{
			id: "secret-echoed", mutants: []string{"secret-echoed"},
			summary: "the answer to a forged delivery holds the signing secret",
			fix:     "Answer 401 with a constant text and switch debug pages off. Rotate the secret if the receiver was ever reachable.",
		},
		{
			id: "old-secret-kept", mutants: []string{"old-secret-kept"},
			absent:  []string{"SIG-3 | a delivery signed with another key is rejected: the secret of somebody else | 2xx"}, // nor is it unknown
			summary: "former secrets are kept and tried: after a rotation the old one still opens",
			fix:     "Know one secret, the one in the environment. The old one is dead the moment it is rotated.",
		},
		{
			id: "secret-read-once", mutants: []string{"first-secret-kept"},
			summary: "the secret is copied to where a restart does not change it: after a rotation the new one is refused",
			fix:     "Read the secret from the environment or the secret store at every start, and keep no copy.",
		},
	}
}

// notVerified is that events of one kind are taken without a look at their signature.
func notVerified(id string, kind event.Type, of string, mutants ...string) mistake {
	events := `that goes for every kind of event: a "` + string(kind) + `" event `
	return mistake{
		id: id, plain: true, mutants: mutants,
		like: []string{
			"SIG-2 | " + events + "changed on its way | 2xx",
			"SIG-3 | " + events + "signed with another key | 2xx",
			"SIG-4 | " + events + "without a signature | 2xx",
		},
		absent:  []string{"SIG-2 | a delivery that was changed on its way is rejected: one value changed | 2xx"},
		summary: "the signature of " + of + " is not verified: a forged one is accepted, while those of messages are verified",
		fix:     "Verify every delivery before anything looks at its kind: one check ahead of the routing, and no path around it.",
	}
}
