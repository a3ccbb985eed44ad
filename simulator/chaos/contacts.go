package chaos

import (
	"time"

	"github.com/google/uuid"

	"github.com/sentsim/sentsim/simulator/contract"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/seed"
)

const (
	// signalsEvery is which of the plan's messages bring the signals of a contact
	// besides: one in so many. Two of three of those contacts are drills.
	signalsEvery = 4
	// signalsFrom is the number of a contact's first event: no message has as many
	// events, so none of them shares a stream with a signal.
	signalsFrom = 1000
	// textAfter is how long after the last signal a contact writes who has opted
	// out: by then a receiver with a queue has taken the signal from it.
	textAfter = 20 * time.Second
)

// signal is one of a contact's signals.
type signal struct {
	kind    event.Type
	at      time.Duration // when it was given, since the first could be
	network bool          // reported by the network: without message, text and the account's number
}

// contactDrills are the signals that the contract names (CON-1), in the order in
// which they arrive.
func contactDrills() [][]signal {
	const out, in = event.ContactOptOut, event.ContactOptIn
	const first, second, third = 10 * time.Second, 20 * time.Second, 30 * time.Second
	return [][]signal{
		{{kind: out, at: first}},
		{{kind: out, at: first}, {kind: in, at: second}},
		{{kind: in, at: first}, {kind: out, at: second}},
		{{kind: out, at: second}, {kind: in, at: first}},
		{{kind: in, at: second}, {kind: out, at: first}},
		{{kind: out, at: first}, {kind: in, at: second}, {kind: out, at: third}},
		{{kind: out, at: third}, {kind: out, at: first}, {kind: in, at: second}},
		{{kind: out, at: first}, {kind: event.ContactHelp, at: second}},
		{{kind: out, at: first}, {kind: event.ContactCustomKeyword, at: second}},
		{{kind: out, at: first}, {kind: in, at: second}, {kind: event.ContactHelp, at: third}},
		{{kind: out, at: first, network: true}},
		{{kind: out, at: first}, {kind: in, at: second, network: true}},
	}
}

// contactOf is the contact whose signals come with one of the plan's messages,
// where there are such events and people write at all. It has streams and dates of
// its own: the message is the same with it and without. No message goes to its
// number, so that nothing but its own texts makes a receiver write to it.
func (p *Plan) contactOf(index int) []parcel {
	if index%signalsEvery != signalsEvery/2 || index >= contacts/2 || !p.Families.Has(event.ParentContact) || p.Profile.Mix.Inbound <= 0 {
		return nil
	}
	d := &drawer{
		plan: p, index: index, base: signalsFrom, start: time.Duration(index-1) * pace,
		st: p.Seed.Stream("chaos contact", nth(index)),
	}
	c := &signaller{drawer: d, agent: newID(d.st).String(), subject: Subject{
		Kind: AboutContact, Index: index, ID: newID(d.st), From: contact(p.Seed, contacts/2+index),
		On: among(p.InboundChannels, seed.Pick(d.st, event.Channels()), index),
	}}
	n := index / signalsEvery
	if n%3 != 0 && p.Messages >= drillsFrom && !p.Sending.Strict && p.Profile.Chance(FaultReorder) > 0 {
		all := contactDrills()
		c.drill(all[n*2/3%len(all)])
	} else {
		c.draw()
	}
	d.encode()
	return d.out
}

// signaller draws a contact.
type signaller struct {
	*drawer
	subject Subject
	agent   string
	facts   []*fact // in the order in which they happened
}

// signal adds a signal to what happened. out is how the contact stands after it,
// words are those of the message that carried it; the network reports it without.
func (c *signaller) signal(s signal, out bool, message uuid.UUID, words string) *fact {
	at := &event.Contact{
		AccountID: c.plan.AccountID, ContactID: c.subject.ID, OptOut: out, Source: event.ProviderSignal,
		From: c.subject.From, Channel: c.subject.On,
	}
	if c.subject.On == event.RCS {
		at.AgentID = c.agent
	}
	if !s.network {
		to := ours(c.plan.Seed)
		at.Source, at.MessageID, at.Text, at.To = event.InboundKeyword, message, &words, &to
	}
	f := c.fact(c.event(len(c.facts)), c.subject, event.Event{Type: s.kind, Contact: at}, "", c.start+s.at)
	f.rule = contract.TOL3
	c.facts = append(c.facts, f)
	return f
}

