package rule

// Guide is how to read the rules: what the words in them mean and how verdicts
// come about. It is plain text with lines of at most 78 columns.
func Guide() string { return guide }

const guide = `How to read the rules

Levels
  MUST     breaking it fails the run (exit status 1).
  SHOULD   breaking it warns; with --strict it fails the run too.

Words
  accepts, 2xx   any status from 200 to 299, within the webhook's timeout,
                 from the receiver itself. Which 2xx does not matter.
  rejects        any status from 400 to 499; 401 is usual. A redirect (3xx),
                 an error (5xx) and a dropped connection are not a rejection.
  state          the rule looks at what the receiver keeps, through a state
                 probe: read-only endpoints of the receiver, named under
                 probe: in the config file. A rule with "(state: ...)" is
                 judged by its answers alone when there is no probe; the
                 report then says that its state part was not checked.
  effect         something an event causes once: a row, a notification, a
                 reply. Effects are compared between an event and its
                 duplicates, never as an absolute number. After QUEUED, SENT,
                 DELIVERED and DELIVERED again, a message's endpoint answers
                 {"status": "DELIVERED", "effects": 3}; a receiver that acts
                 on the second DELIVERED as well answers 4, and breaks IDEM-1.
  knob           a named setting with a default; sentsim config lists them.

Verdicts
  passed       the receiver keeps the rule.
  failed       the receiver breaks it.
  warned       the receiver breaks a SHOULD rule.
  not checked  it could not be seen, and the reason says why. Never a pass;
               with --require-all it fails the run if the rule is a MUST.
  errored      sentsim itself could not do its part. It says nothing about the
               receiver, and is never a pass.

Levels, which a run proves as a whole when all of these passed
  signature-safe      the MUST rules of SIG
  at-least-once-safe  the MUST rules of SIG, IDEM, ORD and RET
  chaos-safe          those and ACK, in a whole sentsim chaos run of so many
                      messages without a violation

How they are judged
  One root cause, one failure. When the plain signed delivery is refused
  (SIG-1), rules that need an accepted delivery are not checked, and the
  diagnosis says what is wrong. A forgery that was accepted fails its own SIG
  rule, not SIG-13 as well. A redirect fails ACK-3 and SIG-1, and ends there.

  Who is turned away (403, 429, 503) asks again, as Retry-After says or for
  5 s: deliveries come at the pace that the receiver takes, and to be turned
  away is no rejection. How many it takes at once is ACK-2's alone. When the
  plain delivery is not taken again, the rest is not checked, and where forged
  deliveries brought it about (403, 503), SIG-1 fails: they lock Sent out.

  State may lag. Acknowledge first and work later is good practice, so state
  is polled until settle (2 s) has passed and the last reading counts.

  An absence passes only after a control. "No trace" (SIG-13) needs a probe
  that has shown an accepted twin, "no reply" (INB-2, CON-2) and "no second
  reply" (IDEM-5) a receiver that has replied to an ordinary text. A presence
  fails at once: a reply to STOP needs no control.

  A lost acknowledgement (IDEM-6) is tried in two forms: the sender throws the
  answer away, and the sender hangs up once the request is sent.

  Failures of the network are made on the sending side or by stopping the
  receiver, never with bad signatures.

  Editions. What Sent sends has changed; --edition chooses. A rule about
  events that an older edition does not have is not checked in it.

  Idempotency keys. X-Webhook-Event-ID where there is one, or the payload's.
  Outbound: message_id + message_status. Inbound: message_id where there is
  one, else account, from, received_at and text. Templates: template_id +
  status. Never X-Webhook-ID, which is the same on every delivery.

Not judged, because good receivers differ
  FAILED after DELIVERED, DELIVERED after FAILED, a second template event with
  the same status, which 4xx a rejection and which 2xx an acknowledgement
  uses.
`
