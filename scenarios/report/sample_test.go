package report_test

import (
	"time"

	"github.com/sentsim/sentsim/scenarios/report"
	"github.com/sentsim/sentsim/scenarios/rule"
)

// leaked is what a receiver that prints its secret would send back.
const leaked = "whsec_" + "c2VudHNpbSB0ZXN0IHNlY3JldCBub3QgcmVhbA=="

func must(id string) rule.Rule {
	r, ok := rule.Get(id)
	if !ok {
		panic("no rule " + id)
	}
	return r
}

// everyVerdict is a report with a rule of each verdict, a rule whose state part
// was not checked, and a receiver whose answers try to break the forms.
func everyVerdict() report.Report {
	noProbe, how := rule.MessageStatus.Missing(), rule.MessageStatus.How()
	rules := []report.Rule{
		report.Conclude(must("SIG-1"), []report.Scenario{{
			Name: "A signed delivery is accepted", File: "signature.feature:7", Verdict: report.Passed,
			Duration: 12 * time.Millisecond,
			Steps:    []report.Step{{Text: "When Sent delivers a signed event", Ran: true}, {Text: "Then it is accepted", Ran: true}},
		}}, false),
		report.Conclude(must("SIG-2"), []report.Scenario{
			{
				Name: "A changed body is refused: tampered", File: "signature.feature:14", Verdict: report.Failed,
				Reason: "the tampered body was answered 200, a rejection is 4xx", Duration: 1500 * time.Millisecond,
				Steps: []report.Step{
					{Text: "Given a signed event", Ran: true},
					{Text: "When its body is tampered with", Ran: true, Err: "answered 200"},
					{Text: "Then nothing more happens"},
				},
				Evidence: []report.Evidence{
					{
						Request: "POST /webhooks/sent HTTP/1.1\r\nX-Webhook-ID: 0b3c\r\n\r\n" +
							"{\"field\":\"message\",\"text\":\"<b>&\x00\x1b[31mred\u202e\"}",
						Response: "HTTP/1.1 200 OK\nset-cookie: a=1\n\nsecret is " + leaked + " \xff\xfe]]>",
						Expected: "any status from 400 to 499",
						Reproduce: "sentsim trigger message.delivered --target http://127.0.0.1:8080/webhooks/sent " +
							"--forge body-tampered --secret-stdin --seed 42",
					},
					{Response: "a second exchange", Expected: "4xx"},
				},
			},
			{Name: "A changed body is refused: truncated", File: "signature.feature:15", Verdict: report.Failed, Reason: "the truncated body was answered 200"},
			{Name: "A changed body is refused: appended", File: "signature.feature:16", Verdict: report.Passed},
		}, false),
		report.Conclude(must("SIG-13"), []report.Scenario{{
			Name: "A refused delivery leaves no trace", File: "signature.feature:90", Verdict: report.NotChecked,
			Reason: rule.MessageState.Missing(), Remedy: rule.MessageState.How(),
		}}, false),
		report.Conclude(must("ACK-1"), []report.Scenario{{
			Name: "It answers quickly", File: "acknowledgement.feature:4", Verdict: report.Failed,
			Reason:   "the answer took 1.4 s, more than 1 s",
			Evidence: []report.Evidence{{Request: "POST /webhooks/sent", Response: "200 after 1.4 s", Expected: "within 1 s"}},
		}}, false),
		report.Conclude(must("IDEM-1"), []report.Scenario{
			{Name: "Twice is acknowledged twice", File: "idempotency.feature:4", Verdict: report.Passed, Duration: 3 * time.Millisecond},
			{
				Name: "Twice has one effect", File: "idempotency.feature:10", Verdict: report.NotChecked, Partial: true,
				Reason: rule.MessageEffects.Missing(), Remedy: rule.MessageEffects.How(),
			},
		}, false),
		report.Conclude(must("ORD-1"), []report.Scenario{{
			Name: "The whole way", File: "order.feature:4", Verdict: report.NotChecked, Reason: noProbe, Remedy: how,
		}}, false),
		report.Conclude(must("ORD-2"), []report.Scenario{
			{Name: "Skipping is accepted", File: "order.feature:12", Verdict: report.Passed},
			{Name: "Skipping ends right", File: "order.feature:18", Verdict: report.NotChecked, Partial: true, Reason: noProbe, Remedy: how},
		}, false),
		report.Conclude(must("ORD-3"), []report.Scenario{{
			Name: "Never back", File: "order.feature:30", Verdict: report.NotChecked, Reason: noProbe, Remedy: how,
		}}, false),
		report.Conclude(must("RET-1"), []report.Scenario{{
			Name: "An outage passes", File: "retries.feature:4", Verdict: report.Errored,
			Reason: "the probe http://127.0.0.1:8080/state/messages answered 500", Duration: 2 * time.Second,
			Evidence: []report.Evidence{{Request: "GET /state/messages/1", Response: "HTTP/1.1 500 Internal Server Error", Expected: "200 or 404"}},
		}}, false),
	}
	rep := report.Report{
		Schema: report.Schema, Sentsim: "1.2.3", Command: "verify", Seed: 42,
		Target: "url: http://127.0.0.1:8080/webhooks/sent", DurationMS: 3210, VirtualMS: 3725000,
		Answers:   []report.Answers{{UpToMS: 1, Count: 12}, {UpToMS: 3, Count: 30}, {UpToMS: 3000, Count: 1}, {Count: 2}},
		TargetLog: []string{"listening on 8080", "\x1b[31merror\x1b[0m: secret " + leaked + " is wrong"},
		Learned: &report.Learned{
			Edition: "2026-05", Channels: []string{"sms"}, InboundShape: new("classic"), OwnMessagesOnly: new(bool),
			Statuses: map[string]*string{"QUEUED": new("accepted"), "ROUTED": new("accepted"), "SENT": new("sent"), "READ": nil},
			LagMS:    310, AnswerMS: 12, SideBySide: 1, ExpectedMS: 8200,
			Notes: []string{"a genuine event is ignored: the answer says \"ignored\" and " + leaked},
		},
		Causes: []report.Cause{{
			ID: "verifies-nothing", Summary: "the receiver verifies nothing: 45 of 45 forgeries were accepted, said <b>\x1b[31m", Certainty: "matches",
			Fix: "Did it get its secret? --secret-env NAME", Rules: []string{"SIG-2"},
		}},
		Rules: rules,
	}
	rep.Rules[1].Cause = "verifies-nothing"
	return sum(rep)
}

