Feature: Contacts
  From edition 2026-09 on Sent reports a contact's signals: contact.opt_in,
  contact.opt_out, contact.help, contact.custom_keyword. They arrive in any order;
  the latest opt-in or opt-out by the envelope's timestamp says how the contact
  stands. Help and keywords change nothing. The same second is unordered.
  Source: the types of Sent's official clients.

  @CON-1 @SHOULD @state
  Scenario Outline: a contact whose signals arrive as <signals> has <end>
    When Sent delivers the signals "<signals>" of a contact
    Then the contact has <end>

    Examples:
      | signals                                          | end       |
      | opt_out                                          | opted out |
      | opt_out, opt_in                                  | opted in  |
      | opt_in, opt_out                                  | opted out |
      | opt_out at 20 s, opt_in at 10 s                  | opted out |
      | opt_in at 20 s, opt_out at 10 s                  | opted in  |
      | opt_out, opt_in, opt_out                         | opted out |
      | opt_out at 30 s, opt_out at 10 s, opt_in at 20 s | opted out |
      | opt_out, help                                    | opted out |
      | opt_out, custom_keyword                          | opted out |
      | opt_out, opt_in, help                            | opted in  |
      | opt_out by the network                           | opted out |
      | opt_out, opt_in by the network                   | opted in  |

  @CON-2 @SHOULD @state
  Scenario: a contact who has opted out is sent nothing
    Given the receiver replies to an ordinary inbound text
    When Sent delivers the signals "opt_out" of a contact
    And that contact sends an ordinary text
    Then the receiver sends that contact nothing
