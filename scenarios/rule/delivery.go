package rule

func acknowledgementRules() []Rule {
	return []Rule{
		{
			ID: "ACK-1", Level: Should, Source: retriesPage,
			Title: "acknowledges within 1 s (knob ack_within), far inside the timeout",
			Why:   "Work done before the answer is work done again: when the database is slow the delivery times out, Sent retries, and the load doubles when you can least bear it.",
			Fix:   "Verify, store the event or put it on a queue, answer 200, and do the rest afterwards. Don't call other services before the answer.",
		},
		{
			ID: "ACK-2", Level: Must, Source: retriesPage, StatePart: "all of them processed", Needs: []Need{MessageStatus},
			Title: "answers a burst of 50 deliveries at the same instant, all 2xx within 5 s (state: all of them processed)",
			Why:   "A campaign's statuses arrive together: a receiver that refuses or loses some of them under load loses statuses every time you send in bulk.",
			Fix:   "Size worker and database pools for bursts, let requests wait instead of failing, keep transactions short, and store before answering. SQLite: set a busy timeout and WAL mode. Python: more than one worker or an async server.",
		},
		{
			ID: "ACK-3", Level: Must, Source: retriesPage,
			Title: "answers 2xx itself, no redirect",
			Why:   "Sent does not follow redirects: a 301 to https, to a trailing slash or to a login page is a failed delivery.",
			Fix:   "Register the final URL. Django: end the path with / or set APPEND_SLASH off for it. Go's ServeMux redirects to a cleaned path. Keep the route outside of login and https-redirect middleware.",
		},
	}
}

func idempotencyRules() []Rule {
	return []Rule{
		{
			ID: "IDEM-1", Level: Must, Source: retriesPage, StatePart: "one effect", Needs: []Need{MessageEffects},
			Title: "the same delivery twice: 2xx twice (state: one effect)",
			Why:   "Deliveries are repeated whenever an answer is lost: without deduplication customers are notified, credited or billed twice.",
			Fix:   "Keep a unique key for each event and do nothing the second time, but answer 2xx: message_id + message_status for outbound, account, from, received_at and a hash of the text for inbound, template_id + status for templates.",
		},
		{
			ID: "IDEM-2", Level: Must, Source: retriesPage, StatePart: "one effect", Needs: []Need{MessageEffects},
			Title: "a retry with a fresh timestamp and signature, at once and after newer events of the same message: 2xx (state: one effect)",
			Why:   "Every retry is signed anew, so a key made of the signature, the timestamp or the whole request never matches; a conflict answered with 409 or 500 is retried until the webhook is disabled.",
			Fix:   "Take the key from the payload (message_id + message_status), never from headers, keep it also after later statuses have come, and answer 2xx to a duplicate. Catch the unique-constraint error of the database.",
		},
		{
			ID: "IDEM-3", Level: Must, Source: retriesPage, StatePart: "one effect", Needs: []Need{MessageEffects},
			Title: "N copies at the same instant: all 2xx (state: one effect)",
			Why:   "A check followed by an insert lets two copies through when they arrive together, exactly when retries overlap.",
			Fix:   "Let the database decide: a unique index and INSERT … ON CONFLICT DO NOTHING in the transaction that has the effect, and act only when a row was inserted. A check in memory does not hold across workers.",
		},
		{
			ID: "IDEM-4", Level: Must, State: true, Source: retriesPage, Needs: []Need{MessageStatus, InboundCount},
			Title: "nothing is dropped that differs: different events under one X-Webhook-ID, two statuses of one message at the same instant, equal texts at different times",
			Why:   "X-Webhook-ID names the webhook's configuration and is the same on every delivery: as a deduplication key it drops all events but the first.",
			Fix:   "Never deduplicate by X-Webhook-ID, by message_id alone, by timestamp alone or by text alone. Use message_id + message_status, and for inbound account, from, received_at and a hash of the text.",
		},
		{
			ID: "IDEM-5", Level: Must, State: true, Source: retriesPage, Needs: []Need{InboundCount},
			Title: "inbound duplicates have one effect; two different texts from one number have two",
			Why:   "A contact who writes once must not get two answers, and one who writes twice must not be ignored.",
			Fix:   "Key inbound events by message_id where there is one, else by account, from, received_at and a hash of the text, with a unique index.",
		},
		{
			ID: "IDEM-6", Level: Must, State: true, Source: retriesPage, Needs: []Need{MessageEffects},
			Title: "a lost acknowledgement (the receiver processed it, the sender never saw the 2xx) followed by a retry: one effect",
			Why:   "This is the common way to a duplicate: a deploy, a proxy timeout or a broken connection eats the answer after the work is done.",
			Fix:   "Commit the event's key and its effect in one transaction before answering, and don't undo or repeat the work when the client has gone: in Go don't tie the work to r.Context(), in Node ignore 'close' on the request.",
		},
		{
			ID: "IDEM-7", Level: Should, State: true, Source: retriesPage, Needs: []Need{MessageEffects, Restart},
			Title: "still one effect when the receiver restarts between the two",
			Why:   "Retries come minutes apart and deploys happen in between: keys kept in memory forget, and every event of that hour is processed again.",
			Fix:   "Keep the keys in the database or in a shared store with a long expiry, not in a Map, a dict or an LRU of the process.",
		},
	}
}

