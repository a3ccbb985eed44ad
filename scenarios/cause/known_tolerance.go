package cause

import "github.com/sentsim/sentsim/simulator/contract"

const openSet = "Treat statuses, sub-types and fields as open sets: keep the ones that you know, acknowledge the others with 2xx. "

// knownOfTolerance are mistakes with events, fields and bodies that were not
// expected, and with time.
func knownOfTolerance() []mistake {
	return []mistake{
		{
			id: "status-not-known", mutants: []string{"unknown-status-crash"},
			like:    []string{"TOL-1 | an unknown status or sub-type is accepted: * | refused"},
			summary: "the status is an enum (in the code, the validation or the database): one that is not in it is answered with {answer}",
			fix:     openSet + "Give the switch a default, the schema a plain text, the column no enum.",
		},
		{
			id: "sub-type-not-known", mutants: []string{"unknown-sub-type-refused"},
			summary: "the event's name is looked up in a list: one that is not in it is answered with {answer}",
			fix:     openSet + "Names of events are added without notice.",
		},
		{
			id: "template-status-not-known", absent: []string{"TPL-1 | \"PENDING\" is accepted | refused"}, mutants: []string{"template-status-enum"},
			like:    []string{"TOL-2 | * | refused"},
			summary: "the status of a template is an enum (in the code, the validation or the database): one that is not in it is answered with {answer}",
			fix:     openSet + "Upstream statuses of templates come verbatim.",
		},
		{
			id: "field-not-known", mutants: []string{"unknown-field-refused", "unknown-family-refused"},
			like:    []string{"TOL-3 | * | refused"},
			summary: "a field other than those of messages and templates is answered with {answer}",
			fix:     openSet + "New families of events come without notice.",
		},
		{
			id: "schema-closed", mutants: []string{"strict-schema"}, covers: []string{contract.TOL6},
			like:   []string{"TOL-4 | optional fields may be missing or null, and new ones may come: a message event with extra fields | refused"},
			answer: `unrecogni[sz]ed|additional propert|extra (input|field)|unknown (field|key|propert)|not permitted|unexpected (field|key|propert)`, on: []string{contract.TOL4, contract.TOL6},
			summary: "a schema refuses fields that it does not name: an event with a new field is answered with {answer}",
			fix:     "Let the schema pass fields that it does not name (additionalProperties, extra=\"ignore\", no .strict()), and read the ones that you need.",
		},
		{
			id: "null-not-expected", on: []string{contract.TOL4, contract.ORD5, contract.TPL1, contract.INB1, contract.TOL6, contract.TOL3}, mutants: []string{"null-dereferenced"}, answer: `(properties|property) .*of (null|undefined)|nonetype|nil pointer|null pointer|undefined method .* nil|for nil|keyerror|is not iterable|null reference`,
			like:    []string{"TOL-4 | *: * with no * | 5xx", "TOL-4 | *: * with a null * | 5xx"},
			summary: "an optional field is read as if it were always there: {what} is answered with {answer}",
			fix:     "Expect null and absence of every optional field (reason, template_id, text, the numbers, …): a default or ?. where it is read, a nullable column where it is stored.",
		},
		{
			id: "optional-required", like: []string{"TOL-4 | *: * with no * | 4xx", "TOL-4 | *: * with a null * | 4xx"},
			summary: "the validation requires a field that is optional: {what} is answered with {answer}",
			fix:     "Let the schema take null and absence of every optional field, and acknowledge what you cannot use.",
		},
		{
			id: "reason-required", mutants: []string{"reason-required"},
			like:    []string{"TOL-4 | *: a failed event with no reason | refused", "TOL-4 | *: a failed event with a null reason | refused"},
			summary: "FAILED is expected to have a reason: without one the event is answered with {answer}",
			fix:     "reason may be null or absent: read it with a default, and store the status in any case.",
		},
		{
			id: "template-reason-required", absent: []string{"TPL-1 | \"REJECTED\" is accepted | refused"},
			like: []string{
				"TPL-1 | \"PENDING\" is accepted | refused", "TPL-1 | \"APPROVED\" is accepted | refused", "TOL-2 | * | refused",
				"TOL-4 | *: a template event with * | refused", "TPL-1 | the last of * | refused",
			},
			summary: "a template event is expected to have a reason, which is null or absent unless it was rejected: it is answered with {answer}",
			fix:     "reason of a template event is null or absent unless it was rejected: read it with a default.",
		},
		{
			id: "one-envelope", mutants: []string{"one-envelope"}, absent: []string{"TOL-4 | *extra fields | refused"},
			like:    []string{"TOL-6 | * | refused"},
			summary: "it takes one form of the envelope only: the other editions are answered with {answer}",
			fix:     "Take the event's name from event, else from sub_type, else from payload.message_status; accept field message and messages.",
		},
		{
			id: "no-json-acknowledged", mutants: []string{"garbage-acknowledged"},
			like:    []string{"TOL-7 | a correctly signed body that is garbage is rejected | 2xx"},
			summary: "what cannot be parsed is acknowledged like everything else",
			fix:     "Answer 400 to a body that is no JSON object.",
		},
		{
			id: "parser-error-uncaught", on: []string{contract.TOL7, contract.TOL9}, mutants: []string{"garbage-crash"}, answer: `syntaxerror|jsondecodeerror|unexpected (token|end)|json parse`,
			summary: "the error of the JSON parser is not caught: a signed body that is no JSON is answered with {answer}",
			fix:     "Catch it and answer 400.",
		},
		{
			id: "null-body-uncaught", mutants: []string{"null-body-crash"},
			summary: "null and [] are JSON, so the parser takes them, and the first look into them fails: they are answered with {answer}",
			fix:     "Ask whether what was parsed is an object before it is read, and answer 400 otherwise.",
		},
		{
			id: "body-limit-too-small", on: []string{contract.TOL5, contract.TOL8}, mutants: []string{"small-body-limit"}, answer: `too large|entity too|body limit|413`,
			summary: "the limit on the size of a body is too small: a large delivery is answered with {answer}",
			fix:     "Set the limit to 1 MiB at least, in the framework and in the proxy in front of it.",
		},
		{
			id: "large-body-dropped", mutants: []string{"large-body-dropped"},
			summary: "a body above the limit ends the connection without an answer",
			fix:     "Answer 413 to what is too large, or raise the limit to 1 MiB, in the framework and in the proxy in front of it.",
		},
		{
			id: "column-too-short", on: []string{contract.TOL5, contract.TOL8}, mutants: []string{"varchar-160"}, answer: `too long|data truncat|right truncation`,
			summary: "the column or the field for the text is too short: a long one is answered with {answer}",
			fix:     "Make it as long as a text may be (4,096 characters; TEXT), and don't validate a length that is not yours.",
		},
		{
			id: "column-without-emoji", on: []string{contract.TOL5}, mutants: []string{"three-byte-utf8"}, answer: `incorrect string value|utf8mb3`,
			summary: "the column for the text has an encoding without emoji (MySQL's utf8, utf8mb3): they are answered with {answer}",
			fix:     "Use utf8mb4 for the column, the table and the connection.",
		},
		{
			id: "column-of-western-letters", on: []string{contract.TOL5}, mutants: []string{"latin1-column"}, answer: `latin-?1|unicodeencodeerror|charmap|can't encode`,
			summary: "the column or a log knows the letters of western Europe only: others are answered with {answer}",
			fix:     "Use UTF-8 everywhere: for the column, the connection, files and logs.",
		},
		{
			id: "nul-not-stored", on: []string{contract.TOL5}, mutants: []string{"nul-refused"}, answer: `\\u0000|0x00|\bnul\b|null byte|null character`,
			summary: "the database takes no NUL in a text, and nobody takes it out: control characters are answered with {answer}",
			fix:     "Strip NUL from the text before it is stored (after the signature is verified).",
		},
		{
			id: "sql-concatenated", on: []string{contract.TOL5}, mutants: []string{"sql-concatenated"}, answer: `syntax error|sql error|unterminated|near "`,
			summary: "the text is put into the SQL statement as it is: an apostrophe is answered with {answer}, and SQL in a text is carried out",
			fix:     "Use parameters of the driver (?, $1, :text) for every value, never a template string.",
		},
		{
			id: "text-not-stored", like: []string{"TOL-5 | * | refused"},
			summary: "a text that it does not expect is answered with {answer}: {what}",
			fix:     "Expect any text: 4,096 characters of any writing, emoji, control characters. Store it as UTF-8 through parameters of the driver, and escape it where it is shown.",
		},
		{
			id: "null-text-not-expected", mutants: []string{"null-text-crash"},
			summary: "an inbound message is expected to have a text: a null one is answered with {answer}",
			fix:     "text may be null (media, a tap): read it with a default, and make the column nullable.",
		},
		{
			id: "inbound-channel-not-known", mutants: []string{"rcs-refused"},
			summary: "the channel of an inbound message is a list without rcs: it is answered with {answer}",
			fix:     "Treat the channel as an open set: sms, whatsapp, rcs, mms, and what comes later.",
		},
		{
			id: "enum-refuses", on: []string{contract.TOL3, contract.INB1, contract.TOL6}, answer: `\benum\b|not a valid|not in the list|invalid (input|option|discriminator)|unsupported (status|event|type|value)`,
			summary: "a value that it does not know is refused by an enum or a validation: it is answered with {answer}",
			fix:     openSet,
		},
		{
			id: "works-before-it-answers", mutants: []string{"slow-work-first"},
			like:    []string{"ACK-1 | * | 2xx", "ACK-1 | * | none"},
			summary: "the work is done before the answer: a delivery is acknowledged after more than a second",
			fix:     "Verify, store the event or put it on a queue, answer 200, and do the rest afterwards.",
		},
		{
			id: "one-at-a-time", mutants: []string{"global-lock"},
			summary: "deliveries are worked off one after another, under one lock or in one worker: a burst is not answered in time",
			fix:     "Do the slow part outside of the lock and after the answer; use several workers or an asynchronous server.",
		},
		{
			id: "pool-exhausted", on: []string{contract.ACK2, contract.IDEM3, contract.IDEM4, contract.IDEM6, contract.ORD7}, mutants: []string{"pool-exhausted"}, answer: `pool|too many (connections|clients|requests)|database is locked|busy|overload|rate limit`,
			summary: "under a burst the connections, workers or locks of the database run out: deliveries are answered with {answer}",
			fix:     "Let requests wait for a connection, keep transactions short, and size the pool for bursts. SQLite: WAL and a busy timeout. Put no rate limit on this route.",
		},
		{
			id: "burst-lost", like: []string{"ACK-2 | every delivery of a burst is processed | state"},
			summary: "deliveries of a burst are acknowledged and lost: the queue behind the answer drops what it cannot take, or writers overwrite each other",
			fix:     "Store the event before the 2xx. If a queue is full, answer 503: the delivery is sent again.",
		},
	}
}
