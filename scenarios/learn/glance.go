package learn

import (
	"context"
	"time"

	"github.com/sentsim/sentsim/scenarios/driver"
	"github.com/sentsim/sentsim/simulator/event"
)

// slowToRefuse is how long a refusal takes from which on all that Knock may try is sent
// side by side first.
const slowToRefuse = 250 * time.Millisecond

// refusesAll reports whether a receiver that is slow to refuse refuses one of each kind
// of delivery that Knock tries, sent side by side: then there is nothing to try one by
// one, which would take it half a minute. False for one that is not slow.
func (l *Learner) refusesAll(ctx context.Context, refused driver.Exchange) bool {
	if refused.Outcome.Duration < slowToRefuse {
		return false
	}
	var all []driver.Planned
	add := func(d driver.Driver, e event.Event) {
		all = append(all, driver.Planned{What: "a genuine " + string(e.Type) + " event", Request: d.Event(e)})
	}
	message := func(name string, ch event.Channel) (driver.Message, bool) {
		m, err := l.Message(ctx, l.Seed.Stream("knock side by side with "+name), ch, l.Start)
		return m, err == nil
	}
	for _, e := range others(l.Driver.Knobs) {
		d := l.Driver
		d.Knobs = e.apply(d.Knobs)
		m, ok := message(e.Name, event.SMS)
		if !ok {
			return false
		}
		add(d, m.Event(event.Queued))
	}
	for _, ch := range []event.Channel{event.WhatsApp, event.RCS} {
		m, ok := message("channel "+string(ch), ch)
		if !ok {
			return false
		}
		add(l.Driver, m.Event(event.Queued))
	}
	for _, st := range []event.Status{event.Delivered, event.Sent, event.Failed} {
		m, ok := message("status "+string(st), event.SMS)
		if !ok {
			return false
		}
		add(l.Driver, m.Event(st))
	}
	st := l.Seed.Stream("knock side by side with what is of no message")
	text := "Is my order on its way?"
	add(l.Driver, driver.Inbound(driver.NewID(st), l.Account, driver.NewNumber(st), &text, event.SMS, l.Start))
	add(l.Driver, driver.Template(driver.NewID(st), l.Account, event.TemplatePending, l.Start))
	none := true
	for _, x := range l.Driver.SendTogether(ctx, all) {
		l.seen(x)
		none = none && !x.Outcome.Accepted()
	}
	return none
}
