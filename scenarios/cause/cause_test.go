package cause

import (
	"slices"
	"strings"
	"testing"

	"github.com/sentsim/sentsim/scenarios/learn"
	"github.com/sentsim/sentsim/scenarios/report"
)

// A receiver that accepts every forgery that can be parsed verifies nothing,
// which is one cause above all the rules that fail.
func TestVerifiesNothing(t *testing.T) {
	d := dictionary(t)
	rules := rulesOf(d, d["no-verification"])
	for i := range rules {
		if rules[i].ID == "SIG-2" { // what is no JSON any more, its parser refuses
			rules[i].Scenarios = append(rules[i].Scenarios, report.Scenario{Name: "the end cut off", File: "x.feature:1", Verdict: report.Passed})
		}
	}
	causes := Explain(Facts{Rules: rules, Started: true, SecretEnv: "MY_SECRET"})
	if len(causes) != 1 || causes[0].ID != "verifies-nothing" || !strings.Contains(causes[0].Fix, "MY_SECRET") {
		t.Fatalf("%+v", causes)
	}
	if handed := Explain(Facts{Rules: rules, Handed: true, SecretEnv: "MY_SECRET"}); strings.Contains(handed[0].Fix, "MY_SECRET") || !strings.Contains(handed[0].Fix, "handed to the function") {
		t.Errorf("a handler has no environment: %s", handed[0].Fix)
	}
	Assign(rules, causes)
	for _, r := range rules {
		if bad(r.Verdict) && r.Cause != "verifies-nothing" {
			t.Errorf("%s has the cause %q", r.ID, r.Cause)
		}
	}
	for i := range rules {
		for j, s := range rules[i].Scenarios {
			if len(s.Evidence) > 0 && s.Verdict == report.Failed {
				rules[i].Scenarios[j].Evidence[0].Response = "200 OK after 1ms\n\n" + `{"ok":false,"error":"invalid signature"}`
			}
		}
	}
	if causes := Explain(Facts{Rules: rules}); len(causes) != 1 || causes[0].ID != "refused-with-2xx" || !strings.Contains(causes[0].Summary, "invalid signature") {
		t.Errorf("%+v", causes)
	}
	if causes := Explain(Facts{Rules: rulesOf(d, d["trusted-webhook-id"])}); len(causes) != 1 || causes[0].ID != "believed-after-the-first" {
		t.Errorf("%+v", causes)
	}
}

// What passed tells mistakes apart as well: a rejected template has a reason.
func TestWhatPassedTellsApart(t *testing.T) {
	d := dictionary(t)
	signs := []Sign{
		{"TPL-1", `"PENDING" is accepted`, "5xx"},
		{"TPL-1", `"APPROVED" is accepted`, "5xx"},
		{"TOL-2", "an unknown template status is accepted: PAUSED", "5xx"},
		{"TOL-2", "an unknown template status is accepted: DISABLED", "5xx"},
	}
	for want, more := range map[string][]Sign{
		"template-reason-required": nil,
		"templates-not-expected":   {{"TPL-1", `"REJECTED" is accepted`, "5xx"}, {"TPL-1", `"CATEGORY_UPDATED" is accepted`, "5xx"}},
	} {
		causes := Explain(Facts{Rules: rulesOf(d, slices.Concat(signs, more))})
		if len(causes) == 0 || causes[0].ID != want {
			t.Errorf("want %s: %+v", want, causes)
		}
	}
}

// What learning has tried comes first, and explains its rule.
func TestWhatWasTriedComesFirst(t *testing.T) {
	d := dictionary(t)
	rules := rulesOf(d, d["no-dedupe"])
	rules = append(rules, report.Rule{ID: "ORD-1", Verdict: report.Failed})
	traits := learn.Traits{Deviations: []learn.Deviation{{ID: "channels", Rule: "ORD-1", Certainty: learn.Tried}}}
	causes := Explain(Facts{Rules: rules, Traits: traits})
	if len(causes) != 2 || causes[0].ID != "channels" || causes[1].ID != "no-deduplication" {
		t.Errorf("%+v", causes)
	}
}

// That a few updates of many are lost has nothing to do with a key.
func TestAFewLostUpdates(t *testing.T) {
	const many = "no update of many is lost"
	for shows, want := range map[string]string{"some": "updates-lost", "state": "message-id-as-key"} {
		causes := Explain(Facts{Rules: rulesOf(nil, []Sign{{"ORD-1", many, shows}})})
		if len(causes) != 1 || causes[0].ID != want {
			t.Errorf("%s: %+v, want %s", shows, causes, want)
		}
	}
}

// What learning finds is named where it was found, and explains what else shows it.
func TestWhatOnlyLearningFinds(t *testing.T) {
	d := dictionary(t)
	rules := append(rulesOf(d, d["webhook-id-as-key"]), report.Rule{ID: "IDEM-4", Verdict: report.Failed})
	traits := learn.Traits{Deviations: []learn.Deviation{{ID: "webhook-id-as-event-id", Rule: "IDEM-4", Certainty: learn.Tried}}}
	for want, traits := range map[string]learn.Traits{"webhook-id-as-event-id IDEM-4 CON-1": traits, "opt-outs-not-kept CON-1": {}} {
		causes := Explain(Facts{Rules: rules, Traits: traits})
		if len(causes) != 1 || causes[0].ID+" "+strings.Join(causes[0].Rules, " ") != want {
			t.Errorf("%+v, want %s", causes, want)
		}
	}
}

