Feature: The lifecycle of a message
  Statuses are a partial order: QUEUED, ROUTED, SENT, DELIVERED, READ, any of
  them may be missing, and FAILED ends whatever was not delivered.
  Source: Sent's webhook documentation, webhooks lifecycle.

  Scenario Outline: a message goes its way
    Given a webhook
    When a <channel> message is sent that ends as "<outcome>"
    Then the statuses begin with "QUEUED" and end with "<last>"
    And the statuses keep to the lifecycle's order
    And every request is signed with the webhook's secret

    Examples:
      | channel  | outcome        | last      |
      | SMS      | delivered      | DELIVERED |
      | WhatsApp | read           | READ      |
      | RCS      | read           | READ      |
      | SMS      | sent           | SENT      |
      | WhatsApp | delivered      | DELIVERED |
      | SMS      | failed_queued  | FAILED    |
      | SMS      | failed_routed  | FAILED    |
      | RCS      | failed_sent    | FAILED    |
      | SMS      | failed_receipt | FAILED    |

  Scenario: no route to the destination
    Given a webhook
    When an SMS message is sent that ends as "failed_queued"
    Then the statuses are "QUEUED and FAILED"

  Scenario Outline: a template goes through Meta's review
    Given a webhook
    When a template is submitted and ends as "<outcome>"
    Then the statuses are "<statuses>"

    Examples:
      | outcome          | statuses                                |
      | approved         | PENDING and APPROVED                    |
      | rejected         | PENDING and REJECTED                    |
      | category_updated | PENDING, APPROVED and CATEGORY_UPDATED  |
      | paused           | PENDING, APPROVED and PAUSED            |
