Feature: The envelope
  What Sent sends has changed. The knob edition chooses what it was at one time:
  the envelope, the shapes of inbound and outbound payloads, the families of events
  and the header with the event's id. A single knob overrides a part of an edition.
  Source: Sent's webhook documentation, event types; its lifecycle page; the types
  of its official clients; captured deliveries.

  Scenario: today's edition names the event in "event"
    Given a webhook
    When a "message.delivered" event is delivered
    Then "field" in the body is "message"
    And "event" in the body is "message.delivered"
    And "timestamp" in the body is "2025-10-31T10:10:42Z"
    And "request_id" in the body is null
    And there is no "sub_type" in the body
    And the header X-Webhook-Event-ID is a UUID

  Scenario: edition 2026-05 names the event in "sub_type"
    Given a webhook
    And the knob edition is 2026-05
    When a "message.delivered" event is delivered
    Then "field" in the body is "message"
    And "sub_type" in the body is "message.delivered"
    And there is no "event" in the body
    And there is no "request_id" in the body
    And there is no header X-Webhook-Event-ID

  Scenario: edition 2025 does not name the event
    Given a webhook
    And the knob edition is 2025
    When a "message.delivered" event is delivered
    Then "field" in the body is "messages"
    And there is no "sub_type" in the body
    And there is no "event" in the body
    And there is no "request_id" in the body
    And there is no header X-Webhook-Event-ID

  Scenario: a single knob overrides a part of an edition
    Given a webhook
    And the knob edition is 2025
    And the knob envelope is event
    When a "message.delivered" event is delivered
    Then "event" in the body is "message.delivered"
    And "payload.inbound_number" in the body is an E.164 number
    And there is no header X-Webhook-Event-ID

  Scenario Outline: a template event has no name in any edition
    Given a webhook
    And the knob edition is <edition>
    When a "templates.approved" event is delivered
    Then "field" in the body is "templates"
    And there is no "sub_type" in the body
    And there is no "event" in the body
    And "payload.status" in the body is "APPROVED"

    Examples:
      | edition |
      | 2025    |
      | 2026-05 |
      | 2026-09 |

  Scenario: the payload of an outbound message
    Given a webhook
    When a "message.delivered" event is delivered
    Then "payload.account_id" in the body is a UUID
    And "payload.message_id" in the body is a UUID
    And "payload.message_status" in the body is "DELIVERED"
    And "payload.channel" in the body is "whatsapp"
    And "payload.outbound_number" in the body is an E.164 number
    And there is no "payload.inbound_number" in the body
    And "payload.body" in the body is "Hello Ada, your order 1043 is on its way."
    And "payload.template_id" in the body is a UUID
    And "payload.template_name" in the body is "order_update"
    And "payload.updated_at" in the body is a time
    And there is no "payload.reason" in the body
    And there is no "payload.reason_code" in the body

  Scenario: the classic outbound shape has both numbers
    Given a webhook
    And the knob outbound_shape is classic
    When a "message.delivered" event is delivered
    Then "payload.inbound_number" in the body is an E.164 number
    And "payload.outbound_number" in the body is an E.164 number
    And there is no "payload.body" in the body
    And there is no "payload.template_name" in the body

  Scenario: a failure says why
    Given a webhook
    When a "message.failed" event is delivered
    Then "payload.message_status" in the body is "FAILED"
    And "payload.reason_code" in the body is "DELIVERY_007"
    And "payload.reason" in the body is "Message undeliverable: the recipient's handset is unreachable"

  Scenario: a scheduled message says until when, and so does a cancelled one
    Given a webhook
    When a "message.scheduled" event is delivered
    Then "payload.schedule_reason" in the body is "QUIET_HOURS"
    And "payload.scheduled_at" in the body is a time
    When a "message.cancelled" event is delivered
    Then "payload.scheduled_at" in the body is a time
    And there is no "payload.schedule_reason" in the body

  Scenario: numbers without a plus
    Given a webhook
    And the knob numbers is digits
    When a "message.delivered" event is delivered
    Then "payload.outbound_number" in the body is a number without +

  Scenario: the payload of an inbound message
    Given a webhook
    When a contact writes "Is it still available?"
    Then "event" in the body is "message.received"
    And "payload.account_id" in the body is a UUID
    And "payload.message_id" in the body is a UUID
    And "payload.inbound_number" in the body is an E.164 number
    And "payload.outbound_number" in the body is an E.164 number
    And "payload.text" in the body is "Is it still available?"
    And "payload.channel" in the body is "sms"
    And "payload.received_at" in the body is a time
    And "payload.updated_at" in the body is a time
    And there is no "payload.from" in the body
    And there is no "payload.to" in the body
    And there is no "payload.provider" in the body
    And there is no "payload.media" in the body

  Scenario: an inbound picture
    Given a webhook
    When a "message.received" event is delivered
    Then "payload.media.0.mime_type" in the body is "image/jpeg"
    And "payload.media.0.size_bytes" in the body is "48213"

  Scenario: the classic inbound shape
    Given a webhook
    And the knob inbound_shape is classic
    When a contact writes "Is it still available?"
    Then "payload.from" in the body is an E.164 number
    And "payload.to" in the body is an E.164 number
    And "payload.provider" in the body is "carrier"
    And there is no "payload.message_id" in the body
    And there is no "payload.inbound_number" in the body

  Scenario: the payload of a template event
    Given a webhook
    When a "templates.category_updated" event is delivered
    Then "payload.template_id" in the body is a UUID
    And "payload.template_name" in the body is "order_update"
    And "payload.language" in the body is "en_US"
    And "payload.category" in the body is "UTILITY"
    And "payload.channel" in the body is "whatsapp"
    And "payload.reason" in the body is "Category changed from MARKETING to UTILITY"

  Scenario: a contact opts out
    Given a webhook
    When a "contact.opt_out" event is delivered
    Then "field" in the body is "contact"
    And "event" in the body is "contact.opt_out"
    And "payload.opt_out" in the body is "true"
    And "payload.source" in the body is "INBOUND_KEYWORD"
    And "payload.contact_id" in the body is a UUID
    And "payload.from" in the body is an E.164 number
    And "payload.to" in the body is an E.164 number
    And "payload.message_id" in the body is a UUID
    And "payload.template_id" in the body is null
    And "payload.text" in the body is "STOP"

  Scenario: a channel waits for its sender
    Given a webhook
    When a "channel.submitted" event is delivered
    Then "field" in the body is "channel"
    And "payload.country" in the body is "US"
    And "payload.status" in the body is "PENDING_REVIEW"
    And "payload.sender_value" in the body is null

  Scenario: a link is clicked
    Given a webhook
    When a "link.clicked" event is delivered
    Then "field" in the body is "link"
    And "payload.record_id" in the body is a UUID
    And "payload.link_kind" in the body is "url"
    And "payload.traffic_class" in the body is "likely_human"
    And "payload.request_method" in the body is "GET"

  Scenario: a call is over
    Given a webhook
    When a "call.completed" event is delivered
    Then "field" in the body is "call"
    And "payload.channel" in the body is "voice"
    And "payload.duration_seconds" in the body is "83"
    And there is no "payload.reason" in the body
