Feature: The envelope
  What stands around the payload differs between Sent's documents and captures:
  the knobs envelope, numbers and inbound_shape choose.
  Source: Sent's webhook documentation, event types; its lifecycle page; captured deliveries.

  Scenario: the current envelope
    Given a webhook
    When a "message.delivered" event is delivered
    Then "field" in the body is "message"
    And "sub_type" in the body is "message.delivered"
    And "timestamp" in the body is "2025-10-31T10:10:42Z"
    And there is no "event" in the body

  Scenario: the dialect that calls the name "event"
    Given a webhook
    And the knob envelope is event
    When a "message.delivered" event is delivered
    Then "field" in the body is "message"
    And "event" in the body is "message.delivered"
    And there is no "sub_type" in the body

  Scenario: the legacy dialect
    Given a webhook
    And the knob envelope is legacy
    When a "message.delivered" event is delivered
    Then "field" in the body is "messages"
    And there is no "sub_type" in the body
    And there is no "event" in the body

  Scenario Outline: a template event has no sub-type in any dialect
    Given a webhook
    And the knob envelope is <dialect>
    When a "templates.approved" event is delivered
    Then "field" in the body is "templates"
    And there is no "sub_type" in the body
    And there is no "event" in the body
    And "payload.status" in the body is "APPROVED"

    Examples:
      | dialect |
      | current |
      | event   |
      | legacy  |

  Scenario: the payload of an outbound message
    Given a webhook
    When a "message.delivered" event is delivered
    Then "payload.account_id" in the body is a UUID
    And "payload.message_id" in the body is a UUID
    And "payload.message_status" in the body is "DELIVERED"
    And "payload.channel" in the body is "whatsapp"
    And "payload.inbound_number" in the body is an E.164 number
    And "payload.outbound_number" in the body is an E.164 number
    And "payload.template_id" in the body is a UUID
    And "payload.updated_at" in the body is a time
    And there is no "payload.reason" in the body

  Scenario: a failure says why
    Given a webhook
    When a "message.failed" event is delivered
    Then "payload.message_status" in the body is "FAILED"
    And "payload.reason" in the body is "Message undeliverable: the recipient's handset is unreachable"

  Scenario: numbers without a plus
    Given a webhook
    And the knob numbers is digits
    When a "message.delivered" event is delivered
    Then "payload.inbound_number" in the body is a number without +
    And "payload.outbound_number" in the body is a number without +

  Scenario: the payload of an inbound message
    Given a webhook
    When a contact writes "Is it still available?"
    Then "sub_type" in the body is "message.received"
    And "payload.account_id" in the body is a UUID
    And "payload.from" in the body is an E.164 number
    And "payload.to" in the body is an E.164 number
    And "payload.text" in the body is "Is it still available?"
    And "payload.channel" in the body is "sms"
    And "payload.received_at" in the body is a time
    And there is no "payload.message_id" in the body

  Scenario: the numbered inbound shape
    Given a webhook
    And the knob inbound_shape is numbered
    When a contact writes "Is it still available?"
    Then "payload.message_id" in the body is a UUID
    And "payload.inbound_number" in the body is an E.164 number
    And "payload.outbound_number" in the body is an E.164 number
    And "payload.updated_at" in the body is a time
    And there is no "payload.from" in the body
    And there is no "payload.to" in the body

  Scenario: the payload of a template event
    Given a webhook
    When a "templates.category_updated" event is delivered
    Then "payload.template_id" in the body is a UUID
    And "payload.template_name" in the body is "order_update"
    And "payload.language" in the body is "en_US"
    And "payload.category" in the body is "UTILITY"
    And "payload.channel" in the body is "whatsapp"
    And "payload.reason" in the body is "Category changed from MARKETING to UTILITY"
