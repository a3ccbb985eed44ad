package learn

import (
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
func (l *Learner) refusedByStatus(t *Traits, first *round) *Deviation {
	taken, refused := map[event.Status]int{}, map[event.Status]int{}
	var x *driver.Exchange
	for _, tr := range first.outbound() {
		for i, s := range tr.send {
			st := s.e.Outbound.Status
			switch {
			case i < tr.sent:
				taken[st]++
			case i == tr.sent && i > 0 && tr.refused != nil && tr.refused.Outcome.Kind == delivery.Answered && !driver.NotNow(tr.refused.Outcome):
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
		case refused[st] > 1: // of one message it may be by chance
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
