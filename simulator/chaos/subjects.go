package chaos

import (
	"fmt"
	"slices"
	"time"

	"github.com/sentsim/sentsim/simulator/contract"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/lifecycle"
	"github.com/sentsim/sentsim/simulator/seed"
)

// outbound is a message that the account sends.
func (d *drawer) outbound() {
	p, st := d.plan, d.st
	channel := event.SMS
	switch u := st.Float64(); {
	case u < p.Profile.Mix.WhatsApp:
		channel = event.WhatsApp
	case u < p.Profile.Mix.WhatsApp+p.Profile.Mix.RCS:
		channel = event.RCS
	}
	channel = among(p.Channels, channel, d.index)
	subject := Subject{Kind: AboutMessage, Index: d.index, ID: newID(st), On: channel}
	base := event.Outbound{
		AccountID: p.AccountID, MessageID: subject.ID, TemplateID: newID(st),
		InboundNumber: bystander(p.Seed, st), OutboundNumber: ours(p.Seed),
	}
	agent := newID(st).String()
	if d.isDrill() {
		d.drill(subject, base, agent)
		return
	}
	var outcome lifecycle.Outcome
	if st.Chance(p.Profile.Mix.Failed) {
		outcome = seed.Pick(st, []lifecycle.Outcome{
			lifecycle.EndsFailedSent, lifecycle.EndsFailedReceipt, lifecycle.EndsFailedRouted, lifecycle.EndsFailedQueued,
		})
	}
	steps := lifecycle.PlanMessage(st, lifecycle.Options{Channel: channel, Extended: p.Extended, Outcome: outcome})
	var facts []*fact
	at, last, skipped := d.start, time.Duration(0), false
	for n, s := range steps {
		at += min(s.After-last, longestGap)
		last = s.After
		if _, ok := d.hit(FaultSkip, n); ok && n < len(steps)-1 {
			skipped = true
			continue
		}
		o := base
		o.Status, o.Channel, o.Reason, o.ReasonCode = s.Status, s.Channel, s.Reason, s.Code
		o.ScheduledAt = until(s, p.Start)
		if s.Status == event.Scheduled {
			o.ScheduleReason = event.QuietHours
		}
		if s.Channel == event.RCS {
			o.AgentID = agent
		}
		var made []Fault
		if hst, ok := d.hit(FaultHostileText, n); ok && o.Reason != "" {
			o.Reason = seed.Pick(hst, hostileTexts).Text
			made = append(made, FaultHostileText)
		}
		f := d.fact(d.event(n), subject, event.Event{Type: event.TypeOf(s.Status), Outbound: &o}, string(s.Status), at)
		f.faults = made
		switch {
		case len(made) > 0:
			f.rule = contract.TOL5
		case skipped && len(facts) == 0:
			f.rule = contract.ORD5
		case skipped:
			f.rule = contract.ORD2
		}
		if skipped {
			f.faults = append(f.faults, FaultSkip)
			skipped = false
		}
		d.dress(f, n, outboundOptional(s.Status))
		facts = append(facts, f)
	}
	d.send(facts, false)
	for n, f := range facts {
		d.forge(n, f, func(st *seed.Stream, form forgedForm) *fact {
			o, s := base, subject
			o.Channel, o.Status = channel, event.Delivered
			switch form {
			case formImpostor:
				next, ok := nextOf(steps[len(steps)-1].Status, channel)
				if !ok || lifecycle.Rerouted(steps) {
					return nil
				}
				o.Status = next
			case formGhost, formPrecursor, forms:
				s.ID = newID(st)
				o.MessageID = s.ID
			}
			return d.fact(st, s, event.Event{Type: event.TypeOf(o.Status), Outbound: &o}, string(o.Status), f.created)
		})
	}
}

// until is when a message that is parked is to leave, or was; a run's events are
// dated back, so it is about right.
func until(s lifecycle.Step, start time.Time) time.Time {
	if s.Until == 0 {
		return time.Time{}
	}
	return start.Add(s.Until - s.After)
}

