package probe

import (
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"pgregory.net/rapid"

	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/lifecycle"
)

func confirming(words map[string]string, channels ...string) (*Probe, error) {
	return New(Config{Message: &Endpoint{URL: "/{message_id}", Status: "$.status", Statuses: words, Channels: channels}}, nil)
}

func TestStatusesOfTheConfig(t *testing.T) {
	p, err := confirming(map[string]string{"queued": "accepted", "message.ROUTED": "Accepted", "READ": "", "Sent": "2"}, "SMS", "sms", "rcs")
	if err != nil {
		t.Fatal(err)
	}
	got := p.Statuses()
	for s, want := range map[event.Status]string{event.Queued: "accepted", event.Routed: "Accepted", event.Read: "", event.Sent: "2", event.Failed: "FAILED"} {
		if got.Word(s) != want || got.Kept(s) != (want != "") || got.Confirms(s) != (s != event.Failed) {
			t.Errorf("%s is %q, kept %v, confirmed %v, want %q", s, got.Word(s), got.Kept(s), got.Confirms(s), want)
		}
	}
	if got.String() != "{QUEUED: accepted, ROUTED: Accepted, SENT: 2, READ: null}" {
		t.Errorf("printed as %s", got)
	}
	if c := p.Channels(); len(c) != 2 || c[0] != event.SMS || c[1] != event.RCS {
		t.Errorf("channels %v", c)
	}
	var none *Probe
	if none.Statuses() != nil || none.Channels() != nil || mustNew(t, messageAt("$.s", "")).Statuses().Word(event.Sent) != "SENT" {
		t.Error("a config that says nothing")
	}
}

func TestStatusesThatCannotBe(t *testing.T) {
	for _, tt := range []struct {
		name  string
		words map[string]string
		want  []string // none: it is taken
	}{
		{"one on the way to the other", map[string]string{"SENT": "x", "DELIVERED": "x"}, nil},
		{"three on one way", map[string]string{"QUEUED": "x", "SENT": "x", "READ": "X "}, nil},
		{"the word of one that is not named", map[string]string{"QUEUED": "sent"}, nil},
		{"on the way to a failure", map[string]string{"QUEUED": "x", "FAILED": "x"}, nil},
		{"both ends are for ORD-1", map[string]string{"DELIVERED": "done", "FAILED": "done", "READ": "done"}, nil},
		{"neither is on the way", map[string]string{"READ": "x", "BLOCKED": "x"}, []string{"probe.message.statuses.BLOCKED: READ and BLOCKED have one word (x)"}},
		{"neither, by case and number", map[string]string{"DELIVERED": "4", "filtered": "4.0"}, []string{"probe.message.statuses.filtered: DELIVERED and FILTERED"}},
		{"neither, one not named", map[string]string{"ROUTED": "filtered"}, []string{"probe.message.statuses.ROUTED: ROUTED and FILTERED"}},
		{"a mistyped status", map[string]string{"DELIVRED": "x"}, []string{`probe.message.statuses.DELIVRED: is not a status of a message, did you mean "DELIVERED"?`}},
		{"no status at all", map[string]string{"zugestellt": "x"}, []string{"is not a status of a message: known are SCHEDULED, QUEUED"}},
		{"a template's status", map[string]string{"APPROVED": "x"}, []string{"APPROVED: is not a status"}},
		{"twice", map[string]string{"SENT": "x", "sent": "y"}, []string{"probe.message.statuses.sent: SENT is there already, as SENT"}},
		{"blank", map[string]string{"SENT": " "}, []string{"statuses.SENT", "write null"}},
		{"nothing is kept", map[string]string{"QUEUED": "", "ROUTED": "", "SENT": "", "DELIVERED": "", "READ": "", "FAILED": ""}, []string{"no status is kept"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := confirming(tt.words)
			if (err == nil) != (tt.want == nil) {
				t.Fatalf("error %v", err)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
		})
	}
	if _, err := confirming(nil, "sms", "fax"); err == nil || !strings.Contains(err.Error(), `probe.message.channels: unknown channel "fax"`) {
		t.Errorf("channels: %v", err)
	}
	if _, err := New(Config{Inbound: &Endpoint{URL: "/{from}", Count: "$.c", Channels: []string{"sms"}}}, nil); err == nil {
		t.Error("channels of inbound messages are taken")
	}
}

func TestOneWordForBothEnds(t *testing.T) {
	for _, tt := range []struct {
		words Statuses
		found bool
	}{
		{nil, false},
		{Statuses{event.Delivered: "done", event.Failed: "Done"}, true},
		{Statuses{event.Delivered: "x", event.Read: "done", event.Failed: "done"}, true},
		{Statuses{event.Failed: "delivered"}, true},
		{Statuses{event.Delivered: "", event.Failed: ""}, false},
		{Statuses{event.Sent: "done", event.Failed: "done"}, false},
	} {
		arrived, failed, found := tt.words.OneWordForBoth()
		if found != tt.found || found && (failed != event.Failed || arrived == event.Failed) {
			t.Errorf("%s: %s, %s, %v", tt.words, arrived, failed, found)
		}
	}
}

func TestSameWord(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		same bool
	}{
		{"DELIVERED", "delivered", true},
		{"message.delivered", "DELIVERED", true},
		{"MessageStatus.DELIVERED", " delivered ", true},
		{"4", "4.0", true},
		{"4", "40", false},
		{"1.5", "2.5", false},
		{"geöffnet", "GEÖFFNET", true},
		{"sent.", "delivered.", false},
		{"", "SENT", false},
		{".sent", "sent", false},
		{"was sent.", "was read.", false},
	} {
		if SameWord(tt.a, tt.b) != tt.same {
			t.Errorf("%q and %q: the same is %v", tt.a, tt.b, !tt.same)
		}
	}
}