// text adds a message of the contact to what happened.
func (c *signaller) text(id uuid.UUID, words string, at time.Duration) *fact {
	in := event.Inbound{
		AccountID: c.plan.AccountID, MessageID: id, From: c.subject.From, To: ours(c.plan.Seed),
		Text: &words, Channel: c.subject.On, Provider: "carrier",
	}
	s := Subject{Kind: AboutInbound, Index: c.index, ID: id, From: c.subject.From, On: c.subject.On}
	f := c.fact(c.event(len(c.facts)), s, event.Event{Type: event.TypeOf(event.Received), Inbound: &in}, "", c.start+at)
	f.rule = contract.INB1
	c.facts = append(c.facts, f)
	return f
}

// drill delivers signals in the order in which they stand, a second apart, and
// then a text of the contact who has opted out (CON-2).
func (c *signaller) drill(all []signal) {
	at := c.start
	last := signal{}
	for _, s := range all {
		f := c.signal(s, standsAt(all, s.at), newID(c.st), keyword(s.kind))
		at += time.Second
		f.at = at
		c.add(f.at, c.deliver(f, First, 1, "", ""))
		if s.at > last.at {
			last = s
		}
	}
	if standsAt(all, last.at) {
		f := c.text(newID(c.st), ordinaryText(c.st), last.at+textAfter)
		f.at = at + textAfter
		c.add(f.at, c.deliver(f, First, 1, "", ""))
	}
}

// standsAt reports whether a contact has opted out at a time, by its signals.
func standsAt(all []signal, at time.Duration) (out bool) {
	latest := time.Duration(-1)
	for _, s := range all {
		if (s.kind == event.ContactOptOut || s.kind == event.ContactOptIn) && s.at <= at && s.at > latest {
			out, latest = s.kind == event.ContactOptOut, s.at
		}
	}
	return out
}

// keyword is what a contact writes for a signal.
func keyword(signal event.Type) string {
	switch signal { //nolint:exhaustive // signals only
	case event.ContactOptOut:
		return Stop
	case event.ContactOptIn:
		return "START"
	case event.ContactHelp:
		return "HELP"
	}
	return "JOIN"
}

// mostSignals is how many signals a contact gives at most.
const mostSignals = 4

// draw is one to four signals of a contact, half of those by text beside the
// message that carried them, and a text of one who has opted out.
func (c *signaller) draw() {
	st, at, out := c.st, time.Duration(0), false
	for n := range 1 + st.IntN(mostSignals) {
		if sameSecond := st.Chance(0.1); n > 0 && !sameSecond { // which is unordered
			at += between(st, 2*time.Second, longestGap)
		}
		s := signal{at: at, network: st.Chance(0.3), kind: seed.Pick(st, []event.Type{
			event.ContactOptOut, event.ContactOptOut, event.ContactOptOut, event.ContactOptIn, event.ContactOptIn,
			event.ContactHelp, event.ContactCustomKeyword,
		})}
		switch s.kind { //nolint:exhaustive // the others change nothing
		case event.ContactOptOut:
			out = true
		case event.ContactOptIn:
			out = false
		}
		message := newID(st)
		if beside := st.Chance(0.5); beside && !s.network {
			c.text(message, keyword(s.kind), at)
		}
		f := c.signal(s, out, message, keyword(s.kind))
		c.dress(f, len(c.facts)-1, []optional{{"message_id", false}, {"text", false}, {"to", false}})
	}
	if out {
		c.text(newID(st), ordinaryText(st), at+textAfter)
	}
	c.send(c.facts, false)
}