// A race of statuses shows in one scenario or in both; a key of seconds in all three.
func TestARaceOfStatuses(t *testing.T) {
	const (
		instant = "two statuses of one message at the same instant are both processed"
		many    = "two statuses of one message almost at the same instant are both processed, for many messages"
		second  = "two statuses of one message within a second are both processed"
	)
	for names, want := range map[string]string{
		many: "status-race", instant: "status-race", many + "|" + instant: "status-race", many + "|" + instant + "|" + second: "second-as-key",
	} {
		var signs []Sign
		for name := range strings.SplitSeq(names, "|") {
			signs = append(signs, Sign{"IDEM-4", name, "state"})
		}
		d := dictionary(t)
		causes := Explain(Facts{Rules: rulesOf(d, signs)})
		if len(causes) == 0 || causes[0].ID != want {
			t.Errorf("%s: %+v, want %s", names, causes, want)
		}
	}
}

// What a mistake needs, excludes and covers.
func TestWithWithoutAbsentCovers(t *testing.T) {
	a, b, c := Sign{"SIG-2", "a", "2xx"}, Sign{"SIG-3", "b", "2xx"}, Sign{"SIG-3", "c", "2xx"}
	like := []string{"SIG-2 | a | 2xx"}
	cases := map[string]struct {
		m      mistake
		failed []Sign
		want   string // the rules of the cause, "" for none
	}{
		"fits":               {mistake{like: like}, []Sign{a}, "SIG-2"},
		"needs a rule":       {mistake{like: like, with: []string{"SIG-3"}}, []Sign{a}, ""},
		"excludes a rule":    {mistake{like: like, without: []string{"SIG-3"}}, []Sign{a, b}, ""},
		"excludes a sign":    {mistake{like: like, absent: []string{"SIG-3 | b | 2xx"}}, []Sign{a, b}, ""},
		"excludes another":   {mistake{like: like, absent: []string{"SIG-3 | b | 2xx"}}, []Sign{a, c}, "SIG-2"},
		"covers a rule":      {mistake{like: like, covers: []string{"SIG-3", "SIG-5"}}, []Sign{a, c}, "SIG-2 SIG-3"},
		"another class":      {mistake{like: like}, []Sign{{"SIG-2", "a", "5xx"}}, ""},
		"a pattern of names": {mistake{like: []string{"SIG-3 | * | 2xx"}}, []Sign{b, c}, "SIG-3"},
	}
	for name, tc := range cases {
		tc.m.id = "it"
		other := mistake{id: "other", like: []string{"SIG-3 | c | 2xx"}}
		known := []mistake{tc.m}
		if len(tc.m.covers) > 0 {
			known = append(known, other) // which has nothing left to explain
		}
		causes := recognised(Facts{Rules: rulesOf(nil, tc.failed)}, forms(known, nil), nil)
		got := ""
		if len(causes) == 1 {
			got = strings.Join(causes[0].Rules, " ")
		}
		if got != tc.want || len(causes) > 1 {
			t.Errorf("%s: %+v, want %q", name, causes, tc.want)
		}
	}
}

// Some mistakes that no mutant makes can be meant by nothing else.
func TestPlainMistakesAreNamed(t *testing.T) {
	d := dictionary(t)
	for want, lines := range map[string][]string{
		"compared-in-part": {"SIG-5 | a malformed signature is rejected: the right digest, cut | 2xx"},
		"compared-by-prefix": {
			"SIG-5 | a malformed signature is rejected: the right digest, cut | 2xx",
			`SIG-5 | a malformed signature is rejected: "v1," and nothing behind it | 2xx`,
		},
		"tolerance-too-large": {
			"SIG-6 | a stale delivery, or one whose timestamp is no time, is rejected: signed 310 s ago | 2xx",
			"SIG-7 | a delivery from the future is rejected: signed 310 s from now | 2xx",
		},
		"templates-not-verified": {
			`SIG-2 | that goes for every kind of event: a "templates" event changed on its way | 2xx`,
			`SIG-3 | that goes for every kind of event: a "templates" event signed with another key | 2xx`,
			`SIG-4 | that goes for every kind of event: a "templates" event without a signature | 2xx`,
		},
		"inbound-not-verified": {
			`SIG-2 | that goes for every kind of event: a "message.received" event changed on its way | 2xx`,
			`SIG-3 | that goes for every kind of event: a "message.received" event signed with another key | 2xx`,
			`SIG-4 | that goes for every kind of event: a "message.received" event without a signature | 2xx`,
		},
		"contacts-not-verified": {
			`SIG-2 | that goes for every kind of event: a "contact.opt_out" event changed on its way | 2xx`,
			`SIG-3 | that goes for every kind of event: a "contact.opt_out" event signed with another key | 2xx`,
			`SIG-4 | that goes for every kind of event: a "contact.opt_out" event without a signature | 2xx`,
		},
		"texts-lost": {"INB-1 | what contacts write on every channel shows in the receiver's state | state"},
	} {
		causes := Explain(Facts{Rules: rulesOf(d, parseSigns(lines))})
		if len(causes) == 0 || causes[0].ID != want || causes[0].Certainty != "matches" {
			t.Errorf("%s: %+v", want, causes)
		}
	}
}

// A mistake that differs from another by what it does not show is not named where
// that was not looked at: of "verify --rule SIG-2" nothing says that the first
// delivery is verified.
func TestWhatWasNotLookedAtIsNotAbsent(t *testing.T) {
	d := dictionary(t)
	rules := slices.DeleteFunc(rulesOf(d, d["trusted-webhook-id"]), func(r report.Rule) bool { return r.ID != "SIG-2" })
	for _, c := range Explain(Facts{Rules: rules}) {
		if c.ID == "believed-after-the-first" {
			t.Errorf("%+v", c)
		}
	}
}
