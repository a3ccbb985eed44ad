package oracle_test

import (
	"slices"
	"testing"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/scenarios/oracle"
	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
)

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
