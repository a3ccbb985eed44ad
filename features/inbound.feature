Feature: Inbound
  A contact's reply arrives as message.received. A tap on an RCS chip is a plain
  text as well.
  Source: docs.sent.dm, event types.

  @INB-1 @MUST
  Scenario Outline: <what> is accepted
    When a contact sends <what>
    Then the receiver accepts it

    Examples:
      | what                    |
      | a text by SMS           |
      | a text by WhatsApp      |
      | nothing: a null text    |
      | a tap on an RCS chip    |

  @INB-1 @MUST @state
  Scenario: what contacts write on every channel shows in the receiver's state
    When contacts send 4 texts on every channel
    Then the receiver has counted an inbound message from each of them

  @INB-2 @SHOULD @state
  Scenario: an inbound "STOP" triggers no reply
    Given the receiver replies to an ordinary inbound text
    When a contact sends "STOP"
    Then the receiver sends that contact nothing
