package chaos

import (
	"slices"
	"time"

	"github.com/sentsim/sentsim/simulator/contract"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/seed"
)

// ForgeryOldSecret is signed with the secret that a rotation replaced. It is
// none of Forgeries, for it takes a rotation to make one.
const ForgeryOldSecret = "old-secret"

// forgedForm is what a forged delivery claims: something that would show in the
// receiver's state if it were believed.
type forgedForm int

const (
	formPrecursor forgedForm = iota // the event that is about to arrive: is it then taken for a duplicate?
	formGhost                       // an event of a message that does not exist
	formImpostor                    // a status that the message never comes to
	forms
)

// forge draws whether a forged delivery goes with event n. claim makes what it
// claims; it is nil where there is nothing to claim in that form.
func (d *drawer) forge(n int, f *fact, claim func(*seed.Stream, forgedForm) *fact) {
	st, ok := d.hit(FaultForgery, n)
	if !ok {
		return
	}
	rule := seed.Pick(st, forgedRules())
	form := forgedForm(st.IntN(int(forms)))
	if rule == contract.SIG2 {
		form = formGhost // what it claims cannot be read, or is about something else
	}
	at, claimed := f.at+between(st, time.Millisecond, 5*time.Second), f
	switch form {
	case formPrecursor:
		at = max(d.start, f.at-between(st, time.Millisecond, 40*time.Millisecond))
	case formGhost, formImpostor, forms:
		if claimed = claim(st, form); claimed == nil {
			claimed = claim(st, formGhost)
		}
	}
	if claimed == nil {
		return
	}
	d.add(at, forged(claimed, "", rule)) // which of the rule's is seen to when it is its turn
}

func forged(claimed *fact, name, rule string) sending {
	return sending{claim: claimed, step: Step{
		Kind: KindForge, Subject: claimed.subject,
		Faults: []Fault{FaultForgery}, Forgery: name, Rule: rule,
	}}
}

// forgedRules are the rules that forgeries are about. A rule is drawn first:
// there are many ways to leave out a header.
func forgedRules() []string {
	var rules []string
	for _, f := range forgeries() {
		if !slices.Contains(rules, f.Rule) {
			rules = append(rules, f.Rule)
		}
	}
	return rules
}

// forgeriesOf are those of a rule that the run insists on.
func (p *Plan) forgeriesOf(rule string) []Forgery {
	return slices.DeleteFunc(ForRule(rule), func(f Forgery) bool { return f.StrictOnly && !p.Strict })
}

// ghost is an event of a message that nobody sent.
func (d *drawer) ghost(st *seed.Stream, status event.Status, at time.Duration) *fact {
	s := Subject{Kind: AboutMessage, Index: d.index, ID: newID(st), On: event.SMS}
	return d.fact(st, s, event.Event{Type: event.TypeOf(status), Outbound: &event.Outbound{
		AccountID: d.plan.AccountID, MessageID: s.ID, Status: status, Channel: event.SMS,
		InboundNumber: bystander(d.plan.Seed, st), OutboundNumber: ours(d.plan.Seed), TemplateID: newID(st),
	}}, string(status), at)
}

// ghostTemplate is an event of a template that nobody submitted.
func (d *drawer) ghostTemplate(st *seed.Stream, status string, at time.Duration) *fact {
	s := Subject{Kind: AboutTemplate, Index: d.index, ID: newID(st), On: event.WhatsApp}
	return d.fact(st, s, event.Event{Type: event.Templates, Template: &event.Template{
		AccountID: d.plan.AccountID, TemplateID: s.ID, Name: "order_update", Status: status,
		Language: "en_US", Category: event.Utility, Channel: event.WhatsApp,
	}}, status, at)
}

