package lifecycle

import (
	"slices"
	"time"

	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/seed"
)

// PlanMessage draws the way of one message: what is reported when, in lifecycle
// order, starting with QUEUED (or SCHEDULED) at offset zero. The same stream and
// options give the same plan. An outcome that o.Validate refuses counts as none,
// so a plan never breaks the lifecycle.
func PlanMessage(st *seed.Stream, o Options) []Step {
	o.Channel = o.channel()
	o.Automatic = o.Automatic && o.Extended
	if o.Validate() != nil {
		o.Outcome = ""
	}
	p := planner{st: st, o: o, steps: make([]Step, 0, 5)} // most messages have no more than from queued to read
	ch := o.Channel
	switch o.Outcome {
	case "":
		p.drawn(ch)
	case ScheduledDelivered:
		p.park()
		p.route(ch, EndsDelivered)
	case EndsCancelled:
		p.park()
		p.cancel()
	case ReroutedDelivered:
		p.route(ch, seed.Pick(st, []Outcome{EndsFailedRouted, EndsFailedSent}))
		p.wait(ExtendedOdds().Requeue)
		other, _ := p.other() // only one has been tried
		p.route(other, EndsDelivered)
	case EndsRead, EndsDelivered, EndsSent, EndsRouted, EndsQueued, EndsFailedQueued, EndsFailedRouted,
		EndsFailedSent, EndsFailedReceipt, EndsFiltered, EndsBlocked:
		p.route(ch, o.Outcome)
	}
	return p.steps
}

// planner collects a plan's steps while time passes.
type planner struct {
	st     *seed.Stream
	o      Options
	at     time.Duration
	routed bool // on some route: a later failure is not "auto"
	tried  []event.Channel
	steps  []Step

	table   Odds // of the channel tableOf
	tableOf event.Channel
}

// odds is OddsOf(ch), which makes its table anew each time.
func (p *planner) odds(ch event.Channel) *Odds {
	if p.tableOf != ch {
		p.table, p.tableOf = OddsOf(ch), ch
	}
	return &p.table
}

// drawn plans a message whose end is left to chance.
func (p *planner) drawn(ch event.Channel) {
	if !p.o.Extended {
		p.route(ch, p.end(ch))
		return
	}
	x := ExtendedOdds()
	if p.st.Chance(x.Scheduled) {
		p.park()
		if p.st.Chance(x.Cancelled) {
			p.cancel()
			return
		}
	}
	switch u := p.st.Float64(); {
	case u < x.Filtered:
		p.route(ch, EndsFiltered)
		return
	case u < x.Filtered+x.Blocked:
		p.route(ch, EndsBlocked)
		return
	}
	for {
		end := p.end(ch)
		p.route(ch, end)
		afterRouting := end == EndsFailedRouted || end == EndsFailedSent
		if !afterRouting || !p.st.Chance(x.Reroute) {
			return
		}
		other, ok := p.other()
		if !ok {
			return
		}
		p.wait(x.Requeue)
		ch = other
	}
}

// end draws how a message on ch ends.
func (p *planner) end(ch event.Channel) Outcome {
	odds := p.odds(ch)
	u := p.st.Float64()
	for _, share := range odds.Ends {
		if u < share.Of {
			return share.Outcome
		}
		u -= share.Of
	}
	if ReportsRead(ch) && p.st.Chance(odds.Read) {
		return EndsRead
	}
	return EndsDelivered
}

