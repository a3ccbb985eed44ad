package api

import (
	"slices"
	"strings"

	"github.com/sentsim/sentsim/simulator/event"
	"github.com/sentsim/sentsim/simulator/lifecycle"
)

// Magic is a recipient whose messages always end the same way, as test card
// numbers do. The numbers are of a range that nobody has.
type Magic struct {
	Number   string
	Name     string            // with the prefix sentsim_, a template that does the same
	Outcome  lifecycle.Outcome // where the channel cannot have it (read on sms): delivered
	Skips    bool              // nothing is reported in between
	Reply    string            // what the contact answers; "": nothing
	Extended bool              // only with the knob extended
	Doc      string
}

// MagicTable is every magic recipient. Their messages do not dawdle: each wait
// is its shortest.
func MagicTable() []Magic {
	return []Magic{
		{Number: "+15005550100", Name: "read", Outcome: lifecycle.EndsRead, Doc: "delivered and opened; on sms only delivered"},
		{Number: "+15005550101", Name: "delivered", Outcome: lifecycle.EndsDelivered, Doc: "delivered and never opened"},
		{Number: "+15005550102", Name: "sent", Outcome: lifecycle.EndsSent, Doc: "sent, and no receipt ever comes"},
		{Number: "+15005550103", Name: "routed", Outcome: lifecycle.EndsRouted, Doc: "routed, and the provider says nothing more"},
		{Number: "+15005550104", Name: "queued", Outcome: lifecycle.EndsQueued, Doc: "never leaves the queue"},
		{Number: "+15005550110", Name: "failed_queued", Outcome: lifecycle.EndsFailedQueued, Doc: "fails: no route to the destination"},
		{Number: "+15005550111", Name: "failed_routed", Outcome: lifecycle.EndsFailedRouted, Doc: "fails: the carrier refuses it"},
		{Number: "+15005550112", Name: "failed_sent", Outcome: lifecycle.EndsFailedSent, Doc: "fails: handset offline, number unreachable"},
		{Number: "+15005550113", Name: "failed_receipt", Outcome: lifecycle.EndsFailedReceipt, Doc: "fails a day later: the receipt times out"},
		{Number: "+15005550120", Name: "skips", Outcome: lifecycle.EndsDelivered, Skips: true, Doc: "queued, then at once delivered: nothing is reported in between"},
		{Number: "+15005550121", Name: "replies", Outcome: lifecycle.EndsDelivered, Reply: "Yes, that works for me", Doc: "delivered, and the contact replies"},
		{Number: "+15005550122", Name: "stops", Outcome: lifecycle.EndsDelivered, Reply: "STOP", Doc: "delivered, and the contact replies STOP"},
		{Number: "+15005550130", Name: "filtered", Outcome: lifecycle.EndsFiltered, Extended: true, Doc: "stopped by a policy"},
		{Number: "+15005550131", Name: "blocked", Outcome: lifecycle.EndsBlocked, Extended: true, Doc: "stopped by the account's settings"},
		{Number: "+15005550132", Name: "scheduled", Outcome: lifecycle.ScheduledDelivered, Extended: true, Doc: "parked by quiet hours, then delivered"},
		{Number: "+15005550133", Name: "rerouted", Outcome: lifecycle.ReroutedDelivered, Extended: true, Doc: "fails on one channel, delivered on another"},
	}
}

// How magic numbers and the names of magic templates begin.
const (
	magicNumbers = "+1500555"
	magicPrefix  = "sentsim_"
)

// magicOf is the magic that a recipient's number or else a template's name has.
func magicOf(number, template string) (Magic, bool) {
	name, ok := strings.CutPrefix(template, magicPrefix)
	if !ok && !strings.HasPrefix(number, magicNumbers) {
		return Magic{}, false
	}
	table := MagicTable()
	i := slices.IndexFunc(table, func(m Magic) bool { return m.Number == number })
	if i < 0 {
		i = slices.IndexFunc(table, func(m Magic) bool { return ok && m.Name == name })
	}
	if i < 0 {
		return Magic{}, false
	}
	return table[i], true
}

// outcome is how a message on ch ends.
func (m Magic) outcome(ch event.Channel) lifecycle.Outcome {
	if m.Outcome == lifecycle.EndsRead && !lifecycle.ReportsRead(ch) {
		return lifecycle.EndsDelivered
	}
	return m.Outcome
}

// listMagic lists what has an outcome of its own.
func listMagic(*call) (any, error) {
	type number struct {
		Number   string `json:"number"`
		Template string `json:"template"`
		Extended bool   `json:"extended"`
		Doc      string `json:"doc"`
	}
	type reviewed struct {
		Name   string `json:"template"`
		Source string `json:"creation_source"`
	}
	return map[string]any{
		"magic": views(MagicTable(), func(m Magic) number { return number{m.Number, magicPrefix + m.Name, m.Extended, m.Doc} }),
		"reviews": views(lifecycle.TemplateOutcomes(), func(o lifecycle.TemplateOutcome) reviewed {
			return reviewed{reviewName + string(o), reviewSource + string(o)}
		}),
	}, nil
}
