Feature: Acknowledgement
  A delivery succeeds with any 2xx within the webhook's timeout. Everything else,
  a redirect among it, is a failure and comes again.
  Source: docs.sent.dm, handling retries.

  @ACK-1 @SHOULD
  Scenario Outline: "<event>" is acknowledged quickly
    When Sent delivers a "<event>" event
    Then the receiver accepts it quickly, far inside the timeout

    Examples:
      | event             |
      | message.queued    |
      | message.received  |
      | templates         |

  @ACK-1 @SHOULD
  Scenario: the event that sets off most work is acknowledged quickly
    Given a message that the receiver has seen up to "SENT"
    When Sent delivers its "DELIVERED" event
    Then the receiver accepts it quickly, far inside the timeout

  @ACK-2 @MUST
  Scenario: a burst of deliveries is answered in time
    When 50 deliveries of different messages arrive at the same instant
    Then the receiver accepts them all within 5 s

  @ACK-2 @MUST @state
  Scenario: every delivery of a burst is processed
    When 50 deliveries of different messages arrive at the same instant
    Then all their messages show in the receiver's state

  @ACK-3 @MUST
  Scenario: the receiver answers itself, without a redirect
    When Sent delivers a "message.queued" event
    Then the receiver answers it without a redirect
