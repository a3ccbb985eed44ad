package oracle

import (
	"slices"

	"github.com/google/uuid"
	"github.com/tidwall/gjson"

	"github.com/sentsim/sentsim/scenarios/probe"
	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/contract"
	"github.com/sentsim/sentsim/simulator/event"
)

// backRule is the rule that a message breaks which moves from one status back to another.
func backRule(from, to string) string {
	switch {
	case from == string(event.Failed):
		return contract.ORD6
	case from == string(event.Read) && to == string(event.Delivered):
		return contract.ORD4
	}
	return contract.ORD3
}

// claimed reports whether the state is what a forged delivery said.
func (r *Record) claimed(st probe.State) bool {
	return slices.ContainsFunc(r.forged(), func(a Arrival) bool { return r.is(st, a.Step.Event.Status) })
}

// told reports whether the state is what a genuine delivery said.
func (r *Record) told(st probe.State) bool {
	return slices.ContainsFunc(r.genuine(), func(a Arrival) bool { return r.is(st, a.Step.Event.Status) })
}

// precursor reports whether an event was forged before it came.
func (r *Record) precursor(e chaos.Event) bool {
	return slices.ContainsFunc(r.forged(), func(a Arrival) bool { return a.Step.Event.ID == e.ID })
}

// repeats reports whether a contact wrote the same text twice.
func (r *Record) repeats() bool {
	said := map[string]uuid.UUID{}
	for _, a := range r.genuine() {
		text := gjson.GetBytes(a.Step.Body, "payload.text").Raw
		if id, ok := said[text]; ok && id != a.Step.Event.ID {
			return true
		}
		said[text] = a.Step.Event.ID
	}
	return false
}

// shows are the rules that a right state shows to be kept.
func (r *Record) shows(e Expectation, st probe.State) []string {
	var rules []string
	add := func(rule string) {
		if !slices.Contains(rules, rule) {
			rules = append(rules, rule)
		}
	}
	if r.Forged() && st.Known {
		add(contract.SIG13)
	}
	switch r.Subject.Kind {
	case chaos.AboutContact: // judgeContact says it
	case chaos.AboutTemplate:
		if st.HasStatus {
			add(contract.TPL1)
		}
	case chaos.AboutInbound:
		if st.HasCount {
			add(contract.IDEM5)
			for _, f := range r.effectFeatures() {
				add(f.Rule)
			}
		}
	case chaos.AboutMessage:
		if st.HasStatus && len(e.Statuses) > 0 {
			add(contract.ORD1)
			add(contract.ORD7)
			for _, f := range r.stateFeatures(e, st) {
				add(f.Rule)
			}
		}
		if st.HasEffects && len(e.Orders) > 0 {
			for _, f := range r.effectFeatures() {
				add(f.Rule)
			}
		}
	}
	return rules
}
