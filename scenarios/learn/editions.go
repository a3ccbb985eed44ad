package learn

import (
	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/event"
)

// edition is a named form of Sent's deliveries.
type edition struct {
	name  string
	apply func(simulator.Knobs) simulator.Knobs
	says  string // how its deliveries look, in a few words
}

// editions are those that there are, the newest first.
func editions() []edition {
	form := func(name string, e event.Envelope, in event.InboundShape, says string) edition {
		return edition{name, func(k simulator.Knobs) simulator.Knobs {
			k.Envelope, k.InboundShape = e, in
			return k
		}, says}
	}
	return []edition{
		form("2026-09", event.EnvelopeEvent, event.InboundNumbered, `the name of the event in "event"`),
		form("2026-05", event.EnvelopeCurrent, event.InboundClassic, `the name of the event in "sub_type"`),
		form("2025", event.EnvelopeLegacy, event.InboundClassic, `the field "messages", and no name of the event`),
	}
}

// others are the editions whose deliveries differ from those of k.
func others(k simulator.Knobs) []edition {
	var all []edition
	for _, e := range editions() {
		if e.apply(k).Envelope != k.Envelope {
			all = append(all, e)
		}
	}
	return all
}

// EditionOf names the edition that has the knobs' envelope.
func EditionOf(k simulator.Knobs) string {
	for _, e := range editions() {
		if e.apply(k).Envelope == k.Envelope {
			return e.name
		}
	}
	return ""
}

// shapes are the inbound shapes, that of k first.
func shapes(k simulator.Knobs) []event.InboundShape {
	own := k.Format().InboundShape
	all := []event.InboundShape{own}
	for _, s := range event.InboundShapes() {
		if s != own {
			all = append(all, s)
		}
	}
	return all
}
