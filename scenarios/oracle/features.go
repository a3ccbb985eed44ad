package oracle

import (
	"fmt"
	"hash/fnv"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/tidwall/gjson"

	"github.com/sentsim/sentsim/scenarios/probe"
	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/contract"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/lifecycle"
)

// Circumstances are what happened to the run before a delivery.
type Circumstances struct {
	Rotated bool      // the target has another secret than at first
	Enabled bool      // the webhook was disabled for a while
	Now     time.Time // when it is sent
}

// oldAfter is from when on an event counts as old.
const oldAfter = 5 * time.Minute

// answerFeatures are what could be the reason why a receiver refuses a genuine
// delivery, the more special before the more general. r is what happened to its
// subject before; nil for none.
func answerFeatures(s chaos.Step, r *Record, c Circumstances) []Feature {
	var all []Feature
	add := func(rule, format string, args ...any) {
		all = append(all, Feature{Name: fmt.Sprintf(format, args...), Rule: rule})
	}
	if s.Skew != 0 {
		add(contract.SIG8, "a clock that is off")
	}
	if has(s, chaos.FaultNullFields) {
		add(contract.TOL4, "a field null or missing")
	}
	if has(s, chaos.FaultExtraFields) {
		add(contract.TOL4, "fields that are not documented")
	}
	if has(s, chaos.FaultHostileText) {
		if text := gjson.GetBytes(s.Body, "payload.text").Raw + gjson.GetBytes(s.Body, "payload.reason").String(); text != "" {
			add(contract.TOL5, "the hostile text %08x", hash(text))
		}
		add(contract.TOL5, "a hostile text")
	}
	if has(s, chaos.FaultUnknownField) {
		add(contract.TOL3, "an unknown field")
	}
	if has(s, chaos.FaultUnknownStatus) {
		id := contract.TOL1
		if s.Subject.Kind == chaos.AboutTemplate {
			id = contract.TOL2
		}
		add(id, "an unknown status")
	}
	all = append(all, r.againFeatures(s)...)
	if has(s, chaos.FaultBurst) {
		add(contract.ACK2, "a burst")
	}
	all = append(all, r.orderFeatures(s)...)
	if has(s, chaos.FaultLateRetry) {
		add(contract.RET1, "a late retry")
	}
	if c.Now.Sub(s.Event.At) > oldAfter {
		add(contract.RET1, "an old event")
	}
	if c.Rotated {
		add(contract.ROT1, "after a rotation")
	}
	if c.Enabled {
		add(contract.RET2, "after the webhook was enabled again")
	}
	switch s.Subject.Kind {
	case chaos.AboutInbound:
		if gjson.GetBytes(s.Body, "payload.text").Type == gjson.Null {
			add(contract.INB1, "an inbound null text")
		}
		add(contract.INB1, "inbound on %s", s.Subject.On)
		add(contract.INB1, "inbound")
	case chaos.AboutTemplate:
		id := contract.TPL1
		if !documented(s.Event.Status) {
			id = contract.TOL2
		}
		add(id, "a template's %s", s.Event.Status)
		add(contract.TPL1, "a template")
	case chaos.AboutContact:
		add(contract.TOL3, "a %s event", s.Event.Type)
		add(contract.TOL3, "a contact's signal")
	case chaos.AboutMessage:
		add(contract.SIG1, "status %s", s.Event.Status)
	}
	return all
}

func hash(text string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(text)) // never fails
	return h.Sum32()
}

// againFeatures are about an event that the receiver has taken before.
func (r *Record) againFeatures(s chaos.Step) []Feature {
	if has(s, chaos.FaultAtOnce) && s.Group != 0 {
		return []Feature{{"copies at the same instant", contract.IDEM3}}
	}
	if r == nil {
		return nil
	}
	taken := slices.ContainsFunc(r.Arrivals, func(a Arrival) bool {
		return a.Step.Kind == chaos.KindDeliver && a.Step.Event.ID == s.Event.ID && a.Taken == Acked
	})
	maybe := slices.ContainsFunc(r.Arrivals, func(a Arrival) bool {
		return a.Step.Kind == chaos.KindDeliver && a.Step.Event.ID == s.Event.ID && a.Taken == Maybe
	})
	switch {
	case !taken && maybe:
		return []Feature{{"an event again that may have been taken", contract.IDEM2}}
	case !taken:
		return nil
	case s.Occurrence == chaos.Duplicate:
		return []Feature{{"the same request again", contract.IDEM1}, {"an event again", contract.IDEM1}}
	}
	return []Feature{{"an event again, signed anew", contract.IDEM2}, {"an event again", contract.IDEM1}}
}

