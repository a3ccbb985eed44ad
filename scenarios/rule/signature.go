package rule

func signatureRules() []Rule {
	return []Rule{
		{
			ID: "SIG-1", Level: Must, Source: signaturePage,
			Title: "accepts a correctly signed delivery (2xx)",
			Why:   "Sent retries every delivery that is not answered 2xx and disables the webhook after ten events in a row: you stop hearing of your messages.",
			Fix: "Strip whsec_ from the secret, base64-decode the rest, and compare v1,base64(HMAC-SHA256(key, id + \".\" + timestamp + \".\" + raw body)) with X-Webhook-Signature. " +
				"The usual cause is a body that was parsed before it was verified: in Express mount express.raw({type: 'application/json'}) on the webhook's route ahead of express.json(), in Flask read request.get_data(), in Go io.ReadAll(r.Body) once.",
		},
		{
			ID: "SIG-2", Level: Must, Source: signaturePage,
			Title: "rejects a tampered body, a truncated body, one byte appended",
			Why:   "Anybody who sees or guesses one delivery could change its status or text and your receiver would believe it.",
			Fix:   "Compute the signature over every byte of the raw body and answer 401 before anything else happens when it differs. Check that the result of the comparison is really used, and that no debug or development setting skips it.",
		},
		{
			ID: "SIG-3", Level: Must, Source: signaturePage,
			Title: "rejects a signature made with another secret, or with the secret's text instead of its bytes (with and without whsec_)",
			Why:   "A receiver that takes any secret, or several readings of its own, has a weaker lock than the one you configured.",
			Fix:   "Use exactly one key: the bytes that base64-decode from the part after whsec_ (Node Buffer.from(part, 'base64'), Python base64.b64decode(part), Go base64.StdEncoding.DecodeString). Remove fallbacks that try the text itself, and fail at start-up when the secret is empty.",
		},
		{
			ID: "SIG-4", Level: Must, Source: signaturePage,
			Title: "rejects when any of the three signature headers is missing or empty, also when the rest is signed consistently without it (with and without the dot that followed it; an empty id that is signed as such only with --strict)",
			Why:   "A receiver that skips verification when a header is absent can be written to by anybody who leaves it out.",
			Fix:   "Answer 401 before computing anything when X-Webhook-ID, X-Webhook-Timestamp or X-Webhook-Signature is absent or empty. Beware of `if (signature && !valid)` and of missing headers that turn into \"\", \"undefined\" or \"None\" in the signed text, and never verify a shorter text where one of them is missing.",
		},
		{
			ID: "SIG-5", Level: Must, Source: signaturePage,
			Title: "rejects malformed signatures: no v1,, hex, wrong version, cut, other length, garbage, non-ASCII bytes; and those of the other schemes that receivers keep as a fallback (hex or base64 of HMAC over the body alone, with the secret's text as key)",
			Why:   "A malformed header must not slip through a lenient comparison, nor crash the handler: a 500 is retried, and counts towards disabling the webhook.",
			Fix:   "Split at spaces, take only parts that start with v1, and compare in constant time, with 401 for everything else. Remove what verifies the schemes of other platforms. Node's crypto.timingSafeEqual throws when the lengths differ: compare the lengths first. Python's hmac.compare_digest raises TypeError on non-ASCII str: compare bytes. Go: hmac.Equal.",
		},
		{
			ID: "SIG-6", Level: Must, Source: signaturePage,
			Title: "rejects a validly signed delivery older than 300 s and a non-numeric, empty, negative or overflowing timestamp (trailing text, a fraction or an exponent only with --strict)",
			Why:   "Without an age limit a captured delivery can be replayed for ever, with a signature that is right.",
			Fix:   "Parse X-Webhook-Timestamp strictly as whole Unix seconds and answer 401 unless abs(now - timestamp) <= 300. In JavaScript parseInt takes '12abc' and any comparison with NaN is false: test /^\\d{1,12}$/ first. In Python catch ValueError from int().",
		},
		{
			ID: "SIG-7", Level: Must, Source: signaturePage,
			Title: "rejects one more than 300 s in the future (also milliseconds instead of seconds)",
			Why:   "A timestamp far ahead stays acceptable for as long as it lies ahead, so a captured delivery could be replayed all that time.",
			Fix:   "Check the absolute difference, not only the age: abs(now - timestamp) > 300 is refused. Don't guess at units: the header is in seconds.",
		},
		{
			ID: "SIG-8", Level: Must, Source: signaturePage,
			Title: "accepts ±240 s of skew (±290 s with --strict)",
			Why:   "Clocks differ and networks are slow: a tighter limit refuses genuine deliveries, and only now and then, which is hard to find.",
			Fix:   "Use a tolerance of 300 s both ways and compare seconds with seconds (Node: Math.floor(Date.now() / 1000); Python: time.time()). Keep the receiver's clock in step with NTP.",
		},
		{
			ID: "SIG-9", Level: Must, Source: signaturePage,
			Title: "verifies raw bytes: accepts odd whitespace, \\u and \\/ escapes, key order, 1.0, trailing newline, duplicate keys, characters that normalisation or HTML escaping would change",
			Why:   "A signature over re-serialised JSON matches only while both sides happen to print it alike: the first name with an accent or the first new field breaks every delivery.",
			Fix:   "Verify the bytes as they came, then parse. JSON.stringify(req.body), json.dumps(request.json) and json.Marshal of a decoded value are all wrong. In Express use express.raw or the verify option of express.json, in Next.js await req.text(), in FastAPI await request.body().",
		},
		{
			ID: "SIG-10", Level: Must, Source: signaturePage,
			Title: "rejects a signature made for another webhook id",
			Why:   "The id is part of what is signed: a receiver that leaves it out takes deliveries that were made for another webhook.",
			Fix:   "Sign id + \".\" + timestamp + \".\" + body with the id exactly as it stands in X-Webhook-ID.",
		},
		{
			ID: "SIG-11", Level: Must, Source: "RFC 9110 section 5.1, and " + signaturePage,
			Title: "header names are case-insensitive",
			Why:   "Proxies and HTTP/2 spell header names in lower case: a receiver that asks for one spelling breaks when the load balancer changes.",
			Fix:   "Read headers through the framework's lookup, which ignores case (Go r.Header.Get, Python request.headers.get). Node's req.headers has only lower-case keys: use req.headers['x-webhook-signature'] or req.get().",
		},
		{
			ID: "SIG-12", Level: Should, Source: "the Standard Webhooks scheme that Sent's signatures follow, and " + signaturePage,
			Title: "accepts a header with several space-separated signatures of which one matches (judged only with --strict: Sent sends one today)",
			Why:   "The scheme allows several signatures at once, for instance while secrets change: a receiver that compares the whole header would then refuse everything.",
			Fix:   "Split X-Webhook-Signature at spaces and accept when any v1, part matches; skip versions you don't know.",
		},
		{
			ID: "SIG-13", Level: Must, State: true, Source: signaturePage, Needs: []Need{MessageState},
			Title: "a rejected delivery leaves no trace in its state",
			Why:   "A receiver that stores first and verifies later, or answers 401 from another thread, believes forgeries while it claims to refuse them.",
			Fix:   "Verify before anything is written, queued or forwarded, and return at once after the 401 (in Express: return res.sendStatus(401)).",
		},
		{
			ID: "SIG-14", Level: Must, Source: signaturePage,
			Title: "a rejection never echoes the expected signature (base64, hex, hex with colons, in body or header) or the secret",
			Why:   "An error like \"expected v1,abc, got v1,xyz\" hands a valid signature for any body to whoever asks.",
			Fix:   "Answer a rejection with a fixed text and log details only on your side, without the secret and the computed signature. Switch off debug error pages, which print local variables.",
		},
	}
}