// among is the channel that was drawn, or another one in turn where the plan does
// without it.
func among(channels []event.Channel, drawn event.Channel, index int) event.Channel {
	if len(channels) == 0 || slices.Contains(channels, drawn) {
		return drawn
	}
	return channels[index%len(channels)]
}

// nextOf is a status that a message which ended as it did can be moved to by a
// forged delivery, and by nothing else.
func nextOf(final event.Status, ch event.Channel) (event.Status, bool) {
	rank, ok := lifecycle.Rank(final)
	delivered, _ := lifecycle.Rank(event.Delivered)
	switch {
	case !ok:
		return "", false
	case rank < delivered:
		return event.Delivered, true
	case rank == delivered && lifecycle.ReportsRead(ch):
		return event.Read, true
	}
	return "", false
}

// stops is the share of contacts who write nothing but STOP.
const stops = 0.1

// inbound is one to three texts of a contact.
func (d *drawer) inbound() {
	p, st := d.plan, d.st
	from := contact(p.Seed, d.index%contacts)
	base := event.Inbound{AccountID: p.AccountID, From: from, To: ours(p.Seed)}
	at, text := d.start, ""
	var facts []*fact
	texts := 1 + st.IntN(3)
	stop := p.Seed.Stream("chaos stop", nth(d.index)).Chance(stops)
	if stop {
		texts = 1
	}
	for n := range texts {
		sameSecond := st.Chance(0.15)
		if n > 0 && !sameSecond {
			at += between(st, 2*time.Second, longestGap)
		}
		in := base
		in.MessageID = newID(st)
		in.Channel = among(p.InboundChannels, seed.Pick(st, event.Channels()), d.index)
		in.Provider = provider(in.Channel)
		if repeat := st.Chance(0.25) && !sameSecond; !repeat || n == 0 {
			for before := text; text == before; {
				text = ordinaryText(st)
			}
		}
		words := text
		if stop {
			words = Stop
		}
		in.Text = &words
		if st.Chance(0.08) && !sameSecond && !stop {
			in.Text = nil // a picture without a caption
		}
		var made []Fault
		if hst, ok := d.hit(FaultHostileText, n); ok && !sameSecond && !stop {
			words = seed.Pick(hst, hostileTexts).Text
			in.Text, made = &words, []Fault{FaultHostileText}
		}
		subject := Subject{Kind: AboutInbound, Index: d.index, ID: in.MessageID, From: from, On: in.Channel}
		f := d.fact(d.event(n), subject, event.Event{Type: event.TypeOf(event.Received), Inbound: &in}, "", at)
		f.faults, f.rule = made, contract.INB1
		if len(made) > 0 {
			f.rule = contract.TOL5
		}
		d.dress(f, n, []optional{{"provider", true}, {"provider", false}})
		facts = append(facts, f)
	}
	d.send(facts, false)
	for n, f := range facts {
		d.forge(n, f, func(st *seed.Stream, _ forgedForm) *fact {
			in, s := base, f.subject
			words := ordinaryText(st)
			in.MessageID, in.Channel, in.Provider, in.Text = newID(st), f.subject.On, "carrier", &words
			s.ID = in.MessageID
			return d.fact(st, s, event.Event{Type: event.TypeOf(event.Received), Inbound: &in}, "", f.created)
		})
	}
}

// provider is who brings the texts of a channel.
func provider(ch event.Channel) string {
	return map[event.Channel]string{event.SMS: "carrier", event.WhatsApp: "meta", event.RCS: "google"}[ch]
}

