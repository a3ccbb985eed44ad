package explain_test

import (
	"regexp"
	"testing"

	"github.com/sentsim/sentsim/scenarios/explain"
	"github.com/sentsim/sentsim/simulator/event"
)

// A name in the place of a text, and an id that cannot be the webhook's, are no
// fault of the secret either.
func TestWhatWasPutInTheCapture(t *testing.T) {
	body := bodyOf(t, "message.delivered", event.NewestEdition())
	for _, text := range []string{"<text>", "{{body}}"} {
		anonymous := regexp.MustCompile(`"body":"(?:[^"\\]|\\.)*"`).ReplaceAllString(body, `"body":"`+text+`"`)
		if f := judge(t, of(t, secretText, body, anonymous).http())[0]; f.Cause != "body-redacted" {
			t.Errorf("%s: %s: %s", text, f.Cause, f.Summary)
		}
	}
	d := of(t, secretText, body, body)
	d.id = "92316c62-9ac9-4251-9ad2-ca90b60eb3c2"
	if f := judge(t, d.http("X-Webhook-Event-ID: "+d.id))[0]; f.Cause != "id-of-event" || f.Verdict != explain.CannotTell {
		t.Errorf("the event's id: %s: %s", f.Cause, f.Summary)
	}
}