// story is the report on a receiver that a late event moves back.
func story() report.Report {
	curl := func(status string) string {
		return "curl -X POST http://127.0.0.1:8080/webhooks/sent -H 'Content-Type: application/json' -H 'X-Webhook-ID: 0b3c' " +
			"--data-raw '{\"message_status\":\"" + status + "\",\"text\":\"not -H a --header\"}'"
	}
	rep := report.Report{
		Schema: report.Schema, Sentsim: "1.2.3", Command: "verify", Seed: 42, Target: "exec: node server.js", DurationMS: 2100,
		Rules: []report.Rule{
			report.Conclude(must("SIG-2"), []report.Scenario{{
				Name: "A changed body is refused", File: "signature.feature:14", Verdict: report.Failed,
				Reason: "a body-tampered delivery: 200 OK",
				Evidence: []report.Evidence{{
					Step: 1, What: "a body-tampered delivery", Request: curl("SENT"), Response: "200 OK after 700µs\nServer: x\n\n{}",
					Changed:  "@@ -1,3 +1,3 @@\n \n {\n-\"message_status\":\"READ\"}\n+\"message_status\":\"SENT\"}",
					Expected: "a rejection: 401, or another 4xx", Reproduce: "sentsim trigger message.read --forge body-tampered --target http://127.0.0.1:8080/webhooks/sent",
				}},
			}}, false),
			report.Conclude(must("ORD-3"), []report.Scenario{
				{
					Name: "A late SENT does not move a message back", File: "order.feature:53", Verdict: report.Failed,
					Reason: "its late SENT event moved the message from DELIVERED to SENT",
					Evidence: []report.Evidence{
						{
							Step: 2, SentMS: 61000, What: "its late SENT event", Request: curl("SENT"),
							Response: "200 OK after 500µs\nstate: HTTP 200 {\"status\":\"SENT\"}", State: `HTTP 200 {"status":"SENT"}`,
							Expected: "the message still DELIVERED", Reproduce: "sentsim verify --rule ORD-3 --seed 42 --exec 'node server.js'",
						},
						{Step: 1, What: "a genuine message.delivered event", Request: curl("DELIVERED"), Response: "200 OK after 1ms", Expected: "step 1 of the story"},
						{Step: 2, SentMS: 61000, What: "its late SENT event", Request: curl("SENT"), Response: "200 OK after 500µs", Expected: "step 2 of the story"},
						{Step: 3, SentMS: 61010, What: "its READ event", Request: curl("READ"), Response: "200 OK after 500µs", Expected: "step 3 of the story"},
					},
				},
				{
					Name: "Of many", File: "order.feature:60", Verdict: report.Failed, Reason: "the state is unknown",
					Evidence: []report.Evidence{
						{Step: 20, SentMS: 500, What: "the last", Request: curl("READ"), Response: "200 OK", State: "HTTP 404", Expected: "READ"},
						{Step: 1, What: "the first", Request: curl("SENT"), Response: "200 OK"},
					},
				},
				{
					Name: "Nobody in particular", File: "order.feature:70", Verdict: report.Failed, Reason: "the state is empty",
					Evidence: []report.Evidence{{Response: "state: HTTP 404", State: "HTTP 404", Expected: "a message"}},
				},
				{Name: "Others pass", File: "order.feature:80", Verdict: report.Passed},
			}, false),
		},
	}
	return sum(rep)
}

