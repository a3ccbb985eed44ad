package rule

// sizesAreOurs is added where Sent's page asks for tolerance but names no number.
const sizesAreOurs = "; the exact inputs are sentsim's choice"

func toleranceRules() []Rule {
	return []Rule{
		{
			ID: "TOL-1", Level: Must, Source: eventsPage,
			Title: "unknown message status or sub-type: 2xx",
			Why:   "New statuses appear without notice: a receiver that answers 4xx or 5xx to them is retried and then disabled, for the known ones too.",
			Fix:   "Acknowledge and ignore (or log) what you don't know. Give every switch a default, don't let an enum or schema validator refuse the event (zod: z.string() or .catch, pydantic: str in place of Enum).",
		},
		{
			ID: "TOL-2", Level: Must, Source: lifecyclePage,
			Title: "unknown template status (PAUSED, DISABLED, other): 2xx",
			Why:   "Sent forwards Meta's template statuses verbatim, so the list is open: the first PAUSED must not take the webhook down.",
			Fix:   "Store the template's status as text and acknowledge any value.",
		},
		{
			ID: "TOL-3", Level: Must, Source: eventsPage,
			Title: "unknown field (and, in edition 2026-09, every event of contact, channel, link, call): 2xx",
			Why:   "A new event category reaches every webhook that subscribes to all, as contact, channel, link and call did in 2026: refusing it counts as a failing webhook.",
			Fix:   "Branch on field only for those you handle and answer 2xx for the rest.",
		},
		{
			ID: "TOL-4", Level: Must, Source: eventsPage,
			Title: "extra fields, null or missing optional fields: 2xx",
			Why:   "Payloads grow, and optional fields are null in practice: a strict schema turns a harmless addition into an outage.",
			Fix:   "Ignore fields you don't know and require only those you need (zod: no .strict(); pydantic: extra='ignore' and Optional; Go: no DisallowUnknownFields). Guard every access to an optional field.",
		},
		{
			ID: "TOL-5", Level: Must, Source: eventsPage + sizesAreOurs,
			Title: "text of up to 4,096 characters, multi-script, emoji, RTL, control-character and injection-looking text: 2xx",
			Why:   "People write anything: an emoji against a utf8 column of MySQL, a NUL against Postgres or a long text against VARCHAR(160) fails the delivery, and the contact is never heard.",
			Fix:   "Use text columns that hold all of Unicode (MySQL: utf8mb4), replace NUL before Postgres, bind parameters, and don't limit lengths below 4,096 characters.",
		},
		{
			ID: "TOL-6", Level: Should, Source: eventsPage,
			Title: "the other editions (envelope, inbound and outbound shape, with and without X-Webhook-Event-ID): 2xx",
			Why:   "What Sent sends has changed and goes on changing: the event's name stands in event, in sub_type, or nowhere, numbers have two names each, and a header was added. A receiver tied to one edition breaks with the next.",
			Fix:   "Decide by field and payload.message_status and take the event's name from event, else sub_type, else nothing; read from or inbound_number, to or outbound_number; deduplicate by X-Webhook-Event-ID only where there is one.",
		},
		{
			ID: "TOL-7", Level: Should, Source: retriesPage + sizesAreOurs,
			Title: "a correctly signed body that is not a JSON object (garbage, empty, null, []): 4xx",
			Why:   "A 2xx hides that nothing was understood; a 5xx makes Sent try again what can never succeed.",
			Fix:   "Check that the parsed body is an object and answer 400 otherwise. In JavaScript null and [] both have typeof 'object'; in Go null decodes into a struct without error.",
		},
		{
			ID: "TOL-8", Level: Must, Source: eventsPage + sizesAreOurs,
			Title: "a 1 MiB body: an answer (2xx or 4xx), no dropped connection, and it stays up; up to 64 KiB: 2xx",
			Why:   "A receiver that dies of a large body can be stopped by anybody, and one with a tiny limit loses long conversations.",
			Fix:   "Limit the body at 256 KiB or more and answer 413 above it, after reading or closing properly (express.raw's limit is 100kb by default: set it; Go: http.MaxBytesReader; nginx: client_max_body_size).",
		},
		{
			ID: "TOL-9", Level: Must, Source: retriesPage + sizesAreOurs,
			Title: "no 5xx, hang or crash on a correctly signed body that is not a JSON object",
			Why:   "One odd body must not stop the handler: an unhandled exception ends a Node process, and the next deliveries with it.",
			Fix:   "Wrap parsing and handling in an error path that answers 400. Node: catch in async handlers, Express 4 does not. Python: catch json.JSONDecodeError and check isinstance(body, dict).",
		},
	}
}