// route plans one way through the line: on ch, up to and with its end.
func (p *planner) route(ch event.Channel, end Outcome) {
	p.tried = append(p.tried, ch)
	odds := p.odds(ch)
	p.emit(event.Queued, p.unrouted(ch))
	if end == EndsQueued {
		return
	}
	p.wait(odds.Routing)
	switch end {
	case EndsFailedQueued:
		p.stop(event.Failed, p.never(ch), end)
		return
	case EndsFiltered:
		p.stop(event.Filtered, p.never(ch), end)
		return
	case EndsBlocked:
		p.stop(event.Blocked, p.never(ch), end)
		return
	case EndsRead, EndsDelivered, EndsSent, EndsRouted, EndsQueued, EndsFailedRouted, EndsFailedSent,
		EndsFailedReceipt, ScheduledDelivered, EndsCancelled, ReroutedDelivered:
	}

	p.routed = true
	p.pass(event.Routed, ch, odds.SkipRouted, end == EndsRouted || end == EndsFailedRouted)
	if end == EndsRouted {
		return
	}
	p.wait(odds.Handover)
	if end == EndsFailedRouted {
		p.stop(event.Failed, ch, end)
		return
	}
	p.pass(event.Sent, ch, odds.SkipSent, end == EndsSent || end == EndsFailedSent || end == EndsFailedReceipt)
	if end == EndsSent {
		return
	}
	if end == EndsFailedReceipt {
		p.wait(odds.Receipt)
		p.stop(event.Failed, ch, end)
		return
	}
	p.wait(odds.Travel)
	if p.st.Chance(odds.Offline) && !p.o.Prompt {
		p.wait(odds.Away)
	}
	if end == EndsFailedSent {
		p.stop(event.Failed, ch, end)
		return
	}
	p.pass(event.Delivered, ch, odds.SkipDelivered, end == EndsDelivered)
	if end == EndsRead {
		p.wait(odds.Opening)
		p.emit(event.Read, ch)
	}
}

// park puts quiet hours before the queue.
func (p *planner) park() {
	p.emit(event.Scheduled, p.unrouted(p.o.Channel))
	p.wait(ExtendedOdds().QuietHours)
	p.steps[len(p.steps)-1].Until = p.at
}

// cancel ends a message that is parked, before its time.
func (p *planner) cancel() {
	until := p.at
	p.at = p.st.Between(time.Second, until/2).Truncate(time.Millisecond)
	p.emit(event.Cancelled, p.never(p.o.Channel))
	p.steps[len(p.steps)-1].Until = until
}

// pass reports a status, unless it is skipped; needed ones never are.
func (p *planner) pass(s event.Status, ch event.Channel, skip float64, needed bool) {
	if needed || !p.st.Chance(skip) && !p.o.Skips {
		p.emit(s, ch)
	}
}

func (p *planner) emit(s event.Status, ch event.Channel) {
	p.steps = append(p.steps, Step{After: p.at, Status: s, Channel: ch})
}

// stop reports a status that says why it ends the message or its route.
func (p *planner) stop(s event.Status, ch event.Channel, end Outcome) {
	because := seed.Pick(p.st, reasons(end, p.tried[len(p.tried)-1]))
	p.steps = append(p.steps, Step{After: p.at, Status: s, Channel: ch, Reason: because.text, Code: because.code})
}

// wait lets time pass.
func (p *planner) wait(s Span) {
	if p.o.Prompt {
		s.Max = s.Min
	}
	p.at += p.st.Between(s.Min, s.Max).Truncate(time.Millisecond)
}

// unrouted is the channel that an event before routing names.
func (p *planner) unrouted(ch event.Channel) event.Channel {
	if p.o.Automatic {
		return event.Unrouted
	}
	return ch
}

// never is the channel that the end of a message names which was not routed.
func (p *planner) never(ch event.Channel) event.Channel {
	if p.o.Automatic && !p.routed {
		return event.Auto
	}
	return ch
}

// other draws a channel that has not been tried; ok is false when all have
// been, so a message has three routes at most.
func (p *planner) other() (ch event.Channel, ok bool) {
	var left []event.Channel
	for _, c := range event.Channels() {
		if !slices.Contains(p.tried, c) {
			left = append(left, c)
		}
	}
	if len(left) == 0 {
		return "", false
	}
	return seed.Pick(p.st, left), true
}
