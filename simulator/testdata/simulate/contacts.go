package main

import (
	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/event"
)

// numbers are the contacts that messages go to and come from.
func numbers() []string { return []string{"+14155550191", "+14155550192", "+14155550193"} }

// words are what contacts write, and the signal that each is.
func words() map[string]event.Type {
	return map[string]event.Type{
		"Yes, please": "", "STOP": event.ContactOptOut, " stop ": event.ContactOptOut,
		"Start": event.ContactOptIn, "help": event.ContactHelp,
	}
}

// word is what a contact writes in a step.
func (s step) word() string {
	return []string{"Yes, please", "STOP", " stop ", "Start", "help"}[s.number%5]
}

// signal is what a contact tells the network in a step.
func (s step) signal() event.Type {
	return []event.Type{event.ContactOptOut, event.ContactOptOut, event.ContactOptIn, event.ContactHelp}[s.number%4]
}

func (s step) contact() string { return numbers()[s.choice%len(numbers())] }

// hear has a contact write, or tell the network what it wants.
func (l *life) hear(s step, o *op, channel event.Channel) error {
	if o.events = 1; s.kind == hear {
		_, err := l.sim.Hear(simulator.Signal{Type: s.signal(), From: s.contact(), Channel: channel})
		return err
	}
	text := s.word()
	if words()[text] != "" {
		o.events++ // the signal comes after the message
	}
	_, err := l.sim.Receive(simulator.Inbound{Channel: channel, From: s.contact(), Text: &text})
	return err
}

// checkContact: the event of a contact's signal says whether it has opted out.
func (l *life) checkContact(e event.Event) {
	if e.Contact == nil {
		return
	}
	out := l.optedOut[e.Contact.From]
	if e.Type == event.ContactOptOut || e.Type == event.ContactOptIn {
		out = e.Type == event.ContactOptOut
	}
	if e.Contact.OptOut != out {
		l.violated(consent, "%s says opted out %t of contact %s, and must say %t", e.Type, e.Contact.OptOut, e.Contact.From, out)
	}
}

// adoptSignal makes what a contact wants the state.
func (w *world) adoptSignal(e event.Event) {
	var typ event.Type
	var number string
	switch {
	case e.Contact != nil:
		typ, number = e.Type, e.Contact.From
	case e.Inbound != nil && e.Inbound.Text != nil:
		typ, number = words()[*e.Inbound.Text], e.Inbound.From
	}
	if typ == event.ContactOptOut || typ == event.ContactOptIn {
		w.optedOut[number] = typ == event.ContactOptOut
	}
}

// compareContacts compares who has opted out, and what the platform says of it.
func (l *life) compareContacts() {
	for i, number := range numbers() {
		if said := l.sim.OptedOut(number); said != l.optedOut[number] {
			l.violated(consent, "it says opted out %t of contact %d, and must say %t", said, i+1, l.optedOut[number])
		}
	}
}
