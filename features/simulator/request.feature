Feature: The delivery request
  Every event reaches an endpoint as one signed POST. A 2xx within the timeout is
  success; everything else fails the attempt.
  Source: Sent's webhook documentation, signature verification and webhooks lifecycle.

  Scenario: the headers of a delivery
    Given a webhook
    When a "message.delivered" event is delivered
    Then the header Content-Type is "application/json"
    And the header X-Webhook-ID is the webhook's id
    And the header X-Webhook-Event-Type is "message.delivered"
    And the request is signed with the webhook's secret

  Scenario: X-Webhook-ID names the webhook, not the event
    Given a webhook
    When 3 events happen one after another
    Then the endpoint has got 3 requests
    And the header X-Webhook-ID is the webhook's id
    And every request is signed with the webhook's secret

  Scenario: X-Webhook-Event-ID names the event
    Given a webhook
    When 3 events happen one after another
    Then the endpoint has got 3 requests
    And every request has an X-Webhook-Event-ID of its own

  Scenario: retries and replays of an event have its id
    Given a webhook
    And the endpoint answers 500 3 times, then 200
    When a "message.delivered" event is delivered
    And 1 hour passes
    And Sent replays the event
    Then the endpoint has got 5 requests
    And every request has the same X-Webhook-Event-ID

  Scenario: the event id header can be left out
    Given a webhook
    And the knob event_id_header is false
    When a "message.delivered" event is delivered
    Then there is no header X-Webhook-Event-ID
    And the header X-Webhook-Event-Type is "message.delivered"
    And the request is signed with the webhook's secret

  Scenario: the event type header can be left out
    Given a webhook
    And the knob event_type_header is false
    When a "message.delivered" event is delivered
    Then there is no header X-Webhook-Event-Type
    And the request is signed with the webhook's secret

  Scenario: retries and replays carry the same body, a fresh timestamp and a fresh signature
    Given a webhook
    And the endpoint answers 500 3 times, then 200
    When a "message.delivered" event is delivered
    And 1 hour passes
    And Sent replays the event
    Then the endpoint has got 5 requests
    And all requests have the same body
    And every request has a timestamp and a signature of its own
    And every request is signed with the webhook's secret

  Scenario Outline: any 2xx is success
    Given a webhook
    And the endpoint answers <status>
    When a "message.delivered" event is delivered
    Then the delivery is DELIVERED
    And the endpoint has got 1 request

    Examples:
      | status |
      | 200    |
      | 201    |
      | 202    |
      | 204    |

  Scenario Outline: everything else fails the attempt
    Given a webhook
    And the endpoint answers <answer>, then 200
    When a "message.delivered" event is delivered
    Then the delivery is DELIVERED
    And the attempts come 0 and 1 minutes after the event
    And the endpoint has got 2 requests

    Examples:
      | answer               |
      | 302                  |
      | 307                  |
      | 400                  |
      | 401                  |
      | 404                  |
      | 410                  |
      | 429                  |
      | 500                  |
      | 503                  |
      | nothing and hangs up |
      | half a response      |
      | garbage              |
