package explain_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/sentsim/sentsim/scenarios/explain"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/seed"
	"github.com/sentsim/sentsim/simulator/signing"
)

// A field that every event of its kind has, and the capture has not, was left out
// of it: the secret is not blamed. A whole event of any edition is signed with
// another one.
func TestAFieldThatWasLeftOut(t *testing.T) {
	takesLong(t)
	other, err := signing.ParseSecret("whsec_c29tZSBvdGhlciBrZXkgZm9yIHRoZSB0ZXN0cw==")
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	for _, edition := range event.Editions() {
		for n, k := range event.Catalogue() {
			if n%7 != 0 && k.Status != string(event.Filtered) { // each is a search
				continue
			}
			e, err := k.Sample(seed.Seed(1).Stream(k.Name), time.Unix(signedAt, 0))
			if err != nil {
				t.Fatal(err)
			}
			body := e.Encode(edition.Format())
			d := delivery{webhookID, "1790856000", other.Sign(webhookID, signedAt, body), string(body)}
			if f := judge(t, d.http())[0]; f.Cause != "another-secret" {
				t.Errorf("%s of %s, whole: %s: %s", k.Name, edition.Name, f.Cause, f.Summary)
			}
			for _, left := range []string{"timestamp", "account_id", "updated_at"} {
				var doc map[string]json.RawMessage
				var payload map[string]json.RawMessage
				if json.Unmarshal(body, &doc) != nil || json.Unmarshal(doc["payload"], &payload) != nil {
					t.Fatal(string(body))
				}
				_, outside := doc[left]
				_, inside := payload[left]
				if !outside && !inside {
					continue
				}
				delete(doc, left)
				delete(payload, left)
				doc["payload"], _ = json.Marshal(payload)
				cut, _ := json.Marshal(doc)
				d.body = string(cut)
				tried++
				if f := judge(t, d.http())[0]; f.Cause != "body-field-missing" || f.Verdict != explain.CannotTell {
					t.Errorf("%s of %s, without %s: %s: %s", k.Name, edition.Name, left, f.Cause, f.Summary)
				}
			}
		}
	}
	if tried < 30 {
		t.Errorf("only %d were tried", tried)
	}
}