// ghostInbound is a text of a contact who writes nothing: or a genuine text would
// look like a trace of this one.
func (d *drawer) ghostInbound(st *seed.Stream, _ string, at time.Duration) *fact {
	words := ordinaryText(st)
	in := event.Inbound{
		AccountID: d.plan.AccountID, MessageID: newID(st), From: bystander(d.plan.Seed, st), To: ours(d.plan.Seed),
		Text: &words, Channel: event.SMS, Provider: "carrier",
	}
	s := Subject{Kind: AboutInbound, Index: d.index, ID: in.MessageID, From: in.From, On: in.Channel}
	return d.fact(st, s, event.Event{Type: event.TypeOf(event.Received), Inbound: &in}, "", at)
}

// ghostContact is an opt-out that the network reports of somebody who never wrote.
func (d *drawer) ghostContact(st *seed.Stream, at time.Duration) *fact {
	s := Subject{Kind: AboutContact, Index: d.index, ID: newID(st), From: bystander(d.plan.Seed, st), On: event.SMS}
	return d.fact(st, s, event.Event{Type: event.ContactOptOut, Contact: &event.Contact{
		AccountID: d.plan.AccountID, ContactID: s.ID, From: s.From, OptOut: true, Source: event.ProviderSignal, Channel: s.On,
	}}, "", at)
}

// oddities are deliveries that only have to be answered: none is about
// anything that a receiver must know.
func (d *drawer) oddities() {
	when := func(st *seed.Stream) time.Duration { return d.start + between(st, 0, 30*time.Second) }
	if st, ok := d.hit(FaultUnknownStatus, 0); ok {
		var f *fact
		if st.Chance(0.3) {
			f = d.ghostTemplate(st, seed.Pick(st, []string{event.TemplatePaused, event.TemplateDisabled, "IN_APPEAL"}), when(st))
			f.rule = contract.TOL2
		} else {
			f = d.ghost(st, seed.Pick(st, []event.Status{"THROTTLED", "delivered_to_carrier", "EXPIRED", "typing"}), when(st))
			f.rule = contract.TOL1
		}
		d.add(f.created, d.deliver(f, First, 1, "", "", FaultUnknownStatus))
	}
	if st, ok := d.hit(FaultUnknownField, 0); ok {
		f := d.ghost(st, event.Queued, when(st))
		parent := seed.Pick(st, []string{"contacts", "numbers", "account"})
		f.subject, f.rule = Subject{}, contract.TOL3
		f.event.Type, f.event.Status = event.Type(parent+".updated"), ""
		f.edits = append(f.edits, func(Body) Body {
			return Body(`{"field":"` + parent + `","sub_type":"` + parent + `.updated","timestamp":"` +
				f.event.At.Format(time.RFC3339) + `","payload":{"account_id":"` + d.plan.AccountID.String() + `"}}`)
		})
		d.add(f.created, d.deliver(f, First, 1, "", "", FaultUnknownField))
	}
	if st, ok := d.hit(FaultNotAnObject, 0); ok {
		f := d.ghost(st, event.Queued, when(st))
		f.subject, f.event.Status, f.rule = Subject{}, "", contract.TOL7
		body := Body(seed.Pick(st, notObjects).Text)
		f.edits = append(f.edits, func(Body) Body { return body })
		d.add(f.created, d.deliver(f, First, 1, "", "", FaultNotAnObject))
	}
}

// controls is what is done to the run or to the target when the message begins.
func (d *drawer) controls() {
	for _, c := range []struct {
		fault Fault
		kind  Kind
	}{{FaultPause, KindPause}, {FaultRestart, KindRestart}, {FaultRotate, KindRotate}, {FaultDisable, KindDisable}} {
		// What waits for a retry is given up when the webhook is disabled: in the second half
		// of a run the senders who hung up come back (IDEM-6).
		late := c.fault == FaultDisable && d.index > d.plan.Messages/2
		if _, ok := d.hit(c.fault, 0); ok && d.index > 1 && !late {
			d.out = append(d.out, parcel{at: d.start, control: c.kind})
		}
	}
	// One of a run that is long enough for a whole one is certain.
	certain := d.index == d.plan.Messages/2 && d.plan.drilled() && d.plan.Profile.Chance(FaultBurst) > 0
	if _, ok := d.hit(FaultBurst, 0); ok || certain {
		d.out = append(d.out, parcel{at: d.start, burst: true})
	}
}
