Feature: Idempotency
  Sent delivers at least once: an event may come twice, at once or an hour later,
  even after the receiver processed it, because the acknowledgement was lost.
  The same event must have its effect once; different events must all have theirs.
  The key of an outbound event is message_id and message_status, never X-Webhook-ID,
  which is the same on every delivery of a webhook.
  Source: docs.sent.dm, handling retries.

  @IDEM-1 @MUST
  Scenario: the same delivery twice is accepted twice
    Given a message that the receiver has seen up to "SENT"
    When Sent delivers its "DELIVERED" event
    And the same delivery arrives again
    Then the receiver accepts them all

  @IDEM-1 @MUST
  Scenario Outline: the same delivery of a "<event>" event twice is accepted twice
    When Sent delivers a "<event>" event
    And the same delivery arrives again
    Then the receiver accepts them all

    Examples:
      | event            |
      | message.received |
      | templates        |

  @IDEM-1 @MUST @state
  Scenario: the same delivery twice has one effect
    Given a message that the receiver has seen up to "SENT"
    When Sent delivers its "DELIVERED" event
    And the same delivery arrives again
    Then its events have had the same effect as on a message that got each of them once

  @IDEM-2 @MUST
  Scenario Outline: a retry with a fresh timestamp and signature is accepted <when>
    Given a message that the receiver has seen up to "SENT"
    When Sent delivers its "<events>" events
    And Sent retries its "<retried>" event
    Then the receiver accepts them all

    Examples:
      | when                              | events          | retried   |
      | at once                           | DELIVERED       | DELIVERED |
      | after newer events of the message | DELIVERED, READ | DELIVERED |

  @IDEM-2 @MUST
  Scenario Outline: a retry of a "<event>" event with a fresh timestamp and signature is accepted
    When Sent delivers a "<event>" event
    And Sent retries that delivery
    Then the receiver accepts them all

    Examples:
      | event            |
      | message.received |
      | templates        |

  @IDEM-2 @MUST @state
  Scenario Outline: a retry with a fresh timestamp and signature has no second effect <when>
    Given a message that the receiver has seen up to "SENT"
    When Sent delivers its "<events>" events
    And Sent retries its "<retried>" event
    Then its events have had the same effect as on a message that got each of them once

    Examples:
      | when                              | events          | retried   |
      | at once                           | DELIVERED       | DELIVERED |
      | after newer events of the message | DELIVERED, READ | DELIVERED |

  # A key with the hour or the minute of the delivery in it knows only what comes soon.
  @IDEM-2 @MUST @state
  Scenario: a retry minutes after the first attempt has no second effect
    Given a message that the receiver has seen up to "SENT", four minutes ago
    When the first attempt at its "DELIVERED" event was made three minutes ago
    And Sent retries its "DELIVERED" event
    Then its events have had the same effect as on a message that got each of them once

  @IDEM-3 @MUST
  Scenario: copies at the same instant are all accepted
    Given messages on every channel that the receiver has seen up to "SENT"
    When 10 copies of each message's "DELIVERED" event arrive at the same instant
    Then the receiver accepts them all

  @IDEM-3 @MUST @state
  Scenario: copies at the same instant have one effect
    Given messages on every channel that the receiver has seen up to "SENT"
    When 10 copies of each message's "DELIVERED" event arrive at the same instant
    Then each message's events have had the same effect as on a message that got each of them once

  @IDEM-3 @MUST
  Scenario: copies of an inbound text at the same instant are all accepted
    When contacts send 1 text on every channel, 10 copies of each at the same instant
    Then the receiver accepts them all

  @IDEM-3 @MUST @state @inbound
  Scenario: copies of an inbound text at the same instant count once
    When contacts send 2 texts on every channel, 10 copies of each at the same instant
    Then the receiver has counted an inbound message from each of them

  @IDEM-4 @MUST @state
  Scenario: different events under one X-Webhook-ID are all processed
    Given two messages that the receiver has seen up to "SENT" under one X-Webhook-ID
    When Sent delivers the "DELIVERED" event of the first and the "FAILED" event of the second
    Then the first message ends as "DELIVERED"
    And the second message ends as "FAILED"

  @IDEM-4 @MUST @state
  Scenario: two statuses of one message at the same instant are both processed
    Given a message that the receiver has seen up to "ROUTED"
    When Sent delivers its "SENT" and "DELIVERED" events at the same instant, with the same timestamps
    Then the message ends as "DELIVERED", as it does when they arrive one after the other in either order

  @IDEM-4 @MUST @state
  Scenario: two statuses of one message almost at the same instant are both processed, for many messages
    Given 30 messages that the receiver has seen up to "ROUTED"
    When Sent delivers each message's "SENT" and "DELIVERED" events at almost the same instant, in either order, with the same timestamps
    Then each message ends as "DELIVERED", as it does when they arrive one after the other in either order

  @IDEM-4 @MUST @state
  Scenario: two statuses of one message within a second are both processed
    Given a message that the receiver has seen up to "ROUTED"
    When Sent delivers its "SENT" and "DELIVERED" events one after the other, with the same timestamps
    Then the message ends as "DELIVERED"

  @IDEM-4 @MUST @state
  Scenario: the same text from another number is another message
    When two contacts send the same text at the same time
    Then the receiver has counted an inbound message from each of them

  @IDEM-4 @MUST @state
  Scenario: the same text at another time is another message
    When a contact sends a text and, a minute later, the same text again
    Then the receiver has counted 2 inbound messages from that contact

  @IDEM-4 @MUST @state
  Scenario: the same text some seconds later is another message
    When a contact sends a text and, some seconds later, the same text again
    Then the receiver has counted 2 inbound messages from that contact

  # The receiver's own count and what it sends through Sent's API are two ways to
  # see IDEM-5: one of them is enough (@part).
  @IDEM-5 @MUST @state @part
  Scenario: an inbound duplicate has one effect
    When a contact sends a text
    And Sent retries that delivery
    And the same delivery arrives again
    Then the receiver has counted 1 inbound message from that contact

  @IDEM-5 @MUST @state @part
  Scenario: an inbound duplicate gets one reply
    Given the receiver replies to an ordinary inbound text
    When another contact sends the same text
    And Sent retries that delivery
    And the same delivery arrives again
    Then the receiver has replied to both contacts equally often

  @IDEM-5 @MUST @state @part
  Scenario: two different texts from one number have two effects
    When a contact sends a text and, a minute later, another text
    Then the receiver has counted 2 inbound messages from that contact

  @IDEM-5 @MUST @state @part
  Scenario: two different texts from one number in the same second have two effects
    When a contact sends a text and, in the same second, another text
    Then the receiver has counted 2 inbound messages from that contact

  @IDEM-5 @MUST @state @part @inbound
  Scenario: two different texts from one number almost at the same instant have two effects, for many numbers
    When contacts send 5 texts on every channel, each with another at almost the same instant
    Then the receiver has counted 2 inbound messages from each of them

  @IDEM-6 @MUST @state
  Scenario Outline: a lost acknowledgement, then a retry: one effect, when the sender <loses it>
    Given a message that the receiver has seen up to "SENT"
    When its "DELIVERED" event is processed but the sender <loses it>
    And Sent retries its "DELIVERED" event
    Then its events have had the same effect as on a message that got each of them once

    Examples:
      | loses it                              |
      | never gets the answer                 |
      | hangs up once the request is sent     |

  @IDEM-6 @MUST @state
  Scenario: one effect, at whatever moment the sender gives up waiting
    When the sender gives up waiting for the answers to the "DELIVERED" events of 8 messages, a moment later each time
    And Sent retries each message's "DELIVERED" event
    Then each message's events have had the same effect as on a message that got each of them once

  @IDEM-7 @SHOULD @state @alone
  Scenario: a restart between a delivery and its retry adds no effect
    Given a message that the receiver has seen up to "SENT"
    When Sent delivers its "DELIVERED" event
    And the receiver is restarted, once the effects of its events show
    And Sent retries its "DELIVERED" event
    Then the restart has added no effect
