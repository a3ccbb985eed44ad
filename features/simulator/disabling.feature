Feature: Auto-disable
  Ten consecutive failed events disable a webhook. Only somebody's hand enables it
  again, and nothing of the time between is delivered later.
  Source: Sent's webhook documentation, webhooks lifecycle.

  Scenario Outline: ten failed events in a row
    Given a webhook with retry_count <retries>
    And the endpoint answers 500
    When 9 events fail one after another
    Then the webhook is active
    And the webhook counts 9 consecutive failures
    When 1 more event fails
    Then the webhook is disabled
    And the webhook counts 10 consecutive failures
    And the endpoint has got <requests> requests
    And the history says 10 FAILED
    And <minutes> minutes have passed

    Examples:
      | retries | requests | minutes |
      | 3       | 40       | 70      |
      | 5       | 60       | 310     |

  Scenario: a success starts the count again
    Given a webhook with retry_count 1
    And the endpoint answers 500 18 times, then 200, then 500
    When 10 events happen one after another
    Then the webhook counts 0 consecutive failures
    When 9 events fail one after another
    Then the webhook counts 9 consecutive failures
    And the webhook is active

  Scenario: a success by the last retry is a success
    Given a webhook with retry_count 1
    And the endpoint answers 500 19 times, then 200
    When 10 events happen one after another
    Then the webhook counts 0 consecutive failures
    And the webhook is active

  Scenario: attempts may count instead of events
    Given a webhook
    And the knob disable_counts is attempts
    And the endpoint answers 500
    When 3 events fail one after another
    Then the webhook is disabled
    And the endpoint has got 10 requests
    And the delivery is FAILED because "the webhook was disabled after 10 failed attempts in a row"

  Scenario: retries still waiting end with the webhook
    Given a webhook
    And the knob disable_threshold is 1
    And the endpoint answers 500
    When a "message.sent" event happens
    And 5 minutes pass
    And a "message.delivered" event happens
    And all deliveries are over
    Then the webhook is disabled
    And 7 minutes have passed
    And the history says 2 FAILED
    And the delivery is FAILED because "the webhook was disabled"

  Scenario: events of a disabled webhook are neither delivered nor kept
    Given a webhook
    When the webhook is disabled by hand
    And a "message.delivered" event is delivered
    And the webhook is re-enabled by hand
    And 24 hours pass
    Then the endpoint has got 0 requests
    And the history has 0 deliveries

  Scenario: re-enabling starts the count again and redelivers nothing
    Given a webhook with retry_count 1
    And the endpoint answers 500 20 times, then 200
    When 10 events fail one after another
    And the webhook is re-enabled by hand
    Then the webhook is active
    And the webhook counts 0 consecutive failures
    When 24 hours pass
    Then the endpoint has got 20 requests
    When a "message.delivered" event is delivered
    Then the delivery is DELIVERED
    And the endpoint has got 21 requests

  Scenario: disabling by hand ends what waits
    Given a webhook
    And the endpoint answers 500
    When a "message.delivered" event happens
    And 1 minute passes
    And the webhook is disabled by hand
    And 24 hours pass
    Then the endpoint has got 2 requests
    And the delivery is FAILED because "the webhook was disabled by hand"
