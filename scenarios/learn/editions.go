package learn

import (
	"slices"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/event"
)

// edition is a named form of Sent's deliveries.
type edition struct {
	event.Edition
}

// apply makes deliveries as the edition has them; what stands apart stays.
func (e edition) apply(k simulator.Knobs) simulator.Knobs {
	k.Envelope, k.InboundShape, k.OutboundShape = e.Envelope, e.InboundShape, e.OutboundShape
	k.EventIDHeader, k.Families = e.EventIDHeader, e.Families
	return k
}

// says is how a receiver tells the edition's message events, in a few words.
func (e edition) says() string {
	switch e.Envelope {
	case event.EnvelopeEvent:
		return `the name of the event in "event"`
	case event.EnvelopeCurrent:
		return `the name of the event in "sub_type"`
	case event.EnvelopeLegacy:
		return `the field "messages", and no name of the event`
	}
	return string(e.Envelope)
}

// editions are those that there are, the newest first.
func editions() []edition {
	var all []edition
	for _, e := range slices.Backward(event.Editions()) {
		all = append(all, edition{e})
	}
	return all
}

// others are the editions whose deliveries differ from those of k.
func others(k simulator.Knobs) []edition {
	return slices.DeleteFunc(editions(), func(e edition) bool { return e.Envelope == k.Format().Envelope })
}

// EditionOf names the edition that has the knobs' envelope.
func EditionOf(k simulator.Knobs) string {
	for _, e := range editions() {
		if e.Envelope == k.Envelope {
			return e.Name
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
