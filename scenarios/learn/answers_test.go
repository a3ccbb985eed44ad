package learn

import "testing"

// A field that says no says nothing against the receiver.
func TestAnswersThatSayNo(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"duplicate":false}`:                               "",
		`{"status": "ok", "duplicate": 0, "id": 7}`:         "",
		`{"already_processed":false}`:                       "",
		`{"alreadyProcessed" : null}`:                       "",
		`{"already_processed_at":""}`:                       "",
		`{"duplicates":[]}`:                                 "",
		`{"is_duplicate": "false"}`:                         "",
		"{\n  \"duplicate\": false\n}":                      "",
		`{"duplicate":true}`:                                "duplicate",
		`{"duplicate":1}`:                                   "duplicate",
		`{"duplicate":0.5}`:                                 "duplicate",
		`{"duplicate_of":"8c1f"}`:                           "duplicate",
		`{"status":"duplicate"}`:                            "duplicate",
		`duplicate`:                                         "duplicate",
		`{"duplicate":false,"message":"already processed"}`: "already processed",
		`{"already_processed":true}`:                        "already_processed",
		`{"already_processed":"2026-11-28T10:00:00Z"}`:      "already_processed",
	} {
		if got := affirmed(saysDuplicate, body); got != want {
			t.Errorf("%s says %q, want %q", body, got, want)
		}
	}
	for body, want := range map[string]string{`{"ignored":false}`: "", `{"skipped":0,"ok":true}`: "", `{"ignored":true}`: "ignored", `{"ignored":["message"]}`: "ignored"} {
		if got := affirmed(saysIgnored, body); got != want {
			t.Errorf("%s says %q, want %q", body, got, want)
		}
	}
}
