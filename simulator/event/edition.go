package event

import (
	"fmt"
	"slices"
	"strings"
)

// Edition is what Sent sent at one time: a named set of values for the knobs of
// the same names, and where each of them is known from.
type Edition struct {
	Name          string
	Envelope      Envelope
	InboundShape  InboundShape
	OutboundShape OutboundShape
	EventIDHeader bool // deliveries carry X-Webhook-Event-ID
	Families      Families

	Sources []Source
}

// Source is where the value of one or more of an edition's knobs is known from.
type Source struct {
	Knobs string // the names of the knobs, with commas between
	From  string // the kind of source, and its date
}

// Editions is the table of editions, the oldest first. The newest is the default.
// Another edition is another row here, and its golden files.
func Editions() []Edition {
	const (
		none  = "silence: no source of that time mentions such a header"
		seeds = "the specification that this project was started with, and Sent's documentation pages of 2025"
		pages = "Sent's documentation pages and their copy of May 2026"
		types = "the types and comments of Sent's official clients: TypeScript 0.40 of 2026-09-30, C# 0.30 of 2026-08-17"
		live  = types + "; Sent's integration notes; deliveries captured by third parties"
	)
	return []Edition{
		{
			Name: "2025", Envelope: EnvelopeLegacy, InboundShape: InboundClassic, OutboundShape: OutboundClassic,
			EventIDHeader: false, Families: "message,templates",
			Sources: []Source{{"envelope", seeds}, {"inbound_shape,outbound_shape,families", seeds}, {"event_id_header", none}},
		},
		{
			Name: "2026-05", Envelope: EnvelopeCurrent, InboundShape: InboundClassic, OutboundShape: OutboundClassic,
			EventIDHeader: false, Families: "message,templates",
			Sources: []Source{{"envelope,inbound_shape,outbound_shape,families", pages}, {"event_id_header", none}},
		},
		{
			Name: "2026-09", Envelope: EnvelopeEvent, InboundShape: InboundNumbered, OutboundShape: OutboundNumbered,
			EventIDHeader: true, Families: "message,templates,contact,channel,link,call",
			Sources: []Source{{"envelope,inbound_shape", live}, {"outbound_shape,event_id_header,families", types}},
		},
	}
}

// NewestEdition is the default one: Sent as it is today.
func NewestEdition() Edition {
	all := Editions()
	return all[len(all)-1]
}

// LookupEdition is the edition of that name. The error lists the names.
func LookupEdition(name string) (Edition, error) {
	all := Editions()
	if i := slices.IndexFunc(all, func(e Edition) bool { return e.Name == name }); i >= 0 {
		return all[i], nil
	}
	return Edition{}, fmt.Errorf("unknown edition %q: use %s", name, strings.Join(EditionNames(), ", "))
}

// EditionNames are the editions' names, the newest first.
func EditionNames() []string {
	var names []string
	for _, e := range Editions() {
		names = append(names, e.Name)
	}
	slices.Reverse(names)
	return names
}

// Format is how the edition's events are encoded.
func (e Edition) Format() Format {
	return Format{Envelope: e.Envelope, Numbers: NumbersE164, InboundShape: e.InboundShape, OutboundShape: e.OutboundShape}
}

// Families are the families of events that exist, in the order of the
// catalogue and with commas between: "message,templates".
type Families string

// List is the families one by one.
func (f Families) List() []string { return strings.Split(string(f), ",") }

// Has tells whether a family is one of them.
func (f Families) Has(family string) bool { return slices.Contains(f.List(), family) }

// ParseFamilies reads families with commas between, which may be spelled as
// ParseFamily takes them. The error names what is none.
func ParseFamilies(text string) (Families, error) {
	var given []string
	for name := range strings.SplitSeq(text, ",") {
		family, ok := ParseFamily(strings.TrimSpace(name))
		if !ok {
			return "", fmt.Errorf("%q is no family of events: use %s", name, strings.Join(AllFamilies(), ", "))
		}
		given = append(given, family)
	}
	ordered := slices.DeleteFunc(AllFamilies(), func(family string) bool { return !slices.Contains(given, family) })
	return Families(strings.Join(ordered, ",")), nil
}

// InEditions are the names of the editions that have a family, the oldest first.
func InEditions(family string) []string {
	var names []string
	for _, e := range Editions() {
		if e.Families.Has(family) {
			names = append(names, e.Name)
		}
	}
	return names
}
