Feature: Rotation
  When the signing secret is rotated, the new one signs at once and the old one is
  dead at once, waiting retries included.
  Source: docs.sent.dm, signature verification.

  @ROT-1 @SHOULD @state @alone
  Scenario: after rotation the new secret counts and the old one does not
    When the signing secret is rotated and the receiver is given the new one
    Then a delivery signed with the new secret is accepted
    And a delivery signed with the old secret is rejected
