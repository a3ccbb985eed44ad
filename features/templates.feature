Feature: Templates
  WhatsApp templates go through review: PENDING, then APPROVED or REJECTED, and may
  change category at any time. The status is an open set.
  Source: docs.sent.dm, event types.

  @TPL-1 @MUST
  Scenario Outline: "<status>" is accepted
    When Sent delivers a template event with the status "<status>"
    Then the receiver accepts it

    Examples:
      | status           |
      | PENDING          |
      | APPROVED         |
      | REJECTED         |
      | CATEGORY_UPDATED |

  @TPL-1 @MUST @state
  Scenario Outline: the last of "<statuses>" is kept
    When Sent delivers the "<statuses>" events of a template
    Then the template ends as "<end>"

    Examples:
      | statuses          | end      |
      | PENDING, APPROVED | APPROVED |
      | PENDING, REJECTED | REJECTED |
      | APPROVED, PENDING, REJECTED | REJECTED |
