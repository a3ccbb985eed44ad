package learn

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/sentsim/sentsim/scenarios/driver"
	"github.com/sentsim/sentsim/simulator/contract"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
)

// refusedByStatus finds statuses whose events are refused wherever they come, though
// those before them are taken, and leaves them out from here on. Nil where there are none.
func (l *Learner) refusedByStatus(ctx context.Context, t *Traits, first *round) *Deviation {
	taken, refused, on := map[event.Status]int{}, map[event.Status]int{}, map[event.Status]event.Channel{}
	var x *driver.Exchange
	for _, tr := range first.outbound() {
		for i, s := range tr.send {
			st := s.e.Outbound.Status
			switch {
			case i < tr.sent:
				taken[st]++
			case i == tr.sent && i > 0 && tr.refused != nil && tr.refused.Outcome.Kind == delivery.Answered && !driver.NotNow(tr.refused.Outcome):
				on[st] = tr.channel
				if refused[st]++; x == nil {
					x = tr.refused
				}
			}
		}
	}
	var all, others []event.Status
	for _, st := range driver.Statuses() {
		switch {
		case taken[st] > 0:
			others = append(others, st)
		case refused[st] > 1 || refused[st] == 1 && l.refusesStill(ctx, on[st], st): // of one message it may be by chance
			all = append(all, st)
		}
	}
	if len(all) == 0 {
		return nil
	}
	l.Refused = append(slices.Clone(l.Refused), all...)
	t.RefusedStatuses = l.Refused
	dev := refusedStatuses(all, others, *x)
	dev.At = x
	return &dev
}

// onChannel is a status on a channel.
type onChannel struct {
	status  event.Status
	channel event.Channel
}

// refusedOn is one whose events are refused, though they are taken on another channel.
type refusedOn struct {
	onChannel
	x driver.Exchange
}

// refusedOnOneChannel finds those. That of the same message the statuses before it are taken,
// and that it is refused of others on that channel as well, tells it from what comes by chance.
func (l *Learner) refusedOnOneChannel(ctx context.Context, first *round) (all []refusedOn) {
	taken := map[event.Status][]event.Channel{}
	refused := map[onChannel]*driver.Exchange{}
	for _, tr := range first.outbound() {
		for i, s := range tr.send[:min(tr.sent+1, len(tr.send))] {
			st := s.e.Outbound.Status
			switch {
			case i < tr.sent:
				taken[st] = append(taken[st], tr.channel)
			case i > 0 && tr.refused != nil && tr.refused.Outcome.Kind == delivery.Answered && !driver.NotNow(tr.refused.Outcome):
				refused[onChannel{st, tr.channel}] = tr.refused
			}
		}
	}
	for _, ch := range event.Channels() {
		for _, st := range driver.Statuses() {
			x := refused[onChannel{st, ch}]
			if x != nil && len(taken[st]) > 0 && !slices.Contains(taken[st], ch) && l.refusesStill(ctx, ch, st) {
				all = append(all, refusedOn{onChannel{st, ch}, *x})
			}
		}
	}
	return all
}

// refusesStill reports whether that status is refused of two more messages on a channel,
// which the receiver takes until then.
func (l *Learner) refusesStill(ctx context.Context, ch event.Channel, last event.Status) bool {
	for n := range uint64(2) {
		m, err := l.Message(ctx, l.Seed.Stream(fmt.Sprintf("learn whether %s is refused on %s", last, ch), n), ch, l.Start)
		if err != nil {
			return false
		}
		for _, st := range (Traits{RefusedStatuses: l.Refused}).WayTo(last) {
			x, ok := l.try(ctx, l.Driver, m.Event(st))
			if ok == (st == last) || !ok && (x.Outcome.Kind != delivery.Answered || driver.NotNow(x.Outcome)) {
				return false
			}
		}
	}
	return true
}

