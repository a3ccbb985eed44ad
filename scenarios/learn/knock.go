package learn

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/sentsim/sentsim/scenarios/driver"
	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/contract"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
)

// Taken is what a receiver takes that refuses the plain delivery.
type Taken struct {
	Plain     Plain
	Channels  []event.Channel // nil: not told
	Refused   []event.Channel
	Statuses  []event.Status // that are refused, where others are taken
	Knobs     simulator.Knobs
	Answer    time.Duration
	Deviation *Deviation // nil: the rule's own scenarios say it
}

// Knock tries, when the plain delivery was refused, whether the receiver takes
// another edition of it, another channel, another status, or only what is of no
// message: one difference at a time, the smallest guess first.
func (l *Learner) Knock(ctx context.Context, refused driver.Exchange) (Taken, bool) {
	l.notes = map[string]bool{}
	if l.refusesAll(ctx, refused) {
		return Taken{Knobs: l.Driver.Knobs}, false
	}
	// Some mistakes spoil only some signatures: what is taken must be taken each
	// time, and what is refused be refused each time.
	queued := func(name string, d driver.Driver, ch event.Channel) (x driver.Exchange, ok bool) {
		for n := range uint64(3) {
			other, err := l.Message(ctx, l.Seed.Stream("knock with "+name, n), ch, l.Start)
			plain, errPlain := l.Message(ctx, l.Seed.Stream("knock again before "+name, n), event.SMS, l.Start)
			if err != nil || errPlain != nil {
				return x, false
			}
			if x, ok = l.try(ctx, d, other.Event(event.Queued)); !ok {
				return x, false
			}
			if _, taken := l.try(ctx, l.Driver, plain.Event(event.Queued)); taken {
				return x, false
			}
		}
		return x, true
	}
	taken := Taken{Knobs: l.Driver.Knobs}
	for _, e := range others(l.Driver.Knobs) {
		d := l.Driver
		d.Knobs = e.apply(d.Knobs)
		if x, ok := queued(e.Name, d, event.SMS); ok {
			sent := EditionOf(l.Driver.Knobs)
			dev := editionDeviation(contract.SIG1, sent, e.Name, "are refused: "+quoted(refused.Outcome))
			dev.Name = fmt.Sprintf("a correctly signed delivery of edition %s is accepted", sent)
			if fields := l.refusedFields(ctx, d); len(fields) > 0 {
				dev = closedSchema(sent, e.Name, fields, refused)
			}
			taken.Knobs, taken.Answer, taken.Deviation = d.Knobs, x.Outcome.Duration, &dev
			return taken, true
		}
	}
	for _, ch := range []event.Channel{event.WhatsApp, event.RCS} {
		x, ok := queued("channel "+string(ch), l.Driver, ch)
		if !ok {
			continue
		}
		taken.Answer = x.Outcome.Duration
		taken.Channels, taken.Refused = []event.Channel{ch}, []event.Channel{event.SMS}
		if ch == event.WhatsApp {
			if _, too := queued("channel rcs", l.Driver, event.RCS); too {
				taken.Channels = append(taken.Channels, event.RCS)
			}
		}
		if !l.takes(event.SMS) {
			return taken, true // confirmed
		}
		dev := refusedChannel([]event.Channel{event.SMS}, taken.Channels, refused)
		taken.Deviation = &dev
		return taken, true
	}
	if statuses := l.takenStatuses(ctx, &taken); len(statuses) > 0 {
		taken.Statuses = slices.DeleteFunc(driver.Statuses(), func(st event.Status) bool { return slices.Contains(statuses, st) })
		if slices.ContainsFunc(taken.Statuses, func(st event.Status) bool { return l.Confirmed.Statuses.Kept(st) }) {
			dev := refusedStatuses(taken.Statuses, statuses, refused)
			taken.Deviation = &dev
		}
		return taken, true
	}
	return taken, l.knockWithoutMessages(ctx, &taken)
}

// takenStatuses are those of which an event is taken each time, as the first of a
// message, while the plain delivery is refused each time; none where that cannot be
// told.
func (l *Learner) takenStatuses(ctx context.Context, taken *Taken) []event.Status {
	var all []event.Status
	for _, st := range []event.Status{event.Delivered, event.Sent, event.Failed, event.Routed, event.Read} {
		if len(all) == 0 && st == event.Routed {
			break // it is no one status that it refuses
		}
		ch := event.SMS
		if !driver.Travels(st, ch) {
			ch = event.WhatsApp
		}
		takes := true
		for n := uint64(0); n < 3 && takes; n++ {
			m, err := l.Message(ctx, l.Seed.Stream("knock with status "+string(st), n), ch, l.Start)
			plain, errPlain := l.Message(ctx, l.Seed.Stream("knock again before status "+string(st), n), ch, l.Start)
			if err != nil || errPlain != nil {
				return nil
			}
			x, ok := l.try(ctx, l.Driver, m.Event(st))
			if takes = ok; !ok {
				break
			}
			taken.Answer = max(taken.Answer, x.Outcome.Duration)
			if _, ok := l.try(ctx, l.Driver, plain.Event(event.Queued)); ok {
				return nil
			}
		}
		if takes {
			all = append(all, st)
		}
	}
	return all
}

// knockWithoutMessages tries what is of no message: of inbound texts and templates'
// events one is enough. What is taken must be taken each time.
func (l *Learner) knockWithoutMessages(ctx context.Context, taken *Taken) bool {
	takes := map[Plain]int{}
	const tries = 3
	for n := range uint64(tries) {
		st := l.Seed.Stream("knock with what is of no message", n)
		text := "Is my order on its way?"
		for _, e := range []event.Event{
			driver.Inbound(driver.NewID(st), l.Account, driver.NewNumber(st), &text, event.SMS, l.Start),
			driver.Template(driver.NewID(st), l.Account, event.TemplatePending, l.Start),
		} {
			if x, ok := l.try(ctx, l.Driver, e); ok {
				takes[Plain(e.Type)]++
				taken.Answer = max(taken.Answer, x.Outcome.Duration)
			}
		}
		m := driver.NewMessage(st, l.Account, event.SMS, l.Start) // still refused
		if _, ok := l.try(ctx, l.Driver, m.Event(event.Queued)); ok {
			return false
		}
	}
	for _, kind := range []Plain{PlainInbound, PlainTemplate} {
		if takes[kind] == tries {
			taken.Plain = kind
			return true
		}
	}
	return false
}

// try delivers one event, alone.
func (l *Learner) try(ctx context.Context, d driver.Driver, e event.Event) (driver.Exchange, bool) {
	x := d.Send(ctx, driver.Planned{What: "a genuine " + string(e.Type) + " event", Request: d.Event(e)})
	l.seen(x)
	return x, x.Outcome.Accepted()
}

// quoted is an answer and the first line of what it says.
func quoted(o delivery.Outcome) string { return driver.Quote(driver.Exchange{Outcome: o}) }