func orderRules() []Rule {
	return []Rule{
		{
			ID: "ORD-1", Level: Must, State: true, Source: lifecyclePage, Needs: []Need{MessageStatus},
			Title: "the full lifecycle ends in the last status",
			Why:   "A receiver that answers 2xx and stores nothing, or only the first status, shows messages that never arrive.",
			Fix:   "Store message_status for message_id on every message event, before the 2xx.",
		},
		{
			ID: "ORD-2", Level: Must, Source: lifecyclePage, StatePart: "ROUTED then DELIVERED ends DELIVERED", Needs: []Need{MessageStatus},
			Title: "skipped states are accepted (state: ROUTED → DELIVERED ends DELIVERED)",
			Why:   "Some SMS carriers go straight from routed to delivered: a strict state machine refuses or drops those events and the messages stay undelivered for ever.",
			Fix:   "Treat the statuses as a partial order: any later status may follow any earlier one. Replace \"next allowed state\" tables by a rank QUEUED < ROUTED < SENT < DELIVERED < READ.",
		},
		{
			ID: "ORD-3", Level: Must, State: true, Source: lifecyclePage, Needs: []Need{MessageStatus},
			Title: "a late earlier status never moves the message back",
			Why:   "Retries and parallel deliveries overtake each other: a late SENT after DELIVERED makes a delivered message look stuck, and may trigger a second send.",
			Fix:   "Move forward only, in one statement: UPDATE … SET status = new WHERE id = ? AND rank(status) < rank(new). Don't order by arrival or by the event's timestamp alone.",
		},
		{
			ID: "ORD-4", Level: Must, State: true, Source: lifecyclePage, Needs: []Need{MessageStatus},
			Title: "READ before DELIVERED ends READ",
			Why:   "WhatsApp's read receipts do overtake the delivery receipt: the fact that a message was read is then lost.",
			Fix:   "Rank READ above DELIVERED and keep the higher; READ implies DELIVERED.",
		},
		{
			ID: "ORD-5", Level: Must, Source: lifecyclePage,
			Title: "an event for a message it never saw is acknowledged",
			Why:   "The first event can arrive before your send call has stored the message id; a 404 or 500 is retried, and ten such events in a row disable the webhook.",
			Fix:   "Insert the message when it is unknown (an upsert), or park the event, and answer 2xx either way.",
		},
		{
			ID: "ORD-6", Level: Must, State: true, Source: lifecyclePage, Needs: []Need{MessageStatus},
			Title: "a late SENT does not overwrite FAILED",
			Why:   "FAILED is final: overwritten by a late status, the failure is never reported and nobody sends again.",
			Fix:   "Treat FAILED as the end: QUEUED, ROUTED and SENT never replace it.",
		},
		{
			ID: "ORD-7", Level: Must, State: true, Source: lifecyclePage, Needs: []Need{MessageStatus},
			Title: "interleaved messages do not mix",
			Why:   "Events of many messages arrive mixed: state kept in a variable, or by phone number, puts one customer's status on another's message.",
			Fix:   "Key everything by message_id, and keep nothing about \"the current message\" outside of the request.",
		},
	}
}