// chaos is the report on a chaos run.
func chaos() report.Report {
	rep := everyVerdict()
	rep.Command = "chaos"
	rep.Chaos = &report.Chaos{
		Profile: "everything", Probabilities: []report.Probability{{Name: "faults.duplicate", Of: .1, Per: "delivery", Doc: "the same delivery again"}},
		Messages: 200, Begun: 150, Steps: 900, Sent: 800, Accepted: 700, Refused: 60, Failed: 30, Lost: 10, Skipped: 2, PerSecond: 214.4,
		LatencyMS: report.LatencyMS{P50: 1.5, P95: 9, P99: 20, Max: 41.25},
		Stopped:   "the time was over", Fell: "it no longer answered", Trouble: []string{"the probe answered 500"}, Trace: "run.trace",
		Violated: 4, Violations: []report.Violation{
			{Rule: "SIG-2", Summary: "a forged event was taken", Expected: "a 4xx", Subject: "message 1", Step: 7},
			{Rule: "ORD-3", Summary: "it moved back", Expected: "DELIVERED", Seen: `{"status":"SENT"}`, Subject: "message 2", Story: []string{"1 DELIVERED 200", "2 SENT 200 " + leaked}},
		},
	}
	return rep
}

// refused is the report on a receiver that takes nothing, with a diagnosis.
func refused() report.Report {
	rep := report.Report{
		Schema: report.Schema, Sentsim: "1.2.3", Command: "verify", Seed: 1, Strict: true,
		Target: "exec: node server.js", DurationMS: 340,
		Diagnosis: &report.Diagnosis{
			Cause:   "secret-not-decoded",
			Summary: "The receiver uses the text of the secret as its key, and not the bytes that the part after whsec_ decodes to.",
			Fix:     "Strip whsec_ and base64-decode the rest before it becomes the key of the HMAC.",
			Evidence: []string{
				"signed as Sent does: 401",
				"signed with the secret's text as key: 200",
			},
		},
		Rules: []report.Rule{
			report.Conclude(must("SIG-1"), []report.Scenario{{
				Name: "A signed delivery is accepted", File: "signature.feature:7", Verdict: report.Failed,
				Reason:   "the signed delivery was answered 401",
				Evidence: []report.Evidence{{Request: "POST /", Response: "401", Expected: "2xx"}},
			}}, true),
			report.Conclude(must("SIG-9"), []report.Scenario{{
				Name: "Odd bytes", File: "signature.feature:60", Verdict: report.NotChecked,
				Reason: "it needs an accepted delivery, and SIG-1 failed",
			}}, true),
			report.Conclude(must("ACK-1"), []report.Scenario{{
				Name: "It answers quickly", File: "acknowledgement.feature:4", Verdict: report.NotChecked,
				Reason: "it needs an accepted delivery, and SIG-1 failed",
			}}, true),
		},
	}
	return sum(rep)
}

// kept is the report on a good receiver.
func kept() report.Report {
	return sum(report.Report{
		Schema: report.Schema, Sentsim: "1.2.3", Command: "verify", Seed: 7, Target: "the embedded reference receiver",
		DurationMS: 65000, VirtualMS: 900,
		Rules: []report.Rule{
			report.Conclude(must("SIG-1"), []report.Scenario{{Name: "Accepted", File: "signature.feature:7", Verdict: report.Passed}}, false),
			report.Conclude(must("TOL-6"), []report.Scenario{{Name: "Dialects", File: "tolerance.feature:7", Verdict: report.Passed}}, false),
		},
	})
}

// farAsSeen is the report on a receiver whose state cannot be read.
func farAsSeen() report.Report {
	var rules []report.Rule
	for _, r := range everyVerdict().Rules {
		if r.ID == "SIG-1" || r.ID == "IDEM-1" || r.ID == "ORD-1" || r.ID == "ORD-3" {
			rules = append(rules, r)
		}
	}
	return sum(report.Report{
		Schema: report.Schema, Sentsim: "1.2.3", Command: "verify", Seed: 7, Edition: "2026-09", Host: "linux/amd64",
		Started: "2026-11-28T14:05:06Z", Image: "sha256:0b3c", Notes: []string{"a note"},
		Target: "image: my-receiver:ci", DurationMS: 900, Rules: rules,
	})
}

// required is farAsSeen where all MUST rules are required.
func required() report.Report {
	rep := farAsSeen()
	rep.RequireAll = true
	return sum(rep)
}

func sum(rep report.Report) report.Report {
	rep.Summary = report.Summarise(rep.Rules)
	rep.ExitStatus = report.ExitStatus(rep)
	return rep
}
