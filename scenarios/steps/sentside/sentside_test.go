package sentside_test

import (
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/sentsim/sentsim/scenarios/gherkin"
	"github.com/sentsim/sentsim/scenarios/steps/sentside"
)

func TestMain(m *testing.M) {
	// net/http lets a connection whose request it did not read linger for half a
	// second after its server was closed.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("net/http.(*conn).closeWriteAndWait"))
}

// TestStepsCanFail: every claim that a Then can make is refused where it is wrong.
func TestStepsCanFail(t *testing.T) {
	const given = "Feature: f\n  Scenario: s\n    Given a webhook\n    And the endpoint answers 500, then 200\n" +
		"    When a \"message.delivered\" event is delivered\n    Then "
	for then, want := range map[string]string{
		`the endpoint has got 1 request`:                             "got 2, want 1",
		`the attempts come 0 and 2 minutes after the event`:          "got 0, 1, want 0, 2",
		`the delivery is FAILED`:                                     "the delivery is DELIVERED after 2 attempts",
		`the delivery is FAILED because "x"`:                         "the delivery is DELIVERED",
		`the history has 2 deliveries`:                               "got 1, want 2",
		`the history says 1 FAILED`:                                  "got 0, want 1",
		`the webhook is disabled`:                                    "is_active: got true",
		`the webhook counts 1 consecutive failure`:                   "got 0, want 1",
		`7 minutes have passed`:                                      "got 1m0s, want 7m0s",
		`the header Content-Type is "text/plain"`:                    `got application/json, want text/plain`,
		`there is no header X-Webhook-ID`:                            "got 1, want 0",
		`"field" in the body is "messages"`:                          "got message, want messages",
		`"nothing" in the body is ""`:                                "there is no nothing",
		`"field" in the body is a UUID`:                              `field is "message", no UUID`,
		`"field" in the body is a time`:                              `field is "message", no time`,
		`"payload.inbound_number" in the body is a number without +`: "no number without +",
		`there is no "field" in the body`:                            "field is in the body",
		`request 1 is signed with the new secret`:                    "signed with both secrets",
		`request 3 is signed with the old secret`:                    "got 2 requests only",
		`the statuses are "SENT"`:                                    "got DELIVERED, DELIVERED, want SENT",
		`the statuses begin with "SENT" and end with "READ"`:         "first status: got DELIVERED, want SENT",
		`the statuses keep to the lifecycle's order`:                 "DELIVERED does not come before DELIVERED",
		`the events arrive as "message.delivered"`:                   "got message.delivered, message.delivered, want",
		"the knob order is strict":                                   "before anything happens",
		"the endpoint answers 99":                                    "neither a status",
		"Sent replays the event\n    Then every request has a timestamp and a signature of its own": "have the same X-Webhook-Timestamp",
	} {
		all, err := gherkin.Parse("broken.feature", []byte(given+then+"\n"))
		if err != nil {
			t.Fatal(err)
		}
		if res := all[0].Run(t.Context(), sentside.Bind); res.Err == nil || !strings.Contains(res.Err.Error(), want) {
			t.Errorf("%s: got %v, want %s", then, res.Err, want)
		}
	}
}