func retryRules() []Rule {
	return []Rule{
		{
			ID: "RET-1", Level: Must, State: true, Source: retriesPage, Needs: []Need{MessageStatus},
			Title: "unreachable for the first attempts, then delivered by a retry minutes later: the state ends right",
			Why:   "After an outage events arrive late, with an old event timestamp and a fresh signature: a receiver that measures the wrong one drops everything it missed.",
			Fix:   "Check the age of X-Webhook-Timestamp only, never of the timestamp or updated_at in the body, and process late events like any others.",
		},
		{
			ID: "RET-2", Level: Must, Source: lifecyclePage,
			Title: "after auto-disable and re-enable it takes new events",
			Why:   "Sent disables a webhook after ten failed events in a row and you switch it on again by hand: a receiver that stays broken after the outage is disabled again at once.",
			Fix:   "Reconnect to databases and queues by yourself, and keep no \"webhook is down\" switch or open circuit breaker that needs a restart.",
		},
	}
}

func inboundRules() []Rule {
	return []Rule{
		{
			ID: "INB-1", Level: Must, Source: eventsPage, StatePart: "an inbound text shows", Needs: []Need{InboundCount},
			Title: "inbound text, null text, RCS chip, in the configured shape: 2xx (state: an inbound text shows)",
			Why:   "A picture without a caption has a null text, and a chip tap looks like a text: a handler that calls .trim() or .lower() on null fails for real contacts.",
			Fix:   "Treat text as optional (payload.text ?? '', payload.get('text') or '') and handle message.received apart from the outbound statuses: it has no place in their order. Store what came in before the 2xx.",
		},
		{
			ID: "INB-2", Level: Should, State: true, Source: eventsPage + sizesAreOurs, Needs: []Need{ObservedReplies},
			Title: "an inbound STOP triggers no reply",
			Why:   "Answering a contact who opted out breaks carriers' rules and, in many countries, the law.",
			Fix:   "Before any automatic reply, compare the text without spaces, in upper case, with STOP, STOPALL, UNSUBSCRIBE, CANCEL, END and QUIT, record the opt-out, and send nothing.",
		},
	}
}

func contactRules() []Rule {
	return []Rule{
		{
			ID: "CON-1", Level: Should, State: true, Source: clientTypes, Needs: []Need{ContactOptOut},
			Title: "the contact's opt-out state is that of the signal with the latest timestamp, in whatever order signals arrive; help and keyword change nothing; a signal without message, text or to counts (edition 2026-09)",
			Why:   "Signals overtake each other: an older opt-in that arrives last would undo an opt-out, and you write to somebody who asked you not to.",
			Fix:   "Keep the envelope's timestamp beside the contact's state and overwrite only with a later one: UPDATE … SET opted_out = new, at = new_at WHERE number = ? AND at < new_at. Act on contact.opt_in and contact.opt_out only, and require neither message_id nor text nor to.",
		},
		{
			ID: "CON-2", Level: Should, State: true, Source: clientTypes, Needs: []Need{ObservedReplies},
			Title: "nothing is sent to a contact after its contact.opt_out, though an ordinary inbound text from another contact is answered (edition 2026-09)",
			Why:   "Writing to a contact who opted out breaks carriers' rules and, in many countries, the law; Sent refuses such messages, and campaigns are suspended for them.",
			Fix:   "Record contact.opt_out under the contact's number (from) and look it up before every send, automatic replies among them, until contact.opt_in.",
		},
	}
}

func templateRules() []Rule {
	return []Rule{
		{
			ID: "TPL-1", Level: Must, Source: eventsPage, StatePart: "last status kept", Needs: []Need{TemplateStatus},
			Title: "PENDING, APPROVED, REJECTED (with reason), CATEGORY_UPDATED: 2xx (state: last status kept, also when an approved template is edited: APPROVED, PENDING, REJECTED)",
			Why:   "Template events have neither sub_type nor message_id: a handler that expects them fails, and you send with a template that was rejected or moved to a dearer category.",
			Fix:   "Branch on field == 'templates' before reading message fields, key by template_id, and keep the last status with its reason. No status is final: an approved template that is edited is PENDING again, and may end REJECTED.",
		},
	}
}

func rotationRules() []Rule {
	return []Rule{
		{
			ID: "ROT-1", Level: Should, State: true, Source: signaturePage, Needs: []Need{Rotate},
			Title: "after rotation it takes the new secret and refuses the old one",
			Why:   "The old secret is dead at once: a receiver that keeps it refuses every genuine delivery, and one that takes both is still open to whoever leaked the old one.",
			Fix:   "Read the secret from the environment or a secret store when the process starts (or at each request) and deploy the new value right after the rotation. Keep no list of former secrets.",
		},
	}
}
