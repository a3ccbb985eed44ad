package oracle

import (
	"fmt"
	"slices"
	"time"

	"github.com/sentsim/sentsim/scenarios/check"
	"github.com/sentsim/sentsim/scenarios/probe"
	"github.com/sentsim/sentsim/simulator/chaos"
	"github.com/sentsim/sentsim/simulator/contract"
	"github.com/sentsim/sentsim/simulator/event"
)

// signalOf is the contact's signal that a delivery carries.
func signalOf(s chaos.Step, taken Taken) check.Signal {
	signal := check.SignalOf(s)
	signal.Unsure = taken != Acked
	return signal
}

// signals are those of a contact that the receiver may have, in the order in
// which they arrived.
func (r *Record) signals() (all []check.Signal) {
	for _, a := range r.genuine() {
		if a.Taken != NotTaken {
			all = append(all, signalOf(a.Step, a.Taken))
		}
	}
	return all
}

// arrived is the signals of a contact in the order in which they arrived, one that
// was tried again at once as one. sure is false where one may not have been taken.
func (r *Record) arrived() (all []check.Signal, sure bool) {
	sure = true
	var last *Arrival
	for _, a := range r.genuine() {
		switch {
		case a.Taken == NotTaken:
			continue
		case last == nil || last.Step.Event.ID != a.Step.Event.ID:
			sure = sure && (last == nil || last.Taken == Acked)
			all = append(all, signalOf(a.Step, Acked))
		case last.Taken == Acked:
			continue
		}
		last = &a
	}
	return all, sure && last != nil && last.Taken == Acked
}

func (r *Record) expectContact() Expectation {
	if r.Baseline > 0 {
		return Expectation{Unjudged: "it had opted out before it gave a signal"}
	}
	return Expectation{Standing: check.Stands(r.signals())}
}

// judgeContact judges how a contact stands (CON-1). The lock is held.
func (o *Oracle) judgeContact(r *Record, e Expectation, st probe.State, v Violation) {
	ok := e.Standing.Fits(st.OptedOut)
	features := r.contactFeatures()
	o.contactBlame.add(features, !ok)
	if ok {
		if !e.Standing.Fits(!st.OptedOut) { // or it shows nothing
			o.findings.kept(contract.CON1)
		}
		return
	}
	want, is := "opted in", "has opted out"
	if e.Standing.OptedOut {
		want, is = "opted out", "has opted in"
		if !st.HasOptedOut {
			is = "is unknown"
		}
	}
	v.Expected = fmt.Sprintf("%s to have %s, as the latest opt-in or opt-out by timestamp says", name(r.Subject), want)
	v.Summary = fmt.Sprintf("%s %s in the receiver's state, though the signal with the latest timestamp says that it has %s", name(r.Subject), is, want)
	o.suspect(&o.contacts, v, features, contract.CON1)
}

// contactFeatures are what could be the reason why a contact stands wrong.
func (r *Record) contactFeatures() []Feature {
	var all []Feature
	add := func(rule, name string) {
		if f := (Feature{Name: name, Rule: rule}); !slices.Contains(all, f) {
			all = append(all, f)
		}
	}
	var latest time.Time
	for _, a := range r.genuine() {
		for _, of := range []struct {
			fault chaos.Fault
			rule  contract.ID
			name  string
		}{
			{chaos.FaultHangUp, contract.IDEM6, "a signal on which the sender hung up"},
			{chaos.FaultLostAck, contract.IDEM6, "a signal whose acknowledgement was lost"},
			{chaos.FaultPause, contract.RET1, "a signal that came by a retry"},
			{chaos.FaultReset, contract.RET1, "a signal that came by a retry"},
			{chaos.FaultLateRetry, contract.RET1, "a signal that came by a retry"},
			{chaos.FaultTogether, contract.IDEM4, "a signal that came together with another event"},
			{chaos.FaultAtOnce, contract.IDEM3, "copies of a signal at the same instant"},
			{chaos.FaultBurst, contract.ACK2, "a signal that came in a burst"},
			{chaos.FaultNullFields, contract.CON1, "a signal with a null field"},
		} {
			if has(a.Step, of.fault) {
				add(of.rule, of.name)
			}
		}
		s := signalOf(a.Step, a.Taken)
		if s.At.Before(latest) {
			add(contract.CON1, "an older signal that came late")
		}
		if s.Network {
			add(contract.CON1, "a signal by the network")
		}
		latest = later(latest, s.At)
		add(contract.CON1, "a signal "+string(s.Type))
	}
	if f, l := r.epochs(); f != l {
		add(contract.IDEM7, "a restart between signals")
	}
	return all
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// given is one of a writer's signals.
type given struct {
	check.Signal
	step, group int
	over        time.Time // when it was answered
}

// signalled notes a delivery of a contact's signal. The caller holds the lock.
func (o *Oracle) signalled(s chaos.Step, taken Taken, over time.Time) {
	if s.Kind == chaos.KindForge {
		return // of somebody who never writes
	}
	if w := o.writer(s.Subject); w != nil && taken != NotTaken {
		w.signals = append(w.signals, given{signalOf(s, taken), s.Number, s.Group, over})
	}
}

// outBefore reports whether a contact has opted out for certain before a step of a
// group, and stays so whatever may have come since. after is when that was
// acknowledged.
func (w *writer) outBefore(step, group int) (after time.Time, out bool) {
	var known []check.Signal
	for _, s := range w.signals {
		switch {
		case s.step < step && (group == 0 || s.group != group) && !s.Unsure:
			after = later(after, s.over)
			known = append(known, s.Signal)
		case s.Type == event.ContactOptIn:
			known = append(known, s.Signal)
		}
	}
	standing := check.Stands(known)
	return after, standing.OptedOut && !standing.OptedIn
}

// Stands is how a contact stands by now, when the receiver answered to the last of its
// signals, and how it stands after one step more.
func (o *Oracle) Stands(s chaos.Step) (after time.Time, now, then check.Standing) {
	o.mu.Lock()
	defer o.mu.Unlock()
	w := o.writers[s.Subject.From]
	if w == nil || len(w.signals) == 0 {
		return after, now, now
	}
	var signals []check.Signal
	for _, g := range w.signals {
		after = later(after, g.over)
		signals = append(signals, g.Signal)
	}
	now = check.Stands(signals)
	if s.Subject.Kind != chaos.AboutContact {
		return after, now, now
	}
	return after, now, check.Stands(append(signals, check.SignalOf(s)))
}

// judgeSilence judges what was sent to a contact who had opted out before writing
// (CON-2). answers says that an ordinary text of another one was answered. The
// lock is held.
func (o *Oracle) judgeSilence(w *writer, messages int, answers bool, v Violation) {
	switch broken, kept := check.Silence(messages, answers); {
	case broken:
		v.Rule, v.Expected = contract.CON2, "no message to a contact after its contact.opt_out, until it opts in"
		v.Could = []contract.ID{contract.CON2, contract.CON1, contract.IDEM6, contract.RET1} // it may have got the signal wrong
		v.Summary = fmt.Sprintf("the receiver sent %d messages to %s, who had opted out (contact.opt_out) before writing", messages, name(w.subject))
		o.findings.broken(v)
	case kept:
		o.findings.kept(contract.CON2)
	}
}
