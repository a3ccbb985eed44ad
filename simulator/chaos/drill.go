package chaos

import (
	"slices"
	"strings"
	"time"

	"github.com/sentsim/sentsim/simulator/contract"
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

// What races in a receiver goes well most of the time: a run of 300 tries it as often as
// the contract's scenarios do, 30 pairs (IDEM-4), and 10 copies of a message's event three
// times (IDEM-3), though it loses some while the webhook is disabled. One drill in raceEvery
// is such a one, with a pair for each of two messages, but one in copiesEvery has copies.
const (
	raceEvery   = 4
	copiesEvery = 8
	copies      = 10 // of an event, itself included
)

// drilled reports whether the run is long enough for drills, and may send out of order.
func (p *Plan) drilled() bool { return p.Messages >= drillsFrom && !p.Sending.Strict }

// isDrill reports whether it is this message's turn to be one of the drills, and
// the profile has what they are made of.
func (d *drawer) isDrill() bool {
	p := d.plan.Profile
	return d.index%drillEvery == 0 && d.plan.drilled() && p.Mix.Inbound+p.Mix.Template < 1 &&
		p.Chance(FaultSkip) > 0 && p.Chance(FaultReorder) > 0
}

// drill delivers the events of a message in the order of the drill whose turn it is.
func (d *drawer) drill(subject Subject, base event.Outbound, agent string) {
	all, turn := drills(), d.index/drillEvery
	races := (turn + 1) / raceEvery
	story := all[(turn-races)%len(all)]
	race := turn%raceEvery == raceEvery-1
	copied := race && races%copiesEvery == copiesEvery/2 && d.plan.Profile.Chance(FaultAtOnce) > 0
	pair := race && !copied && d.plan.Profile.Chance(FaultTogether) > 0
	if copied || pair {
		story = "QUEUED, ROUTED, SENT, DELIVERED"
	}
	order := strings.Split(story, ", ")
	if !lifecycle.ReportsRead(subject.On) && strings.Contains(story, string(event.Read)) {
		if subject.On = among(d.plan.Channels, event.WhatsApp, d.index); !lifecycle.ReportsRead(subject.On) {
			return // READ does not exist there
		}
	}
	sends := d.inOrder(subject, base, agent, order)
	switch last := len(sends) - 1; {
	case pair:
		d.pair(sends, turn%2 == 0)
		subject.ID = newID(d.st)
		base.MessageID = subject.ID
		d.base += len(order)
		d.pair(d.inOrder(subject, base, agent, order), turn%2 != 0)
	case copied:
		d.each(sends[:last])
		d.add(sends[last].fact.at, d.copies(sends[last])...)
	default:
		d.each(sends)
	}
	if profile := d.plan.Profile; profile.Chance(FaultForgery) > 0 {
		d.drillForgery()
	}
}

// inOrder are the events of a message in an order, a second apart.
func (d *drawer) inOrder(subject Subject, base event.Outbound, agent string, order []string) (sends []sending) {
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
		sends = append(sends, d.deliver(f, First, 1, "", ""))
	}
	return sends
}

// each adds deliveries, each when its event is due.
func (d *drawer) each(sends []sending) {
	for _, s := range sends {
		d.add(s.fact.at, s)
	}
}

// pair adds deliveries of which the last two come at the same instant and have one date:
// nothing but the status says which is the newer.
func (d *drawer) pair(sends []sending, newerFirst bool) {
	last := len(sends) - 1
	older, newer := sends[last-1], sends[last]
	older.fact.created = newer.fact.created
	both := []sending{older, newer}
	if newerFirst {
		slices.Reverse(both)
	}
	mark(both, FaultTogether)
	d.each(sends[:last-1])
	d.add(newer.fact.at, both...)
}

// copies are a delivery and its copies at the same instant.
func (d *drawer) copies(first sending) []sending {
	first.step.Rule = contract.IDEM3
	all := []sending{first}
	for n := range copies - 1 {
		all = append(all, d.deliver(first.fact, Duplicate, n+2, "", contract.IDEM3))
	}
	mark(all, FaultAtOnce)
	return all
}

// textsEvery is which of the plan's messages are contacts' texts that race: one in so many,
// none of them a drill of a message.
const textsEvery = 9

// isTextDrill is isDrill for contacts' texts.
func (d *drawer) isTextDrill() bool {
	p := d.plan.Profile
	return d.index%textsEvery == 1 && d.plan.drilled() && p.Mix.Inbound > 0 && p.Chance(FaultTogether) > 0 && p.Chance(FaultAtOnce) > 0
}

// drillTexts delivers two texts of a contact at the same instant (IDEM-5), and, one time in
// four, one in ten copies before (IDEM-3).
func (d *drawer) drillTexts() {
	p, n := d.plan, d.index/textsEvery
	channels := event.Channels()
	base := event.Inbound{AccountID: p.AccountID, From: contact(p.Seed, d.index%contacts), To: ours(p.Seed)}
	base.Channel = among(p.InboundChannels, channels[(n+n/len(channels))%len(channels)], d.index)
	base.Provider = provider(base.Channel)
	before := ""
	text := func(nth int) sending {
		in := base
		in.MessageID = newID(d.st)
		words := ordinaryText(d.st)
		for words == before {
			words = ordinaryText(d.st)
		}
		in.Text, before = &words, words
		subject := Subject{Kind: AboutInbound, Index: d.index, ID: in.MessageID, From: in.From, On: in.Channel}
		f := d.fact(d.event(nth), subject, event.Event{Type: event.TypeOf(event.Received), Inbound: &in}, "", d.start+time.Duration(nth)*time.Second)
		f.rule = contract.INB1
		return d.deliver(f, First, 1, "", "")
	}
	if n%4 == 0 {
		d.add(d.start, d.copies(text(0))...)
	}
	both := []sending{text(1), text(2)}
	mark(both, FaultTogether)
	d.add(d.start+2*time.Second, both...)
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
