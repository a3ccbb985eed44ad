package oracle_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/scenarios/learn"
	"github.com/sentsim/sentsim/scenarios/oracle"
	"github.com/sentsim/sentsim/scenarios/probe"
	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
)

// A right state shows a rule to be kept only if a wrong one could have been told from it.
func TestARightStateShowsWhatCouldBeSeen(t *testing.T) {
	t.Parallel()
	const (
		readFirst = "QUEUED SENT READ DELIVERED"
		inOrder   = "QUEUED SENT DELIVERED READ"
	)
	dropped := learn.Words{event.Read: {Text: "delivered"}}
	merged := learn.Words{event.Read: {Text: "delivered", Kept: true}, event.Delivered: {Text: "delivered", Kept: true}}
	for _, tt := range []struct {
		name, story, state string
		words              learn.Words
		rule               string
		shown              bool
	}{
		{"a word for each", readFirst, "READ", nil, "ORD-4", true},
		{"READ is not kept", readFirst, "DELIVERED", dropped, "ORD-4", false},
		{"READ goes under the word of DELIVERED", readFirst, "delivered", merged, "ORD-4", false},
		{"SENT is late", "QUEUED DELIVERED SENT", "DELIVERED", dropped, "ORD-3", true},
		{"READ comes after DELIVERED and is not kept", inOrder, "DELIVERED", dropped, "ORD-3", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := oracle.New(chaos.Plan{}, tt.words, nil, false)
			judge(o, tt.story, probe.State{Status: tt.state}, oracle.Controls{})
			f := o.Findings()
			if len(f.Violated) > 0 || f.Checked["ORD-1"] == 0 || (f.Checked[tt.rule] > 0) != tt.shown {
				t.Errorf("%s is shown %d times, ORD-1 %d times; violated: %v", tt.rule, f.Checked[tt.rule], f.Checked["ORD-1"], f.Violated)
			}
		})
	}
}

// That DELIVERED is accepted after READ says nothing of the status that is kept.
func TestAnAnswerShowsNoRuleOfTheState(t *testing.T) {
	t.Parallel()
	o := oracle.New(chaos.Plan{}, nil, nil, false)
	ok := delivery.Outcome{Kind: delivery.Answered, Status: http.StatusOK}
	id := uuid.New()
	for n, status := range []event.Status{event.Queued, event.Read, event.Delivered} {
		s := chaos.Step{
			Number: n + 1, Kind: chaos.KindDeliver, Attempt: 1, Occurrence: chaos.First, Rule: "SIG-1",
			Subject: chaos.Subject{Kind: chaos.AboutMessage, Index: 1, ID: id, On: event.WhatsApp},
			Event:   chaos.Event{ID: uuid.New(), Type: event.TypeOf(status), Status: string(status)},
		}
		if !o.Answered(s, ok, time.Now(), nil) {
			t.Fatalf("%s: not accepted", status)
		}
		o.Saw(s, ok, "")
	}
	f := o.Findings()
	if f.Checked["SIG-1"] == 0 || f.Checked["ORD-2"] == 0 || f.Checked["ORD-4"] > 0 {
		t.Errorf("kept: %v, want SIG-1 and ORD-2, and not ORD-4", f.Checked)
	}
}
