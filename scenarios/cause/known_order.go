package cause

import "github.com/sentsim/sentsim/simulator/contract"

const forward = "Move forward only, in one statement: UPDATE … SET status = new WHERE message_id = ? AND rank(status) < rank(new), with QUEUED < ROUTED < SENT < FAILED < DELIVERED < READ."

const (
	updatesLost = "some updates are acknowledged and lost: an error is swallowed, a buffer overwritten, or a batch dropped"
	commitEvery = "Commit every event before the 2xx, and answer 5xx when the commit fails: it is sent again."

	textsLost       = "some inbound texts are acknowledged and lost: an error is swallowed, a buffer overwritten, or a batch dropped"
	commitEveryText = "Commit every text before the 2xx, and answer 5xx when the commit fails: it is sent again."
)

// knownOfOrder are mistakes with what a message's statuses do to its state.
func knownOfOrder() []mistake {
	return []mistake{
		{
			id: "last-arrival-wins", mutants: []string{"last-write-wins"},
			summary: "the status that arrived last wins: a late one moves the message back",
			fix:     forward,
		},
		{
			id: "moved-back-by-neighbour", without: []string{contract.ORD4, contract.ORD6}, mutants: []string{"rank-off-by-one"},
			summary: "two neighbouring statuses have the same rank, and of equal ranks the last to arrive counts",
			fix:     forward + " Give each status a rank of its own.",
		},
		{
			id: "read-overwritten", without: []string{contract.ORD3}, mutants: []string{"read-is-delivered"},
			summary: "READ is overwritten by a DELIVERED that arrives after it: both have the same rank, or DELIVERED counts as the end",
			fix:     "Rank READ above DELIVERED and keep the higher one.",
		},
		{
			id: "read-needs-delivered", without: []string{contract.ORD3}, mutants: []string{"read-needs-delivered"},
			summary: "READ is passed over while the message is not DELIVERED: when READ arrives first it is lost",
			fix:     "Let READ follow any earlier status: it implies DELIVERED. " + forward,
		},
		{
			id: "failed-overwritten", without: []string{contract.ORD3}, mutants: []string{"failed-overwritten"},
			summary: "FAILED is not terminal: a SENT that arrives late overwrites it",
			fix:     "Treat FAILED as the end: QUEUED, ROUTED and SENT never replace it. " + forward,
		},
		{
			id: "gaps-passed-over", mutants: []string{"skips-passed-over"},
			summary: "a strict state machine: a status counts only if it is the next one, so what comes after a gap is passed over",
			fix:     "Treat the statuses as a partial order: any later one may follow any earlier one. " + forward,
		},
		{
			id: "transitions-enforced", mutants: []string{"transitions-enforced"},
			summary: "a strict state machine refuses a status that is not the next one: it is answered with {answer}, again and again until the webhook is disabled",
			fix:     "Answer 2xx to every status, and treat them as a partial order. " + forward,
		},
		{
			id: "unknown-message-refused", mutants: []string{"unknown-message-refused"},
			like:    []string{"ORD-5 | * | refused"},
			summary: "an event of a message that it does not know is answered with {answer}",
			fix:     "Insert the message when it is unknown (an upsert), or park the event, and answer 2xx either way: the event may come before your own row is committed.",
		},
		{
			id: "status-race", without: []string{contract.ORD3},
			like:    []string{"IDEM-4 | two statuses of one message *the same instant are both processed* | state"}, // one of them may go well
			absent:  []string{"IDEM-4 | two statuses of one message within a second are both processed | state"},
			summary: "a status is read, compared and written in several steps: of two statuses that arrive at the same instant the older one may stay (a race)",
			fix:     forward + " Or lock the row (SELECT … FOR UPDATE) from the look to the commit.",
		},
		{
			id: "ordered-by-the-second", without: []string{contract.ORD3},
			like:    []string{"IDEM-4 | two statuses of one message *the same instant are both processed* | state"},
			summary: "statuses are ordered by updated_at or timestamp, which have no more than seconds: of two in one second the last to arrive wins",
			fix:     forward,
		},
		{
			id: "shared-variable", without: []string{contract.ORD2}, mutants: []string{"shared-variable"},
			like: []string{
				"ORD-7 | messages with events at the same instant do not mix: one DELIVERED, one FAILED | state",
			},
			summary: "requests share a variable: what one of them put there is overwritten by the next, and messages get each other's statuses",
			fix:     "Keep everything about a request in local variables of its handler: no module variable, no field of a shared object, no singleton.",
		},
		{
			id: "found-by-recipient", mutants: []string{"found-by-recipient"},
			summary: "messages are told apart by their recipient's number: of two to the same recipient, one gets the other's status",
			fix:     "Look up the row by payload.message_id, and make that the key. A number may get many messages.",
		},
		{
			id: "current-message-kept", mutants: []string{"messages-mixed-up"},
			summary: "the current message is kept in a variable between requests: interleaved messages get each other's statuses",
			fix:     "Look the message up by message_id at every event, and keep no current message outside of the request.",
		},
		{
			id: "updates-lost", like: []string{"ORD-1 | no update of many is lost | some"},
			summary: updatesLost, fix: commitEvery,
		},
		{
			id: "texts-lost", plain: true, like: []string{"INB-1 | what contacts write on every channel shows in the receiver's state | state"},
			summary: textsLost, fix: commitEveryText,
		},
		{
			id: "old-events-refused", mutants: []string{"old-event-refused"},
			like:    []string{"RET-1 | * | state"},
			summary: "the limit of 300 s is put on the event's own timestamp: an event that is delivered by a late retry is refused or dropped as too old",
			fix:     "Check the age of X-Webhook-Timestamp only, which is fresh on every attempt. The event's timestamp says when it happened, and a retry may come hours later.",
		},
		{
			id: "gap-refused", mutants: []string{"gap-refused"},
			summary: "after a while without events it refuses the next ones: it is answered with {answer}",
			fix:     "Take whatever is signed right: after an outage, or while the webhook was disabled, events are missing and never come.",
		},
		{
			id: "first-template-status-kept", mutants: []string{"template-id-as-key"},
			summary: "the first status of a template is kept for ever: the idempotency key is template_id without the status, or only an insert is done",
			fix:     "Make the key template_id + status (with the channel and the event's time), and store the last status with its reason.",
		},
		{
			id: "approved-is-final", mutants: []string{"approved-is-final"},
			like:    []string{"TPL-1 | the last of \"APPROVED, PENDING, REJECTED\" is kept | state"},
			summary: "APPROVED is final for it: a template that was approved and then edited is PENDING and perhaps REJECTED, and it goes on showing APPROVED",
			fix:     "Keep the last status of a template, whichever it is: after an edit it is reviewed anew.",
		},
		{
			id: "category-update-refused", mutants: []string{"category-update-crash"},
			like:    []string{"TPL-1 | \"CATEGORY_UPDATED\" is accepted | refused"},
			summary: "CATEGORY_UPDATED is not among the statuses that it knows: it is answered with {answer}",
			fix:     "Treat the status of a template as an open set of texts: keep the ones that you know, acknowledge the others.",
		},
		{
			id: "templates-not-expected", like: []string{
				"TPL-1 | \"PENDING\" is accepted | refused", "TPL-1 | \"APPROVED\" is accepted | refused",
				"TPL-1 | \"REJECTED\" is accepted | refused", "TPL-1 | \"CATEGORY_UPDATED\" is accepted | refused",
				"TPL-1 | the last of * | refused", "TOL-2 | * | refused", "TOL-4 | *: a template event with * | refused",
			},
			summary: "template events are not expected: the handler reads the fields of a message from them and answers {answer}",
			fix:     "Branch on field == \"templates\" before any field of a message is read, and key them by template_id.",
		},
		{
			id: "opt-out-by-arrival", mutants: []string{"opt-out-by-arrival"},
			like:    []string{"CON-1 | * at * | state"},
			summary: "the opt-out state of a contact follows the order of arrival: an older signal that arrives late wins over one with a later timestamp",
			fix:     "Compare the envelope's timestamp with that of the signal you have, and overwrite only if it is newer.",
		},
		{
			id: "opt-out-lost-on-help", mutants: []string{"opt-out-lost-on-help"},
			summary: "contact.help and contact.custom_keyword change the opt-out state of a contact: they do not say that it wants messages",
			fix:     "Change the state on contact.opt_in and contact.opt_out only, or take the payload's opt_out, which is the state after the signal.",
		},
		{
			id: "bare-signals-ignored", mutants: []string{"signal-without-text-ignored"},
			summary: "a contact's signal that came without a text is passed over: an opt-out that the network reports is lost",
			fix:     "Take a signal whether or not it has a text, a message_id and a to: they may be null.",
		},
		{
			id: "opt-outs-not-kept", plain: true, like: []string{
				"CON-1 | a contact whose signals arrive as opt_out has opted out | state",
				"CON-1 | a contact whose signals arrive as opt_in, opt_out has opted out | state",
				"CON-1 | a contact whose signals arrive as opt_out at 20 s, opt_in at 10 s has opted out | state",
				"CON-1 | a contact whose signals arrive as opt_out, opt_in, opt_out has opted out | state",
				"CON-1 | a contact whose signals arrive as opt_out at 30 s, opt_out at 10 s, opt_in at 20 s has opted out | state",
				"CON-1 | a contact whose signals arrive as opt_out, help has opted out | state",
				"CON-1 | a contact whose signals arrive as opt_out, custom_keyword has opted out | state",
				"CON-1 | a contact whose signals arrive as opt_out by the network has opted out | state",
			},
			summary: "no contact.opt_out shows in the state of a contact: contact events are not handled, or only those of contacts that the receiver knew before",
			fix:     "Store the opt-out with the number it is of, also where there is no contact of that number yet: messages may be sent to it later.",
		},
		{
			id: "opt-out-ignored", mutants: []string{"sends-after-opt-out"}, like: []string{"CON-2 | * | state"},
			summary: "contact.opt_out is ignored: messages are still sent to a contact that opted out",
			fix:     "Store the opt-out, and look at it before anything is sent.",
		},
		{
			id: "stop-answered", mutants: []string{"reply-to-stop", "replies-only-to-stop"},
			summary: "an inbound STOP is replied to",
			fix:     "Look for STOP (and its kin, in any case) before any automatic reply, and send nothing: Sent has done it.",
		},
	}
}
