package story_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/scenarios/gherkin"
	"github.com/sentsim/sentsim/scenarios/rule"
	"github.com/sentsim/sentsim/scenarios/story"
	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
)

func id(n byte) uuid.UUID { return uuid.UUID{0: n, 6: 0x40, 8: 0x80} }

func message(n byte) chaos.Subject {
	return chaos.Subject{Kind: chaos.AboutMessage, Index: int(n), ID: id(n), On: event.SMS}
}

func contact() chaos.Subject {
	return chaos.Subject{Kind: chaos.AboutInbound, Index: 7, ID: id(7), From: "+12025550123"}
}

// signal is a delivery of a contact's signal, given so many seconds after the first
// could be.
func signal(typ event.Type, seconds int, also ...func(*chaos.Step)) chaos.Step {
	s := contact()
	s.Kind = chaos.AboutContact
	all := append([]func(*chaos.Step){func(st *chaos.Step) {
		st.Event.Type, st.Event.Status = typ, ""
		st.Event.At = st.Event.At.Add(time.Duration(seconds) * time.Second)
		st.Body = chaos.Body(`{"payload":{"source":"INBOUND_KEYWORD","text":"STOP","to":"+1","message_id":"m"}}`)
	}}, also...)
	return deliver(s, string(typ)+string(rune('a'+seconds)), all...)
}

func withoutText(s *chaos.Step) {
	s.Body = chaos.Body(`{"payload":{"source":"INBOUND_KEYWORD","text":null,"to":"+1","message_id":"m"}}`)
}

func template() chaos.Subject {
	return chaos.Subject{Kind: chaos.AboutTemplate, Index: 8, ID: id(8)}
}

// deliver is a delivery of an event that the subject and the status make one.
func deliver(s chaos.Subject, status string, also ...func(*chaos.Step)) chaos.Step {
	e := chaos.Event{
		ID: uuid.NewSHA1(s.ID, []byte(status)), Type: event.TypeOf(event.Status(status)), Status: status,
		At: time.Date(2025, 10, 31, 10, 10, 42, 0, time.UTC),
	}
	st := chaos.Step{Kind: chaos.KindDeliver, Subject: s, Event: e, Body: chaos.Body("{}")}
	for _, f := range also {
		f(&st)
	}
	return st
}

func forged(name string) func(*chaos.Step) {
	return func(s *chaos.Step) { s.Kind, s.Forgery = chaos.KindForge, name }
}

func together(s *chaos.Step) { s.Group = 1 }

func by(how delivery.Misbehaviour) func(*chaos.Step) { return func(s *chaos.Step) { s.Sender = how } }

func body(text string, f chaos.Fault) func(*chaos.Step) {
	return func(s *chaos.Step) { s.Body, s.Faults = chaos.Body(text), []chaos.Fault{f} }
}

func says(text string) func(*chaos.Step) {
	return func(s *chaos.Step) { s.Body = chaos.Body(`{"payload":{"text":"` + text + `"}}`) }
}

func later(s *chaos.Step) { s.Event.At = s.Event.At.Add(time.Minute) }

func steps(all ...chaos.Step) []chaos.Step {
	for i := range all {
		all[i].Number = i + 1
	}
	return all
}