// template is a template under review.
func (d *drawer) template() {
	p, st := d.plan, d.st
	subject := Subject{Kind: AboutTemplate, Index: d.index, ID: newID(st), On: event.WhatsApp}
	base := event.Template{
		AccountID: p.AccountID, TemplateID: subject.ID, Channel: event.WhatsApp,
		Name: fmt.Sprintf("order_update_%d", d.index), Language: "en_US",
	}
	metaID := fmt.Sprintf("%016d", st.IntN(1e15)+1e15) // Meta's ids are long decimal numbers
	steps := lifecycle.PlanTemplate(st, lifecycle.TemplateOptions{Category: seed.Pick(st, []string{event.Marketing, event.Utility})})
	steps = d.edited(steps)
	var facts []*fact
	at, last := d.start, time.Duration(0)
	for n, s := range steps {
		at += min(s.After-last, longestReview)
		last = s.After
		t := base
		t.Status, t.Category, t.Reason = s.Status, s.Category, s.Reason
		if s.Approved {
			t.WhatsAppTemplateID = metaID
		}
		f := d.fact(d.event(n), subject, event.Event{Type: event.Templates, Template: &t}, s.Status, at)
		f.rule = contract.TPL1
		if !documentedTemplate(s.Status) {
			f.rule = contract.TOL2
		}
		d.dress(f, n, []optional{{"reason", true}, {"whatsapp_template_id", false}, {"category", true}, {"language", false}})
		facts = append(facts, f)
	}
	d.send(facts, true)
	for n, f := range facts {
		d.forge(n, f, func(st *seed.Stream, form forgedForm) *fact {
			t, s := base, subject
			t.Status, t.Category = event.TemplateDisabled, event.Marketing
			if form == formGhost {
				s.ID = newID(st)
				t.TemplateID = s.ID
			} else if steps[len(steps)-1].Status == event.TemplateDisabled {
				return nil
			}
			return d.fact(st, s, event.Event{Type: event.Templates, Template: &t}, t.Status, f.created)
		})
	}
}

// edited has every other template that was approved edited by its author and reviewed
// again, in vain: whoever takes an approval for final shows it. It draws from a stream
// of its own: the other templates are the same with it and without.
func (d *drawer) edited(steps []lifecycle.TemplateStep) []lifecycle.TemplateStep {
	last := steps[len(steps)-1]
	st := d.plan.Seed.Stream("chaos edit", nth(d.index))
	if last.Status != event.TemplateApproved && last.Status != event.TemplateCategoryUpdated || st.Chance(0.5) {
		return steps
	}
	why := "INVALID_FORMAT: the edited text has a variable at its end"
	pending, rejected := last, last
	pending.Status, pending.Reason, pending.After = event.TemplatePending, nil, last.After+between(st, time.Minute, time.Hour)
	rejected.Status, rejected.Reason, rejected.After = event.TemplateRejected, &why, pending.After+between(st, time.Minute, time.Hour)
	return append(steps, pending, rejected)
}

func documentedTemplate(status string) bool {
	switch status {
	case event.TemplatePending, event.TemplateApproved, event.TemplateRejected, event.TemplateCategoryUpdated:
		return true
	}
	return false
}

// contacts is how many numbers there are for contacts: the last two digits of
// the range reserved for fiction, in every area code that could be one.
const contacts = 712 * 100

// contact is the n-th contact of a run.
func contact(s seed.Seed, n int) string {
	n = (n + s.Stream("chaos contacts").IntN(contacts)) % contacts
	left := n / 100
	for area := 200; area < 1000; area++ {
		if area/10%10 == 9 || area%100 == 11 {
			continue
		}
		if left == 0 {
			return fmt.Sprintf("+1%d55501%02d", area, n%100)
		}
		left--
	}
	return "+12025550100" // not reached: there are 712
}

// bystander is a contact who does nothing in a run of less than contacts/2
// messages: one whom messages go to, and whom forged texts are said to be of. Those
// who write are in the first half of the contacts, those who give signals have
// an even place in the second (see contactOf).
func bystander(s seed.Seed, st *seed.Stream) string {
	return contact(s, contacts/2+(st.IntN(contacts/2)|1))
}

// ours is the account's own number.
func ours(s seed.Seed) string {
	return fmt.Sprintf("+1833555%04d", 100+s.Stream("chaos account number").IntN(100))
}
