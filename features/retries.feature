Feature: Retries
  A failed attempt is retried after 60 s, 120 s, 240 s, with the same body and a
  fresh timestamp and signature; ten failed events in a row disable the webhook
  until somebody re-enables it.
  Source: docs.sent.dm, handling retries and webhooks lifecycle.

  @RET-1 @MUST @state
  Scenario: unreachable at first, then delivered by a retry minutes later
    Given a message that the receiver has seen up to "SENT", some minutes ago
    When the receiver cannot be reached for the first 3 attempts at its "DELIVERED" event
    Then the receiver accepts the retry
    And the message ends as "DELIVERED"

  @RET-2 @MUST
  Scenario: after auto-disable and re-enable it takes new events
    Given ten failed events in a row, as Sent counts them, have disabled the webhook
    When the webhook is re-enabled
    And Sent delivers an event of a new message through it
    Then the receiver accepts it