// orderFeatures are about what has arrived of a message, and what has not.
func (r *Record) orderFeatures(s chaos.Step) []Feature {
	if s.Subject.Kind != chaos.AboutMessage {
		return nil
	}
	status := event.Status(s.Event.Status)
	rank, ranked := lifecycle.Rank(status)
	var all []Feature
	best, bestRank, failed := event.Status(""), 0, false
	if r != nil {
		for _, a := range r.Arrivals {
			together := s.Group != 0 && a.Step.Group == s.Group // it may have come first
			if a.Step.Kind != chaos.KindDeliver || a.Taken != Acked || together {
				continue
			}
			before := event.Status(a.Step.Event.Status)
			failed = failed || before == event.Failed
			if n, ok := lifecycle.Rank(before); ok && n > bestRank {
				best, bestRank = before, n
			}
		}
	}
	switch {
	case failed && ranked && status != event.Delivered && status != event.Read:
		all = append(all, Feature{"an earlier status after FAILED", contract.ORD6})
	case ranked && rank < bestRank:
		all = append(all, Feature{fmt.Sprintf("%s after %s", status, best), backRule(string(best), string(status))}, Feature{"an earlier status", contract.ORD3})
	case best == "" && !failed && status != event.Queued && status != event.Scheduled:
		all = append(all, Feature{fmt.Sprintf("%s of a message it never saw", status), contract.ORD5}, Feature{"a message it never saw", contract.ORD5})
	case skips(best, status):
		all = append(all, Feature{fmt.Sprintf("%s right after %s", status, best), contract.ORD2}, Feature{"a skipped status", contract.ORD2})
	}
	return all
}

// skips reports whether there are statuses between two.
func skips(from, to event.Status) bool {
	line := []event.Status{event.Queued, event.Routed, event.Sent, event.Delivered, event.Read}
	i, j := slices.Index(line, from), slices.Index(line, to)
	return i >= 0 && j > i+1
}

// stateFeatures are what could be the reason for a wrong status.
func (r *Record) stateFeatures(e Expectation, st probe.State) []Feature {
	var all []Feature
	add := func(rule, format string, args ...any) {
		all = append(all, Feature{Name: fmt.Sprintf(format, args...), Rule: rule})
	}
	genuine := r.genuine()
	final := ""
	if len(e.Statuses) > 0 {
		final = e.Statuses[len(e.Statuses)-1]
	}
	for _, a := range genuine {
		if a.Step.Event.Status == final && r.precursor(a.Step.Event) {
			add(contract.SIG13, "its last status was forged before it came")
		}
	}
	all = append(all, r.lateFeatures(final, st)...)
	if r.Forged() {
		add(contract.SIG13, "a forged delivery")
	}
	if r.Subject.Kind == chaos.AboutTemplate {
		for _, a := range genuine {
			if has(a.Step, chaos.FaultHangUp) {
				add(contract.IDEM6, "a template's event on which the sender hung up")
			}
			if has(a.Step, chaos.FaultLostAck) {
				add(contract.IDEM6, "a template's event whose acknowledgement was lost")
			}
		}
		add(contract.TPL1, "a template that ends as %s", final)
		return all
	}
	if r.readFirst() && r.words.Kept(event.Read) && !r.words.Same(event.Read, event.Delivered) {
		add(contract.ORD4, "READ without DELIVERED before")
	}
	if r.sameSecond() {
		add(contract.IDEM4, "two events in one second")
	}
	first := map[string]bool{}
	for _, a := range genuine {
		id := a.Step.Event.ID.String()
		if first[id] || a.Taken == NotTaken || a.Step.Event.Status != final {
			continue
		}
		first[id] = true
		// Apart from a lost answer, which a receiver does not notice: it may stop
		// its work when it sees the sender hang up.
		if has(a.Step, chaos.FaultHangUp) {
			add(contract.IDEM6, "the sender hung up on its last status")
		}
		switch {
		case has(a.Step, chaos.FaultTogether):
			add(contract.IDEM4, "its last status came together with another")
		case has(a.Step, chaos.FaultLateRetry), has(a.Step, chaos.FaultPause), has(a.Step, chaos.FaultReset):
			add(contract.RET1, "its last status came by a retry")
		case has(a.Step, chaos.FaultLostAck):
			add(contract.IDEM6, "the acknowledgement of its last status was lost")
		case has(a.Step, chaos.FaultAtOnce):
			add(contract.IDEM3, "copies of its last status came at the same instant")
		}
		if has(a.Step, chaos.FaultBurst) {
			add(contract.ACK2, "its last status came in a burst")
		}
	}
	if f, l := r.epochs(); f != l {
		add(contract.IDEM7, "a restart in between")
	}
	before := event.Status("")
	for _, a := range genuine {
		if a.Taken == NotTaken {
			continue
		}
		status := event.Status(a.Step.Event.Status)
		switch {
		case before == "" && status != event.Queued:
			add(contract.ORD2, "it begins with another status than QUEUED")
		case skips(before, status):
			add(contract.ORD2, "a skipped status")
		}
		before = status
	}
	add(contract.ORD1, "it ends as %s", final)
	return all
}

