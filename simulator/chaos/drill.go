package chaos

import (
	"slices"
	"strings"
	"time"

	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/lifecycle"
)

// drillEvery is which of the plan's messages are drills: one in so many.
const drillEvery = 3

// drillsFrom is how many messages a run has at least that tries them all.
const drillsFrom = 100

// drills are the orders of events that the contract names, in the order in which
// they arrive. Chance alone would bring some of them once in a thousand
// messages, so that a run of hundreds had never tried them.
func drills() []string {
	return []string{
		"QUEUED", "QUEUED, ROUTED", "QUEUED, ROUTED, SENT", "QUEUED, ROUTED, SENT, FAILED",
		"QUEUED, ROUTED, SENT, DELIVERED", "QUEUED, ROUTED, SENT, DELIVERED, READ",
		"QUEUED, ROUTED, DELIVERED", "QUEUED, DELIVERED", "QUEUED, SENT", "QUEUED, FAILED",
		"QUEUED, DELIVERED, SENT", "QUEUED, DELIVERED, ROUTED", "ROUTED, SENT, QUEUED", "QUEUED, DELIVERED, READ, SENT",
		"QUEUED, ROUTED, SENT, READ, DELIVERED", "QUEUED, ROUTED, FAILED, SENT",
		"ROUTED", "SENT", "DELIVERED", "READ", "FAILED",
	}
}

// isDrill reports whether it is this message's turn to be one of the drills, and
// the profile has what they are made of.
func (d *drawer) isDrill() bool {
	p := d.plan.Profile
	return d.index%drillEvery == 0 && d.plan.Messages >= drillsFrom && !d.plan.Sending.Strict && p.Mix.Inbound+p.Mix.Template < 1 &&
		p.Chance(FaultSkip) > 0 && p.Chance(FaultReorder) > 0
}

// drill delivers the events of a message in the order of the drill whose turn it is.
func (d *drawer) drill(subject Subject, base event.Outbound, agent string) {
	all := drills()
	story := all[d.index/drillEvery%len(all)]
	order := strings.Split(story, ", ")
	if !lifecycle.ReportsRead(subject.On) && strings.Contains(story, string(event.Read)) {
		if subject.On = among(d.plan.Channels, event.WhatsApp, d.index); !lifecycle.ReportsRead(subject.On) {
			return // READ does not exist there
		}
	}
	for n, status := range order {
		o := base
		o.Status, o.Channel = event.Status(status), subject.On
		switch {
		case o.Status == event.Failed:
			o.Reason = "The carrier did not report a delivery"
		case subject.On == event.RCS:
			o.AgentID = agent
		}
		f := d.fact(d.event(n), subject, event.Event{Type: event.TypeOf(o.Status), Outbound: &o}, status, d.start+drilled(o.Status))
		f.at = d.start + time.Duration(n)*time.Second
		d.add(f.at, d.deliver(f, First, 1, "", ""))
	}
	if profile := d.plan.Profile; profile.Chance(FaultForgery) > 0 {
		d.drillForgery()
	}
}

// drillForgery forges an event of each kind in turn, with each rule's forgeries. That
// of a contact comes besides: what else is sent is the same without it.
func (d *drawer) drillForgery() {
	n := d.index / drillEvery
	at, st := d.start+time.Second/2, d.plan.Seed.Stream("chaos drill", nth(d.index))
	rules := forgedRules()
	d.add(at, forged(d.ghost(st, event.Delivered, at), "", rules[n%len(rules)]))
	ofEveryKind := slices.DeleteFunc(rules, func(rule string) bool { return plainest(rule) == "" })
	if n%2 == 0 {
		if d.plan.Families.Has(event.ParentContact) {
			d.add(at, forged(d.ghostContact(st, at), "", ofEveryKind[n/2%len(ofEveryKind)]))
		}
		return
	}
	claim := d.ghostTemplate
	if n/2%2 == 0 && d.plan.Messages < contacts/2 { // or somebody else has the number too
		claim = d.ghostInbound
	}
	d.add(at, forged(claim(st, event.TemplateApproved, at), "", ofEveryKind[n/4%len(ofEveryKind)]))
}

// drilled is when a status of a drill happens, whenever it arrives.
func drilled(s event.Status) time.Duration {
	if rank, ok := lifecycle.Rank(s); ok {
		return time.Duration(rank) * time.Second
	}
	return 6 * time.Second // FAILED: where DELIVERED would stand
}