// judgeElsewhere leaves out the channels on which a status is refused that another takes, or
// the status, where no other channel shows.
func (l *Learner) judgeElsewhere(t *Traits, all []refusedOn) {
	takes := slices.DeleteFunc(event.Channels(), func(ch event.Channel) bool {
		return !t.Takes(ch) || slices.ContainsFunc(all, func(r refusedOn) bool { return r.channel == ch })
	})
	if len(all) == 0 {
		return
	}
	judged := "on " + list(takes)
	if len(takes) == 0 {
		judged = "by the other statuses"
		for _, r := range all {
			t.RefusedStatuses = append(slices.Clone(t.RefusedStatuses), r.status)
			if t.Words != nil {
				t.Words[r.status] = Word{}
			}
		}
	} else {
		t.Channels = takes
	}
	for _, r := range all {
		if l.takes(r.channel) && l.Confirmed.Statuses.Kept(r.status) {
			t.Deviations = append(t.Deviations, Deviation{
				ID: "status-refused-on-channel", Rule: contract.SIG1, Certainty: Tried, At: &r.x,
				Name:   fmt.Sprintf("the %s events of messages on %s are accepted", r.status, r.channel),
				Reason: fmt.Sprintf("genuine %s events of messages on %s are refused (%s), though those before them are taken, and %s on other channels: everything else is judged %s", r.status, r.channel, driver.Quote(r.x), r.status, judged),
				Fix:    fmt.Sprintf("Look for what is different in a %s event on %s, such as a field that other channels have or an event type that is not expected there. What you do not handle is acknowledged with a 2xx.", r.status, r.channel),
			})
		}
	}
}

// refusedChannels finds channels on which every genuine event is refused.
func (l *Learner) refusedChannels(t *Traits, first *round) {
	taken, refused := map[event.Channel]bool{}, map[event.Channel]*driver.Exchange{}
	for _, tr := range first.outbound() {
		if tr.refused == nil || tr.sent > 0 {
			taken[tr.channel] = true // its first event at least
		} else {
			refused[tr.channel] = tr.refused
		}
	}
	var all []event.Channel
	for _, ch := range event.Channels() {
		if refused[ch] != nil && !taken[ch] {
			all = append(all, ch)
		}
	}
	if len(all) == 0 || len(taken) == 0 {
		return
	}
	t.Channels, t.Refused = missing(all), all
	if slices.ContainsFunc(all, l.takes) {
		t.Deviations = slices.DeleteFunc(t.Deviations, func(d Deviation) bool { return d.ID == "channels" })
		t.Deviations = append(t.Deviations, refusedChannel(all, t.Channels, *refused[all[0]]))
	}
}

func refusedChannel(refused, taken []event.Channel, x driver.Exchange) Deviation {
	return Deviation{
		ID: "channels", Rule: contract.SIG1, Certainty: Tried,
		Name:   fmt.Sprintf("events of messages on %s are accepted", list(refused)),
		Reason: fmt.Sprintf("genuine events of messages on %s are refused (%s), those on %s are taken: everything else is judged there", list(refused), driver.Quote(x), list(taken)),
		Fix:    fmt.Sprintf("Acknowledge what you do not handle with a 2xx. If the receiver is meant for %s only, confirm it in the config file: probe: {message: {channels: [%s]}}", list(taken), commas(taken)),
	}
}

func refusedStatuses(refused, taken []event.Status, x driver.Exchange) Deviation {
	nulls := make([]string, len(refused))
	for i, st := range refused {
		nulls[i] = string(st) + ": null"
	}
	return Deviation{
		ID: "statuses-refused", Rule: contract.SIG1, Certainty: Tried,
		Name:   fmt.Sprintf("the %s events of a message are accepted", list(refused)),
		Reason: fmt.Sprintf("genuine %s events are refused (%s), those of %s are taken, of the same kind of messages: everything else is judged by those", list(refused), driver.Quote(x), list(taken)),
		Fix: fmt.Sprintf("Acknowledge what you do not handle with a 2xx. If the webhook is not subscribed to them, or the receiver is meant so, confirm it in the config file: probe: {message: {statuses: {%s}}}",
			strings.Join(nulls, ", ")),
	}
}
