package explain

import (
	"fmt"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/sentsim/sentsim/scenarios/capture"
	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/seed"
)

// mostLeftOut is how many fields may be missing of an event of Sent. One that lacks
// more is of a form that is not known here, and nothing can be said of it.
const mostLeftOut = 3

// fieldsFault says which fields the body has not that every event of its kind has,
// in the edition to which it comes closest: whatever captured it left them out. A
// body that has its Content-Length is whole; one without a payload is of no event.
func fieldsFault(r capture.Request, body []byte) (reason, bool) {
	if declared(r) > 0 {
		return reason{}, false
	}
	doc := gjson.ParseBytes(body)
	if !doc.Get("payload").IsObject() {
		return reason{}, false
	}
	var lacks []string
	name, known := "", false
	for _, bare := range barest() {
		for _, f := range formats() {
			least := gjson.ParseBytes(bare.Encode(f))
			if !alike(doc, least) {
				continue
			}
			if missing := lacking(doc, least, ""); !known || len(missing) < len(lacks) {
				lacks, name, known = missing, string(bare.Type), true
			}
		}
	}
	if len(lacks) == 0 || len(lacks) > mostLeftOut {
		return reason{}, false
	}
	return reason{"body-field-missing", fmt.Sprintf("the body has no %s, which a %s event of Sent always has: what captured it left out a part, and the signature covers every byte", strings.Join(lacks, ", no "), name), captureAgain}, true
}

// alike reports whether two events can be of one kind: what names it is the same in
// both, or not there.
func alike(a, b gjson.Result) bool {
	for _, key := range []string{"field", "event", "sub_type"} {
		if x, y := a.Get(key), b.Get(key); x.Exists() && y.Exists() && x.String() != y.String() {
			return false
		}
	}
	// The names of an event stand under one key or the other.
	return !a.Get("sub_type").Exists() || !b.Get("event").Exists() || a.Get("event").Exists()
}

// lacking are the keys of least, and of its payload, that doc has not.
func lacking(doc, least gjson.Result, under string) (all []string) {
	least.ForEach(func(key, value gjson.Result) bool {
		has := doc.Get(gjson.Escape(key.String()))
		switch {
		case !has.Exists():
			all = append(all, under+key.String())
		case under == "" && value.IsObject():
			all = append(all, lacking(has, value, key.String()+".")...)
		}
		return true
	})
	return all
}

// barest are events of every type with nothing in them that may be left out.
func barest() (all []event.Event) {
	seen := map[event.Type]bool{}
	for _, k := range event.Catalogue() {
		e, err := k.Sample(seed.Seed(1).Stream("barest"), time.Unix(0, 0))
		if err != nil || seen[k.Type] {
			continue
		}
		seen[k.Type] = true
		bare := event.Event{Type: k.Type, CreatedAt: e.CreatedAt}
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
		all = append(all, bare)
	}
	return all
}

// formats are all that a delivery can have, apart from how it writes numbers.
func formats() (all []event.Format) {
	for _, envelope := range event.Envelopes() {
		for _, in := range event.InboundShapes() {
			for _, out := range event.OutboundShapes() {
				all = append(all, event.Format{Envelope: envelope, InboundShape: in, OutboundShape: out})
			}
		}
	}
	return all
}
