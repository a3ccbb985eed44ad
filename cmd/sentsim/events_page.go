package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/tidwall/gjson"

	"github.com/sentsim/sentsim/simulator"
	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/signing"
)

// describedEvent is an event of the catalogue and the fields that its body has.
type describedEvent struct {
	event.Kind
	envelope, payload []string
}

// describeEvents is every event that exists with these knobs. The fields are those
// of a sample, so that they are always what is sent.
func describeEvents(k simulator.Knobs) ([]describedEvent, error) {
	var all []describedEvent
	for _, kind := range event.Catalogue() {
		if k.Has(kind) != nil {
			continue
		}
		e, err := kind.Sample(bytes.NewReader(make([]byte, 4096)), time.Unix(0, 0))
		if err != nil {
			return nil, err
		}
		body := gjson.ParseBytes(e.Encode(k.Format()))
		all = append(all, describedEvent{kind, keys(body), keys(body.Get("payload"))})
	}
	return all, nil
}

func keys(object gjson.Result) []string {
	names := []string{}
	for _, name := range object.Get("@keys").Array() {
		names = append(names, name.String())
	}
	return names
}

func (a *app) eventsPage(k simulator.Knobs) error {
	all, err := describeEvents(k)
	if err != nil {
		return exit(statusTrouble, err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Sent, edition %s\n", k.EditionText())
	writeSources(&b, k)
	writeRequest(&b, k, all)
	for i, first := range all {
		if slices.ContainsFunc(all[:i], func(e describedEvent) bool { return sameShape(first, e) }) {
			continue // written with the first of its shape
		}
		writeFamily(&b, first, all)
		for _, e := range all[i:] {
			if sameShape(first, e) {
				writeEvent(&b, e, common(all, e))
			}
		}
	}
	return a.print("%s", b.String())
}

// writeSources writes the edition's knobs and where their values are known from.
func writeSources(b *strings.Builder, k simulator.Knobs) {
	edition, err := event.LookupEdition(k.Edition)
	if err != nil {
		return // knobs that were put together without an edition
	}
	for _, source := range edition.Sources {
		for name := range strings.SplitSeq(source.Knobs, ",") {
			fmt.Fprintf(b, "  %s: %s", name, k.Get(name))
			if slices.Contains(k.Deviations(), name) {
				fmt.Fprintf(b, " (yours; the edition's is %s)", k.In(edition).Get(name))
			}
			b.WriteByte('\n')
		}
		writeFolded(b, "    known from ", source.From)
	}
	others := slices.DeleteFunc(event.EditionNames(), func(name string) bool { return name == k.Edition })
	fmt.Fprintf(b, "  other editions: %s (--edition)\n", strings.Join(others, ", "))
	var missing []string
	for _, family := range event.AllFamilies() {
		if !k.Families.Has(family) {
			missing = append(missing, family+" (in "+strings.Join(event.InEditions(family), ", ")+")")
		}
	}
	if len(missing) > 0 {
		writeFolded(b, "  ", "families of other editions: "+strings.Join(missing, ", "))
	}
}

// writeRequest writes what surrounds every payload.
func writeRequest(b *strings.Builder, k simulator.Knobs, all []describedEvent) {
	about := k.EventHeaders("message.sent", uuid.Max)
	r := delivery.NewRequest("", "", signing.Secret{}, about, nil, 0)
	b.WriteString("\nheaders of a delivery\n")
	var names []string
	for _, h := range r.Headers {
		names = append(names, h.Name)
	}
	writeFolded(b, "  ", strings.Join(names, ", "))
	var envelopes []string
	for _, e := range all {
		text := strings.Join(e.envelope, ", ")
		if e.Parent() == event.ParentTemplates {
			text = "of template events " + text
		}
		if !slices.Contains(envelopes, text) {
			envelopes = append(envelopes, text)
		}
	}
	b.WriteString("fields of the envelope\n")
	writeFolded(b, "  ", strings.Join(envelopes, "; "))
}

// sameShape tells whether two events have payloads of one kind.
func sameShape(a, b describedEvent) bool {
	inbound := func(e describedEvent) bool { return e.Parent() == event.ParentMessage && e.Direction == event.In }
	return a.Parent() == b.Parent() && inbound(a) == inbound(b)
}

// common are the payload's fields that all events of e's shape have.
func common(all []describedEvent, e describedEvent) []string {
	return slices.DeleteFunc(slices.Clone(e.payload), func(field string) bool {
		return slices.ContainsFunc(all, func(other describedEvent) bool {
			return sameShape(e, other) && !slices.Contains(other.payload, field)
		})
	})
}

func writeFamily(b *strings.Builder, e describedEvent, all []describedEvent) {
	name := e.Parent()
	if e.Parent() == event.ParentMessage {
		name += ", " + string(e.Direction)
	}
	fmt.Fprintf(b, "\n%s: fields of every payload\n", name)
	writeFolded(b, "  ", strings.Join(common(all, e), ", "))
}

func writeEvent(b *strings.Builder, e describedEvent, shared []string) {
	extended := ""
	if e.Extended {
		extended = ", by chance only with --extended"
	}
	fmt.Fprintf(b, "%s (%s, %s%s)\n", e.Name, e.Direction, strings.Join(channels(e.Kind), " "), extended)
	writeFolded(b, "  ", e.Meaning)
	if e.Trouble != "" {
		writeFolded(b, "  ", "where it can go wrong: "+e.Trouble)
	}
	own := slices.DeleteFunc(slices.Clone(e.payload), func(field string) bool { return slices.Contains(shared, field) })
	if len(own) > 0 {
		writeFolded(b, "  ", "and the fields "+strings.Join(own, ", "))
	}
}

// writeFolded writes text in lines, the first after before and the others under it.
func writeFolded(b *strings.Builder, before, text string) {
	indent := before[:len(before)-len(strings.TrimLeft(before, " "))]
	for i, line := range fold(strings.TrimLeft(before, " ")+text, plainWidth-len(indent)) {
		if i == 1 && strings.TrimSpace(before) != "" {
			indent += "  "
		}
		fmt.Fprintf(b, "%s%s\n", indent, line)
	}
}

func channels(k event.Kind) []string {
	names := []string{}
	for _, c := range k.Channels {
		names = append(names, string(c))
	}
	return names
}

func (a *app) eventsJSON(k simulator.Knobs) error {
	type eventJSON struct {
		Name      string   `json:"name"`
		Parent    string   `json:"parent"`
		Status    string   `json:"status"`
		Direction string   `json:"direction"`
		Channels  []string `json:"channels"`
		Meaning   string   `json:"meaning"`
		Trouble   string   `json:"trouble"`
		Extended  bool     `json:"extended"`
		Edition   string   `json:"edition"`
		Envelope  []string `json:"envelope"`
		Payload   []string `json:"payload"`
	}
	all, err := describeEvents(k)
	if err != nil {
		return exit(statusTrouble, err)
	}
	list := []eventJSON{}
	for _, e := range all {
		list = append(list, eventJSON{
			e.Name, e.Parent(), e.Status, string(e.Direction), channels(e.Kind), e.Meaning, e.Trouble, e.Extended,
			k.Edition, e.envelope, e.payload,
		})
	}
	return a.printJSON(list)
}