// readFirst reports whether READ arrived when DELIVERED had not.
func (r *Record) readFirst() bool {
	for _, a := range r.genuine() {
		if a.Taken == NotTaken {
			continue
		}
		switch event.Status(a.Step.Event.Status) {
		case event.Delivered:
			return false
		case event.Read:
			return true
		case event.Queued, event.Routed, event.Sent, event.Failed, event.Received,
			event.Scheduled, event.Cancelled, event.Filtered, event.Blocked, event.Processed:
		}
	}
	return false
}

// lateFeatures are the statuses that came after the one it should end in, or at
// the same instant. Where the receiver's status is such a one, it moved back to it.
func (r *Record) lateFeatures(final string, st probe.State) []Feature {
	genuine := r.genuine()
	arrived, group := -1, 0
	for i, a := range genuine {
		if a.Step.Event.Status == final && (a.Taken == Acked || a.Taken == Maybe) {
			arrived, group = i, a.Step.Group
			break
		}
	}
	if arrived < 0 {
		return nil
	}
	var all []Feature
	for i, a := range genuine {
		status := a.Step.Event.Status
		after := i > arrived || group != 0 && a.Step.Group == group
		seen := r.is(st, status) || !st.Known || !st.HasStatus || r.is(st, final)
		later := place(status) > place(final) && final != string(event.Failed) // one that the receiver does not keep
		if later || r.words.Same(event.Status(status), event.Status(final)) {
			continue // that it moved back to it could not be seen
		}
		if status == final || !after || !seen || a.Taken != Acked && a.Taken != Maybe {
			continue
		}
		rule := backRule(final, status)
		all = append(all, Feature{fmt.Sprintf("%s after %s", status, final), rule}, Feature{"an earlier status came late (" + rule + ")", rule})
	}
	return all
}

// effectFeatures are what could be the reason for effects too many or too few.
func (r *Record) effectFeatures() []Feature {
	var all []Feature
	add := func(rule, name string) {
		f := Feature{Name: name, Rule: rule}
		if !slices.Contains(all, f) {
			all = append(all, f)
		}
	}
	inbound := r.Subject.Kind == chaos.AboutInbound
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
		if before != a.Epoch {
			add(contract.IDEM7, "an event again after a restart")
		}
		switch {
		case has(a.Step, chaos.FaultAtOnce) && a.Step.Occurrence == chaos.Duplicate && a.Step.Group != 0:
			add(contract.IDEM3, "copies at the same instant")
		case has(a.Step, chaos.FaultLostAck), has(a.Step, chaos.FaultHangUp), has(a.Step, chaos.FaultPause):
			add(contract.IDEM6, "a lost acknowledgement")
		case inbound:
		case a.Step.Occurrence != chaos.Duplicate:
			add(contract.IDEM2, "an event again, signed anew")
		default:
			add(contract.IDEM1, "the same request again")
		}
		if inbound {
			add(contract.IDEM5, "an inbound text again")
		}
	}
	if r.Forged() {
		add(contract.SIG13, "a forged delivery")
	}
	return all
}

// tooFewFeatures are what could be the reason for effects that are missing.
func (o *Oracle) tooFewFeatures(r *Record) []Feature {
	all := r.effectFeatures()
	for _, a := range r.genuine() {
		if r.precursor(a.Step.Event) {
			all = append(all, Feature{"an event was forged before it came", contract.SIG13})
		}
		switch together := has(a.Step, chaos.FaultTogether); {
		case together && r.Subject.Kind == chaos.AboutInbound:
			all = append(all, Feature{"two texts came together", contract.IDEM5})
		case together:
			all = append(all, Feature{"two events came together", contract.IDEM4})
		}
	}
	if r.Subject.Kind != chaos.AboutInbound {
		if r.sameSecond() {
			all = append(all, Feature{"two events in one second", contract.IDEM4})
		}
		return all
	}
	if r.repeats() {
		all = append(all, Feature{"a text again at another time", contract.IDEM4})
	}
	for _, a := range r.genuine() {
		if o.texts[textOf(a.Step)] > 1 {
			all = append(all, Feature{"a text that others wrote too", contract.IDEM4})
			break
		}
	}
	if r.sameSecond() {
		all = append(all, Feature{"two texts in one second", contract.IDEM5})
	}
	if r.several() {
		all = append(all, Feature{"several texts of a contact", contract.IDEM5})
	}
	return all
}

// sameSecond reports whether two events happened within a second.
func (r *Record) sameSecond() bool {
	at := map[time.Time]uuid.UUID{}
	for _, a := range r.genuine() {
		if other, ok := at[a.Step.Event.At]; ok && other != a.Step.Event.ID {
			return true
		}
		at[a.Step.Event.At] = a.Step.Event.ID
	}
	return false
}

// several reports whether there is more than one event.
func (r *Record) several() bool {
	genuine := r.genuine()
	return slices.ContainsFunc(genuine, func(a Arrival) bool { return a.Step.Event.ID != genuine[0].Step.Event.ID })
}

// textOf tells texts of contacts apart.
func textOf(s chaos.Step) uint32 { return hash(gjson.GetBytes(s.Body, "payload.text").Raw) }
