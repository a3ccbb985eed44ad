Feature: Rotation of the signing secret
  The new secret signs at once and the old one is dead at once, for waiting
  retries too.
  Source: Sent's webhook documentation, webhook API reference.

  Scenario: the next event is signed with the new secret
    Given a webhook
    When a "message.sent" event is delivered
    And the signing secret is rotated
    And a "message.delivered" event is delivered
    Then request 1 is signed with the old secret
    And request 2 is signed with the new secret

  Scenario: a waiting retry is signed with the new secret
    Given a webhook
    And the endpoint answers 401, then 200
    When a "message.delivered" event happens
    And 30 seconds pass
    And the signing secret is rotated
    And all deliveries are over
    Then request 1 is signed with the old secret
    And request 2 is signed with the new secret
    And all requests have the same body
    And the delivery is DELIVERED
