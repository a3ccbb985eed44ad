Feature: Order
  QUEUED, ROUTED, SENT, DELIVERED, READ is a partial order, not a sequence: states
  may be missing, and arrival order is not guaranteed. DELIVERED implies that the
  message was queued, routed and sent. FAILED is terminal.
  Source: docs.sent.dm, webhooks lifecycle.

  @ORD-1 @MUST @state
  Scenario Outline: the lifecycle on <channel> ends as <end>, where it stops
    Given a message on "<channel>"
    When Sent delivers its "<events>" events
    Then the message ends as "<end>"

    Examples:
      | channel  | events                                | end       |
      | sms      | QUEUED, ROUTED, SENT, DELIVERED       | DELIVERED |
      | whatsapp | QUEUED, ROUTED, SENT, DELIVERED, READ | READ      |
      | rcs      | QUEUED, ROUTED, SENT, DELIVERED, READ | READ      |
      | sms      | QUEUED, ROUTED, SENT, FAILED          | FAILED    |
      | sms      | QUEUED                                | QUEUED    |
      | sms      | QUEUED, ROUTED                        | ROUTED    |
      | whatsapp | QUEUED, ROUTED, SENT                  | SENT      |

  # It comes first in a run: where updates are lost now and then, other rules about
  # state cannot be judged.
  @ORD-1 @MUST @state @first
  Scenario: no update of many is lost
    Given 24 messages that the receiver has seen up to "DELIVERED"
    Then each message ends as "DELIVERED"

  @ORD-2 @MUST
  Scenario Outline: skipped states are accepted: <events>
    Given a message on "sms"
    When Sent delivers its "<events>" events
    Then the receiver accepts them all

    Examples:
      | events                    |
      | QUEUED, ROUTED, DELIVERED |
      | QUEUED, DELIVERED         |
      | QUEUED, SENT              |
      | QUEUED, FAILED            |

  @ORD-2 @MUST @state
  Scenario Outline: skipped states are no obstacle: <events> ends as <end>
    Given a message on "sms"
    When Sent delivers its "<events>" events
    Then the message ends as "<end>"

    Examples:
      | events                    | end       |
      | QUEUED, ROUTED, DELIVERED | DELIVERED |
      | QUEUED, DELIVERED         | DELIVERED |

  @ORD-3 @MUST @state
  Scenario Outline: a late <late> does not move a message back from <end>
    Given a message on "whatsapp"
    And Sent has delivered its "<events>" events, and "<end>" shows in the receiver's state
    When its "<late>" event arrives late
    Then the message is still "<end>"

    Examples:
      | events                  | late      | end       |
      | QUEUED, DELIVERED       | SENT      | DELIVERED |
      | QUEUED, DELIVERED       | ROUTED    | DELIVERED |
      | ROUTED, SENT            | QUEUED    | SENT      |
      | QUEUED, DELIVERED, READ | SENT      | READ      |

  @ORD-3 @MUST @state
  Scenario: a late event moves none of many messages back
    Given 12 messages that the receiver has seen up to "DELIVERED"
    When each message's "SENT" event arrives late
    Then each message is still "DELIVERED"

  @ORD-4 @MUST @state
  Scenario: READ before DELIVERED ends as READ
    Given a message on "whatsapp"
    When Sent delivers its "QUEUED, ROUTED, SENT, READ, DELIVERED" events
    Then the message ends as "READ"

  @ORD-5 @MUST
  Scenario Outline: the first thing the receiver hears of a message may be <status>
    Given a message on "whatsapp" that the receiver has never heard of
    When Sent delivers its "<status>" events
    Then the receiver accepts them all

    Examples:
      | status    |
      | ROUTED    |
      | SENT      |
      | DELIVERED |
      | READ      |
      | FAILED    |

  @ORD-6 @MUST @state
  Scenario: a late SENT does not overwrite FAILED
    Given a message on "sms"
    And Sent has delivered its "QUEUED, ROUTED, FAILED" events, and "FAILED" shows in the receiver's state
    When its "SENT" event arrives late
    Then the message is still "FAILED"

  @ORD-7 @MUST @state
  Scenario Outline: interleaved messages do not mix: one <first>, one <second>
    Given two messages that the receiver has seen up to "<before>" under one X-Webhook-ID
    When Sent delivers the "<then>" event of the first and the "<then>" event of the second
    And Sent delivers the "<first>" event of the first and the "<second>" event of the second
    Then the first message ends as "<first>"
    And the second message ends as "<second>"

    Examples:
      | before | then   | first     | second |
      | ROUTED | SENT   | DELIVERED | FAILED |
      | QUEUED | ROUTED | SENT      | FAILED |

  @ORD-7 @MUST @state
  Scenario: two messages to one recipient do not mix
    Given two messages to one recipient that the receiver has seen up to "SENT" under one X-Webhook-ID
    When Sent delivers the "DELIVERED" event of the first and the "FAILED" event of the second
    Then the first message ends as "DELIVERED"
    And the second message ends as "FAILED"

  @ORD-7 @MUST @state
  Scenario Outline: messages with events at the same instant do not mix: one <first>, one <second>
    Given two messages that the receiver has seen up to "<before>" under one X-Webhook-ID
    When Sent delivers the "<first>" event of the first and the "<second>" event of the second at the same instant
    Then the first message ends as "<first>"
    And the second message ends as "<second>"

    Examples:
      | before | first     | second |
      | SENT   | DELIVERED | FAILED |
      | ROUTED | SENT      | FAILED |
