Feature: Tolerance
  Sent adds statuses, fields and whole event categories, and passes on values of
  others verbatim. A receiver that answers what it does not know with an error gets
  it again and again, and after ten such events its webhook is disabled.
  Source: docs.sent.dm, event types and webhooks lifecycle.

  @TOL-1 @MUST
  Scenario Outline: an unknown status or sub-type is accepted: <status>
    When Sent delivers a message event with the unknown status "<status>"
    Then the receiver accepts it

    Examples:
      | status    |
      | SCHEDULED |
      | THROTTLED |
      | delivered_to_carrier |

  @TOL-1 @MUST
  Scenario: a known status under an unknown sub-type is accepted
    When Sent delivers a message event with the known status "SENT" under the unknown sub-type "message.nudged"
    Then the receiver accepts it

  @TOL-2 @MUST
  Scenario Outline: an unknown template status is accepted: <status>
    When Sent delivers a template event with the status "<status>"
    Then the receiver accepts it

    Examples:
      | status   |
      | PAUSED   |
      | DISABLED |
      | IN_APPEAL |

  @TOL-3 @MUST
  Scenario Outline: an unknown field is accepted: <field>
    When Sent delivers an event with the unknown field "<field>"
    Then the receiver accepts it

    Examples:
      | field    |
      | contacts |
      | numbers  |

  @TOL-3 @MUST
  Scenario Outline: every event of the families that Sent has added is accepted: <event>
    When Sent delivers a "<event>" event
    Then the receiver accepts it

    Examples:
      | event                  |
      | contact.opt_in         |
      | contact.opt_out        |
      | contact.help           |
      | contact.custom_keyword |
      | channel.submitted      |
      | channel.action_needed  |
      | channel.approved       |
      | channel.activated      |
      | channel.deactivated    |
      | link.clicked           |
      | link.downloaded        |
      | link.expired           |
      | link.revoked           |
      | call.initiated         |
      | call.answered          |
      | call.completed         |
      | call.failed            |
      | call.recording_ready   |

  @TOL-4 @MUST
  Scenario Outline: optional fields may be missing or null, and new ones may come: <event> with <change>
    When Sent delivers <event> with <change>
    Then the receiver accepts it

    Examples:
      | event            | change                       |
      | a message event  | extra fields                 |
      | a message event  | no template_id               |
      | a message event  | a null template_id           |
      | a message event  | no outbound_number           |
      | a message event  | a null outbound_number       |
      | a message event  | no inbound_number            |
      | a message event  | a null inbound_number        |
      | a failed event   | no reason                    |
      | a failed event   | a null reason                |
      | a template event | extra fields                 |
      | a template event | no reason                    |
      | a template event | a null whatsapp_template_id  |
      | a template event | no category                  |
      | a template event | a null language              |
      | an inbound event | extra fields                 |
      | an inbound event | no provider                  |
      | an inbound event | a null provider              |

  @TOL-5 @MUST
  Scenario Outline: a text with <content> is accepted
    When a contact sends a text with <content>
    Then the receiver accepts it

    Examples:
      | content                  |
      | 4096 characters          |
      | 4096 emoji               |
      | many scripts             |
      | emoji                    |
      | right-to-left writing    |
      | control characters       |
      | SQL injection            |
      | HTML and script          |
      | template injection       |

  @TOL-6 @SHOULD
  Scenario Outline: <event> as in <edition> is accepted
    When Sent delivers <event> as in <edition>
    Then the receiver accepts it

    Examples:
      | event            | edition           |
      | a message event  | edition "2025"    |
      | a message event  | edition "2026-05" |
      | a message event  | edition "2026-09" |
      | an inbound event | edition "2025"    |
      | an inbound event | edition "2026-05" |
      | an inbound event | edition "2026-09" |
      | a message event  | this edition, without X-Webhook-Event-ID |
      | a message event  | this edition, with X-Webhook-Event-ID |
      | an inbound event | this edition, without X-Webhook-Event-ID |
      | an inbound event | this edition, with X-Webhook-Event-ID |

  @TOL-7 @SHOULD
  Scenario Outline: a correctly signed body that is <body> is rejected
    When Sent delivers a correctly signed body that is <body>
    Then the receiver rejects it

    Examples:
      | body            |
      | garbage         |
      | empty           |
      | null            |
      | an empty array  |

  @TOL-8 @MUST
  Scenario: a body of 1 MiB is answered
    When Sent delivers a "message.queued" event with a body of 1048576 bytes
    Then the receiver answers it
    And the receiver still accepts a genuine delivery

  @TOL-8 @MUST
  Scenario Outline: a body of <size> bytes is accepted
    When Sent delivers a "message.queued" event with a body of <size> bytes
    Then the receiver accepts it

    Examples:
      | size  |
      | 16384 |
      | 65536 |

  @TOL-9 @MUST
  Scenario Outline: a correctly signed body that is <body> breaks nothing
    When Sent delivers a correctly signed body that is <body>
    Then the receiver answers it without a server error
    And the receiver still accepts a genuine delivery

    Examples:
      | body            |
      | garbage         |
      | empty           |
      | null            |
      | an empty array  |
