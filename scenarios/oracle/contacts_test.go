package oracle_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/scenarios/oracle"
	"github.com/sentsim/sentsim/scenarios/probe"
	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
)

// contactStory is what a contact gave and wrote, a word for each delivery in the
// order of arrival: "opt_out@2" is a signal of that second, "text" and "STOP" are
// texts; "?" at the end: the sender hung up, "!": it was forged, "=": at the same instant as the one
// before, "<" in front: sent before that one was answered.
func contactStory(o *oracle.Oracle, from, story string) {
	number := 100 * len(from)
	for word := range strings.FieldsSeq(story) {
		number++
		s := chaos.Step{Number: number, Kind: chaos.KindDeliver, Attempt: 1, Occurrence: chaos.First, Rule: "TOL-3"}
		out := delivery.Outcome{Kind: delivery.Answered, Status: http.StatusOK, Start: time.Unix(int64(number), 0), Duration: time.Millisecond}
		if strings.Contains(word, "=") {
			s.Group = 1
		}
		word, early := strings.CutPrefix(word, "<")
		if early {
			out.Start = out.Start.Add(-2 * time.Second)
		}
		word, forged := strings.CutSuffix(strings.Trim(word, "="), "!")
		if forged {
			s.Kind, out.Status = chaos.KindForge, http.StatusUnauthorized
		}
		word, unsure := strings.CutSuffix(word, "?")
		if unsure {
			s.Sender, out = delivery.HangUp, delivery.Outcome{Kind: delivery.Reset, Start: out.Start}
		}
		s.Event.ID = uuid.NewSHA1(uuid.Nil, []byte(from+word))
		s.Subject = chaos.Subject{Kind: chaos.AboutInbound, Index: 1, ID: s.Event.ID, From: from}
		s.Event.Type, s.Body = event.TypeOf(event.Received), chaos.Body(`{"payload":{"text":"`+word+`"}}`)
		if name, second, ok := strings.Cut(word, "@"); ok {
			s.Subject.Kind, s.Subject.ID = chaos.AboutContact, uuid.Nil
			s.Event.Type, s.Event.At = event.Type("contact."+name), time.Unix(int64(second[0]-'0'), 0)
			s.Body = chaos.Body(`{"payload":{"source":"INBOUND_KEYWORD"}}`)
		}
		o.Saw(s, out, "")
	}
}

// How a contact stands is judged by the latest signal that the receiver has for
// certain, and not where it may have another.
func TestContactsAreJudgedByTheLatestSignal(t *testing.T) {
	t.Parallel()
	out, in := probe.State{Known: true, HasOptedOut: true, OptedOut: true}, probe.State{Known: true, HasOptedOut: true}
	for _, tt := range []struct {
		story      string
		st         probe.State
		want, kept int // of CON-1
	}{
		{"opt_out@1", out, 0, 1},
		{"opt_out@1", in, 1, 0},
		{"opt_out@1", probe.State{}, 1, 0},
		{"opt_in@1", probe.State{}, 0, 1},
		{"opt_in@1", out, 1, 0},
		{"opt_out@2 opt_in@1", in, 1, 0},
		{"opt_out@2 opt_in@1", out, 0, 1},
		{"opt_in@1 opt_out@1", in, 0, 0},
		{"opt_in@1 opt_out@2?", out, 0, 0},
		{"opt_in@1 opt_out@2?", in, 0, 0},
		{"opt_in@1 opt_out@2? opt_out@2", in, 1, 0},
		{"opt_out@1 help@2", in, 1, 0},
		{"opt_out@1!", in, 0, 0}, // who is known may only have written
	} {
		o := oracle.New(chaos.Plan{}, nil, nil, false)
		contactStory(o, "+1", tt.story)
		for _, r := range o.TakeAll() {
			o.Judge(r, o.Expect(r), tt.st, oracle.Controls{}, true)
		}
		b := o.Findings()
		if b.Violated["CON-1"] != tt.want || b.Checked["CON-1"] != max(tt.want, tt.kept) || len(b.Violated) != tt.want {
			t.Errorf("%q and opted out %t: violated %v, checked %v", tt.story, tt.st.OptedOut, b.Violated, b.Checked)
		}
	}
}

// One that had opted out when the run began says nothing.
func TestAContactOfAnEarlierRunIsNotJudged(t *testing.T) {
	t.Parallel()
	o := oracle.New(chaos.Plan{}, nil, nil, false)
	o.Baseline(chaos.Subject{Kind: chaos.AboutContact, Index: 1, From: "+1"}, 1)
	contactStory(o, "+1", "opt_in@1")
	for _, r := range o.TakeAll() {
		if e := o.Expect(r); e.Unjudged == "" {
			t.Errorf("it is expected to be %+v", e.Standing)
		}
	}
}