func TestStoriesReadLikeAColleagues(t *testing.T) {
	one, two, other := message(1), message(2), contact()
	other.ID, other.From = id(9), "+12025550199"
	tests := map[string]struct {
		rule string
		f    story.Finding
		want string
	}{
		"a retry counted again": {"IDEM-2", story.Finding{
			Steps: steps(deliver(one, "DELIVERED"), deliver(one, "DELIVERED")), About: one, Claim: story.Counts,
		}, `
  @IDEM-2 @MUST @state
  Scenario: DELIVERED counts once when it is delivered again
    Given a message on "sms"
    When Sent delivers its "DELIVERED" event
    And Sent retries its "DELIVERED" event
    Then its events have had the same effect as on a message that got each of them once
`},
		"a late status": {"ORD-3", story.Finding{
			Steps: steps(deliver(one, "DELIVERED"), deliver(one, "SENT")), About: one, Claim: story.Ends, Statuses: []string{"DELIVERED"},
		}, `
  @ORD-3 @MUST @state
  Scenario: a late SENT does not move a message back from DELIVERED
    Given a message on "sms"
    When Sent delivers its "DELIVERED, SENT" events
    Then the message ends as "DELIVERED"
`},
		"one of two copies": {"IDEM-3", story.Finding{
			Steps: steps(deliver(one, "SENT", together), deliver(one, "SENT", together)), About: one, Claim: story.Counts,
		}, `
  @IDEM-3 @MUST @state
  Scenario: SENT counts once when its copies arrive at the same instant
    Given a message on "sms"
    When 2 copies of its "SENT" event arrive at the same instant
    Then its events have had the same effect as on a message that got each of them once
`},
		"two that are mixed up": {"ORD-7", story.Finding{
			Steps: steps(deliver(one, "SENT", together), deliver(two, "FAILED", together)), About: two, Claim: story.Ends, Statuses: []string{"FAILED"},
		}, `
  @ORD-7 @MUST @state
  Scenario: FAILED is not lost on one while others are delivered
    Given a message on "sms"
    And another message on "sms"
    When Sent delivers, in this order:
      | of                 | event  | how                 |
      | the first message  | SENT   |                     |
      | the second message | FAILED | at the same instant |
    Then the second message ends as "FAILED"
`},
		"a lost acknowledgement": {"IDEM-6", story.Finding{
			Steps: steps(deliver(one, "READ", by(delivery.HangUp)), deliver(one, "READ")), About: one, Claim: story.Counts,
		}, `
  @IDEM-6 @MUST @state
  Scenario: READ counts once when its acknowledgement is lost
    Given a message on "sms"
    When its "READ" event is processed but the sender hangs up once the request is sent
    And Sent retries its "READ" event
    Then its events have had the same effect as on a message that got each of them once
`},
		"a restart between": {"IDEM-7", story.Finding{
			Steps: steps(deliver(one, "SENT"), chaos.Step{Kind: chaos.KindRestart}, deliver(one, "SENT")), About: one, Claim: story.Counts,
		}, `
  @IDEM-7 @SHOULD @state @alone
  Scenario: SENT counts once, also when the receiver restarts before the retry
    Given a message on "sms"
    When Sent delivers, in this order:
      | of          | event | how |
      | the message | SENT  |     |
    And the receiver is restarted
    And Sent delivers, in this order:
      | of          | event | how   |
      | the message | SENT  | again |
    Then its events have had the same effect as on a message that got each of them once
`},
		"an inbound text twice": {"IDEM-5", story.Finding{
			Steps: steps(deliver(contact(), ""), deliver(contact(), "")), About: contact(), Claim: story.Counts, Texts: 1,
		}, `
  @IDEM-5 @MUST @state
  Scenario: an inbound text counts once when it is delivered again
    When a contact sends a text
    And Sent retries that delivery
    Then the receiver has counted 1 inbound message from that contact
`},
		"two events of one second": {"IDEM-4", story.Finding{
			Steps: steps(deliver(one, "SENT"), deliver(one, "DELIVERED")), About: one, Claim: story.Ends, Statuses: []string{"DELIVERED"}, SameSecond: true,
		}, `
  @IDEM-4 @MUST @state
  Scenario: DELIVERED is not lost when something else happened in the same second
    Given a message on "sms"
    When Sent delivers its "SENT" and "DELIVERED" events one after the other, with the same timestamps
    Then the message ends as "DELIVERED"
`},
		"the same text of two": {"IDEM-4", story.Finding{
			Steps: steps(deliver(contact(), "", says("hi")), deliver(chaos.Subject{Kind: chaos.AboutInbound, ID: id(9), From: "+12025550124"}, "", says("hi"))),
			About: contact(), Claim: story.Counts, Texts: 1,
		}, `
  @IDEM-4 @MUST @state
  Scenario: the same text from another number is another message
    When two contacts send the same text at the same time
    Then the receiver has counted an inbound message from each of them
`},
		"two texts of one second": {"IDEM-5", story.Finding{
			Steps: steps(deliver(contact(), "", says("hello")), deliver(contact(), "2", says("goodbye"))), About: contact(), Claim: story.Counts, Texts: 2,
		}, `
  @IDEM-5 @MUST @state
  Scenario: two texts of a contact in one second count as two
    When a contact sends a text and, in the same second, another text
    Then the receiver has counted 2 inbound messages from that contact
`},
		"two texts": {"IDEM-5", story.Finding{
			Steps: steps(deliver(contact(), "", says("hello")), deliver(contact(), "2", says("goodbye"), later)), About: contact(), Claim: story.Counts, Texts: 2,
		}, `
  @IDEM-5 @MUST @state
  Scenario: two texts of a contact count as two
    When a contact sends a text and, a minute later, another text
    Then the receiver has counted 2 inbound messages from that contact
`},
		"two texts a moment apart": {"IDEM-5", story.Finding{
			Steps: steps(deliver(contact(), "", says("hello")), deliver(contact(), "2", says("goodbye"))), About: contact(), Claim: story.Counts, Texts: 2, Almost: true,
		}, `
  @IDEM-5 @MUST @state
  Scenario: two texts of a contact almost at the same instant count as two
    When contacts send 5 texts on every channel, each with another at almost the same instant
    Then the receiver has counted 2 inbound messages from each of them
`},
		"a text that is answered again": {"IDEM-5", story.Finding{
			Steps: steps(deliver(other, "", says("hi")), deliver(contact(), "", says("hello")), deliver(contact(), "", says("hello")), deliver(contact(), "", says("hello"))),
			About: contact(), Claim: story.Replies,
		}, `
  @IDEM-5 @MUST @state
  Scenario: an inbound text that is delivered again is not answered again
    Given the receiver replies to an ordinary inbound text
    When another contact sends the same text
    And Sent retries that delivery
    And Sent retries that delivery
    Then the receiver has replied to both contacts equally often
`},
		"a pause, which leaves no trace": {"ORD-3", story.Finding{
			Steps: steps(deliver(one, "DELIVERED"), chaos.Step{Kind: chaos.KindPause}, deliver(one, "SENT"), chaos.Step{Kind: chaos.KindResume}),
			About: one, Claim: story.Ends, Statuses: []string{"DELIVERED"},
		}, `
  @ORD-3 @MUST @state
  Scenario: a late SENT does not move a message back from DELIVERED
    Given a message on "sms"
    When Sent delivers its "DELIVERED, SENT" events
    Then the message ends as "DELIVERED"
`},
		"an event that is minutes old": {"RET-1", story.Finding{
			Steps: steps(deliver(one, "SENT", body(`{"timestamp":"2025-10-31T10:10:42Z"}`, ""))), About: one, Claim: story.Accepts, Verbatim: true,
			Now: time.Date(2025, 10, 31, 10, 22, 0, 0, time.UTC),
		}, `
  @RET-1 @MUST
  Scenario: SENT is accepted 11 minutes after it happened
    Given a message on "sms"
    When Sent delivers a "message.sent" event with this body:
      """
      {
        "timestamp": "{11 minutes ago}"
      }
      """
    Then the receiver accepts it
`},
		"a template's change": {"TPL-1", story.Finding{
			Steps: steps(deliver(template(), "CATEGORY_UPDATED")), About: template(), Claim: story.Accepts,
		}, `
  @TPL-1 @MUST
  Scenario: a template's CATEGORY_UPDATED is accepted
    When Sent delivers a template event with the status "CATEGORY_UPDATED"
    Then the receiver accepts it
`},
		"a template's status": {"TPL-1", story.Finding{
			Steps: steps(deliver(template(), "PENDING"), deliver(template(), "APPROVED")), About: template(), Claim: story.Ends, Statuses: []string{"APPROVED"},
		}, `
  @TPL-1 @MUST @state
  Scenario: APPROVED is not lost
    When Sent delivers the "PENDING, APPROVED" events of a template
    Then the template ends as "APPROVED"
`},
		"a forgery that is taken": {"SIG-2", story.Finding{
			Steps: steps(deliver(one, "SENT", forged("body-appended"))), About: one, Claim: story.Refuses,
		}, `
  @SIG-2 @MUST
  Scenario: a forged delivery is rejected: a line break follows the body; it is still the same JSON
    When a delivery of a "message.sent" event arrives, forged as "body-appended"
    Then the receiver rejects it
`},
		"a forgery that leaves a trace": {"SIG-13", story.Finding{
			Steps: steps(deliver(one, "SENT", forged("no-id"))), About: one, Claim: story.Knows,
		}, `
  @SIG-13 @MUST @state
  Scenario: a forged delivery leaves no trace: X-Webhook-ID is missing
    Given a message on "sms"
    When Sent delivers, in this order:
      | of          | event | how             |
      | the message | SENT  | forged as no-id |
    Then the receiver knows nothing of the message
`},
		"a field that is missing": {"TOL-4", story.Finding{
			Steps: steps(deliver(one, "FAILED", body(`{"timestamp":"2025-10-31T10:10:42Z","payload":{"message_id":"`+id(1).String()+"\",\"reason\":\"\u202e\"}}", chaos.FaultNullFields))),
			About: one, Claim: story.Accepts, Verbatim: true,
		}, `
  @TOL-4 @MUST
  Scenario: FAILED with a field that is null or missing is accepted
    Given a message on "sms"
    When Sent delivers a "message.failed" event with this body:
      """
      {
        "timestamp": "{time}",
        "payload": {
          "message_id": "{message_id}",
          "reason": "\u202e"
        }
      }
      """
    Then the receiver accepts it
`},
		"garbage": {"TOL-7", story.Finding{
			Steps: steps(deliver(chaos.Subject{}, "", body("null", chaos.FaultNotAnObject))), Claim: story.Refuses, Verbatim: true,
		}, `
  @TOL-7 @SHOULD
  Scenario: a signed body that is not an object is rejected
    When Sent delivers a correctly signed body that is null
    Then the receiver rejects it
`},
		"an old secret": {"ROT-1", story.Finding{
			Steps: steps(chaos.Step{Kind: chaos.KindRotate}, deliver(one, "SENT", forged(chaos.ForgeryOldSecret))), About: one, Claim: story.Refuses,
		}, `
  @ROT-1 @SHOULD
  Scenario: the old secret is dead once it is rotated
    When the signing secret is rotated and the receiver is given the new one
    Then a delivery signed with the old secret is rejected
`},
		"an older signal that came late": {"CON-1", story.Finding{
			Steps: steps(signal(event.ContactOptOut, 9), signal(event.ContactOptIn, 2)), About: contact(), Claim: story.Stands, OptedOut: true,
		}, `
  @CON-1 @SHOULD @state
  Scenario: a contact whose signals arrive as opt_out at 20 s, opt_in at 10 s has opted out
    When Sent delivers the signals "opt_out at 20 s, opt_in at 10 s" of a contact
    Then the contact has opted out
`},
		"a signal without a text": {"CON-1", story.Finding{
			Steps: steps(signal(event.ContactOptOut, 1), signal(event.ContactOptIn, 5, withoutText)), About: contact(), Claim: story.Stands,
		}, `
  @CON-1 @SHOULD @state
  Scenario: a contact whose signals arrive as opt_out, opt_in by the network has opted in
    When Sent delivers the signals "opt_out, opt_in by the network" of a contact
    Then the contact has opted in
`},
		"an answer to one who has opted out": {"CON-2", story.Finding{
			Steps: steps(signal(event.ContactOptOut, 1), deliver(contact(), "", says("Yes"))), About: contact(), Claim: story.Silent,
		}, `
  @CON-2 @SHOULD @state
  Scenario: a contact who has opted out is sent nothing
    Given the receiver replies to an ordinary inbound text
    When Sent delivers the signals "opt_out" of a contact
    And that contact sends an ordinary text
    Then the receiver sends that contact nothing
`},
		"an answer to STOP": {"INB-2", story.Finding{
			Steps: steps(deliver(contact(), "", says("STOP"))), About: contact(), Claim: story.Silent,
		}, `
  @INB-2 @SHOULD @state
  Scenario: an inbound "STOP" triggers no reply
    Given the receiver replies to an ordinary inbound text
    When a contact sends "STOP"
    Then the receiver sends that contact nothing
`},
		"a signal that is refused": {"TOL-3", story.Finding{
			Steps: steps(signal(event.ContactHelp, 1)), About: contact(), Claim: story.Accepts,
		}, `
  @TOL-3 @MUST
  Scenario: contact.help is accepted
    When Sent delivers a "contact.help" event
    Then the receiver accepts it
`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			tc.f.Rule, _ = rule.Get(tc.rule)
			tc.f.Origin = "Reduced from the 1125 steps of: sentsim chaos --seed 1 --messages 300 --profile everything"
			got, err := story.Feature(tc.f)
			if err != nil {
				t.Fatal(err)
			}
			const head = "Feature: Found by a chaos run\n  Reduced from the 1125 steps of: sentsim chaos --seed 1 --messages 300 --profile\n  everything\n"
			if want := head + tc.want; got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			if all, err := gherkin.Parse("story.feature", []byte(got)); err != nil || len(all) != 1 {
				t.Errorf("%d scenarios, %v", len(all), err)
			}
		})
	}
}

