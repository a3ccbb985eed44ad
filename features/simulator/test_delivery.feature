Feature: Test deliveries
  A test delivery is one attempt without retry, and the webhook's count of
  failures does not notice it.
  Source: Sent's webhook documentation, webhook API reference.

  Scenario: a test delivery that is taken
    Given a webhook
    When a test delivery of "message.delivered" is made
    Then the delivery is DELIVERED
    And the header X-Webhook-Event-Type is "message.delivered"
    And the request is signed with the webhook's secret

  Scenario: a test delivery that fails
    Given a webhook
    And the knob disable_threshold is 1
    And the endpoint answers 500
    When a test delivery of "message.delivered" is made
    And 24 hours pass
    Then the endpoint has got 1 request
    And the delivery is FAILED because "the test delivery failed: it answered 500"
    And the webhook counts 0 consecutive failures
    And the webhook is active

  Scenario: a test delivery that succeeds does not reset the count
    Given a webhook with retry_count 1
    And the endpoint answers 500 twice, then 200
    When 1 event fails
    And a test delivery of "message.delivered" is made
    Then the delivery is DELIVERED
    And the webhook counts 1 consecutive failure
