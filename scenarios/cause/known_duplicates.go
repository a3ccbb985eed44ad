package cause

import "github.com/sentsim/sentsim/simulator/contract"

const unique = "Put a unique key on the event (message_id + message_status; for inbound message_id, or account, number, received_at and a hash of the text; template_id + status), insert with ON CONFLICT DO NOTHING in the transaction that has the effect, and act only if a row was inserted."

// knownOfDuplicates are mistakes with events that come twice, and with events
// that only look like it.
func knownOfDuplicates() []mistake {
	return []mistake{
		{
			id: "no-deduplication", mutants: []string{"no-dedupe"},
			like: []string{ // the same, but of inbound events
				"IDEM-1 | the same delivery twice has one effect | state",
				"IDEM-2 | a retry with a fresh timestamp and signature has no second effect at once | state",
				"IDEM-2 | a retry with a fresh timestamp and signature has no second effect after newer events of the message | state",
				"IDEM-3 | copies at the same instant have one effect | state",
			},
			summary: "nothing is deduplicated: every delivery of an event has its effect once more",
			fix:     unique + " Answer 2xx to a duplicate.",
		},
		{
			id: "looks-then-inserts", without: []string{contract.IDEM1, contract.IDEM2}, mutants: []string{"check-then-insert", "inbound-check-then-insert"},
			like:    []string{"IDEM-3 | copies at the same instant have one effect | more"}, // the same, but of statuses only
			summary: "it looks whether an event is there and then inserts it: copies that arrive at the same instant slip in between (a race, no unique key)",
			fix:     unique + " A look before it, or a lock in one process, does not hold.",
		},
		{
			id: "key-changes-with-the-attempt", without: []string{contract.IDEM1}, mutants: []string{"timestamp-in-key", "signature-as-key", "event-id-and-timestamp-as-key"},
			summary: "the idempotency key holds the timestamp or the signature, which are new on every attempt: a copy is known, a retry is not",
			fix:     "Take the key from the event: X-Webhook-Event-ID, or message_id + message_status. X-Webhook-Timestamp and X-Webhook-Signature change with every attempt, and so does any hash over the headers.",
		},
		{
			id: "webhook-id-as-event-id", tried: true, mutants: []string{"webhook-id-as-key"},
			summary: "X-Webhook-ID is taken for the event's id: it is the same on every delivery of a webhook, so only the first event counts",
			fix:     "Deduplicate by X-Webhook-Event-ID or by message_id + message_status. X-Webhook-ID names the webhook's configuration.",
		},
		{
			id: "message-id-as-key", with: []string{contract.ORD1}, mutants: []string{"message-id-as-key"},
			like: []string{
				"ORD-3 | * | fewer", "IDEM-4 | two statuses of one message at the same instant are both processed | state",
				"IDEM-4 | two statuses of one message within a second are both processed | state", "ORD-1 | * | state",
			},
			absent:  []string{"ORD-1 | no update of many is lost | some"}, // of each message there would be only the first
			summary: "the idempotency key is message_id without the status: only the first status of a message counts",
			fix:     "Make the key message_id + message_status (or X-Webhook-Event-ID): a message has an event for each status.",
		},
		{
			id: "second-as-key", mutants: []string{"second-as-key"},
			needs:   []string{"IDEM-4 | two statuses of one message within a second are both processed | state"},
			summary: "the idempotency key is message_id and the second: of two statuses in one second one is lost",
			fix:     "Make the key message_id + message_status. updated_at and timestamp have no more than seconds.",
		},
		{
			id: "duplicates-refused", mutants: []string{"duplicates-refused"}, covers: []string{contract.ORD7},
			like: []string{ // the same, but of inbound events
				"IDEM-1 | the same delivery twice is accepted twice | 4xx", "IDEM-2 | a retry with a fresh timestamp and signature is accepted at once | 4xx",
				"IDEM-2 | a retry with a fresh timestamp and signature is accepted after newer events of the message | 4xx",
				"IDEM-3 | copies at the same instant are all accepted | 4xx",
			},
			summary: "a duplicate is answered with {answer}: the sender takes it for a failure, sends it again, and disables the webhook in the end",
			fix:     "Answer 2xx to an event that was processed before, or that is being processed: it is done, or about to be.",
		},
		{
			id: "unique-violation", on: []string{contract.IDEM1, contract.IDEM2, contract.IDEM3, contract.IDEM6}, mutants: []string{"unique-violation"}, covers: []string{contract.ORD7},
			like: []string{ // the same, but of inbound events
				"IDEM-1 | the same delivery twice is accepted twice | 5xx", "IDEM-2 | a retry with a fresh timestamp and signature is accepted at once | 5xx",
				"IDEM-2 | a retry with a fresh timestamp and signature is accepted after newer events of the message | 5xx",
				"IDEM-3 | copies at the same instant are all accepted | 5xx",
			},
			answer:  `unique|duplicate (key|entry)|E11000|integrityerror|P2002|already exists`,
			summary: "the database refuses the second row of an event, and nobody catches that error: a duplicate is answered with {answer}",
			fix:     "Insert with ON CONFLICT DO NOTHING (INSERT IGNORE, upsert), or catch the unique-constraint error, and answer 2xx: the event is there.",
		},
		{
			id: "copies-refused", without: []string{contract.IDEM1}, like: []string{"IDEM-3 | copies * are all accepted | 4xx"},
			summary: "a copy is answered with {answer} while the first is still being processed",
			fix:     "Answer 2xx to the copy, or let it wait for the first. " + unique,
		},
		{
			id: "copies-collide", without: []string{contract.IDEM1}, like: []string{"IDEM-3 | copies * are all accepted | 5xx"},
			summary: "copies that arrive at the same instant collide in the database, and nobody catches that error: one is answered with {answer}",
			fix:     unique + " Catch the unique-constraint error and the serialisation error, and answer 2xx.",
		},
		{
			id: "last-event-remembered", without: []string{contract.IDEM1}, mutants: []string{"last-event-remembered"},
			summary: "only the last event of a message is remembered: one that comes back after newer ones counts once more",
			fix:     unique + " Keep the key of every event, not the last one.",
		},
		{
			id: "remembered-in-memory", mutants: []string{"keys-in-memory", "state-in-memory"},
			summary: "what was processed is remembered in memory only: after a restart a retry counts once more",
			fix:     "Keep the keys beside the effects, in the database, with a unique index; not in a Map, a dict or an LRU of the process. For a receiver that keeps all of its state in memory by design, this is no fault.",
		},
		{
			id: "marked-in-its-own-transaction", mutants: []string{"marked-before-effect"},
			summary: "an event is marked as done before the work is: a sender that hangs up in between stops the work, and the retry is taken for a duplicate, so the event is lost",
			fix:     "Commit the mark and the effect in one transaction, and don't stop when the sender hangs up (Go: not r.Context(); Node: no abort on close).",
		},
		{
			id: "marked-after-the-answer", mutants: []string{"marked-after-answer"},
			summary: "an event is marked as done after the work or the answer: when the sender hangs up the mark is missing, and the retry has its effect once more",
			fix:     "Commit the mark and the effect in one transaction before the answer, whoever is still listening.",
		},
		{
			id: "inbound-not-deduplicated", mutants: []string{"inbound-not-deduplicated"},
			summary: "statuses are deduplicated, what contacts write is not: an inbound text counts once for every delivery",
			fix:     "Key inbound events by message_id, or else by account, number, received_at and a hash of the text, with a unique index.",
		},
		{
			id: "inbound-count-race", mutants: []string{"inbound-count-read-and-written"},
			summary: "the count of a contact's texts is read and written back one higher: of two texts that arrive at the same instant one is lost (a race)",
			fix:     "Store each text as a row with a unique key and count the rows, or count in one statement: UPDATE … SET count = count + 1.",
		},
		{
			id: "reply-per-delivery", mutants: []string{"reply-per-delivery"},
			summary: "an inbound text is stored once and replied to at every delivery: the contact gets the reply twice",
			fix:     "Send the reply only when the insert of the event's key made a row, and in a way that a retry finds done.",
		},
		{
			id: "inbound-by-text", mutants: []string{"inbound-by-text"}, without: []string{contract.IDEM5},
			like:    []string{"IDEM-4 | the same text at another time is another message | fewer"},
			needs:   []string{"IDEM-4 | the same text at another time is another message | fewer"},
			summary: "inbound messages with the same text count as the same message: the second OK or STOP is lost",
			fix:     "Key inbound events by message_id, or else by account, number, received_at and a hash of the text, never by the text alone.",
		},
		{
			id: "inbound-by-minute", like: []string{"IDEM-4 | the same text some seconds later is another message | fewer"},
			absent:  []string{"IDEM-4 | the same text at another time is another message | fewer"},
			summary: "inbound messages are known by a time that is cut off, such as to the minute: a text that is written once more within it is lost",
			fix:     "Key inbound events by message_id, or else by account, number, the whole received_at and a hash of the text.",
		},
		{
			id: "key-holds-the-minute", like: []string{"IDEM-2 | a retry minutes after the first attempt has no second effect | more"},
			absent:  []string{"IDEM-2 | a retry with a fresh timestamp and signature has no second effect at once | more"},
			summary: "the idempotency key holds the time of the delivery, cut off such as to the minute: a retry that comes at once is known, one minutes later is not",
			fix:     unique + " Leave X-Webhook-Timestamp and the time of arrival out of the key: both are new on every attempt.",
		},
		{
			id: "inbound-by-number", mutants: []string{"inbound-by-number"},
			summary: "a number counts once: what a contact writes after the first text is lost as a duplicate",
			fix:     "Key inbound events by message_id, or else by account, number, received_at and a hash of the text, never by the number alone.",
		},
		{
			id: "inbound-by-second", mutants: []string{"inbound-by-second"},
			summary: "inbound messages are known by the number and the second: of two texts in one second one is lost",
			fix:     "Key inbound events by message_id, or add a hash of the text to account, number and received_at.",
		},
	}
}
