package oracle_test

import (
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

// story is what happened to one message, a word for each delivery:
//
//	SENT        delivered and acknowledged
//	SENT!       answered 401
//	SENT?       the sender hung up
//	SENT-       the request was cut off
//	~SENT       a forged one that was refused; ~SENT+ one that was accepted
//	SENT=ROUTED at the same instant
//	|           the receiver is restarted, and forgets nothing
//
// A word that was there before is the same event again.
func story(o *oracle.Oracle, text string) *oracle.Record {
	id := uuid.New()
	n, group := 0, 0
	for word := range strings.FieldsSeq(text) {
		if word == "|" {
			o.Restarted(false)
			continue
		}
		mates := strings.Split(word, "=")
		if group++; len(mates) == 1 {
			group--
		}
		for _, w := range mates {
			n++
			s := chaos.Step{Number: n, Kind: chaos.KindDeliver, Attempt: 1, Occurrence: chaos.First, Rule: "SIG-1"}
			out := delivery.Outcome{Kind: delivery.Answered, Status: http.StatusOK}
			if len(mates) > 1 {
				s.Group = group
			}
			w, forged := strings.CutPrefix(w, "~")
			status := strings.TrimRight(w, "!?-+")
			switch {
			case strings.HasSuffix(w, "!"):
				out.Status = http.StatusUnauthorized
			case strings.HasSuffix(w, "?"):
				s.Sender, out = delivery.HangUp, delivery.Outcome{Kind: delivery.Reset}
			case strings.HasSuffix(w, "-"):
				s.Sender, out = delivery.Cut, delivery.Outcome{Kind: delivery.Reset}
			}
			if forged {
				s.Kind, s.Forgery = chaos.KindForge, "wrong-secret"
				if !strings.HasSuffix(w, "+") {
					out.Status = http.StatusUnauthorized
				}
			}
			s.Subject = chaos.Subject{Kind: chaos.AboutMessage, Index: 1, ID: id, On: event.WhatsApp}
			if slices.Contains([]string{event.TemplatePending, event.TemplateApproved, event.TemplateRejected, event.TemplateCategoryUpdated}, status) {
				s.Subject.Kind = chaos.AboutTemplate
			}
			s.Event = chaos.Event{
				ID: uuid.NewSHA1(id, []byte(status)), Type: event.TypeOf(event.Status(status)), Status: status,
				At: time.Date(2026, 1, 1, 0, 0, n, 0, time.UTC),
			}
			o.Saw(s, out, "")
		}
	}
	for _, r := range o.TakeAll() {
		return r
	}
	return nil
}

func TestExpectedStatuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		story string
		want  string // statuses with | between; ? may be unknown; absent; unjudged
	}{
		{"QUEUED ROUTED SENT DELIVERED READ", "READ"},
		{"QUEUED DELIVERED SENT", "DELIVERED"},
		{"READ DELIVERED", "READ"},
		{"QUEUED FAILED SENT", "FAILED"},
		{"FAILED QUEUED", "FAILED"},
		{"QUEUED SENT?", "SENT|QUEUED"},
		{"QUEUED SENT? SENT", "SENT"},
		{"SENT?", "SENT?"},
		{"QUEUED SENT-", "QUEUED"},
		{"QUEUED SENT!", "SENT|QUEUED"},
		{"DELIVERED FAILED", "DELIVERED|FAILED"}, // not asserted: sources and good receivers differ
		{"QUEUED DELIVERED FAILED?", "DELIVERED|FAILED"},
		{"~READ", "absent"},
		{"QUEUED ~READ", "QUEUED"},
		{"QUEUED ~READ+", "unjudged"},
		{"PENDING APPROVED", "APPROVED"},
		{"APPROVED PENDING REJECTED", "REJECTED"},
		{"PENDING APPROVED CATEGORY_UPDATED", "APPROVED|CATEGORY_UPDATED"}, // no outcome of a review
		{"APPROVED CATEGORY_UPDATED REJECTED", "REJECTED"},
		{"CLICKED", "unjudged"},
		{"QUEUED CLICKED", "QUEUED"},
	} {
		t.Run(tt.story, func(t *testing.T) {
			t.Parallel()
			o := oracle.New(chaos.Plan{}, nil, nil, false)
			e := o.Expect(story(o, tt.story))
			got := strings.Join(e.Statuses, "|")
			if e.Missing {
				got += "?"
			}
			switch {
			case e.Absent:
				got = "absent"
			case e.Unjudged != "":
				got = "unjudged"
			}
			if got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// The control of a message gets its events in an order in which it can have
// taken them.
func TestOrders(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ story, want string }{
		{"QUEUED SENT", "QUEUED, SENT"},
		{"QUEUED SENT QUEUED SENT", "QUEUED, SENT"},
		{"SENT QUEUED", "SENT, QUEUED"},
		{"QUEUED=SENT", "QUEUED, SENT / SENT, QUEUED"},
		{"QUEUED=QUEUED", "QUEUED"},
		{"SENT? READ SENT", "SENT, READ / READ, SENT"},
		{"SENT? READ", "READ / SENT, READ"},
		{"SENT- READ SENT", "READ, SENT"},
		{"A? B? C? D? E? F?", ""}, // too many to follow up
	} {
		t.Run(tt.story, func(t *testing.T) {
			t.Parallel()
			o := oracle.New(chaos.Plan{}, nil, nil, false)
			var got []string
			for _, order := range o.Expect(story(o, strings.ReplaceAll(tt.story, "A?", "SCHEDULED?"))).Orders {
				got = append(got, order.String())
			}
			want := strings.Split(tt.want, " / ")
			if tt.want == "" {
				want = nil
			}
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

// judge tells the oracle one message's story and its state, and returns the
// rules that are broken.
func judge(o *oracle.Oracle, text string, st probe.State, c oracle.Controls) {
	r := story(o, text)
	st.Known, st.HasStatus = st.Status != "", st.Status != ""
	o.Judge(r, o.Expect(r), st, c, true)
}

func TestViolations(t *testing.T) {
	t.Parallel()
	effects := func(n int) probe.State { return probe.State{Status: "SENT", HasEffects: true, Effects: n} }
	for _, tt := range []struct {
		name, story string
		st          probe.State
		want        string // "" for none
	}{
		{"right", "QUEUED SENT", probe.State{Status: "SENT"}, ""},
		{"right, in other letters", "QUEUED SENT", probe.State{Status: "message.sent"}, ""},
		{"a late one", "DELIVERED SENT", probe.State{Status: "SENT"}, "ORD-3"},
		{"DELIVERED over READ", "READ DELIVERED", probe.State{Status: "DELIVERED"}, "ORD-4"},
		{"SENT over FAILED", "FAILED SENT", probe.State{Status: "SENT"}, "ORD-6"},
		{"another message's", "QUEUED", probe.State{Status: "READ"}, "ORD-7"},
		{"a forged one's", "QUEUED ~READ", probe.State{Status: "READ"}, "SIG-13"},
		{"a trace of a forged one", "~READ", probe.State{Status: "READ"}, "SIG-13"},
		{"no trace of a forged one", "~READ", probe.State{}, ""},
		{"not the last", "QUEUED ROUTED SENT", probe.State{Status: "ROUTED"}, "ORD-1"},
		{"none at all", "QUEUED", probe.State{}, "ORD-1"},
		{"DELIVERED after FAILED is nobody's fault", "FAILED DELIVERED", probe.State{Status: "FAILED"}, ""},
		{"no status to read", "QUEUED", probe.State{}, "ORD-1"},
		{"one effect each", "QUEUED SENT", effects(2), ""},
		{"as many as the control", "QUEUED SENT SENT", effects(4), ""},
		{"more than the control", "QUEUED SENT SENT", effects(5), "IDEM-2"},
		{"fewer than the control", "QUEUED SENT", effects(1), "IDEM-4"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := oracle.New(chaos.Plan{}, nil, nil, false)
			for range 50 { // a run is more than one message
				judge(o, "QUEUED SENT", probe.State{Status: "SENT"}, oracle.Controls{})
			}
			judge(o, tt.story, tt.st, oracle.Controls{Effects: map[string]int{"QUEUED, SENT": 4, "SENT, QUEUED": 4}})
			var got []string
			for rule, n := range o.Findings().Violated {
				got = append(got, rule)
				if n != 1 {
					t.Errorf("%s is violated %d times", rule, n)
				}
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("got %v, want %q", got, tt.want)
			}
		})
	}
}

// A restart may be the reason for effects too many only between two deliveries, and
// for what is missing also between them and the reading.
func TestARestartInBetween(t *testing.T) {
	t.Parallel()
	effects := func(n int) probe.State { return probe.State{Status: "SENT", HasEffects: true, Effects: n} }
	for _, tt := range []struct {
		story string
		st    probe.State
		want  bool
	}{
		{"| QUEUED SENT SENT", effects(5), false},
		{"QUEUED SENT SENT |", effects(5), false},
		{"QUEUED SENT | SENT", effects(5), true},
		{"| QUEUED SENT", effects(1), false},
		{"QUEUED SENT |", effects(1), true},
		{"| QUEUED SENT", probe.State{}, false},
		{"QUEUED | SENT", probe.State{}, true},
		{"QUEUED SENT |", probe.State{}, true},
	} {
		o := oracle.New(chaos.Plan{}, nil, nil, false)
		judge(o, tt.story, tt.st, oracle.Controls{Effects: map[string]int{"QUEUED, SENT": 4, "SENT, QUEUED": 4}})
		for _, all := range o.Findings().Violations {
			if len(all) != 1 || all[0].Restarted != tt.want {
				t.Errorf("%s, %+v: %+v", tt.story, tt.st, all)
			}
		}
		if len(o.Findings().Violations) != 1 {
			t.Errorf("%s: %+v", tt.story, o.Findings().Violations)
		}
	}
}

// What fails for one reason is not held against another one that is there as well.
func TestCauses(t *testing.T) {
	t.Parallel()
	o := oracle.New(chaos.Plan{}, nil, nil, false)
	for range 40 {
		judge(o, "QUEUED ROUTED SENT DELIVERED", probe.State{Status: "DELIVERED"}, oracle.Controls{})
		judge(o, "QUEUED DELIVERED", probe.State{Status: "DELIVERED"}, oracle.Controls{})
	}
	for range 5 {
		judge(o, "QUEUED READ DELIVERED", probe.State{Status: "DELIVERED"}, oracle.Controls{}) // skips too
		judge(o, "QUEUED FAILED SENT", probe.State{Status: "SENT"}, oracle.Controls{})
	}
	findings := o.Findings()
	if findings.Violated["ORD-4"] != 5 || findings.Violated["ORD-6"] != 5 || len(findings.Violated) != 2 {
		t.Errorf("violated %v, want ORD-4 and ORD-6 five times each", findings.Violated)
	}
	for _, rule := range []string{"ORD-1", "ORD-2", "ORD-7"} {
		if findings.Checked[rule] == 0 {
			t.Errorf("%s was kept, and nobody noted it: %v", rule, findings.Checked)
		}
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	ok := delivery.Outcome{Kind: delivery.Answered, Status: 200}
	code := func(n int) delivery.Outcome { return delivery.Outcome{Kind: delivery.Answered, Status: n} }
	genuine := chaos.Step{Number: 7, Kind: chaos.KindDeliver, Rule: "TOL-4"}
	forged := chaos.Step{Number: 7, Kind: chaos.KindForge, Forgery: "wrong-secret", Rule: "SIG-3"}
	garbage := chaos.Step{Number: 7, Kind: chaos.KindDeliver, Rule: "TOL-7"}
	hangs := chaos.Step{Number: 7, Kind: chaos.KindDeliver, Rule: "SIG-1", Sender: delivery.HangUp}
	for _, tt := range []struct {
		name string
		step chaos.Step
		out  delivery.Outcome
		want string
	}{
		{"accepted", genuine, ok, ""},
		{"any 2xx", genuine, code(204), ""},
		{"refused", genuine, code(400), "TOL-4"},
		{"broken", genuine, code(500), "TOL-4"},
		{"redirected", genuine, code(302), "ACK-3"},
		{"no answer", genuine, delivery.Outcome{Kind: delivery.Timeout}, "TOL-4"},
		{"forged and refused", forged, code(403), ""},
		{"forged and accepted", forged, ok, "SIG-3"},
		{"forged and broken", forged, code(500), "SIG-3"},
		{"forged and dropped", forged, delivery.Outcome{Kind: delivery.Reset}, "SIG-3"},
		{"garbage and refused", garbage, code(422), ""},
		{"garbage and accepted", garbage, ok, "TOL-7"},
		{"garbage and broken", garbage, code(500), "TOL-9"},
		{"garbage and dropped", garbage, delivery.Outcome{Kind: delivery.Reset}, "TOL-9"},
		{"nobody waits", hangs, delivery.Outcome{Kind: delivery.Reset}, ""},
		{"stopped by us", genuine, delivery.Outcome{Kind: delivery.Cancelled}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v, ok := oracle.Answer(tt.step, tt.out, "")
			if ok != (tt.want == "") || v.Rule != tt.want {
				t.Errorf("got %q, %t, want %q", v.Rule, ok, tt.want)
			}
			if !ok && (v.Step != 7 || v.Summary == "" || v.Expected == "") {
				t.Errorf("the violation says too little: %+v", v)
			}
		})
	}
}
