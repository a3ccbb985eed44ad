package explain

import (
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tidwall/gjson"

	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/seed"
)

// shape is the form that the events of one payload have in one format. It is
// learnt from what the simulator's own encoder writes.
type shape struct {
	family  string // of the catalogue: event.ParentMessage and so on
	inbound bool
	format  event.Format
	body    *object
}

// object is the form of a JSON object: its keys in the order in which they are written.
type object struct {
	keys []string
	at   map[string]*place
}

// place is what may stand under one key.
type place struct {
	always bool // every event of the kind has it
	null   bool // it may be null where an event always has it
	form   form
	object *object // of an object, and of each object of a list; else nil
}

// form is how a value is written.
type form int

const (
	formAny     form = iota
	formText         // any text
	formID           // a UUID in lower case
	formTime         // seconds in UTC, with a Z
	formPhone        // digits, with a plus before them or not
	formUpper        // a word in upper case: a status, a code
	formLower        // a word in lower case: a channel
	formNumeral      // a number
	formBool         // true or false
)

// Compiled once: they are asked for every value.
var (
	inFormID    = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	inFormTime  = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$`)
	inFormPhone = regexp.MustCompile(`^\+?\d+$`)
	inFormUpper = regexp.MustCompile(`^[A-Z][A-Z0-9_]*$`)
	inFormLower = regexp.MustCompile(`^[a-z]+$`)
)

// formOf is the form of a value that the encoder wrote.
func formOf(v gjson.Result) form {
	switch v.Type {
	case gjson.Number:
		return formNumeral
	case gjson.True, gjson.False:
		return formBool
	case gjson.String:
	case gjson.Null, gjson.JSON:
		return formAny
	}
	text := v.String()
	switch {
	case inFormID.MatchString(text):
		return formID
	case inFormTime.MatchString(text):
		return formTime
	case strings.HasPrefix(text, "+") && inFormPhone.MatchString(text):
		return formPhone
	case inFormUpper.MatchString(text):
		return formUpper
	case inFormLower.MatchString(text):
		return formLower
	}
	return formText
}

// fits reports whether v is written as a value at this place is.
func (p *place) fits(v gjson.Result) bool {
	text := v.String()
	if v.Type == gjson.Null { // what may be left out may be null too
		return p.null || !p.always
	}
	switch p.form {
	case formNumeral:
		return v.Type == gjson.Number
	case formBool:
		return v.IsBool()
	case formAny: // only null is known of it, or it is an object
		return p.object != nil || v.Type != gjson.String || text != ""
	case formText, formID, formTime, formPhone, formUpper, formLower:
	}
	if v.Type != gjson.String {
		return false
	}
	switch p.form { //nolint:exhaustive // those of texts
	case formID:
		return inFormID.MatchString(text)
	case formTime:
		return inFormTime.MatchString(text)
	case formPhone: // a sender may have a name
		return inFormPhone.MatchString(text) || strings.ContainsFunc(text, func(c rune) bool { return c >= 'A' && c <= 'z' })
	case formUpper:
		return inFormUpper.MatchString(text)
	case formLower:
		return inFormLower.MatchString(text)
	}
	return true
}

// objectOf is the form of an object of which full has everything that it can
// have, and bare nothing that may be left out.
func objectOf(full, bare gjson.Result) *object {
	o := &object{at: map[string]*place{}}
	full.ForEach(func(key, value gjson.Result) bool {
		least := bare.Get(gjson.Escape(key.String()))
		p := &place{always: least.Exists(), null: least.Exists() && least.Type == gjson.Null || value.Type == gjson.Null, form: formOf(value)}
		switch {
		case value.IsObject():
			p.object = objectOf(value, least)
		case value.IsArray():
			p.object = objectOf(value.Get("0"), value.Get("0"))
		}
		o.keys, o.at[key.String()] = append(o.keys, key.String()), p
		return true
	})
	return o
}

// knownShapes are the forms of all payloads in all formats, those of the newest
// edition first.
var knownShapes = sync.OnceValue(func() (all []shape) { //nolint:gochecknoglobals // a constant that takes a millisecond to make
	seen := map[string]bool{}
	for _, k := range event.Catalogue() {
		inbound := k.Type == event.TypeOf(event.Received)
		kind := k.Parent()
		if inbound {
			kind += " in"
		}
		full, err := k.Sample(seed.Seed(1).Stream("shapes"), time.Unix(0, 0))
		if err != nil || seen[kind] {
			continue
		}
		seen[kind] = true
		bare := emptied(full)
		fill(&full)
		for _, f := range formats() {
			o := objectOf(gjson.ParseBytes(full.Encode(f)), gjson.ParseBytes(bare.Encode(f)))
			if full.Template != nil { // null, absent or a text, says the contract
				o.at["payload"].object.at["reason"].always = false
			}
			all = append(all, shape{k.Parent(), inbound, f, o})
		}
	}
	return all
})

// emptied is e with nothing in it that may be left out.
func emptied(e event.Event) event.Event {
	bare := event.Event{Type: e.Type, CreatedAt: e.CreatedAt}
	switch {
	case e.Outbound != nil:
		bare.Outbound = &event.Outbound{}
	case e.Inbound != nil:
		bare.Inbound = &event.Inbound{}
	case e.Template != nil:
		bare.Template = &event.Template{Whole: true}
	case e.Contact != nil:
		bare.Contact = &event.Contact{}
	case e.Market != nil:
		bare.Market = &event.Market{}
	case e.Link != nil:
		bare.Link = &event.Link{}
	case e.Call != nil:
		bare.Call = &event.Call{}
	}
	return bare
}

// fill puts something wherever e can have a value. A text with a blank in it
// says that the values are no closed set.
func fill(e *event.Event) {
	anything := "any text"
	number, id := "+15550001111", e.ID
	switch {
	case e.Outbound != nil:
		o := e.Outbound
		o.AgentID, o.TemplateName, o.Body, o.TemplateID = anything, anything, &anything, id
		o.ReasonCode, o.Reason, o.ScheduleReason, o.ScheduledAt = "A_CODE", anything, event.QuietHours, e.CreatedAt
	case e.Inbound != nil:
		e.Inbound.Provider, e.Inbound.Text = anything, &anything
	case e.Template != nil:
		t := e.Template
		t.Status, t.Language, t.WhatsAppTemplateID = anything, anything, anything
		t.Reason, t.AutoReplyAction = &anything, "OPT_IN"
	case e.Contact != nil:
		c := e.Contact
		c.To, c.AgentID, c.MessageID, c.TemplateID, c.Text = &number, anything, id, id, &anything
	case e.Market != nil:
		m := e.Market
		m.NumberType, m.SenderValue, m.Reason, m.ReasonCode = anything, &anything, anything, "A_CODE"
	case e.Link != nil:
		l := e.Link
		l.SenderProfileID, l.MessageID = id, id
		l.Request = &event.LinkRequest{TrafficClass: anything, Country: "US", Method: "GET"}
	case e.Call != nil:
		e.Call.Ended, e.Call.Reason, e.Call.RecordingID = &event.CallEnd{}, anything, id
	}
}

// formats are all that a delivery can have, those of the editions first, the
// newest of them before the others; how they write numbers makes no difference here.
func formats() (all []event.Format) {
	for _, name := range event.EditionNames() {
		if edition, err := event.LookupEdition(name); err == nil {
			all = append(all, edition.Format())
		}
	}
	for _, envelope := range event.Envelopes() {
		for _, in := range event.InboundShapes() {
			for _, out := range event.OutboundShapes() {
				f := event.Format{Envelope: envelope, Numbers: event.NumbersE164, InboundShape: in, OutboundShape: out}
				if !slices.Contains(all, f) {
					all = append(all, f)
				}
			}
		}
	}
	return all
}

// nearest is the shape to which an event comes closest, of those that may have
// the names in it; false where there is none.
func nearest(doc gjson.Result) (best shape, ok bool) {
	least := 0
	for _, s := range knownShapes() {
		if !s.mayBe(doc) {
			continue
		}
		missing, unknown := s.body.differences(doc, "")
		if n := len(missing) + len(unknown); !ok || n < least {
			best, least, ok = s, n, true
		}
	}
	return best, ok
}

// mayBe reports whether the names in an event allow it to have this shape. A
// name that is not there allows any.
func (s shape) mayBe(doc gjson.Result) bool {
	name, dialect := doc.Get("event"), event.EnvelopeEvent
	if !name.Exists() {
		name, dialect = doc.Get("sub_type"), event.EnvelopeCurrent
	}
	field := doc.Get("field")
	if !name.Exists() {
		family := s.family
		if s.format.Envelope == event.EnvelopeLegacy && family == event.ParentMessage {
			family = "messages"
		}
		return !field.Exists() || field.String() == family
	}
	t := event.Type(strings.ToLower(name.String()))
	return s.format.Envelope == dialect && t.Parent() == s.family && s.inbound == (t == event.TypeOf(event.Received))
}

// differences are the keys that doc lacks though every event of the kind has
// them, and those that no event of the kind has.
func (o *object) differences(doc gjson.Result, under string) (missing, unknown []string) {
	for _, key := range o.keys {
		p, value := o.at[key], doc.Get(gjson.Escape(key))
		switch {
		case !value.Exists() && p.always:
			missing = append(missing, under+key)
		case value.IsObject() && p.object != nil && under == "":
			m, u := p.object.differences(value, key+".")
			missing, unknown = append(missing, m...), append(unknown, u...)
		}
	}
	doc.ForEach(func(key, _ gjson.Result) bool {
		if o.at[key.String()] == nil && !slices.Contains(unknown, under+key.String()) {
			unknown = append(unknown, under+key.String())
		}
		return true
	})
	return missing, unknown
}
