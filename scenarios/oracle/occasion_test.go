package oracle_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/scenarios/oracle"
	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
)

// What races is counted: once is not as often as the contract's scenarios send it. A pair
// counts that nothing follows which would put it right, and whose deliveries were taken.
func TestOccasionsOfWhatRaces(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]map[string]int{
		"QUEUED ROUTED SENT=DELIVERED":      {oracle.Pair: 1, oracle.Sequence([]string{"QUEUED", "ROUTED", "SENT", "DELIVERED"}): 0},
		"QUEUED ROUTED SENT DELIVERED":      {oracle.Pair: 0, oracle.Sequence([]string{"QUEUED", "ROUTED", "SENT", "DELIVERED"}): 1},
		"QUEUED ROUTED DELIVERED=SENT":      {oracle.Pair: 1},
		"QUEUED ROUTED=SENT DELIVERED":      {oracle.Pair: 0},
		"QUEUED ROUTED SENT=DELIVERED!":     {oracle.Pair: 0},
		"QUEUED SENT=DELIVERED SENT":        {oracle.Pair: 1},
		"QUEUED ROUTED DELIVERED DELIVERED": {oracle.Pair: 0, oracle.AfterMore: 0},
		"QUEUED ROUTED DELIVERED ROUTED":    {oracle.AfterMore: 1},
		"QUEUED ROUTED DELIVERED ROUTED!":   {oracle.AfterMore: 0},
		"QUEUED ~SENT SENT":                 {oracle.ForgedBefore: 1},
		"QUEUED ~DELIVERED SENT":            {oracle.ForgedBefore: 0},
	} {
		o := oracle.New(chaos.Plan{}, nil, nil, false)
		story(o, text)
		got := o.Findings().Occasions
		for name, n := range want {
			if got[name] != n {
				t.Errorf("%s is %d times %q, want %d", text, got[name], name, n)
			}
		}
	}
	message, text := chaos.Subject{Kind: chaos.AboutMessage}, chaos.Subject{Kind: chaos.AboutInbound}
	for _, tt := range []struct {
		step  chaos.Step
		times int
		name  string
		want  int
	}{
		{chaos.Step{Group: 1, Faults: []chaos.Fault{chaos.FaultBurst}}, 50, oracle.Burst(50), 1},
		{chaos.Step{Group: 1, Faults: []chaos.Fault{chaos.FaultBurst}}, 49, oracle.Burst(50), 0},
		{chaos.Step{Subject: message, Group: 1, Occurrence: chaos.Duplicate, Faults: []chaos.Fault{chaos.FaultAtOnce}}, 9, oracle.Copies(chaos.AboutMessage), 9},
		{chaos.Step{Subject: text, Group: 1, Occurrence: chaos.Duplicate, Faults: []chaos.Fault{chaos.FaultAtOnce}}, 9, oracle.Copies(chaos.AboutInbound), 9},
		{chaos.Step{Subject: text, Group: 1, Occurrence: chaos.First, Faults: []chaos.Fault{chaos.FaultAtOnce}}, 1, oracle.Copies(chaos.AboutInbound), 0},
		{chaos.Step{Subject: message, Attempt: 2, Faults: []chaos.Fault{chaos.FaultHangUp}}, 3, oracle.Unheard(delivery.HangUp), 3},
		{chaos.Step{Subject: message, Attempt: 1, Faults: []chaos.Fault{chaos.FaultHangUp}, Sender: delivery.HangUp}, 3, oracle.Unheard(delivery.HangUp), 0},
		{chaos.Step{Subject: message, Attempt: 2, Faults: []chaos.Fault{chaos.FaultLostAck}}, 1, oracle.Unheard(delivery.LoseAck), 1},
		{chaos.Step{Subject: message, Skew: -4 * time.Minute}, 1, oracle.Skewed("-240"), 1},
	} {
		o := oracle.New(chaos.Plan{}, nil, nil, false)
		tt.step.Kind = chaos.KindDeliver
		for range tt.times {
			o.Saw(tt.step, delivery.Outcome{Kind: delivery.Answered, Status: 200}, "")
		}
		if got := o.Findings().Occasions[tt.name]; got != tt.want {
			t.Errorf("%d times %v with attempt %d are %d times %q, want %d", tt.times, tt.step.Faults, tt.step.Attempt, got, tt.name, tt.want)
		}
	}
}

