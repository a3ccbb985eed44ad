package oracle

import (
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/tidwall/gjson"

	"github.com/sentsim/sentsim/scenarios/probe"
	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/lifecycle"
)

// whyStatus is the rule that a wrong status breaks.
func (r *Record) whyStatus(e Expectation, st probe.State) string {
	if r.Subject.Kind == chaos.AboutTemplate {
		if r.claimed(st) {
			return "SIG-13"
		}
		return "TPL-1"
	}
	genuine := r.genuine()
	if st.Known && !slices.ContainsFunc(genuine, func(a Arrival) bool { return st.StatusIs(a.Step.Event.Status) }) {
		if r.claimed(st) {
			return "SIG-13"
		}
		return "ORD-7"
	}
	want := e.Statuses[len(e.Statuses)-1]
	for _, s := range e.Statuses { // of several, one that arrived for certain
		if slices.ContainsFunc(genuine, func(a Arrival) bool { return a.Step.Event.Status == s && a.Taken == Acked }) {
			want = s
		}
	}
	taken := slices.IndexFunc(genuine, func(a Arrival) bool { return a.Step.Event.Status == want && (a.Taken == Acked || a.Taken == Maybe) })
	if taken < 0 {
		return "ORD-1"
	}
	for _, a := range genuine[taken+1:] {
		back := st.Known && st.StatusIs(a.Step.Event.Status) && a.Step.Event.Status != want
		together := a.Step.Group != 0 && a.Step.Group == genuine[taken].Step.Group
		if back && !together {
			return backRule(want, a.Step.Event.Status)
		}
	}
	return r.whyDropped(genuine[taken])
}

// backRule is the rule that a message breaks which moves from one status back to another.
func backRule(from, to string) string {
	switch {
	case from == string(event.Failed):
		return "ORD-6"
	case from == string(event.Read) && to == string(event.Delivered):
		return "ORD-4"
	}
	return "ORD-3"
}

// claimed reports whether the state is what a forged delivery said.
func (r *Record) claimed(st probe.State) bool {
	return slices.ContainsFunc(r.forged(), func(a Arrival) bool { return st.StatusIs(a.Step.Event.Status) })
}

// precursor reports whether an event was forged before it came.
func (r *Record) precursor(id chaos.Event) bool {
	return slices.ContainsFunc(r.forged(), func(a Arrival) bool { return a.Step.Event.ID == id.ID })
}

// whyDropped is the rule that is broken when an event had no effect that arrived like this.
func (r *Record) whyDropped(a Arrival) string {
	has := func(f chaos.Fault) bool { return slices.Contains(a.Step.Faults, f) }
	switch {
	case r.precursor(a.Step.Event):
		return "SIG-13"
	case has(chaos.FaultTogether):
		return "IDEM-4"
	case has(chaos.FaultLateRetry), has(chaos.FaultPause), has(chaos.FaultReset):
		return "RET-1"
	case has(chaos.FaultLostAck), has(chaos.FaultHangUp):
		return "IDEM-6"
	case has(chaos.FaultBurst):
		return "ACK-2"
	case has(chaos.FaultAtOnce):
		return "IDEM-3"
	case r.skips():
		return "ORD-2"
	}
	return "ORD-1"
}

func (r *Record) skips() bool {
	return slices.ContainsFunc(r.genuine(), func(a Arrival) bool { return slices.Contains(a.Step.Faults, chaos.FaultSkip) })
}

// whyTooMany are the rules that an effect too many can break: one where there
// is one cause.
func (r *Record) whyTooMany() []string {
	var rules []string
	add := func(rule string) {
		if !slices.Contains(rules, rule) {
			rules = append(rules, rule)
		}
	}
	epoch := map[string]int{}
	for _, a := range r.genuine() {
		if a.Taken == NotTaken {
			continue
		}
		id := a.Step.Event.ID.String()
		before, again := epoch[id]
		if !again {
			epoch[id] = a.Epoch
			continue
		}
		has := func(f chaos.Fault) bool { return slices.Contains(a.Step.Faults, f) }
		switch {
		case r.Subject.Kind == chaos.AboutInbound:
			add("IDEM-5")
		case before != a.Epoch:
			add("IDEM-7")
		case has(chaos.FaultAtOnce):
			add("IDEM-3")
		case has(chaos.FaultLostAck), has(chaos.FaultHangUp), has(chaos.FaultPause):
			add("IDEM-6")
		case a.Step.Occurrence == chaos.Retry, has(chaos.FaultLateDuplicate):
			add("IDEM-2")
		default:
			add("IDEM-1")
		}
	}
	switch {
	case len(rules) > 0:
		return rules
	case r.Forged():
		return []string{"SIG-13"}
	case r.Subject.Kind == chaos.AboutInbound:
		return []string{"IDEM-5"}
	}
	return []string{"ORD-7"}
}

// whyTooFew is the rule that a missing effect breaks.
func (r *Record) whyTooFew() string {
	for _, a := range r.genuine() {
		if r.precursor(a.Step.Event) {
			return "SIG-13"
		}
	}
	if r.Subject.Kind == chaos.AboutInbound && !r.repeats() {
		return "IDEM-5"
	}
	return "IDEM-4"
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
func (r *Record) shows(st probe.State) []string {
	var rules []string
	add := func(rule string) {
		if !slices.Contains(rules, rule) {
			rules = append(rules, rule)
		}
	}
	genuine := r.genuine()
	if r.Subject.Kind == chaos.AboutTemplate {
		if st.HasStatus {
			add("TPL-1")
		}
		return rules
	}
	if r.Forged() && st.Known {
		add("SIG-13")
	}
	if r.Subject.Kind == chaos.AboutInbound {
		if st.HasCount {
			add("IDEM-5")
		}
		return rules
	}
	best, bestRank := "", 0
	seen := map[string]bool{}
	for _, a := range genuine {
		if a.Taken == NotTaken {
			continue
		}
		status := event.Status(a.Step.Event.Status)
		rank, _ := lifecycle.Rank(status)
		again := seen[a.Step.Event.ID.String()]
		seen[a.Step.Event.ID.String()] = true
		has := func(f chaos.Fault) bool { return slices.Contains(a.Step.Faults, f) }
		if st.HasStatus {
			switch {
			case best != "" && lifecycle.Precedes(status, event.Status(best)):
				add(backRule(best, string(status)))
			case rank > bestRank || status == event.Failed:
				best, bestRank = string(status), rank
			}
			if has(chaos.FaultLateRetry) {
				add("RET-1")
			}
			if has(chaos.FaultSkip) {
				add("ORD-2")
			}
		}
		if st.HasEffects && again {
			for _, rule := range r.whyTooMany() {
				add(rule)
			}
		}
		if st.HasEffects && has(chaos.FaultTogether) {
			add("IDEM-4")
		}
	}
	if st.HasStatus {
		add("ORD-1")
		add("ORD-7")
	}
	return slices.DeleteFunc(rules, func(rule string) bool { return strings.TrimSpace(rule) == "" })
}
