Feature: Retries
  The first retry comes 60 seconds after the failure, each further wait is twice
  as long, at most an hour; after retry_count retries the delivery is FAILED.
  Source: Sent's webhook documentation, webhooks lifecycle and handling retries.

  Scenario: delivered at the first attempt
    Given a webhook
    When a "message.delivered" event is delivered
    Then the delivery is DELIVERED
    And the endpoint has got 1 request

  Scenario: delivered by a retry
    Given a webhook
    And the endpoint answers 500 twice, then 200
    When a "message.delivered" event happens
    And 59 seconds pass
    Then the delivery is RETRYING
    And the endpoint has got 1 request
    When 1 second passes
    Then the delivery is RETRYING
    And the endpoint has got 2 requests
    When 2 minutes pass
    Then the delivery is DELIVERED
    And the endpoint has got 3 requests

  Scenario Outline: retries are exhausted
    Given a webhook with retry_count <retries>
    And the endpoint answers 500
    When a "<event>" event is delivered
    Then the attempts come <minutes> minutes after the event
    And the delivery is FAILED because "it answered 500"
    When 24 hours pass
    Then the endpoint has got <requests> requests

    Examples:
      | event              | retries | requests | minutes               |
      | message.delivered  | 1       | 2        | 0 and 1               |
      | message.delivered  | 2       | 3        | 0, 1 and 3            |
      | message.received   | 3       | 4        | 0, 1, 3 and 7         |
      | templates.approved | 3       | 4        | 0, 1, 3 and 7         |
      | message.delivered  | 5       | 6        | 0, 1, 3, 7, 15 and 31 |

  Scenario: retry_count may count attempts
    Given a webhook with retry_count 3
    And the knob retry_count_counts is attempts
    And the endpoint answers 500
    When a "message.delivered" event is delivered
    Then the attempts come 0, 1 and 3 minutes after the event

  Scenario: the backoff is capped
    Given a webhook with retry_count 5
    And the knob backoff_base is 30m
    And the endpoint answers 500
    When a "message.delivered" event is delivered
    Then the attempts come 0, 30, 90, 150, 210 and 270 minutes after the event

  Scenario: by default a retry does not hold up later events
    Given a webhook
    And the endpoint answers 500, then 200
    When a "message.sent" event happens
    And 1 second passes
    And a "message.delivered" event happens
    And all deliveries are over
    Then the events arrive as "message.sent, message.delivered, message.sent"

  Scenario: in strict order it does
    Given a webhook
    And the knob order is strict
    And the endpoint answers 500, then 200
    When a "message.sent" event happens
    And 1 second passes
    And a "message.delivered" event happens
    And all deliveries are over
    Then the events arrive as "message.sent, message.sent, message.delivered"