// A forged text has left a trace where more texts are counted than before this run, and
// not where an earlier one wrote from the same number.
func TestATraceIsWhatWasNotThereBefore(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ before, count, want int }{{0, 0, 0}, {0, 1, 1}, {2, 2, 0}, {2, 3, 1}} {
		o := oracle.New(chaos.Plan{}, nil, nil, false)
		o.Baseline(chaos.Subject{Kind: chaos.AboutInbound, Index: 1, From: "+1"}, tt.before)
		contactStory(o, "+1", "text!")
		st := probe.State{Known: tt.count > 0, HasCount: true, Count: tt.count}
		for _, r := range o.TakeAll() {
			if e := o.Expect(r); e.Fits(st, r) != (tt.want == 0) {
				t.Errorf("%d texts before, %d now: fits %t", tt.before, tt.count, e.Fits(st, r))
			}
			o.Judge(r, o.Expect(r), st, oracle.Controls{}, true)
		}
		if f := o.Findings(); f.Violated["SIG-13"] != tt.want || f.Checked["SIG-13"] != 1 {
			t.Errorf("%d texts before, %d now: violated %v, checked %v", tt.before, tt.count, f.Violated, f.Checked)
		}
	}
}

// What the contract's scenarios send is an occasion only if all of it arrived in
// that order for certain.
func TestOccasionsOfContacts(t *testing.T) {
	t.Parallel()
	for story, want := range map[string]string{
		"opt_out@1 opt_in@2":                     "the signals opt_out, opt_in",
		"opt_out@2 opt_in@1":                     "the signals opt_out at 20 s, opt_in at 10 s",
		"opt_out@1? opt_in@2":                    "",
		"opt_out@1? opt_out@1 opt_in@2 opt_in@2": "the signals opt_out, opt_in",
		"opt_out@1? opt_in@2 opt_out@1":          "",
	} {
		o := oracle.New(chaos.Plan{}, nil, nil, false)
		contactStory(o, "+1", story)
		o.TakeAll()
		var got []string
		for name := range o.Findings().Occasions {
			if strings.HasPrefix(name, "the signals") {
				got = append(got, name)
			}
		}
		if strings.Join(got, "; ") != want {
			t.Errorf("%q: %q, want %q", story, got, want)
		}
	}
}

// Nothing is sent to one who wrote when it had opted out for certain. That it was
// not shows something only where an ordinary text was answered.
func TestNothingIsSentToOneWhoHasOptedOut(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		story    string
		sent     int
		answers  bool
		violated string
		kept     bool // CON-2
	}{
		{"opt_out@1 text", 0, true, "", true},
		{"opt_out@1 text", 0, false, "", false},
		{"opt_out@1 text", 1, true, "CON-2", false},
		{"opt_out@1 text", 1, false, "CON-2", false},
		{"text opt_out@1", 1, true, "", false},
		{"opt_out@1 <text", 1, true, "", false},
		{"opt_out@1 <text", 0, true, "", false},
		{"opt_out@1? text", 1, true, "", false},
		{"opt_out@1= text=", 1, true, "", false},
		{"opt_out@1 opt_in@2 text", 1, true, "", false},
		{"opt_out@1 text opt_in@2", 1, true, "", false},
		{"opt_out@1 opt_in@2? text", 1, true, "", false},
		{"opt_out@2 opt_in@1 text", 1, true, "CON-2", false},
		{"opt_in@1 text", 0, true, "", false},
		{"STOP opt_out@1", 1, true, "INB-2", false},
		{"STOP opt_out@1", 0, true, "", false},
	} {
		o := oracle.New(chaos.Plan{}, nil, nil, false)
		contactStory(o, "+1", tt.story)
		contactStory(o, "+22", "hello")
		contactStory(o, "+333", "opt_in@1 HELP") // whose answer is no control
		sent := map[string]int{"1": tt.sent, "333": 1}
		if tt.answers {
			sent["22"] = 1
		}
		o.Replies(sent, nil)
		b := o.Findings()
		var violated []string
		for id := range b.Violated {
			violated = append(violated, id)
		}
		slices.Sort(violated)
		if got := strings.Join(violated, " "); got != tt.violated || tt.kept != (b.Checked["CON-2"] > b.Violated["CON-2"]) || b.Checked["INB-2"] > b.Violated["INB-2"] {
			t.Errorf("%s, %d sent, others answered %t: violated %q, checked %v", tt.story, tt.sent, tt.answers, got, fmt.Sprint(b.Checked))
		}
	}
}
