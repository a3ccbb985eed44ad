Feature: Subscription
  A webhook's event_types and event_filters are evaluated when an event is
  generated: what they leave out is not attempted, and the history has no row of it.
  Source: Sent's webhook documentation, webhooks lifecycle and event types.

  Scenario: without filters a webhook gets everything
    Given a webhook
    When a "message.queued" event is delivered
    And a "message.received" event is delivered
    And a "templates.rejected" event is delivered
    And a "contact.opt_in" event is delivered
    And a "call.initiated" event is delivered
    Then the events arrive as "message.queued, message.received, templates, contact.opt_in, call.initiated"

  Scenario: other families and their filters
    Given a webhook that filters "contact" events by "opt_in, opt_out"
    When a "contact.opt_out" event is delivered
    And a "contact.help" event is delivered
    And a "link.clicked" event is delivered
    Then the events arrive as "contact.opt_out, link.clicked"

  Scenario Outline: event types
    Given a webhook for "<parents>" events
    When a "message.delivered" event is delivered
    And a "templates.approved" event is delivered
    Then the events arrive as "<arrive>"
    And the history has <rows> deliveries

    Examples:
      | parents               | arrive                      | rows |
      | message               | message.delivered           | 1    |
      | messages              | message.delivered           | 1    |
      | templates             | templates                   | 1    |
      | message and templates | message.delivered, templates | 2    |

  Scenario: event filters
    Given a webhook that filters "message" events by "delivered, failed"
    When a "message.sent" event is delivered
    And a "message.delivered" event is delivered
    And a "message.received" event is delivered
    And a "message.failed" event is delivered
    And a "templates.approved" event is delivered
    Then the events arrive as "message.delivered, message.failed, templates"
    And the history has 3 deliveries

  Scenario: template filters
    Given a webhook that filters "templates" events by "rejected"
    When a "templates.pending" event is delivered
    And a "templates.rejected" event is delivered
    Then the history has 1 delivery
    And "payload.status" in the body is "REJECTED"