func TestWhatThereAreNoWordsFor(t *testing.T) {
	one := message(1)
	many := make([]chaos.Step, 13)
	for i := range many {
		many[i] = deliver(message(byte(i+1)), "SENT")
	}
	tests := map[string]struct {
		f    story.Finding
		want string
	}{
		"nothing":                 {story.Finding{Claim: story.Accepts}, "nothing happens"},
		"a rotation":              {story.Finding{Steps: steps(deliver(one, "SENT"), chaos.Step{Kind: chaos.KindRotate}, deliver(one, "READ")), About: one, Claim: story.Accepts}, `no words for a step of the kind "rotate"`},
		"replies to one":          {story.Finding{Steps: steps(deliver(contact(), "", says("Yes"))), About: contact(), Claim: story.Replies}, "texts that arrive once"},
		"a reply, sent oddly":     {story.Finding{Steps: steps(deliver(contact(), "", says("Yes"), by(delivery.LoseAck)), deliver(contact(), "")), About: contact(), Claim: story.Replies}, "sent oddly"},
		"almost, of one":          {story.Finding{Steps: steps(deliver(contact(), "", says("Yes"))), About: contact(), Claim: story.Counts, Almost: true}, "not of two texts"},
		"too many":                {story.Finding{Steps: steps(many...), About: one, Claim: story.Accepts}, "no words for more than 12"},
		"somebody else":           {story.Finding{Steps: steps(deliver(one, "SENT")), About: message(2), Claim: story.Ends}, "somebody who is not in the story"},
		"no status":               {story.Finding{Steps: steps(deliver(one, "SENT")), About: one, Claim: story.Ends}, "no status is expected"},
		"a signal at one instant": {story.Finding{Steps: steps(signal(event.ContactOptOut, 1, together), signal(event.ContactOptIn, 2, together)), About: contact(), Claim: story.Stands}, "sent oddly"},
		"a signal after a text":   {story.Finding{Steps: steps(deliver(contact(), "", says("Yes")), signal(event.ContactOptOut, 1)), About: contact(), Claim: story.Silent}, "comes after a text"},
		"an answer to a text":     {story.Finding{Steps: steps(deliver(contact(), "", says("Yes"))), About: contact(), Claim: story.Silent}, "did not say STOP"},
		"a signal in a table":     {story.Finding{Steps: steps(deliver(one, "SENT", together), signal(event.ContactOptOut, 1, together)), About: one, Claim: story.Accepts}, "signal in a table"},
		"a body that is no text":  {story.Finding{Steps: steps(deliver(one, "SENT", body("\xff", chaos.FaultNotAnObject))), About: one, Claim: story.Accepts, Verbatim: true}, "not UTF-8"},
	}
	for name, tc := range tests {
		if got, err := story.Feature(tc.f); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %s\n%s", name, err, tc.want, got)
		}
	}
}
