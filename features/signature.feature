Feature: Signature
  Sent signs every delivery: X-Webhook-Signature is "v1," and the base64 of the
  HMAC-SHA256 of "{X-Webhook-ID}.{X-Webhook-Timestamp}.{raw body}", keyed with the
  bytes behind the signing secret's "whsec_". Anyone can post to a public URL, so
  what is not signed right must leave no trace.
  Source: docs.sent.dm, signature verification.

  @SIG-1 @MUST
  Scenario: a correctly signed delivery is accepted
    When Sent delivers a "message.queued" event
    Then the receiver accepts it

  @SIG-2 @MUST
  Scenario Outline: a delivery that was changed on its way is rejected: <what>
    When a delivery arrives, forged as "<forgery>"
    Then the receiver rejects it

    Examples:
      | forgery        | what                |
      | body-tampered  | one value changed   |
      | body-truncated | the end cut off     |
      | body-appended  | one byte appended   |

  @SIG-2 @MUST
  Scenario Outline: that goes for every kind of event: a "<event>" event changed on its way
    When a delivery of a "<event>" event arrives, forged as "body-tampered"
    Then the receiver rejects it

    Examples:
      | event            |
      | message.received |
      | templates        |
      | contact.opt_out  |

  @SIG-2 @MUST
  Scenario: a copy of an event that was accepted, changed on its way, is rejected as well
    When a copy of an accepted delivery arrives, forged as "body-tampered"
    Then the receiver rejects it

  @SIG-3 @MUST
  Scenario Outline: a delivery signed with another key is rejected: <what>
    When a delivery arrives, forged as "<forgery>"
    Then the receiver rejects it

    Examples:
      | forgery                 | what                                      |
      | wrong-secret            | the secret of somebody else               |
      | secret-text             | the secret's text instead of its bytes    |
      | secret-text-with-prefix | the secret's text with "whsec_" as well   |

  @SIG-3 @MUST
  Scenario Outline: that goes for every kind of event: a "<event>" event signed with another key
    When a delivery of a "<event>" event arrives, forged as "wrong-secret"
    Then the receiver rejects it

    Examples:
      | event            |
      | message.received |
      | templates        |
      | contact.opt_out  |

  @SIG-3 @MUST
  Scenario: a copy of an event that was accepted, signed with another key, is rejected as well
    When a copy of an accepted delivery arrives, forged as "wrong-secret"
    Then the receiver rejects it

  @SIG-4 @MUST
  Scenario: a copy of an event that was accepted, without a signature, is rejected as well
    When a copy of an accepted delivery arrives, forged as "no-signature"
    Then the receiver rejects it

  @SIG-4 @MUST
  Scenario Outline: that goes for every kind of event: a "<event>" event without a signature
    When a delivery of a "<event>" event arrives, forged as "no-signature"
    Then the receiver rejects it

    Examples:
      | event            |
      | message.received |
      | templates        |
      | contact.opt_out  |

  @SIG-4 @MUST
  Scenario Outline: a delivery without one of the signature headers is rejected: <what>
    When a delivery arrives, forged as "<forgery>"
    Then the receiver rejects it

    Examples:
      | forgery                  | what                                                |
      | no-id                    | no X-Webhook-ID                                     |
      | no-timestamp             | no X-Webhook-Timestamp                              |
      | no-signature             | no X-Webhook-Signature                              |
      | empty-id                 | an empty X-Webhook-ID                               |
      | empty-timestamp          | an empty X-Webhook-Timestamp                        |
      | empty-signature          | an empty X-Webhook-Signature                        |
      | no-id-resigned           | no X-Webhook-ID, the rest signed without it         |
      | no-id-dropped            | no X-Webhook-ID, signed without it and its dot      |
      | no-timestamp-resigned    | no X-Webhook-Timestamp, the rest signed without it  |
      | no-timestamp-dropped     | no X-Webhook-Timestamp, signed without it and its dot |
      | empty-timestamp-resigned | an empty X-Webhook-Timestamp, signed as such        |
      | empty-timestamp-dropped  | an empty X-Webhook-Timestamp, signed without it and its dot |
      | no-id-undefined          | no X-Webhook-ID, "undefined" signed in its place    |
      | no-id-none               | no X-Webhook-ID, "None" signed in its place         |
      | no-id-null               | no X-Webhook-ID, "null" signed in its place         |
      | no-timestamp-undefined   | no X-Webhook-Timestamp, "undefined" signed instead  |
      | no-timestamp-none        | no X-Webhook-Timestamp, "None" signed instead       |
      | no-timestamp-null        | no X-Webhook-Timestamp, "null" signed instead       |

    @strict
    Examples:
      | forgery                  | what                                                |
      | empty-id-resigned        | an empty X-Webhook-ID, signed as such               |
      | empty-id-dropped         | an empty X-Webhook-ID, signed without it and its dot |

  @SIG-5 @MUST
  Scenario Outline: a malformed signature is rejected: <what>
    When a delivery arrives, forged as "<forgery>"
    Then the receiver rejects it

    Examples:
      | forgery                   | what                              |
      | signature-without-version | the right digest without "v1,"    |
      | signature-hex             | the right digest in hex           |
      | signature-wrong-version   | the right digest under "v2,"      |
      | signature-other-case      | the right digest, its case swapped |
      | signature-cut             | the right digest, cut             |
      | signature-longer          | the right digest, longer          |
      | signature-empty-value     | "v1," and nothing behind it       |
      | signature-not-base64      | "v1," and something that is not base64 |
      | signature-garbage         | garbage                           |
      | signature-non-ascii       | a letter that is not ASCII in the digest |
      | signature-only-non-ascii  | letters that are not ASCII        |

  @SIG-5 @MUST
  Scenario Outline: a signature of another scheme is rejected: the body alone, keyed with <what>
    When a delivery arrives, forged as "<forgery>"
    Then the receiver rejects it

    Examples:
      | forgery                  | what                                                   |
      | other-scheme-hex         | the secret's text, in hex                              |
      | other-scheme-sha256-hex  | the secret's text, in hex after "sha256="              |
      | other-scheme-base64      | the secret's text, in base64                           |
      | other-scheme-v1-base64   | the secret's text, in base64 after "v1,"               |
      | other-scheme-part-hex    | the secret's text without "whsec_", in hex             |
      | other-scheme-part-base64 | the secret's text without "whsec_", in base64          |

  @SIG-5 @MUST
  Scenario: a malformed signature is rejected: the right digest and more text behind its padding
    When a delivery arrives, forged as "signature-trailing"
    Then the receiver rejects it, unless its base64 decoder passes over foreign characters anywhere

  @SIG-5 @MUST
  Scenario: a copy of an event that was accepted, with a garbage signature, is rejected as well
    When a copy of an accepted delivery arrives, forged as "signature-garbage"
    Then the receiver rejects it

  @SIG-6 @MUST
  Scenario Outline: a stale delivery, or one whose timestamp is no time, is rejected: <what>
    When a delivery arrives, forged as "<forgery>"
    Then the receiver rejects it

    Examples:
      | forgery            | what                             |
      | stale-310          | signed 310 s ago                 |
      | stale-3600         | signed an hour ago               |
      | stale-10y          | signed ten years ago             |
      | timestamp-text     | a timestamp that is not a number |
      | timestamp-nan      | a timestamp of "NaN"             |
      | timestamp-empty    | an empty timestamp               |
      | timestamp-negative | a negative timestamp             |
      | timestamp-overflow | a timestamp beyond 64 bits       |

    @strict
    Examples:
      | forgery                 | what                                |
      | stale-301               | signed 301 s ago                    |
      | timestamp-trailing-text | a timestamp with letters behind it  |
      | timestamp-fraction      | a timestamp with a fraction         |
      | timestamp-exponent      | a timestamp with an exponent        |

  @SIG-6 @MUST
  Scenario: a copy of an event that was accepted, signed an hour ago, is rejected as well
    When a copy of an accepted delivery arrives, forged as "stale-3600"
    Then the receiver rejects it

  @SIG-7 @MUST
  Scenario Outline: a delivery from the future is rejected: <what>
    When a delivery arrives, forged as "<forgery>"
    Then the receiver rejects it

    Examples:
      | forgery             | what                                      |
      | future-310          | signed 310 s from now                     |
      | future-3600         | signed an hour from now                   |
      | future-milliseconds | a timestamp in milliseconds, so far ahead |
      | future-overflow     | a timestamp that wraps around in 32 bits  |

  @SIG-7 @MUST
  Scenario: a copy of an event that was accepted, signed an hour from now, is rejected as well
    When a copy of an accepted delivery arrives, forged as "future-3600"
    Then the receiver rejects it

  @SIG-8 @MUST
  Scenario Outline: clocks may differ a little: signed <offset> s from now
    When Sent delivers a "message.queued" event, signed <offset> s from now
    Then the receiver accepts it

    Examples:
      | offset |
      | -240   |
      | 240    |

    @strict
    Examples:
      | offset |
      | -290   |
      | 290    |

  @SIG-9 @MUST
  Scenario Outline: the raw bytes are what is signed: a body with <writing>
    When Sent delivers a "<event>" event whose body is written with <writing>
    Then the receiver accepts it

    Examples:
      | event            | writing                                      |
      | message.queued   | odd whitespace                               |
      | message.queued   | \\u escapes                                  |
      | message.received | \\/ escapes                                  |
      | message.queued   | keys in another order                        |
      | message.queued   | a number like 1.0                            |
      | message.queued   | a trailing newline                           |
      | message.queued   | a duplicate key                              |
      | message.received | characters that normalisation would change   |
      | message.received | characters that HTML escaping would change   |

  @SIG-10 @MUST
  Scenario Outline: a signature made for another webhook is rejected: <what>
    When a delivery arrives, forged as "<forgery>"
    Then the receiver rejects it

    Examples:
      | forgery             | what                              |
      | other-webhook-id    | signed under another id           |
      | webhook-id-replaced | another id put into the header    |

  @SIG-10 @MUST
  Scenario: a copy of an event that was accepted, signed under another id, is rejected as well
    When a copy of an accepted delivery arrives, forged as "other-webhook-id"
    Then the receiver rejects it

  @SIG-11 @MUST
  Scenario Outline: header names may come in any case: <case>
    When Sent delivers a "message.queued" event with its header names in <case>
    Then the receiver accepts it

    Examples:
      | case       |
      | lower case |
      | upper case |
      | mixed case |

  # Sent sends one signature today, and its own n8n node takes one.
  @SIG-12 @SHOULD @strict
  Scenario Outline: one matching signature among several is enough: <signatures>
    When Sent delivers a "message.queued" event with <signatures> in its signature header
    Then the receiver accepts it

    Examples:
      | signatures                              |
      | another signature, then the right one   |
      | the right signature, then another one   |
      | one of an unknown version, then the right one |

  @SIG-13 @MUST @state
  Scenario: a rejected delivery leaves no trace
    Given a message whose "QUEUED" shows in the receiver's state
    When forged deliveries arrive for that message and for messages never seen:
      | wrong-secret      |
      | secret-text       |
      | no-signature      |
      | signature-garbage |
      | stale-3600        |
      | future-3600       |
      | other-webhook-id  |
    Then the rejected ones left no trace in the receiver's state

  @SIG-13 @MUST @state
  Scenario: a rejected delivery does not keep the genuine one out
    Given a message whose "QUEUED" shows in the receiver's state
    When forged deliveries arrive for that message and for messages never seen:
      | wrong-secret      |
      | no-signature      |
    Then the genuine event that was forged is processed

  @SIG-14 @MUST
  Scenario: a rejection gives nothing away
    When forged deliveries arrive:
      | body-tampered     |
      | wrong-secret      |
      | no-signature      |
      | signature-garbage |
      | signature-cut     |
      | stale-3600        |
    Then no answer holds the expected signature or the secret