// What a genuine delivery says is an occasion for the scenario that says it, in that
// scenario's words: a rule is not passed on its neighbour's.
func TestOccasionsOfWhatIsSaid(t *testing.T) {
	t.Parallel()
	message := chaos.Subject{Kind: chaos.AboutMessage, ID: uuid.UUID{1}}
	inbound := chaos.Subject{Kind: chaos.AboutInbound, ID: uuid.UUID{2}, From: "+14155550100", On: event.RCS}
	template := chaos.Subject{Kind: chaos.AboutTemplate, ID: uuid.UUID{3}}
	for name, tt := range map[string]struct {
		step chaos.Step
		want string
	}{
		"a null":           {chaos.Step{Subject: message, Faults: []chaos.Fault{chaos.FaultNullFields}, Body: chaos.Body(`{"payload":{"inbound_number":null}}`)}, oracle.Changed("a message event", "a null inbound_number")},
		"what is missing":  {chaos.Step{Subject: message, Event: chaos.Event{Status: "FAILED"}, Faults: []chaos.Fault{chaos.FaultNullFields}, Body: chaos.Body(`{"payload":{}}`)}, oracle.Changed("a failed event", "no reason")},
		"more fields":      {chaos.Step{Subject: template, Faults: []chaos.Fault{chaos.FaultExtraFields}, Body: chaos.Body(`{"payload":{}}`)}, oracle.Changed("a template event", "extra fields")},
		"a status":         {chaos.Step{Subject: template, Event: chaos.Event{Status: "REJECTED"}, Body: chaos.Body(`{"payload":{}}`)}, oracle.Status("REJECTED")},
		"a hostile text":   {chaos.Step{Subject: inbound, Faults: []chaos.Fault{chaos.FaultHostileText}, Body: chaos.Body(`{"payload":{"text":"'; DROP TABLE messages; -- \" OR 1=1 \\"}}`)}, oracle.Text("SQL injection")},
		"a text":           {chaos.Step{Subject: inbound, Body: chaos.Body(`{"payload":{"text":"Hello"}}`)}, oracle.TextOn(event.RCS)},
		"a null text":      {chaos.Step{Subject: inbound, Body: chaos.Body(`{"payload":{"text":null}}`)}, oracle.NullText},
		"no object":        {chaos.Step{Faults: []chaos.Fault{chaos.FaultNotAnObject}, Body: chaos.Body("[]")}, oracle.NoObject("an empty array")},
		"an unknown field": {chaos.Step{Event: chaos.Event{Type: "numbers.updated"}, Faults: []chaos.Fault{chaos.FaultUnknownField}, Body: chaos.Body(`{}`)}, oracle.Field("numbers")},
	} {
		tt.step.Kind, tt.step.Attempt = chaos.KindDeliver, 1
		o := oracle.New(chaos.Plan{}, nil, nil, false)
		o.Saw(tt.step, delivery.Outcome{Kind: delivery.Answered, Status: 200}, "")
		var got []string
		for name := range o.Findings().Occasions {
			got = append(got, name)
		}
		if !slices.Contains(got, tt.want) {
			t.Errorf("%s is an occasion for %q, not for %q", name, got, tt.want)
		}
		o = oracle.New(chaos.Plan{}, nil, nil, false)
		o.Saw(tt.step, delivery.Outcome{Kind: delivery.Timeout}, "")
		tt.step.Sender = delivery.HangUp
		o.Saw(tt.step, delivery.Outcome{Kind: delivery.Answered, Status: 200}, "")
		if n := len(o.Findings().Occasions); n > 0 {
			t.Errorf("%s, whose answer nobody saw, is %d occasions", name, n)
		}
	}
}
