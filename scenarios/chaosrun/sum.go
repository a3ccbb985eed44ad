package chaosrun

import (
	"maps"

	"github.com/sentsim/sentsim/scenarios/oracle"
	"github.com/sentsim/sentsim/simulator/event"
)

// maxTrouble is how much of our own trouble a result tells.
const maxTrouble = 20

// Add adds what another part of the same plan came to. The parts can be added in
// any order. When both were carried out, and how they ended, is for the caller to
// say: those fields stay.
func (r *Result) Add(o Result) {
	c, d := &r.Counts, o.Counts
	c.Steps, c.Sent, c.Accepted, c.Refused = c.Steps+d.Steps, c.Sent+d.Sent, c.Accepted+d.Accepted, c.Refused+d.Refused
	c.Failed, c.Lost, c.Skipped, c.Violated = c.Failed+d.Failed, c.Lost+d.Lost, c.Skipped+d.Skipped, c.Violated+d.Violated
	c.Message = max(c.Message, d.Message)
	if r.Findings.Checked == nil {
		r.Findings = oracle.NewFindings()
	}
	r.Findings.Add(o.Findings)
	r.Latencies.Add(o.Latencies)
	if r.ByType == nil {
		r.ByType = map[event.Type]*Latencies{}
	}
	for typ, of := range o.ByType {
		if r.ByType[typ] == nil {
			r.ByType[typ] = new(Latencies)
		}
		r.ByType[typ].Add(*of)
	}
	if r.Unseen == nil {
		r.Unseen = map[string]string{}
	}
	maps.Copy(r.Unseen, o.Unseen)
	r.Virtual = max(r.Virtual, o.Virtual)
	for _, text := range o.Trouble {
		if len(r.Trouble) < maxTrouble {
			r.Trouble = append(r.Trouble, text)
		}
	}
}