// checkStatuses: whatever stands in a config is refused, or holds what the rules
// of one word for two statuses promise and is printed so that it reads back.
func checkStatuses(t interface{ Errorf(string, ...any) }, stands map[string]string) {
	p, err := confirming(stands)
	if err != nil {
		return
	}
	words := p.Statuses()
	if len(words) != len(stands) {
		t.Errorf("%v became %s", stands, words)
	}
	all := NamedStatuses()
	for i, a := range all {
		for _, b := range all[i+1:] {
			if !words.Kept(a) || !words.Kept(b) || !SameWord(words.Word(a), words.Word(b)) || lifecycle.Precedes(a, b) || lifecycle.Precedes(b, a) {
				continue
			}
			if _, _, found := words.OneWordForBoth(); !found {
				t.Errorf("%s: %s and %s have one word", words, a, b)
			}
		}
	}
	var back map[string]*string
	if err := yaml.Unmarshal([]byte(words.String()), &back); err != nil {
		t.Errorf("%s: %v", words, err)
	}
	for s, word := range words {
		if got := back[string(s)]; (got == nil) != (word == "") || got != nil && *got != word {
			t.Errorf("%s: %s reads back as %v, want %q", words, s, got, word)
		}
	}
}

func TestStatusesHoldWhatTheyPromise(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var keys []string
		for _, s := range NamedStatuses() {
			keys = append(keys, string(s), strings.ToLower(string(s)), "message."+string(s))
		}
		word := rapid.OneOf(rapid.SampledFrom([]string{"", "a", "A", "4", "4.0", "sent", "FAILED", "null", "yes", "- x", "it's", "été", "08", "1e3", "x: y", "~", "#"}), rapid.String())
		checkStatuses(t, rapid.MapOfN(rapid.SampledFrom(keys), word, 1, 6).Draw(t, "statuses"))
	})
}

func FuzzStatuses(f *testing.F) {
	f.Add("QUEUED", "accepted", "ROUTED", "accepted")
	f.Add("DELIVERED", "done", "message.failed", "DONE")
	f.Add("read", "", "Sent", "4")
	f.Add("BLOCKED", "nan", "READ", "NaN")
	f.Add("DELIVERED", "0", "FAILED", "\xb3")
	f.Fuzz(func(t *testing.T, key1, word1, key2, word2 string) {
		checkStatuses(t, map[string]string{key1: word1, key2: word2})
	})
}
