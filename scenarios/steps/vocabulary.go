package steps

// vocabulary is every sentence, compiled once: a run binds it a hundred times. Package
// story writes in these sentences, and in no others.
var vocabulary = []definition{ //nolint:gochecknoglobals // constant after start-up; godog wants compiled patterns
	// Messages, and deliveries of their events.
	def(`(?:a|another) message on "([^"]+)"( that the receiver has never heard of)?`, (*World).messageOn),
	def(`(a message|two messages(?: to one recipient)?|messages on every channel|(\d+) messages) that the receiver has seen up to "([^"]+)"(?: under one X-Webhook-ID)?(, some minutes ago|, four minutes ago)?`, (*World).messagesSeenUpTo).sends(Messages),
	def(`a message whose "([^"]+)" shows in the receiver's state`, (*World).aMessageThatShows),
	def(`Sent has delivered its "([^"]+)" events, and "([^"]+)" shows in the receiver's state`, (*World).hasDelivered).sends(ItsEvents),
	def(`Sent delivers its "([^"]+)" events?`, (*World).deliversIts).sends(ItsEvents),
	def(`the first attempt at its "([^"]+)" event was made three minutes ago`, (*World).wasDelivered),
	def(`Sent delivers {whose} "([^"]+)" and "([^"]+)" events (one after the other|at the same instant|at almost the same instant, in either order), with the same timestamps`, (*World).deliversBoth).sends(Both),
	def(`Sent delivers the "([^"]+)" event of the first and the "([^"]+)" event of the second( at the same instant)?`, (*World).deliversOfTwo),
	def(`Sent retries (?:that delivery|{whose} "([^"]+)" event)`, (*World).retries).sends(Again),
	def(`the same delivery arrives again`, (*World).arrivesAgain).sends(Again),
	def(`(\d+) copies of {whose} "([^"]+)" event arrive at the same instant`, (*World).copiesArrive).sends(CopiesOfIts),
	def(`{whose} "([^"]+)" event arrives late`, (*World).arrivesLate).sends(ItsLateEvent),
	def(`its "([^"]+)" event is processed but the sender (.+)`, (*World).losesTheAcknowledgement).sends(Unanswered),
	def(`the sender gives up waiting for the answers to the "([^"]+)" events of (\d+) messages, a moment later each time`, (*World).givesUp).sends(GivesUp),
	def(`(\d+) deliveries of different messages arrive at the same instant`, (*World).burst).sends(Burst),

	// Deliveries of any event, well made and forged.
	def(`Sent delivers a "([^"]+)" event(?:, signed (-?\d+) s from now| whose body is written with (.+)| with its header names in (.+)| with (.+) in its signature header| with a body of (\d+) bytes)?`, (*World).deliversA).sends(AnEvent),
	def(`Sent delivers a "([^"]+)" event with this body:`, (*World).deliversThis),
	def(`Sent delivers, in this order:`, (*World).deliversInOrder),
	def(`Sent delivers (?:a message|a template|an) event with the (?:(unknown|known) )?(status|field) "([^"]+)"(?: under the unknown sub-type "([^"]+)")?`, (*World).deliversWithValue).sends(Valued),
	def(`Sent delivers (a message event|a failed event|a template event|an inbound event) with (extra fields|(?:no|a null) \w+)`, (*World).deliversChanged).sends(Changed),
	def(`Sent delivers (a message event|an inbound event) as in (?:edition "([^"]+)"|this edition, (with|without) X-Webhook-Event-ID)`, (*World).deliversAsIn),
	def(`Sent delivers a correctly signed body that is (.+)`, (*World).deliversBodyThatIs).sends(NoObject),
	def(`Sent delivers the "([^"]+)" events? of a template`, (*World).deliversTemplates),
	def(`a delivery(?: of a "([^"]+)" event)? arrives, forged as "([^"]+)"`, (*World).arrivesForged).sends(Forged),
	def(`a copy of an accepted delivery arrives, forged as "([^"]+)"`, (*World).copyArrivesForged),
	def(`forged deliveries arrive( for that message and for messages never seen)?:`, (*World).forgedDeliveriesArrive).sends(ForgedEach),

	// Contacts.
	def(`(?:a|that|another) contact sends (?:"([^"]*)"|a text with (.+)|(a text by SMS|a text by WhatsApp|nothing: a null text|a tap on an RCS chip|a text|an ordinary text|the same text))`, (*World).contactSends).sends(AText),
	def(`a contact sends a text and, (a minute later|some seconds later|in the same second), (the same text again|another text)`, (*World).contactSendsTwo).sends(TwoTexts),
	def(`two contacts send the same text at the same time`, (*World).twoContactsSend).sends(TextOfTwo),
	def(`contacts send (\d+) texts? on every channel(?:, (?:(\d+) copies of each at the same instant|each with (another) at almost the same instant))?`, (*World).contactsSendOnEveryChannel).sends(Texts),
	def(`Sent delivers the signals "([^"]+)" of a contact`, (*World).deliversSignals).sends(Signals),

	// The webhook and the receiver as such.
	def(`the receiver cannot be reached for the first (\d+) attempts at its "([^"]+)" event`, (*World).cannotBeReached),
	def(`ten failed events in a row, as Sent counts them, have disabled the webhook`, (*World).failedEventsDisable).sends(Outage),
	def(`the webhook is re-enabled`, (*World).reEnabled),
	def(`Sent delivers an event of a new message through it`, (*World).deliversThroughIt),
	def(`the receiver is restarted(, once the effects of its events show)?`, (*World).isRestarted),
	def(`the signing secret is rotated and the receiver is given the new one`, (*World).rotates),

	// How the receiver answers.
	def(`the receiver accepts (?:it|them all|the retry)`, (*World).accepts),
	def(`the receiver accepts it quickly, far inside the timeout`, (*World).acceptsQuickly),
	def(`the receiver accepts them all within (\d+) s`, (*World).acceptsAllWithin),
	def(`the receiver still accepts a genuine delivery`, (*World).stillAccepts),
	def(`the receiver rejects (it|the forged ones?)(, unless its base64 decoder passes over foreign characters anywhere)?`, (*World).rejects),
	def(`the receiver answers it(?: without (a server error|a redirect))?`, (*World).answers),
	def(`a delivery signed with the (new|old) secret is (accepted|rejected)`, (*World).signedWith),
	def(`no answer holds the expected signature or the secret`, (*World).gaveNothingAway),

	// What the receiver's state shows, and what it sends.
	def(`{which} (message|template) ends as "([^"]+)"(?: or "([^"]+)")?(, as it does when they arrive one after the other in either order)?`, (*World).endsAs),
	def(`{which} message is still "([^"]+)"`, (*World).isStill),
	def(`{whose} events have had the same effect as on a (message|template) that got each of them once`, (*World).hadTheirEffectOnce),
	def(`the restart has added no effect`, (*World).restartAddedNothing),
	def(`all their messages show in the receiver's state`, (*World).allShow),
	def(`the receiver knows nothing of (the|the {ordinal}) message`, (*World).knowsNothing),
	def(`the rejected ones left no trace in the receiver's state`, (*World).leftNoTrace),
	def(`the genuine event that was forged is processed`, (*World).genuineIsProcessed).sends(ForgedBefore),
	def(`the receiver has counted (an|\d+) inbound messages? from (that contact|each of them|the {ordinal} contact)`, (*World).hasCounted),
	def(`the contact has (opted out|opted in)`, (*World).contactHas),
	def(`the receiver replies to an ordinary inbound text`, (*World).repliesToOrdinary),
	def(`the receiver has replied to both contacts equally often`, (*World).repliedEquallyOften),
	def(`the receiver sends that contact nothing`, (*World).sendsNothing),
}
